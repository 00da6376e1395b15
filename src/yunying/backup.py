"""One file that holds everything: both stores, the spool, uploaded files and the secret key.

The file is a zip of plain forms: relational rows as JSON lines, events and people as Parquet. So it restores into
either kind of store, whichever it came from. Order makes it consistent beside running servers: the spool first
(repeats of it are recognised by their ids), then events, then one snapshot of the relational store, which thus knows
every person number the events name. State of background jobs is left out: sweeps find open work again.
"""

import base64
import io
import json
import os
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

import yunying
from yunying.base import clock
from yunying.base.errors import Conflict, InvalidInput, msg
from yunying.config import Config
from yunying.store import EVENTS, Sql, Store

__all__ = ["backup", "check_empty", "restore"]

FORMAT = 1
BATCH = 100_000
FIRST, LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2299, 12, 31, tzinfo=UTC)
# Short-lived by design or made anew by every installation: not part of what a backup keeps.
SKIPPED_APPS = {"auth", "contenttypes", "sessions", "usersessions", "jobs"}
SIDE_TABLES: dict[str, tuple[str, ...]] = {
    "people": ("product", "person", "born", "props", "version"),
    "accounts": ("product", "account", "props", "version"),
    "moved": ("n", "p", "version"),
    "cohort_members": ("product", "cohort", "person"),
    "refused": ("product", "received", "id", "protocol", "code", "reason", "body", "data", "state", "version"),
}
_TYPES: dict[str, Any] = {
    "product": pa.uint32(),
    "person": pa.uint32(),
    "cohort": pa.uint64(),
    "n": pa.uint32(),
    "p": pa.uint32(),
    "version": pa.uint64(),
    "born": pa.timestamp("ms", "UTC"),
    "received": pa.timestamp("ms", "UTC"),
}

Tell = Callable[[str, int], None]


def _silent(part: str, rows: int) -> None:
    pass


def backup(config: Config, store: Store, path: Path, tell: Tell = _silent) -> None:
    """Write everything to `path`, readable only by its owner. `tell` hears (part, rows written).

    Raises Conflict while migrations are pending: rows could not be read by this version's models.
    """
    _check_migrated()
    part = path.with_name(path.name + ".part")
    part.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with (
        os.fdopen(descriptor, "wb") as file,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as whole,
    ):
        about = {"format": FORMAT, "version": yunying.__version__, "made": clock.now().isoformat()}
        whole.writestr("about.json", json.dumps(about))
        whole.writestr("secret-key", config.secret_key)
        _add_folder(whole, "spool", config.path(config.spool_url))
        _add_events(whole, store, tell)
        _add_relational(whole, tell)
        _add_folder(whole, "files", config.path(config.files_url))
    part.replace(path)


def restore(config: Config, store: Store, path: Path, tell: Tell = _silent) -> None:
    """Fill empty, migrated stores from `path`. Raises Conflict when they hold something, InvalidInput for a bad file.

    The relational rows are one transaction; when the events fail after it, empty the data folder and try again.
    """
    check_empty(store)
    with _opened(path) as whole:
        _load_relational(whole, tell)
        _load_events(whole, store, tell)
        _unpack(whole, "spool", config.path(config.spool_url))
        _unpack(whole, "files", config.path(config.files_url))
        _keep_secret(config, whole.read("secret-key").decode())


def check_empty(store: Store) -> None:
    """Raises Conflict unless both stores are empty: a restore must never mix two installations."""
    from yunying.platform.accounts.models import User
    from yunying.platform.products.models import Product

    full = User.objects.exists() or Product.objects.exists()
    if full or store.query(Sql(f"SELECT count() FROM {EVENTS}")).one()[0]:
        raise Conflict(
            "restore.not_empty",
            msg("This installation already holds data. Restore into an empty data folder (YUNYING_DATA_DIR)."),
        )


def _check_migrated() -> None:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise Conflict("backup.migrations", msg("The stores belong to an older version. Run “yunying migrate” first."))


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as whole:
            about = json.loads(whole.read("about.json"))
            if about["format"] != FORMAT:
                raise InvalidInput(
                    "restore.format",
                    msg("This backup was made by version %(version)s, whose form this version cannot read."),
                    version=about["version"],
                )
            yield whole
    except (OSError, zipfile.BadZipFile, KeyError) as error:
        raise InvalidInput("restore.file", msg("%(path)s is no backup of Yunying."), path=str(path)) from error


def _add_folder(whole: zipfile.ZipFile, name: str, folder: Path) -> None:
    for path in sorted(folder.rglob("*")) if folder.exists() else ():
        if path.is_file():
            whole.write(path, f"{name}/{path.relative_to(folder).as_posix()}")


def _unpack(whole: zipfile.ZipFile, name: str, folder: Path) -> None:
    for member in whole.namelist():
        if member.startswith(f"{name}/") and not member.endswith("/"):
            target = (folder / member[len(name) + 1 :]).resolve()
            if folder.resolve() not in target.parents:
                raise InvalidInput("restore.file", msg("%(path)s is no backup of Yunying."), path=member)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(whole.read(member))


def _keep_secret(config: Config, secret: str) -> None:
    """Sessions and encrypted secrets only work with the key they were made with.

    Without the file the key comes from YUNYING_SECRET_KEY, and it is the operator who must bring the old one.
    """
    path = config.data_dir / "secret-key"
    if path.exists():
        path.write_text(secret)
        path.chmod(0o600)


