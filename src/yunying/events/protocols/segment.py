"""What the Segment SDKs send (analytics-python, analytics-node, analytics-next and the HTTP API)."""

from typing import Any

from yunying.base.errors import InvalidInput, msg
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
    basic_user,
    first_text,
    json_reply,
    listed,
)

__all__ = ["PROTOCOL"]

_TYPES = {"t": "track", "p": "page", "s": "screen", "i": "identify", "g": "group", "a": "alias"}
_NAMES = {
    "page": "$page",
    "screen": "$screen",
    "identify": "$identify",
    "group": "$groupidentify",
    "alias": "$create_alias",
}
# Of `context`, what reports ask for, under the names the PostHog SDKs use too; the rest stays in `context`.
_LIFTED = (
    ("page", "url", "$current_url"),
    ("page", "path", "$pathname"),
    ("page", "referrer", "$referrer"),
    ("page", "title", "title"),
    ("campaign", "source", "utm_source"),
    ("campaign", "medium", "utm_medium"),
    ("campaign", "name", "utm_campaign"),
    ("campaign", "term", "utm_term"),
    ("campaign", "content", "utm_content"),
    ("os", "name", "$os"),
    ("os", "version", "$os_version"),
    ("device", "type", "$device_type"),
    ("app", "version", "$app_version"),
    ("library", "name", "$lib"),
    ("library", "version", "$lib_version"),
)
_LIFTED_TEXTS = (("userAgent", "$raw_user_agent"), ("locale", "$browser_language"), ("timezone", "$timezone"))


def take(request: Request) -> Intake:
    """`{"batch": […], "sentAt", "context"}` on `/v1/batch`, one message on `/v1/<type>`."""
    document = is_object(request.document, "body")
    batch = document.get("batch")
    single = not isinstance(batch, list)
    items = listed(document if single else batch)
    shared = {} if single else {name: document[name] for name in ("context",) if isinstance(document.get(name), dict)}
    kind = request.path.rstrip("/").rpartition("/")[2]
    if single and kind not in ("batch", "b"):
        items = [document | {"type": _TYPES.get(kind, kind)}]
    first = items[0] if items and isinstance(items[0], dict) else {}
    return Intake(
        key=first_text(
            basic_user(request), document.get("writeKey"), first.get("writeKey"), request.query.get("writeKey")
        ),
        items=items,
        sent_ms=_moment(document.get("sentAt")),
        shared=shared,
    )


def _moment(value: Any) -> int | None:
    try:
        return moment_ms(value)
    except InvalidInput:
        return None


def read(item: Any, arrival: Arrival) -> Event:
    sent = is_object(item, "message")
    kind = text_of(sent.get("type")).lower()
    if kind != "track" and kind not in _NAMES:
        raise InvalidInput(
            "segment.type",
            msg("“%(sent)s” is not a type of message; use track, page, screen, identify, group or alias."),
            field="type",
            sent=kind[:50],
        )
    context = dict(arrival.shared.get("context") or {}) | is_object(sent.get("context"), "context")
    distinct_id = _distinct_id(sent)
    account, account_ops = _account(kind, sent, context)
    return Event(
        product=arrival.product,
        uuid=event_uuid(sent.get("messageId"), "segment", arrival.product),
        name=event_name(sent.get("event")) if kind == "track" else _NAMES[kind],
        distinct_id=distinct_id,
        ts_ms=when_ms(sent.get("timestamp"), _by_its_own_clock(sent, arrival)),
        received_ms=arrival.received_ms,
        props=_props(kind, sent, context),
        session=text_of(context.get("sessionId"))[:200],
        account=account,
        person_ops=ops(OpKind.SET, sent.get("traits"), "traits") if kind == "identify" else [],
        account_ops=account_ops,
        links=_links(kind, sent, distinct_id),
        protocol="segment",
        library=_library(context),
        historical=arrival.historical,
    )


def _by_its_own_clock(sent: dict[str, Any], arrival: Arrival) -> Arrival:
    own = _moment(sent.get("sentAt"))
    if own is None or arrival.sent_ms is not None:
        return arrival
    return Arrival(arrival.product, arrival.received_ms, own, arrival.historical)


