"""Pages of cycles."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from yunying.apps.goals import pictures, services
from yunying.apps.goals.access import cycle_for
from yunying.apps.goals.cycles import CycleCard, cycle_cards, proposed
from yunying.apps.goals.forms.cycles import CloseCycleForm, CycleForm
from yunying.apps.goals.models import Cycle, CycleKind
from yunying.apps.goals.standing import today_in
from yunying.apps.goals.views.common import closed, form_page, get_or_post, page_url, to
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.http import product_view
from yunying.platform.ui.page import render


@require_GET
@product_view()
def cycles(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    context = {
        "cycles": cycle_cards(access),
        "may_edit": access.may(Permission.EDIT_GOALS),
        "help_page": "okr-cycles",
    }
    return render(request, "goals/cycles.html", context)


@get_or_post
@product_view(Permission.EDIT_GOALS)
def create(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    form = CycleForm(request.POST or None, initial=_offered(request, access))

    def save() -> HttpResponse:
        cycle = services.create_cycle(access=access, **form.values())
        messages.success(request, _("The cycle is made. Set its goals, or carry some over from the one before."))
        return to("goals:cycle", access, cycle_id=cycle.pk)

    return _form(request, access, form, save, title=_("New cycle"), back=page_url("goals:cycles", access))


@require_GET
@product_view()
def cycle(request: HttpRequest, access: ProductAccess, cycle_id: int) -> HttpResponse:
    card = _card(access, cycle_for(access, cycle_id))
    context = {
        "card": card,
        "cycle": card.cycle,
        "table": pictures.cycle_table(request, access, card.cards),
        "others": Cycle.objects.filter(product=access.product, closed_at=None).exclude(pk=cycle_id).order_by("start"),
        "may_edit": access.may(Permission.EDIT_GOALS),
        "help_page": "okr-cycles",
    }
    return render(request, "goals/cycle.html", context)


@get_or_post
@product_view(Permission.EDIT_GOALS)
def edit(request: HttpRequest, access: ProductAccess, cycle_id: int) -> HttpResponse:
    found = cycle_for(access, cycle_id)
    start = {name: getattr(found, name) for name in ("name", "kind", "start", "due", "version")}
    form = CycleForm(request.POST or None, initial=start)

    def save() -> HttpResponse:
        version = form.cleaned_data["version"]
        services.update_cycle(access=access, cycle=found, version=version, **form.values())
        messages.success(request, _("The cycle is changed."))
        return to("goals:cycle", access, cycle_id=found.pk)

    back = page_url("goals:cycle", access, cycle_id=found.pk)
    return _form(request, access, form, save, title=_("Change cycle"), back=back, refusal=closed(found))


@get_or_post
@product_view(Permission.EDIT_GOALS)
def close(request: HttpRequest, access: ProductAccess, cycle_id: int) -> HttpResponse:
    card = _card(access, cycle_for(access, cycle_id))
    cards = [one for one in card.cards if one.is_open]
    form = CloseCycleForm(
        request.POST or None, access=access, cycle=card.cycle, cards=cards, initial=_offered_end(card)
    )

    def save() -> HttpResponse:
        chosen = form.cleaned_data["next"]
        services.close_cycle(
            access=access,
            cycle=card.cycle,
            decisions=form.decisions(),
            review=form.cleaned_data["review"],
            following=cycle_for(access, chosen) if chosen else None,
        )
        messages.success(request, _("The cycle is closed."))
        return to("goals:cycle", access, cycle_id=card.cycle.pk)

    back = page_url("goals:cycle", access, cycle_id=card.cycle.pk)
    page: dict[str, Any] = {"card": card, "cycle": card.cycle, "title": _("Close the cycle")}
    refusal = closed(card.cycle)
    return form_page(request, "goals/cycle_close.html", form, save, back=back, refusal=refusal, **page)


@require_POST
@product_view(Permission.EDIT_GOALS)
def reopen(request: HttpRequest, access: ProductAccess, cycle_id: int) -> HttpResponse:
    services.reopen_cycle(access=access, cycle=cycle_for(access, cycle_id))
    messages.success(request, _("The cycle is open again. Its goals stay closed until you open them."))
    return to("goals:cycle", access, cycle_id=cycle_id)


@require_POST
@product_view(Permission.EDIT_GOALS)
def delete(request: HttpRequest, access: ProductAccess, cycle_id: int) -> HttpResponse:
    services.delete_cycle(access=access, cycle=cycle_for(access, cycle_id))
    messages.success(request, _("The cycle is deleted. Its goals are kept."))
    return to("goals:cycles", access)


def _card(access: ProductAccess, cycle: Cycle) -> CycleCard:
    return next(card for card in cycle_cards(access) if card.cycle.pk == cycle.pk)


def _offered(request: HttpRequest, access: ProductAccess) -> dict[str, Any]:
    """The cycle after the last one, of the same kind, or of the kind that was chosen."""
    last = Cycle.objects.filter(product=access.product).first()
    asked = request.GET.get("kind", "")
    kind = asked if asked in CycleKind.values else last.kind if last else CycleKind.QUARTER.value
    day = last.due + timedelta(days=1) if last else today_in(access.product.timezone)
    found = proposed(kind, day)
    return {"name": found.name, "kind": found.kind, "start": found.start, "due": found.due}


def _offered_end(card: CycleCard) -> dict[str, Any]:
    """What most probably became of each open goal, by its progress."""
    found: dict[str, Any] = {"review": card.cycle.review}
    for one in card.cards:
        found[f"status_{one.goal.pk}"] = pictures.likely_outcome(one)
        found[f"score_{one.goal.pk}"] = None if one.progress is None else round(one.progress, 2)
    return found


def _form(request: HttpRequest, access: ProductAccess, form: CycleForm, save: Any, **context: Any) -> HttpResponse:
    crumbs = [(_("Cycles"), page_url("goals:cycles", access))]
    return form_page(request, "goals/form.html", form, save, crumbs=crumbs, **context)
