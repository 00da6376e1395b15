"""What the API of tracking shows."""

from datetime import datetime
from typing import Any

from ninja import Schema

from yunying.apps.tracking.models import PropertyDefinition
from yunying.apps.tracking.selectors import PersonRow, TimelineEvent

__all__ = ["EventOut", "PersonOut", "PropertyOut", "TimelineOut"]


class EventOut(Schema):
    id: int
    name: str
    title_en: str
    title_zh: str
    description: str
    hidden: bool
    volume: int
    first_seen: datetime | None
    last_seen: datetime | None


class PropertyOut(EventOut):
    of: str
    type: str | None
    confidence: float | None

    @staticmethod
    def resolve_type(row: PropertyDefinition) -> str | None:
        return row.guess[0].value if row.guess else None

    @staticmethod
    def resolve_confidence(row: PropertyDefinition) -> float | None:
        return row.guess[1] if row.guess else None


class PersonOut(Schema):
    number: int
    name: str
    distinct_id: str
    distinct_ids: list[str] | None = None
    first_seen: datetime
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
