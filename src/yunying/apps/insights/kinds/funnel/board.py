"""A funnel's answer as pages show it."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from yunying.apps.insights.kinds.board import (
    MOST_LINES,
    Board,
    Cell,
    Drawing,
    Fact,
    Grid,
    GridRow,
    Links,
    interval_text,
    values_text,
)
from yunying.apps.insights.kinds.funnel.times import over_time, times
from yunying.apps.insights.kinds.funnel.words import definition, numbered, row_name, title
from yunying.platform.ui import formats
from yunying.platform.ui.charts import Chart, ChartKind, Series, Unit

__all__ = ["draw"]


def draw(drawing: Drawing) -> Board:
    """Steps with rates and who got lost, times, or conversion over time, as the question asks."""
    result, links = drawing.result, drawing.people()
    display = drawing.spec.get("display") or "steps"
    starts: tuple[Any, ...] = ()
    if display == "over_time":
        charts, grids = over_time(drawing, links)
        starts = tuple(bucket.start for bucket in result.buckets)
    elif display == "times":
        charts, grids = times(drawing)
    else:
        charts = (_steps_chart(drawing, links),)
        grids = _steps_grids(drawing, links)
    return Board(
        kind="funnel",
        title=title(drawing.said),
        definition=definition(drawing.said),
        charts=charts,
        grids=grids,
        warnings=drawing.warnings(),
        origin=drawing.origin(),
        empty=not any(row.steps[0].count for row in result.rows),
        facts=tuple(_facts(result)),
        notes=tuple(_notes(drawing.spec, result)),
        hidden_lines=max(0, len(result.rows) - MOST_LINES) if display != "times" else 0,
        starts=starts,
    )


def _facts(result: Any) -> list[Fact]:
    """The conversion over all steps, where there is one funnel; with a breakdown each row says its own."""
    if len(result.rows) != 1:
        return []
    row = result.rows[0]
    last = row.steps[-1]
    found = [
        Fact(_("Conversion"), formats.percent(last.from_first.rate), _within(last.from_first)),
        Fact(_("Entered"), formats.number(row.steps[0].count)),
        Fact(_("Got through"), formats.number(last.count)),
    ]
    if last.time_from_first_s:
        found.append(Fact(_("Median time"), formats.duration(last.time_from_first_s.median)))
    if row.open:
        found.append(Fact(_("Still on their way"), formats.number(row.open)))
    return found


def _within(share: Any) -> str:
    return interval_text(share.low, share.high)


def _notes(spec: Mapping[str, Any], result: Any) -> list[str]:
    notes = [_("Small print beneath a rate: where the true rate lies with 95% confidence (Wilson).")]
    if any(row.open for row in result.rows):
        count = formats.number(sum(row.open for row in result.rows))
        notes.append(
            _("%(count)s people have not got through, but their window is still open: they may yet.") % {"count": count}
        )
    if result.left_out:
        notes.append(
            _("%(count)s people never reached the step whose value counts and are left out.")
            % {"count": formats.number(result.left_out)}
        )
    return notes


def _steps_chart(drawing: Drawing, links: Links) -> Chart:
    """The share of those who entered that reached each step; of one funnel also who dropped out before it."""
    result = drawing.result
    names = numbered(drawing.said)
    only = result.rows[0] if len(result.rows) == 1 else None
    series = [_reached(row, links) for row in result.rows[:MOST_LINES]]
    if only:
        series.append(_lost_series(only, links))
        rates = [formats.percent(reached.from_first.rate) for reached in only.steps]
        names = [f"{name}\n{rate}" for name, rate in zip(names, rates, strict=True)]
    return Chart(
        name=drawing.name,
        title=title(drawing.said),
        labels=names,
        series=series,
        kind=ChartKind.STACKED if only else ChartKind.BAR,
        unit=Unit("percent"),
        definition=definition(drawing.said),
        label_title=_("Step"),
        height="l",
    )


def _reached(row: Any, links: Links) -> Series:
    shares = [reached.from_first for reached in row.steps]
    # Everybody who entered reached the first step: nothing to be unsure of.
    bounds = [(None, None), *((share.low, share.high) for share in shares[1:])]
    return Series(
        row_name(row) or _("Reached"),
        [share.rate for share in shares],
        links=[links.to(point(row, step)) or None for step in range(1, len(shares) + 1)],
        low=[low for low, _high in bounds],
        high=[high for _low, high in bounds],
        texts=[f"{formats.percent(one.from_first.rate)} · {formats.number(one.count)}" for one in row.steps],
    )


def _lost_series(row: Any, links: Links) -> Series:
    """Who got to the step before and not to this one, as a share of those who entered."""
    entered = row.steps[0].count
    shares = [one.dropped / entered if entered and index else None for index, one in enumerate(row.steps)]
    return Series(
        _("Dropped out before"),
        shares,
        links=[
            (links.to(point(row, step, "dropped")) or None) if step > 1 else None for step in range(1, len(shares) + 1)
        ],
        texts=[
            formats.DASH if share is None else f"{formats.percent(share)} · {formats.number(one.dropped)}"
            for share, one in zip(shares, row.steps, strict=True)
        ],
        pale=True,
    )


def point(row: Any, step: int, outcome: str = "converted", bucket: int | None = None) -> dict[str, Any]:
    """The people of one number, as the engine's JSON."""
    values = [value.text for value in row.values]
    return {"step": step, "outcome": outcome, "values": values, "remainder": row.remainder, "bucket": bucket}


