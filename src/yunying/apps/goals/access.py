"""The one door to goals and key results."""

from yunying.apps.goals.models import Goal, KeyResult
from yunying.base.errors import NotFound, msg
from yunying.platform.products.access import ProductAccess

__all__ = ["goal_for", "key_result_for"]


def goal_for(access: ProductAccess, goal_id: int) -> Goal:
    """The goal of this product. Raises NotFound when it is absent or belongs to another product."""
    goal = Goal.objects.select_related("owner", "parent").filter(product=access.product, pk=goal_id).first()
    if goal is None:
        raise NotFound("goal.absent", msg("There is no such goal."))
    return goal


def key_result_for(access: ProductAccess, key_result_id: int) -> KeyResult:
    """The key result of a goal of this product, with goal and metric. Raises NotFound as `goal_for` does."""
    rows = KeyResult.objects.select_related("goal", "metric", "goal__owner")
    key_result = rows.filter(goal__product=access.product, pk=key_result_id).first()
    if key_result is None:
        raise NotFound("key_result.absent", msg("There is no such key result."))
    return key_result
