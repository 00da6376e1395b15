"""Cohorts: the list, one cohort with its size over time and its people, and why somebody is in it or not."""

import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET, require_POST

from yunying.apps.insights.answers import context_for
from yunying.apps.insights.cohorts import services
from yunying.apps.insights.cohorts.access import cohort_for
from yunying.apps.insights.cohorts.models import Cohort, CohortKind
from yunying.apps.insights.cohorts.people import Members
from yunying.apps.insights.cohorts.reasons import reasons_of
from yunying.apps.insights.cohorts.selectors import (
    cohorts_for,
    cohorts_of_person,
    definition_of,
    history_of_definition,
)
from yunying.apps.insights.cohorts.shown import Line, lines_of, problem_text, size_chart
from yunying.apps.insights.cohorts.sizes import count, history_of
from yunying.apps.insights.cohorts.uses import uses_in
from yunying.apps.insights.cohorts.words import names_for, told
from yunying.apps.tracking.access import person_for
from yunying.apps.tracking.selectors import PersonRow, numbers_of_ids
from yunying.engine import cohorts as engine
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.http import product_view
from yunying.platform.ui.page import render
from yunying.platform.ui.tables import Column, Empty, Filter, Table

__all__ = ["delete", "explain", "listing", "look_up", "of_person", "show"]


@require_GET
@product_view()
def listing(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    may_edit = access.may(Permission.EDIT_REPORTS)
    table = Table(
        name="cohorts",
        caption=_("Cohorts"),
        request=request,
        rows=lines_of(access, list(cohorts_for(access.product))),
        sort="name",
        filters=[Filter("kind", _("Kind"), CohortKind.choices)],
        columns=[
            Column(
                "name", _("Cohort"), sort=True, search=True, fixed=True, link=lambda line: _show(access, line.cohort)
            ),
            Column("size", _("People"), template="insights/cohorts/_size.html", kind="number", sort=True),
            Column("change", _("Change in 7 days"), template="insights/cohorts/_change.html", kind="number", sort=True),
            Column("trend", _("Last 30 days"), template="insights/cohorts/_spark.html"),
            Column("kind_name", _("Kind"), sort=True),
            Column("owner", _("Owner"), sort=True, search=True),
            Column("used", _("Used in"), template="insights/cohorts/_used.html", sort=True, kind="number"),
            Column("changed", _("Changed"), sort=True, kind="ago", hidden=True),
            Column("description", _("Description"), search=True, hidden=True, wide=True),
        ],
        empty=Empty(
            _("No cohort yet"),
            _("A cohort is a group of people: those who bought twice, or stopped coming. Reports filter by it."),
            reverse("insights:cohort_new", args=[access.product.slug]) if may_edit else "",
            _("New cohort") if may_edit else "",
            "users-group",
        ),
    )
    return render(request, "insights/cohorts/list.html", {"table": table, "may_edit": may_edit, "help_page": "cohorts"})


def _show(access: ProductAccess, cohort: Cohort) -> str:
    return reverse("insights:cohort", args=[access.product.slug, cohort.pk])


@require_GET
@product_view()
def show(request: HttpRequest, access: ProductAccess, cohort_id: int) -> HttpResponse:
    cohort = cohort_for(access, cohort_id)
    if cohort.size_at is None or "count" in request.GET:
        count(cohort)
    definition, may_see = definition_of(cohort), access.may(Permission.SEE_PEOPLE)
    table = _members(request, access, cohort, definition) if may_see and not cohort.problem else None
    context = {
        "cohort": cohort,
        "line": Line(cohort, history_of(cohort), ()),
        "problem": problem_text(cohort),
        "chart": size_chart(cohort),
        "told": None if isinstance(definition, engine.Members) else told(definition.root, names_for(access)),
        "definition": json.dumps(cohort.definition, ensure_ascii=False, indent=2),
        "table": table,
        "uses": uses_in(access.product).get(cohort.pk, []),
        "history": history_of_definition(access, cohort),
        "may_edit": access.may(Permission.EDIT_REPORTS),
        "may_see": may_see,
        "help_page": "cohorts",
    }
    return render(request, "insights/cohorts/cohort.html", context)


def _members(
    request: HttpRequest, access: ProductAccess, cohort: Cohort, definition: engine.Cohort | engine.Members
) -> Table:
    def link(row: PersonRow) -> str:
        return reverse("insights:cohort_person", args=[access.product.slug, cohort.pk, row.number])

    return Table(
        name="cohort-members",
        caption=_("Members"),
        request=request,
        rows=Members(access.product, definition, context_for(access.product)),
        columns=[
            Column("name", pgettext("one of many", "Person"), fixed=True, search=True, link=link),
            Column("distinct_id", _("Id")),
            Column("identified", _("Known user"), kind="yesno"),
            Column("born", _("First seen"), kind="when"),
        ],
        empty=Empty(_("Nobody is in this cohort"), _("Nobody passes its conditions now."), "", "", "users"),
    )


@require_GET
@product_view(Permission.SEE_PEOPLE)
def explain(request: HttpRequest, access: ProductAccess, cohort_id: int, number: int) -> HttpResponse:
    """Why a person is in the cohort, or why not: every condition with what was found."""
    cohort = cohort_for(access, cohort_id)
    context: dict[str, Any] = {"cohort": cohort, "number": number, "help_page": "cohorts"}
    person, reasons = reasons_of(access, cohort, number)
    return render(request, "insights/cohorts/explain.html", context | {"person": person, "reasons": reasons})


@require_GET
@product_view(Permission.SEE_PEOPLE)
def look_up(request: HttpRequest, access: ProductAccess, cohort_id: int) -> HttpResponse:
    """From an id that was typed to the explanation of its person."""
    cohort, name = cohort_for(access, cohort_id), request.GET.get("id", "").strip()
    number = numbers_of_ids(access.product.pk, [name]).get(name) if name else None
    if number is None:
        messages.error(
            request, _("Nobody has the id “%(id)s”. Write it in full, as your product sends it.") % {"id": name}
        )
        return redirect(_show(access, cohort))
    return redirect("insights:cohort_person", access.product.slug, cohort.pk, number)


@require_GET
@product_view(Permission.SEE_PEOPLE)
def of_person(request: HttpRequest, access: ProductAccess, number: int) -> HttpResponse:
    """The cohorts a person belongs to, as a part of the person's page."""
    person = person_for(access, number)
    context = {"cohorts": cohorts_of_person(access, person.number), "number": person.number}
    return render(request, "insights/cohorts/of_person.html", context, partial="insights/cohorts/_of_person.html")


@require_POST
@product_view(Permission.EDIT_REPORTS)
def delete(request: HttpRequest, access: ProductAccess, cohort_id: int) -> HttpResponse:
    services.delete(access=access, cohort=cohort_for(access, cohort_id))
    messages.success(request, _("The cohort is deleted."))
    return redirect("insights:cohorts", access.product.slug)
