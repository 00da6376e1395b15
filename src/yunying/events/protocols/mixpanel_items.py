"""One item of Mixpanel as an event: something done, a change of a profile, or a change of a group."""

from functools import lru_cache
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
from yunying.events.protocols.base import first_text
from yunying.events.protocols.weak_ids import weak_uuid

__all__ = ["OPS", "read"]

OPS = {
    "$set": OpKind.SET,
    "$set_once": OpKind.SET_ONCE,
    "$add": OpKind.ADD,
    "$append": OpKind.APPEND,
    "$union": OpKind.UNION,
    "$remove": OpKind.REMOVE,
    "$unset": OpKind.UNSET,
    "$delete": OpKind.CLEAR,
}
_NAMES = {"$mp_web_page_view": "$pageview", "$mp_page_leave": "$pageleave"}
# Fields of the message, and not what the app said of the event; they are in the event's own columns.
_MESSAGE = frozenset({"token", "distinct_id", "time", "$insert_id", "ip", "$ip"})
_LIFTED = (
    ("mp_lib", "$lib"),
    ("current_url_path", "$pathname"),
    ("current_domain", "$host"),
    ("current_page_title", "title"),
    ("mp_country_code", "$country"),
)
_DEVICE = "$device:"
# mixpanel-browser wrote its device ids without the prefix until then.
_PREFIXED_SINCE = (2, 46)
_TRANSACTIONS = "$transactions"


def read(item: Any, arrival: Arrival) -> Event:
    sent = is_object(item, "event")
    if "$group_key" in sent:
        return _group(sent, arrival)
    return _event(sent, arrival) if "event" in sent else _profile(sent, arrival)


# -- something done ----------------------------------------------------------------------------------------------------


def _event(sent: dict[str, Any], arrival: Arrival) -> Event:
    name = event_name(sent["event"])
    props = properties(sent.get("properties"))
    distinct_id = _distinct_id(name, props)
    return Event(
        product=arrival.product,
        uuid=weak_uuid(
            props.get("$insert_id"), "mixpanel", arrival.product, name, distinct_id, text_of(props.get("time"))
        ),
        name=_NAMES.get(name, name),
        distinct_id=distinct_id,
        ts_ms=when_ms(props.get("time"), arrival),
        received_ms=arrival.received_ms,
        props=_props(props),
        account=_account(props),
        links=_links(name, distinct_id, props, arrival),
        protocol="mixpanel",
        library=_library(props),
        historical=arrival.historical,
        **_origin(props, arrival),
    )


def _distinct_id(name: str, props: dict[str, Any]) -> str:
    if name == "$merge":
        return required_identity(next(iter(_merged(props)), None), name="$distinct_ids")
    known = props.get("$identified_id") if name == "$identify" else None
    return identity(known) or _who(props)


def _who(said: dict[str, Any], name: str = "distinct_id") -> str:
    """The id an item goes by; where none is said, that of the user, else of the device."""
    for found in (identity(said.get(name)), identity(said.get("$user_id")), _device(said)):
        if found:
            return found
    return required_identity(said.get(name), name=name)


def _device(said: dict[str, Any]) -> str:
    """The anonymous id of a device, as its events carry it before somebody signs in."""
    device = identity(said.get("$device_id"))
    if not device or device.startswith(_DEVICE) or said.get("$had_persisted_distinct_id") or _is_old_web(said):
        return device
    return _DEVICE + device


def _is_old_web(said: dict[str, Any]) -> bool:
    return said.get("mp_lib") == "web" and _is_old(text_of(said.get("$lib_version"))[:20])


@lru_cache(maxsize=256)
def _is_old(version: str) -> bool:
    numbers = version.split(".")[:2]
    return all(map(str.isdecimal, numbers)) and tuple(map(int, numbers)) < _PREFIXED_SINCE


def _merged(props: dict[str, Any]) -> list[str]:
    both = props.get("$distinct_ids")
    return [found for one in (both if isinstance(both, list) else []) if (found := identity(one))]


def _links(name: str, distinct_id: str, props: dict[str, Any], arrival: Arrival) -> list[Link]:
    if name == "$merge":
        if not arrival.historical:
            raise InvalidInput("mixpanel.merge", msg("Send $merge to /import; /track does not take it."), field="event")
        pairs = [(LinkKind.MERGE, other, distinct_id) for other in _merged(props)]
    elif name == "$create_alias":
        pairs = [(LinkKind.ALIAS, identity(props.get("alias")), distinct_id)]
    elif name == "$identify":
        anonymous = identity(props.get("$anon_distinct_id")) or identity(props.get("$anon_id"))
        pairs = [(LinkKind.IDENTIFY, anonymous or _device(props), distinct_id)]
    else:
        pairs = [(LinkKind.IDENTIFY, *_device_and_user(props))]
    return [Link(kind, source, target) for kind, source, target in pairs if source and target and source != target]


