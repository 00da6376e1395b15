"""A dashboard as a file: a picture, a document or a workbook."""

from django.http import HttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from yunying.apps.insights.dashboards.bar import Bar
from yunying.apps.insights.dashboards.drawing import draw_page
from yunying.apps.insights.dashboards.faces import Face, Viewer
from yunying.apps.insights.dashboards.following import narrowed_in_words
from yunying.apps.insights.dashboards.grid import Place
from yunying.apps.insights.dashboards.models import Dashboard, Tile
from yunying.apps.insights.dashboards.sheets import leaves
from yunying.apps.insights.dashboards.tiles import faces_of, sight_of, tiles_of
from yunying.base import clock
from yunying.base.errors import InvalidInput, msg
from yunying.platform.accounts import limits
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.ui import formats
from yunying.platform.ui.exports import XLSX, file_name
from yunying.platform.ui.workbooks import workbook

__all__ = ["TYPES", "file_response"]

FILES_PER_MINUTE = 20
TYPES = {"png": "image/png", "pdf": "application/pdf", "xlsx": XLSX}


def file_response(
    *, access: ProductAccess, dashboard: Dashboard, bar: Bar, kind: str, variant: str = ""
) -> HttpResponse:
    """The dashboard under a filter bar as `png`, `pdf` or `xlsx` (a sheet for each tile), to be kept.

    `variant` is the name of the state that the bar is in. Raises InvalidInput for what cannot be made or looked at, and
    LimitReached when somebody asks for too many.
    """
    access.require(Permission.VIEW)
    if kind not in TYPES:
        raise InvalidInput("export.kind", msg("A dashboard can be saved as png, pdf or xlsx."), field="export")
    who = f"{access.actor.kind}-{access.actor.id}"
    limits.count("dashboards.export", who, most=FILES_PER_MINUTE, window_s=60)
    bar.check()
    with timezone.override(access.product.zone):
        tiles = tiles_of(dashboard)
        viewer = Viewer(access)
        faces = faces_of(tiles, sight_of(dashboard, bar, viewer, tiles))
        said = [access.product.name, variant, narrowed_in_words(bar, viewer.titles)]
        content, name = _content(dashboard, faces, kind, said), file_name(dashboard.name, kind)
    response = HttpResponse(content, content_type=TYPES[kind])
    response["Content-Disposition"] = content_disposition_header(True, name)
    return response


def _content(dashboard: Dashboard, faces: list[tuple[Tile, Face]], kind: str, said: list[str]) -> bytes:
    if kind == "xlsx":
        with workbook(leaves(face for _tile, face in faces)) as file:
            return bytes(file.read())
    laid = [(Place(tile.pk, tile.x, tile.y, tile.w, tile.h), face) for tile, face in faces]
    now = _("as of %(time)s") % {"time": formats.datetime(clock.now())}
    return draw_page(dashboard.name, " · ".join(part for part in (*said, now) if part), laid, kind)
