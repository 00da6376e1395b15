"""Commands on goals and key results: check → write → audit → facts, in one transaction."""

import math
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import F

from yunying.apps.goals.facts import GoalClosed
from yunying.apps.goals.models import Goal, KeyResult, Status
from yunying.apps.insights.access import metric_for
from yunying.base import clock
from yunying.base.actor import ActorKind
from yunying.base.errors import Conflict, InvalidInput, NotFound, msg
from yunying.platform.audit.services import record
from yunying.platform.jobs.facts import publish
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.selectors import member_ids

__all__ = [
    "add_key_result",
    "close_goal",
    "create_goal",
    "delete_goal",
    "remove_key_result",
    "reopen_goal",
    "update_goal",
    "update_key_result",
]

LONGEST_TITLE, LONGEST_TEXT = 160, 5_000
UNSET: Any = object()


def create_goal(
    *,
    access: ProductAccess,
    title: str,
    start: date,
    due: date,
    why: str = "",
    parent_id: int | None = None,
    owner_id: int | None = None,
) -> Goal:
    """A new open goal; without `owner_id` the actor owns it. Raises InvalidInput, NotFound (parent), NotAllowed."""
    access.require(Permission.EDIT_GOALS)
    _check_period(start, due)
    if owner_id is None and access.actor.kind == ActorKind.USER:
        owner_id = access.actor.id
    with transaction.atomic():
        goal = Goal.objects.create(
            product=access.product,
            title=_title(title),
            why=_text(why, "why"),
            start=start,
            due=due,
            parent=_parent(access, parent_id, None),
            owner_id=_checked_owner(access, owner_id),
        )
        record(access.actor, "goal.created", _target(goal), product_id=access.product.pk, after=_facts(goal))
    return goal


def update_goal(
    *,
    access: ProductAccess,
    goal: Goal,
    version: int,
    title: str = UNSET,
    why: str = UNSET,
    start: date = UNSET,
    due: date = UNSET,
    parent_id: int | None = UNSET,
    owner_id: int | None = UNSET,
) -> Goal:
    """Change what is given; `version` is the one the editor saw.

    Raises InvalidInput (period, a key result outside it, a goal below itself) and Conflict when somebody else was
    faster.
    """
    access.require(Permission.EDIT_GOALS)
    changes: dict[str, Any] = {}
    if title is not UNSET:
        changes["title"] = _title(title)
    if why is not UNSET:
        changes["why"] = _text(why, "why")
    if owner_id is not UNSET:
        changes["owner_id"] = _checked_owner(access, owner_id)
    if parent_id is not UNSET:
        parent = _parent(access, parent_id, goal)
        changes["parent_id"] = parent.pk if parent else None
    changes["start"] = goal.start if start is UNSET else start
    changes["due"] = goal.due if due is UNSET else due
    _check_period(changes["start"], changes["due"])
    with transaction.atomic():
        _check_key_results_inside(goal, changes["start"], changes["due"])
        before = _facts(goal)
        _write(goal, version, changes)
        record(
            access.actor,
            "goal.changed",
            _target(goal),
            product_id=access.product.pk,
            before=before,
            after=_facts(goal),
        )
    return goal


def close_goal(*, access: ProductAccess, goal: Goal, status: str, outcome: str) -> Goal:
    """End an open goal as achieved, missed or dropped; its readings stop. Raises Conflict when it is closed already."""
    access.require(Permission.EDIT_GOALS)
    if status not in (Status.ACHIEVED, Status.MISSED, Status.DROPPED):
        raise InvalidInput("goal.status", msg("Choose how the goal ended."), field="status")
    outcome = _text(outcome, "outcome")
    if not outcome:
        raise InvalidInput(
            "goal.outcome", msg("Say in a sentence what came of it, so that the next goal can learn."), field="outcome"
        )
    with transaction.atomic():
        _turn(goal, Status.OPEN, status=status, outcome=outcome, closed_at=clock.now())
        record(
            access.actor,
            "goal.closed",
            _target(goal),
            product_id=access.product.pk,
            before={"status": Status.OPEN.value},
            after={"status": goal.status, "outcome": outcome},
        )
        publish(GoalClosed(access.product.pk, goal.pk, goal.status))
    return goal


