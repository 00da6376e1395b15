"""What the Snowplow trackers send: payloads by POST to `/<vendor>/<version>`, single events as an image from `/i`.

Fields: the Snowplow tracker protocol (docs.snowplow.io, "Snowplow Tracker Protocol"). All values are texts. A tracker
has no key: its application id names the sender.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from yunying.base.errors import InvalidInput, LimitReached, YunyingError, msg
from yunying.events.event import Event, Link, LinkKind
from yunying.events.normalise import (
    Arrival,
    event_name,
    event_uuid,
    identity,
    is_object,
    moment_ms,
    origin,
    properties,
    required_identity,
    text_of,
    when_ms,
)
from yunying.events.protocols.base import (
    Intake,
    Outcome,
    Protocol,
    Reply,
    Request,
    Route,
    common_error,
    first_text,
    listed,
)
from yunying.events.protocols.pixel import PIXEL
from yunying.events.protocols.sites import put
from yunying.events.protocols.snowplow_entities import described, entities, lift_entities
from yunying.events.protocols.snowplow_words import NAMES, lift, own_properties
from yunying.events.text import clean_text

__all__ = ["PROTOCOL"]

# The application id of whoever gives none.
_NOBODY = "default"
# What the trackers for servers begin their version with.
_SERVERS = frozenset({"py", "node", "java", "php", "rb", "golang", "go", "net", ".net", "scala", "rust", "lua"})
_AID = re.compile(rb'"(?:aid|tna)"\s*:\s*"([^"\\]{1,200})"')


def take(request: Request) -> Intake:
    items = listed(_payload(request))
    names = [_sender(item) for item in items]
    anonymous = "sp-anonymous" in request.headers
    return Intake(
        key=names[0] if names else _NOBODY,
        items=items,
        alias=True,
        names=names if len(set(names)) > 1 else (),
        anonymous=anonymous,
        shared={"anonymous": True} if anonymous else {},
    )


def _payload(request: Request) -> Any:
    if request.method == "GET" or not request.raw.strip():
        if "e" not in request.query:
            raise InvalidInput("body.empty", msg("The request carries no event."))
        return {clean_text(name): clean_text(value) for name, value in request.query.items()}
    document = request.document
    return document["data"] if isinstance(document, dict) and "data" in document else document


def _sender(item: Any) -> str:
    return first_text(item.get("aid"), item.get("tna"), _NOBODY) if isinstance(item, dict) else _NOBODY


def read(item: Any, arrival: Arrival) -> Event:
    sent = is_object(item, "event")
    kind = text_of(sent.get("e"))
    if kind not in NAMES:
        raise InvalidInput(
            "snowplow.type",
            msg("“%(sent)s” is not a type of Snowplow event; use pv, pp, se, ue, tr or ti."),
            field="e",
            sent=kind[:50],
        )
    name, props = _content(kind, sent)
    lift(sent, props)
    lift_entities(entities(sent), props)
    anonymous = arrival.shared.get("anonymous") is True
    session = first_text(sent.get("sid"), props.get("$session_id"))[:200]
    if session:
        props.setdefault("$session_id", session)
    properties(props)
    return Event(
        product=arrival.product,
        uuid=event_uuid(sent.get("eid"), "snowplow", arrival.product),
        name=name,
        distinct_id=_distinct_id(sent, props, session, arrival),
        ts_ms=_when(sent, arrival),
        received_ms=arrival.received_ms,
        props=props,
        session=session,
        links=[] if anonymous else _links(sent),
        protocol="snowplow",
        library=f"snowplow-{text_of(sent.get('tv'))}"[:100] if sent.get("tv") else "",
        historical=arrival.historical,
        **origin(
            arrival,
            address=None if anonymous else sent.get("ip"),
            agent=sent.get("ua"),
            server=text_of(sent.get("tv")).partition("-")[0] in _SERVERS,
        ),
    )


def _links(sent: Mapping[str, Any]) -> list[Link]:
    """There is no call that says who somebody is: the two ids of an event do, as with Matomo and Google Analytics."""
    user, browser = identity(sent.get("uid")), identity(sent.get("duid"))
    return [Link(LinkKind.IDENTIFY, browser, user)] if user and browser and user != browser else []


def _content(kind: str, sent: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The name of an event and the properties that only its type has."""
    if kind != "ue":
        return NAMES[kind], own_properties(kind, sent)
    found = described(sent)
    if found is None:
        raise InvalidInput(
            "snowplow.unstructured", msg("The self-describing event has no data with a schema."), field="ue_px"
        )
    data = dict(found.data) if isinstance(found.data, dict) else {} if found.data is None else {"data": found.data}
    props = data | {"$schema": found.schema}
    if found.name == "screen_view":
        put(props, {"$screen_name": data.get("name")})
        return "$screen", props
    return event_name(found.name), props


def _distinct_id(sent: Mapping[str, Any], props: Mapping[str, Any], session: str, arrival: Arrival) -> str:
    for name in ("uid", "duid", "tnuid", "nuid"):
        found = identity(sent.get(name))
        if found:
            return found
    found = identity(props.get("$anonymous_id"))
    if found:
        return found
    if arrival.shared.get("anonymous") is True:
        # Nothing may be made of address or agent: what the tracker calls a session, a page view or an event is all
        # there is to tell somebody by.
        told = first_text(session, props.get("$page_view_id"), sent.get("eid"))
        return required_identity(f"anonymous-{told}" if told else "", name="uid")
    return arrival.visitor() if arrival.visitor else required_identity("", name="uid")


def _when(sent: Mapping[str, Any], arrival: Arrival) -> int:
    if sent.get("ttm") not in (None, ""):
        return when_ms(sent["ttm"], arrival, explicit=True)
    try:
        arrival = replace(arrival, sent_ms=moment_ms(sent.get("stm")))
    except InvalidInput:
        arrival = replace(arrival, sent_ms=None)
    return when_ms(sent.get("dtm"), arrival)


def reply(request: Request, outcome: Outcome) -> Reply:
    """Always good: a tracker that hears of one bad event sends it again with all that come after it."""
    return PIXEL if request.method == "GET" else Reply(200, b"ok", "text/plain; charset=utf-8")


def error(found: YunyingError) -> Reply:
    """413 would be retried for ever; what is too large is answered as good and waits in the quarantine."""
    if isinstance(found, LimitReached) and found.code.startswith(("body.", "event.", "props.")):
        return Reply(200, b"ok", "text/plain; charset=utf-8")
    return common_error(found)


def named(request: Request) -> str:
    """The application id in the start of a body that is too large or damaged."""
    told = request.query.get("aid") or request.query.get("tna")
    if told:
        return told
    try:
        start = request.body if request.cut else request.raw
    except YunyingError:
        return ""
    found = _AID.search(start)
    return found[1].decode("utf-8", "replace") if found else _NOBODY if b"payload_data" in start else ""


_METHODS = ("POST", "GET")
PROTOCOL = Protocol(
    name="snowplow",
    label="Snowplow",
    routes=(
        Route("/i", _METHODS, take=take, reply=reply),
        Route("/{vendor.}/{version}", _METHODS, take=take, reply=reply),
    ),
    read=read,
    error=error,
    named=named,
)
