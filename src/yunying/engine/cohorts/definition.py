"""What a cohort is: conditions on persons, their accounts and what they did, joined by and, or, not.

Everything is frozen, hashable and complete; the instant a cohort is asked for comes from outside.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from yunying.engine.filters import Condition, Filter, Group, Operator, conditions
from yunying.engine.ranges import Last
from yunying.engine.reading import hash_of

__all__ = [
    "Amount",
    "Cohort",
    "Did",
    "FirstTime",
    "InCohort",
    "Joined",
    "Members",
    "Property",
    "Regularly",
    "Since",
    "Stopped",
    "Times",
    "Tree",
    "Window",
    "cohorts_in",
    "leaves",
    "named_events",
    "named_properties",
    "references",
]


class Amount(StrEnum):
    """How a number of times is compared. At most still means at least once."""

    GTE = "gte"
    LTE = "lte"
    EQ = "eq"


@dataclass(frozen=True, slots=True)
class Since:
    """From the start of a day, or from a wall-clock time, on."""

    text: str

    def to_json(self) -> dict[str, Any]:
        return {"since": self.text}


# The last n units, the present one included unless `whole`; or since a date. None: from the first event of all.
Window = Last | Since


@dataclass(frozen=True, slots=True)
class Times:
    """How often: `count` is at least 1."""

    op: Amount = Amount.GTE
    count: int = 1

    def to_json(self) -> dict[str, Any]:
        return {"op": self.op.value, "count": self.count}


@dataclass(frozen=True, slots=True)
class Property:
    """A property of the person, or of any of the accounts seen on their events."""

    condition: Condition

    def to_json(self) -> dict[str, Any]:
        return {"kind": "property"} | self.condition.to_json()


@dataclass(frozen=True, slots=True)
class Did:
    """Did the event (None: any) so many times within the window; with `no`, everybody who did not."""

    event: str | None = None
    filters: Group = field(default_factory=Group)
    times: Times = field(default_factory=Times)
    within: Window | None = None
    no: bool = False

    def to_json(self) -> dict[str, Any]:
        found = {"kind": "did", "event": self.event} | _filters(self.filters)
        found |= {"not": True} if self.no else {}
        return found | {"times": self.times.to_json()} | _window("within", self.within)


@dataclass(frozen=True, slots=True)
class FirstTime:
    """The first matching event of all time falls into the window."""

    event: str | None = None
    filters: Group = field(default_factory=Group)
    within: Window | None = None

    def to_json(self) -> dict[str, Any]:
        return {"kind": "first_time", "event": self.event} | _filters(self.filters) | _window("within", self.within)


@dataclass(frozen=True, slots=True)
class Stopped:
    """Did the event within the longer window, but not within the shorter one."""

    event: str | None
    filters: Group
    within: Window
    absent: Last

    def to_json(self) -> dict[str, Any]:
        found = {"kind": "stopped", "event": self.event} | _filters(self.filters)
        return found | _window("within", self.within) | _window("absent", self.absent)


@dataclass(frozen=True, slots=True)
class Regularly:
    """Did the event in at least so many of the last periods, the present one included."""

    event: str | None
    filters: Group
    at_least: int
    periods: Last

    def to_json(self) -> dict[str, Any]:
        found = {"kind": "regularly", "event": self.event} | _filters(self.filters)
        periods = {"of": self.periods.count, "unit": self.periods.unit.value}
        return found | {"at_least": self.at_least} | periods | ({"whole": True} if self.periods.whole else {})


@dataclass(frozen=True, slots=True)
class InCohort:
    """Belongs to another cohort, as of the same instant; with `no`, does not."""

    cohort: int
    no: bool = False

    def to_json(self) -> dict[str, Any]:
        return {"kind": "cohort", "cohort": self.cohort} | ({"not": True} if self.no else {})


@dataclass(frozen=True, slots=True)
class Joined:
    """All of `items` (`op` "and") or at least one of them ("or"); with `no`, everybody else."""

    op: str
    items: tuple["Tree", ...]
    no: bool = False

    def to_json(self) -> dict[str, Any]:
        head: dict[str, Any] = {"op": self.op} | ({"not": True} if self.no else {})
        return head | {"items": [item.to_json() for item in self.items]}


Leaf = Property | Did | FirstTime | Stopped | Regularly | InCohort
Tree = Joined | Leaf


@dataclass(frozen=True)
class Cohort:
    """A definition as a whole."""

    root: Joined

    def to_json(self) -> dict[str, Any]:
        """The definition as JSON that `parse` reads back to an equal one."""
        return self.root.to_json()

    @cached_property
    def hash(self) -> str:
        return hash_of(self.to_json())


@dataclass(frozen=True, slots=True)
class Members:
    """A fixed list of persons, kept in the event store under this number."""

    cohort: int


def leaves(node: Tree) -> Iterator[Leaf]:
    """The conditions of a tree, left to right."""
    if isinstance(node, Joined):
        for item in node.items:
            yield from leaves(item)
    else:
        yield node


def references(cohort: Cohort) -> tuple[int, ...]:
    """The numbers of the cohorts this one names, in its conditions and in the filters of its events.

    A cohort that is named twice is there twice.
    """
    found: list[int] = []
    for leaf in leaves(cohort.root):
        if isinstance(leaf, InCohort):
            found.append(leaf.cohort)
        elif not isinstance(leaf, Property):
            found += cohorts_in(leaf.filters)
    return tuple(found)


def cohorts_in(tree: Filter) -> list[int]:
    """The numbers of the cohorts a filter names."""
    asked = (leaf for leaf in conditions(tree) if leaf.operator.positive is Operator.IN_COHORT)
    return [int(value) for leaf in asked for value in leaf.values]


def named_events(cohort: Cohort) -> tuple[str, ...]:
    """The names of the events a definition asks about."""
    events = (leaf.event for leaf in leaves(cohort.root) if not isinstance(leaf, Property | InCohort))
    return tuple(dict.fromkeys(event for event in events if event))


def named_properties(cohort: Cohort) -> Iterator[Condition]:
    """Every condition on a property, those of the filters of its events included."""
    for leaf in leaves(cohort.root):
        if isinstance(leaf, Property):
            yield leaf.condition
        elif not isinstance(leaf, InCohort):
            yield from (c for c in conditions(leaf.filters) if c.operator.positive is not Operator.IN_COHORT)


def _filters(filters: Group) -> dict[str, Any]:
    return {"filters": filters.to_json()} if filters.items else {}


def _window(name: str, window: Window | None) -> dict[str, Any]:
    return {name: window.to_json()} if window else {}
