"""What gtag.js sends to `/g/collect` of the server it is given as `server_container_url`.

The address carries what all events of a request have in common; each line of the body is one event, written like the
query of an address. Google documents none of it; the names are those that browsers were seen to send.
"""

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl

from yunying.events.event import Event, Link, LinkKind, Op, OpKind
from yunying.events.normalise import (
    Arrival,
    event_name,
    event_uuid,
    identity,
    is_object,
    origin,
    properties,
    required_identity,
    text_of,
)
from yunying.events.protocols.base import Intake, Request, listed
from yunying.events.protocols.sites import as_number, lift_page, put, visitor_of
from yunying.events.text import clean_text

__all__ = ["read", "session", "take"]

_NAMES = {"page_view": "$pageview", "screen_view": "$screen"}
_ITEM = re.compile(r"pr\d{1,3}")
# A tilde parts the fields of an item; one inside a value is written twice.
_FIELD = re.compile(r"(?<!~)~(?!~)")
_ITEM_FIELDS = {
    "id": "item_id",
    "nm": "item_name",
    "br": "item_brand",
    "ca": "item_category",
    "c2": "item_category2",
    "c3": "item_category3",
    "c4": "item_category4",
    "c5": "item_category5",
    "va": "item_variant",
    "pr": "price",
    "qt": "quantity",
    "cp": "coupon",
    "ds": "discount",
    "af": "affiliation",
    "ln": "item_list_name",
    "li": "item_list_id",
    "lp": "index",
    "lo": "location_id",
    "pi": "promotion_id",
    "pn": "promotion_name",
    "cn": "creative_name",
    "cs": "creative_slot",
}
_NUMBERS = frozenset({"price", "quantity", "discount", "index"})
_FLAGS = {"_ss": "session_start", "_fv": "first_visit", "_nsi": "new_session_id", "seg": "session_engaged"}


def take(request: Request) -> Intake:
    """One item per line, with what the address says for all of them."""
    common = _clean(request.query.items())
    lines = [line for line in request.raw.decode("utf-8", "replace").splitlines() if line.strip()]
    items = [{"tag": common | _fields(line)} for line in listed(lines)] or [{"tag": common}]
    return Intake(key=text_of(common.get("tid") or items[0]["tag"].get("tid")), items=items, alias=True)


def _fields(line: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(line, keep_blank_values=True, max_num_fields=1_000)
    except ValueError:
        return {}
    return _clean(pairs)


def _clean(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    # Texts of an address may hold what JSON is cleaned of.
    return {clean_text(name): clean_text(value) for name, value in pairs}


def read(tag: Any, arrival: Arrival) -> Event:
    sent = is_object(tag, "event")
    name = event_name(sent.get("en"))
    device, user = identity(sent.get("cid")), identity(sent.get("uid"))
    return Event(
        product=arrival.product,
        uuid=event_uuid(None, "ga4", arrival.product),
        name=_NAMES.get(name, name),
        distinct_id=user or device or required_identity(visitor_of(arrival, text_of(sent.get("tid"))), name="cid"),
        ts_ms=arrival.received_ms,
        received_ms=arrival.received_ms,
        props=_props(sent, device if user else ""),
        session=session(sent.get("sid"), device or user),
        person_ops=[Op(OpKind.SET, key, value) for key, value in _named(sent, "up").items()],
        links=[Link(LinkKind.IDENTIFY, device, user)] if user and device and user != device else [],
        protocol="ga4",
        library="gtag",
        historical=arrival.historical,
        **origin(arrival, address=sent.get("_uip")),
    )


def session(sent: Any, whose: str) -> str:
    """The session's id, which is the second it began in, made one of its own for each browser."""
    number = text_of(sent).strip()
    return f"{whose}.{number}"[-200:] if number and whose else ""


def _named(sent: dict[str, Any], prefix: str) -> dict[str, Any]:
    """`<prefix>.name` is a text, `<prefix>n.name` a number."""
    found: dict[str, Any] = {}
    for key, value in sent.items():
        kind, dot, name = key.partition(".")
        if dot and name and kind in (prefix, f"{prefix}n"):
            found[name] = as_number(value) if kind.endswith("n") else value
    return found


def _props(sent: dict[str, Any], client: str) -> dict[str, Any]:
    props = _named(sent, "ep")
    lift_page(
        props,
        url=text_of(sent.get("dl")),
        referrer=text_of(sent.get("dr")),
        title=text_of(sent.get("dt")),
        screen=text_of(sent.get("sr")),
        language=text_of(sent.get("ul")),
    )
    put(props, {"currency": sent.get("cu"), "engagement_time_msec": as_number(sent.get("_et"))})
    put(props, {"session_number": as_number(sent.get("sct")), "client_id": client, "measurement_id": sent.get("tid")})
    put(props, {name: True for flag, name in _FLAGS.items() if sent.get(flag) in ("1", "2")})
    put(props, {"items": _items(sent) or None, "$consent": _consent(text_of(sent.get("gcs")))})
    return properties(props)


def _items(sent: dict[str, Any]) -> list[dict[str, Any]]:
    """`pr1=id12345~nmShirt~pr10.5~qt2~k0colour~v0red`: two letters of name, then the value."""
    keys = sorted((key for key in sent if _ITEM.fullmatch(key)), key=lambda key: int(key[2:]))
    return [_item(text_of(sent[key])) for key in keys]


def _item(text: str) -> dict[str, Any]:
    pairs = {part[:2]: part[2:].replace("~~", "~") for part in _FIELD.split(text) if len(part) > 2}
    found: dict[str, Any] = {}
    for short, value in pairs.items():
        name = _ITEM_FIELDS.get(short)
        if name:
            found[name] = as_number(value) if name in _NUMBERS else value
        elif short[0] == "k" and f"v{short[1]}" in pairs:
            found[value] = pairs[f"v{short[1]}"]
    return found


def _consent(flags: str) -> dict[str, str] | None:
    """`G1` and two digits: may be stored for advertising, for analytics."""
    if not re.fullmatch(r"G1[01-][01-]", flags):
        return None
    words = {"1": "granted", "0": "denied"}
    pairs = zip(("ad_storage", "analytics_storage"), flags[2:], strict=True)
    return {name: words[flag] for name, flag in pairs if flag in words}
