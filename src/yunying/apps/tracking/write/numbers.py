"""The numbers of distinct ids: given once, dense inside a product, never shared between products.

A product takes numbers from a block of 65,536 (one container of a roaring bitmap); blocks come from one counter
of the installation. Two writers may run at once: `lock` orders them product by product (SQLite: the transaction
itself does), and numbers of an aborted transaction are holes, which harm nothing.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from django.db import connection

from yunying.apps.tracking.models import DistinctId, NumberBlock, NumberCounter
from yunying.apps.tracking.write.batch import Key
from yunying.store import Sql, Store

__all__ = ["BLOCK", "Known", "NumberCache", "Numbers"]

BLOCK = 65_536
_CHUNK = 2000  # ids per statement; SQLite allows 32,766 bound values

_ADD_ID = """
INSERT INTO tracking_distinctid (number, product_id, distinct_id, owner, first_ms, version)
VALUES (%s, %s, %s, %s, %s, 1)
"""
_ADD_PERSON = """
INSERT INTO tracking_person (number, product_id, born_ms, properties, marks, identified, version)
VALUES (%s, %s, %s, '{}', '{}', FALSE, 1)
"""


class Known(NamedTuple):
    """What is remembered of one distinct id: its number, and the time of its earliest event."""

    number: int
    first_ms: int


class NumberCache:
    """Recently used ids, at most about twice `bound` of them.

    Two generations: when the young one is full it becomes the old one, and what nobody asked for is forgotten.
    """

    def __init__(self, bound: int = 100_000) -> None:
        self._bound = bound
        self._young: dict[Key, Known] = {}
        self._old: dict[Key, Known] = {}

    def get_many(self, keys: Iterable[Key]) -> tuple[dict[Key, Known], list[Key]]:
        """What is known of these keys, and the keys nothing is known of."""
        young, old = self._young, self._old
        found: dict[Key, Known] = {}
        missing: list[Key] = []
        for key in keys:
            known = young.get(key) or old.get(key)
            if known is None:
                missing.append(key)
            else:
                found[key] = known
        return found, missing

    def forget(self, product: int) -> None:
        """Nothing is known of the ids of a product any more."""
        for generation in (self._young, self._old):
            for key in [key for key in generation if key[0] == product]:
                del generation[key]

    def put_many(self, found: Mapping[Key, Known]) -> None:
        if len(self._young) + len(found) > self._bound:
            self._old, self._young = self._young, {}
        self._young.update(found)

    def __len__(self) -> int:
        return len(self._young) + len(self._old)


class Numbers:
    """Resolves ids to numbers. Inside a transaction: first `lock` the products, then `resolve`."""

    def __init__(self, store: Store, cache: NumberCache) -> None:
        self._store = store
        self._cache = cache
        self._floor: int | None = None
        self._epochs: dict[int, int] = {}

    def resolve(self, born: Mapping[Key, int]) -> tuple[dict[Key, Known], set[int]]:
        """What is known of these keys, and which numbers are new: ids born at the given epoch milliseconds."""
        found, missing = self._cache.get_many(born)
        created: set[int] = set()
        for product in sorted({key[0] for key in missing}):
            ids = [name for p, name in missing if p == product]
            known = self._look_up(product, ids)
            new = sorted(set(ids) - known.keys())
            given = self._give(product, {name: born[product, name] for name in new})
            created.update(entry.number for entry in given.values())
            found.update({(product, name): entry for name, entry in (known | given).items()})
        return found, created

    def lock(self, products: Iterable[int]) -> None:
        """Keep other writers out of these products until the transaction ends; one order, so no deadlock."""
        for product in sorted(products):
            block = NumberBlock.objects.select_for_update().filter(product_id=product).first()
            block = block or self._new_block(product)
            # Ids that were erased, maybe by another process, must not get their old numbers from the cache.
            if self._epochs.setdefault(product, block.epoch) != block.epoch:
                self._cache.forget(product)
                self._epochs[product] = block.epoch

    def remember(self, found: Mapping[Key, Known]) -> None:
        """Keep what `resolve` gave; call after the commit, a number of an aborted transaction is nobody's."""
        self._cache.put_many(found)

    def _look_up(self, product: int, ids: list[str]) -> dict[str, Known]:
        found: dict[str, Known] = {}
        for start in range(0, len(ids), _CHUNK):
            rows = DistinctId.objects.filter(product_id=product, distinct_id__in=ids[start : start + _CHUNK])
            found.update({name: Known(n, ms) for n, name, ms in rows.values_list("number", "distinct_id", "first_ms")})
        return found

    def _give(self, product: int, born: Mapping[str, int]) -> dict[str, Known]:
        if not born:
            return {}
        given = {name: Known(n, born[name]) for name, n in zip(born, self._take(product, len(born)), strict=True)}
        # Plain statements: the ORM takes eight times as long for rows of constants, and a first import has millions.
        with connection.cursor() as cursor:
            cursor.executemany(_ADD_ID, [(n, product, name, n, ms) for name, (n, ms) in given.items()])
            cursor.executemany(_ADD_PERSON, [(n, product, ms) for n, ms in given.values()])
        return given

    def _take(self, product: int, count: int) -> list[int]:
        taken: list[int] = []
        while len(taken) < count:
            block = NumberBlock.objects.get(product_id=product)
            if block.next >= block.end:
                block = self._new_block(product)
            size = min(count - len(taken), block.end - block.next)
            taken.extend(range(block.next, block.next + size))
            block.next += size
            block.save(update_fields=["next"])
        return taken

    def _new_block(self, product: int) -> NumberBlock:
        NumberCounter.objects.get_or_create(pk=1)
        counter = NumberCounter.objects.select_for_update().get(pk=1)
        start = max(counter.next_block, -(-self._first_free() // BLOCK))
        counter.next_block = start + 1
        counter.save(update_fields=["next_block"])
        block, _ = NumberBlock.objects.update_or_create(
            product_id=product, defaults={"next": start * BLOCK, "end": (start + 1) * BLOCK}
        )
        return block

    def _first_free(self) -> int:
        # If the relational store was put back to an older state, its counter is behind: never give a number that
        # events already carry.
        if self._floor is None:
            self._floor = int(self._store.query(Sql("SELECT max(person) + 1 FROM people")).one()[0])
        return self._floor
