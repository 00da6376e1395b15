"""Background work on metrics: their latest periods are read anew before anybody looks."""

from django.utils.translation import gettext_lazy as _

from yunying.apps.insights.cohorts.tasks import count_cohorts, fill_cohort
from yunying.apps.insights.dashboards.tasks import mail_dashboard, mail_dashboards
from yunying.apps.insights.models import Metric
from yunying.apps.insights.recent import due_for_refresh, try_to_refresh
from yunying.platform.jobs import schedule

__all__ = ["count_cohorts", "fill_cohort", "mail_dashboard", "mail_dashboards", "refresh_metrics"]


@schedule("*/15 * * * *", label=_("Read metrics"))
def refresh_metrics() -> None:
    """Every quarter of an hour: read all metrics that were not read within it."""
    for metric in Metric.objects.select_related("product").in_bulk(due_for_refresh()).values():
        try_to_refresh(metric)
