"""Refused events: list them, send them again, drop them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import orjson

from yunying.apps.tracking.ingest import shared_ingest
from yunying.apps.tracking.live.reasons import in_words, reason_of
from yunying.base import clock
from yunying.base.errors import InvalidInput, LimitReached, NotFound, YunyingError, msg
from yunying.base.ids import uuid_of
from yunying.collect.codec import event_from_text
from yunying.events.event import Event
from yunying.events.normalise import Arrival
from yunying.events.protocols import by_name
from yunying.events.text import loads
from yunying.platform.audit.services import record
from yunying.platform.products.access import Permission, ProductAccess
from yunying.store import Sql, shared

__all__ = [
    "AT_ONCE",
    "Refused",
    "Replayed",
    "State",
    "codes",
    "drop",
    "item_of",
    "mark",
    "read_again",
    "refused",
    "refused_item",
    "replay",
]

AT_ONCE = 5_000
# Ids in one statement.
_AT_A_TIME = 1_000


class State(StrEnum):
    NEW = "new"
    REPLAYED = "replayed"
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True)
class Refused:
    """An event or body that was not taken. `reason` is in the reader's language."""

    id: str
    received: datetime
    protocol: str
    code: str
    reason: str
    body: str
    data: dict[str, Any]
    state: str

    @property
    def way(self) -> str:
        """The protocol as people call it."""
        protocol = by_name(self.protocol)
        return protocol.label if protocol else self.protocol

    @property
    def event(self) -> str:
        """The name the event would have had, as far as it can be told."""
        if self.data.get("event"):
            return str(self.data["event"])
        try:
            sent = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return ""
        name = (sent.get("event") or sent.get("type")) if isinstance(sent, dict) else None
        return name if isinstance(name, str) else ""

    @property
    def pretty(self) -> str:
        """The body, indented where it is JSON."""
        try:
            return orjson.dumps(orjson.loads(self.body), option=orjson.OPT_INDENT_2).decode()
        except orjson.JSONDecodeError:
            return self.body


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many were taken this time, and why others were refused again (by text, with their number)."""

    taken: int
    again: dict[str, int]


_SELECT = """
    SELECT id, received, protocol, code, reason, body, data, state
    FROM refused FINAL
    WHERE product = {product:UInt32}
"""


def refused(
    access: ProductAccess, *, state: str = State.NEW, code: str = "", ids: Sequence[str] = (), limit: int = AT_ONCE
) -> list[Refused]:
    """Refused items, newest first. Raises NotAllowed without the right to manage data."""
    access.require(Permission.MANAGE_DATA)
    rows = (
        shared()
        .query(
            Sql(
                _SELECT
                + """
              AND ({state:String} = '' OR state = {state:String})
              AND ({code:String} = '' OR code = {code:String})
              AND (empty({ids:Array(String)}) OR id IN {ids:Array(String)})
            ORDER BY received DESC, id
            LIMIT {limit:UInt32}
            """,
                {"product": access.product.pk, "state": state, "code": code, "ids": list(ids), "limit": limit},
            )
        )
        .rows
    )
    return [item_of(*row) for row in rows]


def item_of(
    item_id: str, received: datetime, protocol: str, code: str, reason: str, body: str, data: str, state: str
) -> Refused:
    """A row of the table as an item, its reason in the reader's language."""
    known = orjson.loads(data or "{}")
    return Refused(item_id, received, protocol, code, reason_of(reason, known), body, known, state)


def refused_item(access: ProductAccess, item_id: str) -> Refused:
    """One item in any state. Raises NotFound."""
    found = refused(access, state="", ids=[item_id], limit=1)
    if not found:
        raise NotFound("refused.absent", msg("This refused event does not exist any more; they are kept for 30 days."))
    return found[0]


