"""Foreign files as a stream of chunks: tables of only the columns the mapping reads, flat in memory.

CSV, JSON lines, Parquet and xlsx; the first two also packed (gzip, xz, Zstandard, bzip2). Rows count from 1, headers
excluded.
"""

import csv
import io
import lzma
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO

import orjson
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from yunying.apps.tracking.importing import workbooks
from yunying.apps.tracking.importing.mapping import FileMapping
from yunying.apps.tracking.importing.packing import Recoded, checked_encoding, lines, recoded, unpacked
from yunying.apps.tracking.importing.tops import TOP_ROWS, widened
from yunying.apps.tracking.importing.wrong import NO_ROWS, require_closed_quotes, require_text
from yunying.base.errors import InvalidInput, msg

__all__ = ["FORMATS", "PACKED", "SPACES", "Chunk", "chunks", "format_of", "header_of"]

CHUNK_ROWS = 50_000
BLOCK_BYTES = 4 << 20
SPACES = "spaces"
_LONGEST_HEADER = 50
PACKED = {".gz", ".xz", ".zst", ".bz2"}
FORMATS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".xlsx": "xlsx",
}
# What libraries raise for a file that is broken or cut off.
BROKEN = (OSError, EOFError, lzma.LZMAError, zlib.error, pa.ArrowInvalid, pa.ArrowNotImplementedError)


@dataclass(slots=True)
class Chunk:
    """Rows `first_row` … of the file; `unreadable` are rows that could not even be split into columns.

    `fraction` (0–1) says how much of the file has been read with this chunk. `dropped` are the places in the file of
    all rows up to here that are in no table, so that people can be told where a row really stands.
    """

    table: Any
    first_row: int
    unreadable: list[tuple[int, str]] = field(default_factory=list)
    fraction: float = 0.0
    dropped: list[int] = field(default_factory=list)


Parts = Iterator[tuple[Any, list[tuple[int, str]]]]


def chunks(path: Path, mapping: FileMapping, skip_rows: int = 0) -> Iterator[Chunk]:
    """The file's chunks after `skip_rows`. Raises InvalidInput when it cannot be read as what it claims to be."""
    kind = mapping.format or format_of(path)
    done = skip_rows
    try:
        parts, fraction = _opened(path, kind, mapping)
        for chunk in _numbered(parts, fraction, skip_rows, drops=kind == "csv"):
            done = chunk.first_row + chunk.table.num_rows - 1
            yield chunk
    except FileNotFoundError as error:
        raise InvalidInput("import.file_absent", msg("The file %(path)s does not exist."), path=path.name) from error
    except BROKEN as error:
        raise _unreadable(path, kind, done, error) from error


def _opened(path: Path, kind: str, mapping: FileMapping) -> tuple[Parts, Callable[[int], float]]:
    """The file's tables and, for the number of rows seen, how much of it that is."""
    if kind in ("csv", "jsonl"):
        require_text(path, mapping.encoding)
    if kind == "parquet":
        file = pq.ParquetFile(path)
        total = max(1, file.metadata.num_rows)
        return _parquet(file, mapping), lambda seen: seen / total
    if kind == "xlsx":
        book = workbooks.Workbook(path)
        return _xlsx(book, mapping), book.fraction
    size = max(1, path.stat().st_size)
    packed: Any = path.open("rb", buffering=1 << 20)
    if kind == "jsonl":
        return _closing(packed, _jsonl(unpacked(packed), mapping)), lambda _seen: min(1.0, packed.tell() / size)
    pace = _Pace()
    return _closing(packed, _csv(unpacked(packed), mapping, pace, path)), lambda _seen: pace.part * packed.tell() / size


@dataclass(slots=True)
class _Pace:
    """Which part of the text that was read stands in tables: the reader of CSV is many blocks ahead of them."""

    part: float = 0.0


def _closing(file: BinaryIO, parts: Parts) -> Parts:
    with file:
        yield from parts


def _unreadable(path: Path, kind: str, done: int, error: Exception) -> InvalidInput:
    if isinstance(error, EOFError):
        return InvalidInput(
            "import.file_cut_off",
            msg("The file %(path)s ends too early, behind row %(row)d: it was not copied whole, or is damaged."),
            path=path.name,
            row=done,
        )
    return InvalidInput(
        "import.file_unreadable",
        msg("The file %(path)s cannot be read as %(kind)s behind row %(row)d: %(why)s"),
        path=path.name,
        kind=kind,
        row=done,
        why=str(error).splitlines()[0] if str(error) else type(error).__name__,
    )


