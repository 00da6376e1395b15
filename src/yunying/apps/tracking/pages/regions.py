"""The region files of the installation: upload, try an address, take away. For those who look after it."""

from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from yunying.apps.tracking import regions
from yunying.base.errors import NotFound, msg
from yunying.events.regions import Region, public_address
from yunying.platform.audit.services import record
from yunying.platform.console.forms import carry_out
from yunying.platform.console.jobs_pages import administrators_only
from yunying.platform.products.http import actor_of
from yunying.platform.ui.page import render

__all__ = ["remove", "show"]

KINDS = {
    "ip2region-4.xdb": gettext_lazy("ip2region for IPv4 (.xdb)"),
    "ip2region-6.xdb": gettext_lazy("ip2region for IPv6 (.xdb)"),
    "maxmind.mmdb": gettext_lazy("MaxMind or the same format (.mmdb)"),
}


class UploadForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("Region file"),
        help_text=gettext_lazy("An .xdb file of ip2region or an .mmdb file; its kind is read from its content."),
    )


class TryForm(forms.Form):
    address = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=45,
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": "1.2.4.8"}),
    )


@require_http_methods(["GET", "POST"])
@administrators_only
def show(request: HttpRequest) -> HttpResponse:
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    if request.method == "POST" and form.is_valid():
        slot = carry_out(form, _store, request=request, file=form.cleaned_data["file"])
        if slot is not None:
            messages.success(request, _("The file is in use within seconds, for events that arrive from then on."))
            return redirect("regions:show")
    trial = TryForm(request.GET if "address" in request.GET else None)
    context = {
        "slots": [(KINDS[slot.name], slot) for slot in regions.slots()],
        "form": form,
        "trial": trial,
        "found": _tried(trial.cleaned_data["address"]) if trial.is_valid() else None,
        "tab": "regions",
        "help_page": "devices-bots-regions",
    }
    return render(request, "tracking/regions.html", context, status=422 if form.errors else 200)


@require_POST
@administrators_only
def remove(request: HttpRequest, name: str) -> HttpResponse:
    if not regions.remove_region_file(name):
        raise NotFound("regions.absent", msg("There is no such region file."))
    record(actor_of(request), "region_file.removed", ("region_file", 0, name))
    messages.success(request, _("The file is removed. Events that arrive from now on get no region from it."))
    return redirect("regions:show")


@transaction.atomic
def _store(*, request: HttpRequest, file: Any) -> regions.RegionSlot:
    slot = regions.store_region_file(file.chunks())
    built = f"{slot.facts.built_at:%Y-%m-%d}" if slot.facts else ""
    after = {"file": file.name, "built": built, "size_bytes": slot.size_bytes}
    record(actor_of(request), "region_file.uploaded", ("region_file", 0, slot.name), after=after)
    return slot


def _tried(text: str) -> dict[str, Any]:
    """What the files say of an address, or why they say nothing."""
    address = public_address(text)
    if address is None:
        return {"text": text, "why": _("This is no address of the open internet; such have no region.")}
    region = regions.RegionBook.here().find(address)
    if region is None:
        return {"text": str(address), "why": _("No file knows a region of this address.")}
    return {"text": str(address), "rows": _facts(region)}


def _facts(region: Region) -> list[tuple[str, str]]:
    found = (
        ("$country", region.country),
        ("$region", region.region),
        ("$region_zh", region.region_zh),
        ("$city", region.city),
        ("$city_zh", region.city_zh),
        ("$timezone", region.timezone),
    )
    return [(name, value) for name, value in found if value]
