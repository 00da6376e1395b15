"""How the embedded event store works in tests: fast on a few rows, where the program's way pays off after millions."""

from collections.abc import Iterator
from contextlib import contextmanager

from yunying.store import Sql, Store
from yunying.store import store as stores

__all__ = ["empty_when_full", "unhurried", "work_quickly"]

# Machine code is compiled for every statement's expressions, and threads that wait for each other wait long where
# workers of the suite share the machine. Tests with real servers and those of the night ask as the program does.
QUICKLY = {
    "max_threads": 1,
    "compile_expressions": 0,
    "compile_aggregate_expressions": 0,
    "compile_sort_description": 0,
}
FULL_PARTS = 60
_WRITTEN = "database = currentDatabase() AND table NOT IN ('schema_migrations', 'promoted')"
USUALLY = {
    "max_threads": 0,
    "compile_expressions": 1,
    "compile_aggregate_expressions": 1,
    "compile_sort_description": 1,
}


def work_quickly() -> None:
    """For every client of a store that is made from now on in this process."""
    stores._SESSION.update(QUICKLY)


@contextmanager
def unhurried(store: Store) -> Iterator[None]:
    """As the program does it, for one thing after the other."""
    _set(store, USUALLY)
    yield
    _set(store, QUICKLY)


def empty_when_full(store: Store) -> None:
    """Take all rows out once there are many parts: whatever removes rows looks into each of them, for seconds."""
    parts = store.query(Sql(f"SELECT table, count() FROM system.parts WHERE active AND {_WRITTEN} GROUP BY table")).rows
    if sum(count for _, count in parts) < FULL_PARTS:
        return
    for table, _ in parts:
        store.execute(Sql(f"TRUNCATE TABLE {table}"))
    store.reload_owners()


def _set(store: Store, values: dict[str, int]) -> None:
    for name, value in values.items():
        store.execute(Sql(f"SET {name} = {value}"))
