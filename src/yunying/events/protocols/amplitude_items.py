"""One event of Amplitude as ours: fields at the top, properties of event, user and group, revenue, mapped users."""

from collections.abc import Mapping
from typing import Any

from yunying.base.errors import InvalidInput, msg
from yunying.events.event import Event, Link, LinkKind, Op, OpKind
from yunying.events.normalise import (
    Arrival,
    Origin,
    derived_uuid,
    event_name,
    event_uuid,
    identity,
    is_object,
    ops,
    origin,
    properties,
    required_identity,
    text_of,
    unset_ops,
    when_ms,
)
from yunying.events.protocols.accounts import account_of, is_account_type
from yunying.events.protocols.base import first_text
from yunying.events.protocols.weak_ids import weak_uuid

__all__ = ["USERMAP", "read"]

# The user mapping API has no event type; this one stands for it between taking and reading.
USERMAP = "$usermap"
_NAMES = {
    "$identify": "$set",
    "[Amplitude] Page Viewed": "$pageview",
    "[Amplitude] Screen Viewed": "$screen",
}
_OPS = {
    "$clearAll": OpKind.CLEAR,
    "$set": OpKind.SET,
    "$setOnce": OpKind.SET_ONCE,
    "$add": OpKind.ADD,
    "$append": OpKind.APPEND,
    "$prepend": OpKind.PREPEND,
    "$preInsert": OpKind.UNION_FIRST,
    "$postInsert": OpKind.UNION,
    "$remove": OpKind.REMOVE,
    "$unset": OpKind.UNSET,
}
# Fields that have a place of their own in an event of ours; all others become properties under their names.
_PLACED = frozenset(
    {
        "event_type",
        "event_properties",
        "user_properties",
        "group_properties",
        "groups",
        "group_type",
        "group_value",
        "user_id",
        "device_id",
        "time",
        "timestamp",
        "insert_id",
        "uuid",
        "ip",
        "library",
        "user_agent",
        "api_properties",
        "price",
        "quantity",
        "revenue",
        "extra",
    }
)
_LIFTED = (
    ("language", "$browser_language"),
    ("app_version", "$app_version"),
    ("version_name", "$app_version"),
    ("device_model", "$device_model"),
    ("device_manufacturer", "$device_manufacturer"),
    ("[Amplitude] Page Location", "$current_url"),
    ("[Amplitude] Page URL", "$current_url"),
    ("[Amplitude] Page Path", "$pathname"),
    ("[Amplitude] Page Domain", "$host"),
    ("[Amplitude] Page Title", "title"),
    ("referrer", "$referrer"),
    ("referring_domain", "$referring_domain"),
)
# amplitude-js up to 8 calls the browser the system.
_SYSTEM = {False: ("$os", "$os_version"), True: ("$browser", "$browser_version")}
# As the field is called here, among the properties of a revenue event, and at the top of an event.
_MONEY = (
    ("price", "$price", "price"),
    ("quantity", "$quantity", "quantity"),
    ("product_id", "$productId", "productId"),
    ("revenue_type", "$revenueType", "revenueType"),
    ("currency", "$currency", "currency"),
    ("revenue", "$revenue", "revenue"),
)
# Beyond it numbers are not exact in most languages, and beyond 64 bits not JSON that can be stored.
_MOST = 1 << 53
_RESERVED = frozenset(reserved for _, reserved, _ in _MONEY)
_TOP = frozenset(own for _, _, own in _MONEY)
# Of `api_properties`, in which the SDKs of phones put position and advertising id, what speaks only to the vendor.
_TOLD_TO_VENDOR = frozenset({"tracking_options", "special"})


def read(item: Any, arrival: Arrival) -> Event:
    sent = is_object(item, "event")
    name = event_name(sent.get("event_type"))
    if name == USERMAP:
        return _mapped(sent, arrival)
    user, device = identity(sent.get("user_id")), identity(sent.get("device_id"))
    groups, library = _groups(sent), _library(sent)
    account_ops = _account_ops(name, sent, groups)
    props = _props(name, sent, groups, library[0])
    _say(props, {"$device_id": device if user else "", "$lib": library[0], "$lib_version": library[1]})
    return Event(
        product=arrival.product,
        uuid=_uuid(sent, device or user, arrival),
        name=_NAMES.get(name, name),
        distinct_id=user or device or _nobody(name, sent, groups),
        ts_ms=when_ms(sent.get("time") or sent.get("timestamp"), arrival),
        received_ms=arrival.received_ms,
        props=properties(props, "event_properties"),
        session=_session(sent, device or user),
        account=account_of(groups) if groups else "",
        person_ops=_ops(sent.get("user_properties"), "user_properties"),
        account_ops=account_ops,
        # A device belongs to the one who signs in on it.
        links=[Link(LinkKind.IDENTIFY, device, user)] if user and device and user != device else [],
        protocol="amplitude",
        library="/".join(filter(None, library))[:100],
        historical=arrival.historical,
        **_origin(sent, arrival),
    )


def _nobody(name: str, sent: dict[str, Any], groups: Mapping[str, Any]) -> str:
    """A change of a group needs nobody; anything else does."""
    if name == "$groupidentify" and groups:
        group_type, key = next(iter(groups.items()))
        return f"${group_type}_{_first(key)}"[:400]
    return required_identity(sent.get("user_id"), name="user_id")


def _mapped(sent: dict[str, Any], arrival: Arrival) -> Event:
    user = required_identity(sent.get("user_id"), name="user_id")
    if sent.get("unmap") is True:
        raise InvalidInput(
            "amplitude.unmap", msg("A mapping is not taken back here; split the person on its page."), field="unmap"
        )
    target = required_identity(sent.get("global_user_id"), name="global_user_id")
    return Event(
        product=arrival.product,
        uuid=event_uuid("", "amplitude", arrival.product),
        name="$create_alias",
        distinct_id=target,
        ts_ms=arrival.received_ms,
        received_ms=arrival.received_ms,
        props={"alias": user},
        links=[Link(LinkKind.MERGE, user, target)] if user != target else [],
        protocol="amplitude",
    )


