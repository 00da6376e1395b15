"""The one door to goals and what belongs to them."""

from yunying.apps.goals.models import CheckIn, Cycle, Driver, Goal, KeyResult
from yunying.base.errors import NotFound, msg
from yunying.platform.products.access import ProductAccess

__all__ = ["check_in_for", "cycle_for", "driver_for", "goal_for", "key_result_for"]


def goal_for(access: ProductAccess, goal_id: int) -> Goal:
    """The goal of this product. Raises NotFound when it is absent or belongs to another product."""
    rows = Goal.objects.select_related("owner", "parent__product", "cycle", "product", "carried_from")
    goal = rows.filter(product=access.product, pk=goal_id).first()
    if goal is None:
        raise NotFound("goal.absent", msg("There is no such goal."))
    return goal


def key_result_for(access: ProductAccess, key_result_id: int) -> KeyResult:
    """The key result of a goal of this product, with goal and metric. Raises NotFound as `goal_for` does."""
    rows = KeyResult.objects.select_related("goal__product", "metric", "goal__owner", "definition")
    key_result = rows.filter(goal__product=access.product, pk=key_result_id).first()
    if key_result is None:
        raise NotFound("key_result.absent", msg("There is no such key result."))
    return key_result


def check_in_for(access: ProductAccess, check_in_id: int) -> CheckIn:
    """The check-in of a goal of this product. Raises NotFound as `goal_for` does."""
    rows = CheckIn.objects.select_related("goal__product")
    check_in = rows.filter(goal__product=access.product, pk=check_in_id).first()
    if check_in is None:
        raise NotFound("check_in.absent", msg("There is no such check-in."))
    return check_in


def cycle_for(access: ProductAccess, cycle_id: int) -> Cycle:
    """The cycle of this product. Raises NotFound as `goal_for` does."""
    cycle = Cycle.objects.filter(product=access.product, pk=cycle_id).first()
    if cycle is None:
        raise NotFound("cycle.absent", msg("There is no such cycle."))
    return cycle


def driver_for(access: ProductAccess, driver_id: int) -> Driver:
    """The driver of this product, with its metric. Raises NotFound as `goal_for` does."""
    rows = Driver.objects.select_related("metric", "owner", "parent__metric")
    driver = rows.filter(product=access.product, pk=driver_id).first()
    if driver is None:
        raise NotFound("driver.absent", msg("There is no such driver."))
    return driver
