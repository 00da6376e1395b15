"""Reads of the catalogue, of people and of what they did. Every function is scoped by product."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, Max, OuterRef, Q, QuerySet

from yunying.apps.tracking.catalogue.reads import (
    DAYS,
    MarkedEvent,
    Titles,
    daily_volumes,
    events_carrying,
    examples,
    has_sessions,
    marked_events,
    titles,
)
from yunying.apps.tracking.catalogue.volumes import property_days, property_volumes
from yunying.apps.tracking.ids import numbers_of_ids
from yunying.apps.tracking.models import (
    Account,
    EventDefinition,
    EventProperty,
    PropertyDefinition,
    PropertyOf,
)
from yunying.apps.tracking.people.accounts import FoundAccounts, account_days, people_of_account
from yunying.apps.tracking.people.activity import (
    Session,
    TimelineEvent,
    account_timeline,
    events_done,
    last_seen,
    person_timeline,
    sessions_of,
)
from yunying.apps.tracking.people.asking import found_in
from yunying.apps.tracking.people.finding import FoundPeople, PersonRow, Wanted
from yunying.apps.tracking.people.rows import (
    distinct_ids,
    merge_count,
    merges_of,
    people,
    people_by_id,
    rows_of,
)
from yunying.base import clock
from yunying.store import EVENTS_WITH_REPEATS, Sql, shared, text_sql

__all__ = [
    "DAYS",
    "FoundAccounts",
    "FoundPeople",
    "KnownNames",
    "MarkedEvent",
    "PersonRow",
    "Session",
    "Suggestion",
    "TimelineEvent",
    "Titles",
    "Wanted",
    "account_days",
    "account_timeline",
    "accounts_named",
    "catalogue_for",
    "daily_volumes",
    "distinct_ids",
    "event_definitions",
    "event_names",
    "event_properties",
    "events_carrying",
    "events_done",
    "examples",
    "found_in",
    "has_sessions",
    "last_seen",
    "marked_events",
    "merge_count",
    "merges_of",
    "numbers_of_ids",
    "people",
    "people_by_id",
    "people_of_account",
    "person_timeline",
    "property_days",
    "property_definitions",
    "property_names",
    "property_values",
    "property_volumes",
    "refused_count",
    "rows_of",
    "sessions_of",
    "titles",
]

_LOOK_BACK = timedelta(days=90)


# -- catalogue ---------------------------------------------------------------------------------------------------


def event_definitions(product_id: int) -> QuerySet[EventDefinition]:
    """All event names of a product, the hidden ones too."""
    return EventDefinition.objects.filter(product_id=product_id)


def property_definitions(product_id: int, of: PropertyOf | None = None) -> QuerySet[PropertyDefinition]:
    """All properties of a product, of events, persons and accounts."""
    rows = PropertyDefinition.objects.filter(product_id=product_id)
    return rows.filter(of=of) if of else rows


def event_names(product_id: int, query: str = "", *, limit: int = 200) -> list[EventDefinition]:
    """Event names to suggest: those whose name or title has `query` in it, the frequent ones first."""
    return list(_named(event_definitions(product_id), query).order_by("-volume", "name")[:limit])


def property_names(
    product_id: int,
    event: str | None = None,
    query: str = "",
    *,
    of: PropertyOf | str = PropertyOf.EVENT,
    limit: int = 200,
) -> list[PropertyDefinition]:
    """Properties to suggest; with `event`, those its events carry."""
    rows = _named(PropertyDefinition.objects.filter(product_id=product_id, of=of), query)
    if event and of == PropertyOf.EVENT:
        pairs = EventProperty.objects.filter(product_id=product_id, event=event, property=OuterRef("name"))
        rows = rows.filter(Exists(pairs))
    return list(rows.order_by("-volume", "name")[:limit])


def event_properties(product_id: int, event: str) -> list[PropertyDefinition]:
    """The properties events of a name carry, hidden ones too, by name."""
    pairs = EventProperty.objects.filter(product_id=product_id, event=event, property=OuterRef("name"))
    return list(property_definitions(product_id, PropertyOf.EVENT).filter(Exists(pairs)).order_by("name"))


def _named(rows: QuerySet[Any], query: str) -> QuerySet[Any]:
    # What was announced but never came has nothing to ask about yet.
    rows = rows.filter(hidden=False, volume__gt=0)
    if query:
        rows = rows.filter(Q(name__icontains=query) | Q(title_en__icontains=query) | Q(title_zh__icontains=query))
    return rows


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A value and how many events (or people) have it."""

    value: str
    volume: int

    def __str__(self) -> str:
        return self.value


