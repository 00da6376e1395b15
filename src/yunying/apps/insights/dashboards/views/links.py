"""Links to share: list, make, revoke."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from yunying.apps.insights.dashboards.access import dashboard_for, link_for
from yunying.apps.insights.dashboards.forms import LinkForm
from yunying.apps.insights.dashboards.models import Dashboard, ShareLink
from yunying.apps.insights.dashboards.selectors import variants_of
from yunying.apps.insights.dashboards.sharing import create_link, revoke_link
from yunying.apps.insights.dashboards.views.pages import url_of
from yunying.apps.insights.forms import add_problem
from yunying.base import clock
from yunying.base.errors import YunyingError
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.http import product_view
from yunying.platform.ui.page import render

__all__ = ["listing", "revoke"]


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
            return _page(request, access, dashboard, form, made=link, address=_address(request, secret))
    return _page(request, access, dashboard, form, status=422 if request.method == "POST" else 200)


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
    *,
    made: ShareLink | None = None,
    address: str = "",
    status: int = 200,
) -> HttpResponse:
    links = ShareLink.objects.filter(dashboard=dashboard, revoked_at=None).select_related("created_by")
    context = {
        "dashboard": dashboard,
        "form": form,
        "links": links.order_by("-pk"),
        "made": made,
        "address": address,
        "back": url_of(access, "dashboard", dashboard_id=dashboard.pk),
        "help_page": "dashboards",
    }
    return render(request, "insights/dashboards/links.html", context, status=status)
