"""Medians of funnels over generated events: `python -m tools.bench.funnel [rows ...]` (default 20 000 3 000 000).

The events are those of `tools.bench.trends`: 28 of 56 days, one person in twenty-five merged late. Beside the median
stand the fastest round, the CPU time of all threads (the one to trust when others use the machine), how many of the
events the funnel reads, and with `--memory` the least memory, in MB per million of them, in which the question was
answered; where the ceiling is near, groups are written to disk.
"""

import argparse
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from tools.bench.trends import PRODUCT, ROUNDS, Taken, fill, taken

from yunying.base.errors import LimitReached
from yunying.engine import Context, parse, run
from yunying.store import Store, open_store

_NAMES = ("view", "basket", "order", "share", "login")
_THREE = {"steps": [{"events": [{"event": name}]} for name in _NAMES[:3]]}
_AGAIN = {"steps": [{"events": [{"event": name}]} for name in ("view", "view", "order")]}
_COUPON = {"events": [{"event": "share"}], "optional": True}
QUESTIONS: dict[str, dict[str, Any]] = {
    "3 steps": _THREE,
    "3 steps, within the range": _THREE | {"within_range": True},
    "5 steps": {"steps": [{"events": [{"event": name}]} for name in _NAMES]},
    "3 steps by plan, first touch": _THREE | {"breakdown": [{"property": "plan"}]},
    "3 steps, histogram": _THREE | {"display": "times"},
    "3 steps over time, daily": _THREE | {"display": "over_time"},
    "3 steps, one event does two": _AGAIN,
    "3 steps and an optional one": {"steps": [_THREE["steps"][0], _COUPON, *_THREE["steps"][1:]]},
    "3 steps with an exclusion": _THREE | {"exclusions": [{"event": "login"}]},
    "3 steps, plan held constant": _THREE | {"hold": [{"property": "plan"}]},
    "3 steps, strict": _THREE | {"order": "strict"},
    "3 steps, unordered": _THREE | {"order": "unordered"},
    "20 steps": {"steps": [{"events": [{"event": name}]} for name in (*_NAMES, *(f"step {i}" for i in range(15)))]},
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Print one table of medians for each number of rows."""
    parser = argparse.ArgumentParser(description="Medians of funnels over generated events")
    parser.add_argument("rows", type=int, nargs="*", default=[20_000, 3_000_000])
    parser.add_argument("--memory", action="store_true", help="also find the least memory, which takes long")
    chosen = parser.parse_args(arguments)
    for rows in chosen.rows:
        with tempfile.TemporaryDirectory() as folder:
            report(rows, folder, memory=chosen.memory)


def report(rows: int, folder: str, *, memory: bool = False) -> None:
    """Fill a store with `rows` events and print what each question takes."""
    store = open_store(f"chdb://{folder}", memory_mb=4096, timeout_s=120)
    try:
        fill(store, rows)
        print(f"\n{rows:,} events, 28 of 56 days, median of {ROUNDS}, ms in the engine")
        print(f"  {'':<34} {'median':>8} {'fastest':>8} {'CPU':>8} {'M read':>8} {'MB per M':>9}")
        for name, question in QUESTIONS.items():
            print(f"  {name:<34} {line(store, question, memory=memory)}", flush=True)
    finally:
        store.close()


def line(store: Store, question: dict[str, Any], *, memory: bool) -> str:
    spec = parse(
        {"kind": "funnel", "range": {"from": "2025-01-08", "to": "2025-02-04"}, "window": {"count": 7, "unit": "day"}}
        | question
    )
    context = Context(store, PRODUCT, ZoneInfo("Asia/Shanghai"), datetime(2025, 3, 1, tzinfo=UTC))
    rounds: list[Taken] = [taken(lambda: run(spec, context).provenance.rows_read) for _ in range(ROUNDS + 1)][1:]
    wall, cpu = (statistics.median(values) for values in zip(*((t.wall_ms, t.cpu_ms) for t in rounds), strict=True))
    read = rounds[0].rows / 1e6
    least = f"{_least_mb(spec, context) / read:9.0f}" if memory else f"{'-':>9}"
    return f"{wall:8.1f} {min(t.wall_ms for t in rounds):8.1f} {cpu:8.1f} {read:8.2f} {least}"


def _least_mb(spec: Any, context: Context) -> int:
    """The least memory, in steps of 10 MB, that answers."""
    return next(memory_mb for memory_mb in _sizes() if _answers(spec, replace(context, memory_mb=memory_mb)))


def _sizes() -> Iterator[int]:
    yield from range(10, 4096, 10)


def _answers(spec: Any, context: Context) -> bool:
    try:
        run(spec, context)
    except LimitReached:
        return False
    return True


if __name__ == "__main__":
    main()
