"""Reading reports and metrics; what other apps may use of this one."""

from django.db.models import QuerySet

from yunying.apps.insights.answers import Answer, run_report
from yunying.apps.insights.dashboards.annotations import Mark, marks_of, spans_until, with_marks
from yunying.apps.insights.freshness import QUIET, last_event_day, today_of
from yunying.apps.insights.histories import MetricPast, metric_past
from yunying.apps.insights.models import Direction, Metric, Report, Unit, Window
from yunying.apps.insights.pictures import compared_with, metric_card, period_name
from yunying.apps.insights.readings import MetricPoint, metric_history, metric_recent
from yunying.apps.insights.recent import Change, what_changed
from yunying.apps.insights.units import as_typed, change, chart_unit, chart_value, parse_value, shown, typed_suffix
from yunying.apps.insights.windows import first_day, last_whole_day, next_end
from yunying.platform.products.access import ProductAccess

__all__ = [
    "QUIET",
    "Answer",
    "Change",
    "Direction",
    "Mark",
    "Metric",
    "MetricPast",
    "MetricPoint",
    "Unit",
    "Window",
    "as_typed",
    "change",
    "changes_of",
    "chart_unit",
    "chart_value",
    "compared_with",
    "first_day",
    "last_event_day",
    "last_whole_day",
    "marks_of",
    "metric_card",
    "metric_history",
    "metric_past",
    "metric_recent",
    "metrics_of",
    "next_end",
    "parse_value",
    "period_name",
    "reports_of",
    "run_report",
    "shown",
    "spans_until",
    "today_of",
    "typed_suffix",
    "with_marks",
]


def metrics_of(access: ProductAccess) -> list[Metric]:
    """The product's metrics by name. One query."""
    return list(Metric.objects.filter(product=access.product).select_related("owner").order_by("name"))


def reports_of(access: ProductAccess) -> QuerySet[Report]:
    """The product's saved reports, the last changed first."""
    return Report.objects.filter(product=access.product).select_related("owner").order_by("-updated_at", "-pk")


def changes_of(metrics: list[Metric]) -> list[Change]:
    """How the metrics' last whole periods differ from earlier ones, the most unusual first. No query."""
    found = [change for metric in metrics if (change := what_changed(metric))]
    return sorted(found, key=lambda change: (-change.relevance, change.metric.name))
