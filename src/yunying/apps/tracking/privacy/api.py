"""`/api/v1/products/{product}/data`: what a person may ask for, and how long events are kept."""

from datetime import datetime
from typing import Annotated

from django.db.models import QuerySet
from django.http import FileResponse, HttpRequest
from ninja import Field, Path, Router, Schema, Status
from ninja.pagination import paginate

from yunying.apps.tracking.access import person_for
from yunying.apps.tracking.models import Erasure, RetentionRule
from yunying.apps.tracking.privacy import retention
from yunying.apps.tracking.privacy.access import erasure_for, rule_for
from yunying.apps.tracking.privacy.export import everything_about
from yunying.apps.tracking.privacy.services import request_erasure
from yunying.platform.products.access import Permission
from yunying.platform.products.rest import Id, Pages, Text, api_access

__all__ = ["router"]

router = Router(tags=["Data"])


class ErasureNew(Schema):
    reason: Annotated[Text, Field(max_length=200)] = ""


class ErasureOut(Schema):
    """`rows_removed` by place; it grows until `out_of_files_at` is set."""

    id: int
    reason: str
    requested_at: datetime
    out_of_sight_at: datetime | None = Field(None, alias="hidden_at")
    out_of_files_at: datetime | None = Field(None, alias="swept_at")
    rows_removed: dict[str, int] = Field(alias="proof")


class RuleNew(Schema):
    """An empty `event` means all without a rule of their own."""

    event: Annotated[Text, Field(max_length=400)] = ""
    days: int


class RuleOut(Schema):
    id: int
    event: str
    days: int
    removed: int
    applied_at: datetime | None


@router.get("/people/{number}/everything", summary="Everything about a person, as a ZIP file")
def everything(request: HttpRequest, product: Path[str], number: Id) -> FileResponse:
    access = api_access(request, product, Permission.SEE_PEOPLE)
    person = person_for(access, number)
    return FileResponse(everything_about(access, person), as_attachment=True, filename=f"person-{person.number}.zip")


@router.post(
    "/people/{number}/erasures",
    response={202: ErasureOut},
    summary="Erase a person for good",
    description="Out of all answers within seconds to minutes, out of the files in the coming night.",
)
def erase_person(request: HttpRequest, product: Path[str], number: Id, body: ErasureNew) -> Status[Erasure]:
    access = api_access(request, product, Permission.MANAGE_DATA)
    return Status(202, request_erasure(access=access, person=person_for(access, number), reason=body.reason))


@router.get("/erasures", response=list[ErasureOut], summary="Erasures, newest first")
@paginate(Pages)
def list_erasures(request: HttpRequest, product: Path[str]) -> "QuerySet[Erasure]":
    access = api_access(request, product, Permission.MANAGE_DATA)
    return Erasure.objects.filter(product=access.product)


@router.get("/erasures/{erasure}", response=ErasureOut, summary="One erasure and what it removed")
def get_erasure(request: HttpRequest, product: Path[str], erasure: Id) -> Erasure:
    return erasure_for(api_access(request, product, Permission.MANAGE_DATA), erasure)


@router.get("/retention", response=list[RuleOut], summary="How long events are kept")
@paginate(Pages)
def list_rules(request: HttpRequest, product: Path[str]) -> "QuerySet[RetentionRule]":
    access = api_access(request, product, Permission.MANAGE_DATA)
    return RetentionRule.objects.filter(product=access.product).order_by("event")


@router.put("/retention", response=RuleOut, summary="Keep events for so many days")
def keep_for(request: HttpRequest, product: Path[str], body: RuleNew) -> RetentionRule:
    access = api_access(request, product, Permission.MANAGE_PRODUCT)
    return retention.keep_for(access=access, event=body.event, days=body.days)


@router.delete("/retention/{rule}", response={204: None}, summary="Keep these events for ever")
def keep_for_ever(request: HttpRequest, product: Path[str], rule: Id) -> Status[None]:
    access = api_access(request, product, Permission.MANAGE_PRODUCT)
    retention.keep_for_ever(access=access, rule=rule_for(access, rule))
    return Status(204, None)
