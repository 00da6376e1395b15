"""Reading the audit log. Whoever calls must have checked that the reader may see these products."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from yunying.platform.audit.models import Entry

__all__ = ["EntryFilter", "entries", "kinds", "verbs"]


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """What to show. `since` is included, `until` is not; `products` None means every product and the house itself."""

    products: frozenset[int] | None = None
    product_id: int | None = None
    actor_id: int | None = None
    verb: str = ""
    target_kind: str = ""
    target_id: str = ""
    text: str = ""
    since: datetime | None = None
    until: datetime | None = None


def entries(wanted: EntryFilter) -> QuerySet[Entry]:
    """Entries that match, newest first."""
    found = _visible(wanted.products)
    exact = {
        "product_id": wanted.product_id,
        "actor_id": wanted.actor_id,
        "verb": wanted.verb or None,
        "target_kind": wanted.target_kind or None,
        "target_id": wanted.target_id or None,
        "at__gte": wanted.since,
        "at__lt": wanted.until,
    }
    found = found.filter(**{name: value for name, value in exact.items() if value is not None})
    if wanted.text:
        found = found.filter(
            Q(target_name__icontains=wanted.text) | Q(actor_name__icontains=wanted.text) | Q(ip=wanted.text)
        )
    return found.order_by("-id")


def verbs(products: frozenset[int] | None) -> list[str]:
    """Verbs that occur, for the filter."""
    return list(_visible(products).order_by("verb").values_list("verb", flat=True).distinct())


def kinds(products: frozenset[int] | None) -> list[str]:
    """Kinds of targets that occur, for the filter."""
    return list(_visible(products).order_by("target_kind").values_list("target_kind", flat=True).distinct())


def _visible(products: frozenset[int] | None) -> QuerySet[Entry]:
    return Entry.objects.all() if products is None else Entry.objects.filter(product_id__in=products)
