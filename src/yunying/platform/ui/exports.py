"""Tables as files: xlsx for people, csv for people and programs."""

import csv
import datetime as dt
import io
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any, cast

from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.utils import timezone

from yunying.base import clock

__all__ = ["csv_text", "file_response", "safe_text", "xlsx_file"]

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_BOM = "\ufeff"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def file_response(kind: str, name: str, heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> HttpResponse:
    """A download called `<name>-<day>.<kind>`; moments are written in the current zone."""
    file = f"{re.sub(r'[^A-Za-z0-9_-]+', '-', name)}-{clock.now():%Y%m%d}.{kind}"
    if kind == "xlsx":
        book = FileResponse(xlsx_file(heads, rows), as_attachment=True, filename=file, content_type=XLSX)
        # A view may answer with a stream; only the declared type of views does not say so.
        return cast(HttpResponse, book)
    zone = timezone.get_current_timezone()
    response = StreamingHttpResponse(_csv(heads, rows, zone), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{file}"'
    return cast(HttpResponse, response)


def safe_text(text: str) -> str:
    """Text that a spreadsheet will not take for a formula (CWE-1236): such text gets an apostrophe in front."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def csv_text(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """The whole file as text, with the byte-order mark by which spreadsheets know that it is UTF-8."""
    return "".join(_csv(heads, rows, timezone.get_current_timezone()))


def xlsx_file(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> Any:
    """An open file of one sheet: bold first line that stays in sight, values with their types."""
    # Here and below: loaded with the first export, not with the first page.
    from openpyxl import Workbook
    from openpyxl.utils import get_column_letter

    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.freeze_panes = "A2"
    for index, head in enumerate(heads, start=1):
        sheet.column_dimensions[get_column_letter(index)].width = min(40, max(12, 2 * len(head) + 4))
    sheet.append([_bold(sheet, head) for head in heads])
    for row in rows:
        sheet.append([_cell(sheet, value) for value in row])
    file = tempfile.TemporaryFile()  # noqa: SIM115 - FileResponse closes it
    book.save(file)
    file.seek(0)
    return file


def _bold(sheet: Any, head: str) -> Any:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    cell = WriteOnlyCell(sheet, value=head)
    cell.data_type = "s"
    cell.font = Font(bold=True)
    return cell


def _cell(sheet: Any, value: Any) -> Any:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    value = _plain(value, timezone.get_current_timezone())
    if isinstance(value, str):
        cell = WriteOnlyCell(sheet, value=ILLEGAL_CHARACTERS_RE.sub("", value)[:32_767])
        # openpyxl takes text that begins with "=" for a formula; it is data here, whoever typed it.
        cell.data_type = "s"
        return cell
    return value


def _csv(heads: Sequence[str], rows: Iterable[Sequence[Any]], zone: dt.tzinfo) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    yield _BOM
    writer.writerow([safe_text(head) for head in heads])
    for row in rows:
        values = (_plain(value, zone) for value in row)
        writer.writerow([safe_text(value) if isinstance(value, str) else value for value in values])
        if buffer.tell() > 64_000:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def _plain(value: Any, zone: dt.tzinfo) -> Any:
    """Numbers, days and None as they are; moments as wall-clock time of the zone; everything else as text."""
    if isinstance(value, dt.datetime):
        return value.astimezone(zone).replace(tzinfo=None, microsecond=0)
    if value is None or isinstance(value, int | float | Decimal | dt.date):
        return value
    if isinstance(value, list | tuple):
        return ", ".join(str(part) for part in value)
    return str(value)
