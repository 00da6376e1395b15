"""Events of a product and a range of time as rows, and as files of JSON lines, CSV or Parquet."""

import csv
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from yunying.base.errors import InvalidInput, msg
from yunying.store import EVENTS, Sql, Store

__all__ = ["FORMATS", "days_of", "event_batches", "export_events"]

COLUMNS = ("uuid", "event", "timestamp", "distinct_id", "account", "session", "properties")
FORMATS = ("jsonl", "csv", "parquet")
BATCH = 100_000

# Which days hold events, and how many: the steps in which an export goes.
_DAYS = f"""
SELECT
    toDate(ts) AS day,
    count() AS events
FROM {EVENTS}
WHERE product = {{product:UInt32}}
    AND ts >= {{since:DateTime64(3, 'UTC')}}
    AND ts < {{until:DateTime64(3, 'UTC')}}
GROUP BY day
ORDER BY day
"""

# A page of one stretch of time, after the last row of the page before.
_PAGE = f"""
SELECT
    toString(uuid),
    toString(event),
    toUnixTimestamp64Milli(ts),
    distinct_id,
    account,
    session,
    props,
    person
FROM {EVENTS}
WHERE product = {{product:UInt32}}
    AND ts >= {{since:DateTime64(3, 'UTC')}}
    AND ts < {{until:DateTime64(3, 'UTC')}}
    AND (toUnixTimestamp64Milli(ts), toString(uuid)) > ({{after_ms:Int64}}, {{after_uuid:String}})
ORDER BY
    ts,
    toString(uuid)
LIMIT {{limit:UInt32}}
"""

Row = tuple[Any, ...]


def days_of(store: Store, product: int, since: datetime, until: datetime) -> list[tuple[datetime, int]]:
    """Each UTC day of `[since, until)` that holds events, with their number. One query."""
    answer = store.query(Sql(_DAYS, {"product": product, "since": _moment(since), "until": _moment(until)}))
    midnight = since.replace(hour=0, minute=0, second=0, microsecond=0)
    return [(midnight.replace(year=day.year, month=day.month, day=day.day), count) for day, count in answer.rows]


def event_batches(
    store: Store, product: int, since: datetime, until: datetime, batch: int = BATCH
) -> Iterator[list[Row]]:
    """The events of `[since, until)` in order of time; at most `batch` of them in memory.

    A row is COLUMNS (time as epoch milliseconds, properties as JSON text) and the number of its distinct id.
    """
    stretch: list[tuple[datetime, int]] = []
    for day in days_of(store, product, since, until):
        if stretch and sum(count for _day, count in stretch) + day[1] > batch:
            yield from _pages(store, product, since, until, stretch, batch)
            stretch = []
        stretch.append(day)
    if stretch:
        yield from _pages(store, product, since, until, stretch, batch)


def export_events(
    *,
    store: Store,
    product: int,
    since: datetime,
    until: datetime,
    path: Path,
    form: str,
    tell: Callable[[int], None] = lambda rows: None,
) -> int:
    """Write the product's events of `[since, until)` to `path`; returns how many. `tell` hears of each batch's size.

    `form` is one of FORMATS; `properties` is a JSON object, as text in CSV and Parquet. Raises InvalidInput.
    """
    if form not in FORMATS:
        raise InvalidInput(
            "export.format", msg("Choose one of %(formats)s."), field="format", formats=", ".join(FORMATS)
        )
    rows = 0
    # Under another name until it is whole: a half-written file must not look like an export.
    part = path.with_name(path.name + ".part")
    with _WRITERS[form](part) as writer:
        for batch in event_batches(store, product, since, until):
            writer.write(batch)
            rows += len(batch)
            tell(len(batch))
    part.replace(path)
    return rows


def _pages(
    store: Store, product: int, since: datetime, until: datetime, days: list[tuple[datetime, int]], limit: int
) -> Iterator[list[Row]]:
    first, last = max(since, days[0][0]), min(until, days[-1][0] + timedelta(days=1))
    params = {"product": product, "since": _moment(first), "until": _moment(last), "limit": limit}
    after: dict[str, Any] = {"after_ms": -(1 << 62), "after_uuid": ""}
    while True:
        rows = store.query(Sql(_PAGE, params | after)).rows
        if rows:
            yield rows
        if len(rows) < limit:
            return
        after = {"after_ms": rows[-1][2], "after_uuid": rows[-1][0]}


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def _time_text(ms: int) -> str:
    """RFC 3339 with milliseconds, UTC."""
    seconds, millis = divmod(ms, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{millis:03d}Z"


class _Lines:
    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")

    def __enter__(self) -> "_Lines":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, rows: list[Row]) -> None:
        for row in rows:
            record = dict(zip(COLUMNS, row[:-1], strict=True))
            record["timestamp"] = _time_text(row[2])
            record["properties"] = orjson.Fragment(row[6] or "{}")
            self._file.write(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))


class _Csv:
    def __init__(self, path: Path) -> None:
        self._file = path.open("w", newline="", encoding="utf-8")
        self._writer = csv.writer(self._file)
        self._writer.writerow(COLUMNS)

    def __enter__(self) -> "_Csv":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, rows: list[Row]) -> None:
        self._writer.writerows((*row[:2], _time_text(row[2]), *row[3:-1]) for row in rows)


class _Parquet:
    _SCHEMA = pa.schema([(name, pa.timestamp("ms", "UTC") if name == "timestamp" else pa.string()) for name in COLUMNS])

    def __init__(self, path: Path) -> None:
        self._writer = pq.ParquetWriter(path, self._SCHEMA, compression="zstd")

    def __enter__(self) -> "_Parquet":
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()

    def write(self, rows: list[Row]) -> None:
        columns = [
            pa.array(values, field.type) for values, field in zip(zip(*rows, strict=True), self._SCHEMA, strict=False)
        ]
        self._writer.write_table(pa.Table.from_arrays(columns, schema=self._SCHEMA))


_WRITERS: dict[str, Callable[[Path], Any]] = {"jsonl": _Lines, "csv": _Csv, "parquet": _Parquet}
