"""Bring a file into a product: in chunks, each remembered when it is safely in the store."""

import csv
import gc
import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from django.conf import settings
from django.db import transaction

from yunying.apps.tracking.importing.events import Converter, Result, RowError, Side
from yunying.apps.tracking.importing.mapping import ColumnType, FileMapping, Lookup
from yunying.apps.tracking.importing.models import ImportRun, ImportStatus
from yunying.apps.tracking.importing.readers import chunks
from yunying.apps.tracking.importing.values import typed
from yunying.apps.tracking.importing.windows import Carry, Window, ahead, windows
from yunying.base import clock
from yunying.base.actor import Actor
from yunying.base.errors import InvalidInput, LimitReached, msg
from yunying.collect.sink import Sink
from yunying.platform.audit.services import record
from yunying.platform.products.models import Product

__all__ = ["ImportProgress", "import_file"]

BATCH = 50_000


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """`fraction` of the file (0–1), rows read, events written and rows at fault so far."""

    fraction: float
    rows: int
    events: int
    errors: int


def import_file(
    *,
    actor: Actor,
    product: Product,
    path: Path,
    mapping: FileMapping,
    sink: Sink,
    tell: Callable[[ImportProgress], None] = lambda progress: None,
    lookups_in: Path | None = None,
    max_errors: int = 10_000,
) -> ImportRun:
    """Import `path` into `product`; the same content with the same mapping is continued, and once done not repeated.

    Events have deterministic ids, so a chunk that was half written when the program died is written again without
    harm. Rows at fault are listed in a CSV file (`errors_file`, in the folder of files). Side tables are looked for
    in `lookups_in`, else beside the file. Memory does not grow with the file. Raises InvalidInput when file and
    mapping do not fit, LimitReached after more than `max_errors` rows at fault.
    """
    run = _begin(actor, product, path, mapping)
    if run.status == ImportStatus.DONE:
        return run
    sides = tuple(_side(one, lookups_in or path.parent) for one in mapping.lookups)
    received_ms = int(clock.now().timestamp() * 1000)
    converter = Converter(product.pk, mapping, run.fingerprint, product.timezone, received_ms, sides)
    carry = Carry.load(bytes(run.carry)) if run.carry else None
    parts = windows(chunks(path, mapping, run.rows_read), mapping, carry, run.rows_read)
    try:
        with _calm_collector():
            for window, result in ahead((window, _convert(converter, window)) for window in parts):
                _keep(run, window, result, sink)
                tell(ImportProgress(window.fraction, run.rows_read, run.events, run.errors))
                if run.errors > max_errors:
                    raise LimitReached(
                        "import.too_many_errors",
                        msg("More than %(count)d rows are at fault. They are listed in %(file)s."),
                        count=max_errors,
                        file=run.errors_file,
                    )
    except BaseException:
        # An update by key, not save(): the checkpoint columns of the last whole chunk stay as they are.
        ImportRun.objects.filter(pk=run.pk).update(status=ImportStatus.STOPPED)
        raise
    _finish(actor, run)
    return run


def _begin(actor: Actor, product: Product, path: Path, mapping: FileMapping) -> ImportRun:
    fingerprint = _fingerprint(path)
    with transaction.atomic():
        run, new = ImportRun.objects.get_or_create(
            product=product,
            fingerprint=fingerprint,
            mapping=mapping.digest,
            defaults={"source": mapping.source[:200], "file_name": path.name[:255]},
        )
        if new:
            record(actor, "import.started", ("import", run.pk, run.file_name), product_id=product.pk)
        elif run.status != ImportStatus.DONE:
            run.status = ImportStatus.RUNNING
            run.save(update_fields=["status"])
    return run


def _finish(actor: Actor, run: ImportRun) -> None:
    run.status, run.finished_at, run.carry = ImportStatus.DONE, clock.now(), None
    after = {"rows": run.rows_read, "events": run.events, "errors": run.errors}
    with transaction.atomic():
        run.save(update_fields=["status", "finished_at", "carry"])
        record(actor, "import.finished", ("import", run.pk, run.file_name), product_id=run.product_id, after=after)


def _fingerprint(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InvalidInput("import.file_absent", msg("The file %(path)s cannot be read."), path=str(path)) from error


def _convert(converter: Converter, window: Window) -> Result:
    if not len(window.rows):
        return Result([], [])
    return converter.convert(window.table, window.rows)


def _keep(run: ImportRun, window: Window, result: Result, sink: Sink) -> None:
    """Write a window's events, then its checkpoint. In this order a crash in between repeats, and loses nothing."""
    first = int(window.rows[0]) if len(window.rows) else window.rows_read
    for start in range(0, len(result.events), BATCH):
        token = f"import-{run.pk}-{first}-{window.rows_read}-{start}"
        sink.write(result.events[start : start + BATCH], token=token)
    unread = dict(window.unreadable)
    # A line that is no row at all has empty columns too; one reason for it is enough.
    errors = [one for one in result.errors if one.row not in unread]
    errors += [RowError(row, "", "", why) for row, why in window.unreadable]
    if errors:
        _list_errors(run, errors)
    run.rows_read = window.rows_read
    run.carry = window.carry.dump() if window.carry else None
    run.events += len(result.events)
    run.errors += len(errors)
    run.save(update_fields=["rows_read", "carry", "events", "errors", "errors_file"])


def _list_errors(run: ImportRun, errors: list[RowError]) -> None:
    folder = Path(settings.MEDIA_ROOT) / "imports"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"import-{run.pk}-errors.csv"
    fresh = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        if fresh:
            writer.writerow(["row", "column", "value", "reason"])
        writer.writerows((one.row, one.column, one.value, one.reason) for one in errors)
    run.errors_file = str(path)


def _side(lookup: Lookup, folder: Path) -> Side:
    """Read a side table whole: its key column and the columns it adds."""
    columns: dict[str, Any] = {}
    names = [lookup.key, *lookup.columns]
    reading = FileMapping(source="", rules=(), types={}, group=tuple(names))
    parts = [chunk.table for chunk in chunks(folder / lookup.file, reading)]
    table: Any = pa.concat_tables(parts).combine_chunks()
    for name in names:
        column = table.column(name).combine_chunks()
        kind = ColumnType.TEXT if pa.types.is_string(column.type) else None
        columns[name] = typed(column, kind, name)[0] if kind else column
    return Side(lookup.on, columns[lookup.key], {name: columns[name] for name in lookup.columns})


@contextmanager
def _calm_collector() -> Iterator[None]:
    """Millions of short-lived events have no cycles; looking for some doubles the time (14 s → 8 s per million)."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
