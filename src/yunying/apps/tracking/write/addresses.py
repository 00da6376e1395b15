"""What the product's policy leaves of IP addresses: in events, in what they say of people, and in what was refused."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import Any

import orjson

from yunying.collect.codec import event_from_text, event_to_text
from yunying.events.event import Event, Refusal

__all__ = ["ADDRESS_NAMES", "kept_address", "refusal_without_addresses", "without_addresses"]

# Under which SDKs and forms send an address. What is no address under such a name stays.
ADDRESS_NAMES = frozenset(
    ("$ip", "ip", "ip_address", "$ip_address", "ipAddress", "client_ip", "cip", "uip", "ip_override", "$initial_ip")
)
_PREFIXES = {4: 24, 6: 48}
_DEPTH = 4


def kept_address(text: str, policy: str) -> str:
    """What is stored of an address; empty for nothing, and for what is no address."""
    try:
        address = ip_address(text)
    except ValueError:
        return ""
    if policy == "full":
        return str(address)
    if policy == "truncate":
        return str(ip_network((address, _PREFIXES[address.version]), strict=False).network_address)
    return ""


def without_addresses(event: Event, policy: str) -> None:
    """Take from the properties of an event, and from what it says of people, what the policy does not keep."""
    if policy == "full":
        return
    if not ADDRESS_NAMES.isdisjoint(event.props):
        event.props = _fewer(event.props, policy)
    if any(op.key in ADDRESS_NAMES for op in event.person_ops):
        given = _fewer({op.key: op.value for op in event.person_ops if op.key in ADDRESS_NAMES}, policy)
        event.person_ops = [
            replace(op, value=given[op.key]) if op.key in given else op
            for op in event.person_ops
            if op.key not in ADDRESS_NAMES or op.key in given
        ]


def refusal_without_addresses(item: Refusal, policy: str) -> Refusal:
    """A refusal whose body and context keep of addresses what the policy keeps.

    Addresses are found under their usual names in JSON, four levels deep; a body that is no JSON stays as it came.
    """
    if policy == "full":
        return item
    data = _clean(item.data, policy, _DEPTH)
    if item.data.get("canonical"):
        event = event_from_text(item.body)
        without_addresses(event, policy)
        event.address = kept_address(event.address, policy)
        return replace(item, body=event_to_text(event), data=data)
    try:
        body = orjson.loads(item.body)
    except orjson.JSONDecodeError:
        return replace(item, data=data)
    cleaned = _clean(body, policy, _DEPTH)
    # Untouched bodies keep their spelling, for whoever looks for what was wrong with it.
    return replace(item, body=item.body if cleaned == body else orjson.dumps(cleaned).decode(), data=data)


def _fewer(props: Mapping[str, Any], policy: str) -> dict[str, Any]:
    return dict(_kept(props.items(), policy))


def _kept(items: Iterable[tuple[str, Any]], policy: str) -> Iterable[tuple[str, Any]]:
    for name, value in items:
        if name not in ADDRESS_NAMES or not isinstance(value, str) or not _is_address(value):
            yield name, value
        elif left := kept_address(value, policy):
            yield name, left


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _clean(value: Any, policy: str, depth: int) -> Any:
    if isinstance(value, dict):
        inner = {name: _clean(item, policy, depth - 1) for name, item in value.items()} if depth else value
        return _fewer(inner, policy)
    return [_clean(item, policy, depth - 1) for item in value] if isinstance(value, list) and depth else value
