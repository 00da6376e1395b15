"""Workbooks (xlsx) as rows of text, one row at a time.

openpyxl's read-only mode keeps memory flat: only the table of shared texts is held whole. Readers that are quicker
hold every cell of a sheet (calamine: 130 MB for 200,000 rows of seven columns, openpyxl 60 MB).
"""

import datetime as dt
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError, iterparse

from yunying.base.errors import InvalidInput, LimitReached, msg

__all__ = ["MAX_TEXTS_BYTES", "MAX_UNPACKED_BYTES", "Workbook"]

# What a sheet of a million rows takes; real workbooks unfold twenty to fifty times, a bomb a thousand times.
MAX_UNPACKED_BYTES = 4 << 30
MAX_TEXTS_BYTES = 256 << 20
_MAX_RATIO = 200
_SMALL_BYTES = 64 << 20
_LOOKED_AT_ROWS = 1_000
_SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_TEXTS = "xl/sharedStrings.xml"
_BROKEN = (zipfile.BadZipFile, KeyError, ValueError, TypeError, AttributeError, ParseError, IndexError, EOFError)


class Workbook:
    """An xlsx file that was looked at before it is unpacked.

    Raises InvalidInput for a file that is no workbook, LimitReached for one that unfolds beyond all measure.
    """

    def __init__(self, path: Path) -> None:
        # Loaded with the first workbook, not with the first page.
        from openpyxl import load_workbook

        _check(path)
        self._rows = 0
        self._path = path
        # Opened here, because openpyxl refuses a workbook whose name ends otherwise.
        self._file = path.open("rb")
        try:
            self._book = load_workbook(self._file, read_only=True, data_only=True)
        except _BROKEN as error:
            self._file.close()
            raise _broken(path) from error

    def __enter__(self) -> "Workbook":
        return self

    def __exit__(self, *_: object) -> None:
        self._book.close()
        self._file.close()

    @property
    def sheets(self) -> list[str]:
        """Names of the sheets that hold cells, in their order."""
        return [sheet.title for sheet in self._book.worksheets]

    def rows(self, sheet: str = "") -> Iterator[list[str | None]]:
        """The rows of a sheet (the first by default) as text; None where a cell is empty.

        Raises InvalidInput when there is no such sheet or the file is damaged.
        """
        found = next((one for one in self._book.worksheets if one.title == sheet or not sheet), None)
        if found is None:
            raise InvalidInput(
                "import.no_sheet",
                msg("The workbook has no sheet called “%(sheet)s”; it has: %(present)s."),
                field="file.sheet",
                sheet=sheet,
                present=", ".join(self.sheets),
            )
        try:
            self._require_results(found)
        except _BROKEN as error:
            raise _broken(self._path) from error
        self._rows = found.max_row or 0
        # What a file says about its size may be wrong; the rows themselves are not.
        found.reset_dimensions()
        rows = found.iter_rows(values_only=True)
        while True:
            try:
                row = next(rows, None)
            except _BROKEN as error:
                raise _broken(self._path) from error
            if row is None:
                return
            yield [_text(cell) for cell in row]

    def _require_results(self, sheet: Any) -> None:
        """Programs write formulas without computing them, and such cells would be read as empty."""
        with zipfile.ZipFile(self._path) as packed, packed.open(sheet._worksheet_path) as xml:
            cell = _uncomputed(xml)
        if cell:
            raise InvalidInput(
                "import.formula_without_result",
                msg(
                    "Cell %(cell)s of sheet “%(sheet)s” holds a formula whose result is not in the file."
                    " Open the workbook in Excel or LibreOffice, save it, and bring it again."
                ),
                cell=cell,
                sheet=sheet.title,
            )

    def fraction(self, seen: int) -> float:
        """How much of the sheet `seen` rows are, as far as the file says how many there are."""
        return min(1.0, seen / self._rows) if self._rows > 1 else 0.0


def _uncomputed(xml: Any) -> str:
    """The first cell of a sheet's first rows with a formula and no result; a result may be an empty text."""
    rows = 0
    for _event, element in iterparse(xml):
        if element.tag == f"{_SHEET}row":
            rows += 1
            element.clear()
        elif element.tag == f"{_SHEET}c" and _lacks_result(element):
            return element.get("r") or "?"
        if rows == _LOOKED_AT_ROWS:
            break
    return ""


def _lacks_result(cell: Any) -> bool:
    formula, value = cell.find(f"{_SHEET}f"), cell.findtext(f"{_SHEET}v")
    return formula is not None and not value and cell.get("t") != "str"


def _text(cell: Any) -> str | None:
    """A cell as CSV would hold it: whole numbers without a point, times as ISO 8601."""
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, dt.datetime):
        # A spreadsheet keeps days as floating numbers, so a whole second comes out a few microseconds off.
        whole = (cell + dt.timedelta(microseconds=500)).replace(microsecond=0)
        exact = cell if abs(whole - cell) > dt.timedelta(milliseconds=1) else whole
        return exact.isoformat(sep=" ", timespec="seconds" if exact is whole else "milliseconds")
    if isinstance(cell, dt.date):
        return cell.isoformat()
    return str(cell)


def _check(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as packed:
            parts = packed.infolist()
    except zipfile.BadZipFile as error:
        raise _broken(path) from error
    if not any(part.filename == "xl/workbook.xml" for part in parts):
        raise InvalidInput(
            "import.no_workbook",
            msg("%(path)s is a packed file, but no Excel workbook. Unpack it and import what is in it."),
            path=path.name,
        )
    # Reading stops at the size that is written here, so a lie about it gains nothing.
    whole = sum(part.file_size for part in parts)
    bomb = any(p.file_size > _SMALL_BYTES and p.file_size > _MAX_RATIO * max(1, p.compress_size) for p in parts)
    texts = sum(part.file_size for part in parts if part.filename == _TEXTS)
    if bomb or whole > MAX_UNPACKED_BYTES or texts > MAX_TEXTS_BYTES:
        raise LimitReached(
            "import.workbook_too_big",
            msg("The workbook unfolds to %(size)d MB, more than can be read safely. Save it as CSV and import that."),
            size=whole >> 20,
        )


def _broken(path: Path) -> InvalidInput:
    return InvalidInput(
        "import.workbook_broken",
        msg("The workbook %(path)s is damaged or protected by a password. Open it, save it again without, and retry."),
        path=path.name,
    )
