"""The trends page: a builder, its answer, and both again whenever something in the builder changes."""

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from yunying.apps.insights import words
from yunying.apps.insights.answers import Answer, run_report
from yunying.apps.insights.board import bucket_label, line_name, make_board
from yunying.apps.insights.builder import MAX_BREAKDOWNS, MAX_FILTERS, MAX_SERIES, Builder
from yunying.apps.insights.freshness import last_event_day, today_of
from yunying.apps.insights.questions import letter
from yunying.apps.insights.views.asked import Asked, asked_in
from yunying.base.errors import InvalidInput, LimitReached, Unavailable
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.http import product_view
from yunying.platform.ui.errors import problem_of
from yunying.platform.ui.exports import file_response
from yunying.platform.ui.page import is_htmx, render

PARTS = {"trends-result": "insights/_result.html", "trends-work": "insights/_work.html"}


@require_GET
@product_view()
def page(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    newest = last_event_day(access.product)
    asked = _begun(asked_in(request, access), newest, access) if not request.GET else asked_in(request, access)
    answer, problem = _answer(request, access, asked)
    if answer is not None and request.GET.get("export") in ("xlsx", "csv"):
        return _file(request.GET["export"], asked, answer)
    board = _board(access, asked, answer)
    context = {
        "asked": asked,
        "series": [(letter(index), row) for index, row in enumerate(asked.builder.series)],
        "words": words,
        "full": _full(asked),
        "problem": problem,
        "board": board,
        "newest": newest,
        "no_events": newest is None,
        "around": _around(asked, access) if board and board.empty else None,
        "may_edit": access.may(Permission.EDIT_REPORTS),
        "api_request": _api_request(request, access, asked),
        "pretty_spec": json.dumps(asked.spec, ensure_ascii=False, indent=2),
        "help_page": "reports",
    }
    partial = PARTS.get(request.headers.get("HX-Target", ""))
    response = render(request, "insights/trends.html", context, partial=partial)
    if is_htmx(request) and partial:
        response["HX-Push-Url"] = f"{request.path}?{asked.query}"
    return response


def _answer(request: HttpRequest, access: ProductAccess, asked: Asked) -> tuple[Answer | None, Any]:
    """The answer, or the problem that stands in its place while the builder stays usable."""
    if not asked.as_json and asked.builder.missing():
        return None, None
    try:
        return run_report(access, asked.spec, fresh="fresh" in request.GET), None
    except (InvalidInput, LimitReached, Unavailable) as error:
        return None, problem_of(error)


def _board(access: ProductAccess, asked: Asked, answer: Answer | None) -> Any:
    if answer is None:
        return None
    url = reverse("insights:people", kwargs={"product": access.product.slug})
    people_url = url if access.may(Permission.SEE_PEOPLE) else ""
    return make_board(asked.spec, asked.builder, answer, people_url, asked.measured)


def _begun(asked: Asked, newest: date | None, access: ProductAccess) -> Asked:
    """The first question of a visit: where the last 30 days are empty, over the days that have events."""
    if newest is None or today_of(access.product) - newest < timedelta(days=30):
        return asked
    builder = _moved(asked.builder, newest)
    return Asked(builder.to_spec(), builder, None)


def _moved(builder: Builder, newest: date) -> Builder:
    start = newest - timedelta(days=89)
    return replace(builder, range="custom", start=start.isoformat(), end=newest.isoformat())


def _around(asked: Asked, access: ProductAccess) -> dict[str, Any] | None:
    """The same question over the 90 days up to the newest event it asks for, when nothing happened in its range."""
    names = [one.get("event") for one in asked.spec["series"]]
    newest = last_event_day(access.product, () if None in names else [str(name) for name in names])
    return {"day": newest, "query": _moved(asked.builder, newest).to_query()} if newest else None


def _full(asked: Asked) -> dict[str, bool]:
    """Which lists of the builder take no more rows."""
    builder = asked.builder
    return {
        "series": len(builder.series) >= MAX_SERIES,
        "filters": len(builder.filters) >= MAX_FILTERS,
        "breakdown": len(builder.breakdown) >= MAX_BREAKDOWNS,
    }


def _api_request(request: HttpRequest, access: ProductAccess, asked: Asked) -> str:
    """The same question as a command line for the REST API."""
    url = request.build_absolute_uri(f"/api/v1/products/{access.product.slug}/insights/query")
    body = json.dumps({"spec": asked.spec}, ensure_ascii=False).replace("'", "'\\''")
    return f"curl -X POST {url} -H 'Authorization: Bearer ys_…' -H 'Content-Type: application/json' -d '{body}'"


def _file(kind: str, asked: Asked, answer: Answer) -> HttpResponse:
    """All lines of the answer: a row a bucket, then the totals."""
    result = answer.result
    several = len({row.series for row in result.rows}) > 1
    heads = ["", *(line_name(asked.spec, row, several) for row in result.rows)]
    interval = asked.spec.get("interval", "day")
    rows: list[list[Any]] = [
        [bucket_label(bucket.start, interval), *(row.points[index] for row in result.rows)]
        for index, bucket in enumerate(result.buckets)
        if asked.spec.get("display") != "total"
    ]
    rows.append(["Σ", *(row.total for row in result.rows)])
    return file_response(kind, "trends", heads, rows)
