"""Annotations: list, make, change, delete."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from yunying.apps.insights.dashboards import notes
from yunying.apps.insights.dashboards.access import annotation_for, dashboard_for
from yunying.apps.insights.dashboards.forms import AnnotationForm
from yunying.apps.insights.dashboards.models import Annotation
from yunying.apps.insights.dashboards.selectors import dashboards_of
from yunying.apps.insights.dashboards.views.pages import url_of
from yunying.apps.insights.forms import add_problem
from yunying.apps.insights.freshness import today_of
from yunying.base.errors import YunyingError
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.http import product_view
from yunying.platform.ui.page import render
from yunying.platform.ui.tables import Column, Empty, Filter, Table

__all__ = ["create", "delete", "edit", "listing"]


@require_GET
@product_view()
def listing(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    may_edit = access.may(Permission.EDIT_REPORTS)
    rows = Annotation.objects.filter(product=access.product).select_related("dashboard", "created_by")
    table = Table(
        name="annotations",
        caption=_("Notes on days"),
        request=request,
        rows=rows,
        sort="-day",
        filters=[Filter("dashboard", _("Dashboard"), [(str(one.pk), one.name) for one in dashboards_of(access)])],
        empty=Empty(
            _("No note yet"),
            _("Note what happened on a day, such as a release or an outage: it is marked on all charts over time."),
            url_of(access, "annotation_create") if may_edit else "",
            _("Write the first note"),
            "flag",
        ),
        columns=[
            Column("day", _("Day"), kind="date", sort=True),
            Column(
                "text",
                _("Text"),
                wide=True,
                sort=True,
                search=True,
                fixed=True,
                link=lambda note: _edit(access, note, may_edit),
            ),
            Column("until", _("Last day"), kind="date", sort=True),
            Column(
                "where", _("Shown on"), value=lambda note: note.dashboard.name if note.dashboard else _("all charts")
            ),
            Column("who", _("By"), value=lambda note: note.created_by.shown_name if note.created_by else ""),
        ],
    )
    context = {"table": table, "may_edit": may_edit, "help_page": "dashboards"}
    return render(request, "insights/dashboards/notes.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@product_view(Permission.EDIT_REPORTS)
def create(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    start = {"day": request.GET.get("day") or today_of(access.product), "dashboard": request.GET.get("dashboard", "")}
    form = AnnotationForm(request.POST or None, dashboards=dashboards_of(access), initial=start)
    if request.method == "POST" and form.is_valid():
        try:
            notes.annotate(access=access, **_data(access, form))
        except YunyingError as error:
            add_problem(form, error)
        else:
            messages.success(request, _("The note is on the charts."))
            return redirect(url_of(access, "annotations"))
    return _page(request, access, form, title=_("New note"))


@require_http_methods(["GET", "HEAD", "POST"])
@product_view(Permission.EDIT_REPORTS)
def edit(request: HttpRequest, access: ProductAccess, annotation_id: int) -> HttpResponse:
    note = annotation_for(access, annotation_id)
    start = {"text": note.text, "day": note.day, "until": note.until, "version": note.version}
    start["dashboard"] = note.dashboard_id or ""
    form = AnnotationForm(request.POST or None, dashboards=dashboards_of(access), initial=start)
    if request.method == "POST" and form.is_valid():
        version = form.cleaned_data["version"] or 0
        try:
            notes.change_annotation(access=access, annotation=note, version=version, **_data(access, form))
        except YunyingError as error:
            add_problem(form, error)
        else:
            messages.success(request, _("The note is changed."))
            return redirect(url_of(access, "annotations"))
    return _page(request, access, form, title=_("Change note"), note=note)


@require_POST
@product_view(Permission.EDIT_REPORTS)
def delete(request: HttpRequest, access: ProductAccess, annotation_id: int) -> HttpResponse:
    notes.delete_annotation(access=access, annotation=annotation_for(access, annotation_id))
    messages.success(request, _("The note is deleted."))
    return redirect(url_of(access, "annotations"))


def _data(access: ProductAccess, form: AnnotationForm) -> dict[str, Any]:
    data = {name: form.cleaned_data[name] for name in ("text", "day", "until")}
    chosen = form.cleaned_data["dashboard"]
    return data | {"dashboard": dashboard_for(access, int(chosen)) if chosen else None}


def _edit(access: ProductAccess, note: Annotation, may_edit: bool) -> str:
    return url_of(access, "annotation_edit", annotation_id=note.pk) if may_edit else ""


def _page(request: HttpRequest, access: ProductAccess, form: AnnotationForm, **more: Any) -> HttpResponse:
    context = {"form": form, "back": url_of(access, "annotations"), "help_page": "dashboards", **more}
    status = 422 if request.method == "POST" else 200
    return render(request, "insights/dashboards/note_form.html", context, status=status)
