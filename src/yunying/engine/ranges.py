"""The range a question asks about: wall-clock times of the product, resolved to instants."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from yunying.base import zones
from yunying.base.errors import msg
from yunying.base.zones import Interval, Span
from yunying.engine.reading import Node, fail

__all__ = [
    "Comparison",
    "Fixed",
    "Last",
    "RangeSpec",
    "compared",
    "parse_comparison",
    "parse_range",
    "resolve",
    "starts_at",
]

_FIRST_YEAR, _LAST_YEAR = 1900, 2200
_TICK = timedelta(milliseconds=1)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_INTERVALS = [i.value for i in Interval]
_SHIFTS = {"week": Interval.WEEK, "month": Interval.MONTH, "quarter": Interval.QUARTER, "year": Interval.YEAR}


@dataclass(frozen=True, slots=True)
class Fixed:
    """From one wall-clock time to another; a bare date as end includes its day, an end with a time is inclusive."""

    start: str
    end: str | None

    def to_json(self) -> dict[str, Any]:
        return {"from": self.start} | ({"to": self.end} if self.end else {})


@dataclass(frozen=True, slots=True)
class Last:
    """The last `count` units, the present one included unless `whole`."""

    count: int
    unit: Interval
    whole: bool = False

    def to_json(self) -> dict[str, Any]:
        return {"last": self.count, "unit": self.unit.value} | ({"whole": True} if self.whole else {})


RangeSpec = Fixed | Last


@dataclass(frozen=True, slots=True)
class Comparison:
    """`previous` (the period of equal length just before) or the same period a week, month, quarter, year earlier."""

    to: str

    def to_json(self) -> dict[str, Any]:
        return {"to": self.to}


def parse_range(node: Node) -> RangeSpec:
    """Read `{"from": …, "to": …}` or `{"last": 30, "unit": "day"}`."""
    if "last" in node.mapping():
        node.known("last", "unit", "whole")
        whole = node.get("whole")
        unit = node.need("unit").choice(Interval, _INTERVALS)
        return Last(node.need("last").whole(1, 10_000), unit, whole.flag() if whole else False)
    node.known("from", "to")
    start, end = node.need("from"), node.get("to")
    _read(start.text(), start.path)
    if end:
        _read(end.text(), end.path)
    return Fixed(start.text(), end.text() if end else None)


def parse_comparison(node: Node | None) -> Comparison | None:
    if node is None:
        return None
    return Comparison(node.known("to").need("to").choice(str, ["previous", *_SHIFTS]))


def _read(text: str, path: str) -> tuple[datetime, bool]:
    """The time `text` says and whether it is a bare date."""
    try:
        if _DATE.fullmatch(text):
            shown, bare = datetime.strptime(text, "%Y-%m-%d"), True
        else:
            shown, bare = datetime.fromisoformat(text), False
    except ValueError:
        fail(path, "range.not_a_date", msg("%(text)s is not a date. Write 2024-01-31 or 2024-01-31T18:30."), text=text)
    if not _FIRST_YEAR < shown.year < _LAST_YEAR:
        fail(
            path,
            "range.year",
            msg("The year must lie between %(first)s and %(last)s."),
            first=_FIRST_YEAR + 1,
            last=_LAST_YEAR - 1,
        )
    return shown, bare


def resolve(spec: RangeSpec, zone: ZoneInfo, now: datetime, week_start: int) -> Span:
    """The instants `spec` stands for. Raises InvalidInput if the end is not after the start."""
    if isinstance(spec, Last):
        return _resolve_last(spec, zone, now, week_start)
    start = _instant(spec.start, zone, "range.from", end=False)
    end = _instant(spec.end, zone, "range.to", end=True) if spec.end else _end_of_day(zones.wall(now, zone), zone)
    if start >= end:
        fail(
            "range.to",
            "range.empty",
            msg("The range ends where it starts or before. Choose a later end."),
        )
    return Span(start, end)


def starts_at(text: str, zone: ZoneInfo) -> datetime:
    """The instant of a date (its start) or of a wall-clock time that was read before."""
    return _instant(text, zone, "", end=False)


def _resolve_last(spec: Last, zone: ZoneInfo, now: datetime, week_start: int) -> Span:
    here = zones.floor(zones.wall(now, zone), spec.unit, week_start)
    try:
        first = zones.shift(here, spec.unit, -spec.count + (0 if spec.whole else 1))
    except (OverflowError, ValueError):
        first = datetime.min
    if first.year <= _FIRST_YEAR:
        fail("range.last", "range.too_long", msg("The range reaches too far back. Choose fewer units."))
    last = here if spec.whole else zones.shift(here, spec.unit, 1)
    if spec.unit is Interval.HOUR:
        present = zones.buckets(Span(now, now + _TICK), Interval.HOUR, zone)[0]
        hours = timedelta(hours=spec.count - (0 if spec.whole else 1))
        return Span(present.start - hours, present.start if spec.whole else present.end)
    return Span(zones.day_start(first.date(), zone), zones.day_start(last.date(), zone))


def _instant(text: str, zone: ZoneInfo, path: str, *, end: bool) -> datetime:
    shown, bare = _read(text, path)
    if bare:
        return _end_of_day(shown, zone) if end else zones.day_start(shown.date(), zone)
    at = shown.astimezone(UTC) if shown.tzinfo else zones.moment(shown, zone)
    # The store keeps milliseconds: an inclusive end is the next one, exclusive.
    at = at.replace(microsecond=at.microsecond // 1000 * 1000)
    return at + _TICK if end else at


def _end_of_day(shown: datetime, zone: ZoneInfo) -> datetime:
    return zones.day_start(shown.date() + timedelta(days=1), zone)


def compared(span: Span, how: Comparison, zone: ZoneInfo) -> Span:
    """The earlier period `span` is compared with, moved on the wall clock so that local days stay whole.

    It may be empty: a day that a place left out has no hours to compare with.
    """
    start, end = _calendar(span.start, zone), _calendar(span.end, zone)
    if how.to == "previous":
        earlier = start - (end - start)
        return Span(_at(earlier, zone), span.start)
    by = _SHIFTS[how.to]
    first, last = zones.shift(start, by, -1), zones.shift(end, by, -1)
    if last <= first:  # the 30th and 31st both become the 28th
        last = first + (end - start)
    return Span(_at(first, zone), _at(last, zone))


def _calendar(at: datetime, zone: ZoneInfo) -> datetime:
    """The wall time of an instant; the start of a day is midnight even where the clock skips it."""
    shown = zones.wall(at, zone)
    return datetime.combine(shown.date(), time()) if at == zones.day_start(shown.date(), zone) else shown


def _at(shown: datetime, zone: ZoneInfo) -> datetime:
    return zones.day_start(shown.date(), zone) if shown.time() == time() else zones.moment(shown, zone)
