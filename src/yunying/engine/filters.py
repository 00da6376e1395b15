"""Filters: what an event, its person or its account must look like to be counted.

A filter is a tree of groups (`and`, `or`) over conditions. Null, absent and '' are "not set": negative
operators match it, positive ones never do.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, NoReturn

import re2

from yunying.base.errors import msg
from yunying.engine.reading import Node, plain
from yunying.store.values import text_form

__all__ = [
    "MAX_COHORT",
    "OPERATORS",
    "Arity",
    "Condition",
    "Filter",
    "Group",
    "Of",
    "Operator",
    "check_all_patterns",
    "conditions",
    "parse_condition",
    "parse_filter",
]

_MAX_DEPTH = 8
_MAX_CONDITIONS = 100
_MAX_VALUES = 1000
# In instructions of the machine a pattern becomes: each may be looked at for every character of a text.
_MAX_PATTERN, _MAX_PATTERNS = 10_000, 20_000
MAX_COHORT = 2**53
_OWNERS = ["event", "person", "account"]
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


class Of(StrEnum):
    """Whose property is looked at. A person and an account are looked at as they are now.

    Breakdowns may be by cohort as well, which has no properties.
    """

    EVENT = "event"
    PERSON = "person"
    ACCOUNT = "account"
    COHORT = "cohort"


class Operator(StrEnum):
    EXACT = "exact"
    IS_NOT = "is_not"
    CONTAINS = "contains"
    NOT_CONTAINS = "not_contains"
    REGEX = "regex"
    NOT_REGEX = "not_regex"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    BETWEEN = "between"
    IS_SET = "is_set"
    IS_NOT_SET = "is_not_set"
    DATE_AFTER = "date_after"
    DATE_BEFORE = "date_before"
    IN_COHORT = "in_cohort"
    NOT_IN_COHORT = "not_in_cohort"

    @property
    def positive(self) -> "Operator":
        """The operator this one negates, or itself."""
        return _NEGATES.get(self, self)

    @property
    def negative(self) -> bool:
        return self in _NEGATES


_NEGATES = {
    Operator.IS_NOT: Operator.EXACT,
    Operator.NOT_CONTAINS: Operator.CONTAINS,
    Operator.NOT_REGEX: Operator.REGEX,
    Operator.IS_NOT_SET: Operator.IS_SET,
    Operator.NOT_IN_COHORT: Operator.IN_COHORT,
}


@dataclass(frozen=True, slots=True)
class Arity:
    """How many values an operator takes and what they are: text, number, date or cohort ("" when none)."""

    least: int
    most: int
    of: str


_TEXTS, _NUMBER, _DAY = Arity(1, _MAX_VALUES, "text"), Arity(1, 1, "number"), Arity(1, 1, "date")
_NONE, _COHORTS = Arity(0, 0, ""), Arity(1, 20, "cohort")

OPERATORS: dict[str, Arity] = {
    "exact": _TEXTS,
    "is_not": _TEXTS,
    "contains": _TEXTS,
    "not_contains": _TEXTS,
    "regex": _TEXTS,
    "not_regex": _TEXTS,
    "gt": _NUMBER,
    "gte": _NUMBER,
    "lt": _NUMBER,
    "lte": _NUMBER,
    "between": Arity(2, 2, "number"),
    "is_set": _NONE,
    "is_not_set": _NONE,
    "date_after": _DAY,
    "date_before": _DAY,
    "in_cohort": _COHORTS,
    "not_in_cohort": _COHORTS,
}


@dataclass(frozen=True, slots=True)
class Condition:
    """One property compared with values; numbers are kept as floats, everything else as text.

    Whether the person is in a cohort needs no property: it is "" then, and the values are numbers of cohorts.
    """

    of: Of
    property: str
    operator: Operator
    values: tuple[str | float, ...] = ()

    def to_json(self) -> dict[str, Any]:
        named = {"property": self.property} if self.property else {}
        return {
            "of": self.of.value,
            **named,
            "operator": self.operator.value,
            "values": [plain(value) for value in self.values],
        }


@dataclass(frozen=True, slots=True)
class Group:
    """All of `items` (`op` "and") or any of them (`or`). An empty group of either kind asks for nothing."""

    op: str = "and"
    items: tuple["Filter", ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {"op": self.op, "items": [item.to_json() for item in self.items]}


Filter = Group | Condition


def conditions(tree: Filter) -> Iterator[Condition]:
    """The leaves of `tree`, left to right."""
    if isinstance(tree, Condition):
        yield tree
    else:
        for item in tree.items:
            yield from conditions(item)


def parse_filter(node: Node | None) -> Group:
    """Read a filter; a bare list means all of its items. Raises InvalidInput with the path of what is wrong."""
    if node is None:
        return Group()
    items = node.items(_MAX_CONDITIONS) if isinstance(node.value, list) else None
    tree = Group("and", tuple(_parse(item, 2) for item in items)) if items else _parse(node, 1)
    if sum(1 for _ in conditions(tree)) > _MAX_CONDITIONS:
        node.fail("filter.too_many", msg("Use at most %(most)s conditions in one filter."), most=_MAX_CONDITIONS)
    _check_patterns(node, (text for leaf in conditions(tree) for text in _patterns(leaf)))
    return tree if isinstance(tree, Group) else Group("and", (tree,))


def _parse(node: Node, depth: int) -> Filter:
    if depth > _MAX_DEPTH:
        node.fail("filter.too_deep", msg("Groups are nested too deeply; use at most %(most)s levels."), most=_MAX_DEPTH)
    if "items" not in node.mapping():
        return parse_condition(node)
    node.known("op", "items")
    op = node.get("op")
    items = node.need("items").items(_MAX_CONDITIONS)
    return Group(op.choice(str, ["and", "or"]) if op else "and", tuple(_parse(item, depth + 1) for item in items))


def parse_condition(node: Node) -> Condition:
    """Read one condition. Raises InvalidInput with the path of what is wrong."""
    node.known("of", "property", "operator", "values")
    of = node.get("of")
    operator = node.need("operator").choice(Operator, list(OPERATORS))
    if operator.positive is Operator.IN_COHORT:
        return _in_cohort(node, operator)
    return Condition(
        of.choice(Of, _OWNERS) if of else Of.EVENT,
        node.need("property").name(),
        operator,
        _values(node, operator),
    )


def _in_cohort(node: Node, operator: Operator) -> Condition:
    of, named = node.get("of"), node.get("property")
    if of is not None and of.value != Of.PERSON:
        of.fail("filter.cohort_of", msg("Only a person belongs to a cohort. Write person here."))
    if named is not None and named.value:
        named.fail("filter.cohort_property", msg("A cohort is chosen by its number and needs no property."))
    return Condition(Of.PERSON, "", operator, _values(node, operator))


def _values(node: Node, operator: Operator) -> tuple[str | float, ...]:
    arity = OPERATORS[operator.value]
    given = node.get("values")
    found = list(given.items(_MAX_VALUES)) if given else []
    if not arity.least <= len(found) <= arity.most:
        Node(None, f"{node.path}.values" if node.path else "values").fail(
            "filter.values",
            msg("%(operator)s takes %(least)s to %(most)s values; there are %(count)s."),
            operator=operator.value,
            least=arity.least,
            most=arity.most,
            count=len(found),
        )
    values = tuple(_value(value, operator, arity) for value in found)
    if given and operator.positive is Operator.REGEX:
        _check_patterns(given, map(str, values))
    if operator is Operator.BETWEEN and float(values[0]) > float(values[1]):
        node.fail("filter.between", msg("The first value must not be larger than the second."))
    return values


def _value(node: Node, operator: Operator, arity: Arity) -> str | float:
    if arity.of == "number":
        return _number(node)
    if arity.of == "cohort":
        return _cohort(node)
    text = _text(node)
    return _date(node, text) if arity.of == "date" else text


def _text(node: Node) -> str:
    """The text form of the value, as properties have it."""
    try:
        return Node(text_form(node.value), node.path).text()
    except (TypeError, RecursionError):
        node.fail("filter.value", msg("This value cannot be compared with a property."))


def _number(node: Node) -> float:
    try:
        number = float("x" if isinstance(node.value, bool) else node.value)
    except (TypeError, ValueError, OverflowError):
        number = float("nan")
    if number != number or abs(number) == float("inf"):
        node.fail("filter.not_a_number", msg("A number is expected here."))
    return number


def _cohort(node: Node) -> int:
    """The number of a cohort; forms send it as text."""
    text = node.value
    return Node(int(text) if isinstance(text, str) and text.isdecimal() and text.isascii() else text, node.path).whole(
        1, MAX_COHORT
    )


def _date(node: Node, text: str) -> str:
    try:
        year = datetime.fromisoformat(text).year
    except ValueError:
        year = 0
    if not 1900 < year < 2200 or not _DATE.match(text):
        node.fail(
            "filter.not_a_date",
            msg("%(text)s is not a date. Write 2024-01-31 or 2024-01-31T18:30."),
            text=text[:80],
        )
    return text


_QUIET = re2.Options()
_QUIET.log_errors = False
# The library says by nothing else that a pattern is right but too large.
_NO_ROOM = "pattern too large"


def _patterns(leaf: Condition) -> tuple[str, ...]:
    return tuple(map(str, leaf.values)) if leaf.operator.positive is Operator.REGEX else ()


def _check_patterns(node: Node, patterns: Iterable[str]) -> None:
    """Refuse what takes too long to look for, as soon as that is known: they are looked for one after the other."""
    size = 0
    for place, pattern in enumerate(patterns):
        size += _size(Node(pattern, f"{node.path}.{place}"), pattern)
        if size > _MAX_PATTERN:
            _too_large(node)


def check_all_patterns(node: Node) -> None:
    """Refuse a question whose filters are each fine, but look for too much together: they share its time."""
    size = 0
    for place in _regexes(node):
        size += sum(_size(value, str(value.value)) for value in place.items(_MAX_VALUES))
        if size > _MAX_PATTERNS:
            _too_large(place)


def _regexes(node: Node) -> Iterator[Node]:
    """The values of all conditions with patterns in a question that has been read."""
    if isinstance(node.value, Mapping):
        if node.value.get("operator") in (Operator.REGEX.value, Operator.NOT_REGEX.value):
            yield node.need("values")
        for name in node.value:
            if (found := node.get(name)) is not None:
                yield from _regexes(found)
    elif isinstance(node.value, list | tuple):
        for item in node.items(len(node.value)):
            yield from _regexes(item)


def _too_large(node: Node) -> NoReturn:
    node.fail(
        "filter.pattern_too_large",
        msg(
            "The patterns here are too large together. Use fewer or shorter ones, with smaller numbers of repetitions."
        ),
    )


@lru_cache(maxsize=1000)
def _compiled(pattern: str) -> int | str:
    """How large the machine of a pattern is, or why there is none."""
    try:
        return int(re2.compile(pattern, _QUIET).programsize)
    except re2.error as error:
        why = error.args[0] if error.args else ""
        return why.decode("utf-8", "replace") if isinstance(why, bytes) else str(why)


def _size(node: Node, pattern: str) -> int:
    found = _compiled(pattern)
    if isinstance(found, str):
        if found.startswith(_NO_ROOM):
            _too_large(node)
        node.fail("filter.pattern", msg("The pattern %(pattern)s is not valid: %(why)s."), pattern=pattern, why=found)
    return found
