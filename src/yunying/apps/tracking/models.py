"""Who did things: distinct ids, the persons and accounts behind them, and the catalogue of what they did.

The relational store gives every distinct id one number, once. Events carry that number for ever; `owner` says
which person it is today. The event store holds copies of `properties` and `owner`, written after each commit.
"""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from yunying.apps.tracking.importing.models import ImportMapping as ImportMapping  # registered with this app
from yunying.apps.tracking.importing.models import ImportRun as ImportRun
from yunying.apps.tracking.privacy.models import ErasedId as ErasedId
from yunying.apps.tracking.privacy.models import Erasure as Erasure
from yunying.apps.tracking.privacy.models import RetentionRule as RetentionRule
from yunying.base import clock
from yunying.events.protocols import by_name


def _of_product(**more: Any) -> Any:
    """The product of rows of which there may be millions.

    A product that is deleted does not take them along in the same breath: `erasing` removes them in the background.
    """
    return models.ForeignKey("products.Product", models.DO_NOTHING, related_name="+", db_constraint=False, **more)


class NumberCounter(models.Model):
    """The one row that hands out blocks of numbers to products, so that no two products share a number."""

    next_block = models.BigIntegerField(default=0)


class NumberBlock(models.Model):
    """The block a product takes its numbers from now: `next` is free, `end` is not in it.

    `epoch` changes when ids were erased: whoever remembers numbers of the product has to forget them.
    """

    product = models.OneToOneField("products.Product", models.CASCADE, primary_key=True, related_name="+")
    next = models.BigIntegerField()
    end = models.BigIntegerField()
    epoch = models.IntegerField(default=0)


class Person(models.Model):
    """A person under the number that was theirs first. `merged_into` is set when another number took over.

    `marks` keeps for each property how it got its value, see `write.properties`. A person who has several ids has the
    properties of all of them; `own` are then those that came under the id with their own number. What came under
    another one stands with that one, as its `properties` and `marks`, so that ids can leave again.
    """

    number = models.BigIntegerField(primary_key=True)
    product = _of_product(db_index=False)
    properties = models.JSONField(default=dict)
    marks = models.JSONField(default=dict)
    born_ms = models.BigIntegerField()
    own = models.JSONField(null=True)
    identified = models.BooleanField(default=False)
    merged_into = models.BigIntegerField(null=True)
    version = models.BigIntegerField(default=1)

    class Meta:
        indexes = [models.Index(fields=["product", "-born_ms", "number"], name="tracking_person_born")]


class DistinctId(models.Model):
    """One id that events carry. `number` never changes, `owner` is the person's number today.

    `first_ms` is the time of the earliest event sent under this id. `known` ids are the customer's own: somebody signed
    in under them, at `known_ms` for the first time.
    """

    number = models.BigIntegerField(primary_key=True)
    product = _of_product(db_index=False)
    distinct_id = models.CharField(max_length=400)
    owner = models.BigIntegerField(db_index=True)
    first_ms = models.BigIntegerField()
    version = models.BigIntegerField(default=1)
    # The default is the database's too: ids are added by plain statements.
    known = models.BooleanField(default=False, db_default=False)
    known_ms = models.BigIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["product", "distinct_id"], name="tracking_distinct_id_once")]


class MergeOutcome(models.TextChoices):
    DONE = "done", _("Merged")
    RUBBISH = "rubbish", _("Refused: not an id")
    BOTH_KNOWN = "both_known", _("Refused: two known users")
    CROWDED = "crowded", _("Refused: too many devices of one user in a day")
    BARRED = "barred", _("Refused: split by hand before")
    SPLIT = "split", pgettext_lazy("of ids", "Split off")


class JoinKind(models.TextChoices):
    """Why two ids may be one person: what programs said, then what people decided or an earlier version did."""

    IDENTIFY = "identify", pgettext_lazy("why ids are joined", "signed in")
    ALIAS = "alias", pgettext_lazy("why ids are joined", "alias")
    MERGE = "merge", pgettext_lazy("why ids are joined", "merge")
    MANUAL = "manual", pgettext_lazy("why ids are joined", "by hand")
    EARLIER = "earlier", pgettext_lazy("why ids are joined", "before links were kept")


