"""The whole past of a metric in equal steps, taken apart into what can be added up."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from yunying.apps.insights.answers import context_for
from yunying.apps.insights.models import Metric, Window
from yunying.apps.insights.questions import asked_over
from yunying.apps.insights.readings import MetricPoint, metric_points
from yunying.apps.insights.windows import first_day, last_whole_day
from yunying.engine import parse, run
from yunying.engine.formula import Formula
from yunying.platform.products.models import Product

__all__ = ["MetricPast", "metric_past"]

Number = float | None
# Measures whose days add up to what a week, a month or a goal's whole time says.
SUMS = frozenset({"count", "sum", "first_time"})


@dataclass(frozen=True, slots=True)
class MetricPast:
    """`components[k][i]` is what series k had in step i (None: no data); the first step begins on `first`.

    With `adds_up` the steps are days, the metric over a stretch is `formula` over the sums of the components
    (without one, the only component's sum). Otherwise a step is a whole window of the metric and there is one
    component: the metric itself. `least_amount` is the least single amount of a metric that is just one sum.
    """

    first: date
    step: Window
    components: tuple[tuple[Number, ...], ...]
    adds_up: bool
    formula: Formula | None = None
    least_amount: Number = None


def metric_past(product: Product, metric: Metric, before: date, *, most_days: int) -> MetricPast | None:
    """The metric's whole days or windows before `before`, from the first that has data, `most_days` back at most.

    None when nothing was there, and for a total of different people, accounts or sessions, which has no steps.
    One engine query. Raises what the engine raises.
    """
    start = before - timedelta(days=most_days)
    if _adds_up(metric):
        return _daily(product, metric, start, before)
    return None if metric.window == Window.TOTAL else _by_window(product, metric, start, before)


def _adds_up(metric: Metric) -> bool:
    series = metric.question.get("series") or []
    return bool(series) and all(one.get("measure", "count") in SUMS for one in series)


def _daily(product: Product, metric: Metric, start: date, before: date) -> MetricPast | None:
    question = {key: value for key, value in metric.question.items() if key != "formula"}
    question["series"] = [*question["series"], *_amounts_of(metric)]
    asked: Any = parse(asked_over(question, start, before - timedelta(days=1), Window.DAY))
    whole: Any = parse(asked_over(metric.question, start, before, Window.DAY))
    result: Any = run(asked, context_for(product))
    lines = [result.rows_of(letter)[0].points if result.rows_of(letter) else () for letter in asked.letters]
    lines, amounts = lines[: len(metric.question["series"])], lines[len(metric.question["series"]) :]
    least = min((value for line in amounts for value in line if value is not None), default=None)
    skipped = min((_leading(line) for line in lines), default=0)
    if not lines or skipped == max(map(len, lines)):
        return None
    days = (before - start).days
    kept = tuple(tuple(line[skipped:]) if line else (0.0,) * (days - skipped) for line in lines)
    return MetricPast(start + timedelta(days=skipped), Window.DAY, kept, True, whole.formula, least)


def _amounts_of(metric: Metric) -> list[dict[str, Any]]:
    """The series that tells the least amount of a metric that is one sum; else none."""
    series = metric.question["series"]
    if len(series) > 1 or metric.question.get("formula") or series[0].get("measure") != "sum":
        return []
    return [series[0] | {"measure": "min"}]


def _leading(line: tuple[Number, ...]) -> int:
    """How many steps pass before the first that has something."""
    return next((i for i, value in enumerate(line) if value), len(line))


def _by_window(product: Product, metric: Metric, start: date, before: date) -> MetricPast | None:
    window = Window(metric.window)
    last = last_whole_day(window, before, product.week_start)
    points: tuple[MetricPoint, ...] = metric_points(
        product, metric, window, first_day(window, start, product.week_start), last
    )
    values = tuple(point.value for point in points)
    skipped = _leading(values)
    if skipped == len(values):
        return None
    first = first_day(window, points[skipped].on, product.week_start)
    return MetricPast(first, window, (values[skipped:],), False)
