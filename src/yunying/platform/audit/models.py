"""Who changed what. Entries are only ever added; the seal makes a later change of one visible."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from yunying.base import clock
from yunying.base.actor import ActorKind


class Entry(models.Model):
    """One change by one actor.

    `product_id`, `organisation_id` and `actor_id` are plain numbers on purpose: an entry outlives what it speaks of.
    `place` and `seal` are given by `services.seal` soon after the commit; until then they are empty.
    """

    at = models.DateTimeField(default=clock.now, editable=False, db_index=True)
    product_id = models.BigIntegerField(null=True, editable=False)
    organisation_id = models.BigIntegerField(null=True, editable=False)
    actor_kind = models.CharField(max_length=10, choices=[(k.value, k.value) for k in ActorKind], editable=False)
    actor_id = models.BigIntegerField(null=True, editable=False)
    actor_name = models.CharField(_("Who"), max_length=150, editable=False)
    ip = models.CharField(_("From where"), max_length=45, blank=True, editable=False)
    user_agent = models.CharField(max_length=300, blank=True, editable=False)
    verb = models.CharField(_("What"), max_length=100, editable=False, db_index=True)
    target_kind = models.CharField(max_length=50, editable=False)
    target_id = models.CharField(max_length=64, editable=False)
    target_name = models.CharField(max_length=200, blank=True, editable=False)
    before = models.JSONField(default=dict, editable=False)
    after = models.JSONField(default=dict, editable=False)
    place = models.BigIntegerField(null=True, unique=True, editable=False)
    seal = models.CharField(max_length=64, blank=True, editable=False)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["product_id", "-id"], name="audit_of_product"),
            models.Index(fields=["organisation_id", "-id"], name="audit_of_organisation"),
            models.Index(fields=["target_kind", "target_id", "-id"], name="audit_of_target"),
        ]

    def __str__(self) -> str:
        return f"{self.actor_name} {self.verb} {self.target_kind} {self.target_id}"

    def changes(self) -> list[tuple[str, object, object]]:
        """(field, before, after) of every field that changed, by name; None where a side has no value."""
        names = sorted({*self.before, *self.after})
        return [(name, self.before.get(name), self.after.get(name)) for name in names]


class ChainHead(models.Model):
    """The one row (id 1) that says how far the chain of seals has come; its lock orders the sealers."""

    place = models.BigIntegerField(default=0)
    seal = models.CharField(max_length=64, blank=True)
