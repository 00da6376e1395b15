"""What stands in the cells of a sheet of goals, and what is told of its lines."""

import math
from dataclasses import dataclass, field
from datetime import date

from yunying.apps.goals.checks import FIRST_YEAR, LAST_YEAR
from yunying.base.errors import InvalidInput, msg

__all__ = ["Fault", "Line", "day_cell", "number_cell", "yes_cell"]

_YES, _NO = {"yes", "true", "1", "是", "y"}, {"no", "false", "0", "否", "n"}


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one cell; with an empty `column`, with the whole line."""

    column: str
    text: str


@dataclass(slots=True)
class Line:
    """What becomes of one line of the file; `number` counts as spreadsheets do, the heading is 1."""

    number: int
    goal: str = ""
    result: str = ""
    faults: list[Fault] = field(default_factory=list)
    acts: list[str] = field(default_factory=list)

    def at_fault(self, *columns: str) -> bool:
        """Whether something is wrong with one of these columns."""
        return any(fault.column in columns for fault in self.faults)


def day_cell(text: str) -> date:
    """A day, also as 2026/3/31. Raises InvalidInput."""
    parts = text.replace("/", "-").split("-")
    if len(parts) == 3 and len(parts[0]) > 4 and parts[0].isdecimal():
        far = msg("Choose days from %(first)d to %(last)d.")
        raise InvalidInput("goal.period_far", far, first=FIRST_YEAR, last=LAST_YEAR)
    try:
        return date.fromisoformat("-".join(part.zfill(2) for part in parts))
    except ValueError:
        shown = msg("“%(text)s” is no day. Write it as 2026-03-31.")
        raise InvalidInput("goals.day", shown, text=text[:40]) from None


def number_cell(text: str) -> float:
    """A finite number. Raises InvalidInput."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InvalidInput("goals.number", msg("“%(text)s” is no number."), text=text[:40])
    return number


def yes_cell(text: str) -> bool:
    """Yes or no, in English or Chinese. Raises InvalidInput."""
    word = text.lower()
    if word not in _YES | _NO:
        raise InvalidInput("goals.flag", msg("“%(text)s” is neither yes nor no."), text=text[:40])
    return word in _YES
