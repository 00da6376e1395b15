"""`/api/v1/products/{product}/cycles`: OKR cycles. Parse, call, answer."""

from datetime import date, datetime
from typing import Any, Literal

from django.http import HttpRequest
from ninja import Path, Router, Schema, Status
from ninja.pagination import paginate

from yunying.apps.goals import services
from yunying.apps.goals.access import cycle_for, goal_for
from yunying.apps.goals.cycles import CycleCard, cycle_cards
from yunying.apps.goals.models import Cycle
from yunying.apps.goals.services.cycles import Decision
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.rest import Id, Pages, Text, api_access

__all__ = ["router"]

router = Router(tags=["Goals"])


class CycleIn(Schema):
    name: Text
    start: date
    due: date
    kind: Literal["quarter", "half", "own"] = "quarter"


class CyclePatch(Schema):
    """`version` is the one that was read."""

    version: int
    name: Text = ""
    start: date = date.min
    due: date = date.min
    kind: Literal["quarter", "half", "own"] = "quarter"
    review: Text = ""


class DecisionIn(Schema):
    """How one open goal ends; with `carry` it goes on in the cycle `next_id`."""

    goal_id: Id
    status: Literal["achieved", "partly", "missed", "dropped"]
    outcome: Text
    score: float | None = None
    learnt: Text = ""
    carry: bool = False


class CloseCycleIn(Schema):
    """Every open goal of the cycle needs a decision."""

    decisions: list[DecisionIn] = []
    review: Text = ""
    next_id: Id | None = None


class CarryIn(Schema):
    goal_id: Id


class CycleOut(Schema):
    """`progress` is the weighted mean of its goals; a closed goal brings its score."""

    id: int
    name: str
    kind: str
    start: date
    due: date
    review: str
    progress: float | None
    goal_ids: list[int]
    version: int
    closed_at: datetime | None


class CarriedOut(Schema):
    goal_id: int


@router.get("", response=list[CycleOut], summary="Cycles")
@paginate(Pages)
def list_cycles(request: HttpRequest, product: Path[str]) -> list[dict[str, Any]]:
    return [_cycle(card) for card in cycle_cards(api_access(request, product))]


@router.post("", response={201: CycleOut}, summary="Make a cycle")
def create_cycle(request: HttpRequest, product: Path[str], body: CycleIn) -> Status[dict[str, Any]]:
    access = api_access(request, product, Permission.EDIT_GOALS)
    return Status(201, _shown(access, services.create_cycle(access=access, **body.model_dump())))


@router.get("/{cycle}", response=CycleOut, summary="One cycle")
def get_cycle(request: HttpRequest, product: Path[str], cycle: Path[Id]) -> dict[str, Any]:
    access = api_access(request, product)
    return _shown(access, cycle_for(access, cycle))


@router.patch("/{cycle}", response=CycleOut, summary="Change a cycle")
def update_cycle(request: HttpRequest, product: Path[str], cycle: Path[Id], body: CyclePatch) -> dict[str, Any]:
    access = api_access(request, product, Permission.EDIT_GOALS)
    found = cycle_for(access, cycle)
    return _shown(access, services.update_cycle(access=access, cycle=found, **body.model_dump(exclude_unset=True)))


@router.delete("/{cycle}", response={204: None}, summary="Delete a cycle; its goals are kept")
def delete_cycle(request: HttpRequest, product: Path[str], cycle: Path[Id]) -> Status[None]:
    access = api_access(request, product, Permission.EDIT_GOALS)
    services.delete_cycle(access=access, cycle=cycle_for(access, cycle))
    return Status(204, None)


@router.post("/{cycle}/close", response=CycleOut, summary="Close a cycle with all its goals")
def close_cycle(request: HttpRequest, product: Path[str], cycle: Path[Id], body: CloseCycleIn) -> dict[str, Any]:
    access = api_access(request, product, Permission.EDIT_GOALS)
    decisions = [
        Decision(goal=goal_for(access, one.goal_id), **one.model_dump(exclude={"goal_id"})) for one in body.decisions
    ]
    closed = services.close_cycle(
        access=access,
        cycle=cycle_for(access, cycle),
        decisions=decisions,
        review=body.review,
        following=cycle_for(access, body.next_id) if body.next_id else None,
    )
    return _shown(access, closed)


@router.post("/{cycle}/reopen", response=CycleOut, summary="Open a closed cycle again")
def reopen_cycle(request: HttpRequest, product: Path[str], cycle: Path[Id]) -> dict[str, Any]:
    access = api_access(request, product, Permission.EDIT_GOALS)
    return _shown(access, services.reopen_cycle(access=access, cycle=cycle_for(access, cycle)))


@router.post("/{cycle}/carry-over", response={201: CarriedOut}, summary="Take a goal of another cycle along")
def carry_over(request: HttpRequest, product: Path[str], cycle: Path[Id], body: CarryIn) -> Status[dict[str, Any]]:
    access = api_access(request, product, Permission.EDIT_GOALS)
    goal = goal_for(access, body.goal_id)
    made = services.carry_over(access=access, goal=goal, cycle=cycle_for(access, cycle))
    return Status(201, {"goal_id": made.pk})


def _shown(access: ProductAccess, cycle: Cycle) -> dict[str, Any]:
    return _cycle(next(card for card in cycle_cards(access) if card.cycle.pk == cycle.pk))


def _cycle(card: CycleCard) -> dict[str, Any]:
    fields = ("id", "name", "kind", "start", "due", "review", "version", "closed_at")
    found = {field: getattr(card.cycle, field) for field in fields}
    return found | {"progress": card.progress, "goal_ids": [one.goal.pk for one in card.cards]}
