"""`/api/v1/products/{product}/goals`: goals, key results and their readings. Parse, call, answer."""

from typing import Any, Literal

from django.db.models import QuerySet
from django.http import HttpRequest
from ninja import Path, Router, Status
from ninja.pagination import paginate

from yunying.apps.goals import schemas, selectors, services
from yunying.apps.goals.access import check_in_for, goal_for, key_result_for
from yunying.apps.goals.models import CheckIn, Goal, KeyResult, PastReading, Reading
from yunying.apps.goals.outlooks import Outlook
from yunying.apps.goals.readings import take_readings, try_to_read
from yunying.apps.goals.standing import GoalCard, KeyResultCard, Part
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.rest import Id, Pages, api_access

__all__ = ["router"]

router = Router(tags=["Goals"])


@router.get("", response=list[schemas.GoalOut], summary="Goals")
@paginate(Pages)
def list_goals(
    request: HttpRequest, product: Path[str], status: Literal["open", "closed"] = "open"
) -> list[dict[str, Any]]:
    access = api_access(request, product)
    return [_goal(card) for card in selectors.cards(access, closed=status == "closed")]


@router.post("", response={201: schemas.GoalOut}, summary="Set a goal")
def create_goal(request: HttpRequest, product: Path[str], body: schemas.GoalIn) -> Status[dict[str, Any]]:
    access = api_access(request, product, Permission.EDIT_GOALS)
    return Status(201, _shown(access, services.create_goal(access=access, **body.model_dump())))


@router.get("/{goal}", response=schemas.GoalOut, summary="One goal")
def get_goal(request: HttpRequest, product: Path[str], goal: Path[Id]) -> dict[str, Any]:
    access = api_access(request, product)
    return _shown(access, goal_for(access, goal))


@router.patch("/{goal}", response=schemas.GoalOut, summary="Change a goal")
def update_goal(request: HttpRequest, product: Path[str], goal: Path[Id], body: schemas.GoalPatch) -> dict[str, Any]:
    access = api_access(request, product, Permission.EDIT_GOALS)
    found = goal_for(access, goal)
    return _shown(access, services.update_goal(access=access, goal=found, **body.model_dump(exclude_unset=True)))


@router.delete("/{goal}", response={204: None}, summary="Delete a goal that was set by mistake")
def delete_goal(request: HttpRequest, product: Path[str], goal: Path[Id]) -> Status[None]:
    access = api_access(request, product, Permission.EDIT_GOALS)
    services.delete_goal(access=access, goal=goal_for(access, goal))
    return Status(204, None)


@router.post("/{goal}/close", response=schemas.GoalOut, summary="Close a goal with its outcome")
def close_goal(request: HttpRequest, product: Path[str], goal: Path[Id], body: schemas.CloseIn) -> dict[str, Any]:
    access = api_access(request, product, Permission.EDIT_GOALS)
    return _shown(access, services.close_goal(access=access, goal=goal_for(access, goal), **body.model_dump()))


@router.post("/{goal}/reopen", response=schemas.GoalOut, summary="Take a closing back")
def reopen_goal(request: HttpRequest, product: Path[str], goal: Path[Id], body: schemas.ReopenIn) -> dict[str, Any]:
    access = api_access(request, product, Permission.EDIT_GOALS)
    return _shown(access, services.reopen_goal(access=access, goal=goal_for(access, goal), reason=body.reason))


@router.post("/{goal}/key-results", response={201: schemas.KeyResultOut}, summary="Bind a goal to a metric")
def add_key_result(
    request: HttpRequest, product: Path[str], goal: Path[Id], body: schemas.KeyResultIn
) -> Status[dict[str, Any]]:
    """The first reading is taken at once; when the event store cannot answer, the next one comes within the hour."""
    access = api_access(request, product, Permission.EDIT_GOALS)
    made = services.add_key_result(access=access, goal=goal_for(access, goal), **body.model_dump())
    try_to_read(made)
    return Status(201, _key_result_of(access, made))


@router.patch("/key-results/{key_result}", response=schemas.KeyResultOut, summary="Change a key result")
def update_key_result(
    request: HttpRequest, product: Path[str], key_result: Path[Id], body: schemas.KeyResultPatch
) -> dict[str, Any]:
    access = api_access(request, product, Permission.EDIT_GOALS)
    found = key_result_for(access, key_result)
    services.update_key_result(access=access, key_result=found, **body.model_dump(exclude_unset=True))
    try_to_read(found)
    return _key_result_of(access, found)


@router.delete("/key-results/{key_result}", response={204: None}, summary="Remove a key result")
def remove_key_result(request: HttpRequest, product: Path[str], key_result: Path[Id]) -> Status[None]:
    access = api_access(request, product, Permission.EDIT_GOALS)
    services.remove_key_result(access=access, key_result=key_result_for(access, key_result))
    return Status(204, None)


