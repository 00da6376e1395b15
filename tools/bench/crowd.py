"""Eight readers while events arrive: `python -m tools.bench.crowd [rows]` (default 3 000 000).

Eight threads ask mixed questions for some seconds, first alone, then beside a writer that adds 5,000 events a second in
one batch. Told are questions a second of both, their ratio (aim 0.85), the slowest answers and how long a batch took;
an error of any of them ends the run with code 1.
"""

import statistics
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4
from zoneinfo import ZoneInfo

from tools.bench.peers import data
from tools.bench.small import QUESTIONS

from yunying.engine import Context, kept, parse, run
from yunying.events.event import Event
from yunying.store import Store, open_store
from yunying.store.writer import event_table

READERS, SECONDS, TURNS = 8, 12.0, 3
BATCH, AIM = 5_000, 0.85
ASKED = ("count", "people by plan", "rolling people", "90th percentile", "funnel of 3", "retention by week")


@dataclass
class Seen:
    """What one stretch of time brought."""

    answers_ms: list[float] = field(default_factory=list)
    batches_ms: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def main(rows: int = 3_000_000) -> int:
    with tempfile.TemporaryDirectory(prefix="yunying-bench-") as folder:
        store = open_store(f"chdb://{folder}", memory_mb=2000, timeout_s=60)
        try:
            store.migrate()
            data.fill_ours(store, rows)
            return report(store, rows)
        finally:
            store.close()


def report(store: Store, rows: int) -> int:
    stretch(store, writing=False, seconds=3)
    alone, beside = Seen(), Seen()
    for _ in range(TURNS):  # in turns, so that both see the same machine
        for seen, writing in ((alone, False), (beside, True)):
            found = stretch(store, writing=writing, seconds=SECONDS / TURNS)
            seen.answers_ms += found.answers_ms
            seen.batches_ms += found.batches_ms
            seen.errors += found.errors
    ratio = len(beside.answers_ms) / max(1, len(alone.answers_ms))
    print(f"{rows:,} events, {READERS} readers, {SECONDS:.0f} s alone and {SECONDS:.0f} s beside {BATCH:,} events/s")
    for name, seen in (("alone", alone), ("beside the writer", beside)):
        print(
            f"  {name:<20} {len(seen.answers_ms) / SECONDS:6.1f} answers/s, p50 {_at(seen.answers_ms, 50):.0f} ms,",
            end="",
        )
        print(f" p95 {_at(seen.answers_ms, 95):.0f} ms, {len(seen.errors)} errors")
    print(f"  ratio {ratio:.2f} (aim {AIM}){'' if ratio >= AIM else '  below'}; batches p50 ", end="")
    print(f"{_at(beside.batches_ms, 50):.0f} ms, p95 {_at(beside.batches_ms, 95):.0f} ms")
    for error in (alone.errors + beside.errors)[:5]:
        print(f"  ! {error}")
    return 1 if alone.errors or beside.errors else 0


def _at(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100)[percent - 1] if len(values) > 1 else float("nan")


def stretch(store: Store, *, writing: bool, seconds: float) -> Seen:
    """All readers, and the writer if there is one, for so long."""
    seen, until = Seen(), time.perf_counter() + seconds
    threads = [threading.Thread(target=read, args=(store, seen, until, number)) for number in range(READERS)]
    if writing:
        threads.append(threading.Thread(target=write, args=(store, seen, until)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seen


def read(store: Store, seen: Seen, until: float, number: int) -> None:
    """One question after the other, each reader beginning with another one."""
    context = Context(store, 1, ZoneInfo("Asia/Shanghai"), datetime(2025, 6, 1, tzinfo=UTC))
    specs = [parse(QUESTIONS[name]) for name in ASKED]
    while time.perf_counter() < until:
        begun = time.perf_counter()
        try:
            with kept.using(kept.Policy(asks=0)):  # from the events, however often it is asked
                run(specs[number % len(specs)], context)
            seen.answers_ms.append((time.perf_counter() - begun) * 1000)
        except Exception as error:
            seen.errors.append(repr(error))
        number += 1


def write(store: Store, seen: Seen, until: float) -> None:
    """A batch a second, of events of now."""
    columns, turn = store.columns(), time.perf_counter()
    while turn < until:
        begun = time.perf_counter()
        try:
            store.insert(
                "events", event_table(batch(), [i % 50_000 for i in range(BATCH)], columns), token=str(uuid4())
            )
            seen.batches_ms.append((time.perf_counter() - begun) * 1000)
        except Exception as error:
            seen.errors.append(repr(error))
        turn += 1
        time.sleep(max(0.0, turn - time.perf_counter()))


def batch() -> list[Event]:
    now = int(time.time() * 1000)
    return [
        Event(
            product=1,
            uuid=str(uuid4()),
            name=("visit", "cart", "order")[i % 3],
            distinct_id=f"d{i % 50_000}",
            ts_ms=now - i,
            received_ms=now,
            props={"plan": "pro", "utm_source": "ads", "amount": i % 900},
        )
        for i in range(BATCH)
    ]


if __name__ == "__main__":
    sys.exit(main(*(int(argument) for argument in sys.argv[1:])))
