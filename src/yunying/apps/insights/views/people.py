"""The people behind one number: the same count, their names, and the way to each of them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET

from yunying.apps.insights.answers import context_for
from yunying.apps.insights.board import bucket_label, line_name
from yunying.apps.insights.builder import from_spec
from yunying.apps.insights.views.asked import spec_in
from yunying.apps.tracking.selectors import people as people_rows
from yunying.base.errors import InvalidInput, msg
from yunying.base.zones import Interval, Span, buckets, zone_of
from yunying.engine import parse, people_behind
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.http import product_view
from yunying.platform.ui.exports import file_response
from yunying.platform.ui.page import render

PAGE_SIZE, EXPORT_STEP, EXPORT_LIMIT = 50, 1_000, 100_000
PART = "insights/_people.html"


@require_GET
@product_view(Permission.SEE_PEOPLE)
def page(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    spec_json = spec_in(request.GET.get("spec", ""))
    spec, point, context = parse(spec_json), _point(request), context_for(access.product)
    if request.GET.get("export") in ("xlsx", "csv"):
        return _file(request.GET["export"], access, spec, point, context)
    number = _whole(request.GET.get("page"), 1)
    found = people_behind(spec, point, context, PAGE_SIZE, (number - 1) * PAGE_SIZE)
    query = request.GET.copy()
    query.pop("page", None)
    builder = from_spec(spec_json)
    page = {
        "found": found,
        "people": people_rows(access.product.pk, list(found.numbers)),
        "what": _what(spec_json, point),
        "period": _period(access, spec_json, point),
        "page": number,
        "pages": max(1, -(-found.total // PAGE_SIZE)),
        "previous": number - 1,
        "next": number + 1,
        "query": query.urlencode(),
        "back": builder.to_query() if builder else "",
        "help_page": "reports",
    }
    return render(request, "insights/people.html", page, partial=PART)


def _point(request: HttpRequest) -> dict[str, Any]:
    """The point an address names, as the engine's JSON."""
    query = request.GET
    bucket = query.get("bucket", "")
    if bucket and not bucket.isdecimal():
        raise InvalidInput("point.bucket", msg("This is not a point of the chart."), field="bucket")
    return {
        "series": query.get("series", "A"),
        "bucket": int(bucket) if bucket else None,
        "values": query.getlist("value"),
        "remainder": query.get("remainder") == "1",
        "compare": query.get("compare") == "1",
    }


def _what(spec: dict[str, Any], point: dict[str, Any]) -> str:
    """The line the point lies on, in words."""

    class Row:
        series = point["series"]
        remainder = point["remainder"]
        values = tuple(_Text(text) for text in point["values"])

    return line_name(spec, Row, several=True)


def _period(access: ProductAccess, spec: dict[str, Any], point: dict[str, Any]) -> str:
    """The bucket the point stands for; empty for the whole range, the earlier period and odd ranges."""
    span, index = spec.get("range") or {}, point["bucket"]
    if index is None or point["compare"]:
        return ""
    try:
        ends = datetime.fromisoformat(str(span["from"])), datetime.fromisoformat(str(span["to"]))
        zone, interval = zone_of(access.product.timezone), Interval(spec.get("interval", "day"))
        found = buckets(Span(*(at.astimezone(UTC) for at in ends)), interval, zone, access.product.week_start)
        return bucket_label(found[index].start.astimezone(zone), interval)
    except (KeyError, ValueError, IndexError):
        return ""


class _Text:
    def __init__(self, text: str) -> None:
        self.text = text


def _file(kind: str, access: ProductAccess, spec: Any, point: Any, context: Any) -> HttpResponse:
    heads = [_("Person"), pgettext("of a person", "Name"), _("First seen")]
    return file_response(kind, "people", heads, _rows(access, spec, point, context))


def _rows(access: ProductAccess, spec: Any, point: Any, context: Any) -> Iterator[list[Any]]:
    """All people, in steps, so that a large export does not stand in memory."""
    for offset in range(0, EXPORT_LIMIT, EXPORT_STEP):
        found = people_behind(spec, point, context, EXPORT_STEP, offset)
        for row in people_rows(access.product.pk, list(found.numbers)):
            yield [row.distinct_id, row.name, row.born]
        if offset + EXPORT_STEP >= found.total:
            return


def _whole(text: str | None, default: int) -> int:
    return max(1, int(text)) if text and text.isdecimal() and len(text) < 9 else default
