"""What the Umami script and @umami/node send: `/api/send` for one, `/api/batch` for a list.

The fields are those of https://umami.is/docs/api/sending-stats; the script's versions 1 and 2 differ in encoding.
"""

import base64
import binascii
import re
from typing import Any
from urllib.parse import unquote, urlsplit

import orjson

from yunying.base.errors import InvalidInput, msg
from yunying.base.ids import uuid_of
from yunying.events.bots import bot_of
from yunying.events.event import Event, Op, OpKind
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
    when_ms,
)
from yunying.events.protocols.base import (
    Intake,
    Outcome,
    Protocol,
    Reply,
    Request,
    Route,
    Wait,
    first_text,
    json_reply,
    listed,
)
from yunying.events.protocols.sites import lift_page, name_in, put, visitor_of

__all__ = ["PROTOCOL"]

_SITES = ("website", "link", "pixel")
_WEBSITE = re.compile(rb'"(?:website|link|pixel)"\s*:\s*"([^"\\]{1,200})"')
_VITALS = ("lcp", "inp", "cls", "fcp", "ttfb")
_VISIT_S = 30 * 60
_OWN_VISITOR = re.compile(r"visitor-[0-9a-f]{32}")
_VISIT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NO_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_TWICE = re.compile(r"%25(?=[0-9A-Fa-f]{2})")


def take(request: Request) -> Intake:
    """`{"type", "payload"}`, or a list of such."""
    items = listed(request.document)
    names = [_site(item) for item in items]
    return Intake(
        key=next(iter(names), ""),
        items=items,
        alias=True,
        names=names if len(set(names)) > 1 else (),
        shared={"cache": request.headers.get("x-umami-cache", "")[:2_000]},
    )


def _site(item: Any) -> str:
    payload = item.get("payload") if isinstance(item, dict) else None
    return first_text(*(payload.get(name) for name in _SITES)) if isinstance(payload, dict) else ""


def read(item: Any, arrival: Arrival) -> Event:
    sent = is_object(item, "body")
    payload = is_object(sent.get("payload"), "payload")
    kind = text_of(sent.get("type")) or "event"
    data = properties(payload.get("data"), "data")
    distinct_id = _distinct_id(kind, payload, data, arrival)
    ts_ms = when_ms(payload.get("timestamp"), arrival, explicit=True)
    return Event(
        product=arrival.product,
        uuid=event_uuid(None, "umami", arrival.product),
        name=_name(kind, payload),
        distinct_id=distinct_id,
        ts_ms=ts_ms,
        received_ms=arrival.received_ms,
        props=_props(kind, payload, data),
        session=_visit(payload, distinct_id, ts_ms, arrival),
        person_ops=_person_ops(data) if kind == "identify" else [],
        protocol="umami",
        library="umami-node" if "Umami/" in arrival.agent else "",
        historical=arrival.historical,
        **origin(
            arrival,
            address=payload.get("ip"),
            agent=payload.get("userAgent"),
            server=_by_server(payload, arrival),
        ),
    )


def _by_server(payload: dict[str, Any], arrival: Arrival) -> bool:
    # @umami/node calls itself so, whoever it speaks for.
    return "Umami/" in arrival.agent or bool(first_text(payload.get("ip"), payload.get("userAgent")))


def _distinct_id(kind: str, payload: dict[str, Any], data: dict[str, Any], arrival: Arrival) -> str:
    """The id the app gave, which @umami/node hides among the data of an identify; else a daily one."""
    known = identity(payload.get("id")) or (identity(data.get("id")) if kind == "identify" else "")
    if known:
        return known
    said = {"address": text_of(payload.get("ip")), "agent": text_of(payload.get("userAgent"))}
    if not any(said.values()) and (kept := _cached(payload, arrival).get("s")):
        return str(kept)
    return required_identity(visitor_of(arrival, _site({"payload": payload}), **said), name="id")


def _cached(payload: dict[str, Any], arrival: Arrival) -> dict[str, Any]:
    """What an answer of ours gave the page to send back, while the visit lasts; empty if it is not of this site."""
    cache = text_of(arrival.shared.get("cache"))
    try:
        # Scripts of version 1 and early 2 send the whole answer back.
        token = orjson.loads(cache).get("cache", "") if cache.startswith("{") else cache
        found = orjson.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        fits = found["w"] == _site({"payload": payload}) and _VISIT.fullmatch(found["v"]) is not None
        fits &= found["s"] == "" or _OWN_VISITOR.fullmatch(found["s"]) is not None
        age_s = arrival.received_ms // 1000 - int(found["i"])
    except (binascii.Error, ValueError, TypeError, KeyError, AttributeError):
        return {}
    return dict(found) if fits and 0 <= age_s <= _VISIT_S else {}


