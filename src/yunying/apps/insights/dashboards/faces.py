"""What a tile shows: the one place where every kind of tile and report becomes a chart, a number, a table or a text.

The same face is drawn on pages, in pictures, in spreadsheets and in mails.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from yunying.apps.insights.answers import Answer, run_report
from yunying.apps.insights.dashboards.annotations import Mark, marks_on
from yunying.apps.insights.dashboards.bar import Bar, applied
from yunying.apps.insights.dashboards.funnels import funnel_chart
from yunying.apps.insights.dashboards.models import Kind, Look, Tile
from yunying.apps.insights.dashboards.retentions import retention_chart
from yunying.apps.insights.dashboards.texts import html_of
from yunying.apps.insights.dashboards.trends import trends_card, trends_chart
from yunying.apps.insights.models import Metric
from yunying.apps.insights.pictures import metric_card
from yunying.apps.insights.recent import period_of
from yunying.apps.insights.units import Measured, chart_unit
from yunying.base.errors import YunyingError
from yunying.platform.products.access import ProductAccess
from yunying.platform.ui import formats
from yunying.platform.ui.charts import Chart, NumberCard
from yunying.platform.ui.errors import problem_of

__all__ = ["Face", "Viewer", "face_of"]


@dataclass(frozen=True, slots=True)
class Viewer:
    """For whom tiles are drawn. People by a shared link see no links, no definitions and no reasons of errors."""

    access: ProductAccess
    public: bool = False


@dataclass(frozen=True, slots=True)
class Face:
    """One of `chart`, `card`, `text` (from `source`) and `problem` is there.

    `as_table` shows the chart's numbers instead of the chart. `hint` says what to do about the problem.
    """

    title: str
    chart: Chart | None = None
    card: NumberCard | None = None
    text: SafeString | None = None
    source: str = ""
    problem: str = ""
    hint: str = ""
    as_table: bool = False
    period: str = ""
    url: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def nothing(self) -> str:
        """What stands where there is no number at all."""
        return _("No data for this choice")


def face_of(tile: Tile, bar: Bar, viewer: Viewer, marks: tuple[Mark, ...] = ()) -> Face:
    """The tile's face under the filter bar. Never raises for a question that cannot be answered: it says so."""
    if tile.kind == Kind.TEXT:
        return Face(tile.title, text=html_of(tile.text), source=tile.text)
    if tile.report is None and tile.metric is None:
        gone = _("What this tile showed was deleted.")
        return Face(tile.title, problem=gone, hint=_("Remove the tile, or choose something else for it."))
    bar = bar if tile.follows else Bar()
    try:
        face = _of_metric(tile, bar, viewer) if tile.metric else _of_report(tile, bar, viewer, marks)
    except YunyingError as error:
        face = Face(_title(tile), problem=problem_of(error).detail, url=_url(tile, viewer))
    return _for_public(face) if viewer.public else face


def _title(tile: Tile) -> str:
    source = tile.metric or tile.report
    return tile.title or (source.name if source else "")


def _url(tile: Tile, viewer: Viewer) -> str:
    slug = viewer.access.product.slug
    if tile.metric is not None:
        return reverse("insights:metric", kwargs={"product": slug, "metric_id": tile.metric.pk})
    return reverse("insights:report", kwargs={"product": slug, "report_id": tile.report_id})


def _for_public(face: Face) -> Face:
    """Without what a stranger has no business with."""
    chart = face.chart
    if chart is not None:
        plain = [replace(series, links=()) for series in chart.series]
        chart = replace(chart, series=plain, definition="", annotations=[replace(a, url="") for a in chart.annotations])
    card = replace(face.card, url="", definition="") if face.card else None
    problem = _("This part cannot be shown right now.") if face.problem else ""
    return replace(face, chart=chart, card=card, problem=problem, hint="", url="", warnings=())


# Metrics


