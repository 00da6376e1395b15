"""CloudEvents 1.0 over HTTP, at `POST /cloudevents`: structured, as a batch, or binary with `ce-` headers.

By the specifications of the CloudEvents project: core 1.0.2, JSON event format 1.0.2, HTTP protocol binding 1.0.2.
"""

import base64
import binascii
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import unquote

from yunying.base.errors import InvalidInput, msg
from yunying.events.event import Event, Link, LinkKind, Op, OpKind
from yunying.events.normalise import (
    Arrival,
    event_name,
    event_uuid,
    identity,
    is_object,
    ops,
    origin,
    properties,
    required_identity,
    text_of,
    unset_ops,
    when_ms,
)
from yunying.events.protocols.accounts import account_of
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
from yunying.events.text import clean_text, loads

__all__ = ["PROTOCOL"]

_REQUIRED = ("id", "source", "type")
# Attributes with a place of their own in an event; the others become properties.
_PLACED = ("specversion", "type", "time", "data", "data_base64")
_PEOPLE = ("distinct_id", "user_id", "userId")
_STRANGERS = ("anonymous_id", "anonymousId")
_OPS = (("$set", OpKind.SET), ("$set_once", OpKind.SET_ONCE))
_LINKS = {
    "$identify": (("$anon_distinct_id", *_STRANGERS), LinkKind.IDENTIFY),
    "$create_alias": (("alias",), LinkKind.ALIAS),
}


def take(request: Request) -> Intake:
    # A structured event is told by its label, or by what it is: labels of real senders are often wrong.
    label = request.headers.get("content-type", "").lower()
    binary = "ce-specversion" in request.headers and not label.startswith("application/cloudevents")
    document = [_from_headers(request)] if binary else request.document
    return Intake(
        key=first_text(bearer(request), basic_user(request), request.query.get("key")),
        items=listed(document),
    )


def _from_headers(request: Request) -> dict[str, Any]:
    """An event in binary mode as it would be in JSON."""
    found: dict[str, Any] = {
        name[3:]: _header(value) for name, value in request.headers.items() if name.startswith("ce-")
    }
    label = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if label:
        found["datacontenttype"] = label
    raw = request.raw
    if not raw:
        return found
    if label.endswith(("/json", "+json")) or (not label and raw[:1] in (b"{", b"[")):
        return found | {"data": loads(raw)}
    try:
        return found | {"data": clean_text(raw.decode())}
    except UnicodeDecodeError:
        return found | {"data_base64": base64.b64encode(raw).decode()}


def _header(value: str) -> str:
    """What a header means: percent-encoded by the binding (3.1.3.2), plain UTF-8 by some senders."""
    with suppress(UnicodeError):
        value = value.encode("latin-1").decode()
    return clean_text(unquote(value))


def read(item: Any, arrival: Arrival) -> Event:
    sent = is_object(item, "event")
    _check(sent)
    name, data = event_name(sent["type"]), _data(sent)
    distinct_id = _distinct_id(sent, data)
    groups = data.get("$groups")
    return Event(
        product=arrival.product,
        # Source and id together tell an event from all others (core, 3.1); no source has a blank.
        uuid=event_uuid(f"{sent['source']} {sent['id']}", "cloudevents", arrival.product),
        name=name,
        distinct_id=distinct_id,
        ts_ms=when_ms(sent.get("time"), arrival, explicit=True),
        received_ms=arrival.received_ms,
        props=_props(sent, data),
        session=text_of(data.get("$session_id"))[:200],
        account=account_of(groups if isinstance(groups, dict) else {}),
        person_ops=_person_ops(data),
        links=_links(name, data, distinct_id),
        protocol="cloudevents",
        library=arrival.library,
        historical=arrival.historical,
        **origin(arrival, address=data.get("$ip"), agent=data.get("$raw_user_agent"), server=True),
    )


def _check(sent: Mapping[str, Any]) -> None:
    version = text_of(sent.get("specversion"))
    if version != "1.0":
        raise InvalidInput(
            "cloudevents.version",
            msg("The version of CloudEvents must be 1.0, not “%(sent)s”."),
            field="specversion",
            sent=version[:20],
        )
    for name in _REQUIRED:
        if not text_of(sent.get(name)).strip():
            raise InvalidInput(
                "cloudevents.attribute", msg("The attribute %(name)s is missing."), field=name, name=name
            )


def _data(sent: Mapping[str, Any]) -> dict[str, Any]:
    data = sent.get("data")
    packed = sent.get("data_base64")
    if data is None and isinstance(packed, str):
        data = _unpacked(packed, text_of(sent.get("datacontenttype")).lower())
    if data is None:
        return {}
    return data if isinstance(data, dict) else {"data": data}


def _unpacked(packed: str, label: str) -> Any:
    """JSON in base64 is read; anything else is kept as it came."""
    if "json" not in label:
        return {"data_base64": packed}
    try:
        return loads(base64.b64decode(packed, validate=True))
    except (binascii.Error, ValueError) as error:
        raise InvalidInput("body.not_json", msg("The data is no base64."), field="data_base64") from error


def _distinct_id(sent: Mapping[str, Any], data: Mapping[str, Any]) -> str:
    said = (*(data.get(name) for name in _PEOPLE), sent.get("subject"), *(data.get(name) for name in _STRANGERS))
    found = next((usable for value in said if (usable := identity(value))), "")
    return found or required_identity(sent.get("subject"), name="subject")


def _person_ops(data: Mapping[str, Any]) -> list[Op]:
    found: list[Op] = []
    for name, kind in _OPS:
        found += ops(kind, data.get(name), name)
    return found + unset_ops(data.get("$unset"))


def _links(name: str, data: Mapping[str, Any], distinct_id: str) -> list[Link]:
    fields, kind = _LINKS.get(name, ((), LinkKind.IDENTIFY))
    source = next((found for field in fields if (found := identity(data.get(field)))), "")
    return [Link(kind, source, distinct_id)] if source and source != distinct_id else []


def _props(sent: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    props = {key: value for key, value in data.items() if key not in ("$set", "$set_once", "$unset", "$ip")}
    for key, value in sent.items():
        if key not in _PLACED and value is not None:
            props.setdefault(f"ce_{key}", value)
    return properties(props, "data")


def reply(request: Request, outcome: Outcome) -> Reply:
    refused = [
        {"index": index, "code": refusal.code, "reason": refusal.reason} for index, refusal in outcome.refused[:100]
    ]
    body: dict[str, Any] = {"accepted": outcome.accepted, "refused": refused}
    if outcome.status != 200:
        body |= {"code": outcome.status, "message": refused[0]["reason"]}
    return json_reply(body, outcome.status)


PROTOCOL = Protocol(
    name="cloudevents",
    label="CloudEvents",
    routes=(Route("/cloudevents", ("POST",), take=take, reply=reply),),
    read=read,
)
