"""People: who they are, what is known of them, and what they did."""

from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from yunying.apps.tracking import selectors
from yunying.apps.tracking.access import person_for
from yunying.apps.tracking.forms import PeopleForm
from yunying.apps.tracking.models import Person, PropertyOf
from yunying.apps.tracking.times import moment
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.http import product_view
from yunying.platform.ui.page import render
from yunying.platform.ui.tables import Column, Empty, Table
from yunying.store import text_form

TIMELINE = 50


@require_GET
@product_view(Permission.SEE_PEOPLE)
def people(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    """People by id, name, mail, or the value of a property."""
    form = PeopleForm(request.GET)
    asked = form.cleaned_data if form.is_valid() else {"q": "", "property": "", "value": ""}
    found = selectors.people_found(access.product.pk, asked["q"], asked["property"], asked["value"])
    context = {
        "form": form,
        "asked": asked,
        "names": selectors.property_names(access.product.pk, of=PropertyOf.PERSON),
        "table": _table(request, access, found, narrowed=any(asked.values())),
        "help_page": "people",
    }
    return render(request, "tracking/people.html", context)


@require_GET
@product_view(Permission.SEE_PEOPLE)
def person(request: HttpRequest, access: ProductAccess, number: int) -> HttpResponse:
    """One person. An address with a number that was merged away leads to the person it belongs to now."""
    found = person_for(access, number)
    if found.number != number:
        return redirect("tracking:person", product=access.product.slug, number=found.number)
    events = selectors.person_timeline(access.product.pk, number, _before(request), TIMELINE + 1)
    last = events[TIMELINE - 1] if len(events) > TIMELINE else None
    context = {
        "person": selectors.rows_of([found])[0],
        "properties": [(name, text_form(value)) for name, value in sorted(found.properties.items())],
        "ids": [(row, moment(row.first_ms)) for row in selectors.distinct_ids(access.product.pk, number)],
        "merges": selectors.merges_of(access.product.pk, number),
        "events": [(e, [(k, text_form(v)) for k, v in sorted(e.properties.items())]) for e in events[:TIMELINE]],
        "older": {"before": last.ts.isoformat(), "last": last.uuid} if last else None,
        "newest": "before" not in request.GET,
        "help_page": "people",
    }
    return render(request, "tracking/person.html", context, partial="tracking/_timeline.html")


def _before(request: HttpRequest) -> tuple[datetime, str] | None:
    try:
        at = datetime.fromisoformat(request.GET["before"])
        return (at, str(UUID(request.GET["last"]))) if at.tzinfo else None
    except (KeyError, ValueError):
        return None


def _table(request: HttpRequest, access: ProductAccess, found: QuerySet[Person], *, narrowed: bool) -> Table:
    def link(row: Person) -> str:
        return reverse("tracking:person", kwargs={"product": access.product.slug, "number": row.number})

    setup = reverse("tracking:setup", kwargs={"product": access.product.slug})
    nobody = Empty(
        _("Nobody matches"), _("Change or clear what you look for."), request.path, _("Show all"), "user-search"
    )
    nothing = Empty(_("Nobody yet"), _("People appear with their first event."), setup, _("Connect"), "users")
    return Table(
        columns=[
            Column("name", _("Person"), value=selectors.name_of, link=link, fixed=True),
            Column("shown_id", _("First id"), sort=True),
            Column("identified", _("Known user"), kind="yesno", sort=True),
            Column("born", _("First seen"), value=lambda row: moment(row.born_ms), sort="born_ms", kind="when"),
        ],
        rows=found,
        request=request,
        name="people",
        sort="-born",
        caption=_("People"),
        empty=nobody if narrowed else nothing,
    )
