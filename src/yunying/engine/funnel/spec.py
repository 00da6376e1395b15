"""The question "how many get from step to step": its fields, how they are read and the limits they keep."""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any

from yunying.base.zones import Interval
from yunying.engine.breakdown import DEFAULT_LIMIT, Breakdown
from yunying.engine.filters import Group, Of, conditions
from yunying.engine.ranges import RangeSpec
from yunying.engine.reading import hash_of
from yunying.engine.resolve import Names

__all__ = [
    "MAX_BINS",
    "MAX_EVENTS",
    "MAX_EXCLUSIONS",
    "MAX_HELD",
    "MAX_OPTIONAL",
    "MAX_STEPS",
    "Attribution",
    "Display",
    "Exclusion",
    "Funnel",
    "Order",
    "Step",
    "StepEvent",
    "To",
    "Unit",
    "Window",
]

MAX_STEPS, MAX_EVENTS, MAX_EXCLUSIONS, MAX_HELD, MAX_BINS = 20, 20, 10, 3, 100
# Each one more multiplies the ways through a funnel, and with them what planning a statement costs.
MAX_OPTIONAL = 4


class Order(StrEnum):
    """`ordered`: others may happen between; `strict`: the very next event; `unordered`: in any order."""

    ORDERED = "ordered"
    STRICT = "strict"
    UNORDERED = "unordered"


class Display(StrEnum):
    STEPS = "steps"
    TIMES = "times"
    OVER_TIME = "over_time"


class Unit(StrEnum):
    """Of a window, all of one length whatever the clocks do: a day is 24 hours, a month 30 days."""

    SECOND = "second"
    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"

    @property
    def length(self) -> timedelta:
        return _LENGTHS[self]


_LENGTHS = {
    Unit.SECOND: timedelta(seconds=1),
    Unit.MINUTE: timedelta(minutes=1),
    Unit.HOUR: timedelta(hours=1),
    Unit.DAY: timedelta(days=1),
    Unit.WEEK: timedelta(weeks=1),
    Unit.MONTH: timedelta(days=30),
}


@dataclass(frozen=True, slots=True)
class Window:
    """How long an attempt may take from its first step to each later one, its end included."""

    count: int = 14
    unit: Unit = Unit.DAY

    @property
    def length(self) -> timedelta:
        return self.count * self.unit.length

    def to_json(self) -> dict[str, Any]:
        return {"count": self.count, "unit": self.unit.value}


class To(StrEnum):
    """Which value an attempt with several stands under: its first or last known one, that of a step, or each."""

    FIRST = "first"
    LAST = "last"
    STEP = "step"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Attribution:
    to: To = To.FIRST
    step: int = 1

    def to_json(self) -> dict[str, Any]:
        return {"to": self.to.value} | ({"step": self.step} if self.to is To.STEP else {})


@dataclass(frozen=True, slots=True)
class StepEvent:
    """One event that does a step: a name, or None for any event, and what it must look like."""

    event: str | None = None
    filters: Group = field(default_factory=Group)

    def to_json(self) -> dict[str, Any]:
        return {"event": self.event} | ({"filters": self.filters.to_json()} if self.filters.items else {})


@dataclass(frozen=True, slots=True)
class Step:
    """Done by any of `events`; an optional one is skipped when it was not done."""

    events: tuple[StepEvent, ...]
    label: str = ""
    optional: bool = False

    def to_json(self) -> dict[str, Any]:
        found: dict[str, Any] = {"events": [event.to_json() for event in self.events]}
        return found | ({"label": self.label} if self.label else {}) | ({"optional": True} if self.optional else {})


@dataclass(frozen=True, slots=True)
class Exclusion:
    """What must not happen between the steps `first` and `last`, counted from 1."""

    event: StepEvent
    first: int
    last: int

    def to_json(self) -> dict[str, Any]:
        return self.event.to_json() | {"from": self.first, "to": self.last}


@dataclass(frozen=True)
class Funnel:
    """A complete question about a funnel. Steps are counted from 1."""

    range: RangeSpec
    steps: tuple[Step, ...]
    order: Order = Order.ORDERED
    window: Window = field(default_factory=Window)
    exclusions: tuple[Exclusion, ...] = ()
    hold: tuple[str, ...] = ()
    filters: Group = field(default_factory=Group)
    breakdown: tuple[Breakdown, ...] = ()
    breakdown_limit: int = DEFAULT_LIMIT
    attribution: Attribution = field(default_factory=Attribution)
    within_range: bool = False
    display: Display = Display.STEPS
    interval: Interval = Interval.DAY
    from_step: int = 1
    to_step: int = 2
    bins: int | None = None

    @property
    def required(self) -> tuple[int, ...]:
        """The steps that are not optional; the first and the last always are."""
        return tuple(number for number, step in enumerate(self.steps, 1) if not step.optional)

    def before(self, step: int) -> int:
        """The step a step comes from: the one before it that is not optional."""
        return max(number for number in self.required if number < step)

    @property
    def names(self) -> Names:
        """Every event and property the question names."""
        every = [event for step in self.steps for event in step.events] + [out.event for out in self.exclusions]
        properties = [(by.of, by.property) for by in self.breakdown] + [(Of.EVENT, name) for name in self.hold]
        for tree in (self.filters, *(event.filters for event in every)):
            properties += [(leaf.of, leaf.property) for leaf in conditions(tree)]
        return Names(tuple(event.event for event in every if event.event), tuple(properties))

    def to_json(self) -> dict[str, Any]:
        """The question as JSON that `parse` reads back to an equal question."""
        found: dict[str, Any] = {
            "kind": "funnel",
            "range": self.range.to_json(),
            "order": self.order.value,
            "window": self.window.to_json(),
            "steps": [step.to_json() for step in self.steps],
            "display": self.display.value,
            "interval": self.interval.value,
            "from_step": self.from_step,
            "to_step": self.to_step,
        }
        if self.exclusions:
            found["exclusions"] = [exclusion.to_json() for exclusion in self.exclusions]
        if self.hold:
            found["hold"] = [{"of": "event", "property": name} for name in self.hold]
        if self.filters.items:
            found["filters"] = self.filters.to_json()
        if self.breakdown:
            found["breakdown"] = [by.to_json() for by in self.breakdown]
            found["breakdown_limit"] = self.breakdown_limit
            found["attribution"] = self.attribution.to_json()
        if self.within_range:
            found["within_range"] = True
        return found | ({"bins": self.bins} if self.bins else {})

    @cached_property
    def hash(self) -> str:
        return hash_of(self.to_json())
