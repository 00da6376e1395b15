"""Check-ins, followers and the secret calendars of people."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from yunying.apps.goals.models.goal import Goal
from yunying.base import clock


class CheckIn(models.Model):
    """What somebody said about a goal on day `on` of the product's zone.

    `confidence` from 1 (we will not reach it) to 10 (we will). `promised` is what became of the last check-in's
    next steps: [{"text": …, "done": true}]. `progress` and `standing` are what stood then.
    """

    goal = models.ForeignKey(Goal, models.CASCADE, related_name="check_ins")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", editable=False)
    by_name = models.CharField(max_length=150, blank=True, editable=False)
    on = models.DateField()
    confidence = models.PositiveSmallIntegerField(
        _("Confidence"), validators=[MinValueValidator(1), MaxValueValidator(10)]
    )
    happened = models.TextField(pgettext_lazy("check-in", "What happened"), blank=True)
    obstacles = models.TextField(_("Obstacles"), blank=True)
    next_steps = models.TextField(_("Next steps"), blank=True)
    promised = models.JSONField(default=list, editable=False)
    progress = models.FloatField(null=True, editable=False)
    standing = models.CharField(max_length=12, blank=True, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(confidence__gte=1, confidence__lte=10), name="goals_check_in_one_to_ten")
        ]


class Follower(models.Model):
    """A person who hears when a goal turns, and finds it in their weekly digest. Owners hear without following."""

    goal = models.ForeignKey(Goal, models.CASCADE, related_name="followers")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["goal", "user"], name="goals_follower_once")]


class CalendarFeed(models.Model):
    """A person's secret address of a product's due days and check-ins; only its digest is kept. One at a time."""

    product = models.ForeignKey("products.Product", models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["product", "user"], name="goals_feed_once")]
