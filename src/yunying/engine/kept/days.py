"""Which local days of a question can be answered from states, and what is left for the events."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from yunying.base import zones
from yunying.base.zones import Interval, Span
from yunying.store.late import SETTLED, SLOT_S

__all__ = ["Day", "rest", "whole_days"]

# What the store can write as a date and as a quarter of an hour of `late_events`.
_FIRST, _LAST = datetime(1973, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Day:
    """A local day and when it begins and ends."""

    name: date
    span: Span


def whole_days(spans: Sequence[Span], cuts: Sequence[datetime], zone: ZoneInfo, now: datetime) -> list[Day]:
    """The days that lie in one of `spans`, hold none of `cuts` but at their start, and have been over for a while."""
    edges = set(cuts)
    found: dict[date, Day] = {}
    for span in spans:
        end = min(span.end, now - SETTLED, _LAST)
        for day in zones.buckets(Span(max(span.start, _FIRST), end), Interval.DAY, zone):
            if span.start <= day.start and day.end <= end and _sound(day):
                name = zones.wall(day.start + (day.end - day.start) / 2, zone).date()
                found[name] = Day(name, day)
    inside = sorted(edges)
    return [day for _, day in sorted(found.items()) if not _cut(day.span, inside)]


def _sound(day: Span) -> bool:
    """Whether the day begins and ends on a quarter of an hour, as late events are counted."""
    return all(at.timestamp() % SLOT_S == 0 for at in (day.start, day.end))


def _cut(day: Span, cuts: Sequence[datetime]) -> bool:
    low, high = 0, len(cuts)
    while low < high:  # the first cut after the start of the day
        middle = (low + high) // 2
        low, high = (middle + 1, high) if cuts[middle] <= day.start else (low, middle)
    return low < len(cuts) and cuts[low] < day.end


def rest(spans: Sequence[Span], days: Sequence[Day]) -> list[Span]:
    """What of `spans` lies outside `days`, in order."""
    found: list[Span] = []
    for span in spans:
        at = span.start
        for day in days:
            if day.span.end <= at or day.span.start >= span.end:
                continue
            if day.span.start - at > timedelta():
                found.append(Span(at, day.span.start))
            at = day.span.end
        if at < span.end:
            found.append(Span(at, span.end))
    return found
