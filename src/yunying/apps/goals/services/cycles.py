"""OKR cycles: making the next one, taking unfinished goals along, closing with scores."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import IntegrityError, transaction

from yunying.apps.goals.checks import (
    UNSET,
    checked_period,
    checked_text,
    checked_title,
    facts_of,
    given,
    noted,
)
from yunying.apps.goals.models import Cycle, CycleKind, Goal, KeyResult, Shape, Status
from yunying.apps.goals.services.closing import close_goal
from yunying.apps.goals.services.goals import create_goal
from yunying.apps.goals.services.key_results import add_key_result
from yunying.apps.insights.selectors import Window
from yunying.base import clock
from yunying.base.errors import Conflict, InvalidInput, msg
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.versions import write_version

__all__ = [
    "Decision",
    "carry_over",
    "close_cycle",
    "create_cycle",
    "delete_cycle",
    "reopen_cycle",
    "update_cycle",
]


@dataclass(frozen=True, slots=True)
class Decision:
    """How one open goal of a cycle ends; with `carry` it goes on in the next cycle."""

    goal: Goal
    status: str
    outcome: str
    score: float | None = None
    learnt: str = ""
    carry: bool = False


def create_cycle(
    *, access: ProductAccess, name: str, start: date, due: date, kind: str = CycleKind.QUARTER.value
) -> Cycle:
    """A new cycle. Raises InvalidInput (name, period, kind) and Conflict (the name is taken)."""
    access.require(Permission.EDIT_GOALS)
    values = _checked({"name": name, "start": start, "due": due, "kind": kind}, None)
    with transaction.atomic():
        try:
            with transaction.atomic():
                cycle = Cycle.objects.create(product=access.product, **values)
        except IntegrityError:
            raise _taken(values["name"]) from None
        noted(access, cycle, "created", after=facts_of(cycle))
    return cycle


def update_cycle(
    *,
    access: ProductAccess,
    cycle: Cycle,
    version: int,
    name: str = UNSET,
    start: date = UNSET,
    due: date = UNSET,
    kind: str = UNSET,
    review: str = UNSET,
) -> Cycle:
    """Change what is given. Goals keep their own time. Raises as `create_cycle`, and Conflict when it is closed."""
    access.require(Permission.EDIT_GOALS)
    changes = _checked(given(name=name, start=start, due=due, kind=kind, review=review), cycle)
    with transaction.atomic():
        _lock_open(cycle)
        before = facts_of(cycle)
        try:
            with transaction.atomic():
                write_version(cycle, version, changes)
        except IntegrityError:
            raise _taken(changes["name"]) from None
        noted(access, cycle, "changed", before=before, after=facts_of(cycle))
    return cycle


def delete_cycle(*, access: ProductAccess, cycle: Cycle) -> None:
    """Remove a cycle; its goals stay, in no cycle."""
    access.require(Permission.EDIT_GOALS)
    with transaction.atomic():
        noted(access, cycle, "deleted", before=facts_of(cycle))
        cycle.delete()


def carry_over(*, access: ProductAccess, goal: Goal, cycle: Cycle) -> Goal:
    """The same goal once more, for the time of `cycle`, with what is left of its key results.

    A value that must move starts where it stands now; of a total, what is missing is the new target. Key results
    that are reached are left behind. The old goal is not touched. Raises InvalidInput (the goal is closed, the cycle
    is its own).
    """
    access.require(Permission.EDIT_GOALS)
    if goal.cycle_id == cycle.pk:
        text = msg("The goal is in this cycle already. Choose the cycle that follows.")
        raise InvalidInput("cycle.same", text, field="next")
    with transaction.atomic():
        _lock_open(cycle)
        copy = create_goal(
            access=access,
            title=goal.title,
            why=goal.why,
            start=cycle.start,
            due=cycle.due,
            parent_id=_open_parent(goal),
            owner_id=goal.owner_id,
            level=goal.level,
            team=goal.team,
            weight=goal.weight,
            counts=goal.counts,
            cycle_id=cycle.pk,
            rhythm=goal.rhythm,
            rhythm_day=goal.rhythm_day,
            carried_from=goal,
        )
        for key_result in goal.key_results.select_related("metric"):
            if (rest := _rest(key_result)) is not None:
                add_key_result(access=access, goal=copy, metric_id=key_result.metric_id, **rest)
    return copy


def close_cycle(
    *,
    access: ProductAccess,
    cycle: Cycle,
    decisions: Iterable[Decision],
    review: str = "",
    following: Cycle | None = None,
) -> Cycle:
    """Close every open goal of the cycle as decided, take along what shall go on, and close the cycle; all or nothing.

    Raises InvalidInput (a goal without decision, no next cycle to carry into) and what closing a goal raises.
    """
    access.require(Permission.EDIT_GOALS)
    by_goal = {decision.goal.pk: decision for decision in decisions}
    with transaction.atomic():
        _lock_open(cycle)
        for goal in Goal.objects.filter(product=access.product, cycle=cycle, status=Status.OPEN):
            if goal.pk not in by_goal:
                text = msg("Say how the goal “%(goal)s” ended.")
                raise InvalidInput("cycle.undecided", text, goal=goal.title)
            _decide(access, goal, by_goal[goal.pk], following)
        before = facts_of(cycle)
        now = clock.now()
        write_version(cycle, cycle.version, {"closed_at": now, "review": checked_text(review, "review")})
        noted(access, cycle, "closed", before=before, after=facts_of(cycle))
    return cycle


def reopen_cycle(*, access: ProductAccess, cycle: Cycle) -> Cycle:
    """Open a closed cycle again; its goals stay closed. Raises Conflict when it is open."""
    access.require(Permission.EDIT_GOALS)
    if cycle.is_open:
        raise Conflict("cycle.open", msg("This cycle is open."))
    with transaction.atomic():
        write_version(cycle, cycle.version, {"closed_at": None})
        noted(access, cycle, "reopened")
    return cycle


def _decide(access: ProductAccess, goal: Goal, decision: Decision, following: Cycle | None) -> None:
    if decision.carry:
        if following is None:
            text = msg("Choose the cycle in which the goal “%(goal)s” goes on.")
            raise InvalidInput("cycle.no_next", text, field="next", goal=goal.title)
        carry_over(access=access, goal=goal, cycle=following)
    close_goal(
        access=access,
        goal=goal,
        status=decision.status,
        outcome=decision.outcome,
        learnt=decision.learnt,
        score=decision.score,
    )


def _rest(row: KeyResult) -> dict[str, Any] | None:
    """The arguments of the key result that is left to do; None when nothing is left."""
    kept = {
        "name": row.name, "shape": row.shape, "guardrail": row.guardrail, "weight": row.weight,
        "on_track_lag": row.on_track_lag, "at_risk_lag": row.at_risk_lag,
    }  # fmt: skip
    if row.baseline is None or row.target is None or row.shape != Shape.MOVE:
        return kept | {"low": row.low, "high": row.high}
    now = row.baseline if row.value is None else row.value
    if (row.target - now) * (row.target - row.baseline) <= 0:
        return None
    if row.metric.window == Window.TOTAL:
        return kept | {"baseline": 0.0, "target": row.target - now}
    return kept | {"baseline": now, "target": row.target}


def _open_parent(goal: Goal) -> int | None:
    parent = goal.parent
    return parent.pk if parent is not None and parent.is_open else None


def _checked(values: dict[str, Any], cycle: Cycle | None) -> dict[str, Any]:
    if "name" in values:
        values["name"] = checked_title(values["name"], "name", most=80)
    if "review" in values:
        values["review"] = checked_text(values["review"], "review")
    if values.get("kind", CycleKind.OWN) not in CycleKind.values:
        raise InvalidInput("cycle.kind", msg("Choose quarter, half year or own dates."), field="kind")
    start: date = values["start"] if cycle is None else values.get("start", cycle.start)
    due: date = values["due"] if cycle is None else values.get("due", cycle.due)
    checked_period(start, due)
    return values


def _lock_open(cycle: Cycle) -> None:
    """Hold the cycle's row until the transaction ends. Raises Conflict when it is closed."""
    if Cycle.objects.select_for_update().values_list("closed_at", flat=True).get(pk=cycle.pk) is not None:
        raise Conflict("cycle.closed", msg("This cycle is closed. Reopen it to change it."))


def _taken(name: str) -> Conflict:
    return Conflict("cycle.name_taken", msg("There is already a cycle called “%(name)s”."), field="name", name=name)
