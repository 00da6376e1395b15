"""How far a product's data reach: charts of the past and comparisons of "the last whole week" begin there."""

from collections.abc import Collection
from datetime import date, timedelta

from django.db.models import Max, Sum

from yunying.apps.tracking.selectors import event_definitions
from yunying.base import clock
from yunying.platform.products.models import Product

__all__ = ["QUIET", "event_count", "last_event_day", "reach_of", "today_of"]

# A product may be quiet for this long before its data count as ended.
QUIET = timedelta(days=2)


def last_event_day(product: Product, names: Collection[str] = ()) -> date | None:
    """The day of the newest event in the product's zone, of these `names` if some are given; None without one.

    One query.
    """
    known = event_definitions(product.pk)
    newest = (known.filter(name__in=names) if names else known).aggregate(at=Max("last_seen"))["at"]
    return newest.astimezone(product.zone).date() if newest else None


def reach_of(product: Product) -> date | None:
    """The day up to which the data can be taken for complete: today, or the newest event's day when none came for
    days, so that a connection that broke is not read as a product that nobody uses. None without events. One query.
    """
    newest, today = last_event_day(product), today_of(product)
    if newest is None:
        return None
    return today if today - newest <= QUIET else newest


def today_of(product: Product) -> date:
    """The date a calendar in the product's zone shows now."""
    return clock.now().astimezone(product.zone).date()


def event_count(product: Product) -> int:
    """How many events the product sent so far. One query."""
    return event_definitions(product.pk).aggregate(n=Sum("volume"))["n"] or 0
