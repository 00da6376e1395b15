"""What people are told, and by which way they want to hear it."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from yunying.base import clock


class Notification(models.Model):
    """One message to one person, in their language at the time. `key` makes telling it twice impossible."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notifications", editable=False)
    kind = models.CharField(max_length=50, editable=False)
    title = models.CharField(_("Title"), max_length=200, editable=False)
    text = models.TextField(_("Text"), blank=True, editable=False)
    url = models.CharField(max_length=500, blank=True, editable=False)
    product_id = models.BigIntegerField(null=True, editable=False)
    key = models.CharField(max_length=200, blank=True, editable=False)
    mail_wanted = models.BooleanField(default=False, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    read_at = models.DateTimeField(null=True, editable=False)
    mail_claimed_at = models.DateTimeField(null=True, editable=False)
    mailed_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], condition=~Q(key=""), name="notify_once_per_key")
        ]
        indexes = [
            models.Index(fields=["user", "-id"], name="notify_of_user"),
            models.Index(fields=["user"], condition=Q(read_at=None), name="notify_unread"),
            models.Index(fields=["id"], condition=Q(mail_wanted=True, mailed_at=None), name="notify_to_mail"),
        ]

    def __str__(self) -> str:
        return self.title


class Preference(models.Model):
    """Whether a person wants mails of a kind; without a row the kind's own default holds."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", editable=False)
    kind = models.CharField(max_length=50, editable=False)
    mail = models.BooleanField(_("By mail"))

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "kind"], name="notify_one_preference_per_kind")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.kind}"
