"""Yunying's own protocol: `POST /v1/events` with one event, a list, `{"events": […]}`, or NDJSON; gzip welcome.

It serves its own script for web pages, too, see `script`.
"""

from typing import Any

from yunying.base.errors import InvalidInput, msg
from yunying.events.event import Event, Link, LinkKind, Op, OpKind
from yunying.events.normalise import (
    Arrival,
    event_name,
    event_uuid,
    identity,
    is_object,
    moment_ms,
    ops,
    origin,
    properties,
    required_identity,
    text_of,
    unset_ops,
    when_ms,
)
from yunying.events.protocols import script
from yunying.events.protocols.base import (
    Intake,
    Outcome,
    Protocol,
    Reply,
    Request,
    Route,
    basic_user,
    bearer,
    first_text,
    json_reply,
    listed,
)

__all__ = ["PROTOCOL"]

_OPS = (("set", OpKind.SET), ("set_once", OpKind.SET_ONCE), ("add", OpKind.ADD), ("append", OpKind.APPEND))
_LINKS = (("anonymous_id", LinkKind.IDENTIFY), ("alias", LinkKind.ALIAS), ("merge", LinkKind.MERGE))
_CHANGES = frozenset(prefix + name for prefix in ("", "account_") for name in ("unset", *(name for name, _ in _OPS)))
_FIELDS = frozenset(
    {
        "event",
        "distinct_id",
        "cookieless",
        "ip",
        "user_agent",
        "timestamp",
        "uuid",
        "properties",
        "session",
        "account",
        "account_set",
        "account_set_once",
        "account_unset",
        "account_add",
        "account_append",
        "library",
        "historical",
        "unset",
        "key",
    }
    | {name for name, _ in _OPS}
    | {name for name, _ in _LINKS}
)


def take(request: Request) -> Intake:
    document = request.document
    envelope = document if isinstance(document, dict) else {}
    key = first_text(bearer(request), basic_user(request), request.query.get("key"), envelope.get("key"))
    items = listed(envelope.get("events", document))
    return Intake(
        key,
        items,
        sent_ms=_sent_ms(envelope.get("sent_at")),
        historical=envelope.get("historical") is True,
        library=text_of(envelope.get("library")),
        # Only pages name their origin; anybody else is a server, whose address is not that of its users.
        shared={"page": "origin" in request.headers},
    )


def _sent_ms(value: Any) -> int | None:
    try:
        return moment_ms(value)
    except InvalidInput:
        return None


def _who(sent: dict[str, Any], arrival: Arrival) -> str:
    """The id of who did it; with `cookieless` one that the collector makes, for this day only."""
    if sent.get("cookieless") is True and not sent.get("distinct_id") and arrival.visitor is not None:
        return arrival.visitor(text_of(sent.get("ip")), text_of(sent.get("user_agent")))
    return required_identity(sent.get("distinct_id"))


def read(item: Any, arrival: Arrival) -> Event:
    sent = is_object(item, "event")
    if not sent.keys() <= _FIELDS:
        unknown = next(name for name in sent if name not in _FIELDS)
        # A misspelt field would be lost in silence; a refusal that names it is found at once.
        raise InvalidInput(
            "event.unknown_field",
            msg("“%(name)s” is not a field of an event; put it into properties."),
            field=unknown,
            name=unknown[:100],
        )
    account = identity(sent.get("account"))
    distinct_id = _who(sent, arrival)
    return Event(
        product=arrival.product,
        uuid=event_uuid(sent.get("uuid"), "own", arrival.product),
        name=event_name(sent.get("event")),
        distinct_id=distinct_id,
        ts_ms=when_ms(sent.get("timestamp"), arrival),
        received_ms=arrival.received_ms,
        props=properties(sent.get("properties")),
        session=text_of(sent.get("session"))[:200],
        account=account,
        person_ops=_ops(sent, ""),
        account_ops=_ops(sent, "account_") if account else [],
        links=_links(sent, distinct_id),
        protocol="own",
        library=(text_of(sent.get("library")) or arrival.library)[:100],
        historical=arrival.historical or sent.get("historical") is True,
        **origin(
            arrival, address=sent.get("ip"), agent=sent.get("user_agent"), server=not arrival.shared.get("page", False)
        ),
    )


def _ops(sent: dict[str, Any], prefix: str) -> list[Op]:
    found: list[Op] = []
    if _CHANGES.isdisjoint(sent):
        return found
    for name, kind in _OPS:
        if prefix + name in sent:
            found += ops(kind, sent[prefix + name], prefix + name)
    return found + unset_ops(sent.get(prefix + "unset"))


def _links(sent: dict[str, Any], distinct_id: str) -> list[Link]:
    return [
        Link(kind, other, distinct_id)
        for name, kind in _LINKS
        if name in sent and (other := identity(sent[name])) and other != distinct_id
    ]


def reply(request: Request, outcome: Outcome) -> Reply:
    refused = [
        {"index": index, "code": refusal.code, "reason": refusal.reason} for index, refusal in outcome.refused[:100]
    ]
    body: dict[str, Any] = {"accepted": outcome.accepted, "refused": refused}
    if outcome.status != 200:
        body |= {"code": outcome.status, "message": refused[0]["reason"]}
    return json_reply(body, outcome.status)


def here(request: Request) -> Reply:
    """For whoever tries whether the address can be reached."""
    return json_reply({"message": "Send events here by POST."})


PROTOCOL = Protocol(
    name="own",
    label="Yunying",
    routes=(
        Route("/v1/events", ("POST",), take=take, reply=reply),
        Route("/v1/events", ("GET",), answer=here),
        *script.ROUTES,
    ),
    read=read,
)
