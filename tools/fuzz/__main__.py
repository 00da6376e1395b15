"""`python -m tools.fuzz --runs 1000000 [--protocol posthog]`: with atheris where it is installed, else at random."""

import argparse
import random
import signal
import sys
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

try:
    import atheris
except ImportError:  # there is none for every system
    atheris = None
else:
    # Paths through these packages guide the search.
    with atheris.instrument_imports(include=["yunying.events", "tools.fuzz.inputs"]):
        import yunying.events.protocols  # noqa: F401
from tools.fuzz.inputs import CASES, request_of
from tools.fuzz.reading import take_in

from yunying.store.columns import EventColumns, Kind, Promoted

# One input may take so long; more is a hang.
PATIENCE_S = 5
MEMORY_MB = 2_048


class Bytes:
    """Choices made of the bytes of an input; when they are used up, of zeroes."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def some(self, most: int) -> bytes:
        size = self.whole(0, min(most, max(0, len(self._data) - self._at)))
        found = self._data[self._at : self._at + size]
        self._at += size
        return found

    def whole(self, low: int, high: int) -> int:
        width = 1 if high - low < 256 else 4
        found = int.from_bytes(self._data[self._at : self._at + width], "big")
        self._at += width
        return low + found % (high - low + 1)


class Run:
    """Counts what became of the inputs, so that one sees that they reach somewhere."""

    def __init__(self, protocol: str) -> None:
        self.protocol = protocol
        self.columns = EventColumns.of([Promoted.of("plan", Kind.TEXT), Promoted.of("amount", Kind.NUMBER)])
        self.ends: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()

    def once(self, data: bytes) -> None:
        signal.alarm(PATIENCE_S)
        try:
            self.ends[take_in(request_of(Bytes(data), self.protocol), self.columns)] += 1
        finally:
            signal.alarm(0)

    def failed(self, error: Exception, number: int, data: bytes) -> None:
        """Note a fault under where it happened, and show the first of each."""
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{type(error).__name__} in {Path(frame.filename).name}:{frame.lineno}"
        if not self.faults[place]:
            print(f"input {number} {data.hex()[:400]}", file=sys.stderr)
            traceback.print_exception(error, limit=-4)
        self.faults[place] += 1

    def tell(self, started_s: float) -> None:
        total, took_s = sum(self.ends.values()) + self.faults.total(), time.monotonic() - started_s
        print(f"\n{total:,} inputs in {took_s:.0f} s, {self.faults.total()} faults in {len(self.faults)} places")
        for place, count in self.faults.most_common():
            print(f"  {place:<60} {count:>8,}")
        for end, count in self.ends.most_common(30):
            print(f"  {end:<32} {count:>10,}  {count / total:6.1%}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Hostile input for the decoders and protocols")
    parser.add_argument("--runs", type=int, default=1_000_000)
    parser.add_argument("--protocol", default="", choices=["", *CASES])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plain", action="store_true", help="at random, though atheris is there")
    chosen = parser.parse_args()
    run, started_s = Run(chosen.protocol), time.monotonic()
    signal.signal(signal.SIGALRM, _hangs)
    if atheris is None or chosen.plain:
        _at_random(run, chosen.runs, chosen.seed)
        run.tell(started_s)
        sys.exit(1 if run.faults else 0)
    else:
        import atexit

        atexit.register(run.tell, started_s)
        limits = [f"-runs={chosen.runs}", f"-seed={chosen.seed}", "-max_len=6000", f"-rss_limit_mb={MEMORY_MB}"]
        atheris.Setup([sys.argv[0], *limits, "-print_final_stats=1", "-verbosity=0"], run.once)
        atheris.Fuzz()


def _at_random(run: Run, runs: int, seed: int) -> None:
    source = random.Random(seed)
    for number in range(runs):
        data = source.randbytes(source.choice((20, 60, 200, 1_000, 6_000)))
        try:
            run.once(data)
        except Exception as error:
            run.failed(error, number, data)


def _hangs(*_: Any) -> None:
    raise TimeoutError(f"an input took longer than {PATIENCE_S} s")


if __name__ == "__main__":
    main()
