"""Pages of privacy: what was erased, how long events are kept, and what one person may ask for."""

from collections.abc import Iterator
from typing import Any, cast

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from yunying.apps.tracking import selectors
from yunying.apps.tracking.access import person_for
from yunying.apps.tracking.models import Erasure, RetentionRule
from yunying.apps.tracking.privacy import retention
from yunying.apps.tracking.privacy.access import erasure_for, erasures_of, rule_for
from yunying.apps.tracking.privacy.export import everything_about
from yunying.apps.tracking.privacy.forms import EraseForm, RetentionForm
from yunying.apps.tracking.privacy.services import request_erasure
from yunying.base.errors import YunyingError
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.http import product_view
from yunying.platform.ui.errors import problem_of
from yunying.platform.ui.page import render
from yunying.platform.ui.tables import Column, Empty, Table

__all__ = ["drop_rule", "erase", "everything", "of_person", "privacy", "proof", "proof_file"]

HELP = "privacy"
# In the order in which people think of them; what else there is comes behind.
_PLACES = {
    "events": gettext_lazy("Events"),
    "arrivals": gettext_lazy("Live events"),
    "people": gettext_lazy("Copies of persons in the event store"),
    "persons": gettext_lazy("Persons"),
    "distinct ids": gettext_lazy("Ids"),
    "merges": gettext_lazy("Merges"),
    "moved": gettext_lazy("Notes of merges in the event store"),
    "cohort_members": gettext_lazy("Places in fixed lists"),
    "refused": gettext_lazy("Refused events"),
    "imported": gettext_lazy("Notes of imports"),
    "kept_days": gettext_lazy("Days that were counted before"),
    "files": gettext_lazy("Files of imports that were over"),
}


