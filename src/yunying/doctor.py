"""Does every part of this installation work? Each test gives one line that says what was seen, or what to do."""

import os
import shutil
import smtplib
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from yunying.base import clock, tls
from yunying.base.errors import YunyingError
from yunying.config import Config

__all__ = ["Finding", "examine"]

LOW_DISK_MB = 2000
SLOW_SYNC_MS = 50.0
SHORT_CERTIFICATE_DAYS = 14


@dataclass(frozen=True, slots=True)
class Finding:
    """`ok` is None for something to know that is neither right nor wrong."""

    part: str
    ok: bool | None
    text: str


def examine(config: Config) -> Iterator[Finding]:
    """Test every part, one after the other. Never raises: what fails is a Finding."""
    tests: dict[str, Callable[[Config], tuple[bool | None, str]]] = {
        "relational store": _relational,
        "migrations": _migrations,
        "event store": _events,
        "spool": _spool,
        "waiting events": _waiting,
        "files": _files,
        "certificate": _certificate,
        "mail": _mail,
        "disk": _disk,
        "clock": _clock,
        "pages' files": _front_end,
        "languages": _languages,
    }
    for part, test in tests.items():
        try:
            ok, text = test(config)
        except YunyingError as error:
            ok, text = (None if error.code == "store.locked" else False), error.text
        except Exception as error:
            ok, text = False, f"{type(error).__name__}: {error}"
        yield Finding(part, ok, text)


def _relational(config: Config) -> tuple[bool | None, str]:
    from django.db import connection

    begun = clock.monotonic_s()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    version = sqlite3.sqlite_version if connection.vendor == "sqlite" else str(getattr(connection, "pg_version", ""))
    return True, f"{connection.vendor} {version} answers in {(clock.monotonic_s() - begun) * 1000:.1f} ms"


def _migrations(config: Config) -> tuple[bool | None, str]:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if not pending:
        return True, "none pending"
    return False, f"{len(pending)} pending; run: yunying migrate"


def _events(config: Config) -> tuple[bool | None, str]:
    from yunying.store import Sql, open_store

    store = open_store(config.events_url)
    try:
        begun = clock.monotonic_s()
        version = store.query(Sql("SELECT version()")).one()[0]
        return True, f"ClickHouse {version} answers in {(clock.monotonic_s() - begun) * 1000:.1f} ms"
    finally:
        store.close()


def _spool(config: Config) -> tuple[bool | None, str]:
    folder = config.path(config.spool_url)
    folder.mkdir(parents=True, exist_ok=True)
    probe = folder / f"doctor-{os.getpid()}"
    times = []
    try:
        with probe.open("wb") as file:
            for _ in range(10):
                file.write(b"x" * 4096)
                file.flush()
                begun = clock.monotonic_s()
                os.fsync(file.fileno())
                times.append((clock.monotonic_s() - begun) * 1000)
    finally:
        probe.unlink(missing_ok=True)
    middle = sorted(times)[len(times) // 2]
    advice = "" if middle < SLOW_SYNC_MS else "; this disk is slow to make data durable, every answer waits for it"
    return True, f"writable, {middle:.1f} ms per fsync (median of 10){advice}"


def _waiting(config: Config) -> tuple[bool | None, str]:
    from yunying.collect.segments import waiting

    held = waiting(config.path(config.spool_url))
    if not held.segments:
        return True, "none; the event store has everything that was accepted"
    text = f"{held.bytes / 1_000_000:.1f} MB of at most {config.spool_cap_mb} MB, the oldest for {held.oldest_s:.0f} s"
    if held.oldest_s <= config.lag_alert_s:
        return True, text
    return False, f"{text}: they are safe, but the event store does not take them; is the program running? See its log"


def _files(config: Config) -> tuple[bool | None, str]:
    folder = config.path(config.files_url)
    folder.mkdir(parents=True, exist_ok=True)
    if os.access(folder, os.W_OK):
        return True, f"{folder} is writable"
    return False, f"{folder} cannot be written; change its owner or YUNYING_FILES_URL"


def _certificate(config: Config) -> tuple[bool | None, str]:
    """That of the files, else the one that is seen from outside."""
    if config.tls_certificate is not None:
        found = tls.read(config.tls_certificate)
        text = f"{config.tls_certificate} is for {', '.join(found.names)} and holds {found.days_left} days more"
        return found.days_left >= SHORT_CERTIFICATE_DAYS, text
    if not config.base_url.startswith("https:"):
        return None, "pages and events go without https; docs/operator/install.md says how to have it"
    wrong = tls.what_is_wrong(config.base_url)
    if wrong is None:
        return True, f"{config.base_url} shows a sound certificate"
    # A server behind a router may not reach its own public name; that others do is not known from here.
    return None if wrong[0] in ("tls.nobody", "tls.no_name") else False, f"{config.base_url}: {wrong[1]}"


def _mail(config: Config) -> tuple[bool | None, str]:
    parts = urlsplit(config.mail_url)
    if parts.scheme == "console":
        return None, "mails are printed to the console; set YUNYING_MAIL_URL to send them"
    kind = smtplib.SMTP_SSL if "ssl=1" in parts.query else smtplib.SMTP
    with kind(parts.hostname or "localhost", parts.port or 25, timeout=10) as server:
        if "tls=1" in parts.query:
            server.starttls()
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        code, _ = server.noop()
    return code == 250, f"{parts.hostname} answers {code}"


def _disk(config: Config) -> tuple[bool | None, str]:
    free_mb = shutil.disk_usage(config.data_dir).free // 1_000_000
    if free_mb < LOW_DISK_MB:
        return False, f"{free_mb} MB free below {config.data_dir}; make room"
    return True, f"{free_mb} MB free below {config.data_dir}"


def _clock(config: Config) -> tuple[bool | None, str]:
    now = clock.now()
    probe = config.data_dir / f"clock-{os.getpid()}"
    probe.touch()
    drift_s = abs(probe.stat().st_mtime - now.timestamp())
    probe.unlink()
    if now.year < 2026:
        return False, f"{now:%Y-%m-%d %H:%M:%S} UTC lies in the past; set the machine's clock"
    text = f"{now:%Y-%m-%d %H:%M:%S} UTC"
    return drift_s < 2, text if drift_s < 2 else f"{text}, but the data folder's disk is {drift_s:.0f} s off"


def _front_end(config: Config) -> tuple[bool | None, str]:
    folder = Path(__file__).parent / "platform/ui/static/vendor"
    found = len(list(folder.glob("*"))) if folder.exists() else 0
    return bool(found), f"{found} files in place" if found else "missing; run: make setup"


def _languages(config: Config) -> tuple[bool | None, str]:
    found = sorted(path.parts[-3] for path in (Path(__file__).parent / "locale").rglob("*.mo"))
    return (True if found else None), "English" + "".join(f", {name}" for name in found)
