"""Medians of trends over generated events: `python tools/bench/trends.py [rows ...]` (default 1 000 000 10 000 000).

The events are made inside an empty store in a temporary folder: five event names, one person in twenty-five
merged late, two properties in columns of their own ("plan", "worth") and one only in the JSON text ("shelf").
They come in the order of time and are merged to one part a month; with `--parts n` they are n parts a month
instead, which is what FINAL has to work on until merges have caught up.

Beside each median stand the fastest round, the CPU time (of all threads; the one to trust when others use the
machine), rows per second of wall time and, for some, how many times as long the question takes as the shortest SQL
written by hand that gives its points. The two take turns inside each round.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from yunying.engine import Context, kept, parse, run
from yunying.store import Sql, Store, open_store

ROUNDS = 9
PRODUCT = 1

_FILL = """
INSERT INTO events (product, event, ts, person, uuid, distinct_id, account, session, props, {plan}, {worth})
WITH
    intHash32(number) % {people} AS who,
    intHash32(number + 17) AS dice,
    ['view', 'view', 'view', 'view', 'view', 'view', 'basket', 'order', 'share', 'login'][1 + dice % 10] AS name,
    ['', 'free', 'free', 'free', 'plus', 'plus', 'team'][1 + intHash32(number + 5) % 7] AS chosen,
    intHash32(number + 9) % 1000 AS amount
SELECT
    1,
    name,
    toDateTime64('2025-01-01 00:00:00', 3, 'UTC') + toIntervalSecond(intDiv(number * (56 * 86400), {rows})),
    if(dice % 25 = 0, {people} + who, who),
    reinterpretAsUUID(sipHash128('bench', number)),
    concat('d', toString(who)),
    concat('a', toString(who % 100)),
    toString(intDiv(dice, 97)),
    concat('{{', if(chosen = '', '', concat('"plan":"', chosen, '",')), '"worth":', toString(amount), ',"shelf":"s',
           toString(dice % 40), '","page":"/goods/', toString(dice % 5000), '","referrer":"https://example.org/"}}'),
    chosen,
    amount
