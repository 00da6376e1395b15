"""A dashboard as a file."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from yunying.apps.insights.dashboards.access import dashboard_for
from yunying.apps.insights.dashboards.files import file_response
from yunying.apps.insights.dashboards.selectors import variants_of
from yunying.apps.insights.dashboards.views.state import state_in
from yunying.platform.products.access import ProductAccess
from yunying.platform.products.http import product_view

__all__ = ["export"]


@require_GET
@product_view()
def export(request: HttpRequest, access: ProductAccess, dashboard_id: int) -> HttpResponse:
    """The dashboard under the address's filter bar: `?export=png`, `pdf` or `xlsx`."""
    dashboard = dashboard_for(access, dashboard_id)
    state = state_in(request, variants_of(dashboard))
    shown = state.variant.name if state.variant and not state.changed else ""
    kind = request.GET.get("export", "")
    return file_response(access=access, dashboard=dashboard, bar=state.bar, kind=kind, variant=shown)
