"""The people behind one number: the same count, their names, and the way to each of them."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET, require_POST

from yunying.apps.insights.answers import context_for
from yunying.apps.insights.cohorts.services import create_list
from yunying.apps.insights.kinds import named, page_url, titles_for
from yunying.apps.insights.views.asked import Asked, asked_of, spec_in
from yunying.apps.tracking.selectors import people as people_rows
from yunying.base.errors import InvalidInput, YunyingError, msg
from yunying.engine import parse, people_behind
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.http import product_view
from yunying.platform.ui.errors import problem_of
from yunying.platform.ui.exports import file_response
from yunying.platform.ui.page import render

PAGE_SIZE, EXPORT_STEP, EXPORT_LIMIT = 50, 1_000, 100_000
LONGEST_POINT = 10_000
PART = "insights/_people.html"


@require_GET
@product_view(Permission.SEE_PEOPLE)
def page(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    spec_json = spec_in(request.GET.get("spec", ""))
    spec, point, context = parse(spec_json), _point(request.GET), context_for(access.product)
    if request.GET.get("export") in ("xlsx", "csv"):
        return _file(request.GET["export"], access, spec, point, context)
    number = _whole(request.GET.get("page"), 1)
    found = people_behind(spec, point, context, PAGE_SIZE, (number - 1) * PAGE_SIZE)
    query = request.GET.copy()
    query.pop("page", None)
    asked = asked_of(spec_json)
    page = {
        "found": found,
        "people": people_rows(access.product.pk, list(found.numbers)),
        "what": asked.kind.point_words(named(asked.spec, titles_for(access.product)), point, access.product),
        "kind": asked.kind,
        "siblings": _siblings(request, asked, point),
        "page": number,
        "pages": max(1, -(-found.total // PAGE_SIZE)),
        "previous": number - 1,
        "next": number + 1,
        "query": query.urlencode(),
        "spec_json": request.GET.get("spec", ""),
        "point_json": request.GET.get("point", "{}"),
        "may_keep": access.may(Permission.EDIT_REPORTS) and bool(found.total),
        "back": f"{page_url(access, asked.kind.name)}?{asked.query}",
        "help_page": asked.kind.help_page,
    }
    return render(request, "insights/people.html", page, partial=PART)


@require_POST
@product_view(Permission.EDIT_REPORTS)
def keep(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    """Keep all the people behind a number as a cohort, a fixed list."""
    sent = request.POST
    spec, point = spec_in(sent.get("spec", "")), _point(sent)
    back = urlencode({"spec": json.dumps(spec, ensure_ascii=False), "point": json.dumps(point, ensure_ascii=False)})
    try:
        cohort = create_list(access, name=sent.get("name", ""), spec=spec, point=point)
    except YunyingError as error:
        messages.error(request, problem_of(error).detail)
    else:
        messages.success(request, _("The cohort “%(name)s” holds these people now.") % {"name": cohort.name})
    return redirect(f"{reverse('insights:people', kwargs={'product': access.product.slug})}?{back}")


def _point(query: QueryDict) -> dict[str, Any]:
    """The point an address names, as the engine's JSON. Raises InvalidInput when it is not a JSON object."""
    try:
        point = json.loads(query.get("point", "{}")[:LONGEST_POINT])
    except (ValueError, RecursionError):
        point = None
    if not isinstance(point, dict):
        raise InvalidInput("point.json", msg("This is not a number of an answer."), field="point")
    return point


def _siblings(request: HttpRequest, asked: Asked, point: dict[str, Any]) -> list[tuple[str, str, bool]]:
    """The groups beside this one: what they are called, their addresses, and whether it is the one that is shown."""
    query = request.GET.copy()
    query.pop("page", None)
    found = []
    for text, other in asked.kind.siblings(point):
        query["point"] = json.dumps(other, separators=(",", ":"), ensure_ascii=False)
        found.append((text, f"?{query.urlencode()}", other == {**other, **point}))
    return found


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
