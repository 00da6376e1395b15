"""The north star and its drivers."""

from typing import Any

from django.db import IntegrityError, transaction

from yunying.apps.goals.checks import (
    UNSET,
    actor_id,
    checked_owner,
    checked_title,
    facts_of,
    given,
    noted,
)
from yunying.apps.goals.models import Driver, Relation
from yunying.apps.insights.access import metric_for
from yunying.base.errors import Conflict, InvalidInput, NotFound, msg
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.versions import write_version

__all__ = ["add_driver", "remove_driver", "update_driver"]

MOST_DRIVERS, DEEPEST = 60, 6
_ARITHMETIC = {Relation.SUM, Relation.PRODUCT}


def add_driver(
    *,
    access: ProductAccess,
    metric_id: int,
    parent_id: int | None = None,
    relation: str = Relation.INFLUENCES.value,
    owner_id: int | None = None,
    note: str = "",
) -> Driver:
    """The product's north star (without `parent_id`) or a driver below another. Without `owner_id` the actor owns it.

    Raises InvalidInput (relation, depth, number), Conflict (the metric is in the tree, there is a north star) and
    NotFound (metric, parent).
    """
    access.require(Permission.EDIT_GOALS)
    metric = metric_for(access, metric_id)
    owner_id = actor_id(access) if owner_id is None else checked_owner(access, owner_id)
    with transaction.atomic():
        tree = _tree(access)
        _check_room(tree, metric.pk, parent_id)
        _check_place(tree, None, parent_id, relation)
        try:
            with transaction.atomic():
                driver = Driver.objects.create(
                    product=access.product,
                    metric=metric,
                    parent_id=parent_id,
                    relation=relation,
                    owner_id=owner_id,
                    note=checked_title(note, "note", empty=True, most=300),
                )
        except IntegrityError:
            # Another request was faster: the constraints let one of the two in.
            raise Conflict("driver.raced", msg("Somebody else changed the tree in the meantime. Look again.")) from None
        noted(access, driver, "created", after=facts_of(driver))
    return driver


def update_driver(
    *,
    access: ProductAccess,
    driver: Driver,
    version: int,
    parent_id: int | None = UNSET,
    relation: str = UNSET,
    owner_id: int | None = UNSET,
    note: str = UNSET,
) -> Driver:
    """Change what is given. Raises as `add_driver`, and Conflict when somebody else was faster."""
    access.require(Permission.EDIT_GOALS)
    changes: dict[str, Any] = given(parent_id=parent_id, relation=relation, note=note)
    if owner_id is not UNSET:
        changes["owner_id"] = checked_owner(access, owner_id)
    if "note" in changes:
        changes["note"] = checked_title(changes["note"], "note", empty=True, most=300)
    with transaction.atomic():
        above = changes.get("parent_id", driver.parent_id)
        if (driver.parent_id is None and above is not None) or (driver.parent_id is not None and above is None):
            text = msg("The north star stays at the top. Remove the tree to begin with another metric.")
            raise InvalidInput("driver.top", text, field="parent")
        _check_place(_tree(access), driver, above, changes.get("relation", driver.relation))
        before = facts_of(driver)
        write_version(driver, version, changes)
        noted(access, driver, "changed", before=before, after=facts_of(driver))
    return driver


def remove_driver(*, access: ProductAccess, driver: Driver) -> None:
    """Take a driver and all below it out of the tree; the metrics stay."""
    access.require(Permission.EDIT_GOALS)
    with transaction.atomic():
        noted(access, driver, "removed", before=facts_of(driver))
        driver.delete()


def _tree(access: ProductAccess) -> dict[int, Driver]:
    """The product's drivers by id, held until the transaction ends so that no two changes make a circle."""
    rows = Driver.objects.select_for_update(of=("self",)).filter(product=access.product).select_related("metric")
    return {driver.pk: driver for driver in rows.order_by("pk")}


def _check_room(tree: dict[int, Driver], metric_id: int, parent_id: int | None) -> None:
    if parent_id is None and tree:
        raise Conflict("driver.north_star", msg("This product has its north star already."))
    if any(driver.metric_id == metric_id for driver in tree.values()):
        raise Conflict("driver.once", msg("This metric is in the tree already."), field="metric")
    if len(tree) >= MOST_DRIVERS:
        text = msg("A tree has at most %(most)d drivers: more than people can keep in mind.")
        raise InvalidInput("driver.many", text, most=MOST_DRIVERS)


def _check_place(tree: dict[int, Driver], driver: Driver | None, parent_id: int | None, relation: str) -> None:
    if relation not in Relation.values:
        text = msg("A driver is added, multiplied, or influences what is above it.")
        raise InvalidInput("driver.relation", text, field="relation")
    if parent_id is None:
        return
    if parent_id not in tree:
        raise NotFound("driver.absent", msg("There is no such driver."))
    _check_above(tree, driver, parent_id)
    if relation in _ARITHMETIC:
        others = {
            one.relation
            for one in tree.values()
            if one.parent_id == parent_id and one.relation in _ARITHMETIC and (driver is None or one.pk != driver.pk)
        }
        if others - {relation}:
            text = msg("The drivers of one metric are either all added or all multiplied; others may influence it.")
            raise InvalidInput("driver.mixed", text, field="relation")


def _check_above(tree: dict[int, Driver], driver: Driver | None, parent_id: int) -> None:
    depth, above = 1, tree.get(parent_id)
    while above is not None and depth <= len(tree):
        if driver is not None and above.pk == driver.pk:
            text = msg("A driver cannot lie below itself.")
            raise InvalidInput("driver.circle", text, field="parent")
        depth, above = depth + 1, tree.get(above.parent_id or 0)
    if depth > DEEPEST:
        text = msg("A tree is at most %(most)d steps deep.")
        raise InvalidInput("driver.deep", text, field="parent", most=DEEPEST)
