"""How events and refusals are written into the spool: short JSON arrays, one after the other.

The order of the fields is the format; a new field goes to the end and gets a default in `_event`.
"""

from collections.abc import Sequence
from typing import Any

import orjson

from yunying.events.event import Event, Link, LinkKind, Op, OpKind, Refusal

__all__ = ["Record", "decode", "encode", "event_from_text", "event_to_text"]

Record = Event | Refusal


def encode(records: Sequence[Record]) -> bytes:
    """`records` as the payload of one frame."""
    return orjson.dumps([_event_row(r) if isinstance(r, Event) else _refusal_row(r) for r in records])


def decode(payload: bytes) -> list[Record]:
    """What `encode` was given."""
    return [_event(row) if row[0] == "e" else _refusal(row) for row in orjson.loads(payload)]


def event_to_text(event: Event) -> str:
    """One event as text, for the quarantine of what the store would not take."""
    return orjson.dumps(_event_row(event)).decode()


def event_from_text(text: str) -> Event:
    """What `event_to_text` was given."""
    return _event(orjson.loads(text))


def _event_row(event: Event) -> list[Any]:
    return [
        "e",
        event.product,
        event.uuid,
        event.name,
        event.distinct_id,
        event.ts_ms,
        event.received_ms,
        event.props,
        event.session,
        event.account,
        # Nearly all events have none of these; null costs the reader no object.
        [(op.kind, op.key, op.value) for op in event.person_ops] or None,
        [(op.kind, op.key, op.value) for op in event.account_ops] or None,
        [(link.kind, link.source, link.target) for link in event.links] or None,
        event.protocol,
        event.library,
        event.historical,
        event.address,
        event.agent,
    ]


def _event(row: list[Any]) -> Event:
    return Event(
        product=row[1],
        uuid=row[2],
        name=row[3],
        distinct_id=row[4],
        ts_ms=row[5],
        received_ms=row[6],
        props=row[7],
        session=row[8],
        account=row[9],
        person_ops=_ops(row[10]) if row[10] else [],
        account_ops=_ops(row[11]) if row[11] else [],
        links=[Link(LinkKind(kind), source, target) for kind, source, target in row[12]] if row[12] else [],
        protocol=row[13],
        library=row[14],
        historical=row[15],
        # Rows of earlier versions end here.
        address=row[16] if len(row) > 16 else "",
        agent=row[17] if len(row) > 17 else "",
    )


def _ops(rows: list[Any]) -> list[Op]:
    return [Op(OpKind(kind), key, value) for kind, key, value in rows]


def _refusal_row(refusal: Refusal) -> list[Any]:
    return [
        "r",
        refusal.product,
        refusal.id,
        refusal.received_ms,
        refusal.protocol,
        refusal.code,
        refusal.reason,
        refusal.body,
        refusal.data,
    ]


def _refusal(row: list[Any]) -> Refusal:
    return Refusal(*row[1:9])
