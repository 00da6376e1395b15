"""Tiles: one by itself, which of them changed, and adding, changing, arranging and removing them."""

import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from yunying.apps.insights.access import metric_for, report_for
from yunying.apps.insights.dashboards import services
from yunying.apps.insights.dashboards.access import dashboard_for, tile_for
from yunying.apps.insights.dashboards.faces import Viewer
from yunying.apps.insights.dashboards.forms import TileForm
from yunying.apps.insights.dashboards.grid import Place
from yunying.apps.insights.dashboards.models import Dashboard, Kind, Tile
from yunying.apps.insights.dashboards.selectors import dashboards_of, variants_of
from yunying.apps.insights.dashboards.tiles import changed, shown_tile, sight_of, tiles_of
from yunying.apps.insights.dashboards.views.pages import url_of
from yunying.apps.insights.dashboards.views.state import state_in
from yunying.apps.insights.forms import add_problem
from yunying.base.errors import Conflict, InvalidInput, YunyingError, msg
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.http import product_view
from yunying.platform.ui.errors import problem_of
from yunying.platform.ui.page import render

__all__ = ["add", "arrange", "edit", "have_in", "put", "remove", "show", "what_changed"]


@require_GET
@product_view()
def show(request: HttpRequest, access: ProductAccess, dashboard_id: int, tile_id: int) -> HttpResponse:
    """The body of one tile under the address's filter bar, for htmx."""
    dashboard = dashboard_for(access, dashboard_id)
    tile = tile_for(access, dashboard, tile_id)
    state = state_in(request, variants_of(dashboard))
    shown = shown_tile(tile, sight_of(dashboard, state.bar, Viewer(access), [tile]), fresh="fresh" in request.GET)
    context = {"one": shown, "part_url": f"{request.path}?{state.query}"}
    return render(request, "insights/dashboards/_body.html", context)


@require_GET
@product_view()
def what_changed(request: HttpRequest, access: ProductAccess, dashboard_id: int) -> HttpResponse:
    """Which of the tiles that an open page has may show something else now; nothing at all (204) if none."""
    dashboard = dashboard_for(access, dashboard_id)
    state = state_in(request, variants_of(dashboard))
    tiles = tiles_of(dashboard)
    found = changed(tiles, sight_of(dashboard, state.bar, Viewer(access), tiles), have_in(request))
    return JsonResponse({"changed": found}) if found else HttpResponse(status=204)


def have_in(request: HttpRequest) -> dict[int, str]:
    """`have=12.5f3a,13.77bc`: the stamps of the tiles that a page shows."""
    pairs = (part.partition(".") for part in request.GET.get("have", "").split(","))
    return {int(tile): stamp for tile, _dot, stamp in pairs if tile.isdecimal()}


@require_http_methods(["GET", "HEAD", "POST"])
@product_view(Permission.EDIT_REPORTS)
def add(request: HttpRequest, access: ProductAccess, dashboard_id: int) -> HttpResponse:
    dashboard = dashboard_for(access, dashboard_id)
    kind = request.GET.get("kind", Kind.REPORT)
    kind = kind if kind in Kind.values else Kind.REPORT.value
    form = TileForm(request.POST or None, access=access, kind=kind)
    if request.method == "POST" and form.is_valid():
        try:
            services.add_tile(access=access, dashboard=dashboard, kind=kind, **_bound(access, form.cleaned_data))
        except YunyingError as error:
            add_problem(form, error)
        else:
            messages.success(request, _("The tile is on the dashboard."))
            return redirect(url_of(access, "dashboard", dashboard_id=dashboard.pk) + "?edit=1")
    return _form(request, access, dashboard, form, kind=kind, title=_("Add a tile"))


@require_http_methods(["GET", "HEAD", "POST"])
@product_view(Permission.EDIT_REPORTS)
def edit(request: HttpRequest, access: ProductAccess, dashboard_id: int, tile_id: int) -> HttpResponse:
    dashboard = dashboard_for(access, dashboard_id)
    tile = tile_for(access, dashboard, tile_id)
    start = TileForm.initial_of(tile, dashboard.version)
    form = TileForm(request.POST or None, access=access, kind=tile.kind, tile=tile, initial=start)
    if request.method == "POST" and form.is_valid():
        data = _bound(access, form.cleaned_data)
        version = data.pop("version") or 0
        try:
            services.update_tile(access=access, dashboard=dashboard, tile=tile, version=version, **data)
        except YunyingError as error:
            add_problem(form, error)
        else:
            messages.success(request, _("The tile is changed."))
            return redirect(url_of(access, "dashboard", dashboard_id=dashboard.pk) + "?edit=1")
    return _form(request, access, dashboard, form, kind=tile.kind, tile=tile, title=_("Change tile"))


