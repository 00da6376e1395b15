"""Key results, what their readings mean, and the readings."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from yunying.apps.goals.models.goal import Goal
from yunying.base import clock


class Shape(models.TextChoices):
    """What a metric must do: move from a baseline to a target, or stay within limits."""

    MOVE = "move", pgettext_lazy("key result", "Move from baseline to target")
    ABOVE = "above", pgettext_lazy("key result", "Stay at or above a limit")
    BELOW = "below", pgettext_lazy("key result", "Stay at or below a limit")
    BETWEEN = "between", pgettext_lazy("key result", "Stay between two limits")


class KeyResult(models.Model):
    """A metric that must move from `baseline` to `target`, or stay from `low` to `high`; values in the metric's unit.

    A `guardrail` stays within limits, does not count for progress, and puts its goal at risk when it breaks.
    `on_track_lag` and `at_risk_lag` are its own limits of what is on track and at risk (see `progress`); empty
    means the usual ones. `value` is the newest reading, `read_on` the last day it covers, `read_at` when it was
    taken; all are empty until the first reading. `inside` of the `counted` readings lie within the limits.
    Of a guardrail `broken_since` is the first day of its last time beyond its limits, `broken_until` the first day
    within them again, `worst` the reading furthest beyond, of day `worst_on`; empty while it held all the time.
    `standing` is the status told at the last reading, to notice its changes. `error` is the code of a reading that
    failed, `error_text` and `error_data` its message. `definition` is what the readings were computed by.
    """

    goal = models.ForeignKey(Goal, models.CASCADE, related_name="key_results")
    metric = models.ForeignKey("insights.Metric", models.PROTECT, related_name="+")
    name = models.CharField(_("Key result"), max_length=160, blank=True)
    shape = models.CharField(_("What it must do"), max_length=8, choices=Shape, default=Shape.MOVE)
    guardrail = models.BooleanField(_("Guardrail"), default=False)
    baseline = models.FloatField(_("From (baseline)"), null=True, blank=True)
    target = models.FloatField(_("To (target)"), null=True, blank=True)
    low = models.FloatField(_("Not below"), null=True, blank=True)
    high = models.FloatField(_("Not above"), null=True, blank=True)
    weight = models.FloatField(_("Weight"), default=1)
    on_track_lag = models.FloatField(null=True, blank=True)
    at_risk_lag = models.FloatField(null=True, blank=True)
    start = models.DateField(_("Starts on"))
    due = models.DateField(_("Due on"))
    value = models.FloatField(null=True, editable=False)
    read_on = models.DateField(null=True, editable=False)
    read_at = models.DateTimeField(null=True, editable=False)
    inside = models.PositiveIntegerField(default=0, editable=False)
    counted = models.PositiveIntegerField(default=0, editable=False)
    broken_since = models.DateField(null=True, editable=False)
    broken_until = models.DateField(null=True, editable=False)
    worst = models.FloatField(null=True, editable=False)
    worst_on = models.DateField(null=True, editable=False)
    definition = models.ForeignKey("goals.Definition", models.SET_NULL, null=True, editable=False, related_name="+")
    error = models.CharField(max_length=300, blank=True, editable=False)
    error_text = models.TextField(blank=True, editable=False)
    error_data = models.JSONField(default=dict, editable=False)
    standing = models.CharField(max_length=12, blank=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(due__gte=F("start")), name="goals_key_result_due_after_start"),
            models.CheckConstraint(
                condition=~Q(shape="move")
                | (Q(baseline__isnull=False, target__isnull=False) & ~Q(target=F("baseline"))),
                name="goals_key_result_moves",
            ),
            models.CheckConstraint(
                condition=Q(shape="move")
                | Q(shape="above", low__isnull=False, high=None)
                | Q(shape="below", high__isnull=False, low=None)
                | Q(shape="between", low__isnull=False, high__isnull=False, high__gt=F("low")),
                name="goals_key_result_has_limits",
            ),
            models.CheckConstraint(condition=Q(guardrail=False) | ~Q(shape="move"), name="goals_guardrail_stays"),
            models.CheckConstraint(condition=Q(weight__gt=0), name="goals_key_result_weighs"),
        ]

    def __str__(self) -> str:
        return self.shown_name

    @property
    def shown_name(self) -> str:
        return self.name or self.metric.name


class Definition(models.Model):
    """What the readings of a key result were computed by: the metric's question and window, from which day on.

    `number` counts from 1; the newest is the one in force, readings of the others are superseded.
    """

    key_result = models.ForeignKey(KeyResult, models.CASCADE, related_name="definitions")
    number = models.PositiveIntegerField()
    metric_version = models.PositiveIntegerField()
    fingerprint = models.CharField(max_length=64)
    question = models.JSONField()
    window = models.CharField(max_length=5)
    start = models.DateField()
    made_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["key_result", "number"], name="goals_definition_number")]


class Reading(models.Model):
    """The metric's value as it stood at the end of day `on`; kept so that the progress chart is whole."""

    key_result = models.ForeignKey(KeyResult, models.CASCADE, related_name="readings")
    on = models.DateField()
    value = models.FloatField(null=True)
    taken_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["on"]
        constraints = [models.UniqueConstraint(fields=["key_result", "on"], name="goals_reading_once_a_day")]


class PastReading(models.Model):
    """A reading that a newer definition superseded, as it was told at the time."""

    definition = models.ForeignKey(Definition, models.CASCADE, related_name="past_readings")
    on = models.DateField()
    value = models.FloatField(null=True)
    taken_at = models.DateTimeField()

    class Meta:
        ordering = ["on"]
        constraints = [models.UniqueConstraint(fields=["definition", "on"], name="goals_past_reading_once_a_day")]
