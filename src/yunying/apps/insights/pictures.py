"""Cards and charts of metrics."""

from datetime import date

from django.urls import reverse
from django.utils.translation import gettext as _

from yunying.apps.insights.models import Metric, Window
from yunying.apps.insights.recent import Change, period_of, points_of, what_changed
from yunying.apps.insights.units import chart_unit, chart_value
from yunying.apps.insights.windows import first_day
from yunying.platform.products.access import ProductAccess
from yunying.platform.ui import formats
from yunying.platform.ui.charts import Chart, ChartKind, NumberCard, Series

__all__ = [
    "compared_with",
    "metric_card",
    "metric_chart",
    "metric_spans",
    "period_name",
    "period_until",
]


def period_name(metric: Metric) -> str:
    """What the last whole period of the metric is called."""
    return {
        Window.DAY: _("Latest whole day"),
        Window.WEEK: _("Latest whole week"),
        Window.MONTH: _("Latest whole month"),
    }[period_of(metric)]


def compared_with(metric: Metric) -> tuple[str, str]:
    """What the period before, and the same one a cycle earlier, are called."""
    return {
        Window.DAY: (_("against the day before"), _("against a week earlier")),
        Window.WEEK: (_("against the week before"), _("against a year earlier")),
        Window.MONTH: (_("against the month before"), _("against a year earlier")),
    }[period_of(metric)]


def period_until(metric: Metric, day: date) -> str:
    """The period of the metric that ends with `day`."""
    return period_name(metric) + _(" until %(day)s") % {"day": formats.date(day)}


def metric_card(access: ProductAccess, metric: Metric) -> NumberCard:
    """The metric's last whole period, its change and its course. No query."""
    change: Change | None = what_changed(metric)
    return NumberCard(
        title=metric.name,
        value=_value(metric, change.value if change else None),
        unit=chart_unit(metric.unit, metric.currency),
        previous=_value(metric, change.before if change else None),
        previous_label=compared_with(metric)[0],
        good=metric.direction,
        trend=[_value(metric, value) for value in change.trend] if change else (),
        url=reverse("insights:metric", kwargs={"product": access.product.slug, "metric_id": metric.pk}),
        period=period_until(metric, change.on) if change else period_name(metric),
        definition=metric.description,
        name=f"metric-{metric.pk}",
    )


def metric_chart(metric: Metric) -> Chart | None:
    """The kept periods of the metric; None while there are none."""
    points = points_of(metric)
    if not points:
        return None
    return Chart(
        name=f"metric-{metric.pk}",
        title=period_name(metric),
        labels=[formats.date(point.on) for point in points],
        label_title=_("Until"),
        series=[Series(metric.name, [_value(metric, point.value) for point in points])],
        kind=ChartKind.AREA,
        unit=chart_unit(metric.unit, metric.currency),
        definition=metric.description,
    )


def metric_spans(metric: Metric) -> list[tuple[date, date]]:
    """The first and the last day of each period that `metric_chart` draws."""
    week_start = metric.product.week_start
    return [(first_day(period_of(metric), point.on, week_start), point.on) for point in points_of(metric)]


def _value(metric: Metric, value: float | None) -> float | int | None:
    return chart_value(value, metric.unit, metric.currency)
