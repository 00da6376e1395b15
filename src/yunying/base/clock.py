"""The only place that reads the clock.

Everything else calls `now()` (or takes a `Clock`), so that tests and replays can fix the time.
All times are aware and in UTC; a product's zone is applied at the edge.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import Protocol

__all__ = ["Clock", "FixedClock", "SystemClock", "fixed", "monotonic_s", "now"]


class Clock(Protocol):
    """A source of time."""

    def now(self) -> datetime:
        """The present moment, aware, UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class FixedClock:
    """A clock that stands still until it is told to move."""

    def __init__(self, at: datetime) -> None:
        if at.tzinfo is None:
            raise ValueError("a fixed clock needs an aware time")
        self._at = at.astimezone(UTC)

    def now(self) -> datetime:
        return self._at

    def advance(self, by: timedelta) -> None:
        self._at += by


_current: ContextVar[Clock] = ContextVar("yunying_clock", default=SystemClock())  # noqa: B039 - stateless


def now() -> datetime:
    """The present moment of the current context's clock, aware, UTC."""
    return _current.get().now()


def monotonic_s() -> float:
    """Seconds of a clock that never goes back; only differences mean anything."""
    return time.monotonic()


@contextmanager
def fixed(at: datetime) -> Iterator[FixedClock]:
    """Fix `now()` at `at` inside the block (this context only, not other threads)."""
    clock = FixedClock(at)
    token = _current.set(clock)
    try:
        yield clock
    finally:
        _current.reset(token)
