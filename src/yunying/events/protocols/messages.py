"""The message of Segment, which RudderStack's SDKs send too: track, page, screen, identify, group, alias, merge.

Fields and their meaning: Segment's Spec ("Common Fields") and RudderStack's event specification.
"""

from dataclasses import dataclass
from typing import Any

from yunying.base.errors import InvalidInput, msg
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
)
from yunying.events.protocols.accounts import account_of, is_account_type
from yunying.events.protocols.base import first_text
from yunying.events.protocols.senders import from_server

__all__ = ["TYPES", "Message", "from_fields", "message_of", "moment_or_none", "to_event"]

_NAMES = {
    "page": "$pageview",
    "screen": "$screen",
    "identify": "$identify",
    "group": "$groupidentify",
    "alias": "$create_alias",
    "merge": "$create_alias",
}
TYPES = ("track", *_NAMES)
# Of `context`, what reports ask for, under the names the PostHog SDKs use too; the rest stays in `context`.
_LIFTED: dict[str, tuple[tuple[str, str], ...]] = {
    "page": (("url", "$current_url"), ("path", "$pathname"), ("referrer", "$referrer"), ("title", "title")),
    "campaign": (
        ("source", "utm_source"),
        ("medium", "utm_medium"),
        ("name", "utm_campaign"),
        ("term", "utm_term"),
        ("content", "utm_content"),
        ("id", "utm_id"),
    ),
    "os": (("name", "$os"), ("version", "$os_version")),
    "device": (("manufacturer", "$device_manufacturer"), ("model", "$device_model")),
    "app": (("name", "$app_name"), ("version", "$app_version"), ("build", "$app_build")),
    "screen": (("width", "$screen_width"), ("height", "$screen_height")),
    "network": (("carrier", "$network_carrier"),),
    "library": (("name", "$lib"), ("version", "$lib_version")),
}
_LIFTED_TEXTS = (("userAgent", "$raw_user_agent"), ("locale", "$browser_language"), ("timezone", "$timezone"))
# Apps say their system here, not the form of the device.
_SYSTEMS = frozenset({"ios", "android"})
# Traits would be applied again with each event, and the address of the sender is nobody's property.
_NOT_KEPT = frozenset({"ip", "traits", "library"})
# Libraries that run where the person is; the others run on servers, unless a message says it with `channel`.
_CLIENTS = frozenset(
    {
        "analytics.js",
        "analytics-ios",
        "analytics-android",
        "analytics-swift",
        "analytics-kotlin",
        "analytics-flutter",
        "analytics-react-native",
        "@segment/analytics-react-native",
        "RudderLabs JavaScript SDK",
    }
)
_CLIENT_CHANNELS = frozenset({"web", "browser", "mobile", "client"})
_DEPTH = 6


@dataclass(frozen=True, slots=True)
class Message:
    """A message with its type and its context, that of the batch included."""

    kind: str
    sent: dict[str, Any]
    context: dict[str, Any]


def message_of(item: Any, arrival: Arrival) -> Message:
    """Raises InvalidInput `segment.type` or `field.not_object`."""
    sent = is_object(item, "message")
    kind = text_of(sent.get("type")).lower()
    if kind not in TYPES:
        raise InvalidInput(
            "segment.type",
            msg("“%(sent)s” is not a type of message; use track, page, screen, identify, group or alias."),
            field="type",
            sent=kind[:50],
        )
    own = is_object(sent.get("context"), "context")
    shared = arrival.shared.get("context")
    return Message(kind, sent, {**shared, **own} if shared else own)


def moment_or_none(value: Any) -> int | None:
    """A time of sending. A wrong one costs only the correction of the clock, never the events."""
    try:
        return moment_ms(value)
    except InvalidInput:
        return None


def from_fields(fields: Any) -> dict[str, Any]:
    """A message out of the fields of an address, where dots lead inside: `properties.subject=Tea`."""
    found: dict[str, Any] = {}
    for name, value in fields.items():
        *path, last = name.split(".", _DEPTH)
        holder = found
        for part in path:
            inner = holder.setdefault(part, {})
            holder = inner if isinstance(inner, dict) else {}
        holder[last] = value
    return found


