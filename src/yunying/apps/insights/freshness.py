"""How far a product's data reach: charts of the past and comparisons of "the last whole week" begin there."""

from datetime import date
from zoneinfo import ZoneInfo

from django.db.models import Max

from yunying.apps.tracking.selectors import event_definitions
from yunying.platform.products.models import Product

__all__ = ["last_event_day"]


def last_event_day(product: Product) -> date | None:
    """The day of the newest event in the product's zone; None while there is none. One query."""
    newest = event_definitions(product.pk).aggregate(at=Max("last_seen"))["at"]
    return newest.astimezone(ZoneInfo(product.timezone)).date() if newest else None
