"""From what an SDK sent to the fields of a canonical event, with a clear refusal for what cannot be used."""

import datetime as dt
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from ipaddress import ip_address
from typing import Any, TypedDict
from uuid import UUID

import orjson

from yunying.base.errors import InvalidInput, LimitReached, msg
from yunying.base.ids import uuid7_text, uuid_of
from yunying.events.event import Op, OpKind
from yunying.events.limits import (
    FUTURE_MS,
    MAX_DEPTH,
    MAX_ID_CHARS,
    MAX_KEY_CHARS,
    MAX_NAME_CHARS,
    MAX_PROPERTIES,
    SKEW_CAP_MS,
    SKEW_FROM_MS,
)
from yunying.events.nobody import is_nobody
from yunying.events.text import clean_text

__all__ = [
    "Arrival",
    "Origin",
    "derived_uuid",
    "event_name",
    "event_uuid",
    "identity",
    "is_object",
    "moment_ms",
    "ops",
    "origin",
    "properties",
    "required_identity",
    "text_of",
    "unset_ops",
    "when_ms",
]

_SCALARS = frozenset((str, int, float, bool, type(None)))
_CANONICAL = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass(slots=True)
class Arrival:
    """What is known about a request around its events: the receipt that a protocol reads each item with.

    `sent_ms` is the client's clock when it sent, if the protocol says it. `visitor` gives a daily id that
    cannot be turned back, for protocols without any; a server may say the address and agent of its user.
    `address` and `agent` are those of the connection. `trusted` says that a protocol whose senders need no key was
    given a write key all the same.
    """

    product: int
    received_ms: int
    sent_ms: int | None = None
    historical: bool = False
    library: str = ""
    shared: Mapping[str, Any] = field(default_factory=dict)
    visitor: Callable[..., str] | None = None
    address: str = ""
    agent: str = ""
    trusted: bool = False

    def to_data(self) -> dict[str, Any]:
        """What a refused item is kept with, so that a replay reads it as the first time, but for where it came from."""
        return {
            "sent_ms": self.sent_ms,
            "historical": self.historical,
            "library": self.library,
            "shared": dict(self.shared),
            "agent": self.agent,
            "trusted": self.trusted,
            "visitor": self.visitor() if self.visitor else "",
        }

    @classmethod
    def from_data(cls, product: int, received_ms: int, data: Mapping[str, Any]) -> "Arrival":
        """The arrival that `to_data` was taken of."""
        kept = str(data.get("visitor") or "")
        return cls(
            product=product,
            received_ms=received_ms,
            sent_ms=data.get("sent_ms"),
            historical=bool(data.get("historical")),
            library=str(data.get("library") or ""),
            shared=data.get("shared") or {},
            agent=str(data.get("agent") or ""),
            trusted=data.get("trusted") is True,
            visitor=_visitor_again(kept) if kept else None,
        )


def _visitor_again(kept: str) -> Callable[..., str]:
    """The daily ids of a request that is read again: told apart as the first time, though not the same for others."""

    def visitor(said_address: str = "", said_agent: str = "") -> str:
        said = f"{kept}|{said_address}|{said_agent}"
        return f"visitor-{sha256(said.encode()).hexdigest()[:32]}" if said_address or said_agent else kept

    return visitor


class Origin(TypedDict):
    """The fields of an event that say where it was sent from."""

    address: str
    agent: str


def origin(arrival: Arrival, *, address: Any = None, agent: Any = None, server: bool = False) -> Origin:
    """Address and user agent of whoever did something.

    `address` and `agent` are what the SDK said of its user; without them it is the connection, unless a `server` sent
    the event, whose own address says nothing about the user. What is no address is nobody's.
    """
    said = text_of(address).strip()
    found = _address(said or ("" if server else arrival.address))
    return Origin(address=found, agent=(text_of(agent).strip() or ("" if server else arrival.agent))[:1_000])


# A batch comes from one address, and reading it takes as long as all else of a small event.
@lru_cache(maxsize=4096)
def _address(text: str) -> str:
    try:
        return str(ip_address(text)) if text else ""
    except ValueError:
        return ""


def is_object(value: Any, field_name: str) -> dict[str, Any]:
    """`value` as a JSON object; absent is empty. Raises InvalidInput `field.not_object`."""
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    raise InvalidInput(
        "field.not_object", msg("%(name)s must be an object of names and values."), field=field_name, name=field_name
    )


