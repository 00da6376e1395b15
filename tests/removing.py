"""Rows that a test takes out of the event store."""

from functools import partial
from typing import Any

from yunying.store import Sql, Store
from yunying.store.hurry import hurried

__all__ = ["remove"]


def remove(store: Store, table: str, where: str, **params: Any) -> None:
    """Gone when it returns; the engine is woken, as the store does, since it would sleep between parts."""
    with hurried(partial(store.execute, Sql(f"SYSTEM START MERGES {table}"))):
        store.execute(Sql(f"DELETE FROM {table} WHERE {where} SETTINGS lightweight_deletes_sync = 2", params))
