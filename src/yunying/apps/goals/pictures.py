"""Charts and tables of goals: from numbers to what the ui toolkit draws."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from yunying.apps.goals.checks import checked_period
from yunying.apps.goals.forms import KeyResultForm
from yunying.apps.goals.models import Definition, KeyResult, PastReading, Reading, Status
from yunying.apps.goals.outlooks import Outlook
from yunying.apps.goals.progress import Standing, straight_line
from yunying.apps.goals.selectors import cards
from yunying.apps.goals.standing import GoalCard
from yunying.apps.insights.selectors import (
    Direction,
    Mark,
    Metric,
    MetricPoint,
    Window,
    chart_unit,
    chart_value,
    metric_history,
    next_end,
    shown,
    spans_until,
    typed_suffix,
    with_marks,
)
from yunying.base.errors import YunyingError
from yunying.platform.products.access import ProductAccess
from yunying.platform.ui import formats
from yunying.platform.ui.charts import Annotation, Chart, ChartKind, Series, Target
from yunying.platform.ui.errors import problem_of
from yunying.platform.ui.tables import Column, Empty, Table

__all__ = [
    "Preview",
    "cycle_table",
    "definitions_of",
    "goal_table",
    "likely_outcome",
    "preview_of",
    "progress_chart",
    "reading_table",
]

# More points than this say nothing more in a chart and make its table long.
MOST_POINTS = 130


def progress_chart(
    key_result: KeyResult,
    readings: Sequence[Reading],
    week_start: int,
    outlook: Outlook | None = None,
    marks: Sequence[Mark] = (),
) -> Chart | None:
    """Readings and forecast beside the straight line to the target, or the limits, with the notes of their days.

    None before the first reading. No query.
    """
    if not readings:
        return None
    metric = key_result.metric
    values = {reading.on: _drawn(key_result, reading.value) for reading in readings}
    days = _thinned([*values, *_coming(key_result, max(values), week_start)], keep=max(values))
    moves = key_result.baseline is not None and key_result.target is not None
    ahead = _ahead(key_result, readings, days, outlook)
    chart = Chart(
        name=f"progress-{key_result.pk}",
        title=_("Progress"),
        labels=[formats.date(day, "medium") for day in days],
        label_title=_("At the end of"),
        series=[Series(metric.name, [values.get(day) for day in days]), *ahead, *_yardsticks(key_result, days)],
        unit=chart_unit(metric.unit, metric.currency),
        target=Target(_drawn(key_result, key_result.target), _("Target")) if moves else None,
        annotations=[
            Annotation(len(days) - 1, _("Due day") if days[-1] == key_result.due else _("Last before it is due"))
        ],
        definition=" ".join([_of_moving() if moves else _of_staying(), *([_of_forecast()] if ahead else [])]),
    )
    return with_marks(chart, spans_until(days), marks)


def _ahead(row: KeyResult, readings: Sequence[Reading], days: list[date], outlook: Outlook | None) -> list[Series]:
    """The forecast from the newest reading to the due day, with its interval; empty where there is nothing to draw."""
    told = outlook.card.forecast if outlook and outlook.card else None
    known = [reading for reading in readings if reading.value is not None]
    if told is None or told.value is None or not known or known[-1].on >= days[-1]:
        return []
    begin = known[-1].on
    # One that was kept without its path has been tested at the due day alone.
    path = [(date.fromisoformat(day), *values) for day, *values in told.path] or [(days[-1], told.value, None, None)]
    path = [(begin, *[known[-1].value] * 3), *(point for point in path if point[0] > begin)]

    def line(place: int) -> list[float | int | None]:
        through = [(point[0], point[place]) for point in path]
        return [None if day < begin else _drawn(row, _between(through, day)) for day in days]

    banded = any(point[2] is not None for point in path[1:])
    return [Series(_("Forecast"), line(1), low=line(2) if banded else (), high=line(3) if banded else ())]


def _between(path: list[tuple[date, float | None]], day: date) -> float | None:
    """The value of a day on the straight line between two points of the path; None unless both have one."""
    for (before, first), (after, last) in pairwise(path):
        if day in (before, after):
            return first if day == before else last
        if before < day < after and first is not None and last is not None:
            return first + (day - before) / (after - before) * (last - first)
    return None


def _yardsticks(row: KeyResult, days: list[date]) -> list[Series]:
    if row.baseline is not None and row.target is not None:
        baseline, target = row.baseline, row.target
        line = [_drawn(row, straight_line(baseline, target, row.start, row.due, day)) for day in days]
        return [Series(_("Straight line to the target"), line, compare_to=row.metric.name)]
    limits = ((_("Not below"), row.low), (_("Not above"), row.high))
    return [
        Series(name, [_drawn(row, limit)] * len(days), compare_to=row.metric.name)
        for name, limit in limits
        if limit is not None
    ]


def _drawn(key_result: KeyResult, value: float | None) -> float | int | None:
    return chart_value(value, key_result.metric.unit, key_result.metric.currency)


def _of_moving() -> str:
    return _(
        "The metric as it stood at the end of each day or period, read anew every hour, beside the straight line"
        " from the baseline on the first day to the target on the due day."
    )


def _of_staying() -> str:
    return _("The metric as it stood at the end of each day or period, read anew every hour, beside its limits.")


def _of_forecast() -> str:
    return _(
        "The forecast runs on from the newest reading as its method expects each day or period;"
        " the band is the interval that its back-test gives over as many days, drawn where that test held."
    )


def _coming(key_result: KeyResult, after: date, week_start: int) -> list[date]:
    """The days on which readings are still to come, up to the due day."""
    window = Window(key_result.metric.window)
    days: list[date] = []
    day = next_end(window, after, week_start)
    while day <= key_result.due:
        days.append(day)
        day = next_end(window, day, week_start)
    return days


def _thinned(days: list[date], keep: date) -> list[date]:
    """At most MOST_POINTS of the days, evenly, with the first, the last and the newest reading's."""
    step = -(-len(days) // MOST_POINTS)
    return [day for i, day in enumerate(days) if i % step == 0 or day == keep or i == len(days) - 1]


def likely_outcome(card: GoalCard) -> str:
    """What a goal that is closed now most probably is: the form's first choice."""
    if card.standing == Standing.REACHED or (card.progress or 0) >= 1:
        return Status.ACHIEVED.value
    return (Status.PARTLY if (card.progress or 0) >= 0.7 else Status.MISSED).value


def goal_table(request: HttpRequest, access: ProductAccess, *, closed: bool) -> Table:
    """All open or all closed goals as a list to sort, search and export."""

    rows = cards(access, closed=closed)
    columns = _goal_columns(closed=closed)
    return Table(name="goals", caption=_("Goals"), columns=columns, rows=rows, request=request, sort="due")


def cycle_table(request: HttpRequest, access: ProductAccess, rows: Sequence[GoalCard]) -> Table:
    """The goals of a cycle, open and closed."""
    url = reverse("goals:create", kwargs={"product": access.product.slug})
    empty = Empty(_("No goal in this cycle yet"), _("Set goals here, or carry them over from the cycle before."), url)
    columns = _goal_columns(closed=True)
    return Table(
        name="cycle", caption=_("Goals"), columns=columns, rows=rows, request=request, sort="title", empty=empty
    )


def _goal_columns(*, closed: bool) -> list[Column]:
    def url(card: GoalCard) -> str:
        return reverse("goals:detail", kwargs={"product": card.goal.product.slug, "goal_id": card.goal.pk})

    return [
        Column("title", _("Goal"), lambda card: card.goal.title, sort=True, search=True, link=url, fixed=True),
        Column("level", _("Level"), lambda card: card.goal.get_level_display(), sort=True, search=True),
        Column("status", _("Status"), lambda card: str(card.look.label), sort=True, search=True),
        Column("progress", _("Progress"), "progress", kind="percent", sort=True),
        Column("score", _("Score"), lambda card: card.goal.score, kind="number", sort=True, hidden=not closed),
        Column("reason", _("Why it stands so"), lambda card: card.reasons[0], search=True, wide=True),
        Column("forecast", _("Forecast"), _forecast, hidden=closed, wide=True),
        Column("probability", _("Probability"), _probability, kind="percent", sort=True, hidden=closed),
        Column("forecast_note", _("Forecast in words"), "outlook_text", search=True, hidden=True, wide=True),
        Column("results", _("Key results"), lambda card: len(card.key_results), kind="number", sort=True, hidden=True),
        Column("owner", _("Owner"), lambda card: _name(card), sort=True, search=True),
        Column("team", _("Team"), lambda card: card.goal.team, sort=True, search=True, hidden=True),
        Column("cycle", _("Cycle"), lambda card: str(card.goal.cycle or ""), sort=True, search=True, hidden=True),
        Column("start", _("Starts on"), lambda card: card.goal.start, kind="date", sort=True, hidden=True),
        Column("due", _("Due on"), lambda card: card.goal.due, kind="date", sort=True),
        Column("serves", _("Serves the goal"), lambda card: str(card.goal.parent or ""), search=True, hidden=True),
        Column("outcome", _("Outcome"), lambda card: card.goal.outcome, search=True, hidden=not closed, wide=True),
    ]


def _forecast(card: GoalCard) -> str:
    """The value on the due day, with its interval, of the key result that decides."""
    return card.outlook.value if card.outlook else ""


def _probability(card: GoalCard) -> float | None:
    """That the key result which decides is reached, where the past bears it."""
    return card.outlook.probability if card.outlook else None


def definitions_of(key_result: KeyResult) -> list[Definition]:
    """By what the readings were computed, the newest first. One query."""
    return list(key_result.definitions.order_by("-number"))


def reading_table(request: HttpRequest, key_result: KeyResult) -> Table:
    """Readings in force and superseded ones with the number of their definition, the newest day first. Two queries."""
    now = key_result.definition.number if key_result.definition else 1
    rows: list[dict[str, Any]] = [
        {"on": one.on, "value": one.value, "taken_at": one.taken_at, "number": now, "state": _("in force")}
        for one in key_result.readings.all()
    ]
    past = PastReading.objects.filter(definition__key_result=key_result).select_related("definition")
    rows += [
        {
            "on": one.on,
            "value": one.value,
            "taken_at": one.taken_at,
            "number": one.definition.number,
            "state": _("superseded"),
        }
        for one in past
    ]
    metric = key_result.metric
    columns = [
        Column("on", _("At the end of"), kind="date", sort=True, fixed=True),
        Column("value", _("Value"), lambda row: shown(row["value"], metric.unit, metric.currency)),
        Column("number", _("Definition"), kind="number", sort=True),
        Column("state", _("State"), sort=True, search=True),
        Column("taken_at", _("Read"), kind="when", sort=True),
    ]
    return Table(name="readings", caption=_("Readings"), columns=columns, rows=rows, request=request, sort="-on")


def _name(card: GoalCard) -> str:
    return card.goal.owner.shown_name if card.goal.owner else ""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a metric says over a key result's time, to choose baseline and target by."""

    metric: Metric
    typed_in: str
    current: str = ""
    covers: str = ""
    chart: Chart | None = None
    advice: str = ""
    problem: str = ""


def preview_of(access: ProductAccess, form: KeyResultForm) -> Preview | None:
    """The chosen metric's history over the form's time; None while no metric is chosen. One engine query."""
    metric = form.chosen
    if metric is None:
        return None
    typed = _("Type values as plain numbers.")
    if suffix := typed_suffix(metric):
        typed = _("Type values in %(unit)s.") % {"unit": suffix}
    start, due = _day(form["start"].value()), _day(form["due"].value())
    if start is None or due is None or due < start:
        return Preview(metric, typed, problem=_("Choose a time to see the history."))
    try:
        checked_period(start, due)
        points = metric_history(access.product, metric, start, due)
    except YunyingError as error:
        return Preview(metric, typed, problem=problem_of(error).detail)
    return _preview(metric, typed, start, points)


def _preview(metric: Metric, typed: str, start: date, points: tuple[MetricPoint, ...]) -> Preview:
    known = [point for point in points if point.value is not None]
    if not known:
        return Preview(metric, typed, problem=_("This metric has no value in this time yet."))
    newest = known[-1]
    return Preview(
        metric,
        typed,
        current=shown(newest.value, metric.unit, metric.currency),
        covers=_("%(covers)s, as of %(day)s")
        % {"covers": metric.get_window_display(), "day": formats.date(newest.on, "medium")},
        chart=_history_chart(metric, points) if len(points) > 1 else None,
        advice=_advice(metric, start, known),
    )


def _advice(metric: Metric, start: date, known: list[MetricPoint]) -> str:
    if metric.window == Window.TOTAL:
        return _("A total begins at 0 on the first day, so the baseline is usually 0.")
    before = [point for point in known if point.on < start] or known[:1]
    more = _("More is better, so choose a target above it.") if metric.direction == Direction.UP else ""
    less = _("Less is better, so choose a target below it.") if metric.direction == Direction.DOWN else ""
    value = shown(before[-1].value, metric.unit, metric.currency)
    stood = _("Before the start it stood at %(value)s: a fitting baseline.") % {"value": value}
    return f"{stood} {more}{less}"


def _history_chart(metric: Metric, points: tuple[MetricPoint, ...]) -> Chart:
    by_day = {point.on: point for point in points}
    days = _thinned(list(by_day), keep=points[-1].on)
    values: list[Any] = [chart_value(by_day[day].value, metric.unit, metric.currency) for day in days]
    return Chart(
        name="preview-chart",
        title=_("So far"),
        labels=[formats.date(day, "medium") for day in days],
        series=[Series(metric.name, values)],
        kind=ChartKind.AREA,
        unit=chart_unit(metric.unit, metric.currency),
        height="s",
    )


def _day(value: Any) -> date | None:
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value or ""))
    except ValueError:
        return None
