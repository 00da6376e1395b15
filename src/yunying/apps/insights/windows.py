"""Which days a reading of a metric covers: whole local days, weeks and months, and totals since a start."""

from datetime import date, datetime, time, timedelta

from yunying.apps.insights.models import Window
from yunying.base.zones import Interval, floor, shift

__all__ = ["first_day", "last_whole_day", "next_end", "next_first_day"]


def first_day(window: Window, day: date, week_start: int) -> date:
    """The first day of the day, week or month that holds `day`; `week_start` is 1 for Monday, 7 for Sunday."""
    return floor(datetime.combine(day, time()), _interval(window), week_start).date()


def next_first_day(window: Window, first: date) -> date:
    """The first day of the stretch after the one that begins on `first`."""
    return shift(datetime.combine(first, time()), _interval(window), 1).date()


def last_whole_day(window: Window, before: date, week_start: int) -> date:
    """The last day of the latest stretch that is over when day `before` begins."""
    return first_day(window, before, week_start) - timedelta(days=1)


def _interval(window: Window) -> Interval:
    return Interval.DAY if window == Window.TOTAL else Interval(window.value)


def next_end(window: Window, day: date, week_start: int) -> date:
    """The last day of the stretch after the one that holds `day`; for totals the next day."""
    first = next_first_day(window, first_day(window, day, week_start))
    return next_first_day(window, first) - timedelta(days=1)