def _steps_grids(drawing: Drawing, links: Links) -> tuple[Grid, ...]:
    if len(drawing.result.rows) == 1:
        return (_one_grid(drawing, links),)
    return (_compared_grid(drawing, links), _dropped_grid(drawing, links))


def _one_grid(drawing: Drawing, links: Links) -> Grid:
    """A line for each step of the only funnel."""
    result = drawing.result
    row = result.rows[0]
    heads = (
        _("Step"),
        _("People"),
        _("From the step before"),
        _("Dropped out"),
        _("From the first step"),
        _("Median time"),
        _("90% within"),
        _("Average time"),
    )
    steps = zip(numbered(drawing.said), result.steps, row.steps, strict=True)
    rows = tuple(
        GridRow(
            name,
            _step_cells(row, index, reached, links),
            note=_("may be skipped") if step.optional else "",
        )
        for index, (name, step, reached) in enumerate(steps, 1)
    )
    note = _("Times are from the step before, over the people who got there.")
    return Grid("steps", _("Steps"), heads, rows, notes=(note,))


def _step_cells(row: Any, step: int, reached: Any, links: Links) -> tuple[Cell, ...]:
    before, taken = reached.from_previous, reached.time_from_previous_s
    lost = None if before is None or before.rate is None else 1 - before.rate
    dropped = (
        Cell(formats.number(reached.dropped), links.to(point(row, step, "dropped")), formats.percent(lost))
        if before
        else Cell(formats.DASH)
    )
    spans = [taken.median, taken.p90, taken.average] if taken else [None] * 3
    return (
        Cell(formats.number(reached.count), links.to(point(row, step))),
        Cell(formats.percent(before.rate), note=_within(before)) if before else Cell(formats.DASH),
        dropped,
        Cell(formats.percent(reached.from_first.rate), note=_within(reached.from_first) if before else ""),
        *(Cell(formats.duration(span)) for span in spans),
    )


def _compared_grid(drawing: Drawing, links: Links) -> Grid:
    """A line for each value: how many reached each step, and which share of those who entered."""
    steps = numbered(drawing.said)
    rows = []
    for row in drawing.result.rows:
        cells = [
            Cell(
                formats.number(reached.count),
                links.to(point(row, index)),
                f"{formats.percent(reached.from_first.rate)} ({_within(reached.from_first)})" if index > 1 else "",
            )
            for index, reached in enumerate(row.steps, 1)
        ]
        taken = row.steps[-1].time_from_first_s
        rows.append(GridRow(row_name(row), (*cells, Cell(formats.duration(taken.median if taken else None)))))
    return Grid("compared", _("Reached"), (_("Reached"), *steps, _("Median time")), tuple(rows))


def _dropped_grid(drawing: Drawing, links: Links) -> Grid:
    """A line for each value: how many got to the step before and not to this one."""
    steps = numbered(drawing.said)[1:]
    rows = tuple(
        GridRow(
            values_text(row.values, row.remainder),
            tuple(
                Cell(formats.number(reached.dropped), links.to(point(row, index, "dropped")), _lost(reached))
                for index, reached in enumerate(row.steps, 1)
                if index > 1
            ),
        )
        for row in drawing.result.rows
    )
    return Grid("dropped", _("Dropped out"), (_("Dropped out before"), *steps), rows)


def _lost(reached: Any) -> str:
    before = reached.from_previous
    return formats.percent(1 - before.rate) if before and before.rate is not None else ""
