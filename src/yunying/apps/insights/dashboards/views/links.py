"""Links to share: list, make, revoke."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from yunying.apps.insights.dashboards.access import dashboard_for, link_for
from yunying.apps.insights.dashboards.bar import Bar, bar_of
from yunying.apps.insights.dashboards.following import narrowed_in_words
from yunying.apps.insights.dashboards.forms import LinkForm
from yunying.apps.insights.dashboards.models import Dashboard, ShareLink, Variant
from yunying.apps.insights.dashboards.selectors import variants_of
from yunying.apps.insights.dashboards.sharing import create_link, revoke_link
from yunying.apps.insights.dashboards.views.pages import url_of
from yunying.apps.insights.dashboards.views.state import State
from yunying.apps.insights.forms import add_problem
from yunying.apps.insights.kinds import titles_for
from yunying.base import clock
from yunying.base.errors import YunyingError
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.http import product_view
from yunying.platform.ui.page import render

__all__ = ["listing", "revoke"]


@dataclass(frozen=True, slots=True)
class Listed:
    """A link with what it shows: the name of a saved state, the conditions where it is none, and the page itself."""

    link: ShareLink
    state: str
    narrowed: str
    url: str


@require_http_methods(["GET", "HEAD", "POST"])
@product_view(Permission.EDIT_REPORTS)
def listing(request: HttpRequest, access: ProductAccess, dashboard_id: int) -> HttpResponse:
    """The links of a dashboard and the form for a new one, whose address is shown this once."""
    dashboard = dashboard_for(access, dashboard_id)
    variants = variants_of(dashboard)
    form = LinkForm(request.POST or None, variants=variants)
    secret = ""
    if request.method == "POST" and form.is_valid():
        try:
            link, secret = _make(access, dashboard, form.cleaned_data, {str(one.pk): one.query for one in variants})
        except YunyingError as error:
            add_problem(form, error)
        else:
            form = LinkForm(variants=variants)
            return _page(request, access, dashboard, form, variants, made=link, address=_address(request, secret))
    return _page(request, access, dashboard, form, variants, status=422 if request.method == "POST" else 200)


@require_POST
@product_view(Permission.EDIT_REPORTS)
def revoke(request: HttpRequest, access: ProductAccess, dashboard_id: int, link_id: int) -> HttpResponse:
    dashboard = dashboard_for(access, dashboard_id)
    revoke_link(access=access, link=link_for(access, dashboard, link_id))
    messages.success(request, _("The link opens nothing any more."))
    return redirect(url_of(access, "dashboard_links", dashboard_id=dashboard.pk))


def _make(
    access: ProductAccess, dashboard: Dashboard, data: dict[str, Any], queries: dict[str, str]
) -> tuple[ShareLink, str]:
    days = int(data["expires"] or 0)
    return create_link(
        access=access,
        dashboard=dashboard,
        label=data["label"],
        query=queries.get(data["variant"], ""),
        password=data["password"],
        expires_at=clock.now() + timedelta(days=days) if days else None,
        origins=data["origins"].split(),
    )


def _address(request: HttpRequest, secret: str) -> str:
    return request.build_absolute_uri(reverse("shared:dashboard", args=[secret]))


def _page(
    request: HttpRequest,
    access: ProductAccess,
    dashboard: Dashboard,
    form: LinkForm,
    variants: Sequence[Variant],
    *,
    made: ShareLink | None = None,
    address: str = "",
    status: int = 200,
) -> HttpResponse:
    links = ShareLink.objects.filter(dashboard=dashboard, revoked_at=None).select_related("created_by")
    context = {
        "dashboard": dashboard,
        "form": form,
        "links": _listed(access, dashboard, links.order_by("-pk"), variants),
        "made": made,
        "address": address,
        "back": url_of(access, "dashboard", dashboard_id=dashboard.pk),
        "help_page": "dashboards",
    }
    return render(request, "insights/dashboards/links.html", context, status=status)


def _listed(
    access: ProductAccess, dashboard: Dashboard, links: Iterable[ShareLink], variants: Sequence[Variant]
) -> list[Listed]:
    named = {bar_of(QueryDict(one.query)): one for one in variants}
    here = url_of(access, "dashboard", dashboard_id=dashboard.pk)
    titles = titles_for(access.product)
    found = []
    for link in links:
        bar = bar_of(QueryDict(link.query))
        state = State(bar, named.get(bar))
        name = state.variant.name if state.variant else _unnamed(bar)
        narrowed = "" if state.variant else narrowed_in_words(bar, titles)
        found.append(Listed(link, name, narrowed, f"{here}?{state.query}"))
    return found


def _unnamed(bar: Bar) -> str:
    return _("The tiles as saved") if bar.empty else _("A choice that has no name")
