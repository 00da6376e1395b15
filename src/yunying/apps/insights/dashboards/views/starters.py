"""Dashboards from templates: what fits, what is missing, make."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from yunying.apps.insights.dashboards.starters import STARTERS, bind, bound, roles_in_words
from yunying.apps.insights.dashboards.starters import make as make_dashboard
from yunying.apps.insights.dashboards.views.pages import url_of
from yunying.base.errors import NotFound, msg
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.http import product_view
from yunying.platform.ui.page import render

__all__ = ["listing", "make"]


@require_GET
@product_view(Permission.EDIT_REPORTS)
def listing(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    """All templates, the one that most of is there for first, each with what binds and what is missing."""
    binding = bind(access)
    cards = []
    for starter in STARTERS:
        parts = [(part, roles_in_words(lacking)) for part, lacking in bound(starter, binding)]
        ready = sum(1 for _part, lacking in parts if not lacking)
        cards.append({"starter": starter, "parts": parts, "ready": ready, "share": ready / len(parts)})
    cards.sort(key=lambda card: -float(str(card["share"])))
    return render(request, "insights/dashboards/templates.html", {"cards": cards, "help_page": "dashboards"})


@require_POST
@product_view(Permission.EDIT_REPORTS)
def make(request: HttpRequest, access: ProductAccess, template: str) -> HttpResponse:
    starter = next((one for one in STARTERS if one.key == template), None)
    if starter is None:
        raise NotFound("template.absent", msg("There is no such template."))
    dashboard = make_dashboard(access=access, starter=starter, binding=bind(access))
    messages.success(request, _("The dashboard is made. Its reports are yours to change."))
    return redirect(url_of(access, "dashboard", dashboard_id=dashboard.pk))
