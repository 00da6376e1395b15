"""What an import brought, added up piece by piece: events by name, and the time they span."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from yunying.events.event import Event

__all__ = ["Tally", "moment"]

# Names beyond this many are counted together: they are ids that were put into a name by mistake.
MAX_NAMES = 500
OTHERS = "…"


@dataclass(slots=True)
class Tally:
    names: Counter[str] = field(default_factory=Counter)
    first_ms: int | None = None
    last_ms: int | None = None

    def add(self, events: Sequence[Event]) -> None:
        if not events:
            return
        for name, count in Counter(event.name for event in events).items():
            self.names[name if name in self.names or len(self.names) < MAX_NAMES else OTHERS] += count
        times = [event.ts_ms for event in events]
        self.first_ms = min(times) if self.first_ms is None else min(self.first_ms, min(times))
        self.last_ms = max(times) if self.last_ms is None else max(self.last_ms, max(times))

    def dump(self) -> dict[str, Any]:
        """For the checkpoint of a run."""
        return {"names": dict(self.names), "first_ms": self.first_ms, "last_ms": self.last_ms}

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> "Tally":
        return cls(Counter(data.get("names", {})), data.get("first_ms"), data.get("last_ms"))


def moment(ms: int | None) -> datetime | None:
    """A time of a tally as people read it."""
    return None if ms is None else datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
