"""The north star and what drives it."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from yunying.base import clock


class Relation(models.TextChoices):
    """How a driver makes the metric above it."""

    SUM = "sum", pgettext_lazy("driver", "is added")
    PRODUCT = "product", pgettext_lazy("driver", "is multiplied")
    INFLUENCES = "influences", pgettext_lazy("driver", "influences")


class Driver(models.Model):
    """A metric in the driver tree of a product; the one without a parent is the north star."""

    product = models.ForeignKey("products.Product", models.CASCADE, related_name="+")
    parent = models.ForeignKey("self", models.CASCADE, null=True, blank=True, related_name="children")
    metric = models.ForeignKey("insights.Metric", models.PROTECT, related_name="+")
    relation = models.CharField(_("Relation"), max_length=10, choices=Relation, default=Relation.INFLUENCES)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    note = models.CharField(_("Note"), max_length=300, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    updated_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["product"], condition=Q(parent=None), name="goals_one_north_star"),
            models.UniqueConstraint(fields=["product", "metric"], name="goals_driver_once"),
            models.CheckConstraint(condition=~Q(parent=F("pk")), name="goals_driver_not_its_own_parent"),
        ]

    def __str__(self) -> str:
        return self.metric.name
