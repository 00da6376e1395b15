"""A table's columns and filters, and how their values look on a page and in a file."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MethodType
from typing import Any, Literal

from django.utils.html import format_html
from django.utils.safestring import SafeString

from yunying.base.money import Money
from yunying.platform.ui import formats
from yunying.platform.ui.markup import time_html
from yunying.platform.ui.workbooks import Seconds, Share

__all__ = ["NUMERIC", "Column", "Filter", "Kind", "exported", "follow", "shown"]

Kind = Literal["text", "number", "percent", "money", "duration", "date", "when", "ago", "yesno"]
NUMERIC = {"number", "percent", "money", "duration"}


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    `value`: a function of the row or a dotted path of attributes and keys; by default the path `name`.
    `sort`: True or, for querysets, the ORM field. `search`: True or the ORM field looked into by the search box.
    `link`: address of the cell. `template`: draws the cell from `row` and `value`. `kind`: how values are shown and
    exported. `currency`: for money in minor units. `hidden`: shown only when chosen. `fixed`: cannot be left out.
    `wide`: holds sentences, which keep room to be read where the table is narrower than its columns.
    """

    name: str
    label: Any
    value: Callable[[Any], Any] | str | None = None
    sort: bool | str = False
    search: bool | str = False
    link: Callable[[Any], str | None] | None = None
    kind: Kind = "text"
    template: str = ""
    currency: str = ""
    hidden: bool = False
    fixed: bool = False
    wide: bool = False
    export: bool = True

    def of(self, row: Any) -> Any:
        return self.value(row) if callable(self.value) else follow(row, self.value or self.name)

    @property
    def numeric(self) -> bool:
        return self.kind in NUMERIC

    @property
    def classes(self) -> str:
        """The classes of the column's cells."""
        return "yy-num" if self.numeric else "yy-wide" if self.wide else ""

    @property
    def sort_field(self) -> str:
        return _orm(self.sort, self)

    @property
    def search_field(self) -> str:
        return _orm(self.search, self)


@dataclass(frozen=True, slots=True)
class Filter:
    """A choice above the table. `apply`: the ORM field (or path) compared, or a function of (rows, value)."""

    name: str
    label: Any
    choices: Sequence[tuple[str, Any]]
    apply: str | Callable[[Any, str], Any] = ""


def shown(column: Column, value: Any) -> SafeString:
    """The value as the page shows it, by the column's kind."""
    if column.kind in ("when", "ago", "date"):
        return time_html(value, "ago" if column.kind == "ago" else "medium")
    if column.kind == "money":
        return format_html("{}", formats.money(value, column.currency))
    plain: Mapping[str, Callable[[Any], str]] = {
        "number": formats.number,
        "percent": formats.percent,
        "duration": formats.duration,
        "yesno": formats.yes_no,
    }
    draw = plain.get(column.kind)
    if draw:
        return format_html("{}", draw(value))
    return format_html("{}", formats.DASH if value in (None, "") else value)


def exported(column: Column, value: Any) -> Any:
    """The value as a file holds it: money, percent and durations by their kind, everything else as it is."""
    if column.kind == "yesno":
        return formats.yes_no(value)
    if value is None or isinstance(value, Money):
        return value
    made: Mapping[str, Callable[[Any], Any]] = {
        "money": lambda minor: Money(int(minor), column.currency),
        "percent": Share,
        "duration": Seconds,
    }
    make = made.get(column.kind)
    return make(value) if make else value


def _orm(given: bool | str, column: Column) -> str:
    if isinstance(given, str):
        return given
    path = column.value if isinstance(column.value, str) else column.name
    return path.replace(".", "__")


def follow(row: Any, path: str) -> Any:
    """The value at a dotted path of attributes and keys; None where it breaks off."""
    for part in path.split("."):
        row = row.get(part) if isinstance(row, Mapping) else getattr(row, part, None)
        if isinstance(row, MethodType | partial):
            row = row()  # `get_state_display` and the like
        if row is None:
            return None
    return row