def text_of(value: Any) -> str:
    """A short text out of a string or number; anything else is empty."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def event_name(value: Any) -> str:
    """The name of an event, trimmed. Raises InvalidInput `event.name_missing` or `event.name_too_long`."""
    name = value.strip() if isinstance(value, str) else ""
    if not name:
        raise InvalidInput("event.name_missing", msg("The event has no name."), field="event")
    if len(name) > MAX_NAME_CHARS:
        raise InvalidInput(
            "event.name_too_long",
            msg("The name of the event is longer than %(limit)d characters."),
            field="event",
            limit=MAX_NAME_CHARS,
        )
    return name


def identity(value: Any) -> str:
    """A distinct id as text; what stands for "nobody" becomes empty. Raises InvalidInput `id.too_long`."""
    if value is None:
        return ""
    found = text_of(value).strip()
    if is_nobody(found):
        return ""
    if len(found) > MAX_ID_CHARS:
        raise InvalidInput(
            "id.too_long",
            msg("The id is longer than %(limit)d characters."),
            field="distinct_id",
            limit=MAX_ID_CHARS,
        )
    return found


def required_identity(value: Any, *, name: str = "distinct_id") -> str:
    """As `identity`, but nobody is not allowed. Raises InvalidInput `id.missing` or `id.unusable`."""
    found = identity(value)
    if found:
        return found
    sent = text_of(value).strip()
    if sent:
        raise InvalidInput(
            "id.unusable",
            msg("“%(sent)s” cannot be used as an id, because many people would share it."),
            field=name,
            sent=sent,
        )
    raise InvalidInput(
        "id.missing", msg("The event does not say who did it: %(name)s is missing."), field=name, name=name
    )


def properties(value: Any, field_name: str = "properties") -> dict[str, Any]:
    """The properties of an event. Raises InvalidInput or LimitReached `props.*`."""
    props = is_object(value, field_name)
    if len(props) > MAX_PROPERTIES:
        raise LimitReached(
            "props.too_many",
            msg("The event has more than %(limit)d properties."),
            field=field_name,
            limit=MAX_PROPERTIES,
        )
    if props and max(map(len, props)) > MAX_KEY_CHARS:
        raise LimitReached(
            "props.key_too_long",
            msg("The name of a property is longer than %(limit)d characters."),
            field=field_name,
            limit=MAX_KEY_CHARS,
        )
    if not _SCALARS.issuperset(map(type, props.values())):
        for item in props.values():
            if type(item) not in _SCALARS:
                _check_depth(item, field_name)
    return props


def _check_depth(value: Any, field_name: str) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in _children(node)]
        if not level:
            return
    raise LimitReached(
        "props.too_deep",
        msg("A property is nested deeper than %(limit)d levels."),
        field=field_name,
        limit=MAX_DEPTH,
    )


def _children(node: Any) -> list[Any]:
    items = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    # Most lists hold texts and numbers only, which is seen without a step for each of them.
    return [] if _SCALARS.issuperset(map(type, items)) else [item for item in items if isinstance(item, dict | list)]


def ops(kind: OpKind, value: Any, field_name: str) -> list[Op]:
    """One operation for each name in the object `value`."""
    return [Op(kind, key, item) for key, item in properties(value, field_name).items()]


def unset_ops(value: Any) -> list[Op]:
    """One UNSET for each name in a list, or for each key of an object."""
    names = value if isinstance(value, list | dict) else []
    return [Op(OpKind.UNSET, name) for name in names if isinstance(name, str)]


def event_uuid(value: Any, protocol: str, product: int) -> str:
    """The event's id: a UUID as it is, any other text turned into one that is always the same, else a new one.

    The id makes a repeated event one event, so a client that retries should send it.
    """
    sent = text_of(value).strip()
    if not sent:
        return uuid7_text()
    if _CANONICAL.fullmatch(sent):
        return sent
    try:
        return str(UUID(sent))
    except ValueError:
        return str(uuid_of("message", protocol, str(product), clean_text(sent)))


def derived_uuid(item: Any, protocol: str, product: int) -> str:
    """An id for an event without one, out of all that was sent of it: the same content is the same event.

    Only where an SDK may send the same again; elsewhere two equal events are two.
    """
    content = orjson.dumps(item, option=orjson.OPT_SORT_KEYS)
    return str(uuid_of("content", protocol, str(product), hashlib.sha256(content).hexdigest()))


def moment_ms(value: Any) -> int | None:
    """Epoch milliseconds of an ISO 8601 text (without zone: UTC) or of epoch seconds or milliseconds; absent: None.

    Raises InvalidInput `time.unreadable` or `time.out_of_range`.
    """
    if value is None or value == "":
        return None
    found = _number_ms(value) if isinstance(value, int | float) else _text_ms(value)
    if found is None:
        raise InvalidInput(
            "time.unreadable", msg("The time is neither ISO 8601 nor an epoch number."), field="timestamp"
        )
    if not 0 <= found < 32_503_680_000_000:
        raise InvalidInput(
            "time.out_of_range", msg("The time lies before the year 1970 or after the year 3000."), field="timestamp"
        )
    return found


def _number_ms(value: float) -> int | None:
    if isinstance(value, bool) or value != value or abs(value) > 1e17:
        return None
    # Seconds until the year 5138; above that nobody means seconds.
    return round(value) if abs(value) > 1e11 else round(value * 1000)


def _text_ms(value: Any) -> int | None:
    if not isinstance(value, str):
        return None
    try:
        at = dt.datetime.fromisoformat(value.strip())
    except ValueError:
        try:
            return _number_ms(float(value))
        except ValueError:
            return None
    aware = at if at.tzinfo else at.replace(tzinfo=dt.UTC)
    return round(aware.timestamp() * 1000)


def when_ms(timestamp: Any, arrival: Arrival, *, explicit: bool = False) -> int:
    """When the event happened, UTC epoch milliseconds.

    A wrong client clock is taken out by the difference of `sent_ms` and the time of arrival, if that is more
    than ten seconds; `explicit` or historical times are left as they are. Times more than an hour ahead become
    the time of arrival. Raises InvalidInput `time.*`.
    """
    found = moment_ms(timestamp)
    if found is None:
        return arrival.received_ms
    if arrival.sent_ms is not None and not explicit and not arrival.historical:
        # Whole seconds, so that a repeated request gives its events the same times as the first one.
        skew = round((arrival.received_ms - arrival.sent_ms) / 1000) * 1000
        if abs(skew) > SKEW_FROM_MS:
            found = max(0, found + max(-SKEW_CAP_MS, min(SKEW_CAP_MS, skew)))
    return arrival.received_ms if found > arrival.received_ms + FUTURE_MS else found
