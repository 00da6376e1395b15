"""Columns of a chunk: from text to types and times, whole columns at once, single values only where one is at fault."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from yunying.apps.tracking.importing.mapping import ColumnType, TimeSpec
from yunying.apps.tracking.importing.spans import shifted
from yunying.base.errors import msg

__all__ = ["Fault", "epoch_ms", "plain", "typed"]

TRUE, FALSE = ("true", "t", "yes", "y", "1", "是"), ("false", "f", "no", "n", "0", "否")
# The times that the event store can hold: from 1970 to the end of 2299.
FIRST_MS, END_MS = 0, 10_413_792_000_000
_EXCEL_ZERO_DAYS = 25_569  # from 1899-12-30, the day zero of spreadsheets, to 1970-01-01
_DAY_MS = 86_400_000.0


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
        return _without_nul(_text(column), name)
    if kind is ColumnType.JSON:
        return column, []
    if kind is ColumnType.BOOLEAN:
        return _each(_text(column), name, _boolean, pa.bool_(), msg("not true or false"))
    whole = kind is ColumnType.INTEGER
    try:
        numbers = pc.cast(_text(column) if pa.types.is_string(column.type) else column, pa.float64())
        if not pc.any(pc.invert(pc.is_finite(numbers))).as_py():
            # "13085.0" is how spreadsheets write whole numbers, so integers go through the floating form.
            return pc.cast(numbers, pa.int64()) if whole else numbers, []
    except pa.ArrowInvalid:
        pass
    if whole:
        return _each(_text(column), name, _integer, pa.int64(), msg("not a whole number"))
    return _each(_text(column), name, _number, pa.float64(), msg("not a number"))


def plain(array: Any) -> Any:
    """An array of a type that a file brings, as one whose values JSON has: decimals as numbers, times as text."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        return plain(pc.cast(array, kind.value_type))
    if pa.types.is_decimal(kind):
        return pc.cast(array, pa.float64(), safe=False)
    if pa.types.is_floating(kind):
        return pc.if_else(pc.is_finite(array), array, None)
    if pa.types.is_temporal(kind) and not pa.types.is_timestamp(kind):
        return pc.cast(array, pa.int64() if pa.types.is_duration(kind) else pa.string())
    if pa.types.is_large_string(kind) or kind == pa.string_view():
        return pc.cast(array, pa.string())
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return pa.array([None if v is None else v.decode("utf-8", "replace") for v in array.to_pylist()], pa.string())
    return array


def epoch_ms(column: Any, spec: TimeSpec, zone: str, shift_days: int = 0) -> tuple[Any, list[Fault]]:
    """UTC epoch milliseconds of a column of times, moved by `shift_days` of the wall clock of `zone`.

    Wall-clock times of `spec.zone` (else `zone`): one that occurs twice is the first of the two, one that a clock
    change skips is moved past the gap. Empty and unreadable values, and times before 1970 or after 2299, are null and
    a Fault.
    """
    moments, faults = _epoch_ms(column, spec, spec.zone or zone)
    moments, outside = _storable(moments, column, spec)
    if not shift_days:
        return moments, faults + outside
    moved, beyond = _storable(shifted(moments, shift_days, zone), column, spec)
    return moved, faults + outside + beyond


def _storable(moments: Any, column: Any, spec: TimeSpec) -> tuple[Any, list[Fault]]:
    """The moments that the event store can hold, the others null and a Fault."""
    outside = pc.fill_null(pc.or_(pc.less(moments, FIRST_MS), pc.greater_equal(moments, END_MS)), False)
    if not pc.any(outside).as_py():
        return moments, []
    found = np.flatnonzero(outside.to_numpy(zero_copy_only=False))
    values = pc.cast(pc.take(column, pa.array(found)), pa.string()).to_pylist()
    why = msg("before 1970 or after 2299")
    faults = [Fault(int(i), spec.column, v, why) for i, v in zip(found, values, strict=True)]
    return pc.if_else(outside, None, moments), faults


def _epoch_ms(column: Any, spec: TimeSpec, zone: str) -> tuple[Any, list[Fault]]:
    if pa.types.is_date(column.type):
        column = pc.cast(column, pa.timestamp("ms"))
    if pa.types.is_timestamp(column.type):
        return _instants(column, zone), _empty(column, spec.column)
    if spec.format in ("unix_s", "unix_ms", "excel"):
        return _counted(column, spec, zone)
    text = _text(column)
    try:
        return _instants(_parsed(text, spec.format), zone), _empty(text, spec.column)
    except pa.ArrowInvalid:
        read = _reader(spec.format, ZoneInfo(zone))
        values, faults = _each(text, spec.column, read, pa.int64(), msg("not a time of this format"))
        return values, faults + _empty(text, spec.column)


