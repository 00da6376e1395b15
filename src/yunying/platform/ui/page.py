"""Answering with a page, or with the part of it that htmx asked for."""

import zoneinfo
from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

from django.conf import settings
from django.contrib.messages import get_messages
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.cache import patch_vary_headers

from yunying.platform.ui.tables import Table

__all__ = ["PRODUCT_COOKIE", "is_htmx", "render", "zone_of"]

PRODUCT_COOKIE = "yunying_product"


def is_htmx(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of a page. Going back in history asks for the whole page again."""
    headers = request.headers
    return headers.get("HX-Request") == "true" and headers.get("HX-History-Restore-Request") != "true"


def zone_of(request: HttpRequest) -> tzinfo:
    """The zone of the product this request is about, else the current one (UTC)."""
    product = getattr(getattr(request, "access", None), "product", None)
    name = getattr(product, "timezone", "")
    try:
        return zoneinfo.ZoneInfo(name) if name else timezone.get_current_timezone()
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return timezone.get_current_timezone()


def render(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any] | None = None,
    *,
    partial: str | None = None,
    status: int = 200,
) -> HttpResponse:
    """`template` as a whole page, or `partial` alone when htmx asks; times are shown in the product's zone.

    A partial brings flash messages along, to be added to the page's message area. A form that did not validate is
    answered with `status=422`, which htmx swaps like a 200. When the address asks for the export of a table in the
    context, that file is the answer.
    """
    if file := _export(request, context or {}):
        return file
    part = partial is not None and is_htmx(request)
    with timezone.override(zone_of(request)):
        html = render_to_string(partial if part and partial else template, dict(context or {}), request)
        if part and len(get_messages(request)):
            html += render_to_string("ui/_messages.html", {"oob": True}, request)
    response = HttpResponse(html, status=status)
    patch_vary_headers(response, ["HX-Request"])
    _remember_product(request, response)
    return response


def _remember_product(request: HttpRequest, response: HttpResponse) -> None:
    """Pages without a product show the menu of the one looked at last."""
    slug = getattr(getattr(getattr(request, "access", None), "product", None), "slug", "")
    if slug and request.COOKIES.get(PRODUCT_COOKIE) != slug:
        secure = settings.SESSION_COOKIE_SECURE
        response.set_cookie(PRODUCT_COOKIE, slug, max_age=30 * 24 * 3600, samesite="Lax", httponly=True, secure=secure)


def _export(request: HttpRequest, context: Mapping[str, Any]) -> HttpResponse | None:
    if not any(name.endswith("export") for name in request.GET):
        return None
    with timezone.override(zone_of(request)):
        for value in context.values():
            file = value.export_response() if isinstance(value, Table) else None
            if file is not None:
                return file
    return None
