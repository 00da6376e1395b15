"""What a product wants to reach, and the key results that say whether it does."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from yunying.base import clock


class Status(models.TextChoices):
    OPEN = "open", pgettext_lazy("goal", "Open")
    ACHIEVED = "achieved", pgettext_lazy("goal", "Achieved")
    MISSED = "missed", pgettext_lazy("goal", "Missed")
    DROPPED = "dropped", pgettext_lazy("goal", "Dropped")


class Goal(models.Model):
    """What we want in a period, both days included, in the product's zone. `parent` makes goals a tree."""

    product = models.ForeignKey("products.Product", models.CASCADE, related_name="+")
    parent = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="children")
    title = models.CharField(_("Goal"), max_length=160)
    why = models.TextField(_("Why"), blank=True)
    start = models.DateField(_("Starts on"))
    due = models.DateField(_("Due on"))
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    status = models.CharField(_("Status"), max_length=8, choices=Status, default=Status.OPEN, editable=False)
    outcome = models.TextField(_("Outcome"), blank=True)
    closed_at = models.DateTimeField(null=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    updated_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        indexes = [models.Index(fields=["product", "status", "due"], name="goals_goal_open")]
        constraints = [
            models.CheckConstraint(condition=Q(due__gte=F("start")), name="goals_goal_due_after_start"),
            models.CheckConstraint(
                condition=Q(status="open", closed_at=None) | (~Q(status="open") & Q(closed_at__isnull=False)),
                name="goals_goal_closed_has_time",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class KeyResult(models.Model):
    """A metric that must move from `baseline` to `target`; values are in the metric's unit.

    `value` is the newest reading, `read_on` the last day it covers, `read_at` when it was taken; all are
    empty until the first reading. `standing` is the status told at the last reading, to notice its changes.
    """

    goal = models.ForeignKey(Goal, models.CASCADE, related_name="key_results")
    metric = models.ForeignKey("insights.Metric", models.PROTECT, related_name="+")
    name = models.CharField(_("Key result"), max_length=160, blank=True)
    baseline = models.FloatField(_("From (baseline)"))
    target = models.FloatField(_("To (target)"))
    start = models.DateField(_("Starts on"))
    due = models.DateField(_("Due on"))
    value = models.FloatField(null=True, editable=False)
    read_on = models.DateField(null=True, editable=False)
    read_at = models.DateTimeField(null=True, editable=False)
    error = models.CharField(max_length=300, blank=True, editable=False)
    standing = models.CharField(max_length=12, blank=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(due__gte=F("start")), name="goals_key_result_due_after_start"),
            models.CheckConstraint(condition=~Q(target=F("baseline")), name="goals_key_result_moves"),
        ]

    def __str__(self) -> str:
        return self.shown_name

    @property
    def shown_name(self) -> str:
        return self.name or self.metric.name


class Reading(models.Model):
    """The metric's value as it stood at the end of day `on`; kept so that the progress chart is whole."""

    key_result = models.ForeignKey(KeyResult, models.CASCADE, related_name="readings")
    on = models.DateField()
    value = models.FloatField(null=True)
    taken_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["on"]
        constraints = [models.UniqueConstraint(fields=["key_result", "on"], name="goals_reading_once_a_day")]
