"""When the next check-in is due: pure arithmetic on days."""

from datetime import date, timedelta

from yunying.apps.goals.models import Rhythm

__all__ = ["next_check_in", "pending_check_in"]

# A check-in made this many days before the day it is due counts for that day.
_GAPS = {Rhythm.WEEKLY: (7, 4), Rhythm.BIWEEKLY: (14, 11), Rhythm.MONTHLY: (28, 25)}


def next_check_in(rhythm: str, weekday: int, start: date, due: date, last: date | None) -> date | None:
    """The day on which the next check-in is due; None without rhythm, or when that would be after `due`.

    Check-ins fall on `weekday` (1 is Monday). `last` is the day of the newest check-in: one made on Friday counts
    for the Monday that follows.
    """
    if rhythm not in _GAPS:
        return None
    _step, least = _GAPS[Rhythm(rhythm)]
    earliest = (last if last and last >= start else start) + timedelta(days=least)
    day = earliest + timedelta(days=(weekday - earliest.isoweekday()) % 7)
    return day if day <= due else None


def pending_check_in(rhythm: str, weekday: int, start: date, due: date, last: date | None, today: date) -> date | None:
    """The latest day up to `today` on which a check-in was due and none was made, else the next one.

    None without rhythm, and once the time is over: then the goal is closed, not spoken about.
    """
    first = next_check_in(rhythm, weekday, start, due, last)
    if first is None or today > due or first > today:
        return None if today > due else first
    step, _least = _GAPS[Rhythm(rhythm)]
    return first + timedelta(days=(today - first).days // step * step)
