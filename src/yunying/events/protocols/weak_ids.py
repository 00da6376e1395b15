"""Event ids out of message ids that are not unique by themselves: `$insert_id`, `insert_id`, `_track_id`."""

from typing import Any
from uuid import UUID

from yunying.events.normalise import event_uuid, text_of

__all__ = ["weak_uuid"]


def weak_uuid(message_id: Any, protocol: str, product: int, *ties: Any) -> str:
    """The event's id: a UUID as it is; any other text counts together with `ties`, what its vendor compares too."""
    sent = text_of(message_id).strip()
    try:
        return str(UUID(sent))
    except ValueError:
        return event_uuid("\n".join((sent, *map(text_of, ties))) if sent else "", protocol, product)
