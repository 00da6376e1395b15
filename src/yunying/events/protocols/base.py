"""What a wire protocol is made of: routes, a way to take a request apart, a way to read one item, and its replies."""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
from typing import Any

import orjson

from yunying.base.errors import LimitReached, NotAllowed, YunyingError, msg
from yunying.events.decode import decode, form, unpack
from yunying.events.event import Event, Refusal
from yunying.events.limits import MAX_ITEMS
from yunying.events.normalise import Arrival, text_of

__all__ = [
    "Intake",
    "Outcome",
    "Protocol",
    "Reply",
    "Request",
    "Route",
    "Wait",
    "basic_user",
    "bearer",
    "common_error",
    "first_text",
    "json_reply",
    "listed",
]


@dataclass
class Request:
    """An HTTP request as the protocols see it. `headers` have lower-case names; `host` is scheme and authority."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    received_ms: int
    host: str = ""
    matched: Mapping[str, str] = field(default_factory=dict)
    # Only the start of the body is here, because all of it is too large.
    cut: bool = False

    @cached_property
    def document(self) -> Any:
        """The decoded body. Raises InvalidInput or LimitReached (`body.*`)."""
        return decode(self.body, self.headers.get("content-encoding", ""), self.query)

    @cached_property
    def raw(self) -> bytes:
        """The body without its compression. Raises InvalidInput or LimitReached (`body.*`)."""
        return unpack(self.body, self.headers.get("content-encoding", ""))

    @cached_property
    def fields(self) -> Mapping[str, str]:
        """The fields of the address and of a form in the body, whatever its label; those of the body win."""
        raw = self.raw
        return dict(self.query) if raw[:1] in (b"", b"{", b"[") else {**self.query, **form(raw)}


@dataclass(slots=True)
class Reply:
    """What is answered. `cache` says how long it may be kept: only what is the same for everybody may be."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    cache: str = "no-store"


@dataclass(slots=True)
class Intake:
    """A request taken apart: the write key, the items, and what they have in common (fields of `Arrival`).

    With `alias` the protocol has no keys, and `key` is the name it gives the sender: a site, an app, a domain. Where
    the items come from several senders, `names` has one for each item. `write_key` is one that some senders give
    beside their name; if it is known, it wins. With `anonymous` nobody may learn from which address it came.
    """

    key: str
    items: Sequence[Any]
    alias: bool = False
    names: Sequence[str] = ()
    write_key: str = ""
    anonymous: bool = False
    sent_ms: int | None = None
    historical: bool = False
    library: str = ""
    shared: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Outcome:
    """What became of the items of one request: `events[i]` is None where item i was refused or knowingly dropped."""

    events: list[Event | None] = field(default_factory=list)
    refused: list[tuple[int, Refusal]] = field(default_factory=list)

    @property
    def accepted(self) -> int:
        return sum(event is not None for event in self.events)

    @property
    def status(self) -> int:
        """400 only if everything was refused: a partial failure must not make an SDK send the good part again."""
        return 400 if self.refused and not self.accepted else 200


@dataclass(frozen=True, slots=True)
class Route:
    """One path. `{name}` in `path` matches one part, `{name.}` one with a dot; a trailing slash makes no difference.

    A route either takes events (`take`, and `reply` says what is answered) or just answers (`answer`).
    `claims` decides between protocols that share a path; it may look at the decoded document.
    """

    path: str
    methods: tuple[str, ...]
    take: Callable[[Request], Intake] | None = None
    reply: Callable[[Request, Outcome], Reply] | None = None
    answer: Callable[[Request], Reply] | None = None
    claims: Callable[[Request], bool] | None = None


def common_error(error: YunyingError) -> Reply:
    """The error body that makes every SDK we know of stop: each looks for another of these fields."""
    text = error.text
    bad_key = isinstance(error, NotAllowed)
    status = {403: 401, 429: 413}.get(error.status, error.status) if bad_key or _is_size(error) else error.status
    body = {
        "code": status,
        "message": text,
        "error": f"Invalid API key: {text}" if bad_key else text,
        "status": 0,
        "reason": error.code,
        # The SDKs of Amplitude repeat a 4xx twelve times, unless this says what is at fault.
        "missing_field": error.field or ("body" if status < 500 else None),
    }
    retry = error.data.get("retry_after_s")
    headers = (("retry-after", str(retry)),) if retry is not None else ()
    return Reply(status, orjson.dumps(body), headers=headers)


def _is_size(error: YunyingError) -> bool:
    return isinstance(error, LimitReached) and error.code.startswith(("body.", "event.", "props."))


class Wait(IntEnum):
    """How the SDKs of a protocol hear that they send too much; the greater wins where protocols share a path.

    RETRY_AFTER: 429 with `Retry-After`. UNAVAILABLE: 503 with it, for those that drop on 429. NEVER: not at all, since
    they send nothing twice; what they send is taken and counted.
    """

    RETRY_AFTER = 1
    UNAVAILABLE = 2
    NEVER = 3


@dataclass(frozen=True, slots=True)
class Protocol:
    """A family of SDKs. `read` turns one item into an event, or into None for what is knowingly not kept.

    `read` raises InvalidInput or LimitReached for an item that goes to the quarantine; it must not depend on
    anything but its arguments, because a replay calls it again. `named` finds the name of the sender in a body that
    cannot be read as a whole, for protocols without keys; without one nothing of such a body is kept.
    """

    name: str
    label: str
    routes: tuple[Route, ...]
    read: Callable[[Any, Arrival], Event | None]
    error: Callable[[YunyingError], Reply] = common_error
    wait: Wait = Wait.RETRY_AFTER
    named: Callable[[Request], str] | None = None


def json_reply(value: Any, status: int = 200) -> Reply:
    return Reply(status, orjson.dumps(value))


def bearer(request: Request) -> str:
    """The token of an `Authorization: Bearer` header, or an empty text."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def basic_user(request: Request) -> str:
    """The user part of an `Authorization: Basic` header, or an empty text."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return ""
    try:
        pair = base64.b64decode(token.strip(), validate=False).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""
    return pair.partition(":")[0].strip()


def listed(value: Any) -> list[Any]:
    """`value` as the list of items of a request. Raises LimitReached `body.too_many`."""
    items = value if isinstance(value, list) else [value]
    if len(items) > MAX_ITEMS:
        raise LimitReached(
            "body.too_many", msg("One request may carry %(limit)d events; send several."), limit=MAX_ITEMS
        )
    return items


def first_text(*values: Any) -> str:
    """The first of `values` that is a text (or number) with something in it, else an empty text."""
    for value in values:
        found = text_of(value).strip()
        if found:
            return found
    return ""