def format_of(path: Path) -> str:
    """csv, jsonl or parquet by the file's name. Raises InvalidInput when the name does not tell."""
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() not in PACKED]
    kind = FORMATS.get(suffixes[-1]) if suffixes else None
    if kind is None:
        raise InvalidInput(
            "import.format",
            msg("The name of %(path)s does not tell its format; give file.format in the mapping."),
            path=str(path),
        )
    return kind


def _numbered(parts: Parts, fraction: Callable[[int], float], skip_rows: int, *, drops: bool) -> Iterator[Chunk]:
    """Give chunks their row numbers and leave out what an earlier try has done."""
    seen = 0
    dropped: list[int] = []
    for table, unreadable in parts:
        first, seen = seen, seen + table.num_rows
        if drops:
            dropped += [row for row, _why in unreadable if row]
        if seen <= skip_rows:
            continue
        done = max(0, skip_rows - first)
        yield Chunk(table.slice(done).combine_chunks(), first + done + 1, unreadable, fraction(seen), dropped)


def _distinct(names: Iterable[str]) -> list[str]:
    """Names of columns made whole: an empty one is called by its place, a repeated one gets a number."""
    found: list[str] = []
    taken: set[str] = set()
    for place, given in enumerate(names, start=1):
        name = first = given.strip() or f"column {place}"
        count = 1
        while name in taken:
            count += 1
            name = f"{first} ({count})"
        taken.add(name)
        found.append(name)
    return found


def header_of(cells: Iterable[str]) -> list[str]:
    """What the columns of a file are called whose first row holds `cells`."""
    return _distinct(cells)


def _require(wanted: Iterable[str], present: Iterable[str]) -> list[str]:
    have = list(present)
    lacking = sorted(set(wanted) - set(have))
    if lacking:
        raise InvalidInput(
            "import.column_absent",
            msg("The file has no column “%(column)s”; it has: %(present)s."),
            column=lacking[0],
            present=", ".join(have[:50]),
        )
    return sorted(set(wanted))


def _csv(raw: BinaryIO, mapping: FileMapping, pace: _Pace, path: Path) -> Parts:
    stream = recoded(raw, mapping.encoding)
    if mapping.separator == SPACES:
        pace.part = 1.0
        yield from _spaced(stream, mapping)
        return
    header = list(mapping.header) or _header(stream, mapping)
    wanted = _require(mapping.columns(), header)
    if not stream.peek().strip():
        raise InvalidInput("import.no_rows_here", NO_ROWS)
    try:
        held: list[tuple[Any, list[tuple[int, str]]]] = []
        for part in _csv_tables(stream, mapping, header, wanted, pace):
            yield from held
            held = [part]
    except pa.ArrowInvalid:
        require_closed_quotes(path, mapping)
        raise
    if stream.quotes % 2:
        # The last field may have swallowed the rest of the file; nothing says so but this.
        require_closed_quotes(path, mapping)
    yield from held


def _csv_tables(stream: Recoded, mapping: FileMapping, header: list[str], wanted: list[str], pace: _Pace) -> Parts:
    unreadable: list[tuple[int, str]] = []

    def odd(row: Any) -> str:
        unreadable.append((row.number or 0, f"{row.actual_columns} columns instead of {row.expected_columns}"))
        return "skip"

    reader = pacsv.open_csv(
        stream,
        read_options=pacsv.ReadOptions(column_names=header, block_size=BLOCK_BYTES, use_threads=False),
        parse_options=pacsv.ParseOptions(delimiter=mapping.separator, newlines_in_values=True, invalid_row_handler=odd),
        convert_options=pacsv.ConvertOptions(
            include_columns=wanted,
            column_types=dict.fromkeys(wanted, pa.string()),
            strings_can_be_null=True,
            null_values=[""],
        ),
    )
    for number, batch in enumerate(reader, start=1):
        pace.part = min(1.0, number * BLOCK_BYTES / max(1, stream.produced))
        yield pa.Table.from_batches([batch]), list(unreadable)
        unreadable.clear()