def reopen_goal(*, access: ProductAccess, goal: Goal) -> Goal:
    """Take a closing back; the outcome's text stays. Raises Conflict when the goal is open."""
    access.require(Permission.EDIT_GOALS)
    was = goal.status
    with transaction.atomic():
        _turn(goal, None, status=Status.OPEN.value, closed_at=None)
        record(
            access.actor,
            "goal.reopened",
            _target(goal),
            product_id=access.product.pk,
            before={"status": was},
            after={"status": goal.status},
        )
    return goal


def delete_goal(*, access: ProductAccess, goal: Goal) -> None:
    """Remove a goal made by mistake, with its key results and readings; goals below it stay, on their own."""
    access.require(Permission.EDIT_GOALS)
    with transaction.atomic():
        record(access.actor, "goal.deleted", _target(goal), product_id=access.product.pk, before=_facts(goal))
        goal.delete()


def add_key_result(
    *,
    access: ProductAccess,
    goal: Goal,
    metric_id: int,
    baseline: float,
    target: float,
    name: str = "",
    start: date | None = None,
    due: date | None = None,
) -> KeyResult:
    """Bind a goal to a metric; without dates the goal's period holds. The first reading is taken by `take_readings`.

    Raises InvalidInput (target equals baseline or goes against the metric's direction, period), NotFound (metric).
    """
    access.require(Permission.EDIT_GOALS)
    metric = metric_for(access, metric_id)
    values: dict[str, Any] = {
        "baseline": baseline,
        "target": target,
        "start": start or goal.start,
        "due": due or goal.due,
    }
    _check_key_result(goal, metric.direction, **values)
    with transaction.atomic():
        _lock_open(goal)
        key_result = KeyResult.objects.create(goal=goal, metric=metric, name=_title(name, empty=True), **values)
        record(
            access.actor,
            "key_result.created",
            _target(key_result),
            product_id=access.product.pk,
            after=_key_result_facts(key_result),
        )
    return key_result


def update_key_result(
    *,
    access: ProductAccess,
    key_result: KeyResult,
    version: int,
    name: str = UNSET,
    baseline: float = UNSET,
    target: float = UNSET,
    start: date = UNSET,
    due: date = UNSET,
) -> KeyResult:
    """Change what is given. The metric stays: another metric is another key result. Raises as `add_key_result`."""
    access.require(Permission.EDIT_GOALS)
    given = {"baseline": baseline, "target": target, "start": start, "due": due}
    changes: dict[str, Any] = {
        field: getattr(key_result, field) if value is UNSET else value for field, value in given.items()
    }
    _check_key_result(key_result.goal, key_result.metric.direction, **changes)
    if name is not UNSET:
        changes["name"] = _title(name, empty=True)
    with transaction.atomic():
        _lock_open(key_result.goal)
        before = _key_result_facts(key_result)
        _write(key_result, version, changes)
        record(
            access.actor,
            "key_result.changed",
            _target(key_result),
            product_id=access.product.pk,
            before=before,
            after=_key_result_facts(key_result),
        )
    return key_result


def remove_key_result(*, access: ProductAccess, key_result: KeyResult) -> None:
    """Take a key result and its readings out of its goal."""
    access.require(Permission.EDIT_GOALS)
    with transaction.atomic():
        _lock_open(key_result.goal)
        record(
            access.actor,
            "key_result.removed",
            _target(key_result),
            product_id=access.product.pk,
            before=_key_result_facts(key_result),
        )
        key_result.delete()


def _check_period(start: date, due: date) -> None:
    if due < start:
        raise InvalidInput("goal.period", msg("It cannot be due before it starts."), field="due")


def _check_key_result(goal: Goal, direction: str, *, baseline: float, target: float, start: date, due: date) -> None:
    _check_period(start, due)
    if start < goal.start or due > goal.due:
        raise InvalidInput(
            "key_result.period",
            msg("A key result lies within its goal's time: %(start)s to %(due)s."),
            field="due" if due > goal.due else "start",
            start=goal.start.isoformat(),
            due=goal.due.isoformat(),
        )
    for field, value in (("baseline", baseline), ("target", target)):
        if not math.isfinite(value):
            raise InvalidInput("key_result.number", msg("Enter a number."), field=field)
    if target == baseline:
        raise InvalidInput(
            "key_result.no_change",
            msg("The target equals the baseline, so nothing would have to change. Choose another target."),
            field="target",
        )
    if (target > baseline) != (direction == "up"):
        against = (
            msg("Of this metric more is better, but the target lies below the baseline.")
            if direction == "up"
            else msg("Of this metric less is better, but the target lies above the baseline.")
        )
        raise InvalidInput("key_result.direction", against, field="target")


