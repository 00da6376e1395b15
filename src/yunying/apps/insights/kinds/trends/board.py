"""A trends answer as the page shows it."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from yunying.apps.insights.kinds.board import (
    MOST_LINES,
    Board,
    Cell,
    Drawing,
    Grid,
    GridRow,
    Links,
    bucket_label,
    values_text,
)
from yunying.apps.insights.kinds.definitions import about_all, conditions_text, event_text, sentences
from yunying.apps.insights.units import Measured
from yunying.apps.insights.words import measure_name
from yunying.engine.trends import FORMULA
from yunying.platform.ui import formats
from yunying.platform.ui.charts import Chart, ChartKind, Series

__all__ = ["LOOKS", "definition", "draw", "for_chart", "letter", "line_name", "title"]

LOOKS = {"line": ChartKind.LINE, "bar": ChartKind.BAR, "stack": ChartKind.STACKED, "area": ChartKind.AREA}


def letter(index: int) -> str:
    """The name of the series with this index in formulas: A, B, …"""
    return chr(ord("A") + index)


def draw(drawing: Drawing) -> Board:
    """The chart over time or of totals, and the totals with the way to the people behind them."""
    spec, result = drawing.spec, drawing.result
    rows = result.rows
    several = len({row.series for row in rows}) > 1
    lines = [(row, line_name(drawing.said, row, several)) for row in rows]
    drawn = [(row, line_name(drawing.said, row, several)) for row in for_chart(rows)]
    links = drawing.people()
    over_time = spec.get("display") != "total" and bool(result.buckets)
    make = _over_time if over_time else _totals
    return Board(
        kind="trends",
        title=title(drawing.said),
        definition=definition(drawing.said),
        charts=(make(drawing, drawn[:MOST_LINES], links),),
        grids=(_grid(lines, links, drawing.measured),),
        warnings=drawing.warnings(),
        origin=drawing.origin(),
        empty=all(not point for row in rows for point in row.points) and all(not row.total for row in rows),
        hidden_lines=max(0, len(drawn) - MOST_LINES),
        starts=tuple(bucket.start for bucket in result.buckets) if over_time else (),
    )


def for_chart(rows: Sequence[Any]) -> list[Any]:
    """The rows that a chart draws: of a formula only its results, for what they are made of has another scale."""
    return [row for row in rows if row.series == FORMULA] or list(rows)


def line_name(spec: Mapping[str, Any], row: Any, several: bool) -> str:
    """What a row is called: its series when there are several, and its breakdown values."""
    series = _series_name(spec, row) if several or not (row.values or row.remainder) else ""
    return " · ".join(part for part in (series, values_text(row.values, row.remainder)) if part)


def _series_name(spec: Mapping[str, Any], row: Any) -> str:
    if row.series == FORMULA:
        return str(spec.get("formula") or _("Formula"))
    asked = spec["series"][ord(row.series) - ord(letter(0))]
    if asked.get("label"):
        return str(asked["label"])
    measure = measure_name(asked.get("measure", "count"))
    what = f"{measure} · {asked['property']}" if asked.get("property") else measure
    return f"{event_text(asked)} – {what}"


def _grid(lines: Sequence[tuple[Any, str]], links: Links, measured: Measured) -> Grid:
    compared = any(row.compare_points is not None for row, _name in lines)
    heads = [_("Line"), _("Whole range"), *([_("Earlier"), _("Difference")] if compared else [])]
    return Grid(
        name="totals",
        caption=_("Totals"),
        heads=tuple(heads),
        rows=tuple(GridRow(name, _cells(row, links, measured, compared)) for row, name in lines),
    )


def _cells(row: Any, links: Links, measured: Measured, compared: bool) -> tuple[Cell, ...]:
    total = Cell(measured.text(row.total), _link(links, row, None))
    if not compared:
        return (total,)
    change = _change(row.compare_total, row.total)
    sign = "+" if change and change > 0 else ""
    before = measured.text(row.compare_total) if row.compare_points is not None else ""
    return total, Cell(before), Cell(formats.DASH if change is None else sign + formats.percent(change))


def _over_time(drawing: Drawing, shown: Sequence[tuple[Any, str]], links: Links) -> Chart:
    spec, result, measured = drawing.spec, drawing.result, drawing.measured
    series: list[Series] = []
    for row, name in shown:
        points = [measured.drawn(p) for p in (row.points if row.moving_average is None else row.moving_average)]
        series.append(Series(name, points, links=[_link(links, row, i) or None for i in range(len(row.points))]))
        if row.compare_points is not None:
            before = row.compare_points if row.compare_moving_average is None else row.compare_moving_average
            earlier = _fitted([measured.drawn(point) for point in before], len(result.buckets))
            series.append(Series(_("%(name)s, earlier") % {"name": name}, earlier, compare_to=name))
    ends_partial = bool(result.buckets) and result.buckets[-1].partial
    return Chart(
        name=drawing.name,
        title=title(drawing.said),
        labels=[bucket_label(bucket.start, spec.get("interval", "day")) for bucket in result.buckets],
        series=series,
        kind=LOOKS.get(drawing.look, ChartKind.LINE),
        unit=measured.of_chart,
        partial_from=len(result.buckets) - 1 if ends_partial else None,
        definition=definition(drawing.said),
        label_title=_("Period"),
        height="l",
    )


def _totals(drawing: Drawing, shown: Sequence[tuple[Any, str]], links: Links) -> Chart:
    """One bar a line: the numbers over the whole range."""
    measured = drawing.measured
    totals = [measured.drawn(row.total) for row, _name in shown]
    series = [Series(_("Whole range"), totals, links=[_link(links, row, None) or None for row, _n in shown])]
    if any(row.compare_points is not None for row, _name in shown):
        earlier = [measured.drawn(row.compare_total) for row, _name in shown]
        series.append(Series(_("Earlier"), earlier, compare_to=str(_("Whole range"))))
    return Chart(
        name=drawing.name,
        title=_("Over the whole range"),
        labels=[name for _row, name in shown],
        series=series,
        kind=ChartKind.BAR,
        unit=measured.of_chart,
        definition=definition(drawing.said),
        label_title=_("Line"),
        height="l",
    )


def _link(links: Links, row: Any, bucket: int | None) -> str:
    if row.series == FORMULA:
        return ""
    values = [value.text for value in row.values]
    return links.to({"series": row.series, "bucket": bucket, "values": values, "remainder": row.remainder})


def _fitted(points: Sequence[Any], length: int) -> list[Any]:
    """The earlier period's points laid under the present ones; a February under a March has gaps at its end."""
    return [*points, *[None] * length][:length]