def _device_and_user(said: dict[str, Any]) -> tuple[str, str]:
    return _device(said), identity(said.get("$user_id"))


def _props(props: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in props.items() if key not in _MESSAGE}
    for name, common in _LIFTED:
        if props.get(name):
            kept.setdefault(common, props[name])
    return kept


def _account(props: dict[str, Any]) -> str:
    """Groups are ordinary properties here: the account is the first called like such a group, or like it and `_id`."""
    groups: dict[str, Any] = {}
    for key in filter(_is_account, props):
        if isinstance(props[key], str | list):
            groups.setdefault(_group_type(key), props[key])
    return account_of(groups) if groups else ""


# The names of properties are few, and asked for with every event.
@lru_cache(maxsize=8192)
def _is_account(key: str) -> bool:
    return is_account_type(_group_type(key))


def _group_type(key: str) -> str:
    return key.lower().removesuffix("_id")


def _library(props: dict[str, Any]) -> str:
    return "/".join(filter(None, (first_text(props.get("mp_lib")), first_text(props.get("$lib_version")))))[:100]


def _origin(said: dict[str, Any], arrival: Arrival) -> Origin:
    # Only `ip=1` says that the request comes from the user; a browser that hides the address still shows its agent.
    agent = arrival.agent if said.get("mp_lib") == "web" else said.get("$user_agent")
    return origin(
        arrival,
        address=first_text(said.get("ip"), said.get("$ip")),
        agent=agent,
        server=not arrival.shared.get("ip"),
    )


# -- a change of a profile or a group ----------------------------------------------------------------------------------


def _profile(sent: dict[str, Any], arrival: Arrival) -> Event:
    distinct_id = _who(sent, "$distinct_id")
    charge = _charge(sent)
    device, user = _device_and_user(sent)
    return Event(
        product=arrival.product,
        uuid=_uuid(sent, arrival),
        name="$charge" if charge else "$set",
        distinct_id=distinct_id,
        ts_ms=when_ms((charge or {}).get("$time") or sent.get("$time"), arrival, explicit=True),
        received_ms=arrival.received_ms,
        props=charge or {},
        person_ops=_ops(sent),
        links=[Link(LinkKind.IDENTIFY, device, user)] if device and user and device != user else [],
        protocol="mixpanel",
        historical=arrival.historical,
        **_origin(sent, arrival),
    )


def _charge(sent: dict[str, Any]) -> dict[str, Any] | None:
    """The payment in `$append: {$transactions: {$amount, $time, …}}`, so that money can be counted."""
    appended = sent.get("$append")
    payment = appended.get(_TRANSACTIONS) if isinstance(appended, dict) else None
    if not isinstance(payment, dict) or "$amount" not in payment:
        return None
    return {"revenue": payment["$amount"]} | properties(payment, _TRANSACTIONS)


def _group(sent: dict[str, Any], arrival: Arrival) -> Event:
    group_type = first_text(sent.get("$group_key"))
    group = required_identity(sent.get("$group_id"), name="$group_id")
    changes = _ops(sent)
    is_account = _is_account(group_type)
    told = {name: sent[name] for name in OPS if name in sent}
    return Event(
        product=arrival.product,
        uuid=_uuid(sent, arrival),
        name="$groupidentify",
        distinct_id=f"${group_type}_{group}"[:400],
        ts_ms=when_ms(sent.get("$time"), arrival, explicit=True),
        received_ms=arrival.received_ms,
        props={"$group_type": group_type, "$group_key": group} | ({} if is_account else told),
        account=group if is_account else "",
        account_ops=changes if is_account else [],
        protocol="mixpanel",
        historical=arrival.historical,
        **_origin(sent, arrival),
    )


def _ops(sent: dict[str, Any]) -> list[Op]:
    found: list[Op] = []
    named = [name for name in sent if name in OPS]
    for name in named:
        if name == "$delete":
            found.append(Op(OpKind.CLEAR, ""))
        elif name == "$unset":
            found += unset_ops([sent[name]] if isinstance(sent[name], str) else sent[name])
        else:
            found += ops(OPS[name], sent[name], name)
    if not named:
        raise InvalidInput(
            "mixpanel.no_operation",
            msg("The item is no event and changes nothing: use $set, $add, $unset and the like."),
        )
    return found


def _uuid(sent: dict[str, Any], arrival: Arrival) -> str:
    """Profile changes have no id. With a time to the millisecond the same content is the same change sent again."""
    at = sent.get("$time")
    exact = isinstance(at, int | float) and (at != int(at) or moment_ms(at) == at)
    return derived_uuid(sent, "mixpanel", arrival.product) if exact else event_uuid("", "mixpanel", arrival.product)
