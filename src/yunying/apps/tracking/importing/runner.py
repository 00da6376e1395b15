"""Bring a file into a product: in pieces, each remembered when it is safely in the store."""

import gc
import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from django.db import transaction

from yunying.apps.tracking.importing.errorlog import ErrorLog
from yunying.apps.tracking.importing.events import Converter, Result, RowError, Side
from yunying.apps.tracking.importing.ledger import Ledger
from yunying.apps.tracking.importing.mapping import ColumnType, FileMapping, Lookup
from yunying.apps.tracking.importing.models import ImportRun, ImportStatus
from yunying.apps.tracking.importing.readers import chunks
from yunying.apps.tracking.importing.tally import Pace, Tally
from yunying.apps.tracking.importing.values import typed
from yunying.apps.tracking.importing.windows import Carry, Window, ahead, windows
from yunying.base import clock
from yunying.base.actor import Actor
from yunying.base.errors import Conflict, InvalidInput, LimitReached, msg
from yunying.collect.sink import Sink
from yunying.events.event import Event
from yunying.platform.audit.services import record
from yunying.platform.jobs.context import Stopping
from yunying.platform.products.models import Product
from yunying.store import shared

__all__ = ["ImportProgress", "Source", "converted", "converter_for", "import_file", "run_import"]

BATCH = 50_000
# The store refuses to write into more than a hundred months at once.
MAX_MONTHS = 60
_CHECKPOINT = [
    "rows_read",
    "carry",
    "events",
    "repeated",
    "errors",
    "errors_file",
    "errors_bytes",
    "outcome",
    "fraction",
]


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """`fraction` of the file (0–1), rows read, events written and rows at fault so far."""

    fraction: float
    rows: int
    events: int
    errors: int


