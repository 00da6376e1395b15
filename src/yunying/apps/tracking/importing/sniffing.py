"""What kind of file somebody brought: format, encoding, separator, sheets, names of the columns and the first rows."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from yunying.apps.tracking.importing.packing import checked_encoding, packing_of, recoded, unpacked
from yunying.apps.tracking.importing.readers import BROKEN, header_of
from yunying.apps.tracking.importing.tops import TOP_ROWS, holds_names, names_row, widened
from yunying.apps.tracking.importing.values import plain
from yunying.apps.tracking.importing.workbooks import Workbook
from yunying.apps.tracking.importing.wrong import NO_ROWS, NOT_TEXT
from yunying.base.errors import InvalidInput, LimitReached, msg

__all__ = ["ENCODINGS", "MAX_COLUMNS", "SAMPLE_ROWS", "SEPARATORS", "Layout", "Sample", "sample", "sniff"]

SAMPLE_ROWS = 1_000
MAX_COLUMNS = 300
ENCODINGS = ("utf-8", "gb18030", "big5", "utf-16", "cp1252", "shift_jis")
SEPARATORS = (",", ";", "\t", "|")
_MOST_SHEETS = 50
_HEAD_BYTES = 256 << 10
_SAMPLE_BYTES = 8 << 20
_WORKBOOK, _OLD_WORKBOOK, _PARQUET = b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"PAR1"


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is to be read.

    `header` says whether a row holds the names of the columns, and `above` how many rows with something in them stand
    above it: a title, who made the file.
    """

    format: str
    separator: str = ","
    encoding: str = "utf-8"
    sheet: str = ""
    sheets: tuple[str, ...] = ()
    header: bool = True
    packing: str = ""
    above: int = 0


@dataclass(frozen=True, slots=True)
class Sample:
    """The first rows of a file as text, None where nothing stands; `types` are those a Parquet file brings itself."""

    layout: Layout
    columns: list[str]
    rows: list[list[str | None]]
    types: dict[str, str] = field(default_factory=dict)


def sniff(path: Path) -> Layout:
    """Look at a file's first bytes. Raises InvalidInput, with what to do, for a file that cannot be imported."""
    try:
        with path.open("rb") as file:
            head = file.read(8)
            if not head:
                raise InvalidInput("import.empty", msg("The file is empty."))
            if head.startswith(_OLD_WORKBOOK):
                raise InvalidInput(
                    "import.old_workbook",
                    msg("This is a workbook of an old Excel or one with a password. Save it as .xlsx without one."),
                )
            if head.startswith(_WORKBOOK):
                return _book_layout(path)
            if head.startswith(_PARQUET):
                return Layout("parquet")
            return _text_layout(path)
    except BROKEN as error:
        raise _broken(error) from error


def sample(path: Path, layout: Layout, rows: int = SAMPLE_ROWS) -> Sample:
    """The first rows as `layout` reads them. Raises InvalidInput, LimitReached for more than MAX_COLUMNS columns."""
    try:
        found = _SAMPLES[layout.format](path, layout, rows)
    except BROKEN as error:
        raise _broken(error) from error
    if not found.columns:
        raise InvalidInput("import.empty", msg("The file is empty."))
    if len(found.columns) > MAX_COLUMNS:
        raise LimitReached(
            "import.too_many_columns",
            msg("The file has %(count)d columns; at most %(limit)d can be chosen from here. Take out what you need."),
            count=len(found.columns),
            limit=MAX_COLUMNS,
        )
    if not found.rows:
        raise InvalidInput("import.no_rows_here", NO_ROWS)
    return found


def _text_layout(path: Path) -> Layout:
    with path.open("rb") as file:
        packing = packing_of(file.read(8))
    with _content(path) as stream:
        head = stream.read(_HEAD_BYTES)
    if not head.strip():
        raise InvalidInput("import.empty", msg("The file is empty."))
    encoding, text = _encoding(head)
    if "\x00" in text[:4096]:
        raise InvalidInput("import.not_text", NOT_TEXT)
    start = text.lstrip()
    if start.startswith("{"):
        return Layout("jsonl", encoding=encoding, packing=packing)
    if start.startswith("[") and start[1:].lstrip().startswith(("{", "]")):
        raise InvalidInput(
            "import.json_array",
            msg("The file is one JSON list. Write one object per line instead (JSON lines), without the brackets."),
        )
    separator = _separator(text)
    rows = [row for row in _first_rows(text, separator, TOP_ROWS) if any(row)]
    above = names_row(rows)
    header = bool(rows) and holds_names(rows[above])
    return Layout("csv", separator, encoding, header=header, packing=packing, above=above if header else 0)


def _book_layout(path: Path) -> Layout:
    """The first sheet that holds a table, else the first one; people may choose another."""
    with Workbook(path) as book:
        sheets = tuple(book.sheets)
        tops = {one: [row for row in islice(book.rows(one), TOP_ROWS) if any(row)] for one in sheets[:_MOST_SHEETS]}
    tables = [one for one, rows in tops.items() if len(rows) > 1 and max(sum(map(bool, row)) for row in rows) > 1]
    sheet = (tables or [one for one, rows in tops.items() if rows] or list(sheets) or [""])[0]
    return Layout("xlsx", sheet=sheet, sheets=sheets, above=names_row(tops.get(sheet, [])))