@require_POST
@product_view(Permission.EDIT_REPORTS)
def remove(request: HttpRequest, access: ProductAccess, dashboard_id: int, tile_id: int) -> HttpResponse:
    dashboard = dashboard_for(access, dashboard_id)
    services.remove_tile(access=access, dashboard=dashboard, tile=tile_for(access, dashboard, tile_id))
    messages.success(request, _("The tile is removed."))
    return redirect(url_of(access, "dashboard", dashboard_id=dashboard.pk) + "?edit=1")


@require_POST
@product_view(Permission.EDIT_REPORTS)
def arrange(request: HttpRequest, access: ProductAccess, dashboard_id: int) -> HttpResponse:
    """Keep the layout that was made with mouse or keyboard."""
    dashboard = dashboard_for(access, dashboard_id)
    back = url_of(access, "dashboard", dashboard_id=dashboard.pk)
    version = request.POST.get("version", "")
    try:
        services.arrange(
            access=access,
            dashboard=dashboard,
            version=int(version) if version.isdecimal() else 0,
            places=_places(request.POST.get("places", "")),
        )
    except (InvalidInput, Conflict) as error:
        messages.error(request, problem_of(error).detail)
        return redirect(f"{back}?edit=1")
    messages.success(request, _("The layout is saved."))
    return redirect(back)


@require_http_methods(["GET", "HEAD", "POST"])
@product_view(Permission.EDIT_REPORTS)
def put(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    """Put a saved report or a metric (`?report=` or `?metric=`) on a dashboard that is chosen here."""
    query = request.POST if request.method == "POST" else request.GET
    report = report_for(access, int(query["report"])) if query.get("report", "").isdecimal() else None
    metric = metric_for(access, int(query["metric"])) if query.get("metric", "").isdecimal() else None
    if (report is None) == (metric is None):
        raise InvalidInput("tile.what", msg("Say which report or which metric to put on a dashboard."))
    dashboards = dashboards_of(access)
    if request.method == "POST":
        chosen = query.get("dashboard", "")
        if chosen.isdecimal():
            dashboard = dashboard_for(access, int(chosen))
        else:
            dashboard = services.create_dashboard(access=access, name=query.get("name", "") or _("Our numbers"))
        kind = Kind.REPORT if report else Kind.METRIC
        services.add_tile(access=access, dashboard=dashboard, kind=kind, report=report, metric=metric)
        messages.success(request, _("The tile is on the dashboard."))
        return redirect(url_of(access, "dashboard", dashboard_id=dashboard.pk))
    context = {"report": report, "metric": metric, "dashboards": dashboards, "help_page": "dashboards"}
    return render(request, "insights/dashboards/put.html", context)


def _bound(access: ProductAccess, data: dict[str, Any]) -> dict[str, Any]:
    """The form's data with report and metric fetched through their doors."""
    bound = dict(data)
    for name, door in (("report", report_for), ("metric", metric_for)):
        if name in bound:
            bound[name] = door(access, int(bound[name])) if bound[name] else None
    return bound


def _places(text: str) -> list[Place]:
    try:
        return [Place(*(int(row[name]) for name in ("id", "x", "y", "w", "h"))) for row in json.loads(text)[:200]]
    except (ValueError, TypeError, KeyError):
        raise InvalidInput("layout.unreadable", msg("The layout could not be read. Load the page again.")) from None


def _form(
    request: HttpRequest,
    access: ProductAccess,
    dashboard: Dashboard,
    form: TileForm,
    *,
    kind: str,
    title: str,
    tile: Tile | None = None,
) -> HttpResponse:
    context = {
        "form": form,
        "dashboard": dashboard,
        "tile": tile,
        "kind": kind,
        "kinds": Kind.choices,
        "title": title,
        "back": url_of(access, "dashboard", dashboard_id=dashboard.pk) + "?edit=1",
        "help_page": "dashboards",
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "insights/dashboards/tile_form.html", context, status=status)
