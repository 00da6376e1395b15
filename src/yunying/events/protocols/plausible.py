"""What the Plausible trackers send (script, plausible-tracker, @plausible-analytics/tracker) and its Events API.

The fields are those of https://plausible.io/docs/events-api; the trackers write them with one letter.
"""

import re
from typing import Any

from yunying.base.errors import InvalidInput
from yunying.events.event import Event
from yunying.events.normalise import (
    Arrival,
    event_name,
    event_uuid,
    is_object,
    origin,
    properties,
    required_identity,
    text_of,
)
from yunying.events.protocols.base import Intake, Outcome, Protocol, Reply, Request, Route, Wait, first_text, listed
from yunying.events.protocols.sites import as_number, lift_page, name_in, put, visitor_of
from yunying.events.text import loads

__all__ = ["PROTOCOL"]

# Engagement is what is sent when a page is left or hidden.
_NAMES = {"pageview": "$pageview", "engagement": "$pageleave"}
_DOMAIN = re.compile(rb'"d(?:omain)?"\s*:\s*"([^"\\,]{1,200})')


def take(request: Request) -> Intake:
    """One event; with several domains, parted by commas, one for each."""
    (sent,) = listed(is_object(request.document, "body"))
    domains = [part.strip() for part in first_text(sent.get("d"), sent.get("domain")).split(",") if part.strip()]
    items = [sent | {"d": domain} for domain in domains] or [sent]
    return Intake(key=domains[0] if domains else "", items=items, alias=True, names=domains if domains[1:] else ())


def read(item: Any, arrival: Arrival) -> Event:
    sent = is_object(item, "event")
    name = event_name(_either(sent, "n", "name"))
    domain = first_text(sent.get("d"), sent.get("domain"))
    return Event(
        product=arrival.product,
        uuid=event_uuid(None, "plausible", arrival.product),
        name=_NAMES.get(name, name),
        distinct_id=required_identity(visitor_of(arrival, domain)),
        ts_ms=arrival.received_ms,
        received_ms=arrival.received_ms,
        props=_props(sent, domain),
        protocol="plausible",
        library=_library(sent),
        historical=arrival.historical,
        **origin(arrival),
    )


def _either(sent: dict[str, Any], *names: str) -> Any:
    return next((sent[name] for name in names if sent.get(name) is not None), None)


def _props(sent: dict[str, Any], domain: str) -> dict[str, Any]:
    # Older trackers write the properties, and some callers the revenue, as a text of JSON.
    props = dict(properties(_unfolded(_either(sent, "p", "props", "m", "meta")), "props"))
    lift_page(
        props,
        url=text_of(_either(sent, "u", "url")),
        referrer=text_of(_either(sent, "r", "referrer")),
    )
    revenue = is_object(_unfolded(_either(sent, "$", "revenue")), "revenue")
    put(props, {"revenue": as_number(revenue.get("amount")), "currency": revenue.get("currency")})
    put(props, {"domain": domain, "$viewport_width": _either(sent, "w", "screen_width")})
    put(props, {"$scroll_depth": sent.get("sd"), "$duration_ms": sent.get("e")})
    if _either(sent, "i", "interactive") is False:
        props.setdefault("interactive", False)
    return properties(props)


def _unfolded(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return loads(value.encode("utf-8", "surrogatepass")) if value.strip() else None
    except InvalidInput:
        return {"props": value}


def _library(sent: dict[str, Any]) -> str:
    version = text_of(sent.get("v"))
    return f"plausible/{version}"[:100] if version else ""


def reply(request: Request, outcome: Outcome) -> Reply:
    """The trackers want 202; what nobody has claimed is theirs to sort out later, not the page's."""
    if outcome.status == 200 or all(refusal.code == "alias.unknown" for _, refusal in outcome.refused):
        return Reply(202, b"ok", "text/plain; charset=utf-8")
    return Reply(400, outcome.refused[0][1].reason.encode(), "text/plain; charset=utf-8")


def named(request: Request) -> str:
    return name_in(request, _DOMAIN)


PROTOCOL = Protocol(
    name="plausible",
    label="Plausible",
    routes=(Route("/api/event", ("POST",), take=take, reply=reply),),
    read=read,
    wait=Wait.NEVER,
    named=named,
)
