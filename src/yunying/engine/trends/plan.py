"""Plan: from a question and its context to the periods, buckets and windows that have to be counted."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from yunying.base import zones
from yunying.base.errors import InvalidInput, msg
from yunying.base.zones import Interval, Span
from yunying.engine.breakdown import crossed
from yunying.engine.context import Context
from yunying.engine.ranges import compared, resolve
from yunying.engine.trends.spec import Display, Measure, Series, Trends

__all__ = ["Batch", "Period", "Plan", "make_plan", "windows"]

MAX_BUCKETS = 10_000
MAX_POINTS = 500_000
MAX_WINDOW_STEPS = 2_000_000


@dataclass(frozen=True, slots=True)
class Period:
    """A span of time and the whole buckets it touches."""

    span: Span
    buckets: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """What one statement answers: some series, by their index, in the period (0), the earlier one (1) or both."""

    series: tuple[int, ...]
    periods: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """`earlier` is what the period is compared with. A batch for both periods, or the present one, comes first."""

    spec: Trends
    context: Context
    period: Period | None = None
    earlier: Period | None = None
    batches: tuple[Batch, ...] = ()

    @property
    def main(self) -> Period:
        assert self.period is not None
        return self.period

    @property
    def periods(self) -> tuple[Period, ...]:
        """The period, and the earlier one if there is one."""
        return (self.main, self.earlier) if self.earlier else (self.main,)


def make_plan(spec: Trends, context: Context) -> Plan:
    """Raises InvalidInput when the question asks for more than a chart can hold."""
    plan = Plan(spec, context)
    for step in _STEPS:
        plan = step(plan)
    return plan


def find_period(plan: Plan) -> Plan:
    """The range in the product's zone, cut into buckets."""
    context = plan.context
    span = resolve(plan.spec.range, context.zone, context.now, context.week_start)
    return replace(plan, period=_period(span, plan.spec.interval, context))


def find_earlier(plan: Plan) -> Plan:
    """The period of the comparison, if one is asked for."""
    if plan.spec.compare is None:
        return plan
    span = compared(plan.main.span, plan.spec.compare, plan.context.zone)
    return replace(plan, earlier=_period(span, plan.spec.interval, plan.context))


def check_size(plan: Plan) -> Plan:
    """Refuse answers too large to be of use."""
    spec = plan.spec
    rows = len(spec.series) * (spec.breakdown_limit + 2 if spec.breakdown else 1) * (2 if spec.compare else 1)
    if rows * len(plan.main.buckets) > MAX_POINTS:
        raise InvalidInput(
            "trends.too_many_points",
            msg("The answer could have %(points)s numbers. Choose a longer interval or a smaller breakdown limit."),
            field="interval",
            points=rows * len(plan.main.buckets),
        )
    for index, series in enumerate(spec.series):
        _check_window(plan, series, f"series.{index}.window_days")
    return plan


def find_batches(plan: Plan) -> Plan:
    """Series of like shape are counted in one scan, and the earlier period with the present one if they are apart."""
    groups: dict[Hashable, list[int]] = {}
    for index, series in enumerate(plan.spec.series):
        groups.setdefault(_shape(plan, index, series), []).append(index)
    batches: list[Batch] = []
    for indices in groups.values():
        rolling = plan.spec.series[indices[0]].measure is Measure.ROLLING_PEOPLE
        together = not plan.earlier or rolling or not _overlapping(plan)
        everything = tuple(range(len(plan.periods)))
        batches += [Batch(tuple(indices), periods) for periods in ([everything] if together else [(0,), (1,)])]
    return replace(plan, batches=tuple(batches))


def _shape(plan: Plan, index: int, series: Series) -> Hashable:
    """What series must have in common to share a statement."""
    spec, measure = plan.spec, series.measure
    running = spec.display is Display.CUMULATIVE and measure.distinct
    rolling, first = measure is Measure.ROLLING_PEOPLE, measure is Measure.FIRST_TIME
    # Values that were ranked before are told to the statement; it can be told one list only.
    told = measure.per_person or crossed(spec.breakdown) or (_overlapping(plan) and not rolling)
    alone = index if spec.breakdown and not spec.formula and told else None
    return running, rolling, first, measure.per_person, series.window_days, alone


def _overlapping(plan: Plan) -> bool:
    return plan.earlier is not None and plan.earlier.span.end > plan.main.span.start


_STEPS: tuple[Callable[[Plan], Plan], ...] = (find_period, find_earlier, check_size, find_batches)


def _period(span: Span, interval: Interval, context: Context) -> Period:
    days = (span.end - span.start) / timedelta(days=1)
    if days / interval.nominal_days > MAX_BUCKETS:
        raise InvalidInput(
            "trends.too_many_buckets",
            msg("The range has more than %(most)s buckets. Choose a longer interval or a shorter range."),
            field="interval",
            most=MAX_BUCKETS,
        )
    return Period(span, zones.buckets(span, interval, context.zone, context.week_start))


def _check_window(plan: Plan, series: Series, field: str) -> None:
    if series.window_days is None or not _slides(plan.spec.interval, series.window_days):
        return
    per_bucket = series.window_days * (24 if plan.spec.interval is Interval.HOUR else 1)
    if per_bucket * len(plan.main.buckets) > MAX_WINDOW_STEPS:
        raise InvalidInput(
            "trends.window_too_fine",
            msg("The window is too long for this interval and range. Choose a longer interval or a shorter range."),
            field=field,
        )


def _slides(interval: Interval, days: int) -> bool:
    """A window no longer than the bucket is the bucket itself."""
    return interval.nominal_days < days


def windows(plan: Plan, period: Period, series: Series) -> tuple[Span, ...]:
    """What a rolling measure reads: first for the total, then for each bucket. Nothing after the range."""
    assert series.measure is Measure.ROLLING_PEOPLE and series.window_days is not None
    days, interval = series.window_days, plan.spec.interval
    whole = Span(_days_before(period.span.end, days, plan), period.span.end)
    if not _slides(interval, days):
        return (whole, *(_inside(bucket, period.span) for bucket in period.buckets))
    if interval is Interval.HOUR:
        starts = [bucket.end - timedelta(days=days) for bucket in period.buckets]
    else:
        starts = [_days_before(bucket.end, days, plan) for bucket in period.buckets]
    ends = [min(bucket.end, period.span.end) for bucket in period.buckets]
    return (whole, *(Span(start, max(start, end)) for start, end in zip(starts, ends, strict=True)))


def _inside(bucket: Span, span: Span) -> Span:
    return Span(max(bucket.start, span.start), min(bucket.end, span.end))


def _days_before(at: datetime, days: int, plan: Plan) -> datetime:
    """The same wall-clock time `days` earlier; the start of a day stays the start of a day."""
    zone = plan.context.zone
    shown = zones.wall(at, zone)
    earlier = shown - timedelta(days=days)
    if at == zones.day_start(shown.date(), zone):
        return zones.day_start(earlier.date(), zone)
    return zones.moment(earlier, zone)
