"""A dashboard as a workbook: one sheet for each tile that has numbers."""

import re
import tempfile
from collections.abc import Iterable, Iterator
from typing import Any

from yunying.apps.insights.dashboards.faces import Face
from yunying.base.money import minor_digits
from yunying.platform.ui.charts import Chart, Unit

__all__ = ["workbook"]

# What Excel refuses in the name of a sheet.
_REFUSED = re.compile(r"[\[\]:*?/\\\x00-\x1f]")


def workbook(faces: Iterable[Face]) -> Any:
    """An open xlsx file. Numbers are numbers, money in major units; what begins like a formula stays text."""
    # Loaded with the first export, not with the first page.
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    names: set[str] = set()
    for face in faces:
        if face.sheet is not None or face.chart is not None or face.card is not None:
            sheet = book.create_sheet(_name(face.title, names))
            for index, row in enumerate(_rows(face)):
                sheet.append([_cell(sheet, value, bold=not index) for value in row])
    if not names:
        book.create_sheet()
    file = tempfile.TemporaryFile()  # noqa: SIM115 - FileResponse closes it
    book.save(file)
    file.seek(0)
    return file


def _rows(face: Face) -> Iterator[list[Any]]:
    told = " · ".join(part for part in (face.told, face.narrowed) if part)
    if face.sheet is not None:
        yield [told, *face.sheet.heads[1:]]
        yield from (list(row) for row in face.sheet.rows)
    elif face.card is not None:
        yield [face.title, told]
        yield ["", _plain(face.card.value, face.card.unit)]
        if face.card.change is not None:
            yield [face.card.previous_label, face.card.change]
    elif face.chart is not None:
        yield from _of_chart(face.chart, told)


def _of_chart(chart: Chart, period: str) -> Iterator[list[Any]]:
    yield [period, *(series.name for series in chart.series)]
    for index, label in enumerate(chart.labels):
        values = [_plain(series.values[index], chart.unit) for series in chart.series]
        yield [str(label).replace("\n", " "), *values]


def _plain(value: Any, unit: Unit) -> Any:
    if value is None:
        return None
    return float(value) / 10 ** minor_digits(unit.currency) if unit.kind == "money" else value


def _cell(sheet: Any, value: Any, *, bold: bool) -> Any:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
    from openpyxl.styles import Font

    text = isinstance(value, str)
    cell = WriteOnlyCell(sheet, value=ILLEGAL_CHARACTERS_RE.sub("", value)[:32_767] if text else value)
    if text:
        # openpyxl takes text that begins with "=" for a formula; it is data here, whoever typed it.
        cell.data_type = "s"
    if bold:
        cell.font = Font(bold=True)
    return cell


def _name(title: str, taken: set[str]) -> str:
    """At most 31 characters, unlike all others of the book."""
    base = _REFUSED.sub(" ", title).strip(" '")[:31] or "1"
    name, number = base, 2
    while name.casefold() in taken:
        name, number = f"{base[:27]} {number}", number + 1
    taken.add(name.casefold())
    return name
