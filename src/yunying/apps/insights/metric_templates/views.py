"""The page "start from a template": the kind of product, what binds, a number for each, and metrics of the chosen."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from yunying.apps.insights.metric_templates.binding import Binding
from yunying.apps.insights.metric_templates.catalogue import Kind, Template, templates_of
from yunying.apps.insights.metric_templates.choices import binding_of, choices_of, need_label
from yunying.apps.insights.metric_templates.drafts import existing, preview_of
from yunying.apps.insights.metric_templates.services import create_from
from yunying.apps.insights.models import Metric
from yunying.apps.insights.recent import try_to_refresh
from yunying.apps.insights.units import shown
from yunying.base.errors import NotFound, YunyingError, msg
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.http import product_view
from yunying.platform.ui.errors import problem_of
from yunying.platform.ui.page import render

_HELP = "metric-templates"


@dataclass(frozen=True, slots=True)
class Line:
    """One template as the page shows it."""

    template: Template
    missing: list[str]
    metric: Metric | None
    preview_url: str
    number: str = ""


@require_http_methods(["GET", "POST"])
@product_view(Permission.EDIT_REPORTS)
def page(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    """Without a kind, the kinds to choose from."""
    kind = _kind(request.GET.get("kind", ""))
    if kind is None:
        return render(request, "insights/templates_of_metrics.html", {"kinds": Kind.choices, "help_page": _HELP})
    binding = binding_of(request, access)
    templates = templates_of(kind)
    if request.method == "POST":
        chosen = [one for one in templates if one.key in request.POST.getlist("template")]
        ready = [one for one in chosen if not binding.missing(one)]
        return _created(request, access, binding, ready)
    known = existing(binding, templates)
    used = [need for one in templates for need in one.needs]
    context = {
        "kinds": Kind.choices,
        "kind": kind,
        "lines": [_line(request, access, binding, one, known.get(one.key)) for one in templates],
        "choices": choices_of(binding, used),
        "events": binding.events,
        "asked": request.GET.urlencode(),
        "help_page": _HELP,
    }
    return render(request, "insights/templates_of_metrics.html", context)


@require_GET
@product_view(Permission.EDIT_REPORTS)
def preview(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    """The number of one template, for the place that waits for it."""
    kind, key = _kind(request.GET.get("kind", "")), request.GET.get("key", "")
    if not key:
        return render(request, "insights/_template_number.html", {"number": ""})
    template = next((one for one in templates_of(kind) if one.key == key), None) if kind else None
    if template is None:
        raise NotFound("template.absent", msg("There is no such template."))
    binding = binding_of(request, access)
    number = "" if binding.missing(template) else _number(access, binding, template)
    return render(request, "insights/_template_number.html", {"number": number})


def _kind(text: str) -> Kind | None:
    return Kind(text) if text in Kind.values else None


def _line(
    request: HttpRequest, access: ProductAccess, binding: Binding, template: Template, metric: Metric | None
) -> Line:
    missing = [need_label(need) for need in binding.missing(template)]
    query = request.GET.copy()
    query["key"] = template.key
    url = reverse("insights:template_preview", kwargs={"product": access.product.slug})
    # Browsers without scripts ask for all numbers at once.
    number = _number(access, binding, template) if "numbers" in request.GET and not missing else ""
    return Line(template, missing, metric, f"{url}?{query.urlencode()}", number)


def _number(access: ProductAccess, binding: Binding, template: Template) -> str:
    try:
        point = preview_of(access, binding, template)
    except YunyingError as error:
        return problem_of(error).detail
    return shown(point.value if point else None, template.unit, binding.currency(template))


def _created(request: HttpRequest, access: ProductAccess, binding: Binding, chosen: list[Template]) -> HttpResponse:
    if not chosen:
        messages.error(request, _("Tick the templates to make metrics of."))
        return redirect(request.get_full_path())
    made, refused = create_from(access=access, binding=binding, templates=chosen)
    for metric in made:
        try_to_refresh(metric)
    for one in refused:
        messages.error(request, f"{one.template.name}: {one.text}")
    if not made:
        return redirect(request.get_full_path())
    text = ngettext("%(count)d metric was made.", "%(count)d metrics were made.", len(made))
    messages.success(request, text % {"count": len(made)})
    return redirect("insights:metrics", product=access.product.slug)
