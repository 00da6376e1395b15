"""What the SDKs of Sensors Data 神策 send: `/sa`, `/sa.gif` and `/debug`, as form or in the address.

An item is one JSON object: `type`, `event`, `time` in epoch ms, `distinct_id`, `identities` of ID-Mapping 3.0,
`properties`, `lib`. See the vendor's page 数据格式 (data format), and its open SDKs for Python, Node.js and JavaScript.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import orjson

from yunying.base.errors import InvalidInput, LimitReached, YunyingError, msg
from yunying.events.event import Event, Op, OpKind
from yunying.events.normalise import (
    Arrival,
    derived_uuid,
    event_name,
    event_uuid,
    is_object,
    moment_ms,
    ops,
    origin,
    properties,
    text_of,
    unset_ops,
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
    common_error,
    first_text,
    listed,
)
from yunying.events.protocols.pixel import PIXEL
from yunying.events.protocols.sensors_people import identified, links_of
from yunying.events.protocols.sensors_words import SERVERS, lift, name_of

__all__ = ["PROTOCOL"]

# The project of whoever names none, as in the vendor's own servers.
_PROJECT = "default"
# Things have no person; all changes of things stand under this id.
_THINGS = "$items"
_TRACKS = ("track", "track_signup", "track_id_bind", "track_id_unbind")
_ITEMS = ("item_set", "item_delete")
_OPS = {
    "profile_set": OpKind.SET,
    "profile_set_once": OpKind.SET_ONCE,
    "profile_increment": OpKind.ADD,
    "profile_append": OpKind.APPEND,
}
_TYPES = (*_TRACKS, *_OPS, "profile_unset", "profile_delete", *_ITEMS)
# Which of several equal items of one request an item is; ours, never sent.
_PLACE = "$yunying_place"


def take(request: Request) -> Intake:
    items = _placed(listed(request.document))
    said = request.query.get("project") or request.fields.get("project") or ""
    names = [_project(item) or said or _PROJECT for item in items]
    tokens = (_lifted(item, "token") for item in items)
    return Intake(
        key=names[0] if names else said or _PROJECT,
        items=items,
        alias=True,
        names=names if len(set(names)) > 1 else (),
        write_key=first_text(request.query.get("token"), *tokens),
    )


def _placed(items: list[Any]) -> list[Any]:
    """Equal items without an id differ by their place: a batch that is sent again has them in the same order."""
    if len(items) < 2:
        return items
    seen: dict[bytes, int] = {}
    found = []
    for item in items:
        if isinstance(item, dict) and "_track_id" not in item:
            content = orjson.dumps(_content(item), option=orjson.OPT_SORT_KEYS)
            place = seen[content] = seen.get(content, -1) + 1
            item = item | {_PLACE: place} if place else item
        found.append(item)
    return found


def _content(item: Mapping[str, Any]) -> dict[str, Any]:
    """What makes an item what it is: not when it was sent, nor which line of the program said it."""
    return {name: value for name, value in item.items() if name not in ("_flush_time", "lib")}


def _lifted(item: Any, name: str) -> str:
    """`project` or `token` of an item, also where it stands among the properties as `$project` or `$token`."""
    if not isinstance(item, dict):
        return ""
    props = item.get("properties")
    return first_text(item.get(name), props.get(f"${name}") if isinstance(props, dict) else None)


def _project(item: Any) -> str:
    return _lifted(item, "project")


def read(item: Any, arrival: Arrival) -> Event:
    sent = is_object(item, "event")
    kind = text_of(sent.get("type")) or "track"
    if kind not in _TYPES:
        raise InvalidInput(
            "sensors.type",
            msg("“%(sent)s” is not a type of Sensors Data, such as track or profile_set."),
            field="type",
            sent=kind[:50],
        )
    props = dict(properties(sent.get("properties")))
    lib = is_object(sent.get("lib"), "lib")
    distinct_id = _THINGS if kind in _ITEMS else identified(sent)
    event = Event(
        product=arrival.product,
        uuid=_uuid(sent, kind, arrival),
        name=_name(kind, sent),
        distinct_id=distinct_id,
        ts_ms=_when(sent, arrival),
        received_ms=arrival.received_ms,
        links=links_of(kind, sent, distinct_id),
        person_ops=_person_ops(kind, props),
        protocol="sensors",
        library=_library(props, lib, arrival),
        historical=arrival.historical or sent.get("time_free") is True,
        **origin(
            arrival,
            address=props.pop("$ip", None),
            agent=first_text(props.get("$user_agent"), props.get("$raw_user_agent")),
            server=first_text(lib.get("$lib"), props.get("$lib")).lower() in SERVERS,
        ),
    )
    event.props = _props(kind, sent, props, lib)
    event.session = text_of(props.get("$event_session_id"))[:200]
    return event


def _name(kind: str, sent: Mapping[str, Any]) -> str:
    if kind in _ITEMS:
        return f"${kind}"
    return name_of(kind, event_name(sent.get("event"))) if kind in _TRACKS else "$set"


def _uuid(sent: dict[str, Any], kind: str, arrival: Arrival) -> str:
    track_id = text_of(sent.get("_track_id"))
    if not track_id:
        return derived_uuid(_content(sent), "sensors", arrival.product)
    parts = (track_id, kind, *(text_of(sent.get(name)) for name in ("distinct_id", "time", "event", "item_id")))
    return event_uuid("|".join(parts), "sensors", arrival.product)


def _when(sent: Mapping[str, Any], arrival: Arrival) -> int:
    free = sent.get("time_free") is True
    flushed = sent.get("_flush_time")
    if isinstance(flushed, int | float) and not free:
        with suppress(InvalidInput):
            arrival = replace(arrival, sent_ms=moment_ms(flushed))
    return when_ms(sent.get("time"), arrival, explicit=free)


def _person_ops(kind: str, props: Mapping[str, Any]) -> list[Op]:
    told = {name: value for name, value in props.items() if name not in ("$is_login_id", "$project", "$token", "$ip")}
    if kind in _OPS:
        return ops(_OPS[kind], told, "properties")
    if kind == "profile_unset":
        return unset_ops(told)
    return [Op(OpKind.CLEAR, "")] if kind == "profile_delete" else []


def _props(kind: str, sent: Mapping[str, Any], props: dict[str, Any], lib: Mapping[str, Any]) -> dict[str, Any]:
    if kind in _TRACKS or kind in _ITEMS:
        found = {name: value for name, value in props.items() if name not in ("$project", "$token")}
        renamed = sent.get("event") if kind in _TRACKS else None
        original = "" if renamed == name_of(kind, text_of(renamed)) else renamed
    else:
        # Values of the person are in the operations; here they would be properties of an event.
        found, original = {}, kind
    said = {"$event": original, "$identities": sent.get("identities")}
    said |= {f"${name}": sent.get(name) for name in ("anonymous_id", "original_id")}
    said |= {name: sent.get(name) for name in ("item_type", "item_id") if kind in _ITEMS}
    # The place in the source code that called the SDK stays out: it shows folders of the sender.
    said |= {name: value for name, value in lib.items() if name != "$lib_detail"}
    for name, value in said.items():
        if value not in (None, ""):
            found.setdefault(name, value)
    lift(found)
    return found


def _library(props: Mapping[str, Any], lib: Mapping[str, Any], arrival: Arrival) -> str:
    name = first_text(lib.get("$lib"), props.get("$lib"))
    version = first_text(lib.get("$lib_version"), props.get("$lib_version"))
    return (f"sensors-{name}/{version}" if name and version else name or arrival.library)[:100]


def reply(request: Request, outcome: Outcome) -> Reply:
    """Always good: an SDK that holds a batch back for one bad event would hold it back for ever."""
    return PIXEL if request.method == "GET" else Reply(200, b"")


def reply_debug(request: Request, outcome: Outcome) -> Reply:
    """In debug mode the developer is told what is wrong."""
    if not outcome.refused:
        return Reply(200, b"")
    return Reply(400, outcome.refused[0][1].reason.encode(), "text/plain; charset=utf-8")


def check(request: Request) -> Reply:
    """A dry run: what is wrong is told, and nothing is kept."""
    try:
        for item in take(request).items:
            read(item, Arrival(0, request.received_ms))
    except YunyingError as error:
        return Reply(400, error.text.encode(), "text/plain; charset=utf-8")
    return Reply(200, b"")


def _is_dry(request: Request) -> bool:
    return request.headers.get("dry-run", "").strip().lower() == "true"


def error(found: YunyingError) -> Reply:
    """What can never be used is answered as good, for the same reason; it waits in the quarantine."""
    unusable = isinstance(found, InvalidInput | LimitReached) and found.code.startswith(("body.", "event."))
    return Reply(200, b"") if unusable and found.code != "body.slow" else common_error(found)


def named(request: Request) -> str:
    return request.query.get("project") or _PROJECT


_METHODS = ("POST", "GET")
PROTOCOL = Protocol(
    name="sensors",
    label="Sensors Data",
    routes=(
        Route("/sa", _METHODS, take=take, reply=reply),
        Route("/sa.gif", _METHODS, take=take, reply=reply),
        Route("/debug", _METHODS, answer=check, claims=_is_dry),
        Route("/debug", _METHODS, take=take, reply=reply_debug),
    ),
    read=read,
    error=error,
    wait=Wait.NEVER,
    named=named,
)