class IdLink(models.Model):
    """That two ids were said to be one person: the earliest time (`at_ms`, and `tag` for its event) it was said.

    Which links hold is worked out of all of them, see `write.joining`. An anonymous id is claimed once: of its IDENTIFY
    links only the earliest is `standing`. `outcome` is what is on record of the link among the merges.
    """

    product = _of_product(db_index=False)
    source = models.CharField(max_length=400)
    target = models.CharField(max_length=400)
    kind = models.CharField(max_length=10, choices=JoinKind)
    at_ms = models.BigIntegerField()
    tag = models.CharField(max_length=12)
    standing = models.BooleanField(default=True)
    outcome = models.CharField(max_length=12, blank=True)
    protocol = models.CharField(max_length=20, blank=True)
    library = models.CharField(max_length=100, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["product", "source", "target", "kind"], name="tracking_id_link_once")
        ]
        indexes = [models.Index(fields=["product", "target"], name="tracking_id_link_target")]


class IdSplit(models.Model):
    """That an id stood on the one or the other side when people were split by hand; `split` is the number of the Merge.

    Links between the two sides do not hold, and each side stays together.
    """

    product = _of_product(db_index=False)
    split = models.BigIntegerField(db_index=True)
    distinct_id = models.CharField(max_length=400)
    left = models.BooleanField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["product", "distinct_id", "split"], name="tracking_id_split_once")
        ]


class Merge(models.Model):
    """What became of one link between two ids; links that changed nothing leave no row.

    `protocol` and `library` say what sent the link; both are empty where that was not noted yet, and where somebody did
    it on a page or through the API, who is named in `by`.
    """

    product = _of_product()
    kind = models.CharField(max_length=10)
    source = models.CharField(max_length=400)
    target = models.CharField(max_length=400)
    outcome = models.CharField(max_length=12, choices=MergeOutcome)
    winner = models.BigIntegerField(null=True, db_index=True)
    loser = models.BigIntegerField(null=True, db_index=True)
    protocol = models.CharField(max_length=20, blank=True)
    library = models.CharField(max_length=100, blank=True)
    by = models.CharField(max_length=150, blank=True)
    at = models.DateTimeField(default=clock.now)

    @property
    def way(self) -> str:
        """What the protocol is called to people; empty where it was not noted."""
        protocol = by_name(self.protocol)
        return protocol.label if protocol else self.protocol

    @property
    def why(self) -> str:
        """What kind of link it was, in words."""
        return str(dict(JoinKind.choices).get(self.kind, self.kind))


class Account(models.Model):
    """A customer persons act for, by the key the product gives it."""

    product = _of_product(db_index=False)
    key = models.CharField(max_length=400)
    properties = models.JSONField(default=dict)
    marks = models.JSONField(default=dict)
    first_seen_ms = models.BigIntegerField()
    version = models.BigIntegerField(default=1)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["product", "key"], name="tracking_account_once")]


class Definition(models.Model):
    """What people wrote about a name of the catalogue, and what was seen of it.

    A name that was announced but never came has no `volume` and no times.
    """

    name = models.CharField(max_length=400, editable=False)
    title_en = models.CharField(_("English name"), max_length=100, blank=True)
    title_zh = models.CharField(_("Chinese name"), max_length=100, blank=True)
    description = models.TextField(_("Description"), blank=True)
    category = models.CharField(_("Category or page"), max_length=100, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=pgettext_lazy("of an entry", "Owner"),
    )
    hidden = models.BooleanField(_("Hidden in suggestions"), default=False)
    volume = models.BigIntegerField(default=0, editable=False)
    first_seen = models.DateTimeField(null=True, editable=False)
    last_seen = models.DateTimeField(null=True, editable=False)

    class Meta:
        abstract = True

    def title(self, language: str) -> str:
        """The shown name in a language, the name that is sent where nobody gave one."""
        own, other = (self.title_zh, self.title_en) if language.startswith("zh") else (self.title_en, self.title_zh)
        return own or other or self.name

    @property
    def shown(self) -> str:
        """The shown name in the reader's language."""
        return self.title(get_language() or settings.LANGUAGE_CODE)


