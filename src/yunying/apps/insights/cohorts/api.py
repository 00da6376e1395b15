"""`/api/v1/products/{product}/cohorts`: keep cohorts, count them, read their members, ask why. Parse, call, answer."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from ninja import Path, Query, Router, Status
from ninja.pagination import paginate

from yunying.apps.insights.answers import context_for
from yunying.apps.insights.cohorts import schemas, services
from yunying.apps.insights.cohorts.access import cohort_for
from yunying.apps.insights.cohorts.models import Cohort
from yunying.apps.insights.cohorts.selectors import cohorts_for, definition_of
from yunying.apps.insights.cohorts.sizes import SizePoint, history_of
from yunying.apps.tracking.access import person_for
from yunying.apps.tracking.selectors import people as people_rows
from yunying.base.errors import InvalidInput, msg
from yunying.engine import cohorts as engine
from yunying.platform.products.access import Permission
from yunying.platform.products.rest import Id, Pages, api_access

__all__ = ["router"]

router = Router(tags=["Cohorts"])


@router.get("", response=list[schemas.CohortOut], summary="Cohorts")
@paginate(Pages)
def list_cohorts(request: HttpRequest, product: Path[str]) -> QuerySet[Cohort]:
    return cohorts_for(api_access(request, product).product)


@router.post("", response={201: schemas.CohortOut}, summary="Keep a definition")
def create_cohort(request: HttpRequest, product: Path[str], body: schemas.CohortIn) -> Status[Cohort]:
    access = api_access(request, product, Permission.EDIT_REPORTS)
    return Status(201, services.create(access, **body.model_dump()))


@router.post("/lists", response={201: schemas.ListOut}, summary="Keep a fixed list")
def create_list(request: HttpRequest, product: Path[str], body: schemas.ListIn) -> Status[dict[str, Any]]:
    access = api_access(request, product, Permission.EDIT_REPORTS)
    named = {"name": body.name, "description": body.description}
    if body.ids is not None:
        cohort, found = services.create_list_of_ids(access, ids=body.ids, **named)
        return Status(201, {"cohort": cohort, "given": found.given, "unknown": found.unknown})
    if body.spec is None or body.point is None:
        raise InvalidInput("cohort.no_list", msg("Give ids, or a question and one of its numbers."), field="ids")
    cohort = services.create_list(access, spec=body.spec, point=body.point, **named)
    return Status(201, {"cohort": cohort, "given": cohort.size or 0, "unknown": 0})


@router.post("/count", response=schemas.CountOut, summary="How many people a definition has now")
def count(request: HttpRequest, product: Path[str], body: schemas.CountIn) -> dict[str, int]:
    access = api_access(request, product)
    return {"size": engine.size(engine.parse(body.definition, "definition"), context_for(access.product))}


@router.get("/{cohort}", response=schemas.CohortOut, summary="One cohort")
def get_cohort(request: HttpRequest, product: Path[str], cohort: Path[Id]) -> Cohort:
    return cohort_for(api_access(request, product), cohort)


@router.patch("/{cohort}", response=schemas.CohortOut, summary="Change a cohort")
def update_cohort(request: HttpRequest, product: Path[str], cohort: Path[Id], body: schemas.CohortPatch) -> Cohort:
    access = api_access(request, product, Permission.EDIT_REPORTS)
    return services.update(access=access, cohort=cohort_for(access, cohort), **body.model_dump(exclude_unset=True))


@router.delete("/{cohort}", response={204: None}, summary="Delete a cohort")
def delete_cohort(request: HttpRequest, product: Path[str], cohort: Path[Id]) -> Status[None]:
    access = api_access(request, product, Permission.EDIT_REPORTS)
    services.delete(access=access, cohort=cohort_for(access, cohort))
    return Status(204, None)


@router.get("/{cohort}/sizes", response=list[schemas.SizeOut], summary="A cohort's size day by day")
def sizes(request: HttpRequest, product: Path[str], cohort: Path[Id]) -> list[SizePoint]:
    return list(history_of(cohort_for(api_access(request, product), cohort)))


@router.get("/{cohort}/people", response=schemas.MembersOut, summary="The members of a cohort", by_alias=False)
def members(
    request: HttpRequest,
    product: Path[str],
    cohort: Path[Id],
    limit: Query[int] = 100,
    offset: Query[int] = 0,
) -> dict[str, Any]:
    access = api_access(request, product, Permission.SEE_PEOPLE)
    asked = definition_of(cohort_for(access, cohort))
    page = max(1, min(limit, 1000)), max(0, min(offset, 1_000_000_000))
    found = engine.people_in(asked, context_for(access.product), *page)
    return {"total": found.total, "people": people_rows(access.product.pk, list(found.numbers))}


@router.get("/{cohort}/people/{number}", response=dict[str, Any], summary="Why a person is in a cohort, or not")
def explain(request: HttpRequest, product: Path[str], cohort: Path[Id], number: Path[Id]) -> dict[str, Any]:
    access = api_access(request, product, Permission.SEE_PEOPLE)
    asked, person = cohort_for(access, cohort), person_for(access, number)
    return engine.explain(definition_of(asked), person.number, context_for(access.product)).to_json()
