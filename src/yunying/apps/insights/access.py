"""The one door to reports and metrics."""

from yunying.apps.insights.models import Metric, Report
from yunying.base.errors import NotFound, msg
from yunying.platform.products.access import ProductAccess

__all__ = ["metric_for", "report_for"]


def report_for(access: ProductAccess, report_id: int) -> Report:
    """The report of this product. Raises NotFound when it is absent or belongs to another product."""
    report = Report.objects.select_related("owner").filter(product=access.product, pk=report_id).first()
    if report is None:
        raise NotFound("report.absent", msg("There is no such report."))
    return report


def metric_for(access: ProductAccess, metric_id: int) -> Metric:
    """The metric of this product. Raises NotFound when it is absent or belongs to another product."""
    metric = Metric.objects.select_related("owner").filter(product=access.product, pk=metric_id).first()
    if metric is None:
        raise NotFound("metric.absent", msg("There is no such metric."))
    return metric
