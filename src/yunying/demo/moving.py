"""Recorded dates moved by whole weeks, so that the data of a recipe reach a few weeks beyond the day it is loaded.

What lies ahead of the present is not loaded; each later start brings in what has become past since.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

__all__ = ["Moved", "filled", "shift_for"]

# Goals stay open and forecasts have something to forecast for as long.
AHEAD_DAYS = 28
_HOLE = re.compile(r"\{(\w+|\d{4}-\d{2}-\d{2})\}")


@dataclass(frozen=True, slots=True)
class Moved:
    """How far recorded days were moved, by the clock of `zone`."""

    days: int
    zone: ZoneInfo

    def day(self, recorded: date) -> date:
        return recorded + timedelta(days=self.days)

    def end_of(self, recorded: date) -> datetime:
        """The moment at which the moved day is over."""
        return datetime.combine(self.day(recorded) + timedelta(days=1), time(), self.zone)

    def morning_of(self, day: str) -> datetime:
        """Nine o'clock of a day that is moved already."""
        return datetime.combine(date.fromisoformat(day), time(9), self.zone)


def shift_for(last_day: date, today: date) -> int:
    """By how many days to move: whole weeks, so that `last_day` comes to lie 28 to 34 days after `today`."""
    return -(-(today + timedelta(days=AHEAD_DAYS) - last_day).days // 7) * 7


def filled(value: Any, kept: Mapping[str, Any], moved: Moved) -> Any:
    """Put what earlier calls kept into "{name}", and the moved day into "{2011-12-09}".

    A text that is nothing but a name becomes the kept value itself; a name that nothing was kept under stays.
    """
    if isinstance(value, dict):
        return {key: filled(one, kept, moved) for key, one in value.items()}
    if isinstance(value, list):
        return [filled(one, kept, moved) for one in value]
    if not isinstance(value, str):
        return value
    whole = _HOLE.fullmatch(value)
    if whole and whole.group(1) in kept:
        return kept[whole.group(1)]
    return _HOLE.sub(lambda hole: _text(hole, kept, moved), value)


def _text(hole: re.Match[str], kept: Mapping[str, Any], moved: Moved) -> str:
    name = hole.group(1)
    return moved.day(date.fromisoformat(name)).isoformat() if "-" in name else str(kept.get(name, hole.group(0)))
