"""The catalogue: which events and properties come in, what they mean, and which are hidden from suggestions."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy, pgettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from yunying.apps.tracking import selectors, services
from yunying.apps.tracking.access import event_for, property_for
from yunying.apps.tracking.forms import EventForm, PropertyForm
from yunying.apps.tracking.models import Definition, EventDefinition, PropertyDefinition, PropertyOf
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.http import product_view
from yunying.platform.ui.page import render
from yunying.platform.ui.tables import Column, Empty, Filter, Table

_HELP = "catalogue"
_HIDDEN = Filter(
    "hidden",
    gettext_lazy("Shown"),
    (("no", gettext_lazy("In suggestions")), ("yes", gettext_lazy("Hidden"))),
    lambda rows, value: rows.filter(hidden=value == "yes"),
)


@require_GET
@product_view()
def events(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    """All event names with volumes and when they were seen."""
    context = {"table": _events(request, access), "tab": "events", "help_page": _HELP}
    return render(request, "tracking/catalogue.html", context)


@require_GET
@product_view()
def properties(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    """All properties of events, people and accounts."""
    context = {"table": _properties(request, access), "tab": "properties", "help_page": _HELP}
    return render(request, "tracking/catalogue.html", context)


@require_http_methods(["GET", "POST"])
@product_view()
def event(request: HttpRequest, access: ProductAccess, definition: int) -> HttpResponse:
    """One event: what it means, and the properties it carries."""
    found = event_for(access, definition)
    form = EventForm(request.POST or None, instance=found)
    if request.method == "POST" and _described(request, access, form, event_for(access, definition)):
        return redirect("tracking:event", product=access.product.slug, definition=definition)
    carried = selectors.event_properties(access.product.pk, found.name)
    context = {
        "definition": found,
        "form": form,
        "table": Table(
            columns=_property_columns(access)[:4],
            rows=carried,
            request=request,
            name="event-properties",
            sort="name",
            caption=_("Properties of this event"),
            empty=Empty(_("This event has no properties."), icon="tags"),
        ),
        "may_edit": access.may(Permission.MANAGE_DATA),
        "help_page": _HELP,
    }
    return render(request, "tracking/event.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@product_view()
def property_page(request: HttpRequest, access: ProductAccess, definition: int) -> HttpResponse:
    """One property: what it means, its types, and its most frequent values."""
    found = property_for(access, definition)
    form = PropertyForm(request.POST or None, instance=found)
    if request.method == "POST" and _described(request, access, form, property_for(access, definition)):
        return redirect("tracking:property", product=access.product.slug, definition=definition)
    # Values of people and accounts are personal data.
    shown = found.of == PropertyOf.EVENT or access.may(Permission.SEE_PEOPLE)
    context = {
        "definition": found,
        "form": form,
        "values": selectors.property_values(access.product.pk, found.name, "", 20, of=found.of) if shown else [],
        "may_edit": access.may(Permission.MANAGE_DATA),
        "help_page": _HELP,
    }
    return render(request, "tracking/property.html", context, status=422 if form.errors else 200)


def _described(
    request: HttpRequest,
    access: ProductAccess,
    form: EventForm | PropertyForm,
    definition: EventDefinition | PropertyDefinition,
) -> bool:
    access.require(Permission.MANAGE_DATA)
    if not form.is_valid():
        return False
    services.describe(access=access, definition=definition, **form.cleaned_data)
    messages.success(request, _("Saved."))
    return True


def _title(row: Definition) -> str:
    return row.title(get_language() or "en")


def _events(request: HttpRequest, access: ProductAccess) -> Table:
    def link(row: Any) -> str:
        return reverse("tracking:event", kwargs={"product": access.product.slug, "definition": row.pk})

    return Table(
        columns=[
            Column("name", _("Event"), sort=True, search=True, link=link, fixed=True),
            Column("title", _("Shown as"), value=_title, search="title_zh"),
            Column("volume", pgettext("measure", "Events"), sort=True, kind="number"),
            Column("first_seen", _("First seen"), sort=True, kind="when", hidden=True),
            Column("last_seen", _("Last seen"), sort=True, kind="ago"),
            Column("title_en", _("English name"), search=True, hidden=True),
            Column("description", _("Description"), search=True, hidden=True),
            Column("hidden", _("Hidden"), kind="yesno"),
        ],
        rows=selectors.event_definitions(access.product.pk),
        request=request,
        name="events",
        sort="-volume",
        filters=[_HIDDEN],
        caption=_("Events"),
        empty=_empty(access),
    )


def _properties(request: HttpRequest, access: ProductAccess) -> Table:
    return Table(
        columns=_property_columns(access),
        rows=selectors.property_definitions(access.product.pk),
        request=request,
        name="properties",
        sort="-volume",
        filters=[Filter("of", _("Of"), [(of.value, of.label) for of in PropertyOf]), _HIDDEN],
        caption=_("Properties"),
        empty=_empty(access),
    )


def _property_columns(access: ProductAccess) -> list[Column]:
    def link(row: Any) -> str:
        return reverse("tracking:property", kwargs={"product": access.product.slug, "definition": row.pk})

    return [
        Column("name", _("Property"), sort=True, search=True, link=link, fixed=True),
        Column("title", _("Shown as"), value=_title, search="title_zh"),
        Column("type", _("Type"), value=lambda row: row.guess and row.guess[0].label),
        Column("confidence", _("Sure"), value=lambda row: row.guess and row.guess[1], kind="percent"),
        Column("of", _("Of"), value="get_of_display", sort="of"),
        Column("volume", _("Times seen"), sort=True, kind="number"),
        Column("first_seen", _("First seen"), sort=True, kind="when", hidden=True),
        Column("last_seen", _("Last seen"), sort=True, kind="ago"),
        Column("title_en", _("English name"), search=True, hidden=True),
        Column("hidden", _("Hidden"), kind="yesno"),
    ]


def _empty(access: ProductAccess) -> Empty:
    return Empty(
        _("The catalogue fills itself"),
        _("Send events, and their names and properties are listed here."),
        reverse("tracking:setup", kwargs={"product": access.product.slug}),
        _("Connect"),
        icon="book",
    )
