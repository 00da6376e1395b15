"""What is remembered of erasures, none of it a personal datum, and how long events are kept."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from yunying.base import clock


def _of_product() -> Any:
    """As everywhere in this app: rows that outlive their product by the minutes its erasing takes."""
    return models.ForeignKey("products.Product", models.DO_NOTHING, related_name="+", db_constraint=False)


class ErasedId(models.Model):
    """A distinct id of somebody who was erased, as a keyed digest that cannot be turned back.

    Events under it that happened until `until_ms` (epoch milliseconds) are not taken any more.
    """

    product = _of_product()
    digest = models.CharField(max_length=64)
    until_ms = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["product", "digest"], name="tracking_erased_id_once")]


class Erasure(models.Model):
    """One person erased on request: who asked when, and what was removed, row by row of every table.

    `numbers` are those of the person's ids: what a batch on its way still writes under them is removed by the sweep.
    """

    product = _of_product()
    numbers = models.JSONField(default=list)
    reason = models.CharField(_("Reason"), max_length=200, blank=True)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    requested_at = models.DateTimeField(default=clock.now)
    hidden_at = models.DateTimeField(null=True)
    swept_at = models.DateTimeField(null=True)
    proof = models.JSONField(default=dict)

    class Meta:
        ordering = ("-requested_at", "-pk")


class RetentionRule(models.Model):
    """Events of a name (empty: all without a rule of their own) are kept for so many days."""

    product = models.ForeignKey("products.Product", models.CASCADE, related_name="+", db_index=False)
    event = models.CharField(_("Event"), max_length=400, blank=True)
    days = models.PositiveIntegerField(_("Days"))
    removed = models.BigIntegerField(default=0, editable=False)
    applied_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["product", "event"], name="tracking_retention_once")]