def _content(path: Path) -> BinaryIO:
    return unpacked(io.BufferedReader(path.open("rb", buffering=0), 1 << 20))


def _encoding(head: bytes) -> tuple[str, str]:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16", head.decode("utf-16", "ignore")
    for encoding in ("utf-8", "gb18030"):
        # The head may end in the middle of a character, so its last bytes prove nothing.
        for cut in range(4):
            try:
                return encoding, head[: len(head) - cut].decode(encoding).removeprefix("\ufeff")
            except UnicodeDecodeError:
                if len(head) < _HEAD_BYTES:
                    break
    return "cp1252", head.decode("cp1252", "replace")


def _separator(text: str) -> str:
    """The one that cuts the first lines into the same number of columns, as many as possible."""
    best, most = ",", 1
    for one in SEPARATORS:
        rows = _first_rows(text[:65_536], one, 50)[:-1] or _first_rows(text, one, 1)
        widths = [len(row) for row in rows if row]
        usual = max(set(widths), key=widths.count) if widths else 1
        if usual > most and widths.count(usual) >= 0.7 * len(widths):
            best, most = one, usual
    return best


def _first_rows(text: str, separator: str, count: int) -> list[list[str]]:
    # Not translated, because lines of some files end with a carriage return alone.
    return list(islice(csv.reader(io.StringIO(text, newline=""), delimiter=separator), count))


def _csv_sample(path: Path, layout: Layout, limit: int) -> Sample:
    with _content(path) as raw:
        text = io.TextIOWrapper(recoded(raw, checked_encoding(layout.encoding)), encoding="utf-8", newline="")
        return _tabular(_cells(text, layout.separator), layout, limit)


def _cells(text: Any, separator: str) -> Iterator[list[str | None]]:
    try:
        for row in csv.reader(text, delimiter=separator):
            yield [cell or None for cell in row]
    except csv.Error as error:
        raise InvalidInput(
            "import.csv", msg("The file is not well-formed CSV near its beginning: %(why)s"), why=str(error)
        ) from error


def _xlsx_sample(path: Path, layout: Layout, limit: int) -> Sample:
    with Workbook(path) as book:
        return _tabular(book.rows(layout.sheet), layout, limit)


def _tabular(rows: Iterator[list[str | None]], layout: Layout, limit: int) -> Sample:
    filled = (row for row in rows if any(row))
    first = next(islice(filled, layout.above if layout.header else 0, None), [])
    below = list(islice(filled, TOP_ROWS))
    names = widened(first, below) if layout.format == "xlsx" else [cell or "" for cell in first]
    columns = header_of(names if layout.header else [""] * len(names))
    width = len(columns)
    if width > MAX_COLUMNS:
        return Sample(layout, columns, [])
    found = [] if layout.header else [first]
    found += list(islice(_small(chain(below, filled)), limit - len(found)))
    return Sample(layout, columns, [(row + [None] * width)[:width] for row in found])


def _small(rows: Iterator[list[str | None]]) -> Iterator[list[str | None]]:
    """Rows until they are more than anybody wants to look at."""
    left = _SAMPLE_BYTES
    for row in rows:
        yield row
        left -= sum(len(cell) for cell in row if cell)
        if left < 0:
            return


def _jsonl_sample(path: Path, layout: Layout, limit: int) -> Sample:
    objects: list[dict[str, Any]] = []
    with _content(path) as raw:
        stream = io.TextIOWrapper(recoded(raw, layout.encoding), encoding="utf-8")
        for row in _small([line] for line in islice(stream, limit)):
            try:
                one = json.loads(row[0] or "")
            except ValueError:
                continue
            if isinstance(one, dict):
                objects.append(one)
    if not objects:
        raise InvalidInput("import.no_objects", msg("None of the first lines of the file is a JSON object."))
    columns = list(dict.fromkeys(name for one in objects for name in one))
    rows = [[_json_text(one.get(name)) for name in columns] for one in objects]
    return Sample(layout, columns, rows)


def _json_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value or None
    return json.dumps(value, ensure_ascii=False)


def _parquet_sample(path: Path, layout: Layout, limit: int) -> Sample:
    file = pq.ParquetFile(path)
    names = file.schema_arrow.names
    first = next(file.iter_batches(batch_size=limit), None)
    table: Any = pa.Table.from_batches([first]) if first is not None else file.schema_arrow.empty_table()
    columns = [[_json_text(_spelled(v)) for v in plain(one.combine_chunks()).to_pylist()] for one in table.columns]
    types = {column.name: str(column.type) for column in file.schema_arrow}
    return Sample(layout, names, [list(row) for row in zip(*columns, strict=True)], types)


def _spelled(value: Any) -> Any:
    return value.isoformat(sep=" ") if hasattr(value, "isoformat") else value


def _broken(error: Exception) -> InvalidInput:
    if isinstance(error, EOFError):
        return InvalidInput(
            "import.cut_off", msg("The packed file ends too early: it was not copied whole, or is damaged.")
        )
    return InvalidInput(
        "import.damaged",
        msg("The file is damaged or not what it seems to be: %(why)s"),
        why=str(error).splitlines()[0] if str(error) else type(error).__name__,
    )


_SAMPLES = {"csv": _csv_sample, "xlsx": _xlsx_sample, "jsonl": _jsonl_sample, "parquet": _parquet_sample}
