"""Dashboards: list, show, make, change, copy, delete, pin."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from yunying.apps.insights import words
from yunying.apps.insights.dashboards import services
from yunying.apps.insights.dashboards.access import dashboard_for
from yunying.apps.insights.dashboards.bar import MOST_FILTERS
from yunying.apps.insights.dashboards.faces import Viewer
from yunying.apps.insights.dashboards.following import narrowed_in_words
from yunying.apps.insights.dashboards.forms import DashboardForm
from yunying.apps.insights.dashboards.models import Dashboard
from yunying.apps.insights.dashboards.selectors import Listed, listed, variants_of
from yunying.apps.insights.dashboards.tiles import shown_tiles, sight_of, tiles_of
from yunying.apps.insights.dashboards.views.state import cohorts_in, state_in
from yunying.apps.insights.forms import add_problem
from yunying.base.errors import InvalidInput, YunyingError
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.http import product_view, user_of
from yunying.platform.ui.errors import problem_of
from yunying.platform.ui.page import is_htmx, render
from yunying.platform.ui.tables import Column, Empty, Table

__all__ = ["create", "delete", "duplicate", "edit", "listing", "pin", "show", "url_of"]


def url_of(access: ProductAccess, name: str, **kwargs: Any) -> str:
    """The address of a page of dashboards in this product."""
    return reverse(f"insights:{name}", kwargs={"product": access.product.slug, **kwargs})


@require_GET
@product_view()
def listing(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    may_edit = access.may(Permission.EDIT_REPORTS)
    empty = Empty(
        _("No dashboard yet"),
        _("A dashboard shows the numbers a team looks at together. Begin with one that fits your kind of product."),
        url_of(access, "dashboard_templates") if may_edit else "",
        _("Choose a template"),
        "layout-dashboard",
    )
    columns = [
        Column("pinned", _("Pinned"), template="insights/dashboards/_pin.html", export=False),
        Column(
            "name",
            _("Name"),
            sort=True,
            search=True,
            fixed=True,
            link=lambda one: url_of(access, "dashboard", dashboard_id=one.dashboard.pk),
        ),
        Column("tiles", _("Tiles"), kind="number", sort=True),
        Column("owner", _("Owner"), sort=True, search=True),
        Column("seen_at", _("You last saw it"), kind="ago", sort=True),
        Column("updated_at", _("Changed"), kind="ago", sort=True),
    ]
    rows: list[Listed] = listed(access, user_of(request).pk)
    table = Table(name="dashboards", caption=_("Dashboards"), request=request, rows=rows, columns=columns, empty=empty)
    return render(
        request,
        "insights/dashboards/list.html",
        {"table": table, "may_edit": may_edit, "help_page": "dashboards"},
    )


@require_GET
@product_view()
def show(request: HttpRequest, access: ProductAccess, dashboard_id: int) -> HttpResponse:
    dashboard = dashboard_for(access, dashboard_id)
    variants = variants_of(dashboard)
    state = state_in(request, variants)
    screen = "screen" in request.GET
    context: dict[str, Any] = {
        "dashboard": dashboard,
        "state": state,
        "variants": variants,
        "words": words,
        "cohorts": cohorts_in(access, state.bar),
        "comparisons": words.COMPARISONS[1:],
        "may_edit": access.may(Permission.EDIT_REPORTS),
        "editing": "edit" in request.GET and access.may(Permission.EDIT_REPORTS),
        "screen": screen,
        "filters_full": len(state.bar.filters) >= MOST_FILTERS,
        "known_range": state.bar.range in {value for value, _label in words.RANGES},
        "here": url_of(access, "dashboard", dashboard_id=dashboard.pk),
        "part_base": url_of(access, "dashboard", dashboard_id=dashboard.pk) + "tiles/",
        "changed_url": url_of(access, "dashboard_changed", dashboard_id=dashboard.pk) + f"?{state.query}",
        "help_page": "dashboards",
    }
    try:
        state.bar.check()
        tiles = tiles_of(dashboard)
        viewer = Viewer(access)
        context["shown"] = shown_tiles(tiles, sight_of(dashboard, state.bar, viewer, tiles))
        # The page has the bar itself; on the wall there is none.
        context["narrowed"] = narrowed_in_words(state.bar, viewer.titles) if screen else ""
    except InvalidInput as error:
        context["problem"] = problem_of(error)
    services.saw(dashboard=dashboard, user_id=user_of(request).pk)
    partial = "insights/dashboards/_work.html"
    page = "insights/dashboards/screen.html" if screen else "insights/dashboards/show.html"
    response = render(request, page, context, partial=partial)
    if is_htmx(request):
        response["HX-Push-Url"] = f"{request.path}?{state.query}"
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@product_view(Permission.EDIT_REPORTS)
def create(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    form = DashboardForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = {name: value for name, value in form.cleaned_data.items() if name != "version"}
        try:
            dashboard = services.create_dashboard(access=access, **data)
        except YunyingError as error:
            add_problem(form, error)
        else:
            return redirect(url_of(access, "dashboard", dashboard_id=dashboard.pk) + "?edit=1")
    return _form(request, form, title=_("New dashboard"), back=url_of(access, "dashboards"))


@require_http_methods(["GET", "HEAD", "POST"])
@product_view(Permission.EDIT_REPORTS)
def edit(request: HttpRequest, access: ProductAccess, dashboard_id: int) -> HttpResponse:
    dashboard = dashboard_for(access, dashboard_id)
    fields = ("name", "description", "refresh_min", "version")
    form = DashboardForm(request.POST or None, initial={name: getattr(dashboard, name) for name in fields})
    back = url_of(access, "dashboard", dashboard_id=dashboard.pk)
    if request.method == "POST" and form.is_valid():
        data = dict(form.cleaned_data)
        version = data.pop("version") or 0
        try:
            services.update_dashboard(access=access, dashboard=dashboard, version=version, **data)
        except YunyingError as error:
            add_problem(form, error)
        else:
            messages.success(request, _("The dashboard is changed."))
            return redirect(back)
    return _form(request, form, title=_("Change dashboard"), back=back, dashboard=dashboard)


@require_POST
@product_view(Permission.EDIT_REPORTS)
def duplicate(request: HttpRequest, access: ProductAccess, dashboard_id: int) -> HttpResponse:
    dashboard = dashboard_for(access, dashboard_id)
    name = (_("%(name)s (copy)") % {"name": dashboard.name})[:120]
    copy = services.duplicate_dashboard(access=access, dashboard=dashboard, name=name)
    messages.success(request, _("This is the copy. Give it a name of its own."))
    return redirect(url_of(access, "dashboard_edit", dashboard_id=copy.pk))


@require_POST
@product_view(Permission.EDIT_REPORTS)
def delete(request: HttpRequest, access: ProductAccess, dashboard_id: int) -> HttpResponse:
    services.delete_dashboard(access=access, dashboard=dashboard_for(access, dashboard_id))
    messages.success(request, _("The dashboard is deleted. Its reports and metrics stay."))
    return redirect(url_of(access, "dashboards"))


@require_POST
@product_view()
def pin(request: HttpRequest, access: ProductAccess, dashboard_id: int) -> HttpResponse:
    dashboard = dashboard_for(access, dashboard_id)
    services.pin(dashboard=dashboard, user_id=user_of(request).pk, pinned=request.POST.get("pinned") == "1")
    return redirect(url_of(access, "dashboards"))


def _form(
    request: HttpRequest, form: DashboardForm, *, dashboard: Dashboard | None = None, **more: Any
) -> HttpResponse:
    context = {"form": form, "dashboard": dashboard, "help_page": "dashboards", **more}
    status = 422 if request.method == "POST" else 200
    return render(request, "insights/dashboards/form.html", context, status=status)
