"""The rows and fields that questions of all kinds share: conditions, breakdowns, range."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self, TypeVar

from yunying.apps.insights.kinds.form import Query, read, rows, text, texts

__all__ = [
    "DEFAULT_LIMIT",
    "DEFAULT_RANGE",
    "Asking",
    "BreakdownRow",
    "EventRow",
    "FilterRow",
    "Unshowable",
    "form_in",
    "group",
    "number",
    "ungroup",
]

# How many values an operator takes; absent: any number of them.
VALUE_COUNT = {
    "is_set": 0,
    "is_not_set": 0,
    "gt": 1,
    "gte": 1,
    "lt": 1,
    "lte": 1,
    "date_after": 1,
    "date_before": 1,
    "between": 2,
}
# Three properties, but more cohorts: the engine says when it is too much.
MAX_FILTERS, MAX_BREAKDOWNS = 20, 10
DEFAULT_RANGE, DEFAULT_LIMIT = "last-30-day", "25"
COHORT = "cohort"
F = TypeVar("F", bound="Asking")
IN_COHORT = frozenset({"in_cohort", "not_in_cohort"})


class Unshowable(Exception):
    """The question has parts that no form can show; its JSON is shown instead."""


@dataclass(frozen=True)
class FilterRow:
    """One condition. `of` is event, person, account, or cohort: then the values are numbers of cohorts."""

    of: str = text("event")
    property: str = text(always=True)
    operator: str = text("exact")
    values: tuple[str, ...] = texts("value")

    def of_cohort(self) -> bool:
        return self.of == COHORT

    def asked_operator(self) -> str:
        """The operator that is asked: choosing another side keeps no operator of the old one."""
        if self.of_cohort():
            return self.operator if self.operator in IN_COHORT else "in_cohort"
        return "exact" if self.operator in IN_COHORT else self.operator

    def arity(self) -> int | None:
        return VALUE_COUNT.get(self.operator)

    def inputs(self) -> tuple[str, ...]:
        """The values as the form shows them: with an empty field to add one where any number may stand."""
        count = self.arity()
        if count is None:
            return (*self.values, "")
        return (*self.values, *[""] * count)[:count]

    def complete(self) -> bool:
        if self.of_cohort():
            return any(value.isdecimal() for value in self.values)
        count = self.arity()
        return bool(self.property) and len(self.values) >= (1 if count is None else count)

    def to_spec(self) -> dict[str, Any]:
        if self.of_cohort():
            numbers = [int(value) for value in self.values if value.isdecimal()]
            return {"of": "person", "operator": self.asked_operator(), "values": numbers}
        item: dict[str, Any] = {"of": self.of, "property": self.property, "operator": self.asked_operator()}
        if self.arity() != 0:
            item["values"] = list(self.values)
        return item

    @classmethod
    def of_spec(cls, item: Mapping[str, Any]) -> "FilterRow":
        of = COHORT if item["operator"] in IN_COHORT else item.get("of", "event")
        values = tuple(str(value) for value in item.get("values") or [])
        return cls(of, item.get("property") or "", item["operator"], values)


@dataclass(frozen=True)
class BreakdownRow:
    """One property, or with `of` cohort the number of a cohort."""

    of: str = text("event")
    property: str = text(always=True)

    def of_cohort(self) -> bool:
        return self.of == COHORT

    def complete(self) -> bool:
        return self.property.isdecimal() if self.of_cohort() else bool(self.property)

    def to_spec(self) -> dict[str, Any]:
        if self.of_cohort():
            return {"of": COHORT, "cohort": int(self.property)}
        return {"of": self.of, "property": self.property}

    @classmethod
    def all_of_spec(cls, item: Mapping[str, Any]) -> list["BreakdownRow"]:
        """The rows of one part; cohorts stand together in the question and one by one in the form."""
        if item.get("of") == COHORT or "cohort" in item or "cohorts" in item:
            numbers = item["cohorts"] if "cohorts" in item else [item["cohort"]]
            return [cls(COHORT, str(number)) for number in numbers]
        return [cls(item.get("of", "event"), item["property"])]


@dataclass(frozen=True)
class EventRow:
    """An event with conditions of its own; no name is any event."""

    event: str = text(always=True)
    match: str = text("and")
    filters: tuple[FilterRow, ...] = rows("f", FilterRow, most=MAX_FILTERS)

    def to_spec(self) -> dict[str, Any]:
        return {"event": self.event or None} | group("filters", self.match, self.filters)

    @classmethod
    def of_spec(cls, item: Mapping[str, Any]) -> "EventRow":
        match, filters = ungroup(item.get("filters"))
        return cls(str(item.get("event") or ""), match, filters)


@dataclass(frozen=True)
class Asking(ABC):
    """What every question has. `range`: `last-<n>-<unit>`, the same with `-whole`, or `custom` (`since`, `until`)."""

    range: str = text(DEFAULT_RANGE)
    since: str = text(name="from")
    until: str = text(name="to")
    match: str = text("and")
    filters: tuple[FilterRow, ...] = rows("f", FilterRow, most=MAX_FILTERS)
    breakdown: tuple[BreakdownRow, ...] = rows("b", BreakdownRow, most=MAX_BREAKDOWNS)
    limit: str = text(DEFAULT_LIMIT)

    @abstractmethod
    def to_spec(self) -> dict[str, Any]:
        """The engine's JSON; rows that are not filled in yet are left out."""

    @classmethod
    @abstractmethod
    def of_spec(cls, spec: Mapping[str, Any]) -> Self:
        """The form that asks this question. Raises Unshowable when none does."""

    def common_spec(self) -> dict[str, Any]:
        """The part of the engine's JSON that every kind reads alike; rows that are not filled in are left out."""
        spec: dict[str, Any] = {"range": self._range()} | group("filters", self.match, self.filters)
        named = [part.to_spec() for part in self.breakdown if part.complete()]
        if named:
            spec |= {"breakdown": named, "breakdown_limit": number(self.limit)}
        return spec

    def _range(self) -> dict[str, Any]:
        if self.range == "custom":
            return {"from": self.since} | ({"to": self.until} if self.until else {})
        _, count, unit, *whole = self.range.split("-")
        return {"last": int(count), "unit": unit} | ({"whole": True} if whole else {})

    def missing(self) -> str:
        """What must be filled in before anything can be asked, as a name of the form's field; empty when nothing."""
        return ""

    @classmethod
    def common_of(cls, spec: Mapping[str, Any]) -> dict[str, Any]:
        """The fields of every kind from the engine's JSON. Raises Unshowable for nested conditions."""
        span = spec.get("range") or {}
        match, filters = ungroup(spec.get("filters"))
        return {
            "range": _range_of(span),
            "since": str(span.get("from") or ""),
            "until": str(span.get("to") or ""),
            "match": match,
            "filters": filters,
            "breakdown": tuple(row for item in spec.get("breakdown") or [] for row in BreakdownRow.all_of_spec(item)),
            "limit": str(spec.get("breakdown_limit") or DEFAULT_LIMIT),
        }


