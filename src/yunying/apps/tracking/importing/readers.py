"""Foreign files as a stream of chunks: tables of only the columns the mapping reads, flat in memory.

CSV, JSON lines and Parquet; the first two also compressed (.gz, .xz, .zst, .bz2). Rows count from 1, headers excluded.
"""

import bz2
import csv
import gzip
import io
import lzma
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import orjson
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from yunying.apps.tracking.importing.mapping import FileMapping
from yunying.base.errors import InvalidInput, msg

__all__ = ["Chunk", "chunks", "format_of"]

CHUNK_ROWS = 50_000
BLOCK_BYTES = 4 << 20
SPACES = "spaces"
PACKED = {".gz", ".xz", ".zst", ".bz2"}
FORMATS = {".csv": "csv", ".tsv": "csv", ".txt": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}


@dataclass(slots=True)
class Chunk:
    """Rows `first_row` … of the file; `unreadable` are rows that could not even be split into columns.

    `fraction` (0–1) says how much of the file has been read with this chunk.
    """

    table: Any
    first_row: int
    unreadable: list[tuple[int, str]] = field(default_factory=list)
    fraction: float = 0.0


def chunks(path: Path, mapping: FileMapping, skip_rows: int = 0) -> Iterator[Chunk]:
    """The file's chunks after `skip_rows`. Raises InvalidInput when it cannot be read as what it claims to be."""
    kind = mapping.format or format_of(path)
    try:
        if kind == "parquet":
            file = pq.ParquetFile(path)
            total = max(1, file.metadata.num_rows)
            yield from _numbered(_parquet(file, mapping), skip_rows, lambda seen: seen / total)
            return
        size = max(1, path.stat().st_size)
        with path.open("rb", buffering=1 << 20) as packed, _unpacked(packed, path.suffix.lower()) as stream:
            rows = _jsonl(stream, mapping) if kind == "jsonl" else _csv(stream, mapping)
            yield from _numbered(rows, skip_rows, lambda _seen: packed.tell() / size)
    except FileNotFoundError as error:
        raise InvalidInput("import.file_absent", msg("The file %(path)s does not exist."), path=str(path)) from error
    except (OSError, EOFError, lzma.LZMAError, pa.ArrowInvalid, UnicodeDecodeError) as error:
        raise InvalidInput(
            "import.file_unreadable",
            msg("The file %(path)s cannot be read as %(kind)s: %(why)s"),
            path=str(path),
            kind=kind,
            why=str(error).splitlines()[0],
        ) from error


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


def _unpacked(packed: BinaryIO, suffix: str) -> BinaryIO:
    if suffix == ".xz":
        return io.BufferedReader(lzma.open(packed), 1 << 20)
    if suffix == ".gz":
        return io.BufferedReader(gzip.open(packed), 1 << 20)
    if suffix == ".bz2":
        return io.BufferedReader(bz2.open(packed), 1 << 20)
    if suffix == ".zst":
        stream = pa.CompressedInputStream(pa.PythonFile(packed), "zstd")
        return io.BufferedReader(stream, 1 << 20)
    return packed


def _numbered(
    parts: Iterable[tuple[Any, list[tuple[int, str]]]], skip_rows: int, fraction: Callable[[int], float]
) -> Iterator[Chunk]:
    """Give chunks their row numbers and leave out what an earlier try has done."""
    seen = 0
    for table, unreadable in parts:
        first, seen = seen, seen + table.num_rows
        if seen <= skip_rows:
            continue
        done = max(0, skip_rows - first)
        yield Chunk(table.slice(done).combine_chunks(), first + done + 1, unreadable, fraction(seen))


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


def _csv(stream: BinaryIO, mapping: FileMapping) -> Iterator[tuple[Any, list[tuple[int, str]]]]:
    if mapping.separator == SPACES:
        yield from _spaced(stream, mapping)
        return
    header = list(mapping.header) or _header(stream, mapping)
    wanted = _require(mapping.columns(), header)
    unreadable: list[tuple[int, str]] = []

    def odd(row: Any) -> str:
        unreadable.append((row.number or 0, f"{row.actual_columns} columns instead of {row.expected_columns}"))
        return "skip"

    reader = pacsv.open_csv(
        stream,
        read_options=pacsv.ReadOptions(
            column_names=header, block_size=BLOCK_BYTES, encoding=mapping.encoding, use_threads=False
        ),
        parse_options=pacsv.ParseOptions(delimiter=mapping.separator, newlines_in_values=True, invalid_row_handler=odd),
        convert_options=pacsv.ConvertOptions(
            include_columns=wanted,
            column_types=dict.fromkeys(wanted, pa.string()),
            strings_can_be_null=True,
            null_values=[""],
        ),
    )
    for batch in reader:
        yield pa.Table.from_batches([batch]), list(unreadable)
        unreadable.clear()


def _header(stream: BinaryIO, mapping: FileMapping) -> list[str]:
    """Take the first line off the stream: the names of the columns."""
    line = stream.readline().decode(mapping.encoding).lstrip("\ufeff").rstrip("\r\n")
    return [name.strip() for name in next(csv.reader([line], delimiter=mapping.separator), [])]


def _spaced(stream: BinaryIO, mapping: FileMapping) -> Iterator[tuple[Any, list[tuple[int, str]]]]:
    """Columns padded with any number of spaces."""
    header = list(mapping.header)
    wanted = _require(mapping.columns(), header)
    text = io.TextIOWrapper(stream, encoding=mapping.encoding)
    for lines in _batched(text):
        cells = [line.split() for line in lines]
        unreadable = [(0, f"{len(one)} columns instead of {len(header)}") for one in cells if len(one) != len(header)]
        whole = [one for one in cells if len(one) == len(header)]
        columns = {name: [one[header.index(name)] for one in whole] for name in wanted}
        yield pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()}), unreadable


def _jsonl(stream: BinaryIO, mapping: FileMapping) -> Iterator[tuple[Any, list[tuple[int, str]]]]:
    """One object a line; a dotted column name looks inside nested objects. Absent is null."""
    wanted = sorted(mapping.columns())
    seen = 0
    for lines in _batched(stream):
        rows: list[dict[str, Any]] = []
        unreadable = []
        for line in lines:
            seen += 1
            try:
                row = orjson.loads(line)
            except orjson.JSONDecodeError as error:
                row = None
                unreadable.append((seen, str(error)))
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


def _parquet(file: Any, mapping: FileMapping) -> Iterator[tuple[Any, list[tuple[int, str]]]]:
    wanted = _require(mapping.columns(), file.schema_arrow.names)
    for batch in file.iter_batches(batch_size=CHUNK_ROWS, columns=wanted):
        yield pa.Table.from_batches([batch]), []


def _batched(lines: Iterable[Any]) -> Iterator[list[Any]]:
    batch = []
    for line in lines:
        if line.strip():
            batch.append(line)
        if len(batch) >= CHUNK_ROWS:
            yield batch
            batch = []
    if batch:
        yield batch
