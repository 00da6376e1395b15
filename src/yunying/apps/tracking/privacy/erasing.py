"""Erasing one person from both stores: at once from every answer and page, with the night's sweep from the disk.

    request: digests of the ids close the door, the audit log says who asked
    → job:   rows of the event store are hidden, rows of the relational store deleted, files and caches dropped
    → sweep: what a batch on its way still wrote is hidden too, the files are written anew, the proof is complete

Each step may be repeated at any point. Nothing that is kept of it tells who the person was.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import F, Q

from yunying.apps.tracking.importing import storage
from yunying.apps.tracking.importing.models import ImportRun, ImportStatus
from yunying.apps.tracking.models import DistinctId, ErasedId, Erasure, IdLink, IdSplit, Merge, NumberBlock, Person
from yunying.apps.tracking.privacy.gate import digest
from yunying.base import clock
from yunying.store import shared
from yunying.store.forgetting import Hidden

__all__ = ["close_the_door", "due_for_sweep", "erase", "sweep"]

T = TypeVar("T")
_CHUNK = 500
# A batch that was read before the door closed has long arrived by then.
_LATE = timedelta(minutes=10)
_OVER = (ImportStatus.DONE, ImportStatus.TAKEN_BACK, ImportStatus.STOPPED)


def close_the_door(product_id: int, names: Iterable[str]) -> None:
    """From now on nothing is taken that happened under these ids until now. Call inside a transaction."""
    until = round(clock.now().timestamp() * 1000)
    rows = [ErasedId(product_id=product_id, digest=digest(product_id, name), until_ms=until) for name in names]
    ErasedId.objects.bulk_create(
        rows,
        batch_size=_CHUNK,
        update_conflicts=True,
        unique_fields=["product", "digest"],
        update_fields=["until_ms"],
    )


def erase(erasure: Erasure) -> None:
    """Everything about the person goes out of sight, and out of the relational store. Raises Unavailable."""
    product_id, numbers = erasure.product_id, erasure.numbers
    names = _names(product_id, numbers)
    proof = _hide(erasure, names)
    with transaction.atomic():
        # The lock of the writers: a batch either comes before and is deleted here, or finds the door closed.
        NumberBlock.objects.select_for_update().filter(product_id=product_id).first()
        close_the_door(product_id, names)
        NumberBlock.objects.filter(product_id=product_id).update(epoch=F("epoch") + 1)
        _add(proof, _delete(product_id, numbers, names))
    erasure.proof = proof
    proof = _hide(erasure, [])
    proof["files"] = proof.get("files", 0) + _drop_files(product_id)
    cache.clear()
    Erasure.objects.filter(pk=erasure.pk).update(hidden_at=clock.now(), proof=proof)


def due_for_sweep() -> list[Erasure]:
    """Erasures whose rows still lie in the files."""
    return list(Erasure.objects.filter(swept_at=None, hidden_at__lt=clock.now() - _LATE).order_by("pk"))


def sweep(erasures: Sequence[Erasure]) -> None:
    """Write hidden rows out of the files of both stores. Minutes for tens of millions of events. Raises Unavailable."""
    for erasure in erasures:
        Erasure.objects.filter(pk=erasure.pk).update(proof=_hide(erasure, []))
    shared().sweep()
    _settle_relational()
    for erasure in erasures:
        left = {one.name: int(shared().query(one.count()).one()[0]) for one in _rows_of(erasure, [])}
        left.pop("kept_days", None)  # counted anew meanwhile, without the person
        erasure.refresh_from_db(fields=["proof"])
        proof = erasure.proof | {"left": sum(left.values())}
        # Their numbers told nothing of the person, and are of no use any more.
        done = clock.now() if not proof["left"] else None
        Erasure.objects.filter(pk=erasure.pk).update(
            swept_at=done, proof=proof, numbers=[] if done else erasure.numbers
        )


def _names(product_id: int, numbers: Sequence[int]) -> list[str]:
    names: list[str] = []
    for part in _chunks(numbers):
        rows = DistinctId.objects.filter(product_id=product_id, number__in=part)
        names += rows.values_list("distinct_id", flat=True)
    return names


def _hide(erasure: Erasure, names: Sequence[str]) -> dict[str, int]:
    """The proof so far, with what was hidden now."""
    proof = dict(erasure.proof)
    _add(proof, shared().hide(_rows_of(erasure, names), erasure.product_id))
    erasure.proof = proof
    return proof


def _rows_of(erasure: Erasure, names: Sequence[str]) -> list[Hidden]:
    return shared().hidden_people(erasure.product_id, erasure.numbers, names)


def _add(proof: dict[str, int], found: dict[str, int]) -> None:
    for table, rows in found.items():
        proof[table] = max(proof.get(table, 0), rows) if table == "kept_days" else proof.get(table, 0) + rows


def _delete(product_id: int, numbers: Sequence[int], names: Sequence[str]) -> dict[str, int]:
    found = {"distinct ids": 0, "persons": 0, "merges": 0}
    for part in _chunks(names):
        merges = Merge.objects.filter(Q(source__in=part) | Q(target__in=part), product_id=product_id)
        found["merges"] += merges.delete()[0]
        links = IdLink.objects.filter(Q(source__in=part) | Q(target__in=part), product_id=product_id)
        found["merges"] += links.delete()[0]
        IdSplit.objects.filter(product_id=product_id, distinct_id__in=part).delete()
    for some in _chunks(numbers):
        ids = DistinctId.objects.filter(product_id=product_id, number__in=some)
        found["distinct ids"] += ids.delete()[0]
        found["persons"] += Person.objects.filter(product_id=product_id, number__in=some).delete()[0]
    return found


def _drop_files(product_id: int) -> int:
    """Uploads and lists of faults of imports that are over may hold the person's rows; nobody can tell which."""
    gone = 0
    for run in ImportRun.objects.filter(product_id=product_id, status__in=_OVER):
        if run.stored:
            storage.remove(run)
            gone += 1
        if run.errors_file:
            Path(run.errors_file).unlink(missing_ok=True)
            ImportRun.objects.filter(pk=run.pk).update(errors_file="", errors_bytes=0)
            gone += 1
    return gone


def _settle_relational() -> None:
    """Write SQLite's journal into its file and empty it: deleted rows are zeroes there (`secure_delete`)."""
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _chunks(items: Sequence[T]) -> Iterable[Sequence[T]]:
    for start in range(0, len(items), _CHUNK):
        yield items[start : start + _CHUNK]
