"""Columns of a chunk: from text to types and times, whole columns at once, single values only where one is at fault."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from yunying.apps.tracking.importing.mapping import ColumnType, TimeSpec

__all__ = ["Fault", "epoch_ms", "typed"]

TRUE, FALSE = ("true", "t", "yes", "y", "1"), ("false", "f", "no", "n", "0")


@dataclass(frozen=True, slots=True)
class Fault:
    """A value that could not be used: position in the chunk, column, the value, and why (English, stable)."""

    position: int
    column: str
    value: str
    reason: str


def typed(column: Any, kind: ColumnType, name: str) -> tuple[Any, list[Fault]]:
    """`column` as an Arrow array of `kind`; what does not fit is null and a Fault."""
    if kind is ColumnType.TEXT:
        return _text(column), []
    if kind is ColumnType.JSON:
        return column, []
    if kind is ColumnType.BOOLEAN:
        return _each(_text(column), name, _boolean, pa.bool_(), "not true or false")
    whole = kind is ColumnType.INTEGER
    try:
        numbers = _text(column) if pa.types.is_string(column.type) else column
        # "13085.0" is how spreadsheets write whole numbers, so integers go through the floating form.
        return pc.cast(pc.cast(numbers, pa.float64()), pa.int64() if whole else pa.float64()), []
    except pa.ArrowInvalid:
        kind_, read, why = (
            (pa.int64(), _integer, "not a whole number") if whole else (pa.float64(), float, "not a number")
        )
        return _each(_text(column), name, read, kind_, why)


def epoch_ms(column: Any, spec: TimeSpec, zone: str) -> tuple[Any, list[Fault]]:
    """UTC epoch milliseconds of a column of times.

    Wall-clock times of `spec.zone` (else `zone`): one that occurs twice is the first of the two, one that a clock
    change skips is moved past the gap. Empty and unreadable values are null and a Fault.
    """
    local = spec.zone or zone
    if pa.types.is_timestamp(column.type):
        return _instants(column, local), _empty(column, spec.column)
    if spec.format in ("unix_s", "unix_ms"):
        numbers, faults = typed(column, ColumnType.NUMBER, spec.column)
        scaled = pc.multiply(numbers, 1000.0 if spec.format == "unix_s" else 1.0)
        return pc.cast(pc.round(scaled), pa.int64()), faults + _empty(column, spec.column)
    text = _text(column)
    try:
        moments = _parsed(text, spec.format)
    except pa.ArrowInvalid:
        read = _reader(spec.format, ZoneInfo(local))
        values, faults = _each(text, spec.column, read, pa.int64(), "not a time of this format")
        return values, faults + _empty(text, spec.column)
    return _instants(moments, local), _empty(text, spec.column)


def _parsed(text: Any, form: str) -> Any:
    if form == "iso":
        try:
            return pc.cast(text, pa.timestamp("ms"))
        except pa.ArrowInvalid:
            return pc.cast(text, pa.timestamp("ms", "UTC"))
    return pc.strptime(text, format=form, unit="ms", error_is_null=False)


def _instants(moments: Any, zone: str) -> Any:
    if moments.type.tz is None:
        moments = pc.assume_timezone(moments, zone, ambiguous="earliest", nonexistent="latest")
    return pc.cast(pc.cast(moments, pa.timestamp("ms", "UTC"), safe=False), pa.int64())


def _reader(form: str, zone: ZoneInfo) -> Callable[[str], int]:
    def read(text: str) -> int:
        moment = datetime.fromisoformat(text) if form == "iso" else datetime.strptime(text, form)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone)
        return round(moment.astimezone(UTC).timestamp() * 1000)

    return read


def _text(column: Any) -> Any:
    """As text without surrounding space; empty text is null."""
    if not pa.types.is_string(column.type):
        column = pc.cast(column, pa.string())
    trimmed = pc.utf8_trim_whitespace(column)
    return pc.if_else(pc.equal(trimmed, ""), None, trimmed)


def _empty(column: Any, name: str) -> list[Fault]:
    if column.null_count == 0:
        return []
    return [Fault(int(i), name, "", "empty") for i in np.flatnonzero(column.is_null().to_numpy(zero_copy_only=False))]


def _each(text: Any, name: str, read: Callable[[str], Any], kind: Any, why: str) -> tuple[Any, list[Fault]]:
    """The slow way, value by value, for a column that holds a value at fault."""
    values: list[Any] = []
    faults = []
    for position, value in enumerate(text.to_pylist()):
        try:
            values.append(None if value is None else read(value))
        except (ValueError, OverflowError):
            values.append(None)
            faults.append(Fault(position, name, value, why))
    return pa.array(values, kind), faults


def _boolean(text: str) -> bool:
    lower = text.lower()
    if lower in TRUE or lower in FALSE:
        return lower in TRUE
    raise ValueError(text)


def _integer(text: str) -> int:
    number = float(text)
    if not number.is_integer():
        raise ValueError(text)
    return int(number)
