"""A retention answer as pages show it."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
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
        title=title(drawing.said),
        definition=definition(drawing.said),
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
    notes = [_("Means are of cohorts whose period is over.")]
    value = drawing.said.get("value")
    if not value:
        notes.append(_("Small print beneath a mean: where the true rate lies with 95% confidence (Wilson)."))
    elif not _by_value(drawing):
        notes.append(_("Small print: the value of %(property)s.") % {"property": value["property"]})
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


def _by_value(drawing: Drawing) -> bool:
    """Whether the retained value is the large number of each cell, and the share of people the small one."""
    return bool(drawing.spec.get("value")) and drawing.look == "value"


def _main(drawing: Drawing, one: Any) -> float | None:
    """The number by which a cell is coloured."""
    number: float | None = one.value if _by_value(drawing) else one.rate
    return number


def _strongest(drawing: Drawing, cells: Iterable[Any]) -> float:
    return max((number for one in cells if one and (number := _main(drawing, one)) is not None), default=0.0)


def _heat(number: float | None, strongest: float) -> int | None:
    """0 to 10, in proportion to the strongest cell after the start."""
    if number is None:
        return None
    return max(0, min(10, round(10 * number / strongest))) if strongest > 0 else 0


def _triangle(drawing: Drawing, row: Any, links: Links, *, folded: bool) -> Grid:
    """Cohorts as rows, periods since the start as columns, their mean first."""
    columns = range(1, len(drawing.result.columns))
    period = drawing.spec.get("period") or "week"
    strongest = _strongest(drawing, (cell for one in row.cohorts for cell in one.cells[1:]))
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
    url = links.to(_point(row, cohort, column)) if row.cohorts[cohort].size else ""
    main, note = _texts(drawing, cell, formats.number(cell.count))
    return Cell(main, url, note, _heat(_main(drawing, cell), strongest), cell.partial)


def _texts(drawing: Drawing, one: Any, beneath: str) -> tuple[str, str]:
    """The large and the small text of a cell; `beneath` stands under a share where no value is asked for."""
    rate, value = formats.percent(one.rate), formats.number(one.value)
    if not drawing.spec.get("value"):
        return rate, beneath
    return (value, rate) if _by_value(drawing) else (rate, value)


def _mean_cells(drawing: Drawing, row: Any, links: Links, strongest: float) -> tuple[Cell, ...]:
    # The sum of the cohorts: somebody in several of them counts in each, so no list of people has this length.
    cells = [Cell(formats.number(row.size))]
    for index, mean in enumerate(row.mean):
        if index == 0:
            continue
        main, note = _texts(drawing, mean, interval_text(mean.low, mean.high))
        url = links.to(_point(row, None, index)) if mean.rate is not None else ""
        cells.append(Cell(main, url, note, _heat(_main(drawing, mean), strongest)))
    return tuple(cells)


def _compared(drawing: Drawing, links: Links) -> Grid:
    """The means of all breakdown values, one beneath the other."""
    rows = drawing.result.rows
    strongest = _strongest(drawing, (mean for row in rows for mean in row.mean[1:]))
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
    head = title(drawing.said)
    about = definition(drawing.said)
    rates = Chart(drawing.name, head, labels, curves, unit=Unit("percent"), definition=about, height="l")
    charts = [replace(rates, label_title=_("Period"))]
    if drawing.spec.get("value"):
        values = [Series(_name(row) or _("Value"), [mean.value for mean in row.mean]) for row in rows]
        what = drawing.said["value"]["property"]
        mean = Chart(f"{drawing.name}-value", _("Mean %(property)s") % {"property": what}, labels, values)
        charts.append(replace(mean, definition=about, label_title=_("Period")))
    return tuple(charts)
