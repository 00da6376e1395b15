"""Saved states of the filter bar."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from yunying.apps.insights.dashboards import services
from yunying.apps.insights.dashboards.access import dashboard_for, variant_for
from yunying.apps.insights.dashboards.bar import bar_of
from yunying.apps.insights.dashboards.views.pages import url_of
from yunying.base.errors import InvalidInput, LimitReached
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.http import product_view
from yunying.platform.ui.errors import problem_of

__all__ = ["delete", "save"]


@require_POST
@product_view(Permission.EDIT_REPORTS)
def save(request: HttpRequest, access: ProductAccess, dashboard_id: int) -> HttpResponse:
    dashboard = dashboard_for(access, dashboard_id)
    here = url_of(access, "dashboard", dashboard_id=dashboard.pk)
    bar = bar_of(QueryDict(request.POST.get("query", "")))
    try:
        variant = services.save_variant(
            access=access,
            dashboard=dashboard,
            name=request.POST.get("name", ""),
            query=bar.query,
            default="default" in request.POST,
        )
    except (InvalidInput, LimitReached) as error:
        messages.error(request, problem_of(error).detail)
        return redirect(f"{here}?{bar.query}")
    messages.success(request, _("The variant “%(name)s” is saved.") % {"name": variant.name})
    return redirect(f"{here}?variant={variant.pk}")


@require_POST
@product_view(Permission.EDIT_REPORTS)
def delete(request: HttpRequest, access: ProductAccess, dashboard_id: int, variant_id: int) -> HttpResponse:
    dashboard = dashboard_for(access, dashboard_id)
    services.delete_variant(access=access, dashboard=dashboard, variant=variant_for(access, dashboard, variant_id))
    messages.success(request, _("The variant is deleted."))
    return redirect(url_of(access, "dashboard", dashboard_id=dashboard.pk) + "?bar=1")
