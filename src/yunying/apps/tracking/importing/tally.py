"""What an import brought, added up piece by piece: events by name and by property, and the time they span."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from yunying.base import clock
from yunying.events.event import Event

__all__ = ["Pace", "Tally", "moment"]

# Names beyond this many are counted together: they are ids that were put into a name by mistake.
MAX_NAMES = 500
OTHERS = "…"


@dataclass(slots=True)
class Tally:
    """`properties` counts the events that carry each property."""

    names: Counter[str] = field(default_factory=Counter)
    properties: Counter[str] = field(default_factory=Counter)
    first_ms: int | None = None
    last_ms: int | None = None

    def add(self, events: Sequence[Event]) -> None:
        if not events:
            return
        for name, count in Counter(event.name for event in events).items():
            _add(self.names, name, count)
        for carried, count in Counter(tuple(event.props) for event in events).items():
            for name in carried:
                _add(self.properties, name, count)
        times = [event.ts_ms for event in events]
        self.first_ms = min(times) if self.first_ms is None else min(self.first_ms, min(times))
        self.last_ms = max(times) if self.last_ms is None else max(self.last_ms, max(times))

    def dump(self) -> dict[str, Any]:
        """For the checkpoint of a run."""
        return {
            "names": dict(self.names),
            "properties": dict(self.properties),
            "first_ms": self.first_ms,
            "last_ms": self.last_ms,
        }

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> "Tally":
        names, properties = Counter(data.get("names", {})), Counter(data.get("properties", {}))
        return cls(names, properties, data.get("first_ms"), data.get("last_ms"))


def _add(counts: Counter[str], name: str, count: int) -> None:
    counts[name if name in counts or len(counts) < MAX_NAMES else OTHERS] += count


class Pace:
    """How quick the work is since this process took it up, and how long it will go on at this pace."""

    def __init__(self, rows: int, fraction: float) -> None:
        self._rows, self._fraction = rows, fraction
        self._began_s = clock.monotonic_s()

    def at(self, rows: int, fraction: float) -> dict[str, float | None]:
        """Rows a second, and seconds left (None while nobody can tell)."""
        taken_s = max(0.001, clock.monotonic_s() - self._began_s)
        done = fraction - self._fraction
        left_s = taken_s * (1 - fraction) / done if done > 0 else None
        return {"rows_s": (rows - self._rows) / taken_s, "left_s": left_s}


def moment(ms: int | None) -> datetime | None:
    """A time of a tally as people read it."""
    return None if ms is None else datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
