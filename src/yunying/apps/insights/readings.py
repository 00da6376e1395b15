"""What a metric says over time: one number per day, or per whole day, week or month."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from yunying.apps.insights.answers import context_for
from yunying.apps.insights.freshness import reach_of, today_of
from yunying.apps.insights.models import Metric, Window
from yunying.apps.insights.questions import asked_over
from yunying.apps.insights.rates import RATES, periods_of, rates_in
from yunying.apps.insights.windows import first_day, last_whole_day
from yunying.apps.tracking.services import note_question
from yunying.engine import parse, run
from yunying.platform.products.models import Product

__all__ = ["MetricPoint", "metric_history", "metric_points", "metric_recent"]

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class MetricPoint:
    """The metric's value at the end of day `on`; None is "no data". `whole` is False while `on` is not over."""

    on: date
    value: float | None
    whole: bool = True


def metric_history(product: Product, metric: Metric, start: date, until: date) -> tuple[MetricPoint, ...]:
    """The metric's readings from `start` to `until`, days of the product's zone, the oldest first.

    A total grows day by day from `start`, today included so far. The other windows give one point per whole day,
    week or month that ended by then, beginning with the last one that ended before `start` or holds it; where the
    data end earlier, the last period they fill is the last point. One engine query.
    Raises LimitReached and Unavailable as the engine does.
    """
    window = Window(metric.window)
    if window == Window.TOTAL:
        return metric_points(product, metric, window, start, min(until, today_of(product)))
    reach = reach_of(product)
    if reach is None:
        return ()
    holding_start = first_day(window, start, product.week_start)
    first = first_day(window, holding_start - ONE_DAY, product.week_start)
    last = last_whole_day(window, min(until + ONE_DAY, reach), product.week_start)
    return metric_points(product, metric, window, first, last)


def metric_recent(product: Product, metric: Metric, *, count: int, as_of: date) -> tuple[MetricPoint, ...]:
    """The last `count` whole days, weeks or months before `as_of`; a total is looked at by weeks. One query."""
    window = Window.WEEK if metric.window == Window.TOTAL else Window(metric.window)
    last = last_whole_day(window, as_of, product.week_start)
    first = first_day(window, last, product.week_start)
    for _ in range(count - 1):
        first = first_day(window, first - ONE_DAY, product.week_start)
    return metric_points(product, metric, window, first, last)


def metric_points(product: Product, metric: Metric, window: Window, first: date, last: date) -> tuple[MetricPoint, ...]:
    """The metric over `window` from `first` to `last`, as it is asked: one point a day or whole window. One query."""
    if last < first:
        return ()
    if metric.question["kind"] in RATES:
        return _rate_points(product, metric, window, first, last)
    asked = parse(asked_over(metric.question, first, last, window))
    result: Any = run(asked, context_for(product))
    note_question(product.pk, asked.to_json())
    # The formula, when there is one, is the last line; otherwise there is exactly one.
    line = result.rows[-1].points if result.rows else ()
    today = today_of(product)
    ends = [(bucket.end - timedelta(microseconds=1)).date() for bucket in result.buckets]
    return tuple(MetricPoint(on, value, on < today) for on, value in zip(ends, line, strict=False))


def _rate_points(product: Product, metric: Metric, window: Window, first: date, last: date) -> tuple[MetricPoint, ...]:
    """The rates of whole periods; of very many the latest."""
    start, ends = periods_of(window, first, last)
    asked = parse(asked_over(metric.question, start, ends[-1], window))
    rates = rates_in(metric.question, run(asked, context_for(product)))
    note_question(product.pk, asked.to_json())
    today = today_of(product)
    values = [*rates, *[None] * len(ends)]
    return tuple(MetricPoint(on, value, on < today) for on, value in zip(ends, values, strict=False))
