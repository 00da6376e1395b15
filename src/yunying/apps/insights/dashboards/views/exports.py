"""A dashboard as a file."""

import re
from typing import cast

from django.http import FileResponse, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from yunying.apps.insights.dashboards.access import dashboard_for
from yunying.apps.insights.dashboards.drawing import draw_page
from yunying.apps.insights.dashboards.faces import Viewer
from yunying.apps.insights.dashboards.grid import Place
from yunying.apps.insights.dashboards.selectors import variants_of
from yunying.apps.insights.dashboards.sheets import workbook
from yunying.apps.insights.dashboards.tiles import faces_of, sight_of, tiles_of
from yunying.apps.insights.dashboards.views.state import state_in
from yunying.base import clock
from yunying.base.errors import InvalidInput, msg
from yunying.platform.accounts import limits
from yunying.platform.products.access import ProductAccess
from yunying.platform.products.http import product_view, user_of
from yunying.platform.ui import formats
from yunying.platform.ui.exports import XLSX

__all__ = ["export"]

FILES_PER_MINUTE = 20
TYPES = {"png": "image/png", "pdf": "application/pdf", "xlsx": XLSX}


@require_GET
@product_view()
def export(request: HttpRequest, access: ProductAccess, dashboard_id: int) -> HttpResponse:
    """The dashboard under the address's filter bar: `?export=png`, `pdf` or `xlsx` (a sheet for each tile)."""
    dashboard = dashboard_for(access, dashboard_id)
    kind = request.GET.get("export", "")
    if kind not in TYPES:
        raise InvalidInput("export.kind", msg("A dashboard can be saved as png, pdf or xlsx."), field="export")
    limits.count("dashboards.export", str(user_of(request).pk), most=FILES_PER_MINUTE, window_s=60)
    state = state_in(request, variants_of(dashboard))
    state.bar.check()
    tiles = tiles_of(dashboard)
    faces = faces_of(tiles, sight_of(dashboard, state.bar, Viewer(access), tiles))
    name = f"{re.sub(r'[^A-Za-z0-9_-]+', '-', dashboard.name).strip('-') or 'dashboard'}-{clock.now():%Y%m%d}.{kind}"
    if kind == "xlsx":
        file = workbook([face for _tile, face in faces])
        book = FileResponse(file, as_attachment=True, filename=name, content_type=XLSX)
        # A view may answer with a stream; only the declared type of views does not say so.
        return cast(HttpResponse, book)
    laid = [(Place(tile.pk, tile.x, tile.y, tile.w, tile.h), face) for tile, face in faces]
    said = [access.product.name, state.variant.name if state.variant and not state.changed else ""]
    said.append(_("as of %(time)s") % {"time": formats.datetime(clock.now())})
    content = draw_page(dashboard.name, " · ".join(part for part in said if part), laid, kind)
    response = HttpResponse(content, content_type=TYPES[kind])
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
