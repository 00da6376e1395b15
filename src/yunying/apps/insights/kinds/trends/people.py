"""Which people a point of a trends answer means, in words."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from yunying.apps.insights.kinds.board import bucket_label
from yunying.apps.insights.kinds.trends.board import line_name
from yunying.base.zones import Interval, Span, buckets, zone_of
from yunying.engine import Value
from yunying.platform.products.models import Product

__all__ = ["bucket_words", "point_words"]


def point_words(spec: Mapping[str, Any], point: Mapping[str, Any], product: Product) -> str:
    """The line and the period a point lies on."""

    class Row:
        series = str(point.get("series") or "A")
        remainder = bool(point.get("remainder"))
        values = tuple(Value(str(text)) for text in point.get("values") or ())

    period = "" if point.get("compare") else bucket_words(spec, point.get("bucket"), product)
    return " · ".join(part for part in (line_name(spec, Row, several=True), period) if part)


def bucket_words(spec: Mapping[str, Any], index: Any, product: Product) -> str:
    """The bucket with this index of a question with fixed times; empty for the whole range and odd ranges."""
    span = spec.get("range") or {}
    if not isinstance(index, int):
        return ""
    try:
        ends = datetime.fromisoformat(str(span["from"])), datetime.fromisoformat(str(span["to"]))
        zone, interval = zone_of(product.timezone), Interval(spec.get("interval", "day"))
        found = buckets(Span(*(at.astimezone(UTC) for at in ends)), interval, zone, product.week_start)
        return bucket_label(found[index].start.astimezone(zone), interval)
    except (KeyError, ValueError, IndexError):
        return ""
