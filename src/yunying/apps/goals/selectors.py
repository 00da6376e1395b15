"""Reading goals."""

from collections.abc import Sequence

from django.db.models import Prefetch, QuerySet

from yunying.apps.goals.models import Goal, KeyResult, Reading, Status
from yunying.apps.goals.standing import GoalCard, KeyResultCard, card_of
from yunying.platform.products.access import ProductAccess

__all__ = ["GoalCard", "card_for", "cards", "children", "goals_of", "key_result_card", "readings_of"]


def goals_of(access: ProductAccess) -> QuerySet[Goal]:
    """The product's goals with owner, key results and metrics; open ones first, then by due day. Two queries."""
    with_metric = Prefetch("key_results", KeyResult.objects.select_related("metric"))
    rows = Goal.objects.filter(product=access.product).select_related("owner", "parent").prefetch_related(with_metric)
    return rows.order_by("due", "id")


def cards(access: ProductAccess, *, closed: bool = False, limit: int | None = None) -> list[GoalCard]:
    """Open goals by due day, or the closed ones, the newest first."""
    rows = goals_of(access)
    rows = rows.exclude(status=Status.OPEN).order_by("-closed_at") if closed else rows.filter(status=Status.OPEN)
    return [_card(access, goal) for goal in rows[:limit]]


def card_for(access: ProductAccess, goal: Goal) -> GoalCard:
    """One goal as it stands. One query."""
    key_results = list(goal.key_results.select_related("metric"))
    return card_of(goal, key_results, access.product.timezone)


def readings_of(key_results: Sequence[KeyResult]) -> dict[int, list[Reading]]:
    """The readings of each key result by day, the oldest first. One query."""
    found: dict[int, list[Reading]] = {key_result.pk: [] for key_result in key_results}
    for reading in Reading.objects.filter(key_result__in=found).order_by("key_result", "on"):
        found[reading.key_result_id].append(reading)
    return found


def _card(access: ProductAccess, goal: Goal) -> GoalCard:
    return card_of(goal, list(goal.key_results.all()), access.product.timezone)


def children(access: ProductAccess, goal: Goal) -> list[GoalCard]:
    """The goals that serve this one, as they stand. Two queries."""
    return [_card(access, child) for child in goals_of(access).filter(parent=goal)]


def key_result_card(access: ProductAccess, key_result: KeyResult) -> KeyResultCard:
    """One key result as it stands. No query when goal and metric are loaded."""
    return card_of(key_result.goal, [key_result], access.product.timezone).key_results[0]
