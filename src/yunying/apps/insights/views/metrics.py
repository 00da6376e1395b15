"""Metrics: list, pin, show, change, delete."""

import json
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from yunying.apps.insights import services
from yunying.apps.insights.access import metric_for
from yunying.apps.insights.dashboards.annotations import noted
from yunying.apps.insights.forms import MetricForm, add_problem
from yunying.apps.insights.freshness import today_of
from yunying.apps.insights.kinds import named, page_kind, page_url, titles_for
from yunying.apps.insights.models import Metric, Window
from yunying.apps.insights.pictures import metric_card, metric_chart, metric_spans
from yunying.apps.insights.questions import asked_over, checked_question, suggested_unit
from yunying.apps.insights.recent import period_of, points_of, try_to_refresh, what_changed
from yunying.apps.insights.selectors import metrics_of
from yunying.apps.insights.views.asked import asked_in, asked_of, spec_in
from yunying.base.errors import InvalidInput, YunyingError
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.http import product_view
from yunying.platform.ui.errors import problem_of
from yunying.platform.ui.page import render


@require_GET
@product_view()
def listing(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    metrics = metrics_of(access)
    cards = [metric_card(access, metric) for metric in metrics]
    return render(request, "insights/metrics.html", {"cards": cards, "help_page": "metrics"})


@require_GET
@product_view()
def show(request: HttpRequest, access: ProductAccess, metric_id: int) -> HttpResponse:
    metric = metric_for(access, metric_id)
    if metric.recent_at is None:
        try_to_refresh(metric)
    said = named(metric.question, titles_for(access.product))
    chart = metric_chart(metric)
    context = {
        "metric": metric,
        "definition": page_kind(said["kind"]).definition(said),
        "chart": noted(chart, access.product, metric_spans(metric)) if chart else None,
        "change": what_changed(metric),
        "trends_url": _trends_of(access, metric),
        "question": json.dumps(metric.question, ensure_ascii=False, indent=2),
        "may_edit": access.may(Permission.EDIT_REPORTS),
        "help_page": "metrics",
    }
    return render(request, "insights/metric.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@product_view(Permission.EDIT_REPORTS)
def create(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    """Pin the question of the address (or of the sent form) as a metric."""
    spec = spec_in(request.POST.get("spec", "")) if request.method == "POST" else asked_in(request, access).spec
    unit, direction, window = suggested_unit(spec)
    asked = asked_of(spec)
    back = f"{page_url(access, asked.kind.name)}?{asked.query}"
    if request.method != "POST" and (refusal := _refusal(spec, window)):
        messages.error(request, refusal)
        return redirect(back)
    start = {"unit": unit, "direction": direction, "window": window, "currency": access.product.currency}
    start["spec"] = json.dumps(spec, ensure_ascii=False)
    said = named(spec, titles_for(access.product))
    form = MetricForm(request.POST or None, question=said, initial=start)
    if request.method == "POST" and form.is_valid():
        data = {name: value for name, value in form.cleaned_data.items() if name not in ("spec", "version")}
        try:
            metric = services.create_metric(access=access, spec=spec, **data)
        except YunyingError as error:
            add_problem(form, error)
        else:
            try_to_refresh(metric)
            messages.success(request, _("The metric “%(name)s” is pinned.") % {"name": metric.name})
            return redirect(_url("insights:metric", access, metric_id=metric.pk))
    return _form(request, form, title=_("Pin as metric"), back=back)


def _refusal(spec: dict[str, Any], window: Window) -> str:
    """What to change at the question before it can be a metric, told where it can be changed."""
    try:
        checked_question(spec, window=window)
    except InvalidInput as error:
        return problem_of(error).detail if error.field == "question" else ""
    return ""


@require_http_methods(["GET", "HEAD", "POST"])
@product_view(Permission.EDIT_REPORTS)
def edit(request: HttpRequest, access: ProductAccess, metric_id: int) -> HttpResponse:
    metric = metric_for(access, metric_id)
    form = MetricForm(request.POST or None, initial=MetricForm.initial_of(metric))
    back = _url("insights:metric", access, metric_id=metric.pk)
    if request.method == "POST" and form.is_valid():
        data = {name: value for name, value in form.cleaned_data.items() if name not in ("spec", "line", "version")}
        try:
            services.update_metric(access=access, metric=metric, version=form.cleaned_data["version"] or 0, **data)
        except YunyingError as error:
            add_problem(form, error)
        else:
            try_to_refresh(metric)
            messages.success(request, _("The metric is changed."))
            return redirect(back)
    return _form(request, form, title=_("Change metric"), back=back)


@require_POST
@product_view(Permission.EDIT_REPORTS)
def delete(request: HttpRequest, access: ProductAccess, metric_id: int) -> HttpResponse:
    metric = metric_for(access, metric_id)
    try:
        services.delete_metric(access=access, metric=metric)
    except YunyingError as error:
        messages.error(request, _(error.message))
        return redirect(_url("insights:metric", access, metric_id=metric_id))
    messages.success(request, _("The metric is deleted."))
    return redirect(_url("insights:metrics", access))


def _form(request: HttpRequest, form: MetricForm, **context: Any) -> HttpResponse:
    status = 422 if request.method == "POST" else 200
    return render(
        request, "insights/metric_form.html", {"form": form, "help_page": "metrics", **context}, status=status
    )


def _trends_of(access: ProductAccess, metric: Metric) -> str:
    """The metric's question on the trends page, over the periods that its own page shows."""
    points = points_of(metric)
    end = points[-1].on if points else today_of(access.product)
    start = points[0].on if points else end - timedelta(days=30)
    spec = asked_over(metric.question, start, end, period_of(metric))
    if spec["kind"] == "trends":
        spec["display"] = "series"
    asked = asked_of(spec)
    return f"{page_url(access, asked.kind.name)}?metric={metric.pk}&{asked.query}"


def _url(name: str, access: ProductAccess, **kwargs: Any) -> str:
    return reverse(name, kwargs={"product": access.product.slug, **kwargs})
