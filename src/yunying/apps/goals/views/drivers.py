"""Pages of the north star and its drivers."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET, require_POST

from yunying.apps.goals import drivers, services
from yunying.apps.goals.access import driver_for
from yunying.apps.goals.drivers import DriverCard
from yunying.apps.goals.forms.drivers import DriverForm
from yunying.apps.goals.models import Driver
from yunying.apps.goals.views.common import form_page, get_or_post, page_url, to
from yunying.apps.insights.selectors import Window
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.http import product_view
from yunying.platform.ui.page import render
from yunying.platform.ui.tables import Column, Table


@require_GET
@product_view()
def north_star(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    asked = request.GET.get("by", "")
    period = Window(asked) if asked in drivers.PERIODS else None
    root = drivers.north_star(access, period)
    context: dict[str, Any] = {
        "root": root,
        "periods": drivers.PERIODS,
        "period": period or (drivers.own_period(root.driver.metric) if root else None),
        "may_edit": access.may(Permission.EDIT_GOALS),
        "help_page": "north-star",
    }
    if root:
        context["table"] = _table(request, root)
    return render(request, "goals/north_star.html", context)


@get_or_post
@product_view(Permission.EDIT_GOALS)
def add(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    start = {"parent": request.GET.get("parent"), "owner": access.actor.id}
    form = DriverForm(request.POST or None, access=access, initial=start)

    def save() -> HttpResponse:
        services.add_driver(access=access, metric_id=form.cleaned_data["metric"], **form.values())
        messages.success(request, _("The metric is in the tree."))
        return to("goals:north_star", access)

    return _form(request, access, form, save, title=_("Add a driver"))


@get_or_post
@product_view(Permission.EDIT_GOALS)
def edit(request: HttpRequest, access: ProductAccess, driver_id: int) -> HttpResponse:
    driver = driver_for(access, driver_id)
    form = DriverForm(request.POST or None, access=access, driver=driver, initial=_initial(driver))

    def save() -> HttpResponse:
        version = form.cleaned_data["version"]
        services.update_driver(access=access, driver=driver, version=version, **form.values())
        messages.success(request, _("The driver is changed."))
        return to("goals:north_star", access)

    return _form(request, access, form, save, title=_("Change driver"))


@require_POST
@product_view(Permission.EDIT_GOALS)
def remove(request: HttpRequest, access: ProductAccess, driver_id: int) -> HttpResponse:
    services.remove_driver(access=access, driver=driver_for(access, driver_id))
    messages.success(request, _("The driver is out of the tree. Its metric is kept."))
    return to("goals:north_star", access)


def _initial(driver: Driver) -> dict[str, Any]:
    return {
        "metric": driver.metric_id,
        "parent": driver.parent_id,
        "relation": driver.relation,
        "owner": driver.owner_id,
        "note": driver.note,
        "version": driver.version,
    }


def _form(request: HttpRequest, access: ProductAccess, form: DriverForm, save: Any, **context: Any) -> HttpResponse:
    back = page_url("goals:north_star", access)
    crumbs = [(_("North star"), back)]
    return form_page(request, "goals/form.html", form, save, back=back, crumbs=crumbs, **context)


def _table(request: HttpRequest, root: DriverCard) -> Table:
    columns = [
        Column("name", _("Metric"), lambda card: card.driver.metric.name, sort=True, search=True, fixed=True),
        Column("drives", _("Drives"), lambda card: card.above.name if card.above else "", sort=True, search=True),
        Column("how", _("How"), lambda card: card.driver.get_relation_display() if card.above else "", sort=True),
        Column("value", _("Last period"), "value"),
        Column("before", _("Period before"), "before"),
        Column("change", pgettext("of a number", "Change"), "change", kind="percent", sort=True),
        Column("brings", _("Brings to the change above"), "brings_text"),
        Column("owner", _("Owner"), lambda card: card.driver.owner.shown_name if card.driver.owner else "", sort=True),
        Column("on", _("Until"), "on", kind="date"),
    ]
    rows = root.all()
    return Table(name="drivers", caption=_("Drivers"), columns=columns, rows=rows, request=request)