def form_in(query: Query, form: type[F]) -> F:
    """The form an address describes, with a range that can be read."""
    found = read(query, form)
    if found.range == "custom" or re.fullmatch(r"last-[0-9]{1,5}-[a-z]+(-whole)?", found.range):
        return found
    return replace(found, range="custom" if found.since else DEFAULT_RANGE)


def group(key: str, match: str, found: Iterable[FilterRow]) -> dict[str, Any]:
    """The conditions that are filled in as the engine's group; nothing without any."""
    items = [row.to_spec() for row in found if row.complete()]
    return {key: {"op": match, "items": items}} if items else {}


def ungroup(given: Any) -> tuple[str, tuple[FilterRow, ...]]:
    """The rows of a group. Raises Unshowable when groups are nested."""
    if not given:
        return "and", ()
    items = given.get("items", [])
    if any("op" in item for item in items):
        raise Unshowable
    return given.get("op", "and"), tuple(FilterRow.of_spec(item) for item in items)


def _range_of(span: Mapping[str, Any]) -> str:
    if "last" in span:
        return f"last-{span['last']}-{span['unit']}" + ("-whole" if span.get("whole") else "")
    return "custom" if span else DEFAULT_RANGE


def number(given: str) -> Any:
    """`given` as a number where it is one; otherwise as it is, for `parse` to refuse with its field."""
    try:
        found = float(given)
    except ValueError:
        return given
    return int(found) if found.is_integer() else found
