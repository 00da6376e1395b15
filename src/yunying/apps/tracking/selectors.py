"""Reads of the catalogue, of people and of what they did. Every function is scoped by product."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.db.models import Exists, Max, OuterRef, Q, QuerySet, Subquery

from yunying.apps.tracking.models import (
    Account,
    DistinctId,
    EventDefinition,
    EventProperty,
    Merge,
    Person,
    PropertyDefinition,
    PropertyOf,
)
from yunying.apps.tracking.times import moment
from yunying.base import clock
from yunying.store import EVENTS_WITH_REPEATS, Sql, shared, text_sql

__all__ = [
    "KnownNames",
    "PersonRow",
    "Suggestion",
    "TimelineEvent",
    "accounts_named",
    "catalogue_for",
    "distinct_ids",
    "event_definitions",
    "event_names",
    "event_properties",
    "merge_count",
    "merges_of",
    "name_of",
    "people",
    "people_found",
    "person_timeline",
    "property_definitions",
    "property_names",
    "property_values",
    "refused_count",
    "rows_of",
]

_NAMES = ("name", "full_name", "fullName", "username", "nickname", "email", "$name", "$email", "phone")
_LOOK_BACK = timedelta(days=90)
_CHUNK = 500


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


# -- people ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person as lists show them. `name` is what their properties call them, else `distinct_id`."""

    number: int
    distinct_id: str
    name: str
    born: datetime
    identified: bool
    properties: dict[str, Any]


def people(product_id: int, numbers: Sequence[int]) -> list[PersonRow]:
    """The persons with these numbers, in this order; numbers of nobody are left out. Two queries per 500."""
    found: dict[int, PersonRow] = {}
    for start in range(0, len(numbers), _CHUNK):
        part = list(numbers[start : start + _CHUNK])
        persons = Person.objects.filter(product_id=product_id, number__in=part, merged_into=None)
        found.update({row.number: row for row in _rows(list(persons))})
    return [found[number] for number in numbers if number in found]


def rows_of(persons: Sequence[Person]) -> list[PersonRow]:
    """Persons as lists show them. One query."""
    return _rows(persons)


def people_found(product_id: int, query: str = "", property: str = "", value: str = "") -> QuerySet[Person]:
    """Persons whose id, mail or name begins with `query`, or whose `property` reads as `value`; newest first."""
    rows = Person.objects.filter(product_id=product_id, merged_into=None)
    if query:
        ids = DistinctId.objects.filter(product_id=product_id, distinct_id__istartswith=query).values("owner")
        named = Q()
        for key in _NAMES:
            named |= Q(**{f"properties__{key}__istartswith": query})
        rows = rows.filter(Q(number__in=ids) | named)
    if property:
        rows = rows.filter(number__in=_with_value(product_id, property, value))
    first = DistinctId.objects.filter(owner=OuterRef("number")).order_by("first_ms", "number")
    return rows.annotate(shown_id=Subquery(first.values("distinct_id")[:1])).order_by("-born_ms", "number")


def name_of(person: Person) -> str:
    """What a person found by `people_found` is called: by their properties, else by their first id."""
    return _name(person.properties) or getattr(person, "shown_id", "") or str(person.number)


_WITH_VALUE = """
SELECT person
FROM people FINAL
WHERE product = {{product:UInt32}}
    AND {expression} {test}
ORDER BY born DESC, person
LIMIT 10000
"""


def _with_value(product_id: int, property: str, value: str) -> list[int]:
    # Asked of the event store: it reads properties of any name in one way, on both relational databases alike.
    expression = text_sql("props", "{name:String}")
    text = _WITH_VALUE.format(expression=expression, test="= {value:String}" if value else "!= ''")
    return [row[0] for row in shared().query(Sql(text, {"product": product_id, "name": property, "value": value})).rows]


def _rows(persons: Sequence[Person]) -> list[PersonRow]:
    ids: dict[int, str] = {}
    owned = DistinctId.objects.filter(owner__in=[person.number for person in persons])
    for owner, number, name in owned.order_by("number").values_list("owner", "number", "distinct_id"):
        # The person's own first id, else the earliest of those that joined.
        if number == owner or owner not in ids:
            ids[owner] = name
    return [
        PersonRow(
            number=person.number,
            distinct_id=ids.get(person.number, ""),
            name=_name(person.properties) or ids.get(person.number, ""),
            born=moment(person.born_ms),
            identified=person.identified,
            properties=person.properties,
        )
        for person in persons
    ]


def _name(properties: dict[str, Any]) -> str:
    values = (properties.get(key) for key in _NAMES)
    return next((value for value in values if isinstance(value, str) and value), "")


def distinct_ids(product_id: int, number: int) -> list[DistinctId]:
    """All ids of a person, the first one first."""
    return list(DistinctId.objects.filter(product_id=product_id, owner=number).order_by("first_ms", "number"))


def merges_of(product_id: int, number: int) -> list[Merge]:
    """What was merged into a person, and what was refused, newest first; at most 100."""
    numbers = [row.number for row in distinct_ids(product_id, number)]
    rows = Merge.objects.filter(product_id=product_id).filter(Q(winner__in=numbers) | Q(loser__in=numbers))
    return list(rows.order_by("-at", "-pk")[:100])


def merge_count(product_id: int) -> int:
    """How many links between ids were looked at so far: a number that grows with every merge. One query."""
    return Merge.objects.filter(product_id=product_id).count()


def accounts_named(product_id: int, query: str = "", limit: int = 50) -> list[Account]:
    """Accounts whose key begins with `query`."""
    rows = (
        Account.objects.filter(product_id=product_id, key__istartswith=query)
        if query
        else Account.objects.filter(product_id=product_id)
    )
    return list(rows.order_by("key")[:limit])


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    uuid: str
    name: str
    ts: datetime
    distinct_id: str
    account: str
    session: str
    properties: dict[str, Any]


# The projection by person finds the rows; it cannot be used with FINAL, so a second copy is dropped here.
_TIMELINE = f"""
SELECT uuid, event, ts, distinct_id, account, session, props
FROM {EVENTS_WITH_REPEATS}
WHERE product = {{product:UInt32}}
    AND person IN {{numbers:Array(UInt32)}}
    AND (ts, uuid) < ({{before:DateTime64(3, 'UTC')}}, {{last:UUID}})
ORDER BY ts DESC, uuid DESC
LIMIT 1 BY uuid
LIMIT {{limit:UInt32}}
"""
_LAST_UUID = "ffffffff-ffff-ffff-ffff-ffffffffffff"


def person_timeline(
    product_id: int, number: int, before: tuple[datetime, str] | None = None, limit: int = 50
) -> list[TimelineEvent]:
    """A person's events under all their ids, newest first, older than `before` (time and uuid of the last seen)."""
    numbers = [row.number for row in distinct_ids(product_id, number)]
    at, last = before or (clock.now() + timedelta(days=3650), _LAST_UUID)
    params = {"product": product_id, "numbers": numbers, "before": at, "last": last, "limit": limit}
    return [
        TimelineEvent(str(uuid), event, ts, distinct_id, account, session, orjson.loads(props))
        for uuid, event, ts, distinct_id, account, session, props in shared().query(Sql(_TIMELINE, params)).rows
    ]


def refused_count(product_id: int) -> int:
    """How many refused events wait to be replayed or discarded."""
    sql = """
        SELECT count()
        FROM refused FINAL
        WHERE product = {product:UInt32}
          AND state = 'new'
    """
    return int(shared().query(Sql(sql, {"product": product_id})).rows[0][0])
