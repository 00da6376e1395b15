"""The question "who comes back": its fields, how they are read and the limits they keep."""

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from itertools import accumulate
from typing import Any

from yunying.base.errors import msg
from yunying.base.zones import Interval
from yunying.engine.breakdown import DEFAULT_LIMIT, Breakdown, parse_breakdown, parse_limit
from yunying.engine.filters import Group, Of, conditions, parse_filter
from yunying.engine.ranges import RangeSpec, parse_range
from yunying.engine.reading import Node, hash_of
from yunying.engine.resolve import Names

__all__ = ["MAX_PERIODS", "Clock", "Display", "Doing", "Mode", "Retained", "Retention", "ValueMeasure", "parse"]

MAX_PERIODS = 120
_MAX_BRACKETS = 60
_MAX_MINIMUM = 1000
_PERIODS = (Interval.HOUR, Interval.DAY, Interval.WEEK, Interval.MONTH)


class Mode(StrEnum):
    """Which of a person's start events put them into a cohort."""

    RECURRING = "recurring"
    FIRST_TIME = "first_time"
    FIRST_EVER = "first_ever"


class Clock(StrEnum):
    """Periods of the calendar, or windows of 24 hours from each person's own start."""

    CALENDAR = "calendar"
    ROLLING = "rolling"


class ValueMeasure(StrEnum):
    SUM = "sum"
    AVG = "avg"


class Display(StrEnum):
    TABLE = "table"
    CURVE = "curve"


@dataclass(frozen=True, slots=True)
class Doing:
    """What somebody does to start or to return: an event of this name (None: of any) that matches the filters."""

    event: str | None = None
    filters: Group = field(default_factory=Group)

    def to_json(self) -> dict[str, Any]:
        return {"event": self.event} | ({"filters": self.filters.to_json()} if self.filters.items else {})


@dataclass(frozen=True, slots=True)
class Retained:
    """A number of the return events, shown in each cell beside the people."""

    measure: ValueMeasure
    property: str

    def to_json(self) -> dict[str, Any]:
        return {"measure": self.measure.value, "property": self.property}


@dataclass(frozen=True)
class Retention:
    """A complete question about retention. `periods` None: as many as there are cohorts, less one.

    `brackets` are the lengths, in periods, of the columns after the first.
    """

    range: RangeSpec
    start: Doing = field(default_factory=Doing)
    back: Doing = field(default_factory=Doing)
    period: Interval = Interval.WEEK
    mode: Mode = Mode.RECURRING
    clock: Clock = Clock.CALENDAR
    on_or_after: bool = False
    minimum: int = 1
    brackets: tuple[int, ...] = ()
    periods: int | None = None
    filters: Group = field(default_factory=Group)
    breakdown: tuple[Breakdown, ...] = ()
    breakdown_limit: int = DEFAULT_LIMIT
    value: Retained | None = None
    display: Display = Display.TABLE

    def columns(self, cohorts: int) -> tuple[tuple[int, int], ...]:
        """The first and last period of each column, column 0 first, where there are so many cohorts."""
        if self.brackets:
            ends = list(accumulate(self.brackets))
            return ((0, 0), *zip([1, *(end + 1 for end in ends[:-1])], ends, strict=True))
        last = self.periods or min(max(cohorts - 1, 1), MAX_PERIODS)
        return tuple((i, i) for i in range(last + 1))

    @property
    def names(self) -> Names:
        """Every event and property the question names."""
        properties = [(by.of, by.property) for by in self.breakdown]
        properties += [(Of.EVENT, self.value.property)] if self.value else []
        for tree in (self.filters, self.start.filters, self.back.filters):
            properties += [(leaf.of, leaf.property) for leaf in conditions(tree)]
        return Names(tuple(doing.event for doing in (self.start, self.back) if doing.event), tuple(properties))

    def to_json(self) -> dict[str, Any]:
        """The question as JSON that `parse` reads back to an equal question."""
        found: dict[str, Any] = {
            "kind": "retention",
            "range": self.range.to_json(),
            "period": self.period.value,
            "start": self.start.to_json(),
            "return": self.back.to_json(),
            "mode": self.mode.value,
            "clock": self.clock.value,
            "display": self.display.value,
        }
        if self.on_or_after:
            found["on_or_after"] = True
        if self.minimum > 1:
            found["minimum"] = self.minimum
        if self.brackets:
            found["brackets"] = list(self.brackets)
        if self.periods:
            found["periods"] = self.periods
        if self.filters.items:
            found["filters"] = self.filters.to_json()
        if self.breakdown:
            found["breakdown"] = [by.to_json() for by in self.breakdown]
            found["breakdown_limit"] = self.breakdown_limit
        if self.value:
            found["value"] = self.value.to_json()
        return found

    @cached_property
    def hash(self) -> str:
        return hash_of(self.to_json())


def parse(node: Node) -> Retention:
    """Read a retention question. Raises InvalidInput with the path of the field at fault."""
    node.known(
        "kind", "range", "period", "start", "return", "mode", "clock", "on_or_after", "minimum", "brackets",
        "periods", "filters", "breakdown", "breakdown_limit", "value", "display",
    )  # fmt: skip
    period, mode, clock, display = (node.get(name) for name in ("period", "mode", "clock", "display"))
    after, minimum = node.get("on_or_after"), node.get("minimum")
    breakdown = parse_breakdown(node.get("breakdown"))
    brackets = _brackets(node.get("brackets"))
    return Retention(
        range=parse_range(node.need("range")),
        start=_doing(node.get("start")),
        back=_doing(node.get("return")),
        period=period.choice(Interval, [i.value for i in _PERIODS]) if period else Interval.WEEK,
        mode=mode.choice(Mode, [m.value for m in Mode]) if mode else Mode.RECURRING,
        clock=clock.choice(Clock, [c.value for c in Clock]) if clock else Clock.CALENDAR,
        on_or_after=after.flag() if after else False,
        minimum=minimum.whole(1, _MAX_MINIMUM) if minimum else 1,
        brackets=brackets,
        periods=_periods(node.get("periods"), brackets),
        filters=parse_filter(node.get("filters")),
        breakdown=breakdown,
        breakdown_limit=parse_limit(node.get("breakdown_limit") if breakdown else None, breakdown),
        value=_retained(node.get("value")),
        display=display.choice(Display, [d.value for d in Display]) if display else Display.TABLE,
    )


def _doing(node: Node | None) -> Doing:
    if node is None:
        return Doing()
    node.known("event", "filters")
    event = node.get("event")
    return Doing(event.name() if event else None, parse_filter(node.get("filters")))


def _brackets(node: Node | None) -> tuple[int, ...]:
    if node is None:
        return ()
    found = tuple(item.whole(1, MAX_PERIODS) for item in node.items(_MAX_BRACKETS))
    if sum(found) > MAX_PERIODS:
        node.fail(
            "retention.brackets",
            msg("These columns last %(sum)s periods together; use at most %(most)s."),
            sum=sum(found),
            most=MAX_PERIODS,
        )
    return found


def _periods(node: Node | None, brackets: tuple[int, ...]) -> int | None:
    if node is None:
        return None
    found = node.whole(1, MAX_PERIODS)
    if brackets:
        node.fail(
            "retention.periods",
            msg("The columns are given by their lengths. Remove the number of periods or the lengths."),
        )
    return found


def _retained(node: Node | None) -> Retained | None:
    if node is None:
        return None
    node.known("measure", "property")
    measure = node.get("measure")
    chosen = measure.choice(ValueMeasure, [m.value for m in ValueMeasure]) if measure else ValueMeasure.SUM
    return Retained(chosen, node.need("property").name())
