"""Tables as files: xlsx for people, csv for people and programs."""

import csv
import datetime as dt
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, cast

from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header

from yunying.base import clock
from yunying.platform.ui.workbooks import plain, xlsx_file

__all__ = ["XLSX", "csv_text", "file_name", "file_response", "safe_text"]

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_BOM = "\ufeff"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def file_response(kind: str, name: str, heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> HttpResponse:
    """A download called `<name>-<day>.<kind>`; moments are written in the current zone."""
    file = file_name(name, kind)
    if kind == "xlsx":
        book = FileResponse(xlsx_file(heads, rows), as_attachment=True, filename=file, content_type=XLSX)
        # A view may answer with a stream; only the declared type of views does not say so.
        return cast(HttpResponse, book)
    zone = timezone.get_current_timezone()
    response = StreamingHttpResponse(_csv(heads, rows, zone), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(True, file)
    return cast(HttpResponse, response)


def file_name(name: str, kind: str) -> str:
    """What a download is called: letters of any language, and the day in the current zone."""
    plain = re.sub(r"[^\w-]+", "-", name).strip("-")[:80] or "export"
    return f"{plain}-{clock.now().astimezone(timezone.get_current_timezone()):%Y%m%d}.{kind}"


def safe_text(text: str) -> str:
    """Text that a spreadsheet will not take for a formula (CWE-1236): such text gets an apostrophe in front."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def csv_text(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """The whole file as text, with the byte-order mark by which spreadsheets know that it is UTF-8."""
    return "".join(_csv(heads, rows, timezone.get_current_timezone()))


def _csv(heads: Sequence[str], rows: Iterable[Sequence[Any]], zone: dt.tzinfo) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    yield _BOM
    writer.writerow([safe_text(head) for head in heads])
    for row in rows:
        writer.writerow([_written(plain(value, zone)) for value in row])
        if buffer.tell() > 64_000:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def _written(value: Any) -> Any:
    if isinstance(value, float):
        # As many digits as are true: the sum of ten times 0.1 is 1 to people.
        return float(f"{value:.15g}")
    return safe_text(value) if isinstance(value, str) else value
