"""How goals stand from day to day, and the word that one of them turned."""

from django.db import transaction

from yunying.apps.goals.facts import GoalStood
from yunying.apps.goals.models import Goal, GoalDay, Status
from yunying.apps.goals.standing import GoalCard, today_in
from yunying.apps.goals.tree import forest_of
from yunying.platform.jobs.facts import publish

__all__ = ["days_before", "note_days"]


def note_days() -> None:
    """Keep how every open goal stands today, and publish `GoalStood` for those that turned. Two runs change nothing."""
    open_goals = Goal.objects.filter(status=Status.OPEN, product__archived_at=None)
    for organisation_id in open_goals.order_by().values_list("product__organisation_id", flat=True).distinct():
        cards = [card for card in forest_of(organisation_id).cards.values() if card.is_open]
        _note(cards)


def days_before(goal_ids: list[int], on: object) -> dict[int, GoalDay]:
    """How each goal stood at the end of day `on`, or the last time before it was looked at. One query."""
    rows = GoalDay.objects.filter(goal__in=goal_ids, on__lte=on).order_by("goal", "on")
    return {row.goal_id: row for row in rows}


def _note(cards: list[GoalCard]) -> None:
    for card in cards:
        goal, standing = card.goal, card.standing.value if card.standing else ""
        today = today_in(goal.product.timezone)
        with transaction.atomic():
            # Two sweeps at once: the lock lets one of them see the change, so it is told once.
            if not Goal.objects.select_for_update().filter(pk=goal.pk, status=Status.OPEN).exists():
                continue
            before = GoalDay.objects.filter(goal=goal).order_by("-on").values_list("standing", flat=True).first()
            GoalDay.objects.update_or_create(
                goal=goal, on=today, defaults={"progress": card.progress, "standing": standing}
            )
            if before and standing and before != standing:
                publish(GoalStood(goal.product_id, goal.pk, before, standing))