def _check_key_results_inside(goal: Goal, start: date, due: date) -> None:
    outside = goal.key_results.select_related("metric").exclude(start__gte=start, due__lte=due).first()
    if outside is not None:
        raise InvalidInput(
            "goal.key_result_outside",
            msg("The key result “%(name)s” runs from %(start)s to %(due)s. Change it first."),
            field="due" if outside.due > due else "start",
            name=outside.shown_name,
            start=outside.start.isoformat(),
            due=outside.due.isoformat(),
        )


def _parent(access: ProductAccess, parent_id: int | None, child: Goal | None) -> Goal | None:
    """The goal above. Raises NotFound when it is not of this product, InvalidInput when it is below `child`."""
    if parent_id is None:
        return None
    parents = dict(Goal.objects.filter(product=access.product).values_list("pk", "parent_id"))
    if parent_id not in parents:
        raise NotFound("goal.absent", msg("There is no such goal."))
    above: int | None = parent_id
    while child is not None and above is not None:
        if above == child.pk:
            raise InvalidInput("goal.circle", msg("A goal cannot serve itself or a goal below it."), field="parent")
        above = parents.get(above)
    return Goal.objects.get(pk=parent_id)


def _checked_owner(access: ProductAccess, owner_id: int | None) -> int | None:
    """`owner_id` if that user belongs to the product's organisation. Raises InvalidInput otherwise."""
    if owner_id is None or (access.actor.kind == ActorKind.USER and owner_id == access.actor.id):
        return owner_id
    if owner_id not in member_ids(access.product):
        raise InvalidInput("goal.owner", msg("The owner must be a member of the organisation."), field="owner")
    return owner_id


def _title(text: str, *, empty: bool = False) -> str:
    text = text.strip()
    field = "name" if empty else "title"
    if not text and not empty:
        raise InvalidInput("goal.title_empty", msg("Say in a few words what the goal is."), field=field)
    if len(text) > LONGEST_TITLE:
        raise InvalidInput("goal.title_long", msg("At most %(most)d characters."), field=field, most=LONGEST_TITLE)
    return text


def _text(text: str, field: str) -> str:
    if len(text) > LONGEST_TEXT:
        raise InvalidInput("goal.text_long", msg("At most %(most)d characters."), field=field, most=LONGEST_TEXT)
    return text.strip()


def _write(row: Goal | KeyResult, version: int, changes: dict[str, Any]) -> None:
    # The condition closes the race of two editors who opened the same version: the second is told.
    stamped = changes | ({"updated_at": clock.now()} if isinstance(row, Goal) else {})
    if not type(row).objects.filter(pk=row.pk, version=version).update(version=F("version") + 1, **stamped):
        raise Conflict(
            "version.changed", msg("Somebody else changed this in the meantime. Load it again and repeat your change.")
        )
    for key, value in stamped.items():
        setattr(row, key, value)
    row.version = version + 1


def _turn(goal: Goal, was: Status | None, **changes: Any) -> None:
    # Two people may close the same goal at once: the condition lets exactly one of them do it.
    rows = Goal.objects.filter(pk=goal.pk)
    rows = rows.filter(status=was) if was else rows.exclude(status=Status.OPEN)
    if not rows.update(version=F("version") + 1, updated_at=clock.now(), **changes):
        text = msg("This goal is closed already.") if was else msg("This goal is open.")
        raise Conflict("goal.status_changed", text)
    goal.refresh_from_db()


def _lock_open(goal: Goal) -> None:
    """Hold the goal's row until the transaction ends, so that it is not closed under a change of its key results."""
    status = Goal.objects.select_for_update().values_list("status", flat=True).get(pk=goal.pk)
    if status != Status.OPEN:
        raise Conflict("goal.closed", msg("This goal is closed. Reopen it to change its key results."))


def _target(row: Goal | KeyResult) -> tuple[str, int, str]:
    if isinstance(row, Goal):
        return ("goal", row.pk, row.title)
    return ("key_result", row.pk, row.shown_name)


def _facts(goal: Goal) -> dict[str, Any]:
    fields = ("title", "why", "start", "due", "parent_id", "owner_id", "status")
    return {field: getattr(goal, field) for field in fields}


def _key_result_facts(row: KeyResult) -> dict[str, Any]:
    fields = ("goal_id", "metric_id", "name", "baseline", "target", "start", "due")
    return {field: getattr(row, field) for field in fields}
