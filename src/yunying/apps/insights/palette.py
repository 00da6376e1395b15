"""Saved reports and metrics in the palette: open one by typing a part of its name."""

from collections.abc import Iterator

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from yunying.apps.insights.kinds import page_kinds
from yunying.apps.insights.models import Metric, Report
from yunying.platform.products.access import products_of
from yunying.platform.ui.shell import PaletteEntry

__all__ = ["kept_in_palette"]

MOST = 8


def kept_in_palette(request: HttpRequest, product: str | None, query: str) -> Iterator[PaletteEntry]:
    """Reports and metrics of the page's product whose name holds all the words. Three queries."""
    words = query.split()
    user = getattr(request, "user", None)
    if not words or not product or user is None or not user.is_authenticated:
        return
    mine = next((one for one in products_of(user) if one.slug == product), None)
    if mine is None:
        return
    icons = {kind.name: (kind.icon, str(kind.label)) for kind in page_kinds()}
    reports, metrics = Report.objects.filter(product=mine), Metric.objects.filter(product=mine)
    for word in words:
        reports, metrics = reports.filter(name__icontains=word), metrics.filter(name__icontains=word)
    for report in reports.order_by("name")[:MOST]:
        icon, hint = icons.get(report.kind, ("report-analytics", report.kind))
        url = reverse("insights:report", kwargs={"product": product, "report_id": report.pk})
        yield PaletteEntry(report.name, url, pgettext("palette", "Reports"), icon, hint)
    for metric in metrics.order_by("name")[:MOST]:
        url = reverse("insights:metric", kwargs={"product": product, "metric_id": metric.pk})
        yield PaletteEntry(metric.name, url, pgettext("palette", "Metrics"), "gauge", _("Metric"))
