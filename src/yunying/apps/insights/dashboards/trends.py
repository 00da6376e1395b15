"""A trends answer as a tile's chart or number."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from yunying.apps.insights.board import bucket_label, line_name
from yunying.apps.insights.dashboards.models import Look
from yunying.apps.insights.units import Measured
from yunying.platform.ui.charts import Chart, ChartKind, NumberCard, Series

__all__ = ["trends_card", "trends_chart"]

# More than these nobody can tell apart in a tile; the report has them all.
MOST_LINES, MOST_SLICES = 8, 8
_KINDS = {
    Look.LINE: ChartKind.LINE,
    Look.AREA: ChartKind.AREA,
    Look.BAR: ChartKind.BAR,
    Look.STACK: ChartKind.STACKED,
}


def trends_chart(spec: Mapping[str, Any], result: Any, look: str, *, name: str, title: str) -> Chart:
    """The answer as lines or bars over time, or one number a line as bars or a ring."""
    totals = spec.get("display") == "total" or not result.buckets or look == Look.DONUT
    several = len({row.series for row in result.rows}) > 1
    rows = [(row, line_name(spec, row, several)) for row in result.rows]
    if totals:
        return _totals(rows, look, name, title)
    labels = [bucket_label(bucket.start, spec.get("interval", "day")) for bucket in result.buckets]
    series: list[Series] = []
    for row, label in rows[:MOST_LINES]:
        points = row.points if row.moving_average is None else row.moving_average
        series.append(Series(label, list(points)))
        if row.compare_points is not None:
            earlier = [*row.compare_points, *[None] * len(labels)][: len(labels)]
            series.append(Series(_("%(name)s, earlier") % {"name": label}, earlier, compare_to=label))
    partial = bool(result.buckets) and result.buckets[-1].partial
    kind = _KINDS.get(Look(look), ChartKind.AREA if len(rows) == 1 else ChartKind.LINE)
    return Chart(name, title, labels, series, kind, partial_from=len(labels) - 1 if partial else None)


def _totals(rows: Sequence[tuple[Any, str]], look: str, name: str, title: str) -> Chart:
    shown = rows[:MOST_SLICES]
    series = [Series(_("Whole range"), [row.total for row, _label in shown])]
    kind = ChartKind.DONUT if look == Look.DONUT else ChartKind.BAR
    if kind == ChartKind.BAR and any(row.compare_points is not None for row, _label in shown):
        earlier = [row.compare_total for row, _label in shown]
        series.append(Series(_("Earlier"), earlier, compare_to=str(_("Whole range"))))
    return Chart(name, title, [label for _row, label in shown], series, kind)


def trends_card(result: Any, measured: Measured, *, whole: bool) -> NumberCard:
    """The last line of the answer (the formula, if there is one) as a number with its change and its course.

    `whole`: over the whole range, beside the comparison's; else the last bucket beside the one before.
    """
    if not result.rows:
        return NumberCard(title="", value=None)
    row = result.rows[-1]
    course = [measured.drawn(point) for point in row.points]
    if whole:
        value, before = measured.drawn(row.total), measured.drawn(row.compare_total)
        label = _("against the earlier period")
    else:
        value, before = (course[-1] if course else None), (course[-2] if len(course) > 1 else None)
        label = _("against the period before")
    return NumberCard(title="", value=value, previous=before, previous_label=label, good="", trend=course)
