"""Saved questions about behaviour: reports to look at again, and metrics that goals are bound to."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from yunying.apps.insights.cohorts.models import Cohort
from yunying.apps.insights.dashboards.models import Dashboard
from yunying.base import clock

__all__ = ["Cohort", "Dashboard", "Direction", "Metric", "Report", "Unit", "Window"]


class Report(models.Model):
    """A saved engine query. `version` goes up with every change, so that two editors cannot overwrite each other.

    `look` is the way of drawing that was chosen of those its kind offers; empty where nobody chose one.
    """

    product = models.ForeignKey("products.Product", models.CASCADE, related_name="+")
    name = models.CharField(_("Name"), max_length=120)
    description = models.TextField(_("Description"), blank=True)
    kind = models.CharField(_("Kind"), max_length=30, editable=False)
    spec = models.JSONField(_("Question"))
    look = models.CharField(max_length=20, blank=True, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    updated_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        indexes = [models.Index(fields=["product", "name"], name="insights_report_name")]

    def __str__(self) -> str:
        return self.name


class Unit(models.TextChoices):
    COUNT = "count", _("Count")
    PEOPLE = "people", _("People")
    MONEY = "money", _("Money")
    PERCENT = "percent", _("Percent")
    DURATION_S = "duration_s", _("Duration in seconds")
    NUMBER = "number", _("Number")


class Direction(models.TextChoices):
    UP = "up", _("Higher is better")
    DOWN = "down", _("Lower is better")


class Window(models.TextChoices):
    """Which stretch of time one reading of a metric covers."""

    TOTAL = "total", _("Total since the start of the goal")
    DAY = "day", _("Latest whole day")
    WEEK = "week", _("Latest whole week")
    MONTH = "month", _("Latest whole month")


class Metric(models.Model):
    """A question whose answer is one number, with the unit, the direction and the window that make it readable.

    `question` is a query without range, interval and display: the reading adds them; that of retention says which
    `column`. Values are in the unit of the events: money in major units of `currency`, percent as a fraction,
    durations in seconds.
    `recent` keeps the latest whole periods as [last day, value], the oldest first, so that lists need no engine.
    """

    product = models.ForeignKey("products.Product", models.CASCADE, related_name="+")
    name = models.CharField(_("Name"), max_length=120)
    description = models.TextField(_("Description"), blank=True)
    question = models.JSONField(_("Question"))
    unit = models.CharField(_("Unit"), max_length=10, choices=Unit, default=Unit.COUNT)
    currency = models.CharField(_("Currency"), max_length=3, blank=True)
    direction = models.CharField(_("Direction"), max_length=4, choices=Direction, default=Direction.UP)
    window = models.CharField(_("One reading covers"), max_length=5, choices=Window, default=Window.WEEK)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    recent = models.JSONField(default=list, editable=False)
    recent_at = models.DateTimeField(null=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    updated_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["product", "name"], name="insights_metric_name_once"),
            models.CheckConstraint(
                condition=~models.Q(unit="money") | ~models.Q(currency=""), name="insights_metric_money_has_currency"
            ),
        ]

    def __str__(self) -> str:
        return self.name
