"""Wall clocks and time zones: ranges and buckets of local time as half-open spans of UTC instants.

Inside the program all times are aware and UTC; a *wall time* is a naive datetime that only means
something together with a zone. Rules for the odd hours, the same everywhere:

- a wall time that the clock skips stands for the moment of the jump;
- a wall time that comes twice stands for its first time;
- an hour that comes twice is two buckets, a skipped hour or day is none;
- a local day lasts until the clock shows the next date for good.
"""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from yunying.base.errors import InvalidInput, msg

__all__ = [
    "Interval",
    "Span",
    "buckets",
    "day_start",
    "floor",
    "moment",
    "shift",
    "wall",
    "zone_of",
]

_TICK = timedelta(microseconds=1)


class Interval(StrEnum):
    """The length of a bucket."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"

    @property
    def shortest(self) -> timedelta:
        """No whole bucket of this length lasts less, daylight saving included."""
        return _SHORTEST[self]

    @property
    def nominal_days(self) -> float:
        """The length in days people mean by it: a month is 30, a year 365."""
        return _NOMINAL_DAYS[self]


_SHORTEST = {
    Interval.HOUR: timedelta(minutes=30),
    Interval.DAY: timedelta(hours=22),
    Interval.WEEK: timedelta(days=5),
    Interval.MONTH: timedelta(days=26),
    Interval.QUARTER: timedelta(days=88),
    Interval.YEAR: timedelta(days=363),
}
_NOMINAL_DAYS = {
    Interval.HOUR: 1 / 24,
    Interval.DAY: 1.0,
    Interval.WEEK: 7.0,
    Interval.MONTH: 30.0,
    Interval.QUARTER: 90.0,
    Interval.YEAR: 365.0,
}
_MONTHS = {Interval.MONTH: 1, Interval.QUARTER: 3, Interval.YEAR: 12}
_DELTAS = {Interval.HOUR: timedelta(hours=1), Interval.DAY: timedelta(days=1), Interval.WEEK: timedelta(days=7)}


@dataclass(frozen=True, slots=True)
class Span:
    """The instants from `start` up to but not including `end`, both aware and UTC."""

    start: datetime
    end: datetime

    def __contains__(self, at: datetime) -> bool:
        return self.start <= at < self.end


@lru_cache(maxsize=1024)
def zone_of(name: str) -> ZoneInfo:
    """The zone called `name` ("Asia/Shanghai"). Raises InvalidInput if there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidInput(
            "zone.unknown",
            msg("There is no time zone called %(name)s. Use a name such as Asia/Shanghai."),
            field="zone",
            name=name[:80],
        ) from None


def wall(at: datetime, zone: ZoneInfo) -> datetime:
    """What a clock in `zone` shows at the instant `at`, naive."""
    return at.astimezone(zone).replace(tzinfo=None, fold=0)


def moment(shown: datetime, zone: ZoneInfo, *, again: bool = False) -> datetime:
    """The instant at which a clock in `zone` shows the wall time `shown`.

    A time that comes twice is its first time, or its second with `again`; a skipped one is the jump.
    """
    first = _read(shown, zone, 0)
    if wall(first, zone) != shown:
        return _jump(_read(shown, zone, 1), first, zone)
    return _read(shown, zone, 1) if again else first


def _read(shown: datetime, zone: ZoneInfo, fold: int) -> datetime:
    return shown.replace(tzinfo=zone, fold=fold).astimezone(UTC)


def _jump(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The instant between the two at which the clock was put forward (whole seconds in all zones)."""
    old = before.astimezone(zone).utcoffset()
    low, high = int(before.timestamp()), int(after.timestamp())
    while low < high:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, UTC).astimezone(zone).utcoffset() == old:
            low = middle + 1
        else:
            high = middle
    return datetime.fromtimestamp(low, UTC)


@lru_cache(maxsize=8192)
def day_start(day: date, zone: ZoneInfo) -> datetime:
    """The instant from which the clock shows `day` for good.

    Where midnight comes twice, the second counts only if the earlier date is shown in between.
    """
    shown = datetime.combine(day, time())
    first, second = moment(shown, zone), moment(shown, zone, again=True)
    return second if wall(second - _TICK, zone) < shown else first


def floor(shown: datetime, interval: Interval, week_start: int = 1) -> datetime:
    """The wall time at which the bucket holding `shown` starts; `week_start` is 1 (Monday) or 7 (Sunday)."""
    if interval is Interval.HOUR:
        return shown.replace(minute=0, second=0, microsecond=0)
    midnight = datetime.combine(shown.date(), time())
    if interval is Interval.DAY:
        return midnight
    if interval is Interval.WEEK:
        return midnight - timedelta(days=(midnight.isoweekday() - week_start) % 7)
    months = _MONTHS[interval]
    return midnight.replace(month=(midnight.month - 1) // months * months + 1, day=1)


def shift(shown: datetime, interval: Interval, count: int) -> datetime:
    """`shown` moved by `count` intervals on the calendar; a day the month lacks becomes its last day."""
    if interval in _DELTAS:
        return shown + _DELTAS[interval] * count
    month = shown.year * 12 + shown.month - 1 + _MONTHS[interval] * count
    year, index = divmod(month, 12)
    return shown.replace(year=year, month=index + 1, day=min(shown.day, monthrange(year, index + 1)[1]))


def buckets(span: Span, interval: Interval, zone: ZoneInfo, week_start: int = 1) -> tuple[Span, ...]:
    """The whole local buckets that `span` touches, in order and without holes; empty for an empty span."""
    if span.start >= span.end:
        return ()
    edges = sorted(set(_edges(span, interval, zone, week_start)))
    first = max(i for i, edge in enumerate(edges) if edge <= span.start)
    last = min(i for i, edge in enumerate(edges) if edge >= span.end)
    return tuple(Span(edges[i], edges[i + 1]) for i in range(first, last))


def _edges(span: Span, interval: Interval, zone: ZoneInfo, week_start: int) -> Iterator[datetime]:
    """Bucket starts from before `span` until after it, unordered; around clock changes some come twice."""
    shown = shift(floor(wall(span.start, zone), interval, week_start), interval, -4)
    beyond = 4
    while beyond:
        if interval is Interval.HOUR:
            first = moment(shown, zone)
            yield from (first, moment(shown, zone, again=True))
        else:
            first = day_start(shown.date(), zone)
            yield first
        beyond -= first >= span.end
        shown = shift(shown, interval, 1)
