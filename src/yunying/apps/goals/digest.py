"""The weekly digest: of the goals a person owns or follows, what changed in the last seven days."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count
from django.urls import reverse
from django.utils.functional import lazy
from django.utils.text import format_lazy
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from yunying.apps.goals.days import days_before
from yunying.apps.goals.models import CheckIn, Follower, Goal, GoalDay
from yunying.apps.goals.progress import clamped
from yunying.apps.goals.standing import GoalCard, look_of
from yunying.apps.goals.tree import forest_of
from yunying.base import clock
from yunying.platform.jobs import schedule
from yunying.platform.notify.kinds import register
from yunying.platform.notify.services import notify
from yunying.platform.products.models import Product
from yunying.platform.products.selectors import member_ids

__all__ = ["Changed", "changes_of_week", "send_digests"]

KIND = register("goal.digest", _("Once a week, what changed in the goals I own or follow."))
MORNING = 8
WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Changed:
    """What changed about a goal in a week; `lines` say it in the reader's language, one thing each."""

    card: GoalCard
    before: GoalDay | None
    check_ins: int
    closed: bool
    since: date

    @property
    def any(self) -> bool:
        return bool(self.check_ins or self.closed or self._turned or self._moved or self._broke)

    @property
    def _broke(self) -> bool:
        """Whether a guardrail broke in this week, or held again."""
        days = [
            day for one in self.card.guardrails for day in (one.key_result.broken_since, one.key_result.broken_until)
        ]
        return self.card.is_open and any(day >= self.since for day in days if day)

    @property
    def _turned(self) -> bool:
        standing = self.card.standing.value if self.card.standing else ""
        return self.card.is_open and self.before is not None and self.before.standing != standing

    @property
    def _moved(self) -> bool:
        before = self.before.progress if self.before else None
        return self.card.is_open and before is not None and _points(before) != _points(self.card.progress)

    @property
    def lines(self) -> list[str]:
        said = [part for part in (self._status(), self._progress(), self._said()) if part]
        head = gettext("%(goal)s: %(changes)s") % {"goal": self.card.goal.title, "changes": " · ".join(said)}
        return [head, *self._breaches(), *self._forecast()]

    def _status(self) -> str:
        if self.closed:
            return gettext("closed as “%(status)s”") % {"status": self.card.look.label}
        if not self._turned or self.before is None:
            return str(self.card.look.label)
        return gettext("from “%(before)s” to “%(after)s”") % {
            "before": look_of(self.before.standing).label,
            "after": self.card.look.label,
        }

    def _progress(self) -> str:
        if not self._moved or self.before is None:
            return ""
        return f"{_points(self.before.progress)}% → {_points(self.card.progress)}%"

    def _breaches(self) -> list[str]:
        """The guardrails that do not hold, and those that broke or held again in this week."""
        return self.card.breaches if self.card.is_open else []

    def _forecast(self) -> list[str]:
        """Nothing while there is none: that it is being made is over when the mail is read."""
        return [self.card.outlook_text] if self.card.outlook and self.card.outlook.card else []

    def _said(self) -> str:
        if not self.check_ins:
            return ""
        return ngettext("%(count)d check-in", "%(count)d check-ins", self.check_ins) % {"count": self.check_ins}


@schedule("40 * * * *", label=_("Send goal digests"))
def send_digests() -> None:
    """From eight in the morning of the first day of a product's week: to each person what changed, told once a week."""
    for product in Product.objects.filter(archived_at=None):
        local = clock.now().astimezone(product.zone_or_utc)
        if local.isoweekday() == product.week_start and local.hour >= MORNING:
            _send(product, local.date())


def changes_of_week(product: Product, today: date) -> dict[int, Changed]:
    """By goal, what changed in the seven days before `today`; only goals with a change. Six queries."""
    cards = [card for card in forest_of(product.organisation_id).cards.values() if card.goal.product_id == product.pk]
    numbers = [card.goal.pk for card in cards]
    since = today - WEEK
    said = CheckIn.objects.filter(goal__in=numbers, on__gte=since, on__lt=today).order_by()
    counts = dict(said.values_list("goal").annotate(n=Count("pk")))
    before = days_before(numbers, since)
    found = [
        Changed(card, before.get(card.goal.pk), counts.get(card.goal.pk, 0), _closed_since(card.goal, since), since)
        for card in cards
    ]
    return {one.card.goal.pk: one for one in found if one.any}


def _send(product: Product, today: date) -> None:
    changes = changes_of_week(product, today)
    if not changes:
        return
    for user_id, goal_ids in _readers(product, changes).items():
        lines = [changes[goal_id] for goal_id in sorted(goal_ids)]
        notify(
            user_ids=[user_id],
            title=format_lazy(_("Your goals this week: {product}"), product=product.name),
            text=_text_of(lines),
            url=reverse("goals:list", kwargs={"product": product.slug}),
            kind=KIND,
            product_id=product.pk,
            key=f"goal.digest:{product.pk}:{today.isoformat()}",
        )


def _readers(product: Product, changes: dict[int, Changed]) -> dict[int, set[int]]:
    """For each person who still sees the product, the changed goals they own or follow."""
    found: dict[int, set[int]] = defaultdict(set)
    for goal_id, change in changes.items():
        if change.card.goal.owner_id:
            found[change.card.goal.owner_id].add(goal_id)
    for goal_id, user_id in Follower.objects.filter(goal__in=changes).values_list("goal_id", "user_id"):
        found[user_id].add(goal_id)
    members = set(member_ids(product))
    return {user_id: goals for user_id, goals in found.items() if user_id in members}


def _closed_since(goal: Goal, since: date) -> bool:
    return goal.closed_at is not None and goal.closed_at.astimezone(goal.product.zone).date() >= since


def _points(fraction: float | None) -> int:
    return int(clamped(fraction) * 100)


def _lines(changes: list[Changed]) -> str:
    """A paragraph for each goal."""
    return "\n\n".join("• " + "\n  ".join(change.lines) for change in changes)


# Written when it is sent, in each reader's language.
_text_of = lazy(_lines, str)
