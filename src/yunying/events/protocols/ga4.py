"""What Google Analytics 4 is sent: the Measurement Protocol of servers, and `/g/collect` of gtag.js.

The body is that of https://developers.google.com/analytics/devguides/collection/protocol/ga4/reference. Whatever
comes, the answer is 204 and nothing, as there; `/debug/mp/collect` says what is wrong and keeps nothing.
"""

from typing import Any

from yunying.base.errors import InvalidInput, LimitReached, NotAllowed, NotFound, YunyingError, msg
from yunying.events.event import Event, Link, LinkKind, Op, OpKind
from yunying.events.normalise import (
    Arrival,
    derived_uuid,
    event_name,
    event_uuid,
    identity,
    is_object,
    origin,
    properties,
    required_identity,
    text_of,
    when_ms,
)
from yunying.events.protocols import ga4_tag
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
    json_reply,
    listed,
)
from yunying.events.protocols.ga4_rules import problems
from yunying.events.protocols.sites import lift_page, put

__all__ = ["PROTOCOL"]

_NAMES = {"page_view": "$pageview", "screen_view": "$screen"}
# Of the envelope, what belongs to each of its events. `user_data` stays out: hashes of mail and telephone numbers.
_SHARED = (
    "client_id",
    "app_instance_id",
    "user_id",
    "timestamp_micros",
    "user_properties",
    "consent",
    "non_personalized_ads",
    "user_location",
    "ip_override",
    "user_agent",
    "device",
)
_DEVICE = {
    "category": "$device_type",
    "operating_system": "$os",
    "operating_system_version": "$os_version",
    "browser": "$browser",
    "browser_version": "$browser_version",
    "model": "$device_model",
    "brand": "$device_manufacturer",
}
_PLACE = {"country_id": "$country", "region_id": "$region", "city": "$city"}
_CAMPAIGN = {
    "source": "utm_source",
    "medium": "utm_medium",
    "campaign": "utm_campaign",
    "campaign_id": "utm_id",
    "term": "utm_term",
    "content": "utm_content",
}


def take(request: Request) -> Intake:
    """`{"client_id", "events": […]}`; who gives a write key as `api_secret` is known by it."""
    document = is_object(request.document, "body")
    events = listed(document.get("events") or [])
    if not events and document.get("user_properties"):
        events = [{"name": "$set"}]
    return Intake(
        key=named(request),
        items=[{"event": event, "place": place} for place, event in enumerate(events)],
        alias=True,
        write_key=text_of(request.query.get("api_secret")),
        shared={name: document[name] for name in _SHARED if document.get(name) is not None},
    )


def named(request: Request) -> str:
    return first_text(*(request.query.get(name) for name in ("measurement_id", "firebase_app_id", "tid")))


def read(item: Any, arrival: Arrival) -> Event:
    sent = is_object(item, "event")
    if "tag" in sent:
        return ga4_tag.read(sent["tag"], arrival)
    event, shared = is_object(sent.get("event"), "event"), arrival.shared
    device = identity(shared.get("client_id")) or identity(shared.get("app_instance_id"))
    user = identity(shared.get("user_id"))
    params = properties(event.get("params"), "params")
    name = event_name(event.get("name"))
    when = _micros(event.get("timestamp_micros") or shared.get("timestamp_micros"))
    return Event(
        product=arrival.product,
        uuid=_uuid(sent, when, arrival),
        name=_NAMES.get(name, name),
        distinct_id=user or device or required_identity(None, name="client_id"),
        ts_ms=when_ms(when, arrival, explicit=True),
        received_ms=arrival.received_ms,
        props=_props(name, params, arrival),
        session=ga4_tag.session(params.get("session_id"), device or user),
        person_ops=_person_ops(shared.get("user_properties")),
        links=[Link(LinkKind.IDENTIFY, device, user)] if user and device and user != device else [],
        protocol="ga4",
        library="ga4-mp",
        historical=arrival.historical,
        **origin(arrival, address=shared.get("ip_override"), agent=shared.get("user_agent"), server=True),
    )


def _micros(value: Any) -> int | None:
    """Epoch microseconds, as a number or a text, as milliseconds."""
    text = text_of(value).strip()
    if not text:
        return None
    if not text.isdecimal() or len(text) > 19:
        raise InvalidInput(
            "ga4.time_unreadable",
            msg("The time has to be a whole number of microseconds since 1970."),
            field="timestamp_micros",
        )
    return int(text) // 1000


def _uuid(sent: dict[str, Any], when: int | None, arrival: Arrival) -> str:
    """With a time the same content is the same event, sent again; without one it happened again."""
    if when is None:
        return event_uuid(None, "ga4", arrival.product)
    whose = {name: arrival.shared.get(name) for name in ("client_id", "app_instance_id", "user_id", "timestamp_micros")}
    return derived_uuid({"item": sent, "whose": whose}, "ga4", arrival.product)


def _props(name: str, params: dict[str, Any], arrival: Arrival) -> dict[str, Any]:
    props, shared = dict(params), arrival.shared
    device, place = is_object(shared.get("device"), "device"), is_object(shared.get("user_location"), "user_location")
    lift_page(
        props,
        url=text_of(params.get("page_location")),
        referrer=text_of(params.get("page_referrer")),
        title=text_of(params.get("page_title")),
        screen=first_text(params.get("screen_resolution"), device.get("screen_resolution")),
        language=first_text(params.get("language"), device.get("language")),
    )
    put(props, {target: device.get(field) for field, target in _DEVICE.items()})
    put(props, {target: place.get(field) for field, target in _PLACE.items()})
    if name == "campaign_details":
        put(props, {target: params.get(field) for field, target in _CAMPAIGN.items()})
    put(props, {"$consent": shared.get("consent"), "non_personalized_ads": shared.get("non_personalized_ads")})
    if identity(shared.get("user_id")):
        put(props, {"client_id": identity(shared.get("client_id"))})
    return properties(props)


def _person_ops(value: Any) -> list[Op]:
    """`{"plan": {"value": "pro"}}`; a value of null takes the property away."""
    said = {
        name: one["value"] if isinstance(one, dict) and "value" in one else one
        for name, one in properties(value, "user_properties").items()
    }
    return [Op(OpKind.UNSET if one is None else OpKind.SET, name, one) for name, one in said.items()]


def reply(request: Request, outcome: Outcome) -> Reply:
    return Reply(204, b"")


_THEIRS = (InvalidInput, LimitReached, NotAllowed, NotFound)


def error(fault: YunyingError) -> Reply:
    """Senders hear nothing of their mistakes, but do of ours, so that they may try again."""
    return Reply(204, b"") if isinstance(fault, _THEIRS) else common_error(fault)


def debug(request: Request) -> Reply:
    """What is wrong with a request to `/mp/collect`; nothing of it is kept."""
    try:
        document = request.document
    except YunyingError as fault:
        return json_reply({"validationMessages": problems(None, named(request), unreadable=fault.text)})
    return json_reply({"validationMessages": problems(document, named(request))})


PROTOCOL = Protocol(
    name="ga4",
    label="Google Analytics 4",
    routes=(
        Route("/mp/collect", ("POST",), take=take, reply=reply),
        Route("/debug/mp/collect", ("POST",), answer=debug),
        Route("/g/collect", ("POST", "GET"), take=ga4_tag.take, reply=reply),
    ),
    read=read,
    error=error,
    wait=Wait.NEVER,
    named=named,
)
