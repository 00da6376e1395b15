"""Saved reports: list, open, save, rename, delete."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from yunying.apps.insights import services
from yunying.apps.insights.access import report_for
from yunying.apps.insights.forms import ReportForm, add_problem
from yunying.apps.insights.kinds import page_kinds, page_url
from yunying.apps.insights.models import Report
from yunying.apps.insights.selectors import reports_of
from yunying.base.errors import YunyingError
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.http import product_view
from yunying.platform.ui.page import render
from yunying.platform.ui.tables import Column, Empty, Filter, Table


@require_GET
@product_view()
def listing(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    table = Table(
        name="reports",
        caption=_("Saved reports"),
        request=request,
        rows=reports_of(access),
        sort="-changed",
        filters=[Filter("kind", _("Kind"), [(kind.name, kind.label) for kind in page_kinds()])],
        columns=[
            Column("name", _("Name"), sort=True, search=True, fixed=True, link=lambda row: _show(access, row)),
            Column("kind", _("Kind"), template="insights/_kind.html", value=_kind_name, sort=True),
            Column("description", _("Description"), search=True, wide=True),
            Column("owner", _("Owner"), "owner.shown_name", sort="owner__name", search="owner__name"),
            Column("changed", _("Changed"), "updated_at", sort="updated_at", kind="ago"),
            Column("made", _("Made"), "created_at", sort="created_at", kind="when", hidden=True),
        ],
        empty=Empty(
            _("No saved report yet"),
            _("Ask a question and save it; here everybody finds it again."),
            reverse("insights:new", kwargs={"product": access.product.slug}),
            _("Ask a question"),
            "report-analytics",
        ),
    )
    return render(request, "insights/reports.html", {"table": table, "help_page": "reports"})


@require_GET
@product_view()
def show(request: HttpRequest, access: ProductAccess, report_id: int) -> HttpResponse:
    report = report_for(access, report_id)
    return redirect(_show(access, report))


@require_POST
@product_view(Permission.EDIT_REPORTS)
def save(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    """A new report, or with `report` and `version` the changed question of an old one."""
    form = ReportForm(request.POST)
    if not form.is_valid() or not form.cleaned_data["spec"]:
        messages.error(request, _("Give the report a name to save it."))
        return redirect(_back(access, request))
    data = form.cleaned_data
    try:
        if request.POST.get("report", "").isdecimal():
            report = services.update_report(
                access=access,
                report=report_for(access, int(request.POST["report"])),
                version=data["version"] or 0,
                name=data["name"],
                spec=data["spec"],
                look=data["look"],
            )
        else:
            report = services.create_report(
                access=access,
                name=data["name"],
                spec=data["spec"],
                description=data["description"],
                look=data["look"],
            )
    except YunyingError as error:
        add_problem(form, error)
        messages.error(request, " ".join(str(text) for texts in form.errors.values() for text in texts))
        return redirect(_back(access, request))
    messages.success(request, _("The report “%(name)s” is saved.") % {"name": report.name})
    return redirect(_show(access, report))


@require_http_methods(["GET", "HEAD", "POST"])
@product_view(Permission.EDIT_REPORTS)
def edit(request: HttpRequest, access: ProductAccess, report_id: int) -> HttpResponse:
    report = report_for(access, report_id)
    start = {field: getattr(report, field) for field in ("name", "description", "version")}
    form = ReportForm(request.POST or None, initial=start)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            services.update_report(
                access=access,
                report=report,
                version=data["version"] or 0,
                name=data["name"],
                description=data["description"],
            )
        except YunyingError as error:
            add_problem(form, error)
        else:
            messages.success(request, _("The report is changed."))
            return redirect(_show(access, report))
    context = {"form": form, "report": report, "back": _show(access, report), "help_page": "reports"}
    return render(request, "insights/report_edit.html", context, status=422 if request.method == "POST" else 200)


@require_POST
@product_view(Permission.EDIT_REPORTS)
def duplicate(request: HttpRequest, access: ProductAccess, report_id: int) -> HttpResponse:
    """A second report that asks the same, to be changed."""
    report = report_for(access, report_id)
    name = _("%(name)s (copy)") % {"name": report.name[: services.LONGEST_NAME - 20]}
    made = services.create_report(
        access=access, name=name, spec=report.spec, description=report.description, look=report.look
    )
    messages.success(request, _("The report is duplicated."))
    return redirect(_show(access, made))


@require_POST
@product_view(Permission.EDIT_REPORTS)
def delete(request: HttpRequest, access: ProductAccess, report_id: int) -> HttpResponse:
    services.delete_report(access=access, report=report_for(access, report_id))
    messages.success(request, _("The report is deleted."))
    return redirect(reverse("insights:reports", kwargs={"product": access.product.slug}))


def _back(access: ProductAccess, request: HttpRequest) -> str:
    """The question as it was asked, so that nothing is lost."""
    kind = request.POST.get("kind", "")
    known = kind if kind in {one.name for one in page_kinds()} else "trends"
    return f"{page_url(access, known)}?{request.POST.get('query', '')}"


def _kind_name(report: Report) -> str:
    """What the report's kind is called; the name itself for one that pages do not know."""
    return next((str(kind.label) for kind in page_kinds() if kind.name == report.kind), report.kind)


def _show(access: ProductAccess, report: Report) -> str:
    return f"{page_url(access, report.kind)}?report={report.pk}"
