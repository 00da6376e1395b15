"""One person: what is known of them and since when, what they did, their sessions, ids and merges."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.views.decorators.http import require_GET

from yunying.apps.tracking import selectors
from yunying.apps.tracking.access import person_for
from yunying.apps.tracking.models import Account, Person, PropertyOf
from yunying.apps.tracking.parts import person_parts
from yunying.apps.tracking.people.activity import TimelineEvent
from yunying.apps.tracking.times import moment
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.http import product_view
from yunying.platform.ui.page import render
from yunying.store import text_form

__all__ = ["before_in", "known_of", "opened", "person", "timeline_context"]

TIMELINE = 50
SESSIONS = 30


@require_GET
@product_view(Permission.SEE_PEOPLE)
def person(request: HttpRequest, access: ProductAccess, number: int) -> HttpResponse:
    """One person. An address with a number that was merged away leads to the person it belongs to now."""
    found = person_for(access, number)
    if found.number != number:
        return redirect("tracking:person", product=access.product.slug, number=found.number)
    titles = selectors.titles(access.product.pk, get_language() or "en")
    product_id, tab = access.product.pk, "sessions" if request.GET.get("show") == "sessions" else "events"
    ids = selectors.distinct_ids(product_id, number)
    context = {
        "person": selectors.rows_of([found])[0],
        "seen": selectors.last_seen(product_id, [number]).get(number),
        "properties": known_of(found, titles, PropertyOf.PERSON),
        "ids": [(row, moment(row.first_ms)) for row in ids],
        "own": {row.distinct_id for row in ids},
        "merges": selectors.merges_of(product_id, number),
        "may_join": access.may(Permission.MANAGE_DATA),
        "parts": person_parts(access, number),
        "tab": tab,
        "help_page": "people",
    }
    if tab == "sessions":
        return render(request, "tracking/person.html", context | _sessions(request, product_id, number, titles))
    event = request.GET.get("event", "")
    events = selectors.person_timeline(product_id, number, before_in(request), TIMELINE + 1, event=event)
    done = selectors.events_done(product_id, number=number)
    context |= timeline_context(request, access, events, done, event, titles)
    return render(request, "tracking/person.html", context, partial="tracking/_timeline.html")


def known_of(row: Person | Account, titles: selectors.Titles, of: PropertyOf) -> list[tuple[str, str, datetime | None]]:
    """Properties as they are called, with when they got their value where that is on record."""
    times = {name: moment(mark[1]) for name, mark in row.marks.items() if name in row.properties}
    return [
        (titles.property(of, name), text_form(value), times.get(name)) for name, value in sorted(row.properties.items())
    ]


def opened(
    events: list[TimelineEvent], titles: selectors.Titles
) -> list[tuple[TimelineEvent, str, list[tuple[str, str]]]]:
    """Events with what they and their properties are called, and the values in text."""

    def lines(one: TimelineEvent) -> list[tuple[str, str]]:
        return [
            (titles.property(PropertyOf.EVENT, name), text_form(value))
            for name, value in sorted(one.properties.items())
        ]

    return [(one, titles.event(one.name), lines(one)) for one in events]


def timeline_context(
    request: HttpRequest,
    access: ProductAccess,
    events: list[TimelineEvent],
    done: list[tuple[str, int]],
    event: str,
    titles: selectors.Titles,
) -> dict[str, Any]:
    """What `_timeline.html` shows: a page of `events`, of which one more than a page was read."""
    last = events[TIMELINE - 1] if len(events) > TIMELINE else None
    shown = events[:TIMELINE]
    keys = {one.account for one in shown if one.account}
    accounts = Account.objects.filter(product=access.product, key__in=keys) if keys else []
    return {
        "events": opened(shown, titles),
        "done": [(name, titles.event(name), count) for name, count in done],
        "event": event,
        "accounts": {one.key: one.pk for one in accounts},
        "who": {},
        "older": {"before": last.ts.isoformat(), "last": last.uuid} if last else None,
        "newest": "before" not in request.GET,
    }


def before_in(request: HttpRequest) -> tuple[datetime, str] | None:
    """The last event of the page before, from the address; None on the first page."""
    try:
        at = datetime.fromisoformat(request.GET["before"])
        return (at, str(UUID(request.GET["last"]))) if at.tzinfo else None
    except (KeyError, ValueError):
        return None


def _sessions(request: HttpRequest, product_id: int, number: int, titles: selectors.Titles) -> dict[str, Any]:
    page = _whole(request.GET.get("page", ""))
    found = selectors.sessions_of(product_id, number, limit=SESSIONS + 1, offset=(page - 1) * SESSIONS)
    return {
        "sessions": [(one, [(titles.event(name), count) for name, count in one.names]) for one in found[:SESSIONS]],
        "next": page + 1 if len(found) > SESSIONS else None,
        "previous": page - 1 if page > 1 else None,
    }


def _whole(text: str) -> int:
    return max(1, int(text)) if text.isdecimal() and len(text) < 6 else 1