FROM numbers({first}, {count})
"""
_MERGE = "INSERT INTO moved SELECT {people} + number, number, 1 FROM numbers({people})"

_VIEWS = {"event": "view"}
_PLAN = [{"property": "plan"}]
_BY_SHELF = [{"property": "shelf"}]
QUESTIONS: dict[str, dict[str, Any]] = {
    "count": {"series": [_VIEWS]},
    "people": {"series": [_VIEWS | {"measure": "people"}]},
    "accounts": {"series": [_VIEWS | {"measure": "accounts"}]},
    "rolling people, 7 days": {"series": [_VIEWS | {"measure": "rolling_people"}]},
    "first time": {"series": [_VIEWS | {"measure": "first_time"}]},
    "90th percentile": {"series": [_VIEWS | {"measure": "percentile", "property": "worth", "percentile": 90}]},
    "events per person, median": {"series": [_VIEWS | {"measure": "per_person_median"}]},
    "count by plan": {"series": [_VIEWS], "breakdown": _PLAN},
    "people by plan": {"series": [_VIEWS | {"measure": "people"}], "breakdown": _PLAN},
    "count by shelf (JSON text)": {"series": [_VIEWS], "breakdown": _BY_SHELF},
    "people, plan is plus": {
        "series": [_VIEWS | {"measure": "people"}],
        "filters": [{"property": "plan", "operator": "exact", "values": ["plus"]}],
    },
    "orders, worth, people who order": {
        "series": [
            {"event": "order"},
            {"event": "order", "measure": "sum", "property": "worth"},
            {"event": "order", "measure": "people"},
        ]
    },
    "orders / views by plan, compared": {
        "series": [{"event": "order", "measure": "people"}, _VIEWS | {"measure": "people"}],
        "breakdown": _PLAN,
        "formula": "A / B",
        "compare": {"to": "previous"},
    },
}


_WHO = "dictGetOrDefault('owner', 'p', toUInt64(person), person)"
_DAY = "toDate(ts, 'Asia/Shanghai') AS day"
_RANGE = """
FROM events {final}
WHERE product = 1
  AND event = 'view'
  AND ts >= toDateTime64('2025-01-08 00:00:00', 3, 'Asia/Shanghai') {earlier}
  AND ts < toDateTime64('2025-02-05 00:00:00', 3, 'Asia/Shanghai')"""
_EXACT, _PLAIN = _RANGE.format(final="FINAL", earlier=""), _RANGE.format(final="", earlier="")
_WEEK_BEFORE = _RANGE.format(final="", earlier="- INTERVAL 6 DAY")
# The shapes an analyst would write; without totals, zones of any kind, remainders.
BY_HAND = {
    "count": f"SELECT {_DAY}, count(){_EXACT} GROUP BY day",
    "people": f"SELECT {_DAY}, groupBitmap({_WHO}){_PLAIN} GROUP BY day",
    "rolling people, 7 days": (
        "SELECT day, groupBitmapMerge(cell) OVER (ORDER BY day RANGE BETWEEN 6 PRECEDING AND CURRENT ROW)"
        f" FROM (SELECT {_DAY}, groupBitmapState({_WHO}) AS cell{_WEEK_BEFORE} GROUP BY day)"
    ),
    "90th percentile": f"SELECT {_DAY}, quantileExactInclusive(0.9)({{worth}}){_EXACT} GROUP BY day",
    "count by plan": f"SELECT {_DAY}, {{plan}} AS plan, count(){_EXACT} GROUP BY day, plan",
    "people by plan": f"SELECT {_DAY}, {{plan}} AS plan, groupBitmap({_WHO}){_PLAIN} GROUP BY day, plan",
}


@dataclass(frozen=True, slots=True)
class Taken:
    """One answer: milliseconds of wall and CPU time, rows looked at."""

    wall_ms: float
    cpu_ms: float
    rows: int


def main(arguments: Sequence[str] | None = None) -> None:
    """Print one table of medians for each number of rows."""
    parser = argparse.ArgumentParser(description="Medians of trends over generated events")
    parser.add_argument("rows", type=int, nargs="*", default=[1_000_000, 10_000_000])
    parser.add_argument("--parts", type=int, default=0, help="parts a month that are not merged")
    chosen = parser.parse_args(arguments)
    for rows in chosen.rows:
        with tempfile.TemporaryDirectory() as folder:
            report(rows, folder, chosen.parts)


def report(rows: int, folder: str, parts: int = 0) -> None:
    """Fill a store with `rows` events and print what each question takes."""
    store = open_store(f"chdb://{folder}", memory_mb=4096, timeout_s=120)
    try:
        columns = fill(store, rows, parts)
        print(f"\n{rows:,} events, 28 of 56 days, median of {ROUNDS}, ms in the engine")
        print(f"  {'':<34} {'median':>8} {'fastest':>8} {'CPU':>8} {'M rows/s':>9} {'by hand':>8}")
        for name, question in QUESTIONS.items():
            by_hand = BY_HAND.get(name, "").format(**columns)
            print(f"  {name:<34} {_line(*rounds(store, question, by_hand))}")
    finally:
        store.close()


def _line(taken: Sequence[Taken], by_hand: Sequence[Taken]) -> str:
    wall, cpu = (statistics.median(values) for values in zip(*((t.wall_ms, t.cpu_ms) for t in taken), strict=True))
    speed = taken[0].rows / wall / 1000
    ratio = statistics.median(a.wall_ms / b.wall_ms for a, b in zip(taken, by_hand, strict=True)) if by_hand else None
    times = f"{ratio:7.1f}x" if ratio else ""
    return f"{wall:8.1f} {min(t.wall_ms for t in taken):8.1f} {cpu:8.1f} {speed:9.1f} {times:>8}"


def fill(store: Store, rows: int, parts: int = 0) -> dict[str, str]:
    """One product with `rows` events of a twentieth as many people; gives the columns of its properties."""
    store.migrate()
    plan, worth = store.promote("plan", "text"), store.promote("worth", "number")
    people = max(100, rows // 20)
    started = time.perf_counter()
    store.execute(Sql(_MERGE.format(people=people)))
    store.reload_owners()
    if parts:
        store.execute(Sql("SYSTEM STOP MERGES events"))
    slices = max(1, parts * 2)  # 56 days are two months
    for index in range(slices):
        first, last = rows * index // slices, rows * (index + 1) // slices
        values = {"people": people, "rows": rows, "first": first, "count": last - first}
        store.execute(Sql(_FILL.format(plan=plan.column, worth=worth.column, **values)))
    if not parts:
        store.settle()
    print(f"{rows:,} events made in {time.perf_counter() - started:.1f} s")
    return {"plan": plan.column, "worth": worth.column}


def rounds(store: Store, question: dict[str, Any], by_hand: str) -> tuple[list[Taken], list[Taken]]:
    """Each round of the question and of the SQL written by hand, after one that does not count."""
    spec = parse({"kind": "trends", "range": {"from": "2025-01-08", "to": "2025-02-04"}} | question)
    context = Context(store, PRODUCT, ZoneInfo("Asia/Shanghai"), datetime(2025, 3, 1, tzinfo=UTC))
    asked, written = [], []
    for _ in range(ROUNDS + 1):
        with kept.using(kept.Policy(asks=0)):  # from the events, however often it is asked
            asked.append(taken(lambda: run(spec, context).provenance.rows_read))
        if by_hand:
            written.append(taken(lambda: store.query(Sql(by_hand)).read_rows))
    return asked[1:], written[1:]


def taken(ask: Callable[[], int]) -> Taken:
    """Ask once; `ask` gives how many rows were looked at."""
    wall, cpu = time.perf_counter(), time.process_time()
    rows = ask()
    return Taken((time.perf_counter() - wall) * 1000, (time.process_time() - cpu) * 1000, rows)


if __name__ == "__main__":
    main()
