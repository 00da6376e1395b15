"""`/api/v1/products/{product}/data`: the catalogue, people and their events. Parse, call, answer."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest
from ninja import Field, Path, Query, Router
from ninja.pagination import paginate

from yunying.apps.tracking import schemas, selectors
from yunying.apps.tracking.access import person_for
from yunying.apps.tracking.models import EventDefinition, Person, PropertyDefinition, PropertyOf
from yunying.base.errors import InvalidInput, msg
from yunying.platform.products.access import Permission
from yunying.platform.products.rest import Id, Pages, Text, api_access

__all__ = ["router"]

router = Router(tags=["Data"])
Short = Annotated[Text, Field(max_length=400)]


class _People(Sequence[schemas.PersonOut]):
    """Persons found, of which only the page asked for is read."""

    def __init__(self, found: QuerySet[Person]) -> None:
        self._found = found

    def __len__(self) -> int:
        return self._found.count()

    def __getitem__(self, part: Any) -> Any:
        return [schemas.PersonOut.of(row) for row in selectors.rows_of(list(self._found[part]))]


@router.get("/events", response=list[schemas.EventOut], summary="Event names that were seen")
@paginate(Pages)
def list_events(request: HttpRequest, product: Path[str]) -> QuerySet[EventDefinition]:
    return selectors.event_definitions(api_access(request, product).product.pk).order_by("-volume", "name")


@router.get("/properties", response=list[schemas.PropertyOut], summary="Properties that were seen")
@paginate(Pages)
def list_properties(
    request: HttpRequest, product: Path[str], of: PropertyOf | None = None
) -> QuerySet[PropertyDefinition]:
    access = api_access(request, product)
    return selectors.property_definitions(access.product.pk, of).order_by("-volume", "name", "id")


@router.get("/people", response=list[schemas.PersonOut], summary="People, newest first")
@paginate(Pages)
def list_people(
    request: HttpRequest, product: Path[str], q: Short = "", property: Short = "", value: Short = ""
) -> Sequence[schemas.PersonOut]:
    access = api_access(request, product, Permission.SEE_PEOPLE)
    found = selectors.people_found(access.product.pk, q, property, value)
    return _People(found)


@router.get("/people/{number}", response=schemas.PersonOut, summary="One person with all ids")
def get_person(request: HttpRequest, product: Path[str], number: Id) -> schemas.PersonOut:
    access = api_access(request, product, Permission.SEE_PEOPLE)
    person = person_for(access, number)
    ids = [row.distinct_id for row in selectors.distinct_ids(access.product.pk, person.number)]
    return schemas.PersonOut.of(selectors.rows_of([person])[0], ids)


@router.get(
    "/people/{number}/events",
    response=list[schemas.TimelineOut],
    summary="A person's events, newest first",
    description="For the next page send `before` and `last`: the time and the uuid of the last event of this one.",
)
def list_person_events(
    request: HttpRequest,
    product: Path[str],
    number: Id,
    before: datetime | None = None,
    last: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> list[schemas.TimelineOut]:
    access = api_access(request, product, Permission.SEE_PEOPLE)
    person = person_for(access, number)
    if before is not None and (before.tzinfo is None or not 1900 < before.year < 2299):
        raise InvalidInput(
            "timeline.before", msg("Give the time with its zone, between 1900 and 2299."), field="before"
        )
    start = (before, str(last or UUID(int=0))) if before else None
    return [
        schemas.TimelineOut.of(e) for e in selectors.person_timeline(access.product.pk, person.number, start, limit)
    ]