def _visit(payload: dict[str, Any], distinct_id: str, ts_ms: int, arrival: Arrival) -> str:
    kept = _cached(payload, arrival).get("v") if payload.get("timestamp") is None else None
    if kept:
        return str(kept)
    # No answer to go by yet: as in Umami, what one visitor does within one hour is one visit.
    return str(uuid_of("umami visit", str(arrival.product), distinct_id, str(ts_ms // 3_600_000)))


def _name(kind: str, payload: dict[str, Any]) -> str:
    if kind == "event":
        return event_name(payload["name"]) if payload.get("name") else "$pageview"
    if kind == "identify":
        return "$identify"
    if kind == "performance":
        return "$web_vitals"
    raise InvalidInput(
        "umami.type",
        msg("“%(sent)s” is not a type of event; use event, identify or performance."),
        field="type",
        sent=kind[:50],
    )


def _props(kind: str, payload: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    props = {} if kind == "identify" else dict(data)
    lift_page(
        props,
        url=_address(payload, "url"),
        referrer=_address(payload, "referrer"),
        title=_title(payload),
        screen=text_of(payload.get("screen")),
        language=text_of(payload.get("language")),
    )
    put(props, {"website": _site({"payload": payload}), "tag": payload.get("tag")})
    put(props, {"$browser": payload.get("browser"), "$os": payload.get("os"), "$device_type": payload.get("device")})
    if kind == "performance":
        put(props, {f"$web_vitals_{name.upper()}_value": payload.get(name) for name in _VITALS})
        put(props, {"duration": payload.get("duration")})
    return properties(props)


def _address(payload: dict[str, Any], field: str) -> str:
    """The address of a page; older scripts send the path alone, and the host beside it."""
    url, host = text_of(payload.get(field)), text_of(payload.get("hostname"))
    try:
        if not url or not host or urlsplit(url).netloc:
            return url
    except ValueError:
        return url
    # Those scripts also escape what the browser has escaped before.
    return f"https://{host}/{_TWICE.sub('%', url).lstrip('/')}"


def _title(payload: dict[str, Any]) -> str:
    """The title; older scripts escape it as a part of an address."""
    title = text_of(payload.get("title"))
    try:
        return title if _NO_ESCAPE.search(title) else unquote(title, errors="strict")
    except UnicodeDecodeError:
        return title


def _person_ops(data: dict[str, Any]) -> list[Op]:
    return ops(OpKind.SET, {name: value for name, value in data.items() if name != "id"}, "data")


def reply(request: Request, outcome: Outcome) -> Reply:
    """What the script keeps for its next request. Bots hear what Umami tells them, but their events are kept."""
    refusal = outcome.refused[0][1] if outcome.refused else None
    if refusal is not None and refusal.code != "alias.unknown":
        return json_reply({"error": {"message": refusal.reason, "code": refusal.code, "status": 400}}, 400)
    event = outcome.events[0] if outcome.events else None
    if bot_of(event.agent if event else request.headers.get("user-agent", "")):
        return json_reply({"beep": "boop"})
    return json_reply(_session(request.document, event))


def _session(item: Any, event: Event | None) -> dict[str, str]:
    if event is None:
        return {"cache": "", "sessionId": "", "visitId": ""}
    site = _site(item)
    own = event.distinct_id if _OWN_VISITOR.fullmatch(event.distinct_id) else ""
    token = orjson.dumps({"w": site, "s": own, "v": event.session, "i": event.received_ms // 1000})
    return {
        "cache": base64.urlsafe_b64encode(token).decode().rstrip("="),
        "sessionId": str(uuid_of("umami session", site, event.distinct_id)),
        "visitId": event.session,
    }


def reply_batch(request: Request, outcome: Outcome) -> Reply:
    errors = [(index, refusal) for index, refusal in outcome.refused if refusal.code != "alias.unknown"]
    sent = listed(request.document)
    first = next(((item, event) for item, event in zip(sent, outcome.events, strict=False) if event), None)
    return json_reply(
        {
            "size": len(outcome.events),
            "processed": len(outcome.events) - len(errors),
            "errors": len(errors),
            "details": [{"index": index, "response": {"message": one.reason}} for index, one in errors],
            "cache": _session(*first)["cache"] if first else None,
        }
    )


def named(request: Request) -> str:
    return name_in(request, _WEBSITE)


PROTOCOL = Protocol(
    name="umami",
    label="Umami",
    routes=(
        Route("/api/send", ("POST",), take=take, reply=reply),
        Route("/api/batch", ("POST",), take=take, reply=reply_batch),
    ),
    read=read,
    wait=Wait.NEVER,
    named=named,
)
