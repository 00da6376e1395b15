"""The numbers of distinct ids: given once, dense inside a product, never shared between products.

A product takes numbers from a block of 65,536 (one container of a roaring bitmap); blocks come from one counter
of the installation. Two writers may run at once: `lock` orders them product by product (SQLite: the transaction
itself does), and numbers of an aborted transaction are holes, which harm nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from yunying.apps.tracking.models import DistinctId, NumberBlock, NumberCounter, Person
from yunying.store import Sql, Store

__all__ = ["BLOCK", "Known", "NumberCache", "Numbers"]

BLOCK = 65_536
_CHUNK = 500  # ids per statement; SQLite allows 32,766 bound values


@dataclass(slots=True, frozen=True)
class Known:
    """What the cache keeps of one distinct id: its number, and the time of the earliest event seen under it."""

    number: int
    born_ms: int


class NumberCache:
    """Recently used ids of each product, at most about twice `bound` of them.

    Two generations: when the young one is full it becomes the old one, and what nobody asked for is forgotten.
    """

    def __init__(self, bound: int = 100_000) -> None:
        self._bound = bound
        self._young: dict[tuple[int, str], Known] = {}
        self._old: dict[tuple[int, str], Known] = {}

    def get(self, key: tuple[int, str]) -> Known | None:
        known = self._young.get(key)
        if known is None and (known := self._old.get(key)) is not None:
            self.put(key, known)
        return known

    def put(self, key: tuple[int, str], known: Known) -> None:
        if len(self._young) >= self._bound:
            self._old, self._young = self._young, {}
        self._young[key] = known

    def __len__(self) -> int:
        return len(self._young) + len(self._old)


class Numbers:
    """Resolves ids to numbers. Inside a transaction: first `lock` the products, then `resolve`."""

    def __init__(self, store: Store, cache: NumberCache) -> None:
        self._store = store
        self._cache = cache
        self._floor: int | None = None

    def resolve(self, born: Mapping[tuple[int, str], int]) -> dict[tuple[int, str], Known]:
        """The numbers of `(product, distinct id)` keys; new ids are born at the given epoch milliseconds."""
        found: dict[tuple[int, str], Known] = {}
        missing: dict[int, list[str]] = {}
        for key in born:
            known = self._cache.get(key)
            if known is None:
                missing.setdefault(key[0], []).append(key[1])
            else:
                found[key] = known
        for product, ids in sorted(missing.items()):
            found.update(self._look_up(product, ids))
            new = sorted(name for name in ids if (product, name) not in found)
            if new:
                found.update(self._give(product, new, born))
        return found

    def lock(self, products: Iterable[int]) -> None:
        """Keep other writers out of these products until the transaction ends; one order, so no deadlock."""
        for product in sorted(products):
            if NumberBlock.objects.select_for_update().filter(product_id=product).first() is None:
                self._new_block(product)

    def remember(self, found: Mapping[tuple[int, str], Known]) -> None:
        """Keep what `resolve` gave; call after the commit, a number of an aborted transaction is nobody's."""
        for key, known in found.items():
            self._cache.put(key, known)

    def _look_up(self, product: int, ids: list[str]) -> dict[tuple[int, str], Known]:
        found: dict[tuple[int, str], Known] = {}
        for start in range(0, len(ids), _CHUNK):
            rows = DistinctId.objects.filter(product_id=product, distinct_id__in=ids[start : start + _CHUNK])
            pairs = dict(rows.values_list("number", "distinct_id"))
            borns = dict(Person.objects.filter(number__in=pairs).values_list("number", "born_ms"))
            found.update({(product, name): Known(n, borns.get(n, 0)) for n, name in pairs.items()})
        return found

    def _give(self, product: int, new: list[str], born: Mapping[tuple[int, str], int]) -> dict[tuple[int, str], Known]:
        mine = dict(zip(new, self._take(product, len(new)), strict=True))
        rows = [DistinctId(number=n, product_id=product, distinct_id=name, owner=n) for name, n in mine.items()]
        DistinctId.objects.bulk_create(rows, batch_size=_CHUNK)
        persons = [Person(number=n, product_id=product, born_ms=born[product, name]) for name, n in mine.items()]
        Person.objects.bulk_create(persons, batch_size=_CHUNK)
        return {(product, name): Known(n, born[product, name]) for name, n in mine.items()}

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
