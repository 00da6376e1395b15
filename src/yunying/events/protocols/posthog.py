"""What the PostHog SDKs send (posthog, posthog-node, posthog-js), capture formats v0 and v1.

Session recordings are answered and dropped; flag requests get an empty answer, so that SDKs stay calm.
"""

from typing import Any

from yunying.base.errors import InvalidInput
from yunying.events.event import Event, Link, LinkKind, Op, OpKind
from yunying.events.normalise import (
    Arrival,
    Origin,
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
from yunying.events.protocols.accounts import account_of, is_account_type
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
from yunying.events.protocols.posthog_answers import ANSWERS
from yunying.events.protocols.senders import from_server

__all__ = ["PROTOCOL"]

_SET_FIELDS = (("$set", OpKind.SET), ("$set_once", OpKind.SET_ONCE))
_COOKIELESS = "$posthog_cookieless"
# Sent beside events by the browser SDK; what replays and measures pages is no event.
_DROPPED = frozenset({"$snapshot", "$performance_event"})
# Libraries that run where the person is; the others run on servers.
_CLIENTS = frozenset(
    {
        "web",
        "js",
        "posthog-js",
        "posthog-js-lite",
        "posthog-ios",
        "posthog-android",
        "posthog-react-native",
        "posthog-flutter",
        "posthog-unity",
    }
)
# What an event is not asked about later: keys, what became operations on the person, the address of whoever sent it.
_TAKEN_OUT = frozenset({"token", "api_key", "$set", "$set_once", "$unset", "$ip"})
# Of v1 events, what stands beside the properties: field → property that v0 has for it.
_BESIDE = (("session_id", "$session_id"), ("window_id", "$window_id"))
_OPTIONS = (
    ("cookieless_mode", "$cookieless_mode"),
    ("process_person_profile", "$process_person_profile"),
    ("product_tour_id", "$product_tour_id"),
    ("disable_skew_correction", "$ignore_sent_at"),
)


def take(request: Request) -> Intake:
    """v0: `{"api_key", "batch": […]}`, one bare event, or a list of them with the key inside."""
    document = request.document
    envelope = document if isinstance(document, dict) else {}
    batch = envelope.get("batch")
    items = listed(batch if isinstance(batch, list) else document)
    return Intake(
        key=_key(request, envelope, items),
        items=items,
        sent_ms=_sent_ms(request, envelope),
        historical=envelope.get("historical_migration") is True,
    )


def take_v1(request: Request) -> Intake:
    """v1: `{"created_at", "batch": […]}` with the key as bearer token and the library in a header."""
    envelope = is_object(request.document, "body")
    return Intake(
        key=first_text(bearer(request), envelope.get("api_key"), envelope.get("token")),
        items=listed(envelope.get("batch") or []),
        sent_ms=_moment(request.headers.get("posthog-request-timestamp") or envelope.get("created_at")),
        historical=envelope.get("historical_migration") is True,
        library=request.headers.get("posthog-sdk-info", ""),
        shared={"version": 1},
    )


def _key(request: Request, envelope: dict[str, Any], items: list[Any]) -> str:
    first = items[0] if items and isinstance(items[0], dict) else {}
    props = first.get("properties")
    inner = props if isinstance(props, dict) else {}
    return first_text(
        envelope.get("api_key"),
        envelope.get("token"),
        first.get("api_key"),
        first.get("token"),
        first.get("$token"),
        inner.get("token"),
        inner.get("api_key"),
        bearer(request),
        request.query.get("api_key"),
        request.query.get("token"),
    ) or first_text(request.fields.get("api_key"), request.fields.get("token"))


def _sent_ms(request: Request, envelope: dict[str, Any]) -> int | None:
    return _moment(envelope.get("sent_at") or envelope.get("sentAt") or request.query.get("_"))


def _moment(value: Any) -> int | None:
    # A wrong send time costs only the correction of the clock, never the events.
    try:
        text = text_of(value)
        return moment_ms(float(text) if text.isdecimal() else text)
    except InvalidInput:
        return None


def read(item: Any, arrival: Arrival) -> Event | None:
    sent = is_object(item, "event")
    props = properties(sent.get("properties"))
    name = event_name(sent.get("event"))
    if name in _DROPPED:
        return None
    if arrival.shared.get("version") == 1:
        props = _with_beside(props, sent, arrival)
    server = _from_server(props, arrival)
    person_ops, account_ops, account = _profile(sent, props, name)
    distinct_id = _distinct_id(sent, props, arrival, server)
    return Event(
        product=arrival.product,
        uuid=event_uuid(first_text(sent.get("uuid"), props.get("$insert_id")), "posthog", arrival.product),
        name=name,
        distinct_id=distinct_id,
        ts_ms=_when(sent, props, arrival),
        received_ms=arrival.received_ms,
        props={key: value for key, value in props.items() if key not in _TAKEN_OUT},
        session=text_of(props.get("$session_id"))[:200],
        account=account,
        person_ops=person_ops,
        account_ops=account_ops,
        links=_links(name, distinct_id, props, sent),
        protocol="posthog",
        library=_library(props, arrival),
        historical=arrival.historical,
        **_origin(props, arrival, server),
    )


def _with_beside(props: dict[str, Any], sent: dict[str, Any], arrival: Arrival) -> dict[str, Any]:
    """The properties of a v1 event with what that version carries beside them, under the names of v0."""
    found = dict(props)
    options = is_object(sent.get("options"), "options")
    for holder, names in ((sent, _BESIDE), (options, _OPTIONS)):
        for name, target in names:
            if holder.get(name) is not None:
                found.setdefault(target, holder[name])
    lib, _, version = arrival.library.partition("/")
    if lib and version:
        found.setdefault("$lib", lib)
        found.setdefault("$lib_version", version)
    return found


def _from_server(props: dict[str, Any], arrival: Arrival) -> bool:
    """Whether the connection is that of a server, which says nothing about the person."""
    lib = text_of(props.get("$lib"))
    return props.get("$is_server") is True or from_server(lib, _CLIENTS, arrival)


def _origin(props: dict[str, Any], arrival: Arrival, server: bool) -> Origin:
    found = origin(arrival, address=props.get("$ip"), agent=props.get("$raw_user_agent"), server=server)
    if props.get("$geoip_disable") is True or ("$ip" in props and not props["$ip"]):
        found["address"] = ""  # the app does not want the place of this person to be looked up
    return found


def _distinct_id(sent: dict[str, Any], props: dict[str, Any], arrival: Arrival, server: bool) -> str:
    found = first_text(sent.get("distinct_id"), props.get("distinct_id"), sent.get("$distinct_id"))
    if found == _COOKIELESS and arrival.visitor is not None:
        said = (text_of(props.get("$ip")), text_of(props.get("$raw_user_agent")))
        return arrival.visitor(*said) if server and any(said) else arrival.visitor()
    return required_identity(found)


def _when(sent: dict[str, Any], props: dict[str, Any], arrival: Arrival) -> int:
    offset = sent.get("offset")
    if sent.get("timestamp") is None and isinstance(offset, int | float) and not isinstance(offset, bool):
        # posthog-js without a timestamp says how many milliseconds ago it happened.
        return arrival.received_ms - max(0, min(round(offset), 24 * 3_600_000))
    return when_ms(sent.get("timestamp"), arrival, explicit=props.get("$ignore_sent_at") is True)


def _profile(sent: dict[str, Any], props: dict[str, Any], name: str) -> tuple[list[Op], list[Op], str]:
    groups = props.get("$groups")
    account = account_of(groups if isinstance(groups, dict) else {})
    account_ops: list[Op] = []
    if name == "$groupidentify" and is_account_type(text_of(props.get("$group_type"))):
        account = identity(props.get("$group_key"))
        account_ops = ops(OpKind.SET, props.get("$group_set"), "$group_set")
    if props.get("$process_person_profile") is False:
        return [], account_ops, account
    person_ops: list[Op] = []
    for field_name, kind in _SET_FIELDS:
        for holder in (sent, props):
            if field_name in holder:
                person_ops += ops(kind, holder[field_name], field_name)
    return person_ops + unset_ops(props.get("$unset") or sent.get("$unset")), account_ops, account


def _links(name: str, distinct_id: str, props: dict[str, Any], sent: dict[str, Any]) -> list[Link]:
    if name == "$identify":
        other, kind = first_text(props.get("$anon_distinct_id"), sent.get("$anon_distinct_id")), LinkKind.IDENTIFY
    elif name == "$create_alias":
        other, kind = text_of(props.get("alias")), LinkKind.ALIAS
    elif name == "$merge_dangerously":
        other, kind = text_of(props.get("alias")), LinkKind.MERGE
    else:
        return []
    source = identity(other)
    return [Link(kind, source, distinct_id)] if source and source != distinct_id else []


def _library(props: dict[str, Any], arrival: Arrival) -> str:
    lib, version = text_of(props.get("$lib")), text_of(props.get("$lib_version"))
    return (f"{lib}/{version}" if lib and version else lib or arrival.library)[:100]


def reply(request: Request, outcome: Outcome) -> Reply:
    return json_reply({"status": "Ok"} if outcome.status == 200 else _failure(outcome), outcome.status)


def reply_old(request: Request, outcome: Outcome) -> Reply:
    """Older SDKs look for `1`."""
    return json_reply({"status": 1} if outcome.status == 200 else _failure(outcome), outcome.status)


def _failure(outcome: Outcome) -> dict[str, Any]:
    reason = outcome.refused[0][1].reason
    return {"status": 0, "code": outcome.status, "message": reason, "error": reason}


def reply_v1(request: Request, outcome: Outcome) -> Reply:
    """One verdict per event, always with 200: v1 clients repeat the whole batch on anything else."""
    refused = dict(outcome.refused)
    results: dict[str, Any] = {}
    for index, item in enumerate(listed(request.document.get("batch") or [])):
        uuid = text_of(item.get("uuid")) if isinstance(item, dict) else ""
        if uuid:
            refusal = refused.get(index)
            results[uuid] = {"result": "drop", "details": refusal.code} if refusal else {"result": "ok"}
    return json_reply({"results": results})


def _is_batch(request: Request) -> bool:
    """Of the protocols on `/batch` only this one has `batch`."""
    document = request.document
    return isinstance(document, dict) and "batch" in document


def _is_posthog(request: Request) -> bool:
    """On Mixpanel's paths, which PostHog inherited: an event with something that only PostHog has."""
    document = request.document
    first = document[0] if isinstance(document, list) and document else document
    if not isinstance(first, dict) or _is_batch(request):
        return isinstance(first, dict)
    props = first.get("properties")
    inner = props if isinstance(props, dict) else {}
    return "event" in first and "mp_lib" not in inner and ("$lib" in inner or not _OWN.isdisjoint(first))


_OWN = frozenset({"api_key", "distinct_id", "uuid", "timestamp", "offset"})
_EVENTS = ("POST", "GET")
PROTOCOL = Protocol(
    name="posthog",
    label="PostHog",
    routes=(
        Route("/batch", ("POST",), take=take, reply=reply, claims=_is_batch),
        Route("/i/v0/e", _EVENTS, take=take, reply=reply),
        Route("/i/v0/ai/batch", ("POST",), take=take, reply=reply),
        Route("/i/v1/analytics/events", ("POST",), take=take_v1, reply=reply_v1),
        Route("/e", _EVENTS, take=take, reply=reply_old),
        Route("/capture", _EVENTS, take=take, reply=reply_old),
        Route("/track", _EVENTS, take=take, reply=reply_old, claims=_is_posthog),
        Route("/engage", _EVENTS, take=take, reply=reply_old, claims=_is_posthog),
        *ANSWERS,
    ),
    read=read,
    wait=Wait.UNAVAILABLE,  # posthog-js drops on 429, the others come back after both
)
