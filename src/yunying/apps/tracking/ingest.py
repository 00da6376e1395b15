"""The write side of the event store: the sink the collector's flusher and the importer give their batches to.

    batch → drop repeats → enrich → [transaction: token, numbers, merges, properties, catalogue] → copies
      → events → arrivals

Whatever dies in between, the same batch under the same token is given again, and every step is harmless the
second time: the transaction notices its token, copies carry versions, inserts carry tokens.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Lock
from typing import TypeVar
from uuid import UUID, uuid4

from django.apps import apps
from django.db import connection, transaction

from yunying.apps.tracking.models import AppliedEvent, DistinctId, IdLink, WrittenBatch
from yunying.apps.tracking.privacy.gate import Door, admitted, admitted_refusals, nobody, stamp_of
from yunying.apps.tracking.write.accounts import apply_account_ops
from yunying.apps.tracking.write.addresses import refusal_without_addresses
from yunying.apps.tracking.write.arrivals import arrival_table, refused_table
from yunying.apps.tracking.write.batch import ADDITIVE, Batch, Key
from yunying.apps.tracking.write.catalogue import Catalogue
from yunying.apps.tracking.write.enriching import Enricher
from yunying.apps.tracking.write.mirror import Mirror
from yunying.apps.tracking.write.numbers import Known, NumberCache, Numbers
from yunying.apps.tracking.write.persons import Persons
from yunying.apps.tracking.write.repeats import Repeats
from yunying.base import clock
from yunying.base.errors import Unavailable, msg
from yunying.events.consent import heed
from yunying.events.event import UNOWNED, Event, Refusal
from yunying.store import Store, shared
from yunying.store.writer import event_table

__all__ = ["Ingest", "shared_ingest"]

log = logging.getLogger("yunying.ingest")

_KEEP = timedelta(days=30)
_PRUNE_EVERY_S = 3600.0
_CHUNK = 500
T = TypeVar("T")
R = TypeVar("R", Event, Refusal)


@dataclass(slots=True)
class _Outcome:
    """What the transaction found and changed; `persons`, `owners` and `accounts` need a new copy.

    `blank` are persons it created and left without properties: product, number, epoch ms of birth, distinct id.
    """

    found: dict[Key, Known]
    blank: list[tuple[int, int, int, str]] = field(default_factory=list)
    persons: set[int] = field(default_factory=set)
    owners: set[int] = field(default_factory=set)
    accounts: set[Key] = field(default_factory=set)


class Ingest:
    """Writes batches, one at a time. `reload_s` is how long merges may be gathered before questions see them."""

    def __init__(
        self,
        store: Store | None = None,
        *,
        cache_bound: int = 100_000,
        repeats_bound: int = 200_000,
        reload_s: float = 2.0,
    ) -> None:
        self._store = store or shared()
        self._cache = NumberCache(cache_bound)
        self._numbers = Numbers(self._store, self._cache)
        self._catalogue = Catalogue()
        self._mirror = Mirror(self._store, reload_s)
        self._repeats = Repeats(self._store, repeats_bound)
        self._enricher = Enricher(self._store)
        self._pruned_s = clock.monotonic_s()
        self._lock = Lock()

    def write(self, events: Sequence[Event], *, token: str) -> None:
        """Put a batch into both stores; when it returns, all of it is on disk. The same token again adds nothing.

        Events of products that no longer exist are dropped. Raises Unavailable when a store is away: try again.
        """
        with self._lock:
            imported = all(event.protocol == "import" for event in events)
            known = _of_known_products(events)
            door = stamp_of({event.product for event in known})
            known = admitted(known, door)
            # An import has looked for its events in the store, and one that was taken back may come again.
            fresh = known if imported else self._repeats.fresh(known)
            if not fresh:
                return
            for event in fresh:
                heed(event, nobody)
            self._enricher.enrich(fresh)
            batch = Batch.of(fresh)
            try:
                outcome = self._commit(batch, token, door)
            except BaseException:
                self._catalogue.forget()
                raise
            self._numbers.remember(outcome.found)
            self._copy(outcome, token)
            found = outcome.found
            numbers = [found[event.product, event.distinct_id][0] for event in fresh]
            self._store.insert("events", event_table(fresh, numbers, self._store.columns()), token=token)
            self._store.insert("arrivals", arrival_table(fresh, numbers), token=token)
            if not imported:
                self._repeats.remember(fresh)
            self._enricher.settle()
            self._prune()

    def refuse(self, items: Sequence[Refusal], *, token: str) -> None:
        """Keep what was not accepted for thirty days, what nobody has claimed under no product."""
        strange = [item for item in items if item.product == UNOWNED]
        kept = [*strange, *_of_known_products([item for item in items if item.product != UNOWNED])]
        if kept:
            kept = list(admitted_refusals(kept))
            with self._lock:
                kept = [refusal_without_addresses(item, self._enricher.policy_of(item.product)) for item in kept]
            self._store.insert("refused", refused_table(kept), token=token)

    def rearrange(self, product: int, change: Callable[[Persons], T], *, by: str) -> T:
        """Let somebody change who is whom in a product; copies follow. Raises what `change` raises, and Unavailable."""
        with self._lock:
            _sync_every_commit()
            with transaction.atomic():
                self._numbers.lock({product})
                persons = Persons({}, by=by)
                result = change(persons)
                persons.save()
            token = f"by-hand-{uuid4()}"
            self._mirror.persons(persons.touched, (), token)
            self._mirror.owners(persons.moved, token)
            return result

    def copy(self, numbers: Collection[int]) -> None:
        """Copy these persons and who owns these numbers once more."""
        with self._lock:
            token = f"again-{uuid4()}"
            self._mirror.persons(numbers, (), token)
            self._mirror.owners(numbers, token)

    def writes_to(self, store: Store) -> bool:
        """Whether this is its event store."""
        return self._store is store

    def close(self) -> None:
        """Let questions see the last merges."""
        self._mirror.reloader.close()

    def _commit(self, batch: Batch, token: str, door: Door) -> _Outcome:
        _sync_every_commit()
        with transaction.atomic():
            self._numbers.lock(batch.products)
            if stamp_of(door.products) != door:
                # Somebody was erased since the events were looked at: they must be looked at once more.
                raise Unavailable("ingest.erasing", msg("Somebody is being erased; try again."), retry_after_s=1)
            first = _claim(token)
            found, created = self._numbers.resolve(batch.born)
            if not first:
                return _everything(batch, found)
            outcome = _Outcome(found)
            self._change_persons(batch, outcome)
            outcome.blank = [
                (product, known.number, known.first_ms, name)
                for (product, name), known in (found.items() if created else ())
                if known.number in created and known.number not in outcome.persons
            ]
            outcome.accounts = apply_account_ops(batch.account_ops)
            self._catalogue.add(batch)
        return outcome

    def _change_persons(self, batch: Batch, outcome: _Outcome) -> None:
        found = outcome.found
        older = [key for key, ms in batch.born.items() if ms < found[key][1]]
        persons = Persons({key: known.number for key, known in found.items()})
        _drop_applied_additions(batch)
        persons.link(batch.links)
        persons.load([*(deed.key for deed in batch.person_ops), *older])
        for deed in batch.person_ops:
            persons.apply(deed)
        persons.lower_births({found[key].number: batch.born[key] for key in older})
        persons.save()
        for key in older:
            found[key] = Known(found[key].number, batch.born[key])
        outcome.persons, outcome.owners = persons.touched, persons.moved

    def _copy(self, outcome: _Outcome, token: str) -> None:
        self._mirror.persons(outcome.persons, outcome.blank, token)
        self._mirror.accounts(outcome.accounts, token)
        self._mirror.owners(outcome.owners, token)

    def _prune(self) -> None:
        if clock.monotonic_s() - self._pruned_s < _PRUNE_EVERY_S:
            return
        self._pruned_s = clock.monotonic_s()
        for model in (WrittenBatch, AppliedEvent):
            model.objects.filter(at__lt=clock.now() - _KEEP).delete()


_shared: Ingest | None = None
_shared_lock = Lock()


def shared_ingest() -> Ingest:
    """The one of this process and its event store: what it knows of ids and repeats serves whoever writes."""
    global _shared
    with _shared_lock:
        if _shared is None or not _shared.writes_to(shared()):
            _shared = Ingest()
        return _shared


def _of_known_products(items: Sequence[R]) -> Sequence[R]:
    """Asked for every batch: a product may be deleted at any time, and nothing may be written under its number then."""
    wanted = {item.product for item in items}
    known = set(apps.get_model("products", "Product").objects.filter(pk__in=wanted).values_list("pk", flat=True))
    gone = wanted - known
    if not gone:
        return items
    log.warning("what came for products that no longer exist was dropped: %s", sorted(gone))
    return [item for item in items if item.product not in gone]


def _claim(token: str) -> bool:
    """Whether this is the first time; the row stands or falls with the transaction."""
    _, created = WrittenBatch.objects.get_or_create(token=token)
    return created


def _everything(batch: Batch, found: dict[Key, Known]) -> _Outcome:
    """A retry after the commit: what it changed is not known any more, so copy all that the batch touches."""
    numbers = sorted({known.number for known in found.values()} | _claimed_before(batch))
    owners: set[int] = set()
    for part in _chunks(numbers):
        owners.update(DistinctId.objects.filter(number__in=part).values_list("owner", flat=True))
    moved: set[int] = set()
    for part in _chunks(sorted(owners)):
        moved.update(DistinctId.objects.filter(owner__in=part).values_list("number", flat=True))
    accounts = {deed.key for deed in batch.account_ops}
    return _Outcome(found, persons=moved | owners, owners=moved, accounts=accounts)


def _claimed_before(batch: Batch) -> set[int]:
    """The users other than those of the batch who claimed its anonymous ids: they may have lost them by it."""
    found: set[int] = set()
    for part in _chunks(sorted({(one.product, one.link.source) for one in batch.links})):
        claims = IdLink.objects.filter(product__in=batch.products, source__in={name for _, name in part})
        users = DistinctId.objects.filter(product__in=batch.products, distinct_id__in=claims.values("target"))
        found.update(users.values_list("number", flat=True))
    return found


def _drop_applied_additions(batch: Batch) -> None:
    """Additions are the one thing that counts twice when an event comes twice, so they are noted by event."""
    if not batch.additive:
        return
    again: set[tuple[int, UUID]] = set()
    for part in _chunks([UUID(event.uuid) for event in batch.additive]):
        rows = AppliedEvent.objects.filter(product_id__in=batch.products, uuid__in=part)
        again.update(rows.values_list("product_id", "uuid"))
    news = [event for event in batch.additive if (event.product, UUID(event.uuid)) not in again]
    AppliedEvent.objects.bulk_create([AppliedEvent(product_id=e.product, uuid=UUID(e.uuid)) for e in news])
    for event in batch.additive:
        if (event.product, UUID(event.uuid)) in again:
            for ops in (event.person_ops, event.account_ops):
                ops[:] = [op for op in ops if op.kind not in ADDITIVE]


def _sync_every_commit() -> None:
    """Numbers that events carry must survive a power cut as the events do; pages may keep SQLite's lighter mode."""
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous = FULL")


def _chunks(items: Sequence[T]) -> Iterable[Sequence[T]]:
    for start in range(0, len(items), _CHUNK):
        yield items[start : start + _CHUNK]
