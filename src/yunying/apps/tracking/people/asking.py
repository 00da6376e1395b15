"""Whom the address of the list of people asks for: search, choices, days and conditions together."""

from typing import Any

from django.http import QueryDict

from yunying.apps.tracking.models import PropertyOf
from yunying.apps.tracking.pages.conditions import Conditions, day_in, read
from yunying.apps.tracking.people.finding import DAYS, FoundPeople, Wanted
from yunying.platform.products.models import Product

__all__ = ["KNOWN", "LONGEST_SEARCH", "found_in", "narrowed_by"]

LONGEST_SEARCH = 200
KNOWN = "known"


def narrowed_by(query: QueryDict, conditions: Conditions) -> Wanted:
    """Who is looked for beside what a list's search box and choices narrow."""
    days: dict[str, Any] = {name: day_in(query, name) for name in DAYS}
    return Wanted(filters=conditions.filter, **days)


def found_in(product: Product, query: QueryDict) -> FoundPeople:
    """Everybody whom the list of people shows under this address, whatever page it is on.

    Raises InvalidInput for a day no event can have.
    """
    wanted = narrowed_by(query, read(query, PropertyOf.PERSON))
    search = query.get("q", "").strip()[:LONGEST_SEARCH]
    return FoundPeople(product, wanted).narrowed(search, {KNOWN: query.get(KNOWN, "").strip()}, "")
