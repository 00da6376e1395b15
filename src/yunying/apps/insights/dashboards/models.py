"""Dashboards with their tiles, variants, links to share, mails and notes."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

from yunying.base import clock

__all__ = [
    "Annotation",
    "Dashboard",
    "Delivery",
    "Kind",
    "Look",
    "Mailing",
    "Recipient",
    "ShareLink",
    "Subscription",
    "Tile",
    "Variant",
    "Visit",
]

USER = settings.AUTH_USER_MODEL


class Dashboard(models.Model):
    """A page of tiles. `version` goes up with every change of it or its tiles. `refresh_min`: 0 is "by hand"."""

    product = models.ForeignKey("products.Product", models.CASCADE, related_name="+")
    name = models.CharField(_("Name"), max_length=120)
    description = models.TextField(_("Description"), blank=True)
    owner = models.ForeignKey(USER, models.SET_NULL, null=True, blank=True, related_name="+")
    refresh_min = models.PositiveSmallIntegerField(_("Refresh"), default=0)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    updated_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        indexes = [models.Index(fields=["product", "name"], name="insights_dashboard_name")]

    def __str__(self) -> str:
        return self.name


class Kind(models.TextChoices):
    REPORT = "report", _("Report")
    METRIC = "metric", _("Metric")
    TEXT = "text", _("Text")


class Look(models.TextChoices):
    """How a report's answer is drawn; AUTO is what fits its kind."""

    AUTO = "", _("As fits the report")
    LINE = "line", _("Lines")
    AREA = "area", _("Areas")
    BAR = "bar", _("Bars")
    STACK = "stack", _("Stacked bars")
    DONUT = "donut", _("Ring")
    NUMBER = "number", _("Big number")
    TABLE = "table", _("Table")


class Tile(models.Model):
    """A rectangle of the grid: `x` and `w` count twelfths of the width, `y` and `h` rows; tiles rise into gaps.

    A report or metric that is deleted leaves its tile empty, and the tile says so.
    """

    dashboard = models.ForeignKey(Dashboard, models.CASCADE, related_name="tiles")
    kind = models.CharField(_("Kind"), max_length=6, choices=Kind)
    report = models.ForeignKey("insights.Report", models.SET_NULL, null=True, blank=True, related_name="+")
    metric = models.ForeignKey("insights.Metric", models.SET_NULL, null=True, blank=True, related_name="+")
    title = models.CharField(_("Title"), max_length=120, blank=True)
    text = models.TextField(_("Text"), blank=True)
    chart = models.CharField(_("Shown as"), max_length=6, choices=Look, blank=True, default=Look.AUTO)
    follows = models.BooleanField(_("Follows the dashboard's filters"), default=True)
    x = models.PositiveSmallIntegerField(default=0)
    y = models.PositiveSmallIntegerField(default=0)
    w = models.PositiveSmallIntegerField(_("Width"), default=6)
    h = models.PositiveSmallIntegerField(_("Height"), default=4)

    class Meta:
        ordering = ["y", "x", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(w__gte=1, w__lte=12, x__lte=12 - F("w")), name="insights_tile_in_grid")
        ]

    def __str__(self) -> str:
        return self.title or self.kind


class Variant(models.Model):
    """A saved state of the filter bar under a name; at most one of a dashboard is where everybody begins."""

    dashboard = models.ForeignKey(Dashboard, models.CASCADE, related_name="variants")
    name = models.CharField(_("Name"), max_length=80)
    query = models.TextField(editable=False)
    default = models.BooleanField(_("Show this first"), default=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["dashboard", "name"], name="insights_variant_name_once"),
            models.UniqueConstraint(
                fields=["dashboard"], condition=Q(default=True), name="insights_one_default_variant"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Visit(models.Model):
    """When somebody last saw a dashboard, and whether they pinned it."""

    dashboard = models.ForeignKey(Dashboard, models.CASCADE, related_name="visits")
    user = models.ForeignKey(USER, models.CASCADE, related_name="+")
    pinned = models.BooleanField(default=False)
    seen_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["dashboard", "user"], name="insights_visit_once")]


