"""OKR cycles: the stretches of time a team plans in."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from yunying.base import clock


class CycleKind(models.TextChoices):
    QUARTER = "quarter", pgettext_lazy("cycle", "Quarter")
    HALF = "half", pgettext_lazy("cycle", "Half year")
    OWN = "own", pgettext_lazy("cycle", "Own dates")


class Cycle(models.Model):
    """From `start` to `due`, both included, in the product's zone. Closed when every goal in it is closed."""

    product = models.ForeignKey("products.Product", models.CASCADE, related_name="+")
    name = models.CharField(_("Name"), max_length=80)
    kind = models.CharField(_("Kind"), max_length=8, choices=CycleKind, default=CycleKind.QUARTER)
    start = models.DateField(_("Starts on"))
    due = models.DateField(_("Ends on"))
    review = models.TextField(_("What we take along"), blank=True)
    closed_at = models.DateTimeField(null=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    updated_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["-start", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(due__gte=F("start")), name="goals_cycle_due_after_start"),
            models.UniqueConstraint(fields=["product", "name"], name="goals_cycle_name_once"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_open(self) -> bool:
        return self.closed_at is None
