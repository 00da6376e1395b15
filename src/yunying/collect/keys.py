"""Which product a write key belongs to: a snapshot in memory, read by one plain SELECT.

The collector does not load the ORM; `tests/contract` pins the table and the columns read here.
"""

import logging
import sqlite3
import threading
from collections.abc import Mapping
from contextlib import closing
from urllib.parse import quote, unquote, urlsplit

from yunying.base.clock import monotonic_s

__all__ = ["SELECT", "KeyDirectory"]

log = logging.getLogger(__name__)

# A key stands for itself; the name of a sender without keys is `<protocol>:<name>`, that of a product `product:<name>`.
SELECT = """
SELECT token, product_id
FROM products_writekey
WHERE revoked_at IS NULL
UNION ALL
SELECT protocol || ':' || name, product_id
FROM products_sender
UNION ALL
SELECT 'product:' || slug, id
FROM products_product
"""


class KeyDirectory:
    """Write keys and their products; at most `max_age_s` old, and read again for a key that is not known yet.

    A store that is away costs nothing but new and revoked keys: the last snapshot stays in use.
    """

    def __init__(self, database_url: str, *, max_age_s: float = 5.0, miss_gap_s: float = 0.5) -> None:
        self._url = database_url
        self._max_age_s = max_age_s
        self._miss_gap_s = miss_gap_s
        self._keys: Mapping[str, int] = {}
        self._read_at_s = float("-inf")
        self._lock = threading.Lock()
        self._used: set[str] = set()

    def known(self, token: str) -> int | None:
        """The product of `token` by the snapshot at hand; no I/O, so the event loop may call it."""
        product = self._keys.get(token)
        if product is not None:
            self._used.add(token)
        return product

    def take_used(self) -> set[str]:
        """Keys that were used since the last call."""
        used, self._used = self._used, set()
        return used

    def stale(self) -> bool:
        """Whether the snapshot is older than it should be."""
        return monotonic_s() - self._read_at_s > self._max_age_s

    def look_again(self) -> None:
        """Read the keys once more, unless that was done a moment ago. Blocks: one query."""
        with self._lock:
            if monotonic_s() - self._read_at_s >= self._miss_gap_s:
                self._read()

    def product_of(self, token: str) -> int | None:
        """The product of `token`, reading the table if it must. Blocks."""
        if self.stale() or token not in self._keys:
            self.look_again()
        return self.known(token)

    def _read(self) -> None:
        try:
            rows = _select(self._url)
        except _Away as error:
            log.warning("write keys could not be read: %s", error)
        else:
            self._keys = dict(rows)
        # Also after a failure: a store that is away must not be asked by every request.
        self._read_at_s = monotonic_s()


class _Away(Exception):
    """The table could not be read; says only the kind of error, for messages of drivers may hold addresses."""


def _select(url: str) -> list[tuple[str, int]]:
    return _select_lite(url) if url.startswith("sqlite:") else _select_postgres(url)


def _select_lite(url: str) -> list[tuple[str, int]]:
    # More than one leading slash would make the first folder the host of the URI.
    file = quote("/" + unquote(urlsplit(url).path).lstrip("/"))
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=5)) as lite:
            return lite.execute(SELECT).fetchall()
    except sqlite3.Error as error:
        raise _Away(type(error).__name__) from error


def _select_postgres(url: str) -> list[tuple[str, int]]:
    # Loaded here only: an installation without PostgreSQL would wait for it at every start.
    import psycopg

    try:
        with psycopg.connect(url, connect_timeout=5, autocommit=True) as server:
            return server.execute(SELECT).fetchall()
    except psycopg.Error as error:
        raise _Away(type(error).__name__) from error
