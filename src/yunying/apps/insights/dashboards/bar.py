"""The filter bar above a dashboard: its state, to and from the address.

The address is the whole state, so it can be shared. What is not understood is left out.
"""

import hashlib
import re
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from urllib.parse import urlencode

from yunying.apps.insights.kinds.form import Query
from yunying.apps.insights.kinds.rows import FilterRow
from yunying.base.errors import InvalidInput, msg

__all__ = ["NO_COMPARISON", "Bar", "bar_of", "edited"]

MOST_FILTERS = 10
NO_COMPARISON = "none"
_RANGE = re.compile(r"last-[0-9]{1,5}-[a-z]+(-whole)?\Z")


@dataclass(frozen=True, slots=True)
class Bar:
    """Empty fields leave each tile as it was saved. `range` is `last-<n>-<unit>` or `custom` (`start` to `end`)."""

    range: str = ""
    start: str = ""
    end: str = ""
    interval: str = ""
    compare: str = ""
    match: str = "and"
    filters: tuple[FilterRow, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether it changes nothing."""
        return not (self.span or self.interval or self.compare or self.conditions)

    @property
    def conditions(self) -> tuple[FilterRow, ...]:
        return tuple(row for row in self.filters if row.complete())

    @property
    def cohorts(self) -> frozenset[str]:
        """The numbers of the cohorts it names, as in the address."""
        return frozenset(value for row in self.filters if row.of_cohort() for value in row.values)

    @property
    def span(self) -> dict[str, Any] | None:
        """The range as the engine reads it; None while there is none."""
        if self.range == "custom":
            return ({"from": self.start} | ({"to": self.end} if self.end else {})) if self.start else None
        if not self.range:
            return None
        _, count, unit, *whole = self.range.split("-")
        return {"last": int(count), "unit": unit} | ({"whole": True} if whole else {})

    @property
    def query(self) -> str:
        """The state as a query string; `bar=1` keeps an empty bar apart from an address without one."""
        plain = {"range": self.range, "from": self.start, "to": self.end}
        plain |= {"interval": self.interval, "compare": self.compare}
        pairs = [("bar", "1"), *((name, value) for name, value in plain.items() if value)]
        if self.match != "and":
            pairs.append(("match", self.match))
        for index, row in enumerate(self.filters):
            head = f"f{index}."
            pairs += [(head + "of", row.of), (head + "property", row.property), (head + "operator", row.operator)]
            pairs += [(head + "value", value) for value in row.values]
        return urlencode(pairs)

    @property
    def hash(self) -> str:
        """The same for bars that ask the same."""
        return hashlib.sha256(replace(self, filters=self.conditions).query.encode()).hexdigest()[:16]

    def check(self) -> None:
        """Raises InvalidInput with the field at fault when the range cannot be looked at."""
        if self.range != "custom" or not self.start:
            return
        start, end = _day(self.start, "from"), _day(self.end, "to") if self.end else None
        if end is not None and end < start:
            raise InvalidInput("bar.order", msg("The last day lies before the first. Choose a later end."), field="to")


def _day(text: str, field: str) -> date:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise InvalidInput("bar.day", msg("Write days as 2026-03-05."), field=field) from None


def bar_of(query: Query) -> Bar:
    """The state an address describes."""
    chosen = {name: str(query[name]).strip() if name in query else "" for name in _NAMES}
    span = chosen["range"] if chosen["range"] == "custom" or _RANGE.match(chosen["range"]) else ""
    return Bar(
        range=span or ("custom" if chosen["from"] else ""),
        start=chosen["from"],
        end=chosen["to"],
        interval=chosen["interval"],
        compare=chosen["compare"],
        match="or" if chosen["match"] == "or" else "and",
        filters=tuple(_row(query, f"f{i}.") for i in range(MOST_FILTERS) if f"f{i}.property" in query),
    )


_NAMES = ("range", "from", "to", "interval", "compare", "match")


def _row(query: Query, head: str) -> FilterRow:
    def text(name: str, default: str) -> str:
        return str(query[head + name]).strip() if head + name in query else default

    values = tuple(value for value in query.getlist(head + "value") if value)
    row = FilterRow(text("of", "event"), text("property", ""), text("operator", "exact"), values)
    if row.of_cohort():
        values = tuple(value for value in values if value.isdecimal())
    elif row.operator != row.asked_operator():
        values = ()  # the side was a cohort until now
    return replace(row, operator=row.asked_operator(), values=values)


def edited(bar: Bar, action: str) -> Bar:
    """The state after a button: `add-f` or `drop-f0`. An action that names nothing changes nothing."""
    if action == "add-f":
        return replace(bar, filters=(*bar.filters, FilterRow())[:MOST_FILTERS])
    if action.startswith("drop-f") and action[6:].isdecimal():
        kept = tuple(row for index, row in enumerate(bar.filters) if index != int(action[6:]))
        return replace(bar, filters=kept)
    return bar
