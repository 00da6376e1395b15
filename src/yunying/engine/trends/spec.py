"""The question "how much, over time": its fields, how they are read and the limits they keep."""

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from string import ascii_uppercase
from typing import Any

from yunying.base.errors import msg
from yunying.base.zones import Interval
from yunying.engine.breakdown import DEFAULT_LIMIT, Breakdown, parse_breakdown, parse_limit
from yunying.engine.filters import Filter, Group, Of, conditions, parse_filter
from yunying.engine.formula import Formula, parse_formula
from yunying.engine.ranges import Comparison, RangeSpec, parse_comparison, parse_range
from yunying.engine.reading import Node, hash_of, plain
from yunying.engine.resolve import Names

__all__ = ["MAX_SERIES", "MEASURES", "Display", "Measure", "Series", "Trends"]

MAX_SERIES = 26
_MAX_WINDOW_DAYS = 366
_MAX_MOVING_AVERAGE = 366


class Measure(StrEnum):
    COUNT = "count"
    PEOPLE = "people"
    ACCOUNTS = "accounts"
    SESSIONS = "sessions"
    ROLLING_PEOPLE = "rolling_people"
    SUM = "sum"
    AVG = "avg"
    MIN = "min"
    MAX = "max"
    MEDIAN = "median"
    PERCENTILE = "percentile"
    PER_PERSON_AVG = "per_person_avg"
    PER_PERSON_MIN = "per_person_min"
    PER_PERSON_MAX = "per_person_max"
    PER_PERSON_MEDIAN = "per_person_median"
    FIRST_TIME = "first_time"

    @property
    def of_property(self) -> bool:
        """Whether the measure is taken of a numeric property."""
        return self in _OF_PROPERTY

    @property
    def per_person(self) -> bool:
        return self.value.startswith("per_person_")

    @property
    def distinct(self) -> bool:
        """Whether it counts different things, so that buckets do not add up."""
        return self in {Measure.PEOPLE, Measure.ACCOUNTS, Measure.SESSIONS}

    @property
    def zero_when_empty(self) -> bool:
        """Whether no data is 0; otherwise it is null."""
        return self.distinct or self in {Measure.COUNT, Measure.SUM, Measure.ROLLING_PEOPLE, Measure.FIRST_TIME}

    @property
    def accumulates(self) -> bool:
        """Whether a running total means something."""
        return self.zero_when_empty and self is not Measure.ROLLING_PEOPLE


_OF_PROPERTY = {Measure.SUM, Measure.AVG, Measure.MIN, Measure.MAX, Measure.MEDIAN, Measure.PERCENTILE}
MEASURES: tuple[str, ...] = tuple(measure.value for measure in Measure)


class Display(StrEnum):
    SERIES = "series"
    TOTAL = "total"
    CUMULATIVE = "cumulative"


@dataclass(frozen=True, slots=True)
class Series:
    """One line: `event` is a name or None for any event; `percentile` 0 to 100; `label` what a reader sees."""

    event: str | None = None
    measure: Measure = Measure.COUNT
    label: str = ""
    property: str | None = None
    percentile: float | None = None
    window_days: int | None = None
    filters: Group = field(default_factory=Group)

    def to_json(self) -> dict[str, Any]:
        found: dict[str, Any] = {"event": self.event, "measure": self.measure.value}
        for name in ("label", "property", "percentile", "window_days"):
            if getattr(self, name):
                found[name] = getattr(self, name)
        if self.measure is Measure.PERCENTILE:
            found["percentile"] = plain(self.percentile)
        return found | ({"filters": self.filters.to_json()} if self.filters.items else {})


