"""Goals, and how they stood day by day."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from yunying.base import clock


class Status(models.TextChoices):
    OPEN = "open", pgettext_lazy("goal", "Open")
    ACHIEVED = "achieved", pgettext_lazy("goal", "Achieved")
    PARTLY = "partly", pgettext_lazy("goal", "Partly achieved")
    MISSED = "missed", pgettext_lazy("goal", "Missed")
    DROPPED = "dropped", pgettext_lazy("goal", "Dropped")


class Level(models.TextChoices):
    """How wide a goal is. A company goal is kept by one product; the organisation's other products may serve it."""

    COMPANY = "company", pgettext_lazy("goal level", "Company")
    PRODUCT = "product", pgettext_lazy("goal level", "Product")
    TEAM = "team", pgettext_lazy("goal level", "Team")


class Rhythm(models.TextChoices):
    """How often somebody says how a goal is going."""

    NONE = "none", pgettext_lazy("rhythm", "Never")
    WEEKLY = "weekly", pgettext_lazy("rhythm", "Every week")
    BIWEEKLY = "biweekly", pgettext_lazy("rhythm", "Every two weeks")
    MONTHLY = "monthly", pgettext_lazy("rhythm", "Every month")


class Goal(models.Model):
    """What we want in a period, both days included, in the product's zone. `parent` makes goals a tree.

    `counts` says whether the progress of the goal above takes this one in, with `weight` among its parts.
    `score` (0 to 1), `outcome` and `learnt` are set when the goal is closed.
    """

    product = models.ForeignKey("products.Product", models.CASCADE, related_name="+")
    parent = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="children")
    level = models.CharField(_("Level"), max_length=8, choices=Level, default=Level.PRODUCT)
    team = models.CharField(_("Team"), max_length=60, blank=True)
    title = models.CharField(_("Goal"), max_length=160)
    why = models.TextField(_("Why"), blank=True)
    start = models.DateField(_("Starts on"))
    due = models.DateField(_("Due on"))
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    cycle = models.ForeignKey("goals.Cycle", models.SET_NULL, null=True, blank=True, related_name="goals")
    carried_from = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="carried_to")
    counts = models.BooleanField(_("Counts for the goal it serves"), default=True)
    weight = models.FloatField(_("Weight"), default=1)
    rhythm = models.CharField(_("Check-in"), max_length=8, choices=Rhythm, default=Rhythm.NONE)
    rhythm_day = models.PositiveSmallIntegerField(_("Check-in on"), default=1)
    status = models.CharField(_("Status"), max_length=8, choices=Status, default=Status.OPEN, editable=False)
    outcome = models.TextField(_("Outcome"), blank=True)
    learnt = models.TextField(_("What we learnt"), blank=True)
    score = models.FloatField(_("Score"), null=True, editable=False)
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
            models.CheckConstraint(condition=Q(weight__gt=0), name="goals_goal_weighs"),
            models.CheckConstraint(condition=~Q(parent=F("pk")), name="goals_goal_not_its_own_parent"),
            models.CheckConstraint(
                condition=Q(score=None) | Q(score__gte=0, score__lte=1), name="goals_goal_score_of_one"
            ),
            models.CheckConstraint(
                condition=Q(rhythm_day__gte=1, rhythm_day__lte=7), name="goals_goal_rhythm_on_a_weekday"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_open(self) -> bool:
        return self.status == Status.OPEN


class GoalDay(models.Model):
    """How an open goal stood when day `on` was last looked at: what digests and cycle pages compare with."""

    goal = models.ForeignKey(Goal, models.CASCADE, related_name="days")
    on = models.DateField()
    progress = models.FloatField(null=True)
    standing = models.CharField(max_length=12, blank=True)

    class Meta:
        ordering = ["on"]
        constraints = [models.UniqueConstraint(fields=["goal", "on"], name="goals_day_once")]
