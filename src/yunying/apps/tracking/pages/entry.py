"""One event or one property of the catalogue: what it means, what carries it, and the values that were seen."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from yunying.apps.tracking import selectors, services
from yunying.apps.tracking.access import event_for, property_for
from yunying.apps.tracking.catalogue.reads import DAYS
from yunying.apps.tracking.catalogue.sheet import what_is_odd
from yunying.apps.tracking.forms import AnnounceForm, EventForm, PropertyForm
from yunying.apps.tracking.models import EventDefinition, PropertyDefinition, PropertyOf, ValueType
from yunying.apps.tracking.pages.catalogue import HELP, marks_of, property_columns, property_rows
from yunying.base import clock
from yunying.base.errors import YunyingError
from yunying.engine.filters import Condition, Group, Of, Operator
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.http import product_view
from yunying.platform.ui import formats
from yunying.platform.ui.charts import Chart, ChartKind, Series
from yunying.platform.ui.errors import problem_of
from yunying.platform.ui.page import render
from yunying.platform.ui.tables import Column, Empty, Table


@require_http_methods(["GET", "POST"])
@product_view()
def event(request: HttpRequest, access: ProductAccess, definition: int) -> HttpResponse:
    """One event: what it means, how often it came, and the properties it carries."""
    found = event_for(access, definition)
    carried = selectors.event_properties(access.product.pk, found.name)
    form = EventForm(request.POST or None, instance=found, access=access, carried=[one.name for one in carried])
    if request.method == "POST" and _described(request, access, form, found):
        return redirect("tracking:event", product=access.product.slug, definition=definition)
    days = selectors.daily_volumes(access.product).get(found.name, (0,) * DAYS)
    context = {
        "definition": found,
        "title": found.title(get_language() or "en"),
        "form": form,
        "marks": marks_of(found),
        "odd": what_is_odd(found, sum(days[-7:])),
        "week": sum(days[-7:]),
        "month": sum(days),
        "chart": _chart(days, pgettext("measure", "Events")) if found.volume else None,
        "table": _carried(request, access, found, carried),
        "may_edit": access.may(Permission.MANAGE_DATA),
        "help_page": HELP,
    }
    return render(request, "tracking/event.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@product_view()
def property_page(request: HttpRequest, access: ProductAccess, definition: int) -> HttpResponse:
    """One property: what it means, its types, the events that carry it, and its most frequent values."""
    found = property_for(access, definition)
    form = PropertyForm(request.POST or None, instance=found, access=access)
    if request.method == "POST" and _described(request, access, form, found):
        return redirect("tracking:property", product=access.product.slug, definition=definition)
    # Values of people and accounts are personal data.
    shown = found.of == PropertyOf.EVENT or access.may(Permission.SEE_PEOPLE)
    of_events = found.of == PropertyOf.EVENT and found.volume
    days = selectors.property_days(access.product, found.name) if of_events else ()
    context = {
        "definition": found,
        "title": found.title(get_language() or "en"),
        "form": form,
        "odd": what_is_odd(found, sum(days[-7:]) if days else None),
        "week": sum(days[-7:]) if days else None,
        "month": sum(days) if days else None,
        "types": _types(found),
        "chart": _chart(days, _("Events with it")) if any(days) else None,
        "carriers": selectors.events_carrying(access.product.pk, found.name) if of_events else [],
        "holders": _holders(access, found) if shown else None,
        "values": selectors.property_values(access.product.pk, found.name, "", 20, of=found.of) if shown else [],
        "may_edit": access.may(Permission.MANAGE_DATA),
        "help_page": HELP,
    }
    return render(request, "tracking/property.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@product_view(Permission.MANAGE_DATA)
def announce(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    """Put an event into the catalogue before anything of it comes."""
    form = AnnounceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = services.announce_event(access=access, name=form.cleaned_data["name"])
        except YunyingError as error:
            form.add_error("name", problem_of(error).detail)
        else:
            messages.success(request, _("It is in the catalogue. Now say what it means."))
            return redirect("tracking:event", product=access.product.slug, definition=made.pk)
    status = 422 if form.errors else 200
    return render(request, "tracking/announce.html", {"form": form, "help_page": HELP}, status=status)


def _described(
    request: HttpRequest,
    access: ProductAccess,
    form: EventForm | PropertyForm,
    definition: EventDefinition | PropertyDefinition,
) -> bool:
    access.require(Permission.MANAGE_DATA)
    if not form.is_valid():
        return False
    try:
        services.describe(access=access, entries=[definition], words=form.words)
    except YunyingError as error:
        form.add_error(error.field if error.field in form.fields else None, problem_of(error).detail)
        return False
    messages.success(request, _("Saved."))
    return True


def _chart(days: tuple[int, ...], name: str) -> Chart:
    today = clock.now().astimezone(timezone.get_current_timezone()).date()
    labels = [formats.period(today - timedelta(days=DAYS - 1 - index), "day") for index in range(DAYS)]
    return Chart(
        name="days",
        title=_("Last 30 days"),
        kind=ChartKind.BAR,
        labels=labels,
        series=[Series(name, list(days))],
        partial_from=DAYS - 1,
        definition=_("How many came on each day of the product's zone. An event that was sent twice counts once."),
    )


def _carried(
    request: HttpRequest, access: ProductAccess, found: EventDefinition, carried: list[PropertyDefinition]
) -> Table:
    seen = selectors.examples(access.product.pk, found)

    def values(row: Any) -> str:
        return " · ".join(text[:60] for text in seen.get(row.entry.name, []))

    rows = property_rows(access, carried)
    return Table(
        columns=[*property_columns(rows)[:4], Column("seen", _("Values that were seen"), value=values, wide=True)],
        rows=rows,
        request=request,
        name="event-properties",
        sort="name",
        caption=_("Properties of this event"),
        empty=Empty(_("This event has no properties."), icon="tags"),
    )


def _holders(access: ProductAccess, found: PropertyDefinition) -> tuple[int, str] | None:
    """How many people or accounts have the property, and where they are listed; None for properties of events."""
    if found.of == PropertyOf.EVENT:
        return None
    has_it = Group("and", (Condition(Of(found.of), found.name, Operator.IS_SET),))
    if found.of == PropertyOf.PERSON:
        count = len(selectors.FoundPeople(access.product, selectors.Wanted(filters=has_it)))
    else:
        count = len(selectors.FoundAccounts(access.product, filters=has_it))
    page = "people" if found.of == PropertyOf.PERSON else "accounts"
    asked = urlencode({"f0.property": found.name, "f0.operator": Operator.IS_SET.value})
    return count, f"{reverse(f'tracking:{page}', kwargs={'product': access.product.slug})}?{asked}"


def _types(found: PropertyDefinition) -> list[tuple[str, float]]:
    """The types of its values with their shares, the most frequent first."""
    total = sum(found.seen_types.values())
    ranked = sorted(found.seen_types.items(), key=lambda pair: -pair[1])
    return [(str(ValueType(kind).label), count / total) for kind, count in ranked if count]
