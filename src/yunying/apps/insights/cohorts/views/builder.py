"""The builder of a definition: conditions, how many people pass them, and a name to keep them under."""

import json
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from yunying.apps.insights import words
from yunying.apps.insights.cohorts import choices, services
from yunying.apps.insights.cohorts.access import cohort_for
from yunying.apps.insights.cohorts.form import CohortForm
from yunying.apps.insights.cohorts.forms import CohortSaveForm
from yunying.apps.insights.cohorts.models import Cohort
from yunying.apps.insights.cohorts.preview import Preview, preview
from yunying.apps.insights.cohorts.selectors import choices as cohort_choices
from yunying.apps.insights.cohorts.tasks import fill_cohort
from yunying.apps.insights.forms import add_problem
from yunying.apps.insights.kinds.form import Placed, address_of, edited, read
from yunying.apps.insights.kinds.rows import Unshowable
from yunying.base.errors import InvalidInput, YunyingError, msg
from yunying.engine import cohorts as engine
from yunying.platform.jobs import enqueue
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.http import product_view
from yunying.platform.ui.page import is_htmx, render

__all__ = ["create", "edit"]

LONGEST_DEFINITION = 50_000
PARTS = {"report-result": "insights/cohorts/_preview.html", "report-work": "insights/cohorts/_work.html"}


@dataclass(frozen=True, slots=True)
class Asked:
    """The definition an address describes; with `as_json` only its JSON can show it. `begun`: there is something."""

    form: CohortForm
    definition: dict[str, Any]
    begun: bool
    as_json: bool = False

    @property
    def placed(self) -> Placed:
        return Placed(self.form)

    @property
    def definition_json(self) -> str:
        return json.dumps(self.definition, ensure_ascii=False, separators=(",", ":"))

    @property
    def pretty(self) -> str:
        return json.dumps(self.definition, ensure_ascii=False, indent=2)


@require_http_methods(["GET", "HEAD", "POST"])
@product_view(Permission.EDIT_REPORTS)
def create(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    """A new cohort. `?definition=<json>` is what it begins with."""
    return _page(request, access, None)


@require_http_methods(["GET", "HEAD", "POST"])
@product_view(Permission.EDIT_REPORTS)
def edit(request: HttpRequest, access: ProductAccess, cohort_id: int) -> HttpResponse:
    cohort = cohort_for(access, cohort_id)
    if cohort.is_list:
        return redirect("insights:cohort", access.product.slug, cohort.pk)
    return _page(request, access, cohort)


def _page(request: HttpRequest, access: ProductAccess, cohort: Cohort | None) -> HttpResponse:
    start = {"name": cohort.name, "description": cohort.description, "version": cohort.version} if cohort else {}
    form = CohortSaveForm(request.POST or None, initial=start)
    if request.method == "POST":
        asked = asked_of(_posted(request))
        kept = _keep(request, access, form, cohort)
        if kept is not None:
            return redirect("insights:cohort", access.product.slug, kept.pk)
    else:
        asked = asked_in(request, cohort)
    shown = preview(access, asked.definition, cohort) if asked.begun else Preview()
    partial = PARTS.get(request.headers.get("HX-Target", ""))
    context = _context(request, access, asked, form, cohort, shown)
    status = 422 if request.method == "POST" else 200
    response = render(request, "insights/cohorts/builder.html", context, partial=partial, status=status)
    if is_htmx(request) and partial and not asked.as_json:
        response["HX-Push-Url"] = f"{request.path}?{address_of(asked.form)}"
    return response


def _context(
    request: HttpRequest,
    access: ProductAccess,
    asked: Asked,
    form: CohortSaveForm,
    cohort: Cohort | None,
    shown: Preview,
) -> dict[str, Any]:
    here = request.path
    others = [(number, name) for number, name in cohort_choices(access) if cohort is None or number != cohort.pk]
    return {
        "asked": asked,
        "form": asked.placed,
        "save_form": form,
        "cohort": cohort,
        "preview": shown,
        "here": here,
        "words": words,
        "choices": choices,
        "cohorts": others,
        "can_see": access.may(Permission.SEE_PEOPLE),
        "help_page": "cohorts",
    }


def asked_in(request: HttpRequest, cohort: Cohort | None) -> Asked:
    """What the address asks: fields of the form, a definition as JSON, or the cohort as it is kept."""
    query = request.GET
    if "definition" in query:
        return asked_of(_json(query["definition"]))
    if cohort is not None and not any(key != "do" for key in query):
        asked = asked_of(cohort.definition)
        if asked.as_json or not query.get("do"):
            return asked
        form = edited(asked.form, query["do"])
    else:
        form = edited(read(query, CohortForm), query.get("do", ""))
    return Asked(form, form.to_spec(), form.begun)


def asked_of(definition: dict[str, Any]) -> Asked:
    """A definition in the form, or as JSON where the form cannot show it."""
    form: CohortForm | None
    try:
        form = CohortForm.of_spec(engine.parse(definition).to_json())
    except InvalidInput:
        form = _as_it_is(definition)
    except Unshowable:
        form = None
    if form is None:
        return Asked(CohortForm(), definition, begun=True, as_json=True)
    return Asked(form, form.to_spec(), form.begun)


def _as_it_is(definition: dict[str, Any]) -> CohortForm | None:
    """What can be shown of a definition that the engine refuses, so that it can be put right."""
    try:
        return CohortForm.of_spec(definition)
    except (Unshowable, KeyError, TypeError, AttributeError, ValueError, StopIteration):
        return None


def _json(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text[:LONGEST_DEFINITION])
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise InvalidInput("cohort.json", msg("This is not a definition as a JSON object."), field="definition")
    return found


def _posted(request: HttpRequest) -> dict[str, Any]:
    return _json(request.POST.get("definition", ""))


def _keep(request: HttpRequest, access: ProductAccess, form: CohortSaveForm, cohort: Cohort | None) -> Cohort | None:
    """The cohort under its name; None when something has to be put right first."""
    if not form.is_valid():
        return None
    data = form.cleaned_data
    fields = {name: data[name] for name in ("name", "description", "definition")}
    try:
        if cohort is None:
            kept = services.create(access, **fields)
        else:
            kept = services.update(access=access, cohort=cohort, version=data["version"] or 0, **fields)
    except YunyingError as error:
        add_problem(form, error)
        return None
    enqueue(fill_cohort, key=f"cohort:{kept.pk}:{kept.version}", cohort_id=kept.pk)
    messages.success(request, _("The cohort “%(name)s” is saved.") % {"name": kept.name})
    return kept
