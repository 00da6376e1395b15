"""A retention answer as pages show it."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

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
from yunying.apps.insights.kinds.retention.words import cohort_name, column_name, definition, title
from yunying.platform.ui import formats
from yunying.platform.ui.charts import Chart, Series, Unit

__all__ = ["draw"]


def draw(drawing: Drawing) -> Board:
    """The triangle of cohorts, or the curve of their means; with a breakdown the values side by side."""
    result, spec, links = drawing.result, drawing.spec, drawing.people()
    several = len(result.rows) > 1
    grids = [_compared(drawing, links)] if several else []
    grids += [_triangle(drawing, row, links, folded=several) for row in result.rows[:MOST_LINES]]
    return Board(
        kind="retention",
        title=title(spec),
        definition=definition(spec),
        charts=_charts(drawing, links) if spec.get("display") == "curve" else (),
        grids=tuple(grids),
        warnings=drawing.warnings(),
        origin=drawing.origin(),
        empty=not any(row.size for row in result.rows),
        facts=tuple(_facts(drawing)),
        notes=tuple(_notes(drawing)),
        hidden_lines=max(0, len(result.rows) - MOST_LINES),
    )


def _facts(drawing: Drawing) -> list[Fact]:
    """How many started and came back in the first columns, where there is one row."""
    result = drawing.result
    if len(result.rows) != 1 or not result.rows[0].size:
        return []
    row = result.rows[0]
    found = [Fact(pgettext("retention", "Started"), formats.number(row.size))]
    for index in _telling(row.mean):
        mean = row.mean[index]
        found.append(Fact(_column(drawing, index), formats.percent(mean.rate), interval_text(mean.low, mean.high)))
    return found


def _telling(means: Sequence[Any]) -> list[int]:
    """The columns worth a fact: the first after the start, one in the middle and the last that are known."""
    known = [index for index, mean in enumerate(means) if index and mean.rate is not None]
    return sorted({known[0], known[len(known) // 2], known[-1]}) if known else []


def _notes(drawing: Drawing) -> list[str]:
    notes = [_("Means are of cohorts whose period is over; beneath: where the true rate lies with 95% confidence.")]
    if any(cell and cell.partial for row in drawing.result.rows for one in row.cohorts for cell in one.cells):
        notes.append(_("Numbers in a dashed frame are of periods that are not over yet."))
    return notes


def _column(drawing: Drawing, index: int) -> str:
    column = drawing.result.columns[index]
    return column_name(column.first, column.last, drawing.spec.get("period") or "week")


def _point(row: Any, cohort: int | None, column: int) -> dict[str, Any]:
    values = [value.text for value in row.values]
    return {"cohort": cohort, "column": column, "returned": True, "values": values, "remainder": row.remainder}


def _name(row: Any) -> str:
    return values_text(row.values, row.remainder)


def _strongest(rates: Sequence[float | None]) -> float:
    return max((rate for rate in rates if rate is not None), default=0.0)


def _heat(rate: float | None, strongest: float) -> int | None:
    """0 to 10, in proportion to the strongest cell after the start."""
    if rate is None:
        return None
    return min(10, round(10 * rate / strongest)) if strongest else 0


def _triangle(drawing: Drawing, row: Any, links: Links, *, folded: bool) -> Grid:
    """Cohorts as rows, periods since the start as columns, their mean first."""
    columns = range(1, len(drawing.result.columns))
    period = drawing.spec.get("period") or "week"
    strongest = _strongest([cell.rate for one in row.cohorts for cell in one.cells[1:] if cell])
    mean = GridRow(_("Mean"), _mean_cells(drawing, row, links, strongest), sum=True)
    rows = [
        GridRow(
            cohort_name(one.start, period),
            (
                Cell(formats.number(one.size), links.to(_point(row, index, 0)), partial=one.partial),
                *(_cell(drawing, row, index, column, links, strongest) for column in columns),
            ),
        )
        for index, one in enumerate(row.cohorts)
    ]
    heads = (pgettext("retention", "Started"), _("People"), *(_column(drawing, index) for index in columns))
    return Grid("cohorts", _name(row) or _("Cohorts"), heads, (mean, *rows), heat=True, folded=folded)


def _cell(drawing: Drawing, row: Any, cohort: int, column: int, links: Links, strongest: float) -> Cell:
    cell = row.cohorts[cohort].cells[column]
    if cell is None:
        return Cell("")
    return Cell(
        formats.percent(cell.rate),
        links.to(_point(row, cohort, column)) if row.cohorts[cohort].size else "",
        _note(drawing, formats.number(cell.count), cell.value),
        _heat(cell.rate, strongest),
        cell.partial,
    )


def _note(drawing: Drawing, count: str, value: float | None) -> str:
    """The number of people, or with a retained value the value."""
    return formats.number(value) if drawing.spec.get("value") else count


def _mean_cells(drawing: Drawing, row: Any, links: Links, strongest: float) -> tuple[Cell, ...]:
    # The sum of the cohorts: somebody in several of them counts in each, so no list of people has this length.
    cells = [Cell(formats.number(row.size))]
    for index, mean in enumerate(row.mean):
        if index == 0:
            continue
        note = _note(drawing, interval_text(mean.low, mean.high), mean.value)
        url = links.to(_point(row, None, index)) if mean.rate is not None else ""
        cells.append(Cell(formats.percent(mean.rate), url, note, _heat(mean.rate, strongest)))
    return tuple(cells)


def _compared(drawing: Drawing, links: Links) -> Grid:
    """The means of all breakdown values, one beneath the other."""
    rows = drawing.result.rows
    strongest = _strongest([mean.rate for row in rows for mean in row.mean[1:]])
    heads = (_("Means"), _("People"), *(_column(drawing, i) for i in range(1, len(drawing.result.columns))))
    lines = tuple(GridRow(_name(row), _mean_cells(drawing, row, links, strongest)) for row in rows)
    return Grid("means", _("Means"), heads, lines, heat=True)


def _charts(drawing: Drawing, links: Links) -> tuple[Chart, ...]:
    """The mean rates by column, and where a value is asked for its means too."""
    result = drawing.result
    labels = [_column(drawing, index) for index in range(len(result.columns))]
    rows = result.rows[:MOST_LINES]
    curves = [
        Series(
            _name(row) or _("Came back"),
            [mean.rate for mean in row.mean],
            links=[links.to(_point(row, None, index)) or None for index in range(len(row.mean))],
            low=[mean.low for mean in row.mean],
            high=[mean.high for mean in row.mean],
        )
        for row in rows
    ]
    head = title(drawing.spec)
    about = definition(drawing.spec)
    charts = [Chart(drawing.name, head, labels, curves, unit=Unit("percent"), definition=about, height="l")]
    if drawing.spec.get("value"):
        values = [Series(_name(row) or _("Value"), [mean.value for mean in row.mean]) for row in rows]
        what = drawing.spec["value"]["property"]
        charts.append(Chart(f"{drawing.name}-value", _("Mean %(property)s") % {"property": what}, labels, values))
    return tuple(charts)
