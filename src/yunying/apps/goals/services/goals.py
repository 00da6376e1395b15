"""Setting, changing, moving and deleting goals."""

from datetime import date
from typing import Any

from django.db import transaction

from yunying.apps.goals.checks import (
    UNSET,
    actor_id,
    checked_owner,
    checked_period,
    checked_text,
    checked_title,
    checked_weight,
    facts_of,
    given,
    lock_open,
    noted,
)
from yunying.apps.goals.models import Cycle, Goal, Level, Rhythm
from yunying.apps.goals.tree import may_see
from yunying.base.errors import InvalidInput, NotFound, msg
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.versions import write_version

__all__ = ["create_goal", "delete_goal", "move_goal", "update_goal"]

_WIDTH = {level: place for place, level in enumerate(Level)}


def create_goal(
    *,
    access: ProductAccess,
    title: str,
    start: date,
    due: date,
    why: str = "",
    parent_id: int | None = None,
    owner_id: int | None = None,
    level: str = Level.PRODUCT.value,
    team: str = "",
    weight: float = 1,
    counts: bool = True,
    cycle_id: int | None = None,
    rhythm: str = Rhythm.NONE.value,
    rhythm_day: int = 1,
    carried_from: Goal | None = None,
) -> Goal:
    """A new open goal; without `owner_id` the actor owns it.

    Raises InvalidInput (what to change), NotFound (parent, cycle) and NotAllowed.
    """
    access.require(Permission.EDIT_GOALS)
    values = {
        "title": title, "why": why, "start": start, "due": due, "level": level, "team": team, "weight": weight,
        "counts": counts, "rhythm": rhythm, "rhythm_day": rhythm_day, "parent_id": parent_id, "cycle_id": cycle_id,
    }  # fmt: skip
    owner_id = actor_id(access) if owner_id is None else checked_owner(access, owner_id)
    with transaction.atomic():
        checked = _checked(access, values, None)
        goal = Goal.objects.create(product=access.product, owner_id=owner_id, carried_from=carried_from, **checked)
        noted(access, goal, "created", after=facts_of(goal))
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
    level: str = UNSET,
    team: str = UNSET,
    weight: float = UNSET,
    counts: bool = UNSET,
    cycle_id: int | None = UNSET,
    rhythm: str = UNSET,
    rhythm_day: int = UNSET,
) -> Goal:
    """Change what is given; `version` is the one the editor saw.

    Raises InvalidInput (period, a key result outside it, a goal below itself), Conflict when somebody else was
    faster or the goal is closed.
    """
    access.require(Permission.EDIT_GOALS)
    changes = given(
        title=title, why=why, start=start, due=due, parent_id=parent_id, level=level, team=team, weight=weight,
        counts=counts, cycle_id=cycle_id, rhythm=rhythm, rhythm_day=rhythm_day,
    )  # fmt: skip
    if owner_id is not UNSET:
        owner_id = checked_owner(access, owner_id)
    with transaction.atomic():
        lock_open(goal)
        before = facts_of(goal)
        checked = _checked(access, changes, goal)
        if owner_id is not UNSET:
            checked["owner_id"] = owner_id
        write_version(goal, version, checked)
        noted(access, goal, "changed", before=before, after=facts_of(goal))
    return goal


def move_goal(*, access: ProductAccess, goal: Goal, version: int, parent_id: int | None) -> Goal:
    """Let the goal serve another one, or none. Raises as `update_goal`."""
    return update_goal(access=access, goal=goal, version=version, parent_id=parent_id)


def delete_goal(*, access: ProductAccess, goal: Goal) -> None:
    """Remove a goal made by mistake, with its key results and readings; goals below it stay, on their own."""
    access.require(Permission.EDIT_GOALS)
    with transaction.atomic():
        noted(access, goal, "deleted", before=facts_of(goal))
        goal.delete()


def _checked(access: ProductAccess, values: dict[str, Any], goal: Goal | None) -> dict[str, Any]:
    """The values as they are kept. `goal` is the one that changes, None for a new one. Raises InvalidInput."""
    found = dict(values)
    for field, check in _CHECKS.items():
        if field in found:
            found[field] = check(found[field])
    _check_time(found, goal)
    if found.get("cycle_id") is not None and (goal is None or found["cycle_id"] != goal.cycle_id):
        _check_cycle(access, found["cycle_id"])
    if found.keys() & {"parent_id", "level"}:
        _check_place(access, found, goal)
    return found