def _of_metric(tile: Tile, bar: Bar, viewer: Viewer) -> Face:
    metric = tile.metric
    assert metric is not None
    if bar.span is None and not bar.conditions:
        card = metric_card(viewer.access, metric)
        period = card.definition.partition(". ")[0]
        return Face(_title(tile), card=replace(card, title=_title(tile)), period=period, url=card.url)
    spec = metric_spec(metric, bar)
    answer = run_report(viewer.access, spec)
    whole = bar.span is not None
    card = replace(
        trends_card(answer.result, Measured(metric.unit, metric.currency), whole=whole),
        title=_title(tile),
        url=_url(tile, viewer),
        good=metric.direction,
        unit=chart_unit(metric.unit, metric.currency),
        definition=metric.description,
        name=f"tile-{tile.pk}",
    )
    return Face(_title(tile), card=card, period=_period(answer), url=card.url)


def metric_spec(metric: Metric, bar: Bar) -> dict[str, Any]:
    """The metric's question under the bar: over the bar's range as one number, else its own latest whole periods."""
    interval = str(period_of(metric))
    base = {**metric.question, "interval": interval, "display": "series"}
    if bar.span is None:
        return applied({**base, "range": {"last": 12, "unit": interval, "whole": True}}, replace(bar, interval=""))
    compare = bar.compare or "previous"
    return applied(base, replace(bar, compare=compare, interval=bar.interval or interval))


# Reports


Drawer = Callable[[Tile, Mapping[str, Any], Answer, str, tuple[Mark, ...]], Face]


def _of_report(tile: Tile, bar: Bar, viewer: Viewer, marks: tuple[Mark, ...]) -> Face:
    report = tile.report
    assert report is not None
    spec = applied(report.spec, bar)
    answer = run_report(viewer.access, spec)
    draw = _DRAWERS.get(report.kind)
    if draw is None:
        return Face(_title(tile), problem=_("This kind of report is not drawn on dashboards."), url=_url(tile, viewer))
    face = draw(tile, spec, answer, _title(tile), marks)
    return replace(face, period=_period(answer), url=_url(tile, viewer), warnings=_warnings(answer))


def _trends(tile: Tile, spec: Mapping[str, Any], answer: Answer, title: str, marks: tuple[Mark, ...]) -> Face:
    if tile.chart == Look.NUMBER:
        return Face(title, card=replace(trends_card(answer.result, Measured(), whole=True), title=title))
    chart = trends_chart(spec, answer.result, tile.chart, name=f"tile-{tile.pk}", title=title)
    return Face(title, chart=marks_on(chart, answer.result.buckets, marks), as_table=tile.chart == Look.TABLE)


def _funnel(tile: Tile, spec: Mapping[str, Any], answer: Answer, title: str, marks: tuple[Mark, ...]) -> Face:
    chart = funnel_chart(spec, answer.result.to_json(), name=f"tile-{tile.pk}", title=title)
    over_time = spec.get("display") == "over_time"
    drawn = marks_on(chart, answer.result.buckets, marks) if over_time else chart
    return Face(title, chart=drawn, as_table=tile.chart == Look.TABLE)


def _retention(tile: Tile, spec: Mapping[str, Any], answer: Answer, title: str, _marks: tuple[Mark, ...]) -> Face:
    as_table = tile.chart == Look.TABLE or (tile.chart == Look.AUTO and spec.get("display", "table") == "table")
    chart = retention_chart(spec, answer.result.to_json(), name=f"tile-{tile.pk}", title=title, table=as_table)
    return Face(title, chart=chart, as_table=as_table)


_DRAWERS: dict[str, Drawer] = {"trends": _trends, "funnel": _funnel, "retention": _retention}


def _period(answer: Answer) -> str:
    origin = answer.result.provenance
    last = origin.end - timedelta(milliseconds=1)
    first_day, last_day = formats.date(origin.start), formats.date(last)
    return first_day if first_day == last_day else f"{first_day} – {last_day}"


def _warnings(answer: Answer) -> tuple[str, ...]:
    return tuple(_(one.message) % one.data if one.data else _(one.message) for one in answer.result.warnings)