def to_event(message: Message, arrival: Arrival, protocol: str, ts_ms: int) -> Event:
    """The canonical event of a message that happened at `ts_ms`. Raises InvalidInput or LimitReached."""
    kind, sent, context = message.kind, message.sent, message.context
    merged = _merged(sent) if kind == "merge" else []
    distinct_id = _distinct_id(sent, merged)
    account, account_ops = _account(message)
    return Event(
        product=arrival.product,
        uuid=event_uuid(sent.get("messageId"), protocol, arrival.product),
        name=_NAMES.get(kind) or event_name(sent.get("event")),
        distinct_id=distinct_id,
        ts_ms=ts_ms,
        received_ms=arrival.received_ms,
        props=_props(message),
        session=text_of(context.get("sessionId"))[:200],
        account=account,
        person_ops=ops(OpKind.SET, sent.get("traits") or context.get("traits"), "traits") if kind == "identify" else [],
        account_ops=account_ops,
        links=_links(message, distinct_id, merged),
        protocol=protocol,
        library=_library(context),
        historical=arrival.historical,
        **_origin(message, arrival),
    )


def _origin(message: Message, arrival: Arrival) -> Origin:
    context = message.context
    library = context.get("library")
    name = text_of(library.get("name")) if isinstance(library, dict) else ""
    channel = text_of(message.sent.get("channel") or context.get("channel")).lower()
    server = channel not in _CLIENT_CHANNELS if channel else from_server(name, _CLIENTS, arrival)
    return origin(arrival, address=context.get("ip"), agent=context.get("userAgent"), server=server)


def _merged(sent: dict[str, Any]) -> list[str]:
    """The two ids of RudderStack's merge. Raises InvalidInput `rudder.merge`."""
    pairs = sent.get("mergeProperties")
    values = [pair.get("value") for pair in pairs if isinstance(pair, dict)] if isinstance(pairs, list) else []
    found = [one for one in map(identity, values) if one]
    if len(found) != 2:
        raise InvalidInput("rudder.merge", msg("A merge needs two ids in mergeProperties."), field="mergeProperties")
    return found


def _distinct_id(sent: dict[str, Any], merged: list[str]) -> str:
    if merged:
        return merged[0]
    return identity(sent.get("userId")) or required_identity(sent.get("anonymousId"), name="userId")


def _account(message: Message) -> tuple[str, list[Op]]:
    sent, context = message.sent, message.context
    if message.kind != "group":
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


def _props(message: Message) -> dict[str, Any]:
    kind, sent = message.kind, message.sent
    props = dict(properties(sent.get("properties")))
    if kind in ("page", "screen"):
        for name in ("name", "category"):
            if isinstance(sent.get(name), str):
                props.setdefault(name, sent[name])
        _lift_group("page", props, props)
    elif kind == "group" and sent.get("groupId") is not None:
        props.setdefault("groupId", sent["groupId"])
        if sent.get("traits"):
            props.setdefault("traits", properties(sent["traits"], "traits"))
    anonymous = identity(sent.get("anonymousId"))
    if anonymous:
        props.setdefault("$anonymous_id", anonymous)
    _lift(message.context, props)
    return props


def _lift(context: dict[str, Any], props: dict[str, Any]) -> None:
    for group, holder in context.items():
        if group in _LIFTED and isinstance(holder, dict):
            _lift_group(group, holder, props)
    for name, target in _LIFTED_TEXTS:
        if isinstance(context.get(name), str):
            props.setdefault(target, context[name])
    _lift_form(context, props)
    host = _host(props.get("$current_url"))
    if host:
        props.setdefault("$host", host)
    rest = {key: value for key, value in context.items() if key not in _NOT_KEPT}
    if rest:
        props.setdefault("context", rest)
        properties(rest, "context")


def _lift_group(group: str, holder: dict[str, Any], props: dict[str, Any]) -> None:
    for name, target in _LIFTED[group]:
        value = holder.get(name)
        if value is not None:
            props.setdefault(target, value)


def _lift_form(context: dict[str, Any], props: dict[str, Any]) -> None:
    device = context.get("device")
    form = text_of(device.get("type")) if isinstance(device, dict) else ""
    if form and form.lower() not in _SYSTEMS:
        props.setdefault("$device_type", form)


def _host(url: Any) -> str:
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        return ""
    rest = url.partition("://")[2]
    for mark in "/?#":
        rest = rest.partition(mark)[0]
    return rest.rpartition("@")[2]


def _links(message: Message, distinct_id: str, merged: list[str]) -> list[Link]:
    sent = message.sent
    if merged:
        source, link = merged[1], LinkKind.MERGE
    elif message.kind == "identify":
        source, link = identity(sent.get("anonymousId")), LinkKind.IDENTIFY
    elif message.kind == "alias":
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