def _distinct_id(sent: dict[str, Any]) -> str:
    return identity(sent.get("userId")) or required_identity(sent.get("anonymousId"), name="userId")


def _account(kind: str, sent: dict[str, Any], context: dict[str, Any]) -> tuple[str, list[Op]]:
    if kind != "group":
        groups = context.get("groups")
        return identity(context.get("groupId")) or account_of(groups if isinstance(groups, dict) else {}), []
    traits = is_object(sent.get("traits"), "traits")
    group_type = first_text(
        context.get("groupType"), is_object(sent.get("properties"), "properties").get("groupType"), "company"
    )
    if not is_account_type(group_type):
        return "", []
    account = required_identity(sent.get("groupId"), name="groupId")
    return account, ops(OpKind.SET, traits, "traits")


def _props(kind: str, sent: dict[str, Any], context: dict[str, Any]) -> dict[str, Any]:
    props = dict(properties(sent.get("properties")))
    for name in ("name", "category"):
        if kind in ("page", "screen") and isinstance(sent.get(name), str):
            props.setdefault(name, sent[name])
    if kind == "group" and sent.get("groupId") is not None:
        props.setdefault("groupId", sent["groupId"])
    anonymous = identity(sent.get("anonymousId"))
    if anonymous:
        props.setdefault("$anonymous_id", anonymous)
    _lift(context, props)
    return props


def _lift(context: dict[str, Any], props: dict[str, Any]) -> None:
    for group, name, target in _LIFTED:
        holder = context.get(group)
        value = holder.get(name) if isinstance(holder, dict) else None
        if value is not None:
            props.setdefault(target, value)
    for name, target in _LIFTED_TEXTS:
        if isinstance(context.get(name), str):
            props.setdefault(target, context[name])
    # Traits would be applied again with each event, and the address of the sender is nobody's property.
    rest = {key: value for key, value in context.items() if key not in ("ip", "traits", "library")}
    if rest:
        props.setdefault("context", rest)
        properties(rest, "context")


def _links(kind: str, sent: dict[str, Any], distinct_id: str) -> list[Link]:
    if kind == "identify":
        source, link = identity(sent.get("anonymousId")), LinkKind.IDENTIFY
    elif kind == "alias":
        source, link = identity(sent.get("previousId")), LinkKind.ALIAS
    else:
        # An event with both ids only says that they met; two people on one device must not become one.
        return []
    return [Link(link, source, distinct_id)] if source and source != distinct_id else []


def _library(context: dict[str, Any]) -> str:
    library = context.get("library")
    if not isinstance(library, dict):
        return ""
    return "/".join(part for part in (text_of(library.get("name")), text_of(library.get("version"))) if part)[:100]


def reply(request: Request, outcome: Outcome) -> Reply:
    if outcome.status == 200:
        return json_reply({"success": True})
    reason = outcome.refused[0][1].reason
    return json_reply({"success": False, "code": outcome.status, "message": reason}, outcome.status)


def _metrics(request: Request) -> Reply:
    return json_reply({"success": True})


def _settings(request: Request) -> Reply:
    """The document analytics-next starts with; batching turns fifty requests into one."""
    host = request.host.partition("://")[2]
    scheme = request.host.partition("://")[0] or "https"
    return json_reply(
        {
            "integrations": {
                "Segment.io": {
                    "apiKey": request.matched["key"],
                    "apiHost": f"{host}/v1",
                    "protocol": scheme,
                    "unbundledIntegrations": [],
                    "addBundledMetadata": True,
                    "deliveryStrategy": {"strategy": "batching", "config": {"size": 20, "timeout": 2000}},
                }
            },
            "plan": {"track": {"__default": {"enabled": True, "integrations": {}}}},
            "edgeFunction": {},
            "metrics": {"sampleRate": 0},
            "legacyVideoPluginsEnabled": False,
            "remotePlugins": [],
        }
    )


_PATHS = ("batch", "b", *_TYPES, *_TYPES.values())
PROTOCOL = Protocol(
    name="segment",
    label="Segment",
    routes=(
        *(Route(f"/v1/{path}", ("POST",), take=take, reply=reply) for path in _PATHS),
        Route("/v1/m", ("POST",), answer=_metrics),
        Route("/v1/projects/{key}/settings", ("GET",), answer=_settings),
    ),
    read=read,
)
