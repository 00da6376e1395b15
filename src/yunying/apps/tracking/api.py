"""`/api/v1/products/{product}/data`: the catalogue, people and their events. Parse, call, answer."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest
from ninja import Field, Path, Query, Router, Status
from ninja.pagination import paginate

from yunying.apps.tracking import schemas, selectors, services
from yunying.apps.tracking.access import event_for, person_for, property_for
from yunying.apps.tracking.models import EventDefinition, PropertyDefinition, PropertyOf
from yunying.apps.tracking.people.finding import person_filter
from yunying.base.errors import InvalidInput, msg
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.rest import Id, Pages, Text, api_access

__all__ = ["router"]

router = Router(tags=["Data"])
Short = Annotated[Text, Field(max_length=400)]


class _Shown(Sequence[Any]):
    """Rows found, of which only the page asked for is read, each as the API shows it."""

    def __init__(self, found: Sequence[Any], show: Callable[[Any], Any]) -> None:
        self._found = found
        self._show = show

    def __len__(self) -> int:
        return len(self._found)

    def __getitem__(self, part: Any) -> Any:
        return [self._show(row) for row in self._found[part]]


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


@router.post("/events", response={201: schemas.EventOut}, summary="Announce an event before it is sent")
def announce_event(request: HttpRequest, product: Path[str], body: schemas.EventNew) -> Status[EventDefinition]:
    access = api_access(request, product, Permission.MANAGE_DATA)
    return Status(201, services.announce_event(access=access, name=body.name))


@router.get("/events/{event}", response=schemas.EventOut, summary="One event of the catalogue")
def get_event(request: HttpRequest, product: Path[str], event: Id) -> EventDefinition:
    return event_for(api_access(request, product), event)


@router.patch("/events/{event}", response=schemas.EventOut, summary="Describe, mark or hide an event")
def change_event(request: HttpRequest, product: Path[str], event: Id, body: schemas.EventChange) -> EventDefinition:
    access = api_access(request, product, Permission.MANAGE_DATA)
    found = event_for(access, event)
    services.describe(access=access, entries=[found], words=_words(body))
    return found


@router.get("/properties/{property}", response=schemas.PropertyOut, summary="One property of the catalogue")
def get_property(request: HttpRequest, product: Path[str], property: Id) -> PropertyDefinition:
    return property_for(api_access(request, product), property)


@router.patch("/properties/{property}", response=schemas.PropertyOut, summary="Describe or hide a property")
def change_property(
    request: HttpRequest, product: Path[str], property: Id, body: schemas.PropertyChange
) -> PropertyDefinition:
    access = api_access(request, product, Permission.MANAGE_DATA)
    found = property_for(access, property)
    services.describe(access=access, entries=[found], words=_words(body))
    return found


def _words(body: Any) -> dict[str, Any]:
    """What was sent; null means nothing for the owner, and is no value of the other fields."""
    sent = body.dict(exclude_unset=True)
    for name, value in sent.items():
        if value is None and name != "owner_id":
            raise InvalidInput("catalogue.null", msg("Send text or leave the field out."), field=name)
    return dict(sent)


@router.get(
    "/people",
    response=list[schemas.PersonOut],
    summary="People, newest first",
    description=(
        "`q` is part of an id or of a property's value. `property` with `value` finds who has this value, without it"
        " who has any. `filters` is a filter of reports as JSON text, on properties of people. `sort` is born, seen or"
        " identified, with `-` in front for descending."
    ),
)
@paginate(Pages)
def list_people(
    request: HttpRequest,
    product: Path[str],
    q: Short = "",
    property: Short = "",
    value: Short = "",
    filters: Annotated[Text, Field(max_length=20_000)] = "",
    identified: bool | None = None,
    first_from: date | None = None,
    first_to: date | None = None,
    seen_from: date | None = None,
    unseen_since: date | None = None,
    sort: Literal["born", "-born", "seen", "-seen", "identified", "-identified"] = "-born",
) -> Sequence[Any]:
    access = api_access(request, product, Permission.SEE_PEOPLE)
    wanted = selectors.Wanted(
        query=q,
        filters=person_filter(filters, property, value),
        identified=identified,
        first_from=first_from,
        first_to=first_to,
        seen_from=seen_from,
        unseen_since=unseen_since,
    )
    return _Shown(selectors.FoundPeople(access.product, wanted, sort), schemas.PersonOut.of)


@router.get("/accounts", response=list[schemas.AccountOut], summary="Accounts by key")
@paginate(Pages)
def list_accounts(request: HttpRequest, product: Path[str], q: Short = "") -> Sequence[Any]:
    access = api_access(request, product, Permission.SEE_PEOPLE)
    return _Shown(selectors.FoundAccounts(access.product, q), schemas.AccountOut.of)


@router.get("/people/{number}", response=schemas.PersonOut, summary="One person with all ids")
def get_person(request: HttpRequest, product: Path[str], number: Id) -> schemas.PersonOut:
    return _person(api_access(request, product, Permission.SEE_PEOPLE), number)


def _person(access: ProductAccess, number: int) -> schemas.PersonOut:
    person = person_for(access, number)
    ids = [row.distinct_id for row in selectors.distinct_ids(access.product.pk, person.number)]
    row = replace(
        selectors.rows_of([person])[0], seen=selectors.last_seen(access.product.pk, [person.number]).get(person.number)
    )
    return schemas.PersonOut.of(row, ids)


@router.post(
    "/people/{number}/merge",
    response=schemas.PersonOut,
    summary="Make one person of two",
    description=(
        "`other` is the number of the other person. Reports count them as one within seconds, for the past as well. A"
        " split between the two is taken back."
    ),
)
def merge_person(request: HttpRequest, product: Path[str], number: Id, body: schemas.MergeIn) -> schemas.PersonOut:
    access = api_access(request, product, Permission.SEE_PEOPLE)
    other = person_for(access, body.other)
    found = services.merge_people(access=access, person=person_for(access, number), other=other)
    return _person(access, found)


@router.post(
    "/people/{number}/split",
    response=schemas.PersonOut,
    summary="Let ids leave a person",
    description=(
        "`distinct_ids` become a person of their own, who is the answer. Events and properties follow the id they came"
        " under. What programs send does not join the two again; merging them does."
    ),
)
def split_person(request: HttpRequest, product: Path[str], number: Id, body: schemas.SplitIn) -> schemas.PersonOut:
    access = api_access(request, product, Permission.SEE_PEOPLE)
    found = services.split_person(access=access, person=person_for(access, number), ids=body.distinct_ids)
    return _person(access, found)


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
