"""The list of people: searched, narrowed by what is known of them, sorted, and made a cohort of."""

import json

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import NoReverseMatch, reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET

from yunying.apps.tracking import selectors
from yunying.apps.tracking.models import PropertyOf
from yunying.apps.tracking.pages.conditions import OPERATOR_NAMES, Conditions, after_removal, read
from yunying.apps.tracking.people.asking import KNOWN, found_in, narrowed_by
from yunying.apps.tracking.people.finding import DAYS, FoundPeople, PersonRow, Wanted
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.http import product_view
from yunying.platform.ui.page import render
from yunying.platform.ui.tables import Column, Empty, Filter, Table


@require_GET
@product_view(Permission.SEE_PEOPLE)
def people(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    """Everybody who was ever seen, or those who pass the conditions in the address."""
    if address := after_removal(request.GET, PropertyOf.PERSON):
        return redirect(f"{request.path}{address}")
    conditions = read(request.GET, PropertyOf.PERSON)
    wanted = narrowed_by(request.GET, conditions)
    context = {
        "conditions": conditions,
        "days": {name: getattr(wanted, name) for name in DAYS},
        "narrowed": wanted.narrowed,
        "operators": OPERATOR_NAMES,
        "names": selectors.property_names(access.product.pk, of=PropertyOf.PERSON),
        "kept": [(name, request.GET[name]) for name in ("q", "sort", KNOWN, "size") if request.GET.get(name)],
        "cohort_url": _cohort_url(request, access, conditions),
        "table": _table(request, access, wanted),
        "values_url": reverse("tracking:person_values", kwargs={"product": access.product.slug}),
        "tab": "people",
        "help_page": "people",
    }
    return render(request, "tracking/people.html", context)


@require_GET
@product_view(Permission.SEE_PEOPLE)
def values(request: HttpRequest, access: ProductAccess, of: str) -> HttpResponse:
    """Values to suggest for the property of the condition that is typed in."""
    given = {key: request.GET.get(key, "") for key in request.GET}
    name = next((value for key, value in given.items() if key.endswith(".property")), "")
    typed = next((value for key, value in given.items() if key.endswith(".value")), "")
    found = selectors.property_values(access.product.pk, name, typed[:200], 30, of=of) if name else []
    return render(request, "tracking/_values.html", {"found": found})


def _cohort_url(request: HttpRequest, access: ProductAccess, conditions: Conditions) -> str:
    """Where those who are found become a cohort; empty without rights, or when everybody is found.

    Conditions alone become the conditions of a cohort. A search, a choice and days cannot: with one of them a fixed
    list is made of the people who are found, so that nothing of what was asked is left out.
    """
    wanted = found_in(access.product, request.GET).wanted
    by_conditions_alone = wanted == Wanted(filters=wanted.filters)
    if not access.may(Permission.EDIT_REPORTS) or (by_conditions_alone and not conditions.count):
        return ""
    if not by_conditions_alone:
        return _address(access, "cohort_found", request.GET.urlencode())
    definition = json.dumps(conditions.as_cohort(PropertyOf.PERSON), ensure_ascii=False)
    return _address(access, "cohort_new", urlencode({"definition": definition}))


def _address(access: ProductAccess, page: str, query: str) -> str:
    """A page of reports, which come with this one or not; empty then."""
    try:
        return f"{reverse(f'insights:{page}', kwargs={'product': access.product.slug})}?{query}"
    except NoReverseMatch:
        return ""


def _table(request: HttpRequest, access: ProductAccess, wanted: Wanted) -> Table:
    def link(row: PersonRow) -> str:
        return reverse("tracking:person", kwargs={"product": access.product.slug, "number": row.number})

    setup = reverse("tracking:setup", kwargs={"product": access.product.slug})
    nobody = Empty(
        _("Nobody matches"), _("Change or clear what you look for."), request.path, _("Show all"), "user-search"
    )
    nothing = Empty(_("Nobody yet"), _("People appear with their first event."), setup, _("Connect"), "users")
    return Table(
        columns=[
            Column("name", pgettext("one of many", "Person"), link=link, fixed=True, search=True),
            Column("distinct_id", _("Id")),
            Column("email", _("Mail"), value=_mail, hidden=True),
            Column("identified", _("Known user"), kind="yesno", sort=True),
            Column("born", _("First seen"), sort=True, kind="when"),
            Column("seen", _("Last seen"), sort=True, kind="ago"),
        ],
        rows=FoundPeople(access.product, wanted),
        request=request,
        name="people",
        sort="-born",
        filters=[Filter(KNOWN, _("Known user"), (("yes", _("Known users")), ("no", _("Not known"))))],
        caption=_("People"),
        empty=nobody if wanted.narrowed else nothing,
    )


def _mail(row: PersonRow) -> str:
    value = row.properties.get("email") or row.properties.get("$email")
    return value if isinstance(value, str) else ""