def _one_of(choices: Any, field: str, message: str) -> Any:
    def check(value: str) -> str:
        if value not in choices.values:
            raise InvalidInput("goal.choice", message, field=field)
        return str(value)

    return check


def _checked_day(day: int) -> int:
    if not 1 <= day <= 7:
        raise InvalidInput("goal.rhythm_day", msg("Choose a day of the week."), field="rhythm_day")
    return day


_CHECKS: dict[str, Any] = {
    "title": checked_title,
    "why": lambda text: checked_text(text, "why"),
    "team": lambda text: checked_title(text, "team", empty=True, most=60),
    "weight": checked_weight,
    "level": _one_of(Level, "level", msg("A goal is one of the company, of a product or of a team.")),
    "rhythm": _one_of(Rhythm, "rhythm", msg("Choose one of the offered rhythms.")),
    "rhythm_day": _checked_day,
}


def _check_time(values: dict[str, Any], goal: Goal | None) -> None:
    start: date = values["start"] if goal is None else values.get("start", goal.start)
    due: date = values["due"] if goal is None else values.get("due", goal.due)
    checked_period(start, due)
    outside = (
        goal.key_results.exclude(start__gte=start, due__lte=due).select_related("metric").first() if goal else None
    )
    if outside is not None:
        raise InvalidInput(
            "goal.key_result_outside",
            msg("The key result “%(name)s” runs from %(start)s to %(due)s. Change it first."),
            field="due" if outside.due > due else "start",
            name=outside.shown_name,
            start=outside.start.isoformat(),
            due=outside.due.isoformat(),
        )


def _check_cycle(access: ProductAccess, cycle_id: int) -> None:
    cycle = Cycle.objects.filter(product=access.product, pk=cycle_id).first()
    if cycle is None:
        raise NotFound("cycle.absent", msg("There is no such cycle."))
    if not cycle.is_open:
        raise InvalidInput("goal.cycle_closed", msg("This cycle is closed. Choose one that is open."), field="cycle")


def _check_place(access: ProductAccess, values: dict[str, Any], goal: Goal | None) -> None:
    """The goal above exists, is in reach, is not below this one, and is as wide as this one or wider."""
    level = values.get("level", goal.level if goal else Level.PRODUCT)
    parent_id = values.get("parent_id", goal.parent_id if goal else None)
    above = _above(access, parent_id) if parent_id is not None else {}
    if parent_id is not None:
        parent = above[parent_id]
        _check_no_circle(goal, parent_id, above)
        _check_width(level, parent)
    if goal is not None:
        for child in Goal.objects.filter(parent=goal):
            _check_width(child.level, goal, level=level, child=child.title)


def _above(access: ProductAccess, parent_id: int) -> dict[int, Goal]:
    """The organisation's goals by id, held until the transaction ends. Raises NotFound for a parent out of reach."""
    # Two moves at once could close a circle that neither of them sees: the rows are locked before they are looked at.
    rows = Goal.objects.select_for_update(of=("self",)).filter(product__organisation_id=access.product.organisation_id)
    goals = {goal.pk: goal for goal in rows.order_by("pk")}
    parent = goals.get(parent_id)
    foreign = parent is not None and parent.product_id != access.product.pk
    if parent is None or not may_see(access, parent) or (foreign and parent.level != Level.COMPANY):
        raise NotFound("goal.absent", msg("There is no such goal."))
    return goals


def _check_no_circle(goal: Goal | None, parent_id: int, goals: dict[int, Goal]) -> None:
    above: int | None = parent_id
    seen: set[int] = set()
    while goal is not None and above is not None and above not in seen:
        if above == goal.pk:
            text = msg("A goal cannot serve itself or a goal below it.")
            raise InvalidInput("goal.circle", text, field="parent")
        seen.add(above)
        above = goals[above].parent_id if above in goals else None


def _check_width(below: str, parent: Goal, *, level: str = "", child: str = "") -> None:
    """A goal may serve one that is as wide as itself or wider."""
    if _WIDTH[Level(below)] >= _WIDTH[Level(level or parent.level)]:
        return
    if child:
        text = msg("“%(child)s” serves this goal and is wider than it would be. Move that one first.")
        raise InvalidInput("goal.level", text, field="level", child=child)
    text = msg("A wide goal cannot serve a narrower one: company, then product, then team.")
    raise InvalidInput("goal.level", text, field="parent")
