"""Dashboards by mail: list, order, end."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from yunying.apps.insights.dashboards.access import dashboard_for, subscription_for, variant_for
from yunying.apps.insights.dashboards.forms import SubscriptionForm
from yunying.apps.insights.dashboards.selectors import variants_of
from yunying.apps.insights.dashboards.subscriptions import ready_now, subscribe, unsubscribe, visible
from yunying.apps.insights.dashboards.tasks import soon
from yunying.apps.insights.dashboards.views.pages import url_of
from yunying.apps.insights.forms import add_problem
from yunying.base.errors import LimitReached, YunyingError
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.http import product_view, user_of
from yunying.platform.products.selectors import product_members
from yunying.platform.ui.errors import problem_of
from yunying.platform.ui.page import render

__all__ = ["end", "listing", "send"]


@require_http_methods(["GET", "HEAD", "POST"])
@product_view()
def listing(request: HttpRequest, access: ProductAccess, dashboard_id: int) -> HttpResponse:
    """The subscriptions of a dashboard and the form for a new one; who may only look orders for themselves."""
    dashboard = dashboard_for(access, dashboard_id)
    me = user_of(request)
    members = [one.user for one in product_members(access)] if access.may(Permission.EDIT_REPORTS) else [me]
    people = members if me in members else [me, *members]
    form = SubscriptionForm(request.POST or None, people=people, variants=variants_of(dashboard), me=me)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            subscribe(
                access=access,
                dashboard=dashboard,
                user_ids=[int(one) for one in data["people"]],
                weekdays=[int(one) for one in data["weekdays"]],
                hour=data["hour"],
                variant=variant_for(access, dashboard, int(data["variant"])) if data["variant"] else None,
                skip_holidays=data["skip_holidays"],
            )
        except YunyingError as error:
            add_problem(form, error)
        else:
            messages.success(request, _("The mails are ordered."))
            return redirect(url_of(access, "dashboard_mails", dashboard_id=dashboard.pk))
    context = {
        "dashboard": dashboard,
        "form": form,
        "subscriptions": visible(access, dashboard),
        "may_edit": access.may(Permission.EDIT_REPORTS),
        "back": url_of(access, "dashboard", dashboard_id=dashboard.pk),
        "help_page": "dashboards",
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "insights/dashboards/mails.html", context, status=status)


@require_POST
@product_view()
def end(request: HttpRequest, access: ProductAccess, dashboard_id: int, subscription_id: int) -> HttpResponse:
    dashboard = dashboard_for(access, dashboard_id)
    unsubscribe(access=access, subscription=subscription_for(access, dashboard, subscription_id))
    messages.success(request, _("These mails have ended."))
    return redirect(url_of(access, "dashboard_mails", dashboard_id=dashboard.pk))


@require_POST
@product_view()
def send(request: HttpRequest, access: ProductAccess, dashboard_id: int, subscription_id: int) -> HttpResponse:
    """The mails of a subscription once, now."""
    dashboard = dashboard_for(access, dashboard_id)
    try:
        soon(ready_now(access=access, subscription=subscription_for(access, dashboard, subscription_id)).pk)
    except LimitReached as error:
        messages.error(request, problem_of(error).detail)
    else:
        messages.success(request, _("The mails are on their way."))
    return redirect(url_of(access, "dashboard_mails", dashboard_id=dashboard.pk))
