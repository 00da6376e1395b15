"""Merging two people by hand, and letting ids leave a person: what will be, before it is done."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from yunying.apps.tracking import selectors, services
from yunying.apps.tracking.access import person_for
from yunying.apps.tracking.models import DistinctId, Person, PropertyOf
from yunying.apps.tracking.pages.person import known_of
from yunying.apps.tracking.people.joining import ids_to_leave
from yunying.apps.tracking.times import moment
from yunying.base.errors import YunyingError
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.http import product_view
from yunying.platform.ui.errors import problem_of
from yunying.platform.ui.page import render

__all__ = ["merge", "split"]

FOUND = 10


@dataclass(frozen=True, slots=True)
class _Side:
    """One of two people as the preview shows them."""

    person: Any
    properties: Sequence[Any]
    ids: Sequence[str]
    count: int


@require_http_methods(["GET", "POST"])
@product_view(Permission.MANAGE_DATA)
def merge(request: HttpRequest, access: ProductAccess, number: int) -> HttpResponse:
    """Search the other person, see both, make them one."""
    person = person_for(access, number)
    query = request.GET.get("q", "").replace("\x00", "").strip()[:400]
    problem, other = "", _chosen(request, access)
    if other is not None and other.number == person.number:
        problem, other = _("This is the same person already. Choose another one."), None
    if request.method == "POST" and other is not None:
        try:
            found = services.merge_people(access=access, person=person, other=other)
        except YunyingError as error:
            problem = problem_of(error).detail
        else:
            messages.success(request, _("They are one person now. Reports count them as one within seconds."))
            return redirect("tracking:person", product=access.product.slug, number=found)
    people = selectors.FoundPeople(access.product, selectors.Wanted(query=query)) if query and other is None else None
    shown = [row for row in people[: FOUND + 1] if row.number != person.number] if people is not None else []
    context = {
        "person": selectors.rows_of([person])[0],
        "query": query,
        "found": shown[:FOUND],
        "more": len(shown) > FOUND,
        "sides": [_side(one) for one in (person, other)] if other is not None else [],
        "problem": problem,
        "help_page": "people",
    }
    return render(request, "tracking/person_merge.html", context, status=422 if problem else 200)


def _chosen(request: HttpRequest, access: ProductAccess) -> Person | None:
    asked = (request.POST if request.method == "POST" else request.GET).get("with", "")
    return person_for(access, int(asked)) if asked.isdecimal() and len(asked) < 12 else None


def _side(person: Person) -> _Side:
    titles = selectors.titles(person.product_id, get_language() or "en")
    ids = [row.distinct_id for row in selectors.distinct_ids(person.product_id, person.number)]
    known = known_of(person, titles, PropertyOf.PERSON)
    return _Side(selectors.rows_of([person])[0], known, ids[:FOUND], len(ids))


@require_http_methods(["GET", "POST"])
@product_view(Permission.MANAGE_DATA)
def split(request: HttpRequest, access: ProductAccess, number: int) -> HttpResponse:
    """Tick the ids that are somebody else."""
    person = person_for(access, number)
    rows = selectors.distinct_ids(access.product.pk, person.number)
    problem, picked = "", _picked(request, access, person)
    if request.method == "POST":
        try:
            found = services.split_person(access=access, person=person, ids=picked)
        except YunyingError as error:
            problem = problem_of(error).detail
        else:
            messages.success(request, _("These ids are a person of their own now; here they are."))
            return redirect("tracking:person", product=access.product.slug, number=found)
    context = {
        "person": selectors.rows_of([person])[0],
        "ids": [(row, moment(row.first_ms), row.distinct_id in picked) for row in rows],
        "problem": problem,
        "help_page": "people",
    }
    return render(request, "tracking/person_split.html", context, status=422 if problem else 200)


def _picked(request: HttpRequest, access: ProductAccess, person: Person) -> list[str]:
    if request.method == "POST":
        # By number: an id may hold anything, line ends too.
        wanted = [int(one) for one in request.POST.getlist("pick") if one.isdecimal() and len(one) < 12]
        own = DistinctId.objects.filter(owner=person.number, number__in=wanted[:2_000])
        return list(own.values_list("distinct_id", flat=True))
    merge_id = request.GET.get("merge", "")
    return ids_to_leave(access.product.pk, person, int(merge_id)) if merge_id.isdecimal() and len(merge_id) < 18 else []
