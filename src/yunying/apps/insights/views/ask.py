"""The page of one kind of report: a builder, its answer, and both again whenever something in the builder changes."""

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET

from yunying.apps.insights import words
from yunying.apps.insights.answers import Answer, run_report
from yunying.apps.insights.cohorts.selectors import choices
from yunying.apps.insights.dashboards.annotations import marked
from yunying.apps.insights.freshness import last_event_day, today_of
from yunying.apps.insights.kinds import Board, board_of, page_kind, page_kinds, page_url, sheet_of, titles_for
from yunying.apps.insights.kinds.fields import field_id
from yunying.apps.insights.kinds.form import address_of
from yunying.apps.insights.kinds.rows import Asking
from yunying.apps.insights.views.asked import Asked, asked_in
from yunying.base.errors import InvalidInput, LimitReached, Unavailable, YunyingError
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.http import product_view
from yunying.platform.ui.errors import problem_of
from yunying.platform.ui.exports import file_response
from yunying.platform.ui.page import is_htmx, render

__all__ = ["new", "page"]

PARTS = {"report-result": "insights/_result.html", "report-work": "insights/_work.html"}


@require_GET
@product_view()
def new(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    """The kinds to choose from, each with what it answers."""
    offers = [(kind, page_url(access, kind.name)) for kind in page_kinds()]
    return render(request, "insights/new.html", {"offers": offers, "help_page": "reports"})


@require_GET
@product_view()
def page(request: HttpRequest, access: ProductAccess, kind: str) -> HttpResponse:
    shown = page_kind(kind)
    newest = last_event_day(access.product)
    asked = asked_in(request, access, shown)
    if asked.kind is not shown:
        return redirect(f"{page_url(access, asked.kind.name)}?{request.GET.urlencode()}")
    asked = _dated(asked, access) if request.GET else _begun(asked, newest, access)
    answer, problem = _answer(request, access, asked)
    if answer is not None and request.GET.get("export") in ("xlsx", "csv"):
        found = sheet_of(asked.spec, answer, titles_for(access.product))
        called = asked.report or asked.metric
        name = called.name if called else str(shown.label)
        return file_response(request.GET["export"], name, list(found.heads), found.rows)
    board = _board(access, asked, answer)
    partial = PARTS.get(request.headers.get("HX-Target", ""))
    response = render(
        request, "insights/report.html", _context(request, access, asked, board, problem, newest), partial=partial
    )
    if is_htmx(request) and partial:
        response["HX-Push-Url"] = f"{request.path}?{asked.query}"
    return response


def _context(
    request: HttpRequest, access: ProductAccess, asked: Asked, board: Board | None, problem: Any, newest: date | None
) -> dict[str, Any]:
    return {
        "asked": asked,
        "form": asked.placed,
        "kind": asked.kind,
        "here": request.path,
        "words": words,
        "cohorts": choices(access),
        "missing": asked.form.missing().replace(".", "-") if not asked.as_json else "",
        "problem": problem,
        "board": board,
        "newest": newest,
        "no_events": newest is None,
        "around": _around(asked, access) if board and board.empty else None,
        "may_edit": access.may(Permission.EDIT_REPORTS),
        "api_request": _api_request(request, access, asked),
        "help_page": asked.kind.help_page,
    }


def _answer(request: HttpRequest, access: ProductAccess, asked: Asked) -> tuple[Answer | None, dict[str, Any] | None]:
    """The answer, or the problem that stands in its place while the builder stays usable."""
    if not asked.as_json and asked.form.missing():
        return None, None
    try:
        return run_report(access, asked.spec, fresh="fresh" in request.GET), None
    except (InvalidInput, LimitReached, Unavailable) as error:
        return None, _problem(asked, error)


def _problem(asked: Asked, error: YunyingError) -> dict[str, Any]:
    """What to change, and the form's field to change it at."""
    at = field_id(asked.form, error.field) if error.field and not asked.as_json else ""
    return {"detail": problem_of(error).detail, "path": error.field or "", "field": at}


def _board(access: ProductAccess, asked: Asked, answer: Answer | None) -> Board | None:
    if answer is None:
        return None
    board = board_of(access, asked.spec, answer, look=asked.look, measured=asked.measured)
    return marked(board, access.product)


def _dated(asked: Asked, access: ProductAccess) -> Asked:
    """Days for somebody who just chose to name them: the last thirty, to be changed."""
    if asked.form.range != "custom" or asked.form.since or asked.as_json:
        return asked
    today = today_of(access.product)
    start = today - timedelta(days=29)
    return _with(asked, replace(asked.form, since=start.isoformat(), until=today.isoformat()))


def _begun(asked: Asked, newest: date | None, access: ProductAccess) -> Asked:
    """The first question of a visit: where the last 30 days are empty, over the days that have events."""
    if newest is None or today_of(access.product) - newest < timedelta(days=30):
        return asked
    return _with(asked, _moved(asked.form, newest))


def _with(asked: Asked, form: Asking) -> Asked:
    return replace(asked, form=form, spec=form.to_spec())


def _moved(form: Asking, newest: date) -> Asking:
    start = newest - timedelta(days=89)
    return replace(form, range="custom", since=start.isoformat(), until=newest.isoformat())


def _around(asked: Asked, access: ProductAccess) -> dict[str, Any] | None:
    """The same question over the 90 days up to the newest event it asks for, when nothing happened in its range."""
    names = asked.kind.events(asked.spec)
    newest = last_event_day(access.product, () if None in names else [str(name) for name in names])
    return {"day": newest, "query": address_of(_moved(asked.form, newest))} if newest else None


def _api_request(request: HttpRequest, access: ProductAccess, asked: Asked) -> str:
    """The same question as a command line for the REST API."""
    url = request.build_absolute_uri(f"/api/v1/products/{access.product.slug}/insights/query")
    body = json.dumps({"spec": asked.spec}, ensure_ascii=False).replace("'", "'\\''")
    return f"curl -X POST {url} -H 'Authorization: Bearer ys_…' -H 'Content-Type: application/json' -d '{body}'"