_VALUES = """
SELECT {expression} AS value, count() AS volume
FROM {source}
WHERE product = {{product:UInt32}}
    {recent}
    AND value != ''
    AND positionCaseInsensitiveUTF8(value, {{query:String}}) > 0
GROUP BY value
ORDER BY volume DESC, value
LIMIT {{limit:UInt32}}
"""


def property_values(
    product_id: int, property: str, query: str = "", limit: int = 50, *, of: PropertyOf | str = PropertyOf.EVENT
) -> list[Suggestion]:
    """The most frequent values of a property in text form: of events, those of the 90 days up to the newest one.

    One query, and one scan of those events.
    """
    store = shared()
    params: dict[str, Any] = {"product": product_id, "name": property, "query": query, "limit": limit}
    if of == PropertyOf.EVENT:
        # Not up to now: a product that brings its history, or that fell silent, has values to suggest all the same.
        params["since"] = (_newest(product_id) or clock.now()) - _LOOK_BACK
        expression, recent = store.columns().text(property, "{name:String}"), "AND ts >= {since:DateTime64(3, 'UTC')}"
        # A second copy of an event changes the order of suggestions at most, so FINAL is not worth its price here.
        source = EVENTS_WITH_REPEATS
    else:
        expression, recent = text_sql("props", "{name:String}"), ""
        source = "people FINAL" if of == PropertyOf.PERSON else "accounts FINAL"
    text = _VALUES.format(expression=expression, source=source, recent=recent)
    return [Suggestion(value, volume) for value, volume in store.query(Sql(text, params)).rows]


def _newest(product_id: int) -> datetime | None:
    newest: datetime | None = event_definitions(product_id).aggregate(at=Max("last_seen"))["at"]
    # A clock that is wrong by years must not push the window beyond all other events.
    return min(newest, clock.now()) if newest else None


@dataclass(frozen=True, slots=True)
class KnownNames:
    """The catalogue as the engine asks for it: what was ever seen, hidden or not."""

    events: frozenset[str]
    properties: frozenset[tuple[str, str]]

    def knows_event(self, name: str) -> bool:
        return name in self.events

    def knows_property(self, of: str, name: str) -> bool:
        return (of, name) in self.properties


def catalogue_for(product_id: int) -> KnownNames:
    """Two queries."""
    names = event_definitions(product_id).filter(volume__gt=0).values_list("name", flat=True)
    pairs = property_definitions(product_id).filter(volume__gt=0).values_list("of", "name")
    return KnownNames(frozenset(names), frozenset(pairs))


# -- accounts, and what was refused ------------------------------------------------------------------------------------


def accounts_named(product_id: int, query: str = "", limit: int = 50) -> list[Account]:
    """Accounts whose key begins with `query`."""
    rows = (
        Account.objects.filter(product_id=product_id, key__istartswith=query)
        if query
        else Account.objects.filter(product_id=product_id)
    )
    return list(rows.order_by("key")[:limit])


def refused_count(product_id: int) -> int:
    """How many refused events wait to be replayed or discarded."""
    sql = """
        SELECT count()
        FROM refused FINAL
        WHERE product = {product:UInt32}
          AND state = 'new'
    """
    return int(shared().query(Sql(sql, {"product": product_id})).rows[0][0])
