"""What the collector counts. Read by `metrics()` and the metrics page; counts start at zero with the process."""

import threading
from bisect import bisect_left
from collections import Counter, deque
from typing import Any

from yunying.base.clock import monotonic_s

__all__ = ["BOUNDS_S", "Counters"]

# Upper bounds of what durations are sorted into, in seconds.
BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)

# A mark every five seconds: a minute.
_MARKS = 13


class Counters:
    """Thread-safe counts of one process. Labels are names of protocols and codes of reasons: there are few of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str]] = Counter()
        self._refused: Counter[tuple[str, str]] = Counter()
        self._durations: dict[str, tuple[list[int], float]] = {}
        self._marks: deque[tuple[float, dict[str, int]]] = deque(maxlen=_MARKS)

    def add(self, name: str, by: int = 1, protocol: str = "") -> None:
        """Add to `requests`, `received`, `spooled`, `inserted`, `quarantined`, `retries`, …"""
        with self._lock:
            self._counts[name, protocol] += by

    def refuse(self, code: str, by: int = 1, protocol: str = "") -> None:
        """Count a refused event or request under its reason's code."""
        with self._lock:
            self._refused[code, protocol] += by

    def observe(self, name: str, seconds: float) -> None:
        """Note how long something took."""
        with self._lock:
            counts, total = self._durations.get(name) or ([0] * (len(BOUNDS_S) + 1), 0.0)
            counts[bisect_left(BOUNDS_S, seconds)] += 1
            self._durations[name] = counts, total + seconds

    def mark(self) -> None:
        """Remember the counts of this moment, so that `rate` can tell how they grow; called every few seconds."""
        with self._lock:
            self._marks.append((monotonic_s(), _summed(self._counts)))

    def rate(self, name: str) -> float:
        """How many a second over the last minute or so; 0 as long as too little is known."""
        with self._lock:
            if len(self._marks) < 2:
                return 0.0
            (since_s, first), (now_s, last) = self._marks[0], self._marks[-1]
        passed_s = now_s - since_s
        return (last.get(name, 0) - first.get(name, 0)) / passed_s if passed_s > 0 else 0.0

    def snapshot(self) -> dict[str, Any]:
        """All counts: plain ones by name, refusals under `refused` by code."""
        with self._lock:
            return _summed(self._counts) | {"refused": _summed(self._refused)}

    def by_protocol(self) -> tuple[dict[tuple[str, str], int], dict[tuple[str, str], int]]:
        """Counts by name and protocol, refusals by code and protocol; the protocol is empty where there is none."""
        with self._lock:
            return dict(self._counts), dict(self._refused)

    def durations(self) -> dict[str, tuple[list[int], float]]:
        """By name: how many took up to each of `BOUNDS_S`, and longer; and their sum in seconds."""
        with self._lock:
            return {name: (list(counts), total) for name, (counts, total) in self._durations.items()}


def _summed(counts: Counter[tuple[str, str]]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for (name, _), number in counts.items():
        found[name] += number
    return dict(found)
