"""From canonical events to the rows of the events table, in Arrow form."""

from collections.abc import Iterable, Sequence
from types import NoneType
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from yunying.events.event import Event
from yunying.store.columns import EventColumns, Kind
from yunying.store.values import number_form, text_form

__all__ = ["document", "event_table", "uuid_array"]

_TIME = pa.timestamp("ms", tz="UTC")
_EXACT = 1 << 53


def event_table(events: Sequence[Event], numbers: Sequence[int], columns: EventColumns) -> pa.Table:
    """The rows of `events`, in the same order; `numbers` are the numbers of their distinct ids."""
    props = [event.props for event in events]
    data: dict[str, pa.Array] = {
        "product": pa.array([event.product for event in events], pa.uint32()),
        "event": pa.array([event.name for event in events], pa.string()).dictionary_encode(),
        "ts": pa.array([event.ts_ms for event in events], pa.int64()).cast(_TIME),
        "person": pa.array(numbers, pa.uint32()),
        "uuid": uuid_array(event.uuid for event in events),
        "distinct_id": pa.array([event.distinct_id for event in events], pa.string()),
        "account": pa.array([event.account for event in events], pa.string()),
        "session": pa.array([event.session for event in events], pa.string()),
        "props": _texts(props),
    }
    for promoted in columns.promoted:
        read = _text_column if promoted.kind is Kind.TEXT else _number_column
        data[promoted.column] = read(props, promoted.name)
    return pa.table(data)


def uuid_array(uuids: Iterable[str]) -> pa.Array:
    """Canonical uuids as sixteen bytes each, as the engine reads them from Arrow."""
    raw = bytes.fromhex("".join(uuids).replace("-", ""))
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(raw) // 16, [None, pa.py_buffer(raw)])


def _texts(documents: Sequence[dict[str, Any]]) -> pa.Array:
    """Each as JSON text, handed over as bytes: as Python texts they would be decoded and encoded once more."""
    parts = [_document(one) for one in documents]
    ends = np.cumsum([0, *map(len, parts)], dtype=np.int64)
    if ends[-1] >= 1 << 31:
        return pa.array([part.decode() for part in parts], pa.large_string())
    return pa.StringArray.from_buffers(len(parts), pa.py_buffer(ends.astype(np.int32)), pa.py_buffer(b"".join(parts)))


def document(props: dict[str, Any]) -> str:
    """JSON text. Integers past 64 bits, which the fast encoder refuses, are spelled in full."""
    return _document(props).decode()


def _document(props: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(props)
    except TypeError:
        return text_form(props).encode()


def _text_column(props: Sequence[dict[str, Any]], name: str) -> pa.Array:
    values = [row.get(name) for row in props]
    # Nearly every column holds one type; looking once which spares a call per value.
    if not set(map(type, values)) <= {str}:
        values = [value if type(value) is str else text_form(value) for value in values]
    return pa.array(values, pa.string()).dictionary_encode()


def _number_column(props: Sequence[dict[str, Any]], name: str) -> pa.Array:
    values = [row.get(name) for row in props]
    if not set(map(type, values)) <= {int, NoneType} or not _in_range(values):
        values = [number_form(value) for value in values]
    return pa.array(values, pa.float64())


def _in_range(values: Sequence[int | None]) -> bool:
    """Whether integers can be turned into floats as they are, without a look at each."""
    given = [value for value in values if value is not None]
    return not given or (min(given) >= -_EXACT and max(given) <= _EXACT)