def _counted(column: Any, spec: TimeSpec, zone: str) -> tuple[Any, list[Fault]]:
    """Times that are numbers: seconds or milliseconds since 1970 in UTC, or a spreadsheet's days of the wall clock."""
    numbers, faults = typed(column, ColumnType.NUMBER, spec.column)
    if spec.format == "excel":
        scaled = pc.multiply(pc.subtract(numbers, float(_EXCEL_ZERO_DAYS)), _DAY_MS)
    else:
        scaled = pc.multiply(numbers, 1000.0 if spec.format == "unix_s" else 1.0)
    # Beyond all years there is nothing to tell apart, and an integer could not hold it.
    bounded = pc.min_element_wise(pc.max_element_wise(scaled, -1e14, skip_nulls=False), 1e14, skip_nulls=False)
    whole = pc.cast(pc.round(bounded), pa.int64())
    if spec.format == "excel":
        whole = _instants(pc.cast(whole, pa.timestamp("ms")), zone)
    return whole, faults + _empty(column, spec.column)


def _parsed(text: Any, form: str) -> Any:
    if form == "iso":
        try:
            return pc.cast(text, pa.timestamp("ms"))
        except pa.ArrowInvalid:
            return pc.cast(text, pa.timestamp("ms", "UTC"))
    return pc.strptime(text, format=form, unit="ms", error_is_null=False)


def _instants(moments: Any, zone: str) -> Any:
    if moments.type.tz is None:
        # The rules of a zone end somewhere; what lies outside is refused anyway, so its wall clock may stand for it.
        wall = pc.cast(pc.cast(moments, pa.timestamp("ms"), safe=False), pa.int64())
        inside = pc.and_(pc.greater_equal(wall, FIRST_MS - int(_DAY_MS)), pc.less(wall, END_MS + int(_DAY_MS)))
        if not pc.all(pc.fill_null(inside, True)).as_py():
            known = pc.if_else(inside, moments, None)
            return pc.if_else(pc.fill_null(inside, False), _instants(known, zone), wall)
        moments = pc.assume_timezone(moments, zone, ambiguous="earliest", nonexistent="latest")
    return pc.cast(pc.cast(moments, pa.timestamp("ms", "UTC"), safe=False), pa.int64())


def _reader(form: str, zone: ZoneInfo) -> Callable[[str], int]:
    def read(text: str) -> int:
        moment = datetime.fromisoformat(text) if form == "iso" else datetime.strptime(text, form)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone)
        return round((moment - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(milliseconds=1))

    return read


def _text(column: Any) -> Any:
    """As text without surrounding space; empty text is null."""
    if not pa.types.is_string(column.type):
        column = pc.cast(column, pa.string())
    trimmed = pc.utf8_trim_whitespace(column)
    return pc.if_else(pc.equal(trimmed, ""), None, trimmed)


def _without_nul(text: Any, name: str) -> tuple[Any, list[Fault]]:
    """PostgreSQL text holds no NUL, and a file that has some is seldom what it should be."""
    with_nul = pc.fill_null(pc.match_substring(text, "\x00"), False)
    if not pc.any(with_nul).as_py():
        return text, []
    found = np.flatnonzero(with_nul.to_numpy(zero_copy_only=False))
    faults = [
        Fault(int(i), name, text[i].as_py().replace("\x00", "\ufffd"), msg("contains a NUL character")) for i in found
    ]
    return pc.if_else(with_nul, None, text), faults


def _empty(column: Any, name: str) -> list[Fault]:
    if column.null_count == 0:
        return []
    return [
        Fault(int(i), name, "", msg("empty")) for i in np.flatnonzero(column.is_null().to_numpy(zero_copy_only=False))
    ]


def _each(text: Any, name: str, read: Callable[[str], Any], kind: Any, why: str) -> tuple[Any, list[Fault]]:
    """The slow way, value by value, for a column that holds a value at fault."""
    values: list[Any] = []
    faults = []
    for position, value in enumerate(text.to_pylist()):
        try:
            values.append(None if value is None else read(value))
        except (ValueError, OverflowError):
            values.append(None)
            faults.append(Fault(position, name, value[:400], why))
    return pa.array(values, kind), faults


def _boolean(text: str) -> bool:
    lower = text.lower()
    if lower in TRUE or lower in FALSE:
        return lower in TRUE
    raise ValueError(text)


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _integer(text: str) -> int:
    number = float(text)
    if not number.is_integer() or abs(number) >= 1 << 63:
        raise ValueError(text)
    return int(number)
