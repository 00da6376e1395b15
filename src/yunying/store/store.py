"""The event store: ask, write, migrate. The same object for the embedded engine and for servers."""

import re
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import datetime
from functools import partial
from queue import Empty, LifoQueue
from typing import Any
from uuid import uuid4

import pyarrow as pa
from clickhouse_connect.driver.exceptions import ClickHouseError

from yunying.base import clock
from yunying.base.errors import LimitReached, Unavailable, msg
from yunying.store.address import Address
from yunying.store.columns import EventColumns, Kind, Promoted
from yunying.store.erasing import Removal, erasing, taking_back
from yunying.store.faults import away, too_complex, translated, unplanned
from yunying.store.forgetting import Hidden, mentioning, of_people, old_events, old_parts, sweeping, swept
from yunying.store.hurry import hurried
from yunying.store.late import LATE_EVENTS, late_events, versions_of
from yunying.store.opening import without_lock_line
from yunying.store.scripts import scripts
from yunying.store.sql import Rows, Sql

__all__ = ["MAX_PROMOTED", "Store", "open_store", "shared", "use"]

MAX_PROMOTED = 300
# The engine reads no longer ones (its max_query_size, in bytes; values are bound and do not count).
MAX_STATEMENT = 250_000
_COLUMNS_FRESH_S = 15.0
# So long the engine may take to remove files of parts it wrote anew.
_CLEAN_UP_S = 300.0
_NAME = re.compile(r"[a-z_][a-z0-9_]*")