class State(models.TextChoices):
    """How far an announced event is, from the draft to its end."""

    DRAFT = "draft", pgettext_lazy("state of an event", "Draft")
    REVIEW = "review", pgettext_lazy("state of an event", "In review")
    DEVELOPMENT = "development", pgettext_lazy("state of an event", "In development")
    SELF_TEST = "self_test", pgettext_lazy("state of an event", "Self-test")
    ACCEPTANCE = "acceptance", pgettext_lazy("state of an event", "In acceptance")
    LIVE = "live", pgettext_lazy("state of an event", "Live")
    RETIRED = "retired", pgettext_lazy("state of an event", "Retired")


class EventDefinition(Definition):
    """One event name of a product. The marks say what it means to the business; an event may have several.

    `revenue_property` names the property with the amount in major units of `revenue_currency`; both or none are set.
    """

    product = models.ForeignKey("products.Product", models.CASCADE, related_name="+", db_index=False)
    trigger = models.TextField(_("When it is sent"), blank=True)
    platforms = models.CharField(_("Platforms"), max_length=100, blank=True)
    priority = models.CharField(_("Priority"), max_length=20, blank=True)
    version = models.CharField(_("Since version"), max_length=50, blank=True)
    state = models.CharField(_("State"), max_length=12, choices=State, blank=True)
    is_order = models.BooleanField(_("This is an order"), default=False)
    is_sign_up = models.BooleanField(_("This is a sign-up"), default=False)
    revenue_property = models.CharField(_("Property with the revenue"), max_length=400, blank=True)
    revenue_currency = models.CharField(_("Currency of the revenue"), max_length=3, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["product", "name"], name="tracking_event_once"),
            models.CheckConstraint(
                condition=models.Q(revenue_property="", revenue_currency="")
                | (~models.Q(revenue_property="") & ~models.Q(revenue_currency="")),
                name="tracking_event_revenue_has_currency",
            ),
        ]


class PropertyOf(models.TextChoices):
    EVENT = "event", _("Event")
    PERSON = "person", _("Person")
    ACCOUNT = "account", _("Account")


class ValueType(models.TextChoices):
    TEXT = "text", _("Text")
    NUMBER = "number", _("Number")
    BOOLEAN = "boolean", _("Yes or no")
    TIME = "time", _("Time")
    LIST = "list", _("List")
    OBJECT = "object", _("Object")


class PropertyDefinition(Definition):
    """One property of events, persons or accounts. `seen_types` counts the types of a sample of its values."""

    product = models.ForeignKey("products.Product", models.CASCADE, related_name="+", db_index=False)
    of = models.CharField(max_length=8, choices=PropertyOf, editable=False)
    allowed = models.TextField(_("Allowed values"), blank=True)
    required = models.BooleanField(_("Required"), default=False)
    example = models.CharField(_("Example"), max_length=200, blank=True)
    seen_types = models.JSONField(default=dict, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["product", "of", "name"], name="tracking_property_once")]

    @property
    def guess(self) -> tuple[ValueType, float] | None:
        """The most frequent type and its share of the sampled values (0–1), None while no value was seen."""
        total = sum(self.seen_types.values())
        if not total:
            return None
        best = max(self.seen_types, key=lambda name: (self.seen_types[name], name))
        return ValueType(best), self.seen_types[best] / total


class EventProperty(models.Model):
    """That events of a name carry a property; `last_seen` is right to the hour."""

    product = _of_product(db_index=False)
    event = models.CharField(max_length=400)
    property = models.CharField(max_length=400)
    last_seen = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["product", "event", "property"], name="tracking_event_property_once")
        ]


class PropertyDay(models.Model):
    """How many events of a day that is over had a value of each property: `counts` by name, days of `zone`.

    It holds while `noted` is the number of events that came late for the day, and of takings away, together.
    """

    product = models.ForeignKey("products.Product", models.CASCADE, related_name="+", db_index=False)
    day = models.DateField()
    zone = models.CharField(max_length=64)
    noted = models.BigIntegerField()
    counts = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["product", "day"], name="tracking_property_day_once")]


class WrittenBatch(models.Model):
    """A batch whose relational part is committed: a retry must not count or add a second time."""

    token = models.CharField(max_length=200, primary_key=True)
    at = models.DateTimeField(default=clock.now, db_index=True)


class AppliedEvent(models.Model):
    """An event whose additions to a person or account were made; the same event again must not add twice."""

    product = _of_product(db_index=False)
    uuid = models.UUIDField()
    at = models.DateTimeField(default=clock.now, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["product", "uuid"], name="tracking_applied_once")]
