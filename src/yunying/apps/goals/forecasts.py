"""Forecasts of key results: the past of the metric, continued to the due day and judged by a back-test."""

import logging
import math
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from yunying.apps.goals.models import Forecast, KeyResult, Shape, Status
from yunying.apps.goals.models.forecast import Doubt, Method
from yunying.apps.goals.standing import today_in
from yunying.apps.insights.selectors import (
    QUIET,
    Metric,
    MetricPast,
    Unit,
    Window,
    first_day,
    last_event_day,
    last_whole_day,
    metric_history,
    metric_past,
    next_end,
)
from yunying.base import clock
from yunying.base.errors import YunyingError
from yunying.platform.jobs import enqueue, job, schedule
from yunying.platform.products.workdays import workdays_of
from yunying.stats import forecast as stats
from yunying.stats.predictors import Method as Plain
from yunying.stats.predictors import Step, Timeline

__all__ = ["ask_for_forecast", "due_for_forecast", "forget_forecasts", "make_forecast", "try_to_forecast"]

log = logging.getLogger(__name__)

ONE_DAY = timedelta(days=1)
# Two years show a yearly season; more cost time and tell of a product that is no more.
MOST_DAYS = 800
# The rate of a total of different people is taken from its latest days.
RATE_DAYS = 14
# Of what adds up or counts; the least amount of a sum is looked at besides.
_NEVER_FALL = frozenset({"count", "sum", "first_time", "people", "accounts", "sessions", "rolling_people"})
# A longer way is drawn through this many of its days.
MOST_POINTS = 60


def due_for_forecast(limit: int = 200) -> list[int]:
    """Key results under way without a forecast in the last day, the ones that are due first.

    One that had no data is asked again every hour: they may have come. No zone is more than a day away from UTC.
    """
    now = clock.now()
    today = now.date()
    lately = Forecast.objects.filter(key_result=OuterRef("pk"), made_at__gt=now - timedelta(hours=20))
    lately = lately.exclude(doubt__in=(Doubt.NO_DATA, Doubt.QUIET), made_at__lt=now - timedelta(minutes=50))
    rows = KeyResult.objects.filter(~Exists(lately), goal__status=Status.OPEN, guardrail=False)
    rows = rows.filter(start__lte=today + ONE_DAY, due__gte=today - ONE_DAY, goal__product__archived_at=None)
    return list(rows.order_by("due", "id").values_list("pk", flat=True)[:limit])


def forget_forecasts(key_result: KeyResult) -> None:
    """Its time, its target or its metric is another one: what was told before is no answer any more.

    A job makes a new one at once. Call inside the transaction of the change.
    """
    Forecast.objects.filter(key_result=key_result).delete()
    ask_for_forecast(key_result)


def ask_for_forecast(key_result: KeyResult) -> None:
    """Let a job make the forecast as soon as the transaction is through."""
    if not key_result.guardrail:
        enqueue(forecast_key_result, key_result_id=key_result.pk, key=f"goals.forecast:{key_result.pk}")


def try_to_forecast(key_result: KeyResult) -> bool:
    """`make_forecast`, but an engine that cannot answer now is only noted; False then."""
    try:
        make_forecast(key_result)
    except YunyingError as error:
        log.warning("key result %s has no forecast: %s", key_result.pk, error.code)
        return False
    return True


def make_forecast(key_result: KeyResult) -> Forecast | None:
    """Make today's forecast and keep it; None when the time is over or not begun. Doing it twice changes nothing.

    One or two engine queries, and up to some seconds of fitting. Raises what the engine raises.
    """
    today = today_in(key_result.goal.product.timezone)
    if not key_result.start <= today <= key_result.due:
        return None
    found = _fields(key_result, today)
    row, _made = Forecast.objects.update_or_create(
        key_result=key_result, on=today, defaults=_EMPTY | found | {"made_at": clock.now()}
    )
    Forecast.objects.filter(key_result=key_result).exclude(on=today).exclude(path=[]).update(path=[])
    return row


_EMPTY: dict[str, Any] = {
    "value": None, "low": None, "high": None, "level": None, "probability": None, "naive": None, "run_rate": None,
    "so_far": None, "days_left": 0, "method": "", "doubt": "", "additive": False, "tests": [], "coverage": None,
    "checks": 0, "unofficial": [], "path": [],
}  # fmt: skip