class Store:
    """Thread-safe: a client serves one call at a time, calls that overlap get clients of their own."""

    def __init__(self, address: Address, *, memory_mb: int = 2048, timeout_s: float = 30) -> None:
        self.memory_mb = memory_mb
        self.timeout_s = timeout_s
        self._address = address
        self._idle: LifoQueue[Any] = LifoQueue()
        self._closed = False
        self._lock = threading.Lock()
        self._columns = EventColumns()
        self._columns_at = float("-inf")
        self._late = versions_of(address.url)

    def query(
        self, sql: Sql, *, timeout_s: float | None = None, memory_mb: int | None = None, projections: bool = True
    ) -> Rows:
        """The answer to a SELECT. Past a third of its memory it spills to disk.

        Without `projections` no other order of the rows is thought of, which takes a millisecond less to plan.

        Raises LimitReached (`query.too_long`, `query.too_big`, `query.too_complex`), Unavailable, or Bug for a
        statement that is wrong.
        """
        if len(sql.text) > MAX_STATEMENT:
            raise too_complex()
        started = clock.monotonic_s()
        settings = _limits(timeout_s or self.timeout_s, memory_mb or self.memory_mb)
        settings["optimize_use_projections"] = int(projections)
        with self._client() as client, translated():
            result = _asked(client, sql, settings)
        elapsed_ms = (clock.monotonic_s() - started) * 1000
        read = int(result.summary.get("read_rows", 0))
        return Rows(tuple(result.column_names), list(map(tuple, result.result_rows)), read, elapsed_ms)

    def execute(self, sql: Sql) -> None:
        """Run a statement that answers nothing. Raises Unavailable or Bug."""
        with self._client() as client, translated():
            client.command(sql.text, parameters=dict(sql.params) or None)

    def insert(self, table: str, data: pa.Table, *, token: str) -> None:
        """Add rows; the same `token` again adds nothing. `table` must be one of the schema's names.

        All rows are on disk when it returns. Raises Unavailable, or Bug when a column does not fit.
        """
        if not _NAME.fullmatch(table):
            raise ValueError(f"not a table: {table!r}")
        if data.num_rows == 0:
            return
        late = late_events(data, clock.now()) if table == "events" else None
        if late is None:
            self._insert(table, data, token)
            if table == "moved":
                self._late.change_owners()
            return
        # Before, so that a crash right after the events leaves a note; and after, because a state that was made in
        # between has seen the first note but not the events. Each time with a token of its own: notes add up.
        self._note_late(late)
        self._insert(table, data, token)
        self._note_late(late)

    def _note_late(self, late: pa.Table) -> None:
        self._insert(LATE_EVENTS, late, str(uuid4()))
        self._late.change(late["product"].unique().to_pylist())

    def late_version(self, product: int) -> int | None:
        """Another number whenever events of a product came late or were removed.

        None where other processes write too, so that only the table `late_events` tells.
        """
        return self._late.of(product) if self._address.embedded else None

    def owners_version(self) -> int | None:
        """Another number whenever persons were merged; None where other processes write too."""
        return self._late.owners if self._address.embedded else None

    def _insert(self, table: str, data: pa.Table, token: str) -> None:
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, data.schema) as stream:
            stream.write_table(data)
        with self._client() as client, translated():
            client.raw_insert(
                table,
                column_names=data.column_names,
                insert_block=sink.getvalue().to_pybytes(),
                fmt="ArrowStream",
                # A batch that somebody sends late may hold events of hundreds of months; each becomes a part.
                settings={
                    "insert_deduplicate": 1,
                    "insert_deduplication_token": token,
                    "max_partitions_per_insert_block": 0,
                },
            )

    def migrate(self) -> list[str]:
        """Bring the schema up to this version; gives the names of the migrations applied now."""
        with translated():
            self._address.create_database()
        form = self._address.form
        self.execute(
            Sql(
                form.render(
                    "CREATE TABLE IF NOT EXISTS schema_migrations {on_cluster}"
                    " (name String, applied DateTime DEFAULT now())"
                    " ENGINE = {engine everywhere ReplacingMergeTree} ORDER BY name"
                )
            )
        )
        done = {row[0] for row in self.query(Sql("SELECT name FROM schema_migrations")).rows}
        todo = [script for script in scripts() if script.name not in done]
        for script in todo:
            for statement in script.statements(form):
                self.execute(Sql(statement))
            self.execute(Sql("INSERT INTO schema_migrations (name) SELECT {name:String}", {"name": script.name}))
        return [script.name for script in todo]

    def columns(self) -> EventColumns:
        """The columns of `events`, at most some seconds old."""
        if clock.monotonic_s() - self._columns_at > _COLUMNS_FRESH_S:
            self._refresh_columns()
        return self._columns

    def promote(self, property_name: str, kind: Kind | str) -> Promoted:
        """Give a property a typed column; old rows answer through its default at once and are filled behind.

        Raises LimitReached when the table has as many promoted columns as it should ever have.
        """
        wanted = Promoted.of(property_name, Kind(kind))
        with self._lock:
            self._refresh_columns()
            if self._columns.has(property_name, wanted.kind):
                return wanted
            if len(self._columns.promoted) >= MAX_PROMOTED:
                raise LimitReached("store.columns", msg("No more properties can be given a column of their own."))
            self._add_column(wanted)
            self._refresh_columns()
        return wanted

    def fill(self, promoted: Promoted) -> None:
        """Write the column of a promoted property into old rows, in the background of the engine."""
        self._alter_events(f"MATERIALIZE COLUMN {promoted.column}", both=False)

    def settle(self) -> None:
        """Merge every month to one part now: worth it after a large import, when questions come at once."""
        form = self._address.form
        self.execute(Sql(form.render("OPTIMIZE TABLE events{local} {on_cluster}") + " FINAL"))

    def reload_owners(self) -> None:
        """Make merges written to `moved` count in questions."""
        self.execute(Sql(self._address.form.render("SYSTEM RELOAD DICTIONARY {on_cluster} owner")))
        self._late.change_owners()

    def erase(self, product: int) -> None:
        """Remove everything under a product's number, for good and from disk. Harmless the second time.

        Minutes for tens of millions of events. Rows that are inserted meanwhile may stay. Raises Unavailable.
        """
        self._carry_out(erasing(product, self._address.form))
        self._late.change([product])
        self.reload_owners()

    def take_back(self, product: int, number: int, *, noted: int) -> None:
        """Remove the events that import `number` of a product brought. Harmless when repeated.

        Events that were there before the import stay; with them it has about `noted` on record, which go by the
        million so that memory does not grow with them. Raises Unavailable.
        """
        self._carry_out(taking_back(product, number, noted, self._address.form))
        self.void_kept(product)

    def hide(self, hidden: Iterable[Hidden], product: int) -> dict[str, int]:
        """Take rows out of all questions at once, and give how many by table. Harmless when repeated; see `sweep`.

        Raises Unavailable.
        """
        found: dict[str, int] = {}
        for one in hidden:
            rows = int(self.query(one.count(), memory_mb=self.memory_mb).one()[0])
            found[one.name] = found.get(one.name, 0) + rows
            if rows:
                self._carry_out([Removal(one.table, one.delete())])
        self.void_kept(product)
        self.reload_owners()
        return found

    def hidden_people(self, product: int, numbers: Sequence[int], names: Sequence[str]) -> list[Hidden]:
        """Everything about the distinct ids with these numbers and names."""
        refused = [str(row[0]) for row in self.query(mentioning(product, names)).rows] if names else []
        return list(of_people(product, numbers, refused, self._address.form))

    def hidden_events(self, product: int, event: str, others: Sequence[str], before: datetime) -> Hidden:
        """The events of a name, or with '' of all but `others`, that happened before."""
        return old_events(product, event, others, before, self._address.form)

    def sweep(self) -> None:
        """Write what was hidden out of the files. Raises Unavailable, also `store.unswept` when old files stay."""
        form = self._address.form
        self._carry_out(sweeping(form))
        try:
            self._await_clean_up(*old_parts(form))
        finally:
            self._carry_out(swept(form))

    def _await_clean_up(self, left: Sql, tables: Sequence[str]) -> None:
        until_s = clock.monotonic_s() + _CLEAN_UP_S
        while int(self.query(left).one()[0]):
            if clock.monotonic_s() > until_s:
                raise Unavailable("store.unswept", msg("The event store does not remove its old files; try again."))
            for table in tables:
                # Which makes its thread look at once; left alone it looks every five minutes where little happens.
                self.execute(Sql(f"SYSTEM START CLEANUP {table}"))
            time.sleep(0.2)

    def void_kept(self, product: int) -> None:
        """Make what is kept of the days of a product no longer hold: after events of it were removed."""
        first = "INSERT INTO late_events (product, at, n) SELECT {product:UInt32}, toDateTime(0, 'UTC'), 1"
        self.execute(Sql(first, {"product": product}))
        self._late.change([product])

    def _carry_out(self, removals: Iterable[Removal]) -> None:
        """One after the other. Nodes of a cluster share the work and need no waking."""
        for table, sql in removals:
            wake = partial(self.execute, Sql(f"SYSTEM START MERGES {table}"))
            with nullcontext() if self._address.form.cluster else hurried(wake):
                self.execute(sql)

    def close(self) -> None:
        """Close idle clients; the store answers Unavailable from now on."""
        self._closed = True
        while True:
            try:
                self._idle.get_nowait().close()
            except Empty:
                return

    def _add_column(self, wanted: Promoted) -> None:
        self._alter_events(
            f"ADD COLUMN IF NOT EXISTS {wanted.column} {wanted.type} DEFAULT {wanted.default}", both=True
        )
        # The note comes last: whoever dies before it begins anew, and no column stays that nobody fills.
        self.fill(wanted)
        self.execute(
            Sql(
                "INSERT INTO promoted (property, kind) SELECT {property:String}, {kind:String}",
                {"property": wanted.name, "kind": wanted.kind.value},
            )
        )

    def _alter_events(self, change: str, *, both: bool) -> None:
        form = self._address.form
        names = ["events{local}"] + (["events"] if both and form.cluster else [])
        for name in names:
            self.execute(Sql(form.render("ALTER TABLE " + name + " {on_cluster}") + " " + change))

    def _refresh_columns(self) -> None:
        rows = self.query(Sql("SELECT DISTINCT property, kind FROM promoted")).rows
        self._columns = EventColumns.of(Promoted.of(name, Kind(kind)) for name, kind in rows)
        self._columns_at = clock.monotonic_s()

    @contextmanager
    def _client(self) -> Iterator[Any]:
        if self._closed:
            raise Unavailable("store.closed", msg("The event store has been closed."))
        try:
            client = self._idle.get_nowait()
        except Empty:
            client = self._address.connect(_SESSION)
        try:
            yield client
        finally:
            if self._closed:
                client.close()
            else:
                self._idle.put(client)


