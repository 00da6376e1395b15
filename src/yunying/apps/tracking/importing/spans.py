"""Which of a file's events are taken, and by how many days all of them are moved."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from yunying.base.errors import InvalidInput, msg

if TYPE_CHECKING:
    from yunying.apps.tracking.importing.groups import Groups

__all__ = ["MOST_DAYS", "WHOLE", "Span", "parse_span", "shifted"]

# A little more than a century: further away there is nothing that anybody recorded.
MOST_DAYS = 40_000
_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Span:
    """First all times are moved by `shift_days`, then those from `since` on and before `until` are taken.

    Bounds without an offset are wall-clock times of the product's zone.
    """

    shift_days: int = 0
    since: datetime | None = None
    until: datetime | None = None

    def to_json(self) -> dict[str, Any]:
        """The entries of a mapping file that say the same."""
        found: dict[str, Any] = {"shift_days": self.shift_days} if self.shift_days else {}
        return found | {name: at.isoformat() for name, at in (("since", self.since), ("until", self.until)) if at}

    def taken(self, moments: Any, picked: "Groups | None", zone: str) -> Any:
        """A mask of the rows whose event is taken; None when all are. A group is taken or left whole, by its time."""
        if self.since is None and self.until is None:
            return None
        times = moments.to_numpy(zero_copy_only=False)
        if picked is not None:
            times = _of_groups(times, picked)
        mask = np.ones(len(times), dtype=bool)
        if self.since is not None:
            mask &= times >= _epoch_ms(self.since, zone)
        if self.until is not None:
            mask &= times < _epoch_ms(self.until, zone)
        return mask


WHOLE = Span()


def parse_span(raw: Mapping[str, Any]) -> Span:
    """The entries `shift_days`, `since` and `until` of a mapping. Raises InvalidInput naming the one at fault."""
    days = raw.get("shift_days", 0)
    if not isinstance(days, int) or isinstance(days, bool) or abs(days) > MOST_DAYS:
        text = msg("Give a whole number of days, at most %(most)d either way.")
        raise InvalidInput("import.mapping", text, field="shift_days", most=MOST_DAYS)
    found = Span(days, _moment(raw.get("since"), "since"), _moment(raw.get("until"), "until"))
    if found.since and found.until and _epoch_ms(found.since, "UTC") >= _epoch_ms(found.until, "UTC"):
        raise InvalidInput("import.mapping", msg("“until” must be later than “since”."), field="until")
    return found


def shifted(moments: Any, days: int, zone: str) -> Any:
    """UTC epoch milliseconds moved by whole days of the wall clock of `zone`: nine o'clock stays nine o'clock."""
    walls = pc.local_timestamp(pc.cast(moments, pa.timestamp("ms", zone)))
    moved = pc.cast(pc.add(pc.cast(walls, pa.int64()), days * _DAY_MS), pa.timestamp("ms"))
    # The rules of zones are known for these years; what lies outside is refused by who asked.
    return pc.cast(pc.assume_timezone(moved, zone, ambiguous="earliest", nonexistent="latest"), pa.int64())


def _of_groups(times: Any, picked: "Groups") -> Any:
    """For each row the time of the first row of its group."""
    found = np.empty_like(times)
    found[picked.order] = np.repeat(times[picked.order[picked.starts]], picked.sizes())
    return found


def _moment(raw: Any, name: str) -> datetime | None:
    try:
        return None if raw is None else datetime.fromisoformat(str(raw))
    except ValueError as error:
        text = msg("“%(text)s” is no time; write it like 2011-01-31 or 2011-01-31T18:30+01:00.")
        raise InvalidInput("import.mapping", text, field=name, text=str(raw)) from error


def _epoch_ms(at: datetime, zone: str) -> int:
    aware = at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))
    return round(aware.timestamp() * 1000)
