"""Closing goals with their outcome and score, and taking a closing back."""

import math
from typing import Any

from django.db import transaction
from django.db.models import F

from yunying.apps.goals.checks import checked_text, noted
from yunying.apps.goals.facts import GoalClosed, GoalReopened
from yunying.apps.goals.models import Goal, Status
from yunying.base import clock
from yunying.base.errors import Conflict, InvalidInput, msg
from yunying.platform.jobs.facts import publish
from yunying.platform.products.access import Permission, ProductAccess

__all__ = ["close_goal", "reopen_goal"]


def close_goal(
    *, access: ProductAccess, goal: Goal, status: str, outcome: str, learnt: str = "", score: float | None = None
) -> Goal:
    """End an open goal as achieved, partly achieved, missed or dropped; its readings stop.

    `score` is from 0 to 1; a dropped goal has none. Raises InvalidInput, and Conflict when it is closed already.
    """
    access.require(Permission.EDIT_GOALS)
    if status not in Status.values or status == Status.OPEN:
        raise InvalidInput("goal.status", msg("Choose how the goal ended."), field="status")
    outcome, learnt = checked_text(outcome, "outcome"), checked_text(learnt, "learnt")
    if not outcome:
        raise InvalidInput(
            "goal.outcome", msg("Say in a sentence what came of it, so that the next goal can learn."), field="outcome"
        )
    score = None if status == Status.DROPPED else _checked_score(score)
    with transaction.atomic():
        _turn(goal, Status.OPEN, status=status, outcome=outcome, learnt=learnt, score=score, closed_at=clock.now())
        after = {"status": goal.status, "outcome": outcome, "learnt": learnt, "score": score}
        noted(access, goal, "closed", before={"status": Status.OPEN.value}, after=after)
        publish(GoalClosed(access.product.pk, goal.pk, goal.status))
    return goal


def reopen_goal(*, access: ProductAccess, goal: Goal, reason: str = "") -> Goal:
    """Take a closing back, for a reason that goes into the history; the outcome's text stays.

    Raises Conflict when the goal is open, InvalidInput without a reason.
    """
    access.require(Permission.EDIT_GOALS)
    reason = checked_text(reason, "reason")
    was = goal.status
    if was != Status.OPEN and not reason:
        raise InvalidInput("goal.reason", msg("Say why the goal is opened again."), field="reason")
    with transaction.atomic():
        _turn(goal, None, status=Status.OPEN.value, closed_at=None, score=None)
        noted(access, goal, "reopened", before={"status": was}, after={"status": goal.status, "reason": reason})
        publish(GoalReopened(access.product.pk, goal.pk, reason))
    return goal


def _checked_score(score: float | None) -> float | None:
    if score is not None and (not math.isfinite(score) or not 0 <= score <= 1):
        raise InvalidInput("goal.score", msg("A score is from 0 to 1."), field="score")
    return score


def _turn(goal: Goal, was: Status | None, **changes: Any) -> None:
    # Two people may close the same goal at once: the condition lets exactly one of them do it.
    rows = Goal.objects.filter(pk=goal.pk)
    rows = rows.filter(status=was) if was else rows.exclude(status=Status.OPEN)
    if not rows.update(version=F("version") + 1, updated_at=clock.now(), **changes):
        text = msg("This goal is closed already.") if was else msg("This goal is open.")
        raise Conflict("goal.status_changed", text)
    goal.refresh_from_db()