# Numbers are read exactly, and an insert that was answered is on disk on every node that keeps it.
# The same event has the same time, hence the same month: FINAL need not look across partitions.
_SESSION = {
    "precise_float_parsing": 1,
    "distributed_foreground_insert": 1,
    "mutations_sync": 0,
    "do_not_merge_across_partitions_select_final": 1,
    # What these rewrite does not occur, and looking for it is two thirds of planning a large funnel.
    "optimize_and_compare_chain": 0,
    "optimize_syntax_fuse_functions": 0,
    "optimize_group_by_function_keys": 0,
    "optimize_aggregators_of_group_by_keys": 0,
}

_PLAINER = {"query_plan_optimize_prewhere": 0}


def _asked(client: Any, sql: Sql, settings: dict[str, Any]) -> Any:
    """What the engine answers. Where it cannot plan its own plan, it is asked for a plainer one.

    It moves some conditions to PREWHERE, by the sizes of columns; of one that a column of the statement repeats it
    then thinks that it is true everywhere, and stumbles over this before it reads anything (ILLEGAL_COLUMN).
    """
    try:
        return client.query(sql.text, parameters=dict(sql.params), settings=settings)
    except ClickHouseError as error:
        if not unplanned(error):
            raise
        return client.query(sql.text, parameters=dict(sql.params), settings=settings | _PLAINER)


def _limits(timeout_s: float, memory_mb: int) -> dict[str, Any]:
    memory = memory_mb << 20
    return {
        "max_execution_time": timeout_s,
        "max_memory_usage": memory,
        "max_bytes_before_external_group_by": memory // 3,
        "max_bytes_before_external_sort": memory // 3,
    }


def open_store(url: str, *, memory_mb: int = 2048, timeout_s: float = 30) -> Store:
    """The event store at `url`, ready to be asked (call `migrate` once per version).

    Raises InvalidInput for an address that is none, Unavailable (`store.locked`) when the folder of an embedded
    store belongs to another process, (`store.unusable`) when it cannot be used, or when a server does not answer.
    """
    address = Address.parse(url)
    with without_lock_line() if address.embedded else nullcontext():
        with translated():
            address.create_database()
        store = Store(address, memory_mb=memory_mb, timeout_s=timeout_s)
        store.query(Sql("SELECT 1"))
    return store


_shared: Store | None = None


def use(store: Store | None) -> None:
    """Make `store` the one this process works with."""
    global _shared
    _shared = store


def shared() -> Store:
    """The process's store. Raises Unavailable when none was opened."""
    if _shared is None:
        raise away()
    return _shared