def _fields(key_result: KeyResult, today: date) -> dict[str, Any]:
    """The columns of today's forecast."""
    product, metric = key_result.goal.product, key_result.metric
    newest = last_event_day(product)
    if newest is None:
        return {"doubt": Doubt.NO_DATA}
    if today - newest > QUIET:
        return {"doubt": Doubt.QUIET}
    # A day without events so far may be one whose events are still on their way.
    before = min(today, newest + ONE_DAY)
    past = metric_past(product, metric, before, most_days=MOST_DAYS)
    if past is None:
        return _at_run_rate(key_result, before) if metric.window == Window.TOTAL else {"doubt": Doubt.NO_DATA}
    history = _history(key_result, past)
    window, days = _window_of(key_result, past, key_result.due), _days_to(key_result, history)
    outlook = stats.forecast(history, window.start, window.stop, [_window_of(key_result, past, day) for day in days])
    return _told(key_result, history, window, outlook, days) if outlook else {"doubt": Doubt.NO_DATA}


def _days_to(key_result: KeyResult, history: stats.History) -> list[date]:
    """The days up to the due day at whose end the metric will be read anew, evenly thinned, always with the last."""
    window, week_start = Window(key_result.metric.window), key_result.goal.product.week_start
    days: list[date] = []
    day = next_end(window, last_whole_day(window, history.timeline.day(history.steps), week_start), week_start)
    while day <= key_result.due:
        days.append(day)
        day = next_end(window, day, week_start)
    return days[:: -max(1, -(-len(days) // MOST_POINTS))][::-1]


def _window_of(key_result: KeyResult, past: MetricPast, until: date) -> stats.Stretch:
    """What a reading at the end of day `until` covers, in steps of the past.

    A total covers the time since the key result's start; the other windows the last whole one that is over.
    """
    metric, week_start = key_result.metric, key_result.goal.product.week_start
    if metric.window == Window.TOTAL:
        first, last = key_result.start, until
    else:
        last = last_whole_day(Window(metric.window), until + ONE_DAY, week_start)
        first = first_day(Window(metric.window), last, week_start)
    if past.adds_up:
        return stats.Stretch(max(0, (first - past.first).days), (last - past.first).days + 1)
    index = _steps_between(past, first)
    return stats.Stretch(index, index + 1)


def _steps_between(past: MetricPast, first: date) -> int:
    if past.step == Window.MONTH:
        return (first.year - past.first.year) * 12 + first.month - past.first.month
    return (first - past.first).days // (7 if past.step == Window.WEEK else 1)


def _history(key_result: KeyResult, past: MetricPast) -> stats.History:
    formula, letters = past.formula, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

    def combine(sums: Sequence[float]) -> float | None:
        return sums[0] if formula is None else formula.value(dict(zip(letters, sums, strict=False)))

    timeline = Timeline(past.first, Step(past.step), workdays_of(key_result.goal.product))
    components = tuple(np.array([np.nan if v is None else v for v in line], dtype=float) for line in past.components)
    least, most = _possible(key_result.metric, past, [combine(step) for step in zip(*components, strict=True)])
    additive = past.adds_up and formula is None
    return stats.History(timeline, components, combine, additive, least, most, _firm(key_result.metric, past))


def _possible(metric: Metric, past: MetricPast, values: Sequence[float | None]) -> tuple[float | None, float | None]:
    """The least and the most that the metric can be, as far as its kind and its past tell; else None.

    What was never negative, as no count is, does not become so; of a sum no single amount may have been. Conversion and
    retention are shares, and so is a percentage that never was more than all.
    """
    known = [value for value in values if value is not None and not math.isnan(value)]
    share = metric.question["kind"] != "trends" or (metric.unit == Unit.PERCENT and max(known, default=0) <= 1)
    lowest = min([*known, *([] if past.least_amount is None else [past.least_amount])], default=0)
    return 0.0 if lowest >= 0 else None, 1.0 if share else None


def _firm(metric: Metric, past: MetricPast) -> bool:
    """Whether the metric's kind keeps it to what is possible, and not just its past.

    Counts never fall, conversion and retention are shares. A sum is taken at its word while none of its amounts was
    negative: pages say that it is. Formulas and averages may turn out as they never did.
    """
    series = metric.question.get("series") or []
    if metric.question["kind"] != "trends":
        return True
    return len(series) == 1 and not metric.question.get("formula") and series[0].get("measure", "count") in _NEVER_FALL


def _told(
    key_result: KeyResult, history: stats.History, window: stats.Stretch, outlook: stats.Outlook, days: list[date]
) -> dict[str, Any]:
    plain = {outlook.method: outlook.value} | outlook.others
    at_least, at_most = _limits(key_result)
    probability = outlook.probability(at_least=at_least, at_most=at_most)
    return {
        "value": outlook.value,
        "low": outlook.low,
        "high": outlook.high,
        "level": outlook.level,
        "probability": probability,
        "naive": plain.get(Plain.SEASONAL_NAIVE),
        "run_rate": plain.get(Plain.RUN_RATE),
        "so_far": _so_far(history, window),
        "days_left": _days_left(history, window),
        "method": Method(outlook.method.value),
        "doubt": _doubt(outlook, probability),
        "additive": history.additive,
        "tests": [_test(test) for test in outlook.tests if test.errors],
        "coverage": outlook.coverage,
        "checks": outlook.checks,
        "unofficial": _unofficial(history, window),
        "path": [
            [day.isoformat(), point.value, point.low, point.high]
            for day, point in zip(days, outlook.path, strict=True)
            if point
        ],
    }


def _doubt(outlook: stats.Outlook, probability: float | None) -> str:
    """Why there is no probability; that the data are few is said also where it is settled already."""
    settled = probability is not None and outlook.doubt is not stats.Doubt.SHORT_HISTORY
    return "" if outlook.doubt is None or settled else Doubt(outlook.doubt.value)


def _limits(key_result: KeyResult) -> tuple[float | None, float | None]:
    """Between what the value must end for the key result to be reached."""
    if key_result.shape != Shape.MOVE:
        return key_result.low, key_result.high
    target, baseline = float(key_result.target or 0), float(key_result.baseline or 0)
    return (target, None) if target > baseline else (None, target)


def _so_far(history: stats.History, window: stats.Stretch) -> float | None:
    """What the window holds already; None before it begins and where it is one step."""
    if not history.additive or window.start >= history.steps:
        return None
    return float(np.nansum(history.components[0][window.start :]))


def _days_left(history: stats.History, window: stats.Stretch) -> int:
    """None are left of a week or month that ends before the due day and is over."""
    line = history.timeline
    return max(0, (line.day(window.stop) - line.day(history.steps)).days)


def _test(test: stats.BackTest) -> dict[str, Any]:
    return {"method": test.method.value, "windows": len(test.errors), "error": test.error, "bias": test.bias}


def _unofficial(history: stats.History, window: stats.Stretch) -> list[int]:
    """The years ahead whose working days are not published yet."""
    line = history.timeline
    first, last = line.day(history.steps).year, line.day(window.stop - 1).year
    return [year for year in range(first, last + 1) if not line.workdays.official(year)]


def _at_run_rate(key_result: KeyResult, before: date) -> dict[str, Any]:
    """A total of different people (accounts, sessions) goes on as in its latest days: what came new each day."""
    product = key_result.goal.product
    points = metric_history(product, key_result.metric, key_result.start, before - ONE_DAY)
    values = [point.value for point in points if point.value is not None]
    if not values:
        return {"doubt": Doubt.NO_DATA}
    lately = values[-RATE_DAYS - 1 :]
    daily = (lately[-1] - lately[0]) / (len(lately) - 1) if len(lately) > 1 else lately[0]
    days_left = (key_result.due - before).days + 1
    value = values[-1] + daily * days_left
    told = {"value": value, "run_rate": value, "so_far": values[-1], "days_left": days_left, "additive": True}
    return told | {"method": Method.RUN_RATE, "doubt": Doubt.NOT_ADDITIVE}


@job(retries=3, label=_("Forecast a key result"))
def forecast_key_result(key_result_id: int) -> None:
    """Make the forecast of one key result; twice on a day changes nothing. Raises what the engine raises, to retry."""
    rows = KeyResult.objects.select_related("goal__product", "metric").filter(goal__status=Status.OPEN)
    key_result = rows.filter(pk=key_result_id).first()
    if key_result is not None:
        make_forecast(key_result)


@schedule("19 * * * *", label=_("Forecast key results"))
def forecast_due_key_results() -> None:
    """Every hour: make the forecasts that today lacks, the most urgent first; a lost run is made up for by the next."""
    rows = KeyResult.objects.select_related("goal__product", "metric").in_bulk(due_for_forecast())
    for key_result in rows.values():
        try_to_forecast(key_result)
