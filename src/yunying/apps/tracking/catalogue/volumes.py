"""How many events of each day had a value of each property, without reading a past day twice.

Properties stand inside of the events, so that counting them means reading whole events. The counts of a day that is
over are therefore kept, beside the number of events that had come late for it: one more of those, or something taken
away from the product, and the day is counted anew, as are the engine's kept states.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

from django.core.cache import cache

from yunying.apps.tracking.catalogue.reads import DAYS
from yunying.apps.tracking.models import PropertyDay, PropertyDefinition, PropertyOf
from yunying.base import clock, zones
from yunying.base.errors import LimitReached
from yunying.platform.products.models import Product
from yunying.store import EVENTS, Sql, shared
from yunying.store.late import SETTLED

__all__ = ["count_missing_days", "property_days", "property_volumes"]

Counts = Mapping[str, int]
_KEPT_S = 60
# What a page waits for; very large products count their days one by one in the background.
_PATIENCE_S = 10.0

# How many events of these days had a value of each property the catalogue knows?
_COUNT = f"""
SELECT day, name, count()
FROM
(
    SELECT
        toDate(ts, {{zone:String}}) AS day,
        arrayJoin(arrayFilter(p -> p.2 NOT IN ('null', '""'), JSONExtractKeysAndValuesRaw(props))).1 AS name
    FROM {EVENTS}
    WHERE product = {{product:UInt32}}
        AND ts >= {{since:DateTime64(3, 'UTC')}}
        AND ts < {{until:DateTime64(3, 'UTC')}}
        AND toDate(ts, {{zone:String}}) IN {{days:Array(Date)}}
)
WHERE name IN {{names:Array(String)}}
GROUP BY day, name
"""

# How many events came late for each day, and how often was something taken away (1970)?
_LATE = """
SELECT toDate(at, {zone:String}) AS day, sum(n)
FROM late_events
WHERE product = {product:UInt32}
    AND (at = toDateTime(0, 'UTC') OR at >= {since:DateTime64(3, 'UTC')})
GROUP BY day
"""


def property_volumes(product: Product) -> Mapping[str, tuple[int, ...]] | None:
    """Events with a value of each of their properties on each of the last 30 days, today last, up to a minute old.

    The same counts as reports give; a property without any is absent. Reads the events of today, and those of past
    days once. None when there are too many to count while somebody waits: `count_missing_days` is then due.
    """
    days = _last_days(product)
    key = f"tracking:property-days:{product.pk}:{days[-1]}:{product.timezone}"
    known: Mapping[str, tuple[int, ...]] | None = cache.get(key)
    if known is None:
        try:
            known = _by_name(days, _counted(product, days, timeout_s=_PATIENCE_S))
        except LimitReached:
            return None
        cache.set(key, known, _KEPT_S)
    return known


def property_days(product: Product, name: str) -> tuple[int, ...]:
    """Events with a value of one property on each of the last 30 days; none while they are being counted."""
    volumes = property_volumes(product)
    return () if volumes is None else volumes.get(name, (0,) * DAYS)


def count_missing_days(product: Product) -> int:
    """Count the past days that are not kept, one after the other; how many these were. Raises what the store raises."""
    late = _late(product, _last_days(product))
    kept = _kept(product, late)
    missing = [day for day in _settled(product, _last_days(product)) if day not in kept]
    for day in missing:
        _keep(product, {day: _count(product, [day], None).get(day, {})}, late)
    return len(missing)


def _last_days(product: Product) -> list[date]:
    today = clock.now().astimezone(product.zone).date()
    return [today - timedelta(days=DAYS - 1 - index) for index in range(DAYS)]


def _settled(product: Product, days: Iterable[date]) -> list[date]:
    """The days for which an event that still comes is counted as late."""
    zone, until = product.zone, clock.now() - SETTLED
    return [day for day in days if zones.day_start(day + timedelta(days=1), zone) <= until]


def _counted(product: Product, days: Sequence[date], *, timeout_s: float) -> Mapping[date, Counts]:
    # Read before the events are: what comes between makes the day not hold.
    late = _late(product, days)
    kept = _kept(product, late)
    missing = [day for day in days if day not in kept]
    found = _count(product, missing, timeout_s)
    fresh = {day: found.get(day, {}) for day in _settled(product, missing)}
    _keep(product, fresh, late)
    return {**kept, **found}


def _kept(product: Product, late: Mapping[date, int]) -> dict[date, Counts]:
    rows = PropertyDay.objects.filter(product=product, zone=product.timezone)
    return {row.day: row.counts for row in rows if row.noted == late[row.day]}


def _keep(product: Product, fresh: Mapping[date, Counts], late: Mapping[date, int]) -> None:
    rows = [
        PropertyDay(product=product, day=day, zone=product.timezone, noted=late[day], counts=counts)
        for day, counts in fresh.items()
    ]
    if rows:
        # Two pages at once write the same day twice: the later look wins, and `noted` says whether it holds.
        PropertyDay.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["product", "day"], update_fields=["zone", "noted", "counts"]
        )
        PropertyDay.objects.filter(product=product, day__lt=_last_days(product)[0]).delete()


def _late(product: Product, days: Sequence[date]) -> Mapping[date, int]:
    params = {"product": product.pk, "zone": product.timezone, "since": _start(product, days[0])}
    found: dict[date, int] = defaultdict(int)
    removed = 0
    for day, count in shared().query(Sql(_LATE, params)).rows:
        if day.year <= 1970:
            removed += count
        else:
            found[date(day.year, day.month, day.day)] = count
    return defaultdict(lambda: removed, {day: count + removed for day, count in found.items()})


def _count(product: Product, days: Sequence[date], timeout_s: float | None) -> dict[date, dict[str, int]]:
    names = PropertyDefinition.objects.filter(product=product, of=PropertyOf.EVENT, volume__gt=0)
    params = {
        "product": product.pk,
        "zone": product.timezone,
        "names": list(names.values_list("name", flat=True)),
        "days": [day.isoformat() for day in days],
    }
    if not days or not params["names"]:
        return {}
    params |= {"since": _start(product, min(days)), "until": _start(product, max(days) + timedelta(days=1))}
    found: dict[date, dict[str, int]] = {}
    for day, name, count in shared().query(Sql(_COUNT, params), timeout_s=timeout_s).rows:
        found.setdefault(date(day.year, day.month, day.day), {})[name] = count
    return found


def _start(product: Product, day: date) -> object:
    return zones.day_start(day, product.zone)


def _by_name(days: Sequence[date], counted: Mapping[date, Counts]) -> dict[str, tuple[int, ...]]:
    names = {name for counts in counted.values() for name in counts}
    return {name: tuple(counted.get(day, {}).get(name, 0) for day in days) for name in names}
