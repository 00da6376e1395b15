"""Background work on metrics and reports: what is read anew before anybody looks, and what nobody looks at."""

from django.utils.translation import gettext_lazy as _

from yunying.apps.insights.cohorts.tasks import count_cohorts, fill_cohort
from yunying.apps.insights.dashboards.tasks import mail_dashboard, mail_dashboards
from yunying.apps.insights.models import Metric
from yunying.apps.insights.recent import due_for_refresh, try_to_refresh
from yunying.engine import kept
from yunying.platform.jobs import schedule
from yunying.store import shared

__all__ = ["count_cohorts", "fill_cohort", "forget_kept", "mail_dashboard", "mail_dashboards", "refresh_metrics"]


@schedule("*/15 * * * *", label=_("Read metrics"))
def refresh_metrics() -> None:
    """Every quarter of an hour: read all metrics that were not read within it."""
    for metric in Metric.objects.select_related("product").in_bulk(due_for_refresh()).values():
        try_to_refresh(metric)


@schedule("23 4 * * *", label=_("Forget what nobody asks for"))
def forget_kept() -> None:
    """Every night: states of past days go when their question was not asked for a month."""
    kept.forget_unused(shared())