def title(spec: Mapping[str, Any]) -> str:
    """A name for the question, from its series."""
    if spec.get("formula"):
        return str(spec["formula"])
    return " · ".join(dict.fromkeys(str(one.get("label") or event_text(one)) for one in spec.get("series") or []))


def definition(spec: Mapping[str, Any]) -> str:
    """What the lines count, one after the other."""
    parts = [_line(letter(index), one) for index, one in enumerate(spec.get("series") or [])]
    if spec.get("formula"):
        parts.append(_("Formula: %(formula)s.") % {"formula": spec["formula"]})
    parts += about_all(spec)
    if spec.get("moving_average"):
        parts.append(_("Moving average over %(count)s periods.") % {"count": spec["moving_average"]})
    return sentences(parts)


def _line(name: str, one: Mapping[str, Any]) -> str:
    """What one series counts, as a sentence."""
    measure = str(measure_name(one.get("measure", "count")))
    data = {
        "letter": name,
        "event": event_text(one) + conditions_text(one.get("filters"), before=" "),
        "measure": measure + (f" ({one['property']})" if one.get("property") else ""),
    }
    return _("%(letter)s: %(event)s – %(measure)s.") % data


def _change(before: Any, after: Any) -> float | None:
    return None if before in (None, 0) or after is None else (after - before) / abs(before)
