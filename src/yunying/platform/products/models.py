"""Organisations, the products they run, who may do what in them, and the keys that open them to programs."""

from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from yunying.base import clock
from yunying.base.errors import InvalidInput
from yunying.base.zones import zone_of

_UTC = ZoneInfo("UTC")


class Role(models.TextChoices):
    OWNER = "owner", pgettext_lazy("role", "Owner")
    OPERATOR = "operator", _("Operator")
    PM = "pm", _("Product manager")
    DEVELOPER = "developer", _("Developer")
    MARKETER = "marketer", _("Marketer")
    SUPPORT = "support", _("Support")
    VIEWER = "viewer", _("Viewer")


class Organisation(models.Model):
    name = models.CharField(_("Name"), max_length=100)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    def __str__(self) -> str:
        return self.name


class Member(models.Model):
    """A user's place in an organisation; `role` holds for every product without a role of its own."""

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="members")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    role = models.CharField(_("Role"), max_length=10, choices=Role, default=Role.VIEWER)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "user"], name="products_member_once")]


class Stage(models.TextChoices):
    PRE_LAUNCH = "pre_launch", _("Before launch")
    LAUNCHED = "launched", _("Launched")


class WeekStart(models.IntegerChoices):
    MONDAY = 1, _("Monday")
    SUNDAY = 7, _("Sunday")


class AddressPolicy(models.TextChoices):
    """What is stored of the IP address an event was sent from; region is read before, whatever is chosen."""

    DROP = "drop", _("Nothing of it")
    TRUNCATE = "truncate", _("Shortened: the network, without the device (203.0.113.0)")
    FULL = "full", _("Whole")


class Product(models.Model):
    """The tenant: every event, person, report and goal belongs to exactly one product."""

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="products")
    slug = models.SlugField(_("Short name"), max_length=50, unique=True)
    name = models.CharField(_("Name"), max_length=100)
    about = models.TextField(_("What it is"), blank=True)
    core_functions = models.TextField(_("Core functions"), blank=True)
    platforms = models.JSONField(_("Platforms"), default=list, blank=True)
    scope = models.TextField(_("Scope of use"), blank=True)
    stage = models.CharField(_("Stage"), max_length=10, choices=Stage, default=Stage.LAUNCHED)
    timezone = models.CharField(_("Timezone"), max_length=64, default="UTC")
    week_start = models.PositiveSmallIntegerField(_("Week starts on"), choices=WeekStart, default=WeekStart.MONDAY)
    currency = models.CharField(_("Currency"), max_length=3, default="CNY")
    languages = models.JSONField(_("Languages"), default=list, blank=True)
    notice = models.TextField(_("Source and licence of the data"), blank=True)
    address_policy = models.CharField(
        _("IP addresses"), max_length=10, choices=AddressPolicy, default=AddressPolicy.DROP
    )
    own_domains = models.JSONField(_("Own domains"), default=list, blank=True)
    leave_bots_out = models.BooleanField(_("Leave bots out of reports"), default=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    archived_at = models.DateTimeField(null=True, editable=False)

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        """Raises InvalidInput where the timezone is not known here (any more)."""
        return zone_of(self.timezone)

    @property
    def zone_or_utc(self) -> ZoneInfo:
        """For what has to go on where the zone is not known: pages that can change it, jobs for all products."""
        try:
            return self.zone
        except InvalidInput:
            return _UTC


class ProductRole(models.Model):
    """A role in one product that takes the place of the organisation's."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="roles")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="product_roles")
    role = models.CharField(_("Role"), max_length=10, choices=Role)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["product", "user"], name="products_role_once")]


class WriteKey(models.Model):
    """Public by nature: it stands in web pages and apps and only lets events in.

    The collector reads this table with one plain SELECT (`collect.keys`); a contract test pins its columns.
    """

    product = models.ForeignKey(Product, models.CASCADE, related_name="write_keys")
    name = models.CharField(_("Name"), max_length=100)
    token = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False)


class Sender(models.Model):
    """What a protocol without keys calls one of the product's sites or apps: Matomo's site id, Plausible's domain.

    Public by nature. The collector reads this table too.
    """

    product = models.ForeignKey(Product, models.CASCADE, related_name="senders")
    protocol = models.CharField(max_length=20)
    name = models.CharField(_("Name"), max_length=200)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["protocol", "name"], name="products_sender_once")]


class ApiKey(models.Model):
    """Secret: only its digest is kept. `scopes` are names of `products.access.Permission`."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="api_keys")
    name = models.CharField(_("Name"), max_length=100)
    prefix = models.CharField(max_length=12, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = models.JSONField(_("Scopes"), default=list)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=clock.now, editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False)


class Invitation(models.Model):
    """An open door for one mail address; the link carries a token of which only the digest is kept."""

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="invitations")
    email = models.EmailField(_("Mail address"))
    role = models.CharField(_("Role"), max_length=10, choices=Role, default=Role.VIEWER)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=clock.now, editable=False)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, editable=False)

    def is_open(self) -> bool:
        """Whether somebody may still walk in by it."""
        return self.accepted_at is None and self.expires_at > clock.now()
