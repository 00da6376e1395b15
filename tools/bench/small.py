"""What a question costs when there is little to count: `python -m tools.bench.small [rows]` (default 20 000).

Nearly all of it is planning: ours, and the store's. Wall and CPU time in the engine, medians of 9, the slowest first,
beside the aim of 30 ms; the CPU time is the one to trust when others use the machine.
"""

import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from tools.bench.peers import data

from yunying.engine import Context, parse, run
from yunying.store import Store, open_store

ROUNDS, AIM_MS = 9, 30.0
_RANGE = {"from": "2025-01-06", "to": "2025-02-02"}
_VISIT: dict[str, Any] = {"event": "visit"}
_STEPS = [{"events": [{"event": name}]} for name in ("visit", "cart", "order")]
_PLAN = {"breakdown": [{"property": "plan"}]}
_FUNNEL: dict[str, Any] = {"kind": "funnel", "range": _RANGE, "window": {"count": 7, "unit": "day"}, "steps": _STEPS}
_RETENTION: dict[str, Any] = {
    "kind": "retention", "range": _RANGE, "period": "week", "start": _VISIT, "return": {"event": "order"},
}  # fmt: skip
_TRENDS: dict[str, Any] = {"kind": "trends", "range": _RANGE, "series": [_VISIT]}
_PEOPLE = [_VISIT | {"measure": "people"}]
QUESTIONS: dict[str, dict[str, Any]] = {
    "count": _TRENDS,
    "people by plan": _TRENDS | {"series": _PEOPLE} | _PLAN,
    "rolling people": _TRENDS | {"series": [_VISIT | {"measure": "rolling_people"}]},
    "90th percentile": _TRENDS
    | {"series": [_VISIT | {"measure": "percentile", "property": "amount", "percentile": 90}]},
    "first time": _TRENDS | {"series": [_VISIT | {"measure": "first_time"}]},
    "formula, by plan, compared": _TRENDS
    | {"series": [{"event": "order"}, *_PEOPLE], "formula": "A/B", "compare": {"to": "previous"}}
    | _PLAN,
    "funnel of 3": _FUNNEL,
    "funnel of 5": _FUNNEL
    | {"steps": [{"events": [{"event": name}]} for name in ("visit", "login", "share", "cart", "order")]},
    "funnel by plan": _FUNNEL | _PLAN,
    "funnel over time": _FUNNEL | {"display": "over_time", "interval": "day", "from_step": 1, "to_step": 3},
    "funnel, strict": _FUNNEL | {"order": "strict"},
    "funnel, unordered": _FUNNEL | {"order": "unordered"},
    "funnel, holding a property": _FUNNEL | {"hold": [{"of": "event", "property": "utm_source"}]},
    "retention by week": _RETENTION,
    "retention, first time": _RETENTION | {"mode": "first_time"},
    "retention, 24 hours": _RETENTION | {"period": "day", "clock": "rolling"},
    "retention by plan": _RETENTION | _PLAN,
}


def main(rows: int = 20_000) -> None:
    with tempfile.TemporaryDirectory(prefix="yunying-bench-") as folder:
        store = open_store(f"chdb://{folder}", memory_mb=2000, timeout_s=60)
        try:
            store.migrate()
            data.fill_ours(store, rows)
            print(f"{rows:,} events, medians of {ROUNDS}, ms in the engine (aim {AIM_MS:.0f})")
            print(f"  {'':<32} {'wall':>8} {'fastest':>8} {'CPU':>8}")
            lines = [(name, *taken(store, question)) for name, question in QUESTIONS.items()]
            for name, wall, fastest, cpu in sorted(lines, key=lambda line: -line[3]):
                print(
                    f"  {name:<32} {wall:8.1f} {fastest:8.1f} {cpu:8.1f}{'  above' if min(wall, cpu) > AIM_MS else ''}"
                )
        finally:
            store.close()


def taken(store: Store, question: dict[str, Any]) -> tuple[float, float, float]:
    """Median and least wall time and median CPU time, after two rounds that do not count."""
    spec, walls, cpus = parse(question), [], []
    context = Context(store, 1, ZoneInfo("Asia/Shanghai"), datetime(2025, 6, 1, tzinfo=UTC))
    for number in range(ROUNDS + 2):
        begun, spent = time.perf_counter(), time.process_time()
        run(spec, context)
        if number > 1:
            walls.append((time.perf_counter() - begun) * 1000)
            cpus.append((time.process_time() - spent) * 1000)
    return statistics.median(walls), min(walls), statistics.median(cpus)


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
