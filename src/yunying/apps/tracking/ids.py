"""From distinct ids to the people they belong to, by the thousand, and back to the id that tells most."""

from collections.abc import Sequence

from django.db.models import Case, F, IntegerField, QuerySet, Value, When, Window
from django.db.models.functions import RowNumber

from yunying.apps.tracking.models import DistinctId

__all__ = ["best_first", "numbers_of_ids", "shown_ids"]

_CHUNK = 500

# As programs make them up for a device; a customer's own ids may look so too, but are not read by people either.
_MADE_UP = r"^\$device:|^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
_ORDER = ("-known", "made_up", "first_ms", "number")


def numbers_of_ids(product_id: int, ids: Sequence[str]) -> dict[str, int]:
    """The person each distinct id belongs to today; ids that were never seen are left out. One query per 500."""
    found: dict[str, int] = {}
    for start in range(0, len(ids), _CHUNK):
        part = list(ids[start : start + _CHUNK])
        rows = DistinctId.objects.filter(product_id=product_id, distinct_id__in=part)
        found.update(rows.values_list("distinct_id", "owner"))
    return found


def best_first(owners: Sequence[int]) -> "QuerySet[DistinctId]":
    """The ids of these people, those first that tell most: of a sign-in, not made up by a device, early."""
    return _judged(owners).order_by(*_ORDER)


def shown_ids(owners: Sequence[int]) -> dict[int, str]:
    """The id by which each of these people goes where no name is known.

    One query per 500, and one row a person however many ids they have.
    """
    found: dict[int, str] = {}
    place = Window(RowNumber(), partition_by=F("owner"), order_by=_ORDER)
    for start in range(0, len(owners), _CHUNK):
        best = _judged(owners[start : start + _CHUNK]).annotate(place=place).filter(place=1)
        found.update(best.values_list("owner", "distinct_id"))
    return found


def _judged(owners: Sequence[int]) -> "QuerySet[DistinctId]":
    made_up = Case(When(distinct_id__regex=_MADE_UP, then=Value(1)), default=Value(0), output_field=IntegerField())
    return DistinctId.objects.filter(owner__in=owners).annotate(made_up=made_up)
