"""How long a funnel takes, and how its conversion changes over time."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from yunying.apps.insights.kinds.board import (
    MOST_LINES,
    Cell,
    Drawing,
    Grid,
    GridRow,
    Links,
    bucket_label,
    interval_text,
)
from yunying.apps.insights.kinds.funnel.words import definition, line_names, numbered, row_name, title
from yunying.platform.ui import formats
from yunying.platform.ui.charts import Chart, ChartKind, Series, Unit

__all__ = ["over_time", "steps_asked", "times"]

# Each row has bins of its own, so it gets a chart of its own.
MOST_HISTOGRAMS = 6


def steps_asked(spec: Mapping[str, Any], result: Any) -> tuple[int, int]:
    """From which step to which times and conversions are taken, counted from 1."""
    return int(spec.get("from_step") or 1), int(spec.get("to_step") or len(result.steps))


def times(drawing: Drawing) -> tuple[tuple[Chart, ...], tuple[Grid, ...]]:
    """A histogram for each row, and the times between all steps."""
    result = drawing.result
    first, last = steps_asked(drawing.spec, result)
    names = line_names(drawing.said)
    span = _("From “%(first)s” to “%(last)s”") % {"first": names[first - 1], "last": names[last - 1]}
    charts = []
    for index, row in enumerate(result.rows[:MOST_HISTOGRAMS]):
        bins = row.histogram or ()
        charts.append(
            Chart(
                name=f"{drawing.name}-{index}" if index else drawing.name,
                title=" · ".join(part for part in (span, row_name(row)) if part),
                labels=[f"{formats.duration(one.from_s)} – {formats.duration(one.to_s)}" for one in bins],
                series=[Series(_("People"), [one.count for one in bins])],
                kind=ChartKind.BAR,
                definition=definition(drawing.said),
                label_title=_("Time taken"),
                height="l" if len(result.rows) == 1 else "m",
            )
        )
    return tuple(charts), (_times_grid(result, numbered(drawing.said)),)


def _times_grid(result: Any, names: list[str]) -> Grid:
    heads = (
        _("Step"),
        _("People"),
        _("Median from the step before"),
        _("90% within"),
        _("Average"),
        _("Median from the first step"),
        _("90% within"),
        _("Average"),
    )
    rows = []
    for row in result.rows:
        for name, reached in zip(names, row.steps, strict=True):
            spans = [
                span for taken in (reached.time_from_previous_s, reached.time_from_first_s) for span in _spans(taken)
            ]
            cells = (Cell(formats.number(reached.count)), *(Cell(formats.duration(span)) for span in spans))
            rows.append(GridRow(" · ".join(part for part in (row_name(row), name) if part), cells))
    return Grid("times", _("Times between the steps"), heads, tuple(rows))


def _spans(taken: Any) -> list[float | None]:
    return [taken.median, taken.p90, taken.average] if taken else [None, None, None]


def over_time(drawing: Drawing, links: Links) -> tuple[tuple[Chart, ...], tuple[Grid, ...]]:
    """The conversion of those who entered in each bucket. Where windows are still open it may grow: drawn dashed."""
    spec, result = drawing.spec, drawing.result
    labels = [bucket_label(bucket.start, spec.get("interval", "day")) for bucket in result.buckets]
    _first, last = steps_asked(spec, result)
    series = []
    for row in result.rows[:MOST_LINES]:
        points = row.points or ()
        series.append(
            Series(
                row_name(row) or _("Conversion"),
                [one.share.rate for one in points],
                links=[links.to(_point(row, last, "converted", index)) or None for index in range(len(points))],
                low=[one.share.low for one in points],
                high=[one.share.high for one in points],
            )
        )
    chart = Chart(
        name=drawing.name,
        title=title(drawing.said),
        labels=labels,
        series=series,
        unit=Unit("percent"),
        partial_from=_open_from(result),
        definition=definition(drawing.said),
        label_title=_("Entered"),
        height="l",
    )
    return (chart,), tuple(_over_time_grid(row, labels, last, result, links) for row in result.rows[:MOST_LINES])


def _open_from(result: Any) -> int | None:
    """The first bucket from which on conversions may still grow; all windows are of one length."""
    for index, bucket in enumerate(result.buckets):
        last = index == len(result.buckets) - 1
        if (last and bucket.partial) or any(row.points and row.points[index].open for row in result.rows):
            return index
    return None


def _over_time_grid(row: Any, labels: list[str], last: int, result: Any, links: Links) -> Grid:
    heads = (_("Entered"), _("People"), _("Got through"), _("Dropped out"), _("Conversion"), _("Still on their way"))
    rows = tuple(
        GridRow(label, _bucket_cells(row, index, last, links, bucket.partial))
        for index, (label, bucket) in enumerate(zip(labels, result.buckets, strict=True))
    )
    return Grid("over-time", row_name(row) or _("The numbers, one by one"), heads, rows, folded=True)


def _bucket_cells(row: Any, index: int, last: int, links: Links, partial: bool) -> tuple[Cell, ...]:
    one = row.points[index]
    lost = one.entered - one.converted
    unsettled = partial or bool(one.open)
    return (
        Cell(formats.number(one.entered), partial=partial),
        Cell(formats.number(one.converted), links.to(_point(row, last, "converted", index))),
        Cell(formats.number(lost), links.to(_point(row, last, "dropped", index))),
        Cell(formats.percent(one.share.rate), note=interval_text(one.share.low, one.share.high), partial=unsettled),
        Cell(formats.number(one.open)),
    )


def _point(row: Any, step: int, outcome: str, bucket: int) -> dict[str, Any]:
    values = [value.text for value in row.values]
    return {"step": step, "outcome": outcome, "values": values, "remainder": row.remainder, "bucket": bucket}
