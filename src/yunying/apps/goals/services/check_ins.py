"""Check-ins: how sure people are, what happened, what stands in the way, what comes next."""

from collections.abc import Collection

from django.db import transaction

from yunying.apps.goals.checks import actor_id, checked_text, facts_of, lock_open, noted
from yunying.apps.goals.facts import CheckedIn
from yunying.apps.goals.models import CheckIn, Goal
from yunying.apps.goals.selectors import card_for
from yunying.apps.goals.standing import today_in
from yunying.base.errors import InvalidInput, NotAllowed, msg
from yunying.platform.jobs.facts import publish
from yunying.platform.products.access import Permission, ProductAccess

__all__ = ["add_check_in", "delete_check_in", "promises_of"]


def add_check_in(
    *,
    access: ProductAccess,
    goal: Goal,
    confidence: int,
    happened: str = "",
    obstacles: str = "",
    next_steps: str = "",
    done: Collection[int] = (),
) -> CheckIn:
    """Say how an open goal is going. `confidence` is from 1 to 10; `done` are places in `promises_of(goal)`.

    Raises InvalidInput and Conflict (the goal is closed).
    """
    access.require(Permission.EDIT_GOALS)
    if not 1 <= confidence <= 10:
        raise InvalidInput("check_in.confidence", msg("Confidence is from 1 to 10."), field="confidence")
    texts = {
        "happened": checked_text(happened, "happened"),
        "obstacles": checked_text(obstacles, "obstacles"),
        "next_steps": checked_text(next_steps, "next_steps"),
    }
    with transaction.atomic():
        lock_open(goal)
        card = card_for(access, goal)
        check_in = CheckIn.objects.create(
            goal=goal,
            by_id=actor_id(access),
            by_name=access.actor.name[:150],
            on=today_in(access.product.timezone),
            confidence=confidence,
            promised=[{"text": text, "done": place in done} for place, text in enumerate(promises_of(goal))],
            progress=card.progress,
            standing=card.standing.value if card.standing else "",
            **texts,
        )
        noted(access, check_in, "created", after=facts_of(check_in))
        publish(CheckedIn(access.product.pk, goal.pk, check_in.pk))
    return check_in


def delete_check_in(*, access: ProductAccess, check_in: CheckIn) -> None:
    """Take back one's own check-in, or anybody's with the right to manage the product. Raises NotAllowed otherwise."""
    access.require(Permission.EDIT_GOALS)
    if check_in.by_id != actor_id(access) and not access.may(Permission.MANAGE_PRODUCT):
        raise NotAllowed("check_in.not_yours", msg("Only who wrote a check-in may delete it."))
    with transaction.atomic():
        lock_open(check_in.goal)
        noted(access, check_in, "deleted", before=facts_of(check_in))
        check_in.delete()


def promises_of(goal: Goal) -> list[str]:
    """What the last check-in promised, a line each. One query."""
    last = goal.check_ins.first()
    lines = last.next_steps.splitlines() if last else []
    return [line.strip(" \t-*•·") for line in lines if line.strip(" \t-*•·")]
