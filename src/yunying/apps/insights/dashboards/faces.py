"""What a tile shows: the one place where every kind of tile and report becomes a chart, a number, a table or a text.

The same face is drawn on pages, in pictures, in spreadsheets and in mails.
"""

from copy import copy
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from yunying.apps.insights.answers import run_report
from yunying.apps.insights.dashboards.annotations import Mark, on_board
from yunying.apps.insights.dashboards.bar import NO_COMPARISON, Bar
from yunying.apps.insights.dashboards.following import (
    applied,
    in_words,
    left_out,
    left_out_of_metric,
    narrowed_in_words,
)
from yunying.apps.insights.dashboards.models import Kind, Look, Tile
from yunying.apps.insights.dashboards.texts import html_of
from yunying.apps.insights.dashboards.trends import ring, trends_card
from yunying.apps.insights.freshness import reach_of
from yunying.apps.insights.kinds import Board, Fact, Grid, Sheet, Titles, board_of, named, sheet_of, titles_for
from yunying.apps.insights.models import Metric, Report
from yunying.apps.insights.pictures import compared_with, metric_card, period_name, period_until
from yunying.apps.insights.rates import RATES
from yunying.apps.insights.readings import metric_recent
from yunying.apps.insights.recent import period_of
from yunying.apps.insights.units import Measured, chart_unit, chart_value
from yunying.base.errors import YunyingError
from yunying.platform.products.access import ProductAccess
from yunying.platform.ui import formats
from yunying.platform.ui.charts import Chart, NumberCard
from yunying.platform.ui.errors import problem_of

__all__ = ["Face", "Viewer", "face_of"]


@dataclass(frozen=True)
class Viewer:
    """For whom tiles are drawn. People by a shared link see no links, no definitions and no reasons of errors."""

    access: ProductAccess
    public: bool = False

    @cached_property
    def titles(self) -> Titles:
        """What events and properties are called, looked up once for all tiles."""
        return titles_for(self.access.product)


@dataclass(frozen=True, slots=True)
class Face:
    """One of `chart`, `grid`, `card`, `text` (from `source`) and `problem` is there.

    `as_table` shows the chart's numbers instead of the chart. `hint` says what to do about the problem. `apart` says
    what of the filter bar the tile does not follow.
    """

    title: str
    chart: Chart | None = None
    grid: Grid | None = None
    card: NumberCard | None = None
    text: SafeString | None = None
    source: str = ""
    problem: str = ""
    hint: str = ""
    as_table: bool = False
    period: str = ""
    apart: str = ""
    narrowed: str = ""
    url: str = ""
    warnings: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()
    sheet: Sheet | None = field(default=None, repr=False)

    @property
    def told(self) -> str:
        """The period, and what is not followed, where there is one line for both."""
        return " · ".join(part for part in (self.period, self.apart) if part)

    @property
    def figures(self) -> str:
        """The few numbers that tell the answer, on one line."""
        return " · ".join(" ".join(part for part in (one.label, one.text, one.note) if part) for one in self.facts)

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
    return _for_public(face) if viewer.public else replace(face, narrowed=narrowed_in_words(bar, viewer.titles))


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
    chart, grid = face.chart, face.grid
    if chart is not None:
        plain = [replace(series, links=()) for series in chart.series]
        chart = replace(chart, series=plain, definition="", annotations=[replace(a, url="") for a in chart.annotations])
    if grid is not None:
        rows = [replace(row, cells=tuple(replace(cell, url="") for cell in row.cells)) for row in grid.rows]
        grid = replace(grid, rows=tuple(rows))
    card = replace(face.card, url="", definition="") if face.card else None
    problem = _("This part cannot be shown right now.") if face.problem else ""
    return replace(face, chart=chart, grid=grid, card=card, problem=problem, hint="", url="", warnings=())


# Metrics


def _of_metric(tile: Tile, bar: Bar, viewer: Viewer) -> Face:
    metric = tile.metric
    assert metric is not None
    rate = metric.question["kind"] in RATES
    apart = in_words(left_out_of_metric(bar, rate=rate))
    if not bar.conditions and (bar.span is None or rate):
        card = _compared(metric_card(viewer.access, metric), bar)
        card = replace(card, title=_title(tile))
        return Face(_title(tile), card=card, period=card.period, apart=apart, url=card.url)
    card, period = _rate_card(metric, bar, viewer) if rate else _metric_card(metric, bar, viewer)
    if rate or bar.span is None:
        card = replace(card, previous_label=compared_with(metric)[0])
    card = replace(
        _compared(card, bar),
        title=_title(tile),
        url=_url(tile, viewer),
        good=metric.direction,
        unit=chart_unit(metric.unit, metric.currency),
        definition=metric.description,
        name=f"tile-{tile.pk}",
    )
    return Face(_title(tile), card=card, period=period, apart=apart, url=card.url)


