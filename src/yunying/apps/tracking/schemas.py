"""What the API of tracking shows."""

from datetime import datetime
from typing import Annotated, Any

from ninja import Field, Schema

from yunying.apps.tracking.models import PropertyDefinition
from yunying.apps.tracking.people.accounts import AccountRow
from yunying.apps.tracking.selectors import PersonRow, TimelineEvent
from yunying.apps.tracking.times import moment
from yunying.platform.products.rest import Id, Text

__all__ = [
    "AccountOut",
    "EventChange",
    "EventNew",
    "EventOut",
    "MergeIn",
    "PersonOut",
    "PropertyChange",
    "PropertyOut",
    "SplitIn",
    "TimelineOut",
]


class _EntryOut(Schema):
    id: int
    name: str
    title_en: str
    title_zh: str
    description: str
    category: str
    owner_id: int | None
    hidden: bool
    volume: int
    first_seen: datetime | None
    last_seen: datetime | None


class EventOut(_EntryOut):
    trigger: str
    platforms: str
    priority: str
    version: str
    state: str
    is_order: bool
    is_sign_up: bool
    revenue_property: str
    revenue_currency: str


class PropertyOut(_EntryOut):
    of: str
    allowed: str
    required: bool
    example: str
    type: str | None
    confidence: float | None

    @staticmethod
    def resolve_type(row: PropertyDefinition) -> str | None:
        return row.guess[0].value if row.guess else None

    @staticmethod
    def resolve_confidence(row: PropertyDefinition) -> float | None:
        return row.guess[1] if row.guess else None


class EventNew(Schema):
    name: Text


class _EntryChange(Schema):
    """What is left out stays as it is."""

    model_config = {"extra": "forbid"}

    title_en: Text | None = None
    title_zh: Text | None = None
    description: Text | None = None
    category: Text | None = None
    owner_id: int | None = None
    hidden: bool | None = None


class EventChange(_EntryChange):
    trigger: Text | None = None
    platforms: Text | None = None
    priority: Text | None = None
    version: Text | None = None
    state: Text | None = None
    is_order: bool | None = None
    is_sign_up: bool | None = None
    revenue_property: Text | None = None
    revenue_currency: Text | None = None


class PropertyChange(_EntryChange):
    allowed: Text | None = None
    required: bool | None = None
    example: Text | None = None


class MergeIn(Schema):
    other: Id


class SplitIn(Schema):
    distinct_ids: Annotated[list[Text], Field(min_length=1, max_length=1000)]


class PersonOut(Schema):
    number: int
    name: str
    distinct_id: str
    distinct_ids: list[str] | None = None
    first_seen: datetime
    last_seen: datetime | None = None
    identified: bool
    properties: dict[str, Any]

    @classmethod
    def of(cls, row: PersonRow, distinct_ids: list[str] | None = None) -> "PersonOut":
        return cls(
            number=row.number,
            name=row.name,
            distinct_id=row.distinct_id,
            distinct_ids=distinct_ids,
            first_seen=row.born,
            last_seen=row.seen,
            identified=row.identified,
            properties=row.properties,
        )


class TimelineOut(Schema):
    uuid: str
    event: str
    time: datetime
    distinct_id: str
    account: str
    session: str
    properties: dict[str, Any]

    @classmethod
    def of(cls, event: TimelineEvent) -> "TimelineOut":
        return cls(
            uuid=event.uuid,
            event=event.name,
            time=event.ts,
            distinct_id=event.distinct_id,
            account=event.account,
            session=event.session,
            properties=event.properties,
        )


class AccountOut(Schema):
    id: int | None
    key: str
    name: str
    first_seen: datetime | None
    last_seen: datetime | None
    people: int
    events: int
    properties: dict[str, Any]

    @classmethod
    def of(cls, row: AccountRow) -> "AccountOut":
        return cls(
            id=row.pk,
            key=row.key,
            name=row.name,
            first_seen=None if row.first_seen_ms is None else moment(row.first_seen_ms),
            last_seen=row.seen,
            people=row.people,
            events=row.events,
            properties=row.properties,
        )
