"""Suggestions while one types in a builder: names and values the product is known to send."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from yunying.apps.tracking.selectors import event_names, property_names, property_values
from yunying.base.errors import NotFound, msg
from yunying.platform.products.access import ProductAccess
from yunying.platform.products.http import product_view
from yunying.platform.ui.page import render

MOST = 50


@require_GET
@product_view()
def options(request: HttpRequest, access: ProductAccess, kind: str) -> HttpResponse:
    """`for` names the field that is typed in (`s0.f1.property`); the rest of the form says what it is about."""
    field = request.GET.get("for", "")
    typed = request.GET.getlist(field)[-1:] or [""]
    product_id, query = access.product.pk, typed[0][:200]
    if kind == "events":
        found: Any = event_names(product_id, query)
    elif kind == "properties":
        found = property_names(product_id, _event_of(request, field), query, of=_side(request, field))
    elif kind == "values":
        name = request.GET.get(field.removesuffix("value") + "property", "")
        found = property_values(product_id, name, query, MOST, of=_side(request, field)) if name else []
    else:
        raise NotFound("suggest.kind", msg("There is nothing here."))
    return render(request, "insights/_options.html", {"found": found[:MOST]})


def _event_of(request: HttpRequest, field: str) -> str | None:
    """The event of the row the field stands in; None for the whole question's conditions and breakdowns."""
    place = field
    while "." in place:
        place = place.rpartition(".")[0]
        if f"{place}.event" in request.GET:
            return request.GET[f"{place}.event"] or None
    return None


def _side(request: HttpRequest, field: str) -> str:
    """Whose property it is: of the event, the person or the account."""
    side = request.GET.get(f"{field.rpartition('.')[0]}.of", "")
    return side if side in ("person", "account") else "event"