def _uuid(sent: dict[str, Any], who: str, arrival: Arrival) -> str:
    sent_id = first_text(sent.get("insert_id"), sent.get("uuid"))
    if not sent_id and first_text(sent.get("time"), sent.get("timestamp")):
        return derived_uuid(sent, "amplitude", arrival.product)
    return weak_uuid(sent_id, "amplitude", arrival.product, who)


def _session(sent: dict[str, Any], who: str) -> str:
    """A session is numbered by its first moment, so it is unique only together with its device; -1 is none."""
    number = text_of(sent.get("session_id"))
    return f"{number}-{who}"[:200] if number and not number.startswith("-") else ""


def _library(sent: dict[str, Any]) -> tuple[str, str]:
    library = sent.get("library")
    if isinstance(library, dict):
        return text_of(library.get("name")), text_of(library.get("version"))
    name, _, version = text_of(library).partition("/")
    return name, version


def _origin(sent: dict[str, Any], arrival: Arrival) -> Origin:
    """`$remote` is the address of the connection; amplitude-js means it without saying, unless told not to."""
    ip = text_of(sent.get("ip")).strip()
    from_user = ip == "$remote" or (arrival.shared.get("browser") is True and not _hides_address(sent))
    return origin(arrival, address="" if ip == "$remote" else ip, agent=sent.get("user_agent"), server=not from_user)


def _hides_address(sent: dict[str, Any]) -> bool:
    options = _api(sent).get("tracking_options")
    return isinstance(options, dict) and options.get("ip_address") is False


def _api(sent: dict[str, Any]) -> dict[str, Any]:
    api = sent.get("api_properties")
    return api if isinstance(api, dict) else {}


# -- properties --------------------------------------------------------------------------------------------------------


def _props(name: str, sent: dict[str, Any], groups: Mapping[str, Any], library: str) -> dict[str, Any]:
    props = dict(properties(sent.get("event_properties"), "event_properties"))
    _say(props, {key: value for key, value in sent.items() if key not in _PLACED})
    for own, common in _LIFTED:
        if props.get(own):
            props.setdefault(common, props[own])
    os, os_version = _SYSTEM[library == "amplitude-js"]
    agent = text_of(sent.get("user_agent"))
    _say(props, {"$raw_user_agent": agent, os: sent.get("os_name"), os_version: sent.get("os_version")})
    if groups:
        _say(props, {"$groups": dict(groups)} | (_told_of_group(sent, groups) if name == "$groupidentify" else {}))
    api = _api(sent)
    _say(props, {key: value for key, value in api.items() if key not in _TOLD_TO_VENDOR and key not in _TOP})
    if not (_RESERVED.isdisjoint(props) and _TOP.isdisjoint(sent) and _TOP.isdisjoint(api)):
        _say(props, _money(sent, props, api))
    return props


def _say(props: dict[str, Any], said: Mapping[str, Any]) -> None:
    """Add what says something and is not said yet."""
    for key, value in said.items():
        if value is not None and value != "":
            props.setdefault(key, value)


def _money(sent: dict[str, Any], props: dict[str, Any], api: dict[str, Any]) -> dict[str, Any]:
    """Revenue under common names; as with the vendor, price times quantity wins over a revenue beside them."""
    found: dict[str, Any] = {}
    for common, reserved, own in _MONEY:
        value = next((one for one in (props.get(reserved), sent.get(own), api.get(own)) if one is not None), None)
        if value is not None:
            found[common] = value
    price, quantity = found.get("price"), found.get("quantity", 1)
    if _is_number(price) and _is_number(quantity) and abs(total := price * quantity) < _MOST:
        # Cents times pieces must not show the dust of binary fractions.
        found["revenue"] = round(total, 6)
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


# -- users and groups --------------------------------------------------------------------------------------------------


def _ops(value: Any, field_name: str) -> list[Op]:
    """Operations, and plain names, which are set. Those that clear come first."""
    said = properties(value, field_name)
    found: list[Op] = []
    if not said:
        return found
    for name, kind in _OPS.items():
        if name not in said:
            continue
        if kind is OpKind.CLEAR:
            found.append(Op(kind, ""))
        elif kind is OpKind.UNSET:
            found += unset_ops(said[name])
        else:
            found += ops(kind, said[name], name)
    return found + [Op(OpKind.SET, key, item) for key, item in said.items() if key not in _OPS]


def _groups(sent: dict[str, Any]) -> dict[str, Any]:
    """Type → value; the group API has one group in two fields."""
    groups = is_object(sent.get("groups"), "groups")
    group_type = first_text(sent.get("group_type"))
    return groups | {group_type: sent.get("group_value")} if group_type else groups


def _first(value: Any) -> str:
    return text_of(value[0] if isinstance(value, list) and value else value)


def _account_ops(name: str, sent: dict[str, Any], groups: Mapping[str, Any]) -> list[Op]:
    if name != "$groupidentify":
        return []
    if not groups:
        raise InvalidInput("amplitude.group_missing", msg("The change of a group names no group."), field="groups")
    return _ops(sent.get("group_properties"), "group_properties") if any(map(is_account_type, groups)) else []


def _told_of_group(sent: dict[str, Any], groups: Mapping[str, Any]) -> dict[str, Any]:
    group_type, key = next(iter(groups.items()))
    told = {"$group_type": group_type, "$group_key": _first(key)}
    return told if is_account_type(group_type) else told | {"$group_set": sent.get("group_properties")}
