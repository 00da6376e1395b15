"""What one statement of a trends question counts: which series, in which periods, cut where."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from yunying.base.zones import Span
from yunying.engine.breakdown import Breakdown
from yunying.engine.filters import Of
from yunying.engine.kept import Kept
from yunying.engine.scan import Binder, Reach, millis
from yunying.engine.trends.measures import Aggregate, aggregate_of
from yunying.engine.trends.plan import Batch, Period, Plan, windows
from yunying.engine.trends.spec import Measure, Series
from yunying.store import Kind

__all__ = ["Column", "Part", "Place", "Top", "part_of"]

Top = tuple[tuple[str, ...], ...]
# Which period (0 or 1) and which of its buckets, None for the number over the whole range.
Place = tuple[int, int | None]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of cells: what the series with these indices measure. `suffix` tells it from others."""

    aggregate: Aggregate
    series: tuple[int, ...]
    suffix: str = ""

    @property
    def reads(self) -> str:
        """The column of the matched events that the cell is made of; "" when it only counts them."""
        return self.aggregate.reads + (self.suffix if self.aggregate.reads == "amount" else "")

    @property
    def cell(self) -> str:
        return f"cell{self.suffix}"

    @property
    def value(self) -> str:
        return f"value{self.suffix}"


@dataclass(frozen=True)
class Part:
    """One batch, about to be written as SQL. All of its series have the same shape. `kept` days need no events.

    `top` are the values that get rows of their own; without it the statement ranks them itself.
    """

    plan: Plan
    batch: Batch
    binder: Binder
    columns: tuple[Column, ...]
    kept: Kept | None = None
    top: Top | None = None

    @property
    def breakdown(self) -> tuple[Breakdown, ...]:
        return self.plan.spec.breakdown

    @property
    def values(self) -> list[str]:
        """The names of the breakdown columns."""
        return [f"v{i + 1}" for i in range(len(self.breakdown))]

    @property
    def series(self) -> Series:
        """The first series, which has the shape of all."""
        return self.plan.spec.series[self.batch.series[0]]

    @property
    def many(self) -> bool:
        """Whether rows have to say which series they belong to."""
        return len(self.batch.series) > 1

    @property
    def compared(self) -> bool:
        """Whether the statement answers for both periods."""
        return len(self.batch.periods) > 1

    @property
    def adds_up(self) -> bool:
        """Whether the number over the whole range is the sum of the buckets: whole numbers of different events."""
        return not self.series.measure.per_person and all(
            (column.aggregate.make, column.aggregate.merge) == ("count", "sum") for column in self.columns
        )

    @property
    def keyed(self) -> bool:
        """Whether rows are told apart by a digest of the breakdown value instead of the value.

        One value in a column of its own has its digest once in a dictionary; as one of several keys it would be
        written out for each event, which takes longer than all the rest.
        """
        return (
            len(self.breakdown) == 1
            and self.breakdown[0].of is Of.EVENT
            and self.binder.columns.has(self.breakdown[0].property, Kind.TEXT)
            and self.series.measure is not Measure.FIRST_TIME
        )

    @property
    def rolling(self) -> bool:
        return self.series.measure is Measure.ROLLING_PEOPLE

    @cached_property
    def windows(self) -> dict[int, tuple[Span, ...]]:
        """For a rolling measure what it reads in each period: for the total, then for each bucket."""
        return {p: windows(self.plan, self.period(p), self.series) for p in self.batch.periods}

    def period(self, index: int) -> Period:
        return self.plan.periods[index]

    @cached_property
    def spans(self) -> list[Span]:
        """The stretches of time that are read, one for each period."""
        if self.rolling:
            ends = {p: self.period(p).span.end for p in self.batch.periods}
            return [Span(min(w.start for w in found), ends[p]) for p, found in self.windows.items()]
        return [self.period(p).span for p in self.batch.periods]

    @property
    def reaches(self) -> list[Reach]:
        """The stretches of time for which events are read."""
        return [(span.start, span.end) for span in (self.spans if self.kept is None else self.kept.rest)]

    @cached_property
    def starts(self) -> dict[int, Place]:
        """Where the bucket begins that starts at these milliseconds; the first one begins with its range."""
        return {
            millis(max(bucket.start, self.period(p).span.start)): (p, i)
            for p in self.batch.periods
            for i, bucket in enumerate(self.period(p).buckets)
        }

    @cached_property
    def edges(self) -> list[int]:
        """Milliseconds at which a cell starts."""
        if not self.rolling:
            return sorted(self.starts)
        spans = [span for found in self.windows.values() for span in found]
        return sorted({millis(at) for span in spans for at in (span.start, span.end)})

    @property
    def wholes(self) -> dict[int, int]:
        """For each period a time at which no bucket starts: it stands for the whole range."""
        return {p: self.edges[0] - 1 - p for p in self.batch.periods}

    def places(self) -> Mapping[int, Place]:
        """Which number of the answer is meant by `bucket` in a row of the statement."""
        if self.rolling:
            listed: list[Place] = [
                (p, place) for p, found in self.windows.items() for place in (None, *range(len(found) - 1))
            ]
            return {index + 1: place for index, place in enumerate(listed)}
        return self.starts | {at: (p, None) for p, at in self.wholes.items()}

    def since(self) -> str:
        """The placeholder for the start of the present period, in milliseconds."""
        return self.binder.bind("since", millis(self.spans[0].start), "Int64")


def part_of(plan: Plan, batch: Batch, binder: Binder) -> Part:
    """`binder` may be shared by the parts of one statement. A period without buckets has nothing to count."""
    batch = Batch(batch.series, tuple(p for p in batch.periods if plan.periods[p].buckets))
    groups: dict[tuple[Aggregate, str | None], list[int]] = {}
    for index in batch.series:
        series = plan.spec.series[index]
        groups.setdefault((aggregate_of(series, binder), series.property), []).append(index)
    columns = tuple(
        Column(aggregate, tuple(indices), f"_{number}" if len(groups) > 1 else "")
        for number, ((aggregate, _), indices) in enumerate(groups.items())
    )
    return Part(plan, batch, binder, columns)
