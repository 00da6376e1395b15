"""Reading the audit log. Whoever calls must have checked that the reader may see these products."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from yunying.platform.audit.models import Entry

__all__ = ["EntryFilter", "Scope", "entries", "kinds", "people", "verbs"]


@dataclass(frozen=True, slots=True)
class Scope:
    """What a reader may see: entries of these products and organisations, or everything."""

    products: frozenset[int] = frozenset()
    organisations: frozenset[int] = frozenset()
    everything: bool = False

    @property
    def empty(self) -> bool:
        return not (self.everything or self.products or self.organisations)


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """What to show of it. `since` is included, `until` is not."""

    product_id: int | None = None
    actor_id: int | None = None
    verb: str = ""
    target_kind: str = ""
    target_id: str = ""
    since: datetime | None = None
    until: datetime | None = None


def entries(scope: Scope, wanted: EntryFilter = EntryFilter()) -> QuerySet[Entry]:
    """Entries that match, newest first."""
    exact = {
        "product_id": wanted.product_id,
        "actor_id": wanted.actor_id,
        "verb": wanted.verb or None,
        "target_kind": wanted.target_kind or None,
        "target_id": wanted.target_id or None,
        "at__gte": wanted.since,
        "at__lt": wanted.until,
    }
    given = {name: value for name, value in exact.items() if value is not None}
    return _visible(scope).filter(**given).order_by("-id")


def verbs(scope: Scope) -> list[str]:
    """Verbs that occur, for the filter."""
    return list(_visible(scope).order_by("verb").values_list("verb", flat=True).distinct())


def kinds(scope: Scope) -> list[str]:
    """Kinds of targets that occur, for the filter."""
    return list(_visible(scope).order_by("target_kind").values_list("target_kind", flat=True).distinct())


def people(scope: Scope) -> list[tuple[int, str]]:
    """Users that did something, (id, name at their last change), for the filter."""
    found = _visible(scope).filter(actor_kind="user").order_by("id").values_list("actor_id", "actor_name").distinct()
    names = {number: name for number, name in found if number is not None}
    return sorted(names.items(), key=lambda one: one[1])


def _visible(scope: Scope) -> QuerySet[Entry]:
    if scope.everything:
        return Entry.objects.all()
    return Entry.objects.filter(Q(product_id__in=scope.products) | Q(organisation_id__in=scope.organisations))
