"""Live stream, set-up and refused events: parse, call, render."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy
from django.views.decorators.http import require_GET, require_POST

from yunying.apps.tracking.live import quarantine, stream
from yunying.apps.tracking.live.diagnosis import findings
from yunying.apps.tracking.live.quarantine import Refused, State
from yunying.apps.tracking.live.snippets import WAYS, way
from yunying.apps.tracking.live.trial import send_test_event
from yunying.events.protocols import PROTOCOLS
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.http import product_view, user_of
from yunying.platform.products.selectors import first_write_key
from yunying.platform.ui.page import is_htmx, render
from yunying.platform.ui.tables import Column, Empty, Filter, Table

_STATES = (
    (State.NEW, gettext_lazy("Waiting")),
    (State.REPLAYED, gettext_lazy("Sent again")),
    (State.DISCARDED, gettext_lazy("Dropped")),
)


# -- live stream -------------------------------------------------------------------------------------------------


@require_GET
@product_view(Permission.SEE_PEOPLE)
def live(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    """Events as they arrive. htmx asks again every two seconds unless the stream is paused."""
    event, person = request.GET.get("event", "").strip(), request.GET.get("person", "").strip()
    rows = stream.arrived(access.product.pk, event=event, person=person)
    last = rows[0].uuid if rows else ""
    if is_htmx(request) and request.GET.get("seen", None) == last:
        # 204 leaves the page as it is: no flicker, no reading out of the same lines.
        return HttpResponse(status=204)
    context = {
        "rows": rows,
        "last": last,
        "event": event,
        "person": person,
        "paused": request.GET.get("paused") == "1",
        "help_page": "sending-events",
    }
    return render(request, "tracking/live_stream.html", context, partial="tracking/_live_rows.html")


@require_GET
@product_view(Permission.SEE_PEOPLE)
def live_event(request: HttpRequest, access: ProductAccess, uuid: UUID) -> HttpResponse:
    """One event of the stream with all its properties."""
    row = stream.arrived_event(access.product.pk, str(uuid))
    if row is None:
        raise Http404
    return render(request, "tracking/live_event.html", {"row": row}, partial="tracking/_live_event.html")


# -- set-up ------------------------------------------------------------------------------------------------------


@require_GET
@product_view()
def setup(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    """Write key, what to paste, and the wait for the first event."""
    key = first_write_key(access.product)
    chosen = way(request.GET.get("with", ""))
    host = settings.CONFIG.base_url
    context = {
        "key": key,
        "host": host,
        "ways": WAYS,
        "chosen": chosen,
        "steps": chosen.filled(host, key.token) if key else [],
        **_first(request, access),
        "may_test": access.may(Permission.MANAGE_DATA),
        "help_page": chosen.help_page,
    }
    return render(request, "tracking/live_setup.html", context)


@require_GET
@product_view()
def waiting(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    """The part of the set-up page that waits; without htmx, the page itself."""
    if not is_htmx(request):
        return redirect("tracking:setup", product=access.product.slug)
    return render(request, "tracking/_live_first.html", _first(request, access))


def _first(request: HttpRequest, access: ProductAccess) -> dict[str, Any]:
    """The newest event, or why there may be none."""
    first, host = stream.newest(access.product.pk), settings.CONFIG.base_url
    sees_sites = user_of(request).is_superuser
    trouble = [] if first else findings(access.product.pk, host, sees_sites=sees_sites)
    return {"first": first, "host": host, "findings": trouble}


@require_POST
@product_view(Permission.MANAGE_DATA)
def send_test(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    """One event sent the way those of programs are, so that one sees it arrive."""
    send_test_event(access)
    messages.success(request, _("The test event is sent. It arrives within a few seconds."))
    return redirect("tracking:setup", product=access.product.slug)


# -- refused events ----------------------------------------------------------------------------------------------


@require_GET
@product_view(Permission.MANAGE_DATA)
def refused(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    """What was not taken and why."""
    state = request.GET.get("state") or State.NEW
    codes = quarantine.codes(access)
    table = Table(
        columns=(
            Column("received", gettext_lazy("Received"), kind="when", sort=True, link=_item_link(access), fixed=True),
            Column("reason", gettext_lazy("Reason"), search=True, wide=True),
            Column("code", pgettext_lazy("refused event", "Code"), sort=True),
            Column("event", gettext_lazy("Event"), sort=True, search=True),
            Column("protocol", gettext_lazy("Protocol"), value="way", sort=True),
            Column("body", gettext_lazy("Body"), search=True, hidden=True),
        ),
        rows=quarantine.refused(access, state=state, limit=2000),
        request=request,
        name="refused",
        filters=(
            Filter(
                "code", pgettext_lazy("refused event", "Code"), [(code, f"{code} ({n})") for code, n in codes], "code"
            ),
            Filter(
                "protocol",
                gettext_lazy("Protocol"),
                [(one.name, one.label) for one in PROTOCOLS],
                "protocol",
            ),
        ),
        sort="-received",
        empty=Empty(
            gettext_lazy("Nothing was refused"),
            gettext_lazy("Events that cannot be used are kept here for 30 days with the reason and what came in."),
            icon="circle-check",
        ),
        caption=gettext_lazy("Refused events"),
    )
    context = {
        "table": table,
        "states": _STATES,
        "state": state,
        "codes": codes,
        "waiting": sum(n for _code, n in codes),
        "help_page": "sending-events",
    }
    return render(request, "tracking/live_refused.html", context)


@require_GET
@product_view(Permission.MANAGE_DATA)
def refused_item(request: HttpRequest, access: ProductAccess, item_id: str) -> HttpResponse:
    item = quarantine.refused_item(access, item_id)
    return render(
        request,
        "tracking/live_refused_item.html",
        {"item": item, "states": dict(_STATES), "help_page": "sending-events"},
    )


@require_POST
@product_view(Permission.MANAGE_DATA)
def replay(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    """Take the chosen item, or all that wait (of one code), once more."""
    outcome = quarantine.replay(access, _chosen(request, access))
    if outcome.taken:
        text = ngettext("%(n)d event was taken.", "%(n)d events were taken.", outcome.taken)
        messages.success(request, text % {"n": outcome.taken})
    for reason, count in list(outcome.again.items())[:5]:
        text = ngettext(
            "%(n)d event was refused again: %(reason)s", "%(n)d events were refused again: %(reason)s", count
        )
        messages.warning(request, text % {"n": count, "reason": reason})
    return _back(access, request)


@require_POST
@product_view(Permission.MANAGE_DATA)
def drop(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    """Put the chosen item, or all that wait (of one code), aside."""
    count = quarantine.drop(access, _chosen(request, access))
    messages.success(request, ngettext("%(n)d event was dropped.", "%(n)d events were dropped.", count) % {"n": count})
    return _back(access, request)


def _chosen(request: HttpRequest, access: ProductAccess) -> list[Refused]:
    item_id = request.POST.get("item", "")
    if item_id:
        return [quarantine.refused_item(access, item_id)]
    return quarantine.refused(access, code=request.POST.get("code", ""))


def _back(access: ProductAccess, request: HttpRequest) -> HttpResponse:
    return redirect("tracking:refused", product=access.product.slug)


def _item_link(access: ProductAccess) -> Callable[[Refused], str]:
    return lambda row: reverse("tracking:refused_item", args=[access.product.slug, row.id])