@router.get("/key-results/{key_result}/readings", response=list[schemas.ReadingOut], summary="Readings by day")
@paginate(Pages)
def readings(request: HttpRequest, product: Path[str], key_result: Path[Id]) -> list[Reading]:
    found = key_result_for(api_access(request, product), key_result)
    return selectors.readings_of([found])[found.pk]


@router.post("/key-results/{key_result}/read", response=schemas.KeyResultOut, summary="Take a reading now")
def read_now(request: HttpRequest, product: Path[str], key_result: Path[Id]) -> dict[str, Any]:
    access = api_access(request, product, Permission.EDIT_GOALS)
    found = key_result_for(access, key_result)
    take_readings(found)
    return _key_result_of(access, found)


@router.get(
    "/key-results/{key_result}/past-readings",
    response=list[schemas.PastReadingOut],
    summary="Readings that a newer definition superseded",
)
def past_readings(request: HttpRequest, product: Path[str], key_result: Path[Id]) -> list[dict[str, Any]]:
    found = key_result_for(api_access(request, product), key_result)
    rows = PastReading.objects.filter(definition__key_result=found).select_related("definition")
    return [
        {"on": row.on, "value": row.value, "taken_at": row.taken_at, "definition": row.definition.number}
        for row in rows.order_by("definition__number", "on")
    ]


@router.get("/{goal}/check-ins", response=list[schemas.CheckInOut], summary="What people said about a goal")
@paginate(Pages)
def check_ins(request: HttpRequest, product: Path[str], goal: Path[Id]) -> QuerySet[CheckIn]:
    return goal_for(api_access(request, product), goal).check_ins.all()


@router.post("/{goal}/check-ins", response={201: schemas.CheckInOut}, summary="Say how a goal is going")
def add_check_in(request: HttpRequest, product: Path[str], goal: Path[Id], body: schemas.CheckInIn) -> Status[CheckIn]:
    access = api_access(request, product, Permission.EDIT_GOALS)
    return Status(201, services.add_check_in(access=access, goal=goal_for(access, goal), **body.model_dump()))


@router.delete("/check-ins/{check_in}", response={204: None}, summary="Take a check-in back")
def delete_check_in(request: HttpRequest, product: Path[str], check_in: Path[Id]) -> Status[None]:
    access = api_access(request, product, Permission.EDIT_GOALS)
    services.delete_check_in(access=access, check_in=check_in_for(access, check_in))
    return Status(204, None)


def _shown(access: ProductAccess, goal: Goal) -> dict[str, Any]:
    return _goal(selectors.card_for(access, goal))


def _goal(card: GoalCard) -> dict[str, Any]:
    fields = (
        "id", "title", "why", "level", "team", "start", "due", "status", "outcome", "learnt", "score", "owner_id",
        "parent_id", "cycle_id", "carried_from_id", "weight", "counts", "rhythm", "rhythm_day", "version",
        "created_at", "closed_at",
    )  # fmt: skip
    return {field: getattr(card.goal, field) for field in fields} | {
        "progress": card.progress,
        "standing": card.standing.value if card.standing else None,
        "reason": card.reason,
        "parts": [_part(part) for part in card.parts],
        "key_results": [_key_result(item) for item in (*card.key_results, *card.guardrails)],
    }


def _part(part: Part) -> dict[str, Any]:
    fields = ("name", "goal_id", "progress", "weight", "share", "points")
    return {field: getattr(part, field) for field in fields}


def _key_result_of(access: ProductAccess, key_result: KeyResult) -> dict[str, Any]:
    card = selectors.key_result_card(access, key_result)
    return _key_result(card)


def _key_result(card: KeyResultCard) -> dict[str, Any]:
    fields = (
        "id", "metric_id", "shape", "guardrail", "baseline", "target", "low", "high", "weight", "start", "due", "value",
        "read_on", "read_at", "version", "broken_since", "broken_until", "worst", "worst_on",
    )  # fmt: skip
    row = card.key_result
    return {field: getattr(row, field) for field in fields} | {
        "name": row.shown_name,
        "progress": card.verdict.progress,
        "standing": card.verdict.standing.value,
        "reason": card.reason,
        "forecast": _forecast(card.outlook) if card.outlook else None,
    }


def _forecast(outlook: Outlook) -> dict[str, Any]:
    row = outlook.card.forecast if outlook.card else None
    fields = ("low", "high", "level", "probability", "made_at")
    return {field: getattr(row, field, None) for field in fields} | {
        "value_at_due": row.value if row else None,
        "method": row.method if row else "",
        "note": outlook.note,
    }