class ShareLink(models.Model):
    """An address by which people without an account see a dashboard; of its secret only the digest is kept.

    `query` is the state of the filter bar that is shown. `origins` are the sites that may embed the page.
    """

    dashboard = models.ForeignKey(Dashboard, models.CASCADE, related_name="links")
    label = models.CharField(_("For whom"), max_length=80, blank=True)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    query = models.TextField(blank=True, editable=False)
    password = models.CharField(max_length=200, blank=True, editable=False)
    origins = models.JSONField(_("Sites that may embed it"), default=list, blank=True)
    created_by = models.ForeignKey(USER, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=clock.now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, editable=False)
    seen_at = models.DateTimeField(null=True, editable=False)

    def is_open(self) -> bool:
        """Whether the link still shows anything."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > clock.now())


class Subscription(models.Model):
    """A dashboard by mail: on `weekdays` (1 is Monday) at `hour` o'clock of the product's zone."""

    dashboard = models.ForeignKey(Dashboard, models.CASCADE, related_name="subscriptions")
    variant = models.ForeignKey(Variant, models.SET_NULL, null=True, blank=True, related_name="+")
    weekdays = models.JSONField(_("Days"), default=list)
    hour = models.PositiveSmallIntegerField(_("Hour"), default=9)
    skip_holidays = models.BooleanField(_("Not on public holidays"), default=False)
    created_by = models.ForeignKey(USER, models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=clock.now, editable=False)
    paused = models.BooleanField(default=False, editable=False)

    @property
    def day_names(self) -> list[str]:
        """The days in the reader's language."""
        return [str(WEEKDAYS[day - 1]) for day in sorted(self.weekdays)]


class Recipient(models.Model):
    """Who gets the mails: a member."""

    subscription = models.ForeignKey(Subscription, models.CASCADE, related_name="recipients")
    user = models.ForeignKey(USER, models.CASCADE, related_name="+")
    unsubscribed_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subscription", "user"], name="insights_recipient_once")]


class Delivery(models.Model):
    """One occurrence of a subscription; unique, so that a schedule that runs twice mails once."""

    subscription = models.ForeignKey(Subscription, models.CASCADE, related_name="deliveries")
    due_at = models.DateTimeField()
    created_at = models.DateTimeField(default=clock.now, editable=False)
    done_at = models.DateTimeField(null=True, editable=False)
    error = models.CharField(max_length=100, blank=True, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subscription", "due_at"], name="insights_delivery_once")]


class Mailing(models.Model):
    """One mail of a delivery to one recipient; claimed before it is sent, marked once the server took it."""

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="mailings")
    recipient = models.ForeignKey(Recipient, models.CASCADE, related_name="+")
    claimed_at = models.DateTimeField(null=True, editable=False)
    sent_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["delivery", "recipient"], name="insights_mailing_once")]


class Annotation(models.Model):
    """A note on a day, or the days up to `until`, of the product's calendar; without dashboard it is on all charts."""

    product = models.ForeignKey("products.Product", models.CASCADE, related_name="+")
    dashboard = models.ForeignKey(Dashboard, models.CASCADE, null=True, blank=True, related_name="annotations")
    day = models.DateField(_("Day"))
    until = models.DateField(_("Last day"), null=True, blank=True)
    text = models.CharField(_("Text"), max_length=200)
    created_by = models.ForeignKey(USER, models.SET_NULL, null=True, related_name="+")
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    updated_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["-day", "-pk"]
        indexes = [models.Index(fields=["product", "day"], name="insights_annotation_day")]
        constraints = [
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gte=F("day")), name="insights_annotation_ends_after_start"
            )
        ]

    def __str__(self) -> str:
        return self.text
