"""The collector of the installation: what waits in its spool, what was refused, and names nobody has claimed."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from yunying.apps.tracking.live import caps, senders
from yunying.apps.tracking.live.tasks import take_waiting
from yunying.base.errors import InvalidInput, NotFound, YunyingError, msg
from yunying.collect import local
from yunying.collect.segments import waiting
from yunying.events.event import UNOWNED
from yunying.events.protocols import PROTOCOLS, by_name
from yunying.platform.console.jobs_pages import administrators_only
from yunying.platform.jobs import enqueue
from yunying.platform.products.access import Permission, ProductAccess, product_for, products_of
from yunying.platform.products.http import actor_of, user_of
from yunying.platform.products.models import Product
from yunying.platform.ui.forms import offer
from yunying.platform.ui.page import render
from yunying.platform.ui.tables import Column, Empty, Filter, Table

__all__ = ["claim", "drop", "show"]


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of the quarantine, with the product as people call it."""

    product: str
    way: str
    code: str
    waiting: int
    rows: int
    bytes: int
    oldest: Any


@require_GET
@administrators_only
def show(request: HttpRequest) -> HttpResponse:
    """Spool, names nobody has claimed, and the quarantine of all products."""
    config = settings.CONFIG
    here = local.local()
    context = {
        "spool": waiting(config.path(config.spool_url)),
        "cap_bytes": config.spool_cap_mb << 20,
        "alert_s": config.lag_alert_s,
        "counts": here.counters.snapshot() if here else None,
        "in_s": here.counters.rate("spooled") if here else 0,
        "out_s": here.counters.rate("inserted") if here else 0,
        "unclaimed": senders.unclaimed(limit=200),
        "table": _table(request),
        "rows_cap": config.quarantine_rows,
        "bytes_cap": config.quarantine_mb << 20,
        "tab": "collector",
        "help_page": "sending-events",
    }
    return render(request, "tracking/collector.html", context)


def _table(request: HttpRequest) -> Table:
    columns = [
        Column("product", gettext_lazy("Product"), sort=True, search=True, fixed=True),
        Column("way", gettext_lazy("Protocol"), sort=True),
        Column("code", pgettext_lazy("refused event", "Code"), sort=True, search=True),
        Column("waiting", gettext_lazy("Waiting"), kind="number", sort=True),
        Column("rows", gettext_lazy("All that is kept"), kind="number", sort=True),
        Column("bytes", gettext_lazy("Bytes"), kind="number", sort=True),
        Column("oldest", gettext_lazy("Oldest"), kind="when", sort=True),
    ]
    return Table(
        columns=columns,
        rows=_rows(),
        request=request,
        name="quarantine",
        filters=[Filter("way", gettext_lazy("Protocol"), [(p.label, p.label) for p in PROTOCOLS], "way")],
        sort="-waiting",
        empty=Empty(
            gettext_lazy("Nothing was refused"),
            gettext_lazy("What a product refuses, and what comes under a name nobody has claimed, is counted here."),
            icon="circle-check",
        ),
        caption=gettext_lazy("Refused events of all products"),
    )


def _rows() -> list[_Row]:
    found = caps.kept()
    names = dict(Product.objects.filter(pk__in={one.product for one in found}).values_list("pk", "name"))
    names[UNOWNED] = _("Nobody's yet")
    return [
        _Row(
            names.get(one.product, str(one.product)),
            protocol.label if (protocol := by_name(one.protocol)) else one.protocol,
            one.code,
            one.waiting,
            one.rows,
            one.bytes,
            one.oldest,
        )
        for one in found
    ]


class ClaimForm(forms.Form):
    """Whose name it is."""

    product = forms.ChoiceField(label=gettext_lazy("Product"))


@require_http_methods(["GET", "POST"])
@administrators_only
def claim(request: HttpRequest) -> HttpResponse:
    """What waits under one name, and the form that says which product it is."""
    protocol, name = _named(request)
    found = senders.unclaimed(protocol, name, limit=1)
    if not found:
        raise NotFound("sender.absent", msg("Nothing waits under this name any more."))
    owned = _owned(request)
    form = ClaimForm(request.POST or None)
    offer(form, "product", [(one.product.slug, one.product.name) for one in owned])
    if request.method == "POST" and form.is_valid():
        access = next(one for one in owned if one.product.slug == form.cleaned_data["product"])
        try:
            return _claimed(request, access, protocol, name)
        except YunyingError as error:
            form.add_error("product", _(error.message) % error.data)
    context = {
        "one": found[0],
        "examples": senders.examples(protocol, name),
        "form": form,
        "owned": owned,
        "tab": "collector",
        "help_page": "sending-events",
    }
    return render(request, "tracking/collector_name.html", context)


def _claimed(request: HttpRequest, access: ProductAccess, protocol: str, name: str) -> HttpResponse:
    senders.claim(access, protocol, name)
    taken = senders.take_waiting(access.product.pk, protocol, name)
    text = ngettext("%(n)d event that waited was taken.", "%(n)d events that waited were taken.", taken.taken)
    messages.success(request, text % {"n": taken.taken})
    if taken.refused:
        text = ngettext(
            "%(n)d was refused and is listed here.", "%(n)d were refused and are listed here.", taken.refused
        )
        messages.warning(request, text % {"n": taken.refused})
    if taken.left:
        product = access.product.pk
        enqueue(take_waiting, key=f"{protocol}:{name}", product_id=product, protocol=protocol, name=name)
        messages.info(request, _("The rest of them is taken in the background."))
    return redirect("tracking:refused" if taken.refused else "tracking:setup", product=access.product.slug)


@require_POST
@administrators_only
def drop(request: HttpRequest) -> HttpResponse:
    """Put aside what waits under a name nobody wants."""
    protocol, name = _named(request)
    count = senders.drop_waiting(protocol, name)
    messages.success(request, ngettext("%(n)d event was dropped.", "%(n)d events were dropped.", count) % {"n": count})
    return redirect("collector:show")


def _named(request: HttpRequest) -> tuple[str, str]:
    given = request.POST if "protocol" in request.POST else request.GET
    protocol, name = given.get("protocol", ""), given.get("name", "")
    if by_name(protocol) is None:
        raise InvalidInput("sender.name", msg("There is no such name of a sender."), field="name")
    return protocol, name


def _owned(request: HttpRequest) -> list[ProductAccess]:
    """Products whose keys and names this person may give out."""
    user, actor = user_of(request), actor_of(request)
    found = [product_for(user, actor, product.slug) for product in products_of(user)]
    return [access for access in found if access.may(Permission.MANAGE_PRODUCT)]
