"""What Matomo's trackers send: matomo.js, matomo-tracker, the PHP and mobile clients, and readers of log files.

The parameters are those of https://developer.matomo.org/api-reference/tracking-api. There are no keys: `idsite` names
the site. Who gives a write key as `token_auth` may also say when and from where something happened.
"""

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from yunying.base.errors import InvalidInput, msg
from yunying.events.event import Event, Link, LinkKind
from yunying.events.normalise import (
    Arrival,
    event_uuid,
    identity,
    is_object,
    moment_ms,
    origin,
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
    bearer,
    first_text,
    json_reply,
    listed,
)
from yunying.events.protocols.matomo_words import kind_of, props_of
from yunying.events.protocols.pixel import PIXEL
from yunying.events.protocols.sites import name_in, visitor_of
from yunying.events.text import clean_text

__all__ = ["PROTOCOL"]

_SITE = re.compile(rb'idsite(?:=|"\s*:\s*"?)([^&"\s,}\\]{1,200})')
# Older times need a key, as in Matomo (`tracking_requests_require_authentication_when_custom_timestamp_newer_than`).
_FREE_MS = 24 * 3_600_000


def take(request: Request) -> Intake:
    """A request in the address or in a form, or `{"requests": […], "token_auth"}` with many."""
    bulk = _bulk(request)
    items = [_fields(item) for item in listed([request.fields] if bulk is None else bulk["requests"])]
    tokens = [text_of(item.pop("token_auth", "")) for item in items if isinstance(item, dict)]
    tokens = [text_of((bulk or {}).get("token_auth")), text_of(request.query.get("token_auth")), *tokens]
    names = [text_of(item.get("idsite")).strip() if isinstance(item, dict) else "" for item in items]
    return Intake(
        key=next((name for name in names if name), ""),
        items=items,
        alias=True,
        names=names if len(set(names)) > 1 else (),
        write_key=first_text(bearer(request), *tokens),
        shared={"language": request.headers.get("accept-language", "").partition(",")[0].partition(";")[0][:35]},
    )


def _bulk(request: Request) -> dict[str, Any] | None:
    if request.raw.lstrip()[:1] != b"{":
        return None
    document = is_object(request.document, "body")
    return document if isinstance(document.get("requests"), list) else None


def _fields(item: Any) -> Any:
    if isinstance(item, dict):
        pairs: Iterable[tuple[Any, Any]] = item.items()
    elif isinstance(item, str):
        pairs = parse_qsl(item.partition("?")[2] if "?" in item else item, keep_blank_values=True)
    else:
        return item
    # Texts of an address may hold what JSON was cleaned of.
    return {clean_text(name): clean_text(value) if isinstance(value, str) else value for name, value in pairs}


def read(item: Any, arrival: Arrival) -> Event:
    sent = is_object(item, "request")
    kind = kind_of(sent)
    user, cookie = identity(sent.get("uid")), _cookie(sent)
    address = text_of(sent.get("cip")) if arrival.trusted else ""
    distinct_id = user or cookie or _visitor(sent, address, arrival)
    ts_ms, historical = _when(sent, arrival)
    return Event(
        product=arrival.product,
        uuid=event_uuid(_order(kind, sent), "matomo", arrival.product),
        name=kind,
        distinct_id=distinct_id,
        ts_ms=ts_ms,
        received_ms=arrival.received_ms,
        props=props_of(
            kind,
            sent,
            # A server's own language, if it has one, says nothing of its users.
            language="" if arrival.trusted else text_of(arrival.shared.get("language")),
            trusted=arrival.trusted,
        ),
        links=[Link(LinkKind.IDENTIFY, cookie, user)] if user and cookie and user != cookie else [],
        protocol="matomo",
        historical=historical,
        # With a key it is a server that speaks of others, so its own address says nothing.
        **origin(arrival, address=address, agent=sent.get("ua"), server=arrival.trusted),
    )


def _cookie(sent: Mapping[str, Any]) -> str:
    """The id of the browser, unless it is nothing but zeros; `cid` was set on purpose and goes first."""
    found = identity(sent.get("cid")) or identity(sent.get("_id"))
    return found if found.strip("0") else ""


def _visitor(sent: Mapping[str, Any], address: str, arrival: Arrival) -> str:
    site = text_of(sent.get("idsite"))
    return required_identity(
        visitor_of(arrival, site, address=address, agent=text_of(sent.get("ua"))), name="_id, uid or cid"
    )


def _order(kind: str, sent: Mapping[str, Any]) -> str:
    """Matomo counts an order once, however often its page is opened again; all else is new each time."""
    order = text_of(sent.get("ec_id")).strip()
    return f"order {text_of(sent.get('idsite'))} {order}" if kind == "order" and order else ""


def _when(sent: Mapping[str, Any], arrival: Arrival) -> tuple[int, bool]:
    said = _said_ms(sent, arrival)
    if said is None:
        return arrival.received_ms, arrival.historical
    old = arrival.received_ms - said > _FREE_MS
    if old and not arrival.trusted:
        raise InvalidInput(
            "matomo.time_needs_key",
            msg("A time more than a day ago needs a write key as token_auth."),
            field="cdt",
        )
    return when_ms(said, arrival, explicit=True), arrival.historical or old


def _said_ms(sent: Mapping[str, Any], arrival: Arrival) -> int | None:
    """`cdt` is epoch seconds or `YYYY-MM-DD HH:MM:SS` in UTC; `cdo` seconds before now."""
    if offset := text_of(sent.get("cdo")).strip():
        return arrival.received_ms - 1000 * int(offset) if offset.isdecimal() and len(offset) < 12 else None
    said = text_of(sent.get("cdt")).strip()
    try:
        at = dt.datetime.strptime(said, "%Y-%m-%d %H:%M:%S").replace(tzinfo=dt.UTC)
    except ValueError:
        return moment_ms(int(said) if said.isdecimal() and len(said) < 14 else said)
    return moment_ms(at.timestamp())


def _good(outcome: Outcome) -> bool:
    return outcome.status == 200 or all(refusal.code == "alias.unknown" for _, refusal in outcome.refused)


def reply(request: Request, outcome: Outcome) -> Reply:
    """A picture, nothing for who wants none, and for a list how many of it were taken."""
    if _bulk(request) is not None:
        body = {"status": "success", "tracked": outcome.accepted, "invalid": len(outcome.refused)}
        return json_reply(body)
    status = 200 if _good(outcome) else 400
    if text_of(request.fields.get("send_image")) == "0":
        return Reply(204 if status == 200 else status, b"")
    return Reply(status, PIXEL.body, PIXEL.content_type)


def named(request: Request) -> str:
    return request.query.get("idsite") or name_in(request, _SITE)


_PATHS = ("/matomo.php", "/piwik.php", "/js/tracker.php")
PROTOCOL = Protocol(
    name="matomo",
    label="Matomo",
    routes=tuple(Route(path, ("GET", "POST"), take=take, reply=reply) for path in _PATHS),
    read=read,
    wait=Wait.NEVER,
    named=named,
)