@require_http_methods(["GET", "POST"])
@product_view(Permission.MANAGE_DATA)
def privacy(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    """Erasures and how far they are; rules for how long events are kept."""
    names = [one.name for one in selectors.event_names(access.product.pk)]
    form = RetentionForm(request.POST or None, names=names) if access.may(Permission.MANAGE_PRODUCT) else None
    if request.method == "POST" and form and form.is_valid():
        try:
            retention.keep_for(access=access, **form.cleaned_data)
        except YunyingError as error:
            form.add_error(None, problem_of(error).detail)
        else:
            messages.success(request, _("The rule holds. What is past its time goes in the coming night."))
            return redirect("tracking:privacy", product=access.product.slug)
    rules = RetentionRule.objects.filter(product=access.product).order_by("event")
    context = {
        "table": _erasures(request, access),
        "rules": [(rule, retention.would_go(access.product.pk, rule.event, rule.days)) for rule in rules],
        "form": form,
        "help_page": HELP,
    }
    return render(request, "tracking/privacy.html", context, status=422 if form and form.errors else 200)


def _erasures(request: HttpRequest, access: ProductAccess) -> Table:
    def link(erasure: Erasure) -> str:
        return reverse("tracking:proof", args=[access.product.slug, erasure.pk])

    return Table(
        columns=(
            Column("pk", pgettext_lazy("of a job", "Number"), sort=True, link=link, fixed=True),
            Column("requested_at", gettext_lazy("Requested"), kind="when", sort=True),
            Column("requested_by", pgettext_lazy("erasure", "By"), value=lambda one: _who(one)),
            Column("reason", gettext_lazy("Reason"), search=True, wide=True),
            Column("state", gettext_lazy("State"), value=lambda one: str(state_of(one))),
        ),
        rows=erasures_of(access),
        request=request,
        name="erasures",
        sort="-requested_at",
        empty=Empty(
            gettext_lazy("Nobody was erased"),
            gettext_lazy("Erase a person from their own page, under People. What was done is listed here."),
            reverse("tracking:people", args=[access.product.slug]),
            pgettext_lazy("menu", "People"),
            icon="shield-check",
        ),
        caption=gettext_lazy("Erasures"),
    )


def _who(erasure: Erasure) -> str:
    return erasure.requested_by.shown_name if erasure.requested_by else "–"


def state_of(erasure: Erasure) -> Any:
    """How far an erasure is, in words."""
    if erasure.swept_at:
        return _("Complete")
    return _("Out of sight; written out of the files tonight") if erasure.hidden_at else _("Being erased")


@require_POST
@product_view(Permission.MANAGE_PRODUCT)
def drop_rule(request: HttpRequest, access: ProductAccess, rule: int) -> HttpResponse:
    """Keep these events for ever, from now on."""
    retention.keep_for_ever(access=access, rule=rule_for(access, rule))
    messages.success(request, _("The rule is removed. What is there now stays."))
    return redirect("tracking:privacy", product=access.product.slug)


@require_GET
@product_view(Permission.MANAGE_DATA)
def proof(request: HttpRequest, access: ProductAccess, erasure: int) -> HttpResponse:
    """What one erasure removed, place by place."""
    found = erasure_for(access, erasure)
    context = {
        "erasure": found,
        "who": _who(found),
        "state": state_of(found),
        "places": list(_places(found)),
        "left": found.proof.get("left"),
        "help_page": HELP,
    }
    return render(request, "tracking/privacy_proof.html", context)


def _places(erasure: Erasure) -> Iterator[tuple[Any, int]]:
    for name, label in _PLACES.items():
        if name in erasure.proof:
            yield label, erasure.proof[name]


@require_GET
@product_view(Permission.MANAGE_DATA)
def proof_file(request: HttpRequest, access: ProductAccess, erasure: int) -> HttpResponse:
    """The same as JSON, to be filed with the request."""
    found = erasure_for(access, erasure)
    response = JsonResponse(
        {
            "product": access.product.name,
            "erasure": found.pk,
            "requested_at": found.requested_at,
            "requested_by": _who(found),
            "reason": found.reason,
            "out_of_sight_at": found.hidden_at,
            "out_of_files_at": found.swept_at,
            "rows_removed": {name: rows for name, rows in found.proof.items() if name != "left"},
            "rows_left": found.proof.get("left"),
        }
    )
    response["Content-Disposition"] = f'attachment; filename="erasure-{found.pk}.json"'
    return response


# -- one person ----------------------------------------------------------------------------------------------------


@require_GET
@product_view(Permission.SEE_PEOPLE)
def of_person(request: HttpRequest, access: ProductAccess, number: int) -> HttpResponse:
    """The part of a person's page that says what they may ask for."""
    person = person_for(access, number)
    context = {"number": person.number, "may_erase": access.may(Permission.MANAGE_DATA)}
    return render(request, "tracking/_privacy.html", context)


@require_GET
@product_view(Permission.SEE_PEOPLE)
def everything(request: HttpRequest, access: ProductAccess, number: int) -> HttpResponse:
    """Everything about a person, as a ZIP."""
    person = person_for(access, number)
    name = f"person-{person.number}.zip"
    file = FileResponse(everything_about(access, person), as_attachment=True, filename=name)
    return cast("HttpResponse", file)


@require_http_methods(["GET", "POST"])
@product_view(Permission.MANAGE_DATA)
def erase(request: HttpRequest, access: ProductAccess, number: int) -> HttpResponse:
    """Ask once more, then erase."""
    person = person_for(access, number)
    form = EraseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            request_erasure(access=access, person=person, reason=form.cleaned_data["reason"])
        except YunyingError as error:
            form.add_error("reason", problem_of(error).detail)
        else:
            messages.success(request, _("The person is being erased. This page says how far it is."))
            return redirect("tracking:privacy", product=access.product.slug)
    context = {
        "person": selectors.rows_of([person])[0],
        "ids": [row.distinct_id for row in selectors.distinct_ids(access.product.pk, person.number)],
        "events": sum(count for _name, count in selectors.events_done(access.product.pk, number=person.number)),
        "form": form,
        "help_page": HELP,
    }
    return render(request, "tracking/privacy_erase.html", context, status=422 if form.errors else 200)
