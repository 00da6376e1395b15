"""Cohorts that people keep, and how many belonged to them day by day."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from yunying.base import clock

__all__ = ["Cohort", "CohortKind", "CohortSize"]


class CohortKind(models.TextChoices):
    DEFINITION = "definition", _("By conditions")
    LIST = "list", _("Fixed list")


class Cohort(models.Model):
    """A named cohort. The members of a fixed list stand in the event store under the cohort's key.

    `definition` is the engine's JSON and empty for a list, of which `source` says where it came from. `size` is what
    was counted at `size_at`; when the last count failed, `problem` keeps why (`code`, `message`, `data`).
    `version` goes up with every change, so that two editors cannot overwrite each other.
    """

    product = models.ForeignKey("products.Product", models.CASCADE, related_name="+")
    name = models.CharField(_("Name"), max_length=120)
    description = models.TextField(_("Description"), blank=True)
    kind = models.CharField(_("Kind"), max_length=10, choices=CohortKind, default=CohortKind.DEFINITION, editable=False)
    definition = models.JSONField(pgettext_lazy("cohort", "Definition"), default=dict, blank=True)
    source = models.JSONField(default=dict, blank=True, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    size = models.PositiveBigIntegerField(null=True, editable=False)
    size_at = models.DateTimeField(null=True, editable=False)
    problem = models.JSONField(default=dict, blank=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    updated_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["product", "name"], name="insights_cohort_name_once")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_list(self) -> bool:
        return self.kind == CohortKind.LIST


class CohortSize(models.Model):
    """How many belonged to a cohort at the end of a day, by the definition of that day; today's row is of so far."""

    cohort = models.ForeignKey(Cohort, models.CASCADE, related_name="sizes")
    day = models.DateField()
    size = models.PositiveBigIntegerField()
    definition_version = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["cohort", "day"], name="insights_cohort_size_once")]

    def __str__(self) -> str:
        return f"{self.day}: {self.size}"