def codes(access: ProductAccess) -> list[tuple[str, int]]:
    """Reasons of what waits, with their numbers, the most frequent first."""
    access.require(Permission.MANAGE_DATA)
    sql = """
        SELECT code, count() AS n
        FROM refused FINAL
        WHERE product = {product:UInt32}
          AND state = 'new'
        GROUP BY code
        ORDER BY n DESC, code
    """
    return [(str(code), int(n)) for code, n in shared().query(Sql(sql, {"product": access.product.pk})).rows]


def read_again(item: Refused, product: int) -> Event:
    """The event of a refused item by today's rules. Raises InvalidInput or LimitReached if it is still refused."""
    if item.data.get("canonical"):
        event = event_from_text(item.body)
        # The body came from the spool of this product; a product number inside of it opens no other door.
        event.product = product
        return event
    protocol = by_name(item.protocol)
    if protocol is None or item.data.get("unread"):
        raise InvalidInput(
            "replay.unreadable", msg("The request could not be read as a whole; it has to be sent anew.")
        )
    if item.data.get("cut"):
        raise LimitReached("replay.cut", msg("Only the beginning of this event was kept, because it is so large."))
    sent, arrival = loads(item.body.encode()), Arrival.from_data(product, _ms(item.received), item.data)
    found, twin = protocol.read(sent, arrival), protocol.read(sent, arrival)
    if found is None or twin is None:
        raise InvalidInput("replay.dropped", msg("This kind of event is knowingly not kept."))
    if found.uuid != twin.uuid:
        # Sent without an id: derived from the refusal, so that replaying twice stays one event.
        found.uuid = str(uuid_of("refused", str(product), item.id))
    return found


def replay(access: ProductAccess, items: Sequence[Refused]) -> Replayed:
    """Take items as they would be taken today; those refused again stay. Raises NotAllowed, Unavailable."""
    access.require(Permission.MANAGE_DATA)
    events: list[Event] = []
    taken: list[Refused] = []
    again: dict[str, int] = {}
    for item in items:
        if item.state == State.REPLAYED:
            continue
        try:
            events.append(read_again(item, access.product.pk))
            taken.append(item)
        except YunyingError as error:
            why = in_words(error.message, error.data)
            again[why] = again.get(why, 0) + 1
    if events:
        # The same selection gives the same token, so a click that is repeated after a fault adds nothing.
        token = str(uuid_of("replay", str(access.product.pk), *sorted(item.id for item in taken)))
        shared_ingest().write(events, token=f"replay:{token}")
        _mark(access, taken, State.REPLAYED)
    return Replayed(len(taken), again)


def drop(access: ProductAccess, items: Sequence[Refused]) -> int:
    """Put items aside for good; returns how many."""
    access.require(Permission.MANAGE_DATA)
    waiting = [item for item in items if item.state == State.NEW]
    _mark(access, waiting, State.DISCARDED)
    return len(waiting)


def _mark(access: ProductAccess, items: Sequence[Refused], state: State) -> None:
    if not items:
        return
    mark(access.product.pk, [item.id for item in items], state)
    record(
        access.actor,
        "refused.replayed" if state is State.REPLAYED else "refused.discarded",
        ("refused", items[0].id, items[0].code),
        product_id=access.product.pk,
        after={"count": len(items)},
    )


def mark(product: int, ids: Sequence[str], state: State) -> None:
    """Write the state of refused items down. Call after whatever made it so."""
    sql = """
        INSERT INTO refused (product, received, id, protocol, code, reason, body, data, state, version)
        SELECT product, received, id, protocol, code, reason, body, data, {state:String}, {version:UInt64}
        FROM refused FINAL
        WHERE product = {product:UInt32}
          AND id IN {ids:Array(String)}
    """
    version = int(clock.now().timestamp() * 1000)
    for start in range(0, len(ids), _AT_A_TIME):
        some = list(ids[start : start + _AT_A_TIME])
        shared().execute(Sql(sql, {"product": product, "ids": some, "state": state.value, "version": version}))


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