def _parquet(table: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def _add_events(whole: zipfile.ZipFile, store: Store, tell: Tell) -> None:
    from yunying.apps.tracking.exporting import event_batches

    promoted = store.query(Sql("SELECT DISTINCT property, toString(kind) FROM promoted ORDER BY 1, 2")).rows
    whole.writestr("events/promoted.json", json.dumps(promoted))
    products = [row[0] for row in store.query(Sql(f"SELECT DISTINCT product FROM {EVENTS} ORDER BY product")).rows]
    for product in products:
        for place, rows in enumerate(event_batches(store, product, FIRST, LAST, BATCH)):
            whole.writestr(f"events/events-{product}-{place:06d}.parquet", _parquet(_event_rows(product, rows)))
            tell("events", len(rows))
    for name, columns in SIDE_TABLES.items():
        for place, table in enumerate(_side_rows(store, name, columns)):
            whole.writestr(f"events/{name}-{place:06d}.parquet", _parquet(table))
            tell(name, table.num_rows)


def _event_rows(product: int, rows: list[tuple[Any, ...]]) -> Any:
    from yunying.store.writer import uuid_array

    uuid, event, ts, distinct_id, account, session, props, person = zip(*rows, strict=True)
    return pa.table(
        {
            "product": pa.array([product] * len(rows), pa.uint32()),
            "event": pa.array(event, pa.string()),
            "ts": pa.array(ts, pa.int64()).cast(pa.timestamp("ms", "UTC")),
            "person": pa.array(person, pa.uint32()),
            "uuid": uuid_array(uuid),
            "distinct_id": pa.array(distinct_id, pa.string()),
            "account": pa.array(account, pa.string()),
            "session": pa.array(session, pa.string()),
            "props": pa.array(props, pa.string()),
        }
    )


def _side_rows(store: Store, name: str, columns: tuple[str, ...]) -> Iterator[Any]:
    """A small table in pages, in the order of its key."""
    for start in range(0, 1 << 40, BATCH):
        text = (
            f"SELECT {', '.join(columns)} FROM {name} FINAL ORDER BY {', '.join(columns)} LIMIT {BATCH} OFFSET {start}"
        )
        rows = store.query(Sql(text)).rows
        if rows:
            values = zip(*rows, strict=True)
            arrays = [pa.array(v, _TYPES.get(c, pa.string())) for c, v in zip(columns, values, strict=True)]
            yield pa.table(dict(zip(columns, arrays, strict=True)))
        if len(rows) < BATCH:
            return


def _load_events(whole: zipfile.ZipFile, store: Store, tell: Tell) -> None:
    for name, kind in json.loads(whole.read("events/promoted.json")):
        store.promote(name, kind)
    for member in sorted(name for name in whole.namelist() if name.startswith("events/") and name.endswith(".parquet")):
        table = member.removeprefix("events/").split("-")[0]
        rows = pq.read_table(io.BytesIO(whole.read(member)))
        store.insert(table, rows, token=f"restore-{member}")
        tell(table, rows.num_rows)
    store.reload_owners()


def _models() -> list[Any]:
    """Every table of the relational store that a backup keeps, links between rows included."""
    from django.apps import apps

    found = apps.get_models(include_auto_created=True)
    return [m for m in found if m._meta.managed and not m._meta.proxy and m._meta.app_label not in SKIPPED_APPS]


def _add_relational(whole: zipfile.ZipFile, tell: Tell) -> None:
    from django.db import connection, transaction

    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        for model in _models():
            names = [field.attname for field in model._meta.concrete_fields]
            rows = 0
            with whole.open(f"relational/{model._meta.label_lower}.jsonl", "w") as file:
                for values in model._base_manager.values_list(*names).iterator(chunk_size=5000):
                    row = dict(zip(names, values, strict=True))
                    file.write(orjson.dumps(row, default=_plain, option=orjson.OPT_APPEND_NEWLINE))
                    rows += 1
            tell(model._meta.label_lower, rows)


def _plain(value: Any) -> Any:
    if isinstance(value, (bytes, memoryview)):
        return {"base64": base64.b64encode(bytes(value)).decode()}
    return str(value)


def _load_relational(whole: zipfile.ZipFile, tell: Tell) -> None:
    """Replace what migrations have put in by the backup's rows, all in one transaction."""
    from django.core.management.color import no_style
    from django.db import connection, transaction

    models = _models()
    with connection.constraint_checks_disabled(), transaction.atomic():
        for model in reversed(models):
            model._base_manager.all()._raw_delete(model._base_manager.db)
        for model in models:
            tell(model._meta.label_lower, _load_table(whole, model))
        with connection.cursor() as cursor:
            for statement in connection.ops.sequence_reset_sql(no_style(), models):
                cursor.execute(statement)
        connection.check_constraints()


def _load_table(whole: zipfile.ZipFile, model: Any) -> int:
    member = f"relational/{model._meta.label_lower}.jsonl"
    # A table that is newer than the backup stays empty.
    if member not in whole.namelist():
        return 0
    fields = {field.attname: field for field in model._meta.concrete_fields}
    rows, batch = 0, []
    with whole.open(member) as file:
        for line in file:
            raw = orjson.loads(line)
            batch.append(model(**{name: _value(fields[name], raw[name]) for name in raw if name in fields}))
            if len(batch) >= 2000:
                rows += len(model._base_manager.bulk_create(batch))
                batch = []
    return rows + len(model._base_manager.bulk_create(batch))


def _value(field: Any, raw: Any) -> Any:
    if raw is None:
        return None
    if isinstance(raw, dict) and set(raw) == {"base64"} and field.get_internal_type() == "BinaryField":
        return base64.b64decode(raw["base64"])
    return raw if field.get_internal_type() == "JSONField" else field.to_python(raw)