def _compared(card: NumberCard, bar: Bar) -> NumberCard:
    return replace(card, previous=None) if bar.compare == NO_COMPARISON else card


def _metric_card(metric: Metric, bar: Bar, viewer: Viewer) -> tuple[NumberCard, str]:
    """Over the bar's range as one number; without a range the latest whole period, under the bar's filters."""
    answer = run_report(viewer.access, _metric_spec(metric, bar))
    measured = Measured(metric.unit, metric.currency)
    whole = bar.span is not None
    period = _period(answer.result) if whole else period_until(metric, _last_moment(answer.result))
    return trends_card(answer.result, measured, whole=whole), period


def _metric_spec(metric: Metric, bar: Bar) -> dict[str, Any]:
    interval = str(period_of(metric))
    base = {**metric.question, "interval": interval, "display": "series"}
    if bar.span is None:
        return applied({**base, "range": {"last": 12, "unit": interval, "whole": True}}, replace(bar, interval=""))
    compare = bar.compare or "previous"
    return applied(base, replace(bar, compare=compare, interval=bar.interval or interval))


def _rate_card(metric: Metric, bar: Bar, viewer: Viewer) -> tuple[NumberCard, str]:
    """A rate under the bar's filters. It keeps its own latest period: a rate is final only when all had their time."""
    asked = copy(metric)
    asked.question = applied(metric.question, Bar(match=bar.match, filters=bar.filters))
    product = viewer.access.product
    reach = reach_of(product)
    points = metric_recent(product, asked, count=12, as_of=reach) if reach else ()
    values = [chart_value(point.value, metric.unit, metric.currency) for point in points]
    value, before = (values[-1] if values else None), (values[-2] if len(values) > 1 else None)
    period = period_until(metric, points[-1].on) if points else period_name(metric)
    return NumberCard(title="", value=value, previous=before, trend=values), period


# Reports


def _of_report(tile: Tile, bar: Bar, viewer: Viewer, marks: tuple[Mark, ...]) -> Face:
    report = tile.report
    assert report is not None
    spec = applied(report.spec, bar)
    answer = run_report(viewer.access, spec)
    look, titles = _look(tile, report, answer.result), viewer.titles
    board = board_of(viewer.access, spec, answer, name=f"tile-{tile.pk}", look=look, titles=titles)
    face = Face(
        _title(tile),
        period=_period(answer.result),
        apart=in_words(left_out(report.spec, bar, tile.chart)),
        url=_url(tile, viewer),
        warnings=board.warnings,
        facts=board.facts[:3],
        sheet=sheet_of(spec, answer, titles),
    )
    if report.kind == "trends" and tile.chart == Look.NUMBER:
        return replace(face, card=replace(trends_card(answer.result, Measured(), whole=True), title=face.title))
    if report.kind == "trends" and tile.chart == Look.DONUT:
        return replace(face, chart=ring(named(spec, titles), answer.result, name=f"tile-{tile.pk}", title=face.title))
    return _of_board(face, board, tile, viewer, marks)


# What a board calls the ways of drawing that it knows.
_LOOKS = {Look.LINE: "line", Look.AREA: "area", Look.BAR: "bar", Look.STACK: "stack"}


def _look(tile: Tile, report: Report, result: Any) -> str:
    """What the tile wants, else what the report was saved with; without either a line that is alone is an area."""
    if report.kind != "trends":
        return report.look
    if tile.chart != Look.AUTO:
        return _LOOKS.get(Look(tile.chart), "")
    return report.look or ("area" if len(result.rows) == 1 else "")


def _of_board(face: Face, board: Board, tile: Tile, viewer: Viewer, marks: tuple[Mark, ...]) -> Face:
    """The board's first chart, or its first table where it has none or the tile wants it."""
    table = tile.chart == Look.TABLE
    if board.chart is None or (table and board.kind != "trends"):
        grid = board.grids[0] if board.grids and not board.empty else None
        return replace(face, grid=grid, chart=None if grid else _nothing(face, tile))
    chart = replace(board.chart, title=face.title, height="m")
    board = replace(board, charts=(chart, *board.charts[1:]))
    return replace(face, chart=on_board(board, viewer.access.product, marks), as_table=table)


def _nothing(face: Face, tile: Tile) -> Chart:
    return Chart(f"tile-{tile.pk}", face.title, [], [])


def _period(result: Any) -> str:
    origin = result.provenance
    first_day, last_day = formats.date(origin.start), formats.date(_last_moment(result))
    return first_day if first_day == last_day else f"{first_day} – {last_day}"


def _last_moment(result: Any) -> datetime:
    end: datetime = result.provenance.end
    return end - timedelta(milliseconds=1)