@dataclass(frozen=True)
class Trends:
    """A complete question about trends. Series are called A, B, C … in their order."""

    range: RangeSpec
    series: tuple[Series, ...]
    interval: Interval = Interval.DAY
    filters: Group = field(default_factory=Group)
    breakdown: tuple[Breakdown, ...] = ()
    breakdown_limit: int = DEFAULT_LIMIT
    formula: Formula | None = None
    compare: Comparison | None = None
    display: Display = Display.SERIES
    moving_average: int | None = None

    @property
    def letters(self) -> tuple[str, ...]:
        return tuple(ascii_uppercase[: len(self.series)])

    def filters_of(self, series: Series) -> tuple[Filter, ...]:
        """Everything an event of `series` must match."""
        return (self.filters, series.filters)

    @property
    def names(self) -> Names:
        """Every event and property the question names."""
        properties = [(by.of, by.property) for by in self.breakdown]
        properties += [(Of.EVENT, series.property) for series in self.series if series.property]
        for tree in (self.filters, *(series.filters for series in self.series)):
            properties += [(leaf.of, leaf.property) for leaf in conditions(tree)]
        return Names(tuple(series.event for series in self.series if series.event), tuple(properties))

    def to_json(self) -> dict[str, Any]:
        """The question as JSON that `parse` reads back to an equal question."""
        found: dict[str, Any] = {
            "kind": "trends",
            "range": self.range.to_json(),
            "interval": self.interval.value,
            "series": [series.to_json() for series in self.series],
            "display": self.display.value,
        }
        if self.filters.items:
            found["filters"] = self.filters.to_json()
        if self.breakdown:
            found["breakdown"] = [breakdown.to_json() for breakdown in self.breakdown]
            found["breakdown_limit"] = self.breakdown_limit
        if self.formula:
            found["formula"] = self.formula.text
        if self.compare:
            found["compare"] = self.compare.to_json()
        if self.moving_average:
            found["moving_average"] = self.moving_average
        return found

    @cached_property
    def hash(self) -> str:
        return hash_of(self.to_json())


def parse(node: Node) -> Trends:
    """Read a trends question. Raises InvalidInput with the path of the field at fault."""
    node.known(
        "kind", "range", "interval", "series", "filters", "breakdown", "breakdown_limit",
        "formula", "compare", "display", "moving_average",
    )  # fmt: skip
    series = tuple(_series(item) for item in node.need("series").items(MAX_SERIES))
    if not series:
        node.need("series").fail("trends.no_series", msg("Add at least one series."))
    letters = ascii_uppercase[: len(series)]
    interval, display = node.get("interval"), node.get("display")
    average = node.get("moving_average")
    breakdown = parse_breakdown(node.get("breakdown"))
    spec = Trends(
        range=parse_range(node.need("range")),
        series=series,
        interval=interval.choice(Interval, [i.value for i in Interval]) if interval else Interval.DAY,
        filters=parse_filter(node.get("filters")),
        breakdown=breakdown,
        breakdown_limit=parse_limit(node.get("breakdown_limit") if breakdown else None, breakdown),
        formula=parse_formula(node.get("formula"), letters) if node.get("formula") else None,
        compare=parse_comparison(node.get("compare")),
        display=display.choice(Display, [d.value for d in Display]) if display else Display.SERIES,
        moving_average=average.whole(2, _MAX_MOVING_AVERAGE) if average else None,
    )
    _check_display(spec, node)
    return spec


def _check_display(spec: Trends, node: Node) -> None:
    if spec.display is not Display.CUMULATIVE:
        return
    for index, series in enumerate(spec.series):
        if not series.measure.accumulates:
            Node(None, f"series.{index}.measure").fail(
                "trends.cannot_accumulate",
                msg("%(measure)s cannot be added up over time. Choose another display or measure."),
                measure=series.measure.value,
            )


def _series(node: Node) -> Series:
    node.known("event", "measure", "label", "property", "percentile", "window_days", "filters")
    event, chosen, label = node.get("event"), node.get("measure"), node.get("label")
    measure = chosen.choice(Measure, MEASURES) if chosen else Measure.COUNT
    return Series(
        event=event.name() if event else None,
        measure=measure,
        label=label.text(most=200) if label else "",
        property=node.need("property").name() if measure.of_property else None,
        percentile=_percentile(node.need("percentile")) if measure is Measure.PERCENTILE else None,
        window_days=_window(node) if measure is Measure.ROLLING_PEOPLE else None,
        filters=parse_filter(node.get("filters")),
    )


def _window(node: Node) -> int:
    given = node.get("window_days")
    return given.whole(1, _MAX_WINDOW_DAYS) if given else 7


def _percentile(node: Node) -> float:
    value = node.value
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 100:
        node.fail("trends.percentile", msg("A percentile is a number from 0 to 100."))
    return float(value)
