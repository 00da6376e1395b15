"""A file on its way in: what its cells say, and everything that is wrong with them in one pass.

What a service refuses is told with its row and column and put aside, and the line goes on without it; nothing of a
pass that told something is kept.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from yunying.apps.goals.cells import Fault, Line
from yunying.apps.goals.checks import UNSET
from yunying.apps.goals.sheets import COLUMNS, MORE, TWICE
from yunying.base.errors import InvalidInput, YunyingError, msg
from yunying.platform.ui.errors import problem_of

__all__ = ["Intake"]

# The fields of errors that name none, and the services' arguments that errors call by another name.
_OF_CODES = {"goal.absent": "parent", "cycle.absent": "cycle", "key_result.guardrail": "guardrail"}
_ARGUMENTS = {"parent": "parent_id", "owner": "owner_id", "cycle": "cycle_id"}


class Intake:
    """The lines of a file by place, with what is told of them."""

    def __init__(self, rows: Sequence[Mapping[str, str]]) -> None:
        self.rows = [{name: (value or "").strip() for name, value in row.items()} for row in rows]
        self.lines = [
            Line(number, row.get("title", ""), row.get("name", "") or row.get("metric", ""))
            for number, row in enumerate(self.rows, start=2)
        ]
        self._heading = Line(1)
        self._check_heads()

    def told(self) -> list[Line]:
        """The lines that hold something, and the heading when it is at fault; faults stand as the columns do."""
        for line in self.lines:
            line.faults.sort(key=lambda fault: COLUMNS.index(fault.column) if fault.column else -1)
        kept = [line for line, row in zip(self.lines, self.rows, strict=True) if any(row.values())]
        return [self._heading, *kept] if self._heading.faults else kept

    def _check_heads(self) -> None:
        heads = dict.fromkeys(name for row in self.rows for name in row)
        for name in heads:
            if name.endswith(TWICE):
                self._heading.faults.append(Fault(name.removesuffix(TWICE), _("This column stands there twice.")))
            elif name not in (*COLUMNS, MORE):
                unknown = _("This column is not known. Begin with an exported file.")
                self._heading.faults.append(Fault(name, unknown))
        if "title" not in heads:
            self._heading.faults.append(Fault("title", _("This column is missing. Begin with an exported file.")))
        for line, row in zip(self.lines, self.rows, strict=True):
            if row.get(MORE):
                more = _("This line has more cells than the heading. Put a cell with commas into quotation marks.")
                line.faults.append(Fault("", more))

    def first(self, places: Sequence[int], column: str) -> str:
        """The cell of the first of the lines that fills the column."""
        return next((value for place in places if (value := self.rows[place].get(column, ""))), "")

    def at_fault(self, places: Sequence[int], *columns: str) -> bool:
        """Whether something is wrong with one of these columns in one of these lines."""
        return any(fault.column in columns for place in places for fault in self.lines[place].faults)

    def tell(self, places: Sequence[int], column: str, error: YunyingError) -> None:
        """Note an error at the first of the lines that fills the column, unless the column is at fault already."""
        if column and self.at_fault(places, column):
            return
        place = next((place for place in places if self.rows[place].get(column)), places[0])
        self.lines[place].faults.append(Fault(column, problem_of(error).detail))

    def read(self, place: int, column: str, parse: Callable[[str], Any]) -> Any:
        """What a cell says; UNSET where it is empty or nothing can be made of it, which is then told."""
        text = self.rows[place].get(column, "")
        try:
            return parse(text) if text else UNSET
        except YunyingError as error:
            self.tell([place], column, error)
            return UNSET

    def agreed(self, places: list[int], column: str, parse: Callable[[str], Any], present: Any = UNSET) -> Any:
        """What a goal's lines say in a column: what is new, if one says so; UNSET where none says anything."""
        said: dict[Any, int] = {}
        for place in places:
            if (value := self.read(place, column, parse)) is not UNSET:
                said.setdefault(value, place)
        found = [value for value in said if value != present] or list(said)
        for other in found[1:]:
            text = msg("Another line of this goal says something else here. Write the same in all of them.")
            self.tell([said[other]], column, InvalidInput("goals.two_values", text))
        return found[0] if found else UNSET

    def attempt(
        self,
        places: Sequence[int],
        values: dict[str, Any],
        act: Callable[[dict[str, Any]], Any],
        *,
        columns: Mapping[str, str],
        stand_ins: Mapping[str, Any],
        follows: Callable[[YunyingError, str], bool] = lambda error, column: False,
    ) -> Any:
        """`act` with the values; what it refuses is told, put aside, and tried without. None when that is no way.

        `columns` name the columns of fields that are called otherwise, `stand_ins` what takes the place of a value
        that must be there. What only `follows` from something that was told is not told.
        """
        aside: set[str] = set()
        while True:
            try:
                with transaction.atomic():
                    return act(values)
            except YunyingError as error:
                field = error.field or _OF_CODES.get(error.code, "")
                column = columns.get(field, field)
                column = column if column in COLUMNS else ""
                if not follows(error, column):
                    self.tell(places, column, error)
                name = _OF_CODES.get(error.code, field)
                name = _ARGUMENTS.get(name, name)
                if name in aside or not _put_aside(values, name, stand_ins):
                    return None
                aside.add(name)


def _put_aside(values: dict[str, Any], name: str, stand_ins: Mapping[str, Any]) -> bool:
    """Take a value out, or let another stand in; a first day goes with its last one. False when it was not there."""
    names = ("start", "due") if name in ("start", "due") else (name,)
    before = dict(values)
    for one in names:
        values.pop(one, None)
        if one in stand_ins:
            values[one] = stand_ins[one]
    return values != before
