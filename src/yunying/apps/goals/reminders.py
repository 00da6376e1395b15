"""Check-ins that are due, and a word to who should make them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Max, QuerySet
from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from yunying.apps.goals.models import Goal, Rhythm, Status
from yunying.apps.goals.rhythm import pending_check_in
from yunying.apps.goals.standing import today_in
from yunying.base import clock
from yunying.platform.jobs import schedule
from yunying.platform.notify.kinds import register
from yunying.platform.notify.services import notify
from yunying.platform.products.access import ProductAccess

__all__ = ["DueCheckIn", "check_ins_due", "remind", "with_last_check_in"]

KIND = register("goal.check_in", _("A check-in of my goals is due."))
MORNING = 9


@dataclass(frozen=True, slots=True)
class DueCheckIn:
    """A check-in that is due on day `on`, or was."""

    goal: Goal
    on: date


def with_last_check_in(goals: Iterable[Goal]) -> dict[int, date]:
    """The day of each goal's newest check-in, for those that have one. One query."""
    rows = Goal.objects.filter(pk__in=[goal.pk for goal in goals]).annotate(last=Max("check_ins__on"))
    return {pk: last for pk, last in rows.values_list("pk", "last") if last}


def check_ins_due(access: ProductAccess) -> list[DueCheckIn]:
    """The product's check-ins that are due by today, the oldest first. Two queries."""
    rows = _with_rhythm().filter(product=access.product)
    return _due(list(rows.select_related("product")), today_in(access.product.timezone))


@schedule("25 * * * *", label=_("Remind of check-ins"))
def remind() -> None:
    """From nine in the morning of the day a check-in is due, in the product's zone: tell the owner, else followers.

    Each due day is told once, however often this runs.
    """
    by_product: dict[int, list[Goal]] = {}
    for goal in _with_rhythm().filter(product__archived_at=None).select_related("product"):
        by_product.setdefault(goal.product_id, []).append(goal)
    for goals in by_product.values():
        product = goals[0].product
        local: datetime = clock.now().astimezone(product.zone_or_utc)
        if local.hour >= MORNING:
            for due in _due(goals, local.date()):
                _tell(due)


def _with_rhythm() -> QuerySet[Goal]:
    return Goal.objects.filter(status=Status.OPEN).exclude(rhythm=Rhythm.NONE)


def _due(goals: list[Goal], today: date) -> list[DueCheckIn]:
    last = with_last_check_in(goals)
    days = [
        (goal, pending_check_in(goal.rhythm, goal.rhythm_day, goal.start, goal.due, last.get(goal.pk), today))
        for goal in goals
    ]
    found = [DueCheckIn(goal, on) for goal, on in days if on is not None and on <= today]
    return sorted(found, key=lambda one: (one.on, one.goal.pk))


def _tell(due: DueCheckIn) -> None:
    goal = due.goal
    people = [goal.owner_id] if goal.owner_id else list(goal.followers.values_list("user_id", flat=True))
    notify(
        user_ids=people,
        title=format_lazy(_("Check-in due: {title}"), title=goal.title),
        text=_("Say in a minute how sure you are, what happened, and what comes next."),
        url=reverse("goals:check_in", kwargs={"product": goal.product.slug, "goal_id": goal.pk}),
        kind=KIND,
        product_id=goal.product_id,
        key=f"goal.check_in:{goal.pk}:{due.on.isoformat()}",
    )
