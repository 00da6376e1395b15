"""A word to owners and followers when something about a goal turns."""

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.functional import Promise, lazy, lazystr
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from yunying.apps.goals.facts import GoalClosed, GoalReopened, GoalStood, KeyResultStood
from yunying.apps.goals.looks import HELD_AGAIN
from yunying.apps.goals.models import Goal, KeyResult, Status
from yunying.apps.goals.progress import Standing
from yunying.apps.goals.standing import card_of, look_of, today_in
from yunying.platform.jobs.facts import subscriber
from yunying.platform.notify.kinds import register
from yunying.platform.notify.services import notify

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

__all__ = ["tell_closed", "tell_goal_turned", "tell_owner", "tell_reopened"]

TURNED = register("goal.turned", _("A key result of my goals is reached, off track or missed."))
FOLLOWED = register("goal.followed", _("A goal I follow turns, is closed or opened again."))

# Turns worth a notification; the others are seen on the pages.
TOLD = {
    Standing.REACHED: _("Key result reached: {name}"),
    Standing.OFF_TRACK: _("Key result off track: {name}"),
    Standing.MISSED: _("Key result missed: {name}"),
}
GUARDRAIL = {
    Standing.OFF_TRACK: _("Guardrail broken: {name}"),
    Standing.MISSED: _("Guardrail broken: {name}"),
    Standing.ON_TRACK: _("Guardrail “{name}”: {standing}"),
}
BACK = GUARDRAIL[Standing.ON_TRACK]


@subscriber(KeyResultStood)
def tell_owner(fact: KeyResultStood) -> None:
    """Tell the goal's owner about a turn that matters, once a day at most for the same one."""
    key_result = KeyResult.objects.select_related("goal__product", "metric").filter(pk=fact.key_result_id).first()
    if key_result is None:
        return
    goal, after = key_result.goal, Standing(fact.after)
    title = _guardrail_title(key_result, fact) if key_result.guardrail else TOLD.get(after)
    if title is None or goal.owner_id is None or goal.status != Status.OPEN:
        return
    _tell(
        goal,
        [goal.owner_id],
        # In the word that the goal's page has for it.
        format_lazy(title, name=key_result.shown_name, standing=HELD_AGAIN.label),
        text=_said_of(key_result),
        kind=TURNED,
        key=f"goal.turned:{key_result.pk}:{fact.after}",
    )


def _guardrail_title(key_result: KeyResult, fact: KeyResultStood) -> "_StrPromise | None":
    """What to call the turn of a guardrail; None when it needs no word."""
    after = Standing(fact.after)
    if after == Standing.AT_RISK and key_result.broken_until and fact.before == Standing.OFF_TRACK:
        return BACK
    return None if after == Standing.ON_TRACK and fact.before == Standing.NO_READING else GUARDRAIL.get(after)


def _said(key_result: KeyResult) -> str:
    why = card_of(key_result.goal, [key_result], key_result.goal.product.timezone)
    return f"{key_result.goal.title}: {(*why.key_results, *why.guardrails)[0].reason}"


# Written when it is sent, in each reader's language.
_said_of = lazy(_said, str)


@subscriber(GoalStood)
def tell_goal_turned(fact: GoalStood) -> None:
    """Tell followers how the goal stands now; its owner hears of the key result that turned it."""
    goal = _goal(fact.goal_id)
    if goal is None or goal.status != Status.OPEN:
        return
    text = format_lazy(_("From “{before}” to “{after}”."), before=_word(fact.before), after=_word(fact.after))
    title = format_lazy(_("Goal turned: {title}"), title=goal.title)
    _tell(goal, _followers(goal), title, text=text, kind=FOLLOWED, key=f"goal.stood:{goal.pk}:{fact.after}")


@subscriber(GoalClosed)
def tell_closed(fact: GoalClosed) -> None:
    """Tell followers how the goal ended."""
    goal = _goal(fact.goal_id)
    if goal is None:
        return
    title = format_lazy(_("Goal closed: {title}"), title=goal.title)
    status = lazystr(Status(fact.status).label)
    text = format_lazy(_("It ended as “{status}”. {outcome}"), status=status, outcome=goal.outcome)
    _tell(goal, _followers(goal), title, text=text, kind=FOLLOWED, key=f"goal.closed:{goal.pk}:{fact.status}")


@subscriber(GoalReopened)
def tell_reopened(fact: GoalReopened) -> None:
    """Tell followers and the owner that the goal goes on, and why."""
    goal = _goal(fact.goal_id)
    if goal is None:
        return
    people = [*_followers(goal), *([goal.owner_id] if goal.owner_id else [])]
    title = format_lazy(_("Goal opened again: {title}"), title=goal.title)
    _tell(goal, people, title, text=fact.reason, kind=FOLLOWED, key=f"goal.reopened:{goal.pk}")


def _goal(goal_id: int) -> Goal | None:
    return Goal.objects.select_related("product").filter(pk=goal_id).first()


def _followers(goal: Goal) -> list[int]:
    rows = goal.followers.exclude(user_id=goal.owner_id) if goal.owner_id else goal.followers.all()
    return list(rows.values_list("user_id", flat=True))


def _word(standing: str) -> Promise | str:
    return look_of(standing).label


def _tell(goal: Goal, user_ids: list[int], title: str | Promise, *, text: str | Promise, kind: str, key: str) -> None:
    """The same turn is told once a day at most."""
    notify(
        user_ids=user_ids,
        title=title,
        text=text,
        url=reverse("goals:detail", kwargs={"product": goal.product.slug, "goal_id": goal.pk}),
        kind=kind,
        product_id=goal.product_id,
        key=f"{key}:{today_in(goal.product.timezone).isoformat()}",
    )
