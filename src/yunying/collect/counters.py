"""What the collector counts. Read by `metrics()`; counts start at zero with the process."""

import threading
from collections import Counter
from typing import Any

__all__ = ["Counters"]


class Counters:
    """Thread-safe counts of one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()

    def add(self, name: str, by: int = 1) -> None:
        """Add to `requests`, `received`, `spooled`, `inserted`, `quarantined`, `retries`, …"""
        with self._lock:
            self._counts[name] += by

    def refuse(self, code: str, by: int = 1) -> None:
        """Count a refused event or request under its reason's code."""
        with self._lock:
            self._refused[code] += by

    def snapshot(self) -> dict[str, Any]:
        """All counts: plain ones by name, refusals under `refused` by code."""
        with self._lock:
            return dict(self._counts) | {"refused": dict(self._refused)}