@dataclass(frozen=True, slots=True)
class Source:
    """A file as it was when its import began: another size or time of change is another file."""

    path: Path
    fingerprint: str
    state: tuple[int, int, int]

    @classmethod
    def of(cls, path: Path) -> "Source":
        """Reads the whole file once. Raises InvalidInput when it cannot be read."""
        try:
            state = state_of(path)
            with path.open("rb") as file:
                return cls(path, hashlib.file_digest(file, "sha256").hexdigest(), state)
        except OSError as error:
            raise InvalidInput(
                "import.file_absent", msg("The file %(path)s cannot be read."), path=path.name
            ) from error

    def require_unchanged(self) -> None:
        """Raises Conflict when somebody has written to the file meanwhile."""
        try:
            same = state_of(self.path) == self.state
        except OSError:
            same = False
        if not same:
            raise Conflict(
                "import.file_changed",
                msg("The file %(path)s was changed while it was read. Import it anew when it is complete."),
                path=self.path.name,
            )


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

    Events have deterministic ids, so a piece that was half written when the program died is written again without
    harm. Rows at fault are listed in a CSV file (`errors_file`, in the folder of files). Side tables are looked for
    in `lookups_in`, else beside the file. Memory does not grow with the file. Raises InvalidInput when file and
    mapping do not fit, LimitReached after more than `max_errors` rows at fault.
    """
    source = Source.of(path)
    run = _begin(actor, product, source, mapping, max_errors)
    if run.status != ImportStatus.DONE:
        run_import(actor=actor, run=run, source=source, mapping=mapping, sink=sink, tell=tell, lookups_in=lookups_in)
    return run


def run_import(
    *,
    actor: Actor,
    run: ImportRun,
    source: Source,
    mapping: FileMapping,
    sink: Sink,
    tell: Callable[[ImportProgress], None] = lambda progress: None,
    lookups_in: Path | None = None,
) -> None:
    """Carry `run` on from its last checkpoint to the end of the file; raises as `import_file` does.

    `tell` hears of each piece; what it raises stops the import behind that piece.
    """
    if source.fingerprint != run.fingerprint:
        raise Conflict(
            "import.file_replaced",
            msg("The file %(path)s is not the one with which this import began. Import it anew."),
            path=source.path.name,
        )
    converter = converter_for(run.product, mapping, source, lookups_in)
    carry = Carry.load(bytes(run.carry)) if run.carry else None
    parts = windows(chunks(source.path, mapping, run.rows_read), mapping, carry, run.rows_read)
    keeper = _Keeper(run, sink)
    try:
        with _calm_collector():
            for window, result in ahead((window, converted(converter, window)) for window in parts):
                source.require_unchanged()
                keeper.keep(window, result)
                tell(ImportProgress(window.fraction, run.rows_read, run.events, run.errors))
                _require_few_errors(run)
        _require_rows(run, source.path)
    except Stopping:
        # The process is going down; the next one goes on behind the last checkpoint.
        raise
    except BaseException:
        # An update by key, not save(): the checkpoint columns of the last whole piece stay as they are.
        ImportRun.objects.filter(pk=run.pk).update(status=ImportStatus.STOPPED)
        raise
    _finish(actor, run)


def converter_for(product: Product, mapping: FileMapping, source: Source, lookups_in: Path | None = None) -> Converter:
    """What turns the rows of a file into events of a product."""
    sides = tuple(_side(one, lookups_in or source.path.parent) for one in mapping.lookups)
    received_ms = int(clock.now().timestamp() * 1000)
    return Converter(product.pk, mapping, source.fingerprint, product.timezone, received_ms, sides)


def converted(converter: Converter, window: Window) -> Result:
    """The events of a window and everything that is wrong with its rows."""
    result = converter.convert(window.table, window.rows) if len(window.rows) else Result([], [])
    unread = {} if window.dropped else dict(window.unreadable)
    # A line that is no row at all has empty columns too; one reason for it is enough.
    result.errors = [replace(e, row=window.place(e.row)) for e in result.errors if e.row not in unread]
    result.errors += [RowError(row, "", "", why) for row, why in window.unreadable]
    return result


class _Keeper:
    """Writes pieces: events first, then the checkpoint, so that a crash in between repeats, and loses nothing."""

    def __init__(self, run: ImportRun, sink: Sink) -> None:
        self._run = run
        self._sink = sink
        self._ledger = Ledger(shared(), run.product_id, run.pk)
        self._log = ErrorLog.of_run(run.pk, run.errors_bytes)
        self._tally = Tally.load(run.outcome)
        self._pace = Pace(run.rows_read, run.fraction)

    def keep(self, window: Window, result: Result) -> None:
        run = self._run
        part = int(window.rows[0]) if len(window.rows) else window.rows_read
        fresh = self._fresh(part, f"{part}-{window.rows_read}", result.events)
        for number, batch in enumerate(_batches(fresh)):
            token = f"import-{run.product_id}-{run.pk}-{part}-{window.rows_read}-{number * BATCH}"
            self._sink.write(batch, token=token)
        self._tally.add(fresh)
        self._log.write(result.errors)
        run.rows_read, run.fraction = window.rows_read, window.fraction
        run.carry = window.carry.dump() if window.carry else None
        run.events += len(fresh)
        run.repeated += len(result.events) - len(fresh)
        run.errors += len(result.errors)
        run.outcome = self._tally.dump() | self._pace.at(run.rows_read, run.fraction)
        run.errors_file, run.errors_bytes = self._log.name, self._log.size
        run.save(update_fields=_CHECKPOINT)

    def _fresh(self, part: int, piece: str, events: list[Event]) -> list[Event]:
        """Those of the events that are not in the store already; all of them are on record now."""
        run = self._run
        if events and run.looked_at != piece:
            self._ledger.note(part, events)
            # From here on events of this piece may be in the store, and another look would find them.
            run.looked_at = piece
            run.save(update_fields=["looked_at"])
        return self._ledger.fresh(part, events)


def _batches(events: Sequence[Event]) -> Iterator[Sequence[Event]]:
    """Pieces of a bounded number of events and of months."""
    if not events:
        return
    months = np.array([event.ts_ms for event in events], "datetime64[ms]").astype("datetime64[M]").astype(np.int64)
    if len(np.unique(months)) > MAX_MONTHS:
        order = np.argsort(months, kind="stable")
        steps = np.cumsum(np.diff(months[order], prepend=months[order[0]]) != 0) // MAX_MONTHS
        for part in np.split(order, np.flatnonzero(np.diff(steps)) + 1):
            yield [events[i] for i in part]
        return
    for start in range(0, len(events), BATCH):
        yield events[start : start + BATCH]


def _begin(actor: Actor, product: Product, source: Source, mapping: FileMapping, max_errors: int) -> ImportRun:
    same = {"product": product, "fingerprint": source.fingerprint, "mapping": mapping.digest}
    with transaction.atomic():
        # Of two that begin the same import at once the constraint lets one through.
        run = ImportRun.objects.exclude(status=ImportStatus.TAKEN_BACK).filter(**same).first()
        if run is None:
            run = ImportRun.objects.create(
                **same,
                source=mapping.source[:200],
                file_name=source.path.name[:255],
                size_bytes=source.state[0],
                max_errors=max_errors,
                started_by=actor.name,
            )
            record(actor, "import.started", ("import", run.pk, run.file_name), product_id=product.pk)
        elif run.status != ImportStatus.DONE:
            run.status, run.problem, run.max_errors = ImportStatus.RUNNING, {}, max_errors
            run.save(update_fields=["status", "problem", "max_errors"])
    return run


def _finish(actor: Actor, run: ImportRun) -> None:
    run.status, run.finished_at, run.carry, run.fraction = ImportStatus.DONE, clock.now(), None, 1.0
    after = {"rows": run.rows_read, "events": run.events, "repeated": run.repeated, "errors": run.errors}
    with transaction.atomic():
        run.save(update_fields=["status", "finished_at", "carry", "fraction"])
        record(actor, "import.finished", ("import", run.pk, run.file_name), product_id=run.product_id, after=after)


def _require_few_errors(run: ImportRun) -> None:
    if run.errors > run.max_errors:
        raise LimitReached(
            "import.too_many_errors",
            msg("More than %(count)d rows are at fault. They are listed in %(file)s."),
            count=run.max_errors,
            file=run.errors_file,
        )


def _require_rows(run: ImportRun, path: Path) -> None:
    if not run.rows_read and not run.errors:
        raise InvalidInput("import.no_rows", msg("The file %(path)s holds no rows."), path=path.name)


def state_of(path: Path) -> tuple[int, int, int]:
    """What tells a file that was written to from the one it was. Raises OSError."""
    found = path.stat()
    return found.st_size, found.st_mtime_ns, found.st_ino


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
