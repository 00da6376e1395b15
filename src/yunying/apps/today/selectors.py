"""What Today shows: goals, what changed, what needs this person, and the first steps of a new product."""

from dataclasses import dataclass
from datetime import date

from django.db.models import Count
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from yunying.apps.goals.selectors import DueCheckIn, GoalCard
from yunying.apps.insights.selectors import QUIET, Change, Metric, changes_of, reports_of
from yunying.apps.tracking.selectors import refused_count
from yunying.base.errors import Unavailable
from yunying.platform.jobs.selectors import failed
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.selectors import member_ids
from yunying.platform.ui import formats

__all__ = ["Need", "Step", "changes", "needs", "steps"]

MOST_CHANGES = 6


@dataclass(frozen=True, slots=True)
class Need:
    """Something only a person can put right: what, and where."""

    text: str
    url: str
    icon: str


@dataclass(frozen=True, slots=True)
class Step:
    """One of the first steps with a product, in order."""

    label: Promise | str
    done: bool
    url: str


def changes(metrics: list[Metric]) -> list[Change]:
    """The metrics whose last whole period differs most from what is usual for them, the most unusual first."""
    return changes_of(metrics)[:MOST_CHANGES]


def needs(
    access: ProductAccess, goals: list[GoalCard], check_ins: list[DueCheckIn], newest: date | None, today: date
) -> list[Need]:
    """What waits for somebody with this person's rights."""
    found = [*_check_ins(access, check_ins), *_of_goals(access, goals), *_refused(access), *_failed_jobs(access)]
    if newest is not None and today - newest > QUIET:
        text = _("The newest event is of %(day)s. If more should have come, look at the connection.")
        found.append(Need(text % {"day": formats.date(newest)}, _url("tracking:setup", access), "plug-connected"))
    return found


def steps(access: ProductAccess, *, metrics: int, goals: list[GoalCard], newest: date | None) -> list[Step]:
    """The way from nothing to a goal that moves by itself; empty once all of it is done."""
    with_result = next((card for card in goals if card.key_results), None)
    first = goals[0] if goals else None
    bind = _url("goals:add", access, goal_id=first.goal.pk) if first else _url("goals:create", access)
    found = [
        Step(_("Send the first event"), newest is not None, _url("tracking:setup", access)),
        Step(_("Ask a question and save it as a report"), reports_of(access).exists(), _url("insights:trends", access)),
        Step(_("Pin a question as a metric"), metrics > 0, _url("insights:trends", access)),
        Step(_("Set a goal"), bool(goals), _url("goals:create", access)),
        Step(_("Bind the goal to a metric by a key result"), with_result is not None, bind),
        Step(_("Invite a colleague"), len(member_ids(access.product)) > 1, _url("console:members", access)),
    ]
    return [] if all(step.done for step in found) else found


def _check_ins(access: ProductAccess, due: list[DueCheckIn]) -> list[Need]:
    """The check-ins that this person owes, and those of goals that nobody owns."""
    if not access.may(Permission.EDIT_GOALS):
        return []
    text = _("The check-in of the goal “%(goal)s” is due since %(day)s.")
    return [
        Need(
            text % {"goal": one.goal.title, "day": formats.date(one.on)},
            _url("goals:check_in", access, goal_id=one.goal.pk),
            "message",
        )
        for one in due
        if one.goal.owner_id in (None, access.actor.id)
    ]


def _of_goals(access: ProductAccess, goals: list[GoalCard]) -> list[Need]:
    if not access.may(Permission.EDIT_GOALS):
        return []
    found: list[Need] = []
    for card in goals:
        here = _url("goals:detail", access, goal_id=card.goal.pk)
        named = {"goal": card.goal.title}
        if not card.measured:
            text = _("The goal “%(goal)s” has no key result, so nobody sees whether it moves.")
            found.append(Need(text % named, _url("goals:add", access, goal_id=card.goal.pk), "gauge"))
        elif any(item.key_result.error for item in (*card.key_results, *card.guardrails)):
            found.append(Need(_("A reading of the goal “%(goal)s” did not work.") % named, here, "alert-triangle"))
        if card.days_left <= 0:
            text = _("The time of the goal “%(goal)s” is over. Close it with its outcome.")
            found.append(Need(text % named, _url("goals:close", access, goal_id=card.goal.pk), "flag-check"))
    return found


def _refused(access: ProductAccess) -> list[Need]:
    if not access.may(Permission.MANAGE_DATA):
        return []
    try:
        count = refused_count(access.product.pk)
    except Unavailable:
        return []
    if not count:
        return []
    text = ngettext("%(count)s event was refused.", "%(count)s events were refused.", count)
    return [Need(text % {"count": count}, _url("tracking:refused", access), "ban")]


def _failed_jobs(access: ProductAccess) -> list[Need]:
    if not access.may(Permission.MANAGE_MEMBERS):
        return []
    count = failed().aggregate(n=Count("pk"))["n"]
    if not count:
        return []
    text = ngettext("%(count)s background job failed.", "%(count)s background jobs failed.", count)
    return [Need(text % {"count": count}, reverse("console:jobs"), "alert-circle")]


def _url(name: str, access: ProductAccess, **kwargs: int) -> str:
    return reverse(name, kwargs={"product": access.product.slug, **kwargs})
