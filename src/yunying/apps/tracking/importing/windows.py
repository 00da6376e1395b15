"""Chunks cut where no group of rows is torn apart, and the little that must be remembered between two of them."""

import threading
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from queue import Queue
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa

from yunying.apps.tracking.importing.groups import grouping
from yunying.apps.tracking.importing.mapping import FileMapping
from yunying.apps.tracking.importing.readers import Chunk

__all__ = ["Carry", "Window", "ahead", "windows"]

_ROW = "\x00row"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Carry:
    """Rows read but not converted yet, because their group may go on; `rows` are their numbers."""

    table: Any
    rows: Any

    def dump(self) -> bytes:
        """For the checkpoint of a run."""
        sink = pa.BufferOutputStream()
        table = self.table.append_column(_ROW, pa.array(self.rows))
        with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
            writer.write_table(table)
        return bytes(sink.getvalue())

    @classmethod
    def load(cls, data: bytes) -> "Carry":
        table = pa.ipc.open_stream(data).read_all()
        return cls(table.drop_columns([_ROW]), table.column(_ROW).to_numpy())


@dataclass(frozen=True, slots=True)
class Window:
    """Rows to convert now, the state after them (`rows_read`, `carry`) and what the reader could not split."""

    table: Any
    rows: Any
    rows_read: int
    carry: Carry | None
    unreadable: list[tuple[int, str]]
    fraction: float
    dropped: list[int] = field(default_factory=list)

    def place(self, row: int) -> int:
        """Where a row stands in the file, counting also the rows that are in no table."""
        at = row
        while (now := row + bisect_right(self.dropped, at)) != at:
            at = now
        return at


def windows(parts: Iterable[Chunk], mapping: FileMapping, carry: Carry | None, rows_read: int) -> Iterator[Window]:
    """Cut chunks so that whole groups come out; the last window holds what is left."""
    dropped: list[int] = []
    for chunk in parts:
        rows = np.arange(chunk.first_row, chunk.first_row + chunk.table.num_rows)
        rows_read = int(rows[-1]) if len(rows) else rows_read
        table = chunk.table
        if carry is not None:
            rows = np.concatenate([carry.rows, rows])
            table = pa.concat_tables([carry.table, table]).combine_chunks()
        carry = None
        if mapping.group:
            table, rows, carry = _split(table, rows, mapping)
        dropped = chunk.dropped
        yield Window(table, rows, rows_read, carry, chunk.unreadable, chunk.fraction, dropped)
    if carry is not None:
        yield Window(carry.table, carry.rows, rows_read, None, [], 1.0, dropped)


def _split(table: Any, rows: Any, mapping: FileMapping) -> tuple[Any, Any, Carry | None]:
    """Keep back the groups to which a row of the next chunk may still belong."""
    found = grouping(table, rows, mapping)
    last = np.maximum.reduceat(rows[found.order], found.starts)
    open_rows = (last > rows[-1] - mapping.group_within)[found.labels]
    mask = pa.array(open_rows)
    if not open_rows.any():
        return table, rows, None
    closed = pa.array(~open_rows)
    return table.filter(closed), rows[~open_rows], Carry(table.filter(mask), rows[open_rows])


def ahead(items: Iterable[T], depth: int = 1) -> Iterator[T]:
    """Work `items` out in a thread of their own, at most `depth` ahead of who consumes them.

    Reading and converting then go on while the store is busy. Leaving early stops the thread at its next item.
    """
    queue: Queue[tuple[bool, Any]] = Queue(depth)
    stopped = threading.Event()

    def work() -> None:
        try:
            for item in items:
                queue.put((True, item))
                if stopped.is_set():
                    return
            queue.put((False, None))
        except BaseException as error:  # handed over to the consumer, which raises it
            queue.put((False, error))

    thread = threading.Thread(target=work, name="import-reader", daemon=True)
    thread.start()
    try:
        while True:
            more, item = queue.get()
            if not more:
                if item is not None:
                    raise item
                return
            yield item
    finally:
        stopped.set()
        while thread.is_alive() and not queue.empty():
            queue.get_nowait()
