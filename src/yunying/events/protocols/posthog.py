"""What the PostHog SDKs send (posthog, posthog-node, posthog-js), capture formats v0 and v1.

Session recordings are answered and dropped; flag requests get an empty answer, so that SDKs stay calm.
"""

from typing import Any

from yunying.base.errors import InvalidInput
from yunying.events.event import Event, Link, LinkKind, Op, OpKind
from yunying.events.normalise import (
    Arrival,
    event_name,
    event_uuid,
    identity,
    is_object,
    moment_ms,
    ops,
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

__all__ = ["PROTOCOL"]

_SET_FIELDS = (("$set", OpKind.SET), ("$set_once", OpKind.SET_ONCE))
_COOKIELESS = "$posthog_cookieless"


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
    )


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
    if name == "$snapshot":
        return None
    distinct_id = _distinct_id(sent, props, arrival)
    session = first_text(props.get("$session_id"), sent.get("session_id"))
    person_ops, account_ops, account = _profile(sent, props, name)
    return Event(
        product=arrival.product,
        uuid=event_uuid(first_text(sent.get("uuid"), props.get("$insert_id")), "posthog", arrival.product),
        name=name,
        distinct_id=distinct_id,
        ts_ms=_when(sent, props, arrival),
        received_ms=arrival.received_ms,
        props={
            key: value for key, value in props.items() if key not in ("token", "api_key", "$set", "$set_once", "$unset")
        },
        session=session[:200],
        account=account,
        person_ops=person_ops,
        account_ops=account_ops,
        links=_links(name, distinct_id, props, sent),
        protocol="posthog",
        library=_library(props, arrival),
        historical=arrival.historical,
    )


def _distinct_id(sent: dict[str, Any], props: dict[str, Any], arrival: Arrival) -> str:
    found = first_text(sent.get("distinct_id"), props.get("distinct_id"), sent.get("$distinct_id"))
    if found == _COOKIELESS and arrival.visitor is not None:
        return arrival.visitor()
    return required_identity(found)


def _when(sent: dict[str, Any], props: dict[str, Any], arrival: Arrival) -> int:
    offset = sent.get("offset")
    if sent.get("timestamp") is None and isinstance(offset, int | float) and not isinstance(offset, bool):
        # posthog-js without a timestamp says how many milliseconds ago it happened.
        return arrival.received_ms - max(0, min(round(offset), 24 * 3_600_000))
    options = sent.get("options")
    explicit = props.get("$ignore_sent_at") is True or (
        isinstance(options, dict) and options.get("disable_skew_correction") is True
    )
    return when_ms(sent.get("timestamp"), arrival, explicit=explicit)


def _profile(sent: dict[str, Any], props: dict[str, Any], name: str) -> tuple[list[Op], list[Op], str]:
    groups = props.get("$groups")
    account = account_of(groups if isinstance(groups, dict) else {})
    account_ops: list[Op] = []
    if name == "$groupidentify" and is_account_type(text_of(props.get("$group_type"))):
        account = identity(props.get("$group_key"))
        account_ops = ops(OpKind.SET, props.get("$group_set"), "$group_set")
    if _without_profile(sent, props):
        return [], account_ops, account
    person_ops: list[Op] = []
    for field_name, kind in _SET_FIELDS:
        for holder in (sent, props):
            if field_name in holder:
                person_ops += ops(kind, holder[field_name], field_name)
    return person_ops + unset_ops(props.get("$unset") or sent.get("$unset")), account_ops, account


def _without_profile(sent: dict[str, Any], props: dict[str, Any]) -> bool:
    options = sent.get("options")
    wish = options.get("process_person_profile") if isinstance(options, dict) else None
    return props.get("$process_person_profile", wish) is False


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
    batch = request.document.get("batch") or []
    results: dict[str, Any] = {}
    for index, item in enumerate(batch):
        uuid = text_of(item.get("uuid")) if isinstance(item, dict) else ""
        if uuid:
            refusal = refused.get(index)
            results[uuid] = {"result": "drop", "details": refusal.code} if refusal else {"result": "ok"}
    return json_reply({"results": results})


def _is_posthog(request: Request) -> bool:
    """On paths that others use too: PostHog bodies carry `batch`, or items with `event` and a token of theirs."""
    document = request.document
    if isinstance(document, dict) and ("batch" in document or "distinct_id" in document):
        return True
    first = document[0] if isinstance(document, list) and document else document
    return isinstance(first, dict) and "event" in first and "events" not in first


_EVENTS = ("POST", "GET")
PROTOCOL = Protocol(
    name="posthog",
    label="PostHog",
    routes=(
        Route("/batch", ("POST",), take=take, reply=reply, claims=_is_posthog),
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
