"""Medians of trends over generated events: `python tools/bench/trends.py [rows ...]` (default 1 000 000 10 000 000).

The events are made inside an empty store in a temporary folder: five event names, one person in twenty-five
merged late, one property in a column of its own ("plan", "worth") and one only in the JSON text ("shelf").
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from yunying.engine import Context, parse, run
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
    toDateTime64('2025-01-01 00:00:00', 3, 'UTC') + toIntervalSecond(intHash32(number + 3) % (56 * 86400)),
    if(dice % 25 = 0, {people} + who, who),
    reinterpretAsUUID(sipHash128('bench', number)),
    concat('d', toString(who)),
    concat('a', toString(who % 100)),
    toString(intDiv(dice, 97)),
    concat('{{', if(chosen = '', '', concat('"plan":"', chosen, '",')), '"worth":', toString(amount), ',"shelf":"s',
           toString(dice % 40), '","page":"/goods/', toString(dice % 5000), '","referrer":"https://example.org/"}}'),
    chosen,
    amount
FROM numbers({rows})
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
    "orders / views by plan, compared": {
        "series": [{"event": "order", "measure": "people"}, _VIEWS | {"measure": "people"}],
        "breakdown": _PLAN,
        "formula": "A / B",
        "compare": {"to": "previous"},
    },
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Print one table of medians for each number of rows."""
    parser = argparse.ArgumentParser(description="Medians of trends over generated events")
    parser.add_argument("rows", type=int, nargs="*", default=[1_000_000, 10_000_000])
    for rows in parser.parse_args(arguments).rows:
        with tempfile.TemporaryDirectory() as folder:
            report(rows, folder)


def report(rows: int, folder: str) -> None:
    """Fill a store with `rows` events and print what each question takes."""
    store = open_store(f"chdb://{folder}", memory_mb=4096, timeout_s=120)
    try:
        fill(store, rows)
        print(f"\n{rows:,} events, 28 of 56 days, median of {ROUNDS} (fastest), ms in the engine")
        for name, question in QUESTIONS.items():
            taken = times(store, question)
            print(f"  {name:<34} {statistics.median(taken):8.1f}  ({min(taken):.1f})")
    finally:
        store.close()


def fill(store: Store, rows: int) -> None:
    """One product with `rows` events of a twentieth as many people, merged to one part a month."""
    store.migrate()
    plan, worth = store.promote("plan", "text"), store.promote("worth", "number")
    people = max(100, rows // 20)
    started = time.perf_counter()
    store.execute(Sql(_MERGE.format(people=people)))
    store.reload_owners()
    store.execute(Sql(_FILL.format(people=people, rows=rows, plan=plan.column, worth=worth.column)))
    store.settle()
    print(f"{rows:,} events made in {time.perf_counter() - started:.1f} s")


def times(store: Store, question: dict[str, Any]) -> list[float]:
    """Milliseconds of each round, after one that does not count."""
    spec = parse({"kind": "trends", "range": {"from": "2025-01-08", "to": "2025-02-04"}} | question)
    context = Context(store, PRODUCT, ZoneInfo("Asia/Shanghai"), datetime(2025, 3, 1, tzinfo=UTC))
    return [run(spec, context).provenance.elapsed_ms for _ in range(ROUNDS + 1)][1:]


if __name__ == "__main__":
    main()
