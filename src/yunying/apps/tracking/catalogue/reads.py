"""What the catalogue knows: display names, marks, volumes by day, and what is carried by what."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import orjson
from django.core.cache import cache
from django.db.models import Exists, F, Max, OuterRef, Value

from yunying.apps.tracking.models import EventDefinition, EventProperty, PropertyDefinition
from yunying.base import clock, zones
from yunying.platform.products.models import Product
from yunying.store import EVENTS, EVENTS_WITH_REPEATS, Sql, shared, text_form

__all__ = [
    "DAYS",
    "MarkedEvent",
    "Titles",
    "daily_volumes",
    "events_carrying",
    "examples",
    "has_sessions",
    "marked_events",
    "titles",
]

DAYS = 30
_KEPT_S = 60
_SAMPLE = 200


@dataclass(frozen=True, slots=True)
class Titles:
    """What names are called in one language; a name nobody renamed is called as it is sent."""

    events: dict[str, str]
    properties: dict[tuple[str, str], str]

    def event(self, name: str) -> str:
        return self.events.get(name, name)

    def property(self, of: str, name: str) -> str:
        """`of` is event, person or account."""
        return self.properties.get((of, name), name)


def titles(product_id: int, language: str) -> Titles:
    """The display names of a product's events and properties, for everything a reader sees. One query."""
    fields = ("side", "name", "title_en", "title_zh")
    events = EventDefinition.objects.filter(product_id=product_id).annotate(side=Value(""))
    properties = PropertyDefinition.objects.filter(product_id=product_id).annotate(side=F("of"))
    rows = events.exclude(title_en="", title_zh="").values_list(*fields)
    found = Titles({}, {})
    for side, name, en, zh in rows.union(properties.exclude(title_en="", title_zh="").values_list(*fields), all=True):
        shown = EventDefinition(name=name, title_en=en, title_zh=zh).title(language)
        if side:
            found.properties[side, name] = shown
        else:
            found.events[name] = shown
    return found


@dataclass(frozen=True, slots=True)
class MarkedEvent:
    """An event that means something to the business. `revenue` names the property with the amount, in major units
    of `currency`; it is empty when the event brings no money."""

    name: str
    order: bool
    sign_up: bool
    revenue: str
    currency: str


def marked_events(product_id: int) -> list[MarkedEvent]:
    """The events marked as order, sign-up or revenue that came at least once, the frequent ones first. One query."""
    rows = EventDefinition.objects.filter(product_id=product_id, volume__gt=0).order_by("-volume", "name")
    found = (MarkedEvent(r.name, r.is_order, r.is_sign_up, r.revenue_property, r.revenue_currency) for r in rows)
    return [one for one in found if one.order or one.sign_up or one.revenue]


def events_carrying(product_id: int, name: str) -> list[EventDefinition]:
    """The events that carry a property, the frequent ones first. One query."""
    pairs = EventProperty.objects.filter(product_id=product_id, property=name, event=OuterRef("name"))
    rows = EventDefinition.objects.filter(product_id=product_id)
    return list(rows.filter(Exists(pairs)).order_by("-volume", "name"))


# How many events of each name came on each of the last days?
_BY_DAY = f"""
SELECT event, toDate(ts, {{zone:String}}) AS day, count()
FROM {EVENTS}
WHERE product = {{product:UInt32}}
    AND ts >= {{since:DateTime64(3, 'UTC')}}
GROUP BY event, day
"""


def daily_volumes(product: Product) -> Mapping[str, tuple[int, ...]]:
    """Events by name on each of the last 30 days of the product's zone, today last, up to a minute old.

    The same counts as reports give. One query of the event store, over those days.
    """
    today = clock.now().astimezone(product.zone).date()
    key = f"tracking:days:{product.pk}:{today}:{product.timezone}"
    known: Mapping[str, tuple[int, ...]] | None = cache.get(key)
    if known is None:
        known = _days(product, today)
        cache.set(key, known, _KEPT_S)
    return known


def _days(product: Product, today: date) -> dict[str, tuple[int, ...]]:
    first = today - timedelta(days=DAYS - 1)
    since = zones.day_start(first, product.zone)
    params = {"product": product.pk, "zone": product.timezone, "since": since}
    found: dict[str, list[int]] = {}
    for name, day, count in shared().query(Sql(_BY_DAY, params)).rows:
        index = (date(day.year, day.month, day.day) - first).days
        # Events of the future belong to no day that is over.
        if 0 <= index < DAYS:
            found.setdefault(name, [0] * DAYS)[index] = count
    return {name: tuple(days) for name, days in found.items()}


# What do the newest events of a name look like?
_NEWEST = f"""
SELECT props
FROM {EVENTS_WITH_REPEATS}
WHERE product = {{product:UInt32}}
    AND event = {{event:String}}
    AND ts >= {{since:DateTime64(3, 'UTC')}}
LIMIT {{limit:UInt32}}
"""


def examples(product_id: int, event: EventDefinition, most: int = 3) -> dict[str, list[str]]:
    """For each property some different values it had within a day before the newest event of a name. One query."""
    if event.last_seen is None:
        return {}
    params = {
        "product": product_id,
        "event": event.name,
        "since": event.last_seen - timedelta(days=1),
        "limit": _SAMPLE,
    }
    found: dict[str, list[str]] = {}
    for (props,) in shared().query(Sql(_NEWEST, params)).rows:
        for name, value in orjson.loads(props).items():
            text, values = text_form(value), found.setdefault(name, [])
            if text and text not in values and len(values) < most:
                values.append(text)
    return found


# Did any event of the last weeks carry a session?
_SESSION = f"""
SELECT count()
FROM
(
    SELECT session
    FROM {EVENTS_WITH_REPEATS}
    WHERE product = {{product:UInt32}}
        AND ts >= {{since:DateTime64(3, 'UTC')}}
        AND session != ''
    LIMIT 1
)
"""


def has_sessions(product_id: int) -> bool:
    """Whether events of the 90 days up to the newest one carry sessions, up to ten minutes old. Two queries."""
    key = f"tracking:sessions:{product_id}"
    known: bool | None = cache.get(key)
    if known is None:
        newest = EventDefinition.objects.filter(product_id=product_id).aggregate(at=Max("last_seen"))["at"]
        since = (min(newest, clock.now()) if newest else clock.now()) - timedelta(days=90)
        known = bool(shared().query(Sql(_SESSION, {"product": product_id, "since": since})).one()[0])
        cache.set(key, known, 600)
    return known
