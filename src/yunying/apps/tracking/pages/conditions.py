"""Conditions on properties in the address of a list: `f0.property=plan&f0.operator=exact&f0.value=pro`."""

import re
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from yunying.base.errors import InvalidInput
from yunying.engine.filters import OPERATORS, Condition, Group, parse_filter
from yunying.engine.reading import Node
from yunying.platform.ui.errors import problem_of

__all__ = ["OPERATOR_NAMES", "Conditions", "after_removal", "day_in", "read"]

MOST = 20
_NAME = re.compile(r"f(\d{1,2})\.(property|operator|value)")

OPERATOR_NAMES: tuple[tuple[str, Promise], ...] = (
    ("exact", pgettext_lazy("operator", "is")),
    ("is_not", pgettext_lazy("operator", "is not")),
    ("contains", pgettext_lazy("operator", "contains")),
    ("not_contains", pgettext_lazy("operator", "does not contain")),
    ("gt", pgettext_lazy("operator", "greater than")),
    ("gte", pgettext_lazy("operator", "at least")),
    ("lt", pgettext_lazy("operator", "less than")),
    ("lte", pgettext_lazy("operator", "at most")),
    ("between", pgettext_lazy("operator", "between")),
    ("is_set", pgettext_lazy("operator", "is set")),
    ("is_not_set", pgettext_lazy("operator", "is not set")),
    ("date_after", pgettext_lazy("operator", "after the date")),
    ("date_before", pgettext_lazy("operator", "before the date")),
    ("regex", pgettext_lazy("operator", "matches the pattern")),
    ("not_regex", pgettext_lazy("operator", "does not match the pattern")),
)
_OPERATORS = {name for name, _label in OPERATOR_NAMES}


@dataclass(slots=True)
class Line:
    """One condition as the page shows it; `error` says what is wrong with it."""

    name: str = ""
    operator: str = "exact"
    values: list[str] = field(default_factory=list)
    error: str = ""

    @property
    def inputs(self) -> list[str]:
        """The value fields to show: what is filled in, and one to fill in where more may come."""
        most = OPERATORS[self.operator].most
        return (
            [*self.values, *[""] * max(0, min(2, most) - len(self.values))][:most] if most < 3 else [*self.values, ""]
        )

    def to_json(self, of: str) -> dict[str, Any]:
        return {"of": of, "property": self.name, "operator": self.operator, "values": self.values}


@dataclass(slots=True)
class Conditions:
    """The lines of the page, and the filter they make; lines with an error are not part of it."""

    op: str
    lines: list[Line]
    filter: Group

    @property
    def count(self) -> int:
        return len(self.filter.items)

    @property
    def wrong(self) -> bool:
        """Whether there is something to mend, which nobody finds in a folded form."""
        return any(line.error for line in self.lines)

    def as_cohort(self, of: str) -> dict[str, Any]:
        """The definition of the cohort of everybody who passes."""
        items = [
            {"kind": "property", **one.to_json(), "of": of} for one in self.filter.items if isinstance(one, Condition)
        ]
        return {"op": self.op, "items": items}


def read(query: QueryDict, of: str) -> Conditions:
    """The conditions on properties `of` people or accounts in an address, with a line to add another if asked for.

    Lines without a property are dropped; `do=add` adds one, `do=drop-1` takes the second away.
    """
    found: dict[int, Line] = {}
    for key in query:
        match = _NAME.fullmatch(key)
        if not match or int(match[1]) >= MOST:
            continue
        line = found.setdefault(int(match[1]), Line())
        if match[2] == "property":
            line.name = query.get(key, "").strip()
        elif match[2] == "operator":
            line.operator = operator if (operator := query.get(key, "")) in _OPERATORS else "exact"
        else:
            line.values = [text for text in query.getlist(key) if text.strip()]
    dropped = query.get("do", "").removeprefix("drop-")
    lines = [line for number, line in sorted(found.items()) if line.name and str(number) != dropped]
    op = "or" if query.get("match") == "or" else "and"
    items = tuple(item for line in lines for item in _checked(line, of))
    if not lines or query.get("do") == "add":
        lines = [*lines, Line()]
    return Conditions(op, lines, Group(op, items))


def after_removal(query: QueryDict, of: str) -> str:
    """The address to go to when `do=drop-…` took a condition away; empty when none was."""
    if not query.get("do", "").startswith("drop-"):
        return ""
    kept = query.copy()
    for key in list(kept):
        if key == "do" or _NAME.fullmatch(key):
            del kept[key]
    for number, line in enumerate(line for line in read(query, of).lines if line.name):
        kept[f"f{number}.property"], kept[f"f{number}.operator"] = line.name, line.operator
        kept.setlist(f"f{number}.value", line.values)
    return f"?{kept.urlencode()}"


def _checked(line: Line, of: str) -> tuple[Any, ...]:
    try:
        return parse_filter(Node([line.to_json(of)])).items
    except InvalidInput as error:
        line.error = _MISSING if error.code == "filter.values" else problem_of(error).detail
        return ()


_MISSING: Any = _("Give a value to compare with; two for “between”.")


def day_in(query: QueryDict, name: str) -> date | None:
    """The day in an address; None when there is none or it is no day."""
    try:
        return date.fromisoformat(query.get(name, ""))
    except ValueError:
        return None
