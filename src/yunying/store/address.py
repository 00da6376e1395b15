"""The address of an event store: `chdb:///folder` or `clickhouse://user:password@host:port/database?cluster=name`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

import clickhouse_connect
from clickhouse_connect.driver.exceptions import ClickHouseError

from yunying.base.errors import InvalidInput, msg
from yunying.store.faults import away, locked, unusable
from yunying.store.opening import in_use
from yunying.store.scripts import Form

__all__ = ["Address"]

_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")


@dataclass(frozen=True, slots=True)
class Address:
    """`settings` hold for every statement of a client made by `connect`."""

    url: str
    embedded: bool
    database: str
    form: Form

    @classmethod
    def parse(cls, url: str) -> "Address":
        """Raises InvalidInput when the address is not one of an event store."""
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query))
        cluster = query.pop("cluster", "")
        embedded = parts.scheme == "chdb"
        database = query.pop("database", "") if embedded else unquote(parts.path.strip("/"))
        database = database or "default"
        if parts.scheme not in ("chdb", "clickhouse") or not set(cluster + database) <= _NAME:
            raise InvalidInput("store.address", msg("The address of the event store cannot be used."), field="url")
        plain = urlunsplit(parts._replace(query=urlencode(query)))
        return cls(plain, embedded, database, Form(cluster, database, _login(parts.username, parts.password)))

    def connect(self, settings: dict[str, Any]) -> Any:
        """A new client. Raises Unavailable when the folder belongs to another process or nobody answers."""
        with self._opening():
            return self._opener()(self.database, settings)

    def create_database(self) -> None:
        """Make the database there, if it is not."""
        if self.database == "default":
            return
        with self._opening():
            client = self._opener()("default", {})
        try:
            cluster = f" ON CLUSTER '{self.form.cluster}'" if self.form.cluster else ""
            client.command(f"CREATE DATABASE IF NOT EXISTS {self.database}{cluster}")
        finally:
            client.close()

    @contextmanager
    def _opening(self) -> Iterator[None]:
        try:
            yield
        except ClickHouseError as error:
            if not self.embedded:
                raise away() from error
            # The engine's error has no code of its own for a lock; the lock itself can be asked.
            raise (locked() if in_use(urlsplit(self.url).path) else unusable(error)) from error

    def _opener(self) -> Callable[[str, dict[str, Any]], Any]:
        def chdb(database: str, settings: dict[str, Any]) -> Any:
            # The engine's default database needs no USE, and naming it would cost a statement per client.
            named = None if database == "default" else database
            client = clickhouse_connect.get_client(dsn=self.url, database=named, settings=settings, tz_mode="aware")
            # The driver reports the rows of the answer as rows read; a server's summary tells what was scanned.
            client._backend._summary = _scanned
            return client

        def server(database: str, settings: dict[str, Any]) -> Any:
            return clickhouse_connect.get_client(
                dsn=self.url, database=database, settings=settings, tz_mode="aware", autogenerate_session_id=False
            )

        return chdb if self.embedded else server


def _scanned(result: Any) -> dict[str, str]:
    return {"read_rows": str(result.storage_rows_read()), "read_bytes": str(result.storage_bytes_read())}


def _login(user: str | None, password: str | None) -> str:
    if not user:
        return ""
    quoted = [unquote(text or "").replace("\\", "\\\\").replace("'", "\\'") for text in (user, password)]
    return f"USER '{quoted[0]}' PASSWORD '{quoted[1]}'"
