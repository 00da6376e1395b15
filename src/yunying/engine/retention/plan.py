"""Plan: the cohorts of a retention question, its columns, and which of its cells have begun or are over."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from yunying.base import zones
from yunying.base.errors import InvalidInput, msg
from yunying.base.zones import Interval, Span
from yunying.engine.context import Context
from yunying.engine.ranges import resolve
from yunying.engine.retention.spec import Clock, Retention

__all__ = ["WINDOWS", "Plan", "make_plan"]

MAX_COHORTS = 1_000
MAX_CELLS = 100_000
# What a period lasts when it is counted from a person's own start: so many times 24 hours (a month is 30).
WINDOWS = {
    Interval.HOUR: timedelta(hours=1),
    Interval.DAY: timedelta(days=1),
    Interval.WEEK: timedelta(days=7),
    Interval.MONTH: timedelta(days=30),
}
# Around clock changes a period may have no bucket of its own; so many more are asked for.
_SPARE = 4


@dataclass(frozen=True)
class Plan:
    """`buckets` go on past the range as far as the last column of the last cohort; the first `size` are cohorts.

    A column counts the windows from its first to its last: periods after the cohort's, or after a person's start.
    """

    spec: Retention
    context: Context
    span: Span
    buckets: tuple[Span, ...]
    size: int
    columns: tuple[tuple[int, int], ...]

    @property
    def rolling(self) -> bool:
        return self.spec.clock is Clock.ROLLING

    @property
    def last_window(self) -> int:
        return self.columns[-1][1]

    @cached_property
    def column_of(self) -> list[int]:
        """The column of each window from 1 on."""
        return [i for i, (first, last) in enumerate(self.columns[1:], 1) for _ in range(first, last + 1)]

    @property
    def plain(self) -> bool:
        """Whether each column is one window."""
        return all(first == last for first, last in self.columns)

    @cached_property
    def begun(self) -> tuple[int, ...]:
        """For each cohort its last window that has begun; -1 when the cohort itself has not."""
        return tuple(min(self._begun(i), self.last_window) for i in range(self.size))

    def _begun(self, cohort: int) -> int:
        now = self.context.now
        if self.rolling:
            first = max(self.buckets[cohort].start, self.span.start)
            return (now - first) // WINDOWS[self.spec.period] if now >= first else -1
        return sum(bucket.start <= now for bucket in self.buckets) - 1 - cohort

    def exists(self, cohort: int, column: int) -> bool:
        """Whether anybody of the cohort can have come back in the column yet."""
        return self.columns[column][0] <= self.begun[cohort]

    def partial(self, cohort: int, column: int) -> bool:
        """Whether the column is not over yet for everybody of the cohort."""
        last = self.columns[column][1]
        if self.rolling:
            end = min(self.buckets[cohort].end, self.span.end)
            return end + (last + 1) * WINDOWS[self.spec.period] > self.context.now
        return self.buckets[cohort + last].end > self.context.now

    def complete(self, column: int) -> list[int]:
        """The cohorts for which the column is over."""
        return [i for i in range(self.size) if self.exists(i, column) and not self.partial(i, column)]

    @property
    def reach(self) -> datetime:
        """Before when the last event lies that may count as a return."""
        if self.rolling:
            end = min(self.buckets[self.size - 1].end, self.span.end)
            return end + (self.last_window + 1) * WINDOWS[self.spec.period]
        begun = max(i + window for i, window in enumerate(self.begun))
        return self.buckets[max(begun, 0)].end


def make_plan(spec: Retention, context: Context) -> Plan:
    """Raises InvalidInput when the question asks for more than a table can hold."""
    span = resolve(spec.range, context.zone, context.now, context.week_start)
    _check_cohorts(int((span.end - span.start) / spec.period.shortest))
    cohorts = zones.buckets(span, spec.period, context.zone, context.week_start)
    columns = spec.columns(len(cohorts))
    _check_cells(spec, len(cohorts) * len(columns))
    if spec.clock is Clock.ROLLING:
        return Plan(spec, context, span, cohorts, len(cohorts), columns)
    wanted = len(cohorts) + columns[-1][1]
    far = Span(span.start, _after(cohorts[-1].start, columns[-1][1] + _SPARE, spec.period, context))
    buckets = zones.buckets(far, spec.period, context.zone, context.week_start)
    return Plan(spec, context, span, buckets[:wanted], len(cohorts), columns)


def _after(at: datetime, count: int, period: Interval, context: Context) -> datetime:
    """An instant so many periods later. Hours that the clocks left out were none."""
    if period is Interval.HOUR:
        return at + timedelta(hours=count)
    return zones.moment(zones.shift(zones.wall(at, context.zone), period, count), context.zone)


def _check_cohorts(count: int) -> None:
    # Refused before they are cut: by the length a period has at least, hence the factor.
    if count > MAX_COHORTS * 2:
        raise InvalidInput(
            "retention.too_many_cohorts",
            msg("There would be more than %(most)s cohorts. Choose a longer period or a shorter range."),
            field="period",
            most=MAX_COHORTS,
        )


def _check_cells(spec: Retention, cells: int) -> None:
    cells *= spec.breakdown_limit + 2 if spec.breakdown else 1
    if cells > MAX_CELLS:
        raise InvalidInput(
            "retention.too_many_cells",
            msg("The answer could have %(cells)s numbers. Choose a longer period, a shorter range or fewer columns."),
            field="period",
            cells=cells,
        )
