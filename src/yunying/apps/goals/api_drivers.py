"""`/api/v1/products/{product}/north-star`: the driver tree. Parse, call, answer."""

from datetime import date
from typing import Any, Literal

from django.http import HttpRequest
from ninja import Path, Router, Schema, Status

from yunying.apps.goals import services
from yunying.apps.goals.access import driver_for
from yunying.apps.goals.drivers import DriverCard, north_star
from yunying.apps.goals.models import Driver
from yunying.apps.insights.selectors import Window
from yunying.platform.products.access import Permission
from yunying.platform.products.rest import Id, Text, api_access

__all__ = ["router"]

router = Router(tags=["Goals"])
Relation = Literal["sum", "product", "influences"]


class DriverIn(Schema):
    """Without `parent_id` the metric becomes the north star."""

    metric_id: Id
    parent_id: Id | None = None
    relation: Relation = "influences"
    owner_id: Id | None = None
    note: Text = ""


class DriverPatch(Schema):
    """`version` is the one that was read."""

    version: int
    parent_id: Id | None = None
    relation: Relation = "influences"
    owner_id: Id | None = None
    note: Text = ""


class DriverOut(Schema):
    id: int
    metric_id: Id
    parent_id: int | None
    relation: str
    owner_id: int | None
    note: str
    version: int


class DriverStandOut(DriverOut):
    """`value` of the last whole period, until `on`, and `before` of the one before, in the metric's unit; `brings` is
    what the driver brings to the change of the metric above, in that one's unit, and `share` its share of it."""

    metric: str
    on: date | None
    value: float | None
    before: float | None
    change: float | None
    brings: float | None
    share: float | None


@router.get("", response=list[DriverStandOut], summary="The north star and its drivers, from the top")
def tree(
    request: HttpRequest, product: Path[str], by: Literal["", "day", "week", "month"] = ""
) -> list[dict[str, Any]]:
    """Empty while there is no north star. Without `by` the periods are those of the north star."""
    root = north_star(api_access(request, product), Window(by) if by else None)
    return [_stand(card) for card in root.all()] if root else []


@router.post("/drivers", response={201: DriverOut}, summary="Put a metric into the tree")
def add_driver(request: HttpRequest, product: Path[str], body: DriverIn) -> Status[Driver]:
    access = api_access(request, product, Permission.EDIT_GOALS)
    return Status(201, services.add_driver(access=access, **body.model_dump()))


@router.patch("/drivers/{driver}", response=DriverOut, summary="Change a driver")
def update_driver(request: HttpRequest, product: Path[str], driver: Path[Id], body: DriverPatch) -> Driver:
    access = api_access(request, product, Permission.EDIT_GOALS)
    found = driver_for(access, driver)
    return services.update_driver(access=access, driver=found, **body.model_dump(exclude_unset=True))


@router.delete("/drivers/{driver}", response={204: None}, summary="Take a driver and all below it out of the tree")
def remove_driver(request: HttpRequest, product: Path[str], driver: Path[Id]) -> Status[None]:
    access = api_access(request, product, Permission.EDIT_GOALS)
    services.remove_driver(access=access, driver=driver_for(access, driver))
    return Status(204, None)


def _stand(card: DriverCard) -> dict[str, Any]:
    row = card.driver
    fields = ("id", "metric_id", "parent_id", "relation", "owner_id", "note", "version")
    return {field: getattr(row, field) for field in fields} | {
        "metric": row.metric.name,
        "on": card.on,
        "value": card.move.after,
        "before": card.move.before,
        "change": card.change,
        "brings": card.brings,
        "share": card.share,
    }
