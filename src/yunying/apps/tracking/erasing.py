"""Erasing a product that was deleted: its rows of both stores, in steps that may be repeated."""

from yunying.apps.tracking.models import (
    Account,
    AppliedEvent,
    DistinctId,
    ErasedId,
    Erasure,
    EventProperty,
    IdLink,
    IdSplit,
    Merge,
    Person,
)
from yunying.store import shared

__all__ = ["ERASED", "erase"]

_CHUNK = 2_000

# Rows that outlive their product, because a cascade over millions would hold the request; in the order they go.
ERASED = (EventProperty, AppliedEvent, Merge, IdLink, IdSplit, Account, ErasedId, Erasure, DistinctId, Person)


def erase(product_id: int) -> None:
    """Remove everything kept under the number of a product that is gone. Seconds to minutes; harmless when repeated.

    Rows of the relational store go in small transactions, so that pages and the collector can write in between.
    Raises Unavailable when the event store is away.
    """
    shared().erase(product_id)
    for model in ERASED:
        rows = model.objects.filter(product_id=product_id)
        while keys := list(rows.values_list("pk", flat=True)[:_CHUNK]):
            model.objects.filter(pk__in=keys).delete()
