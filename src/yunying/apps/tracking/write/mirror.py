"""Copies of persons, accounts and owners in the event store, always written from the committed state.

Every row carries the version of its source, so copies may be written twice or out of order.
"""

from collections.abc import Callable, Iterable, Sequence
from threading import Lock, Timer
from typing import Any

import pyarrow as pa
from django.db.models import F

from yunying.apps.tracking.ids import best_first
from yunying.apps.tracking.models import Account, DistinctId, Person
from yunying.apps.tracking.write.batch import Key
from yunying.base import clock
from yunying.store import Store
from yunying.store.writer import document

__all__ = ["MOST_IDS", "Mirror", "Reloader"]

_CHUNK = 500
# Somebody with more ids than this is a program's mistake; each of them still leads to the person when typed in full.
MOST_IDS = 100


class Reloader:
    """Reloads the dictionary of owners at once, then at most every `pause_s` seconds however many merges come."""

    def __init__(self, reload: Callable[[], None], pause_s: float) -> None:
        self._reload = reload
        self._pause_s = pause_s
        self._lock = Lock()
        self._last_s = float("-inf")
        self._timer: Timer | None = None

    def ask(self) -> None:
        """There are new owners."""
        with self._lock:
            if self._timer is not None:
                return
            wait_s = self._last_s + self._pause_s - clock.monotonic_s()
            if wait_s > 0:
                self._timer = Timer(wait_s, self._run)
                self._timer.daemon = True
                self._timer.start()
                return
        self._run()

    def close(self) -> None:
        """Do now what still waits."""
        with self._lock:
            waiting, self._timer = self._timer, None
        if waiting is not None:
            waiting.cancel()
            self._reload()

    def _run(self) -> None:
        with self._lock:
            self._timer = None
            self._last_s = clock.monotonic_s()
        self._reload()


class Mirror:
    def __init__(self, store: Store, reload_s: float) -> None:
        self._store = store
        self.reloader = Reloader(store.reload_owners, reload_s)

    def persons(self, numbers: Iterable[int], blank: Iterable[tuple[int, int, int, str]], token: str) -> None:
        """Copy these persons. `blank` are new ones nothing is known of: product, number, ms of birth, distinct id."""
        rows: list[tuple[Any, ...]] = [(*row[:3], {}, 1, False, row[3]) for row in blank]
        for part in _chunks(sorted(numbers)):
            ids = _ids_of(part)
            found = Person.objects.filter(number__in=part)
            known = found.values_list(
                "product_id", "number", "born_ms", "properties", "version", "identified", "merged_into"
            )
            # Who belongs to somebody else today keeps properties there, to leave with them, but has none in reports.
            for *row, merged in known:
                row[3] = row[3] if merged is None else {}
                rows.append((*row, ids.get(row[1], "")))
        self._store.insert("people", _people(rows), token=token)

    def accounts(self, keys: Iterable[Key], token: str) -> None:
        """Copy these accounts."""
        rows: list[tuple[Any, ...]] = []
        wanted = sorted(keys)
        for product in sorted({key[0] for key in wanted}):
            for part in _chunks([key for p, key in wanted if p == product]):
                found = Account.objects.filter(product_id=product, key__in=part)
                rows += found.values_list("product_id", "key", "properties", "version")
        self._store.insert("accounts", _accounts(rows), token=token)

    def owners(self, numbers: Iterable[int], token: str) -> None:
        """Copy who owns these numbers, and let questions see it soon."""
        rows: list[tuple[Any, ...]] = []
        for part in _chunks(sorted(numbers)):
            # Whose number came back to them was copied before, and is again; of the others there is nothing to say.
            found = DistinctId.objects.filter(number__in=part).exclude(owner=F("number"), version=1)
            rows += found.values_list("number", "owner", "version")
        if rows:
            self._store.insert("moved", _owners(rows), token=token)
            self.reloader.ask()


def _ids_of(owners: Sequence[int]) -> dict[int, str]:
    """The distinct ids of each person, one a line, the telling first; no more than a search has use for."""
    found: dict[int, list[str]] = {}
    for owner, name in best_first(owners).values_list("owner", "distinct_id").iterator(2000):
        ids = found.setdefault(owner, [])
        if len(ids) < MOST_IDS:
            ids.append(name)
    return {owner: "\n".join(ids) for owner, ids in found.items()}


def _people(rows: Sequence[tuple[Any, ...]]) -> pa.Table:
    return pa.table(
        {
            "product": pa.array([r[0] for r in rows], pa.uint32()),
            "person": pa.array([r[1] for r in rows], pa.uint32()),
            "born": pa.array([r[2] for r in rows], pa.int64()).cast(pa.timestamp("ms", tz="UTC")),
            "props": pa.array([document(r[3]) for r in rows], pa.string()),
            "version": pa.array([r[4] for r in rows], pa.uint64()),
            "identified": pa.array([int(r[5]) for r in rows], pa.uint8()),
            "ids": pa.array([r[6] for r in rows], pa.string()),
        }
    )


def _accounts(rows: Sequence[tuple[Any, ...]]) -> pa.Table:
    return pa.table(
        {
            "product": pa.array([r[0] for r in rows], pa.uint32()),
            "account": pa.array([r[1] for r in rows], pa.string()),
            "props": pa.array([document(r[2]) for r in rows], pa.string()),
            "version": pa.array([r[3] for r in rows], pa.uint64()),
        }
    )


def _owners(rows: Sequence[tuple[Any, ...]]) -> pa.Table:
    return pa.table(
        {
            "n": pa.array([r[0] for r in rows], pa.uint32()),
            "p": pa.array([r[1] for r in rows], pa.uint32()),
            "version": pa.array([r[2] for r in rows], pa.uint64()),
        }
    )


def _chunks(items: Sequence[Any]) -> Iterable[Sequence[Any]]:
    for start in range(0, len(items), _CHUNK):
        yield items[start : start + _CHUNK]