def _header(stream: BinaryIO, mapping: FileMapping) -> list[str]:
    """Take the names of the columns off the stream, and what stands above them."""
    for _line in range(mapping.above + 1):
        line = _filled_line(stream)
    # A quoted name may go over several lines.
    for _more in range(_LONGEST_HEADER):
        if line.count('"') % 2 == 0:
            break
        line += stream.readline().decode()
    return header_of(next(csv.reader(io.StringIO(line.rstrip("\r\n"), newline=""), delimiter=mapping.separator), []))


def _filled_line(stream: BinaryIO) -> str:
    while line := stream.readline().decode():
        if line.strip():
            return line
    raise InvalidInput("import.empty", msg("The file is empty."))


def _spaced(stream: BinaryIO, mapping: FileMapping) -> Parts:
    """Columns padded with any number of spaces."""
    header = list(mapping.header)
    wanted = _require(mapping.columns(), header)
    text = io.TextIOWrapper(stream, encoding="utf-8")
    for some in _batched(text):
        cells = [line.split() for line in some]
        unreadable = [(0, f"{len(one)} columns instead of {len(header)}") for one in cells if len(one) != len(header)]
        whole = [one for one in cells if len(one) == len(header)]
        columns = {name: [one[header.index(name)] for one in whole] for name in wanted}
        yield pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()}), unreadable


def _jsonl(raw: BinaryIO, mapping: FileMapping) -> Parts:
    """One object a line; a dotted column name looks inside nested objects. Absent is null."""
    wanted = sorted(mapping.columns())
    # A line that is no UTF-8 is one row at fault; in other encodings one cannot tell where it ends.
    stream = raw if checked_encoding(mapping.encoding) == "utf-8" else recoded(raw, mapping.encoding)
    seen = 0
    for some in _batched(lines(stream)):
        rows: list[dict[str, Any]] = []
        unreadable = []
        for line in some:
            seen += 1
            try:
                row = orjson.loads(line if seen > 1 else line.removeprefix(b"\xef\xbb\xbf"))
            except orjson.JSONDecodeError as error:
                row = None
                unreadable.append((seen, f"no JSON: {error}"))
            else:
                if not isinstance(row, dict):
                    unreadable.append((seen, msg("no JSON object")))
            rows.append(row if isinstance(row, dict) else {})
        yield pa.table({name: _json_column([_inside(row, name) for row in rows]) for name in wanted}), unreadable


def _inside(row: dict[str, Any], name: str) -> Any:
    if name in row or "." not in name:
        return row.get(name)
    value: Any = row
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _json_column(values: list[Any]) -> Any:
    """Text stays text; everything else is kept as JSON text, which the column's type turns back."""
    return pa.array([v if v is None or isinstance(v, str) else orjson.dumps(v).decode() for v in values], pa.string())


def _xlsx(book: workbooks.Workbook, mapping: FileMapping) -> Parts:
    with book:
        rows = (row for row in book.rows(mapping.sheet) if any(row))
        top = [next(rows, None) for _row in range(0 if mapping.header else mapping.above + 1)]
        if top and top[-1] is None:
            raise InvalidInput("import.empty", msg("The file is empty."))
        below = list(islice(rows, TOP_ROWS))
        header = list(mapping.header) or header_of(widened(top[-1] or [], below))
        wanted = _require(mapping.columns(), header)
        places = [header.index(name) for name in wanted]
        for some in _batched(chain(below, rows)):
            columns = [[row[place] if place < len(row) else None for row in some] for place in places]
            yield pa.table({n: pa.array(c, pa.string()) for n, c in zip(wanted, columns, strict=True)}), []


def _parquet(file: Any, mapping: FileMapping) -> Parts:
    names = file.schema_arrow.names
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidInput("import.column_twice", msg("Two columns are called “%(column)s”."), column=twice)
    wanted = _require(mapping.columns(), file.schema_arrow.names)
    for batch in file.iter_batches(batch_size=CHUNK_ROWS, columns=wanted):
        yield pa.Table.from_batches([batch]), []


def _batched(rows: Iterable[Any]) -> Iterator[list[Any]]:
    """Batches of rows, without those in which nothing stands."""
    batch = []
    for row in rows:
        if row.strip() if not isinstance(row, list) else any(row):
            batch.append(row)
        if len(batch) >= CHUNK_ROWS:
            yield batch
            batch = []
    if batch:
        yield batch
