"""Accounts: the customers people act for, who acts for them, and how active they are."""

from typing import Any

from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from yunying.apps.tracking import selectors
from yunying.apps.tracking.access import account_for
from yunying.apps.tracking.models import EventDefinition, PropertyOf
from yunying.apps.tracking.pages.conditions import OPERATOR_NAMES, after_removal, read
from yunying.apps.tracking.pages.person import TIMELINE, before_in, known_of, timeline_context
from yunying.apps.tracking.people.accounts import AccountRow, FoundAccounts
from yunying.apps.tracking.times import moment
from yunying.base import clock
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.http import product_view
from yunying.platform.ui import formats
from yunying.platform.ui.charts import Chart, ChartKind, Series
from yunying.platform.ui.page import render
from yunying.platform.ui.tables import Column, Empty, Table

PEOPLE = 25


@require_GET
@product_view(Permission.SEE_PEOPLE)
def accounts(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    """All accounts, or those that pass the conditions in the address."""
    if address := after_removal(request.GET, PropertyOf.ACCOUNT):
        return redirect(f"{request.path}{address}")
    conditions = read(request.GET, PropertyOf.ACCOUNT)
    context = {
        "conditions": conditions,
        "narrowed": bool(conditions.count),
        "operators": OPERATOR_NAMES,
        "names": selectors.property_names(access.product.pk, of=PropertyOf.ACCOUNT),
        "kept": [(name, request.GET[name]) for name in ("q", "sort", "size") if request.GET.get(name)],
        "table": _table(request, access, FoundAccounts(access.product, filters=conditions.filter), conditions.count),
        "values_url": reverse("tracking:account_values", kwargs={"product": access.product.slug}),
        "tab": "accounts",
        "help_page": "people",
    }
    return render(request, "tracking/people.html", context)


@require_GET
@product_view(Permission.SEE_PEOPLE)
def account(request: HttpRequest, access: ProductAccess, account: int) -> HttpResponse:
    """One account: properties, people, activity and events."""
    found = account_for(access, account)
    product_id, event = access.product.pk, request.GET.get("event", "")
    titles = selectors.titles(product_id, get_language() or "en")
    page = _whole(request.GET.get("people", ""))
    acting = selectors.people_of_account(product_id, found.key, limit=PEOPLE, offset=(page - 1) * PEOPLE)
    rows = {row.number: row for row in selectors.people(product_id, [one.number for one in acting.people])}
    events = selectors.account_timeline(product_id, found.key, before_in(request), TIMELINE + 1, event=event)
    context = {
        "account": found,
        "name": AccountRow(found.key, found.properties).name,
        "first_seen": moment(found.first_seen_ms),
        "properties": known_of(found, titles, PropertyOf.ACCOUNT),
        "acting": [(rows[one.number], one) for one in acting.people if one.number in rows],
        "acting_total": acting.total,
        "people_next": page + 1 if page * PEOPLE < acting.total else None,
        "people_previous": page - 1 if page > 1 else None,
        "chart": _chart(access, found.key),
        "help_page": "people",
    }
    done = selectors.events_done(product_id, account=found.key)
    context |= timeline_context(request, access, events, done, event, titles)
    context["who"] = selectors.people_by_id(product_id, {one.distinct_id for one in events})
    return render(request, "tracking/account.html", context, partial="tracking/_timeline.html")


def _chart(access: ProductAccess, key: str) -> Chart:
    newest = EventDefinition.objects.filter(product=access.product).aggregate(at=Max("last_seen"))["at"]
    now = clock.now()
    # A product that brings its history is looked at up to where that ends.
    last = min(newest or now, now).astimezone(access.product.zone).date()
    days = selectors.account_days(access.product, key, last)
    return Chart(
        name="account-days",
        title=_("Activity of 90 days"),
        kind=ChartKind.LINE,
        labels=[formats.period(day.on, "day") for day in days],
        series=[
            Series(pgettext("measure", "Events"), [day.events for day in days]),
            Series(_("Active people"), [day.people for day in days]),
        ],
        definition=_("Events that carry this account, and the different people who did them, by day."),
    )


def _table(request: HttpRequest, access: ProductAccess, found: FoundAccounts, narrowed: int) -> Table:
    def link(row: AccountRow) -> str | None:
        if row.pk is None:
            return None
        return reverse("tracking:account", kwargs={"product": access.product.slug, "account": row.pk})

    def first(row: AccountRow) -> Any:
        return None if row.first_seen_ms is None else moment(row.first_seen_ms)

    help_url = reverse("tracking:setup", kwargs={"product": access.product.slug})
    none = Empty(_("No account matches"), _("Change or clear what you look for."), request.path, _("Show all"))
    text = _("Send the key of the customer as “account” with events, and accounts are listed here.")
    nothing = Empty(_("No accounts yet"), text, help_url, _("Connect"), "building")
    return Table(
        columns=[
            Column("name", pgettext("a customer", "Account"), link=link, fixed=True, search=True),
            Column("key", pgettext("of an account", "Key"), sort=True),
            Column("people", _("People"), sort=True, kind="number"),
            Column("events", pgettext("measure", "Events"), sort=True, kind="number"),
            Column("first_seen", _("First seen"), value=first, kind="when"),
            Column("seen", _("Last seen"), sort=True, kind="ago"),
        ],
        rows=found,
        request=request,
        name="accounts",
        sort="key",
        caption=pgettext("customers", "Accounts"),
        empty=none if narrowed else nothing,
    )


def _whole(text: str) -> int:
    return max(1, int(text)) if text.isdecimal() and len(text) < 6 else 1
