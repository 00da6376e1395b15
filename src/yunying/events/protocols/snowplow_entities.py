"""Self-describing data of Snowplow: what has a schema, alone (the event) or in a list (its entities, or contexts)."""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from yunying.base.errors import InvalidInput, msg
from yunying.events.normalise import text_of
from yunying.events.protocols.sites import put
from yunying.events.text import loads

__all__ = ["Entity", "described", "entities", "lift_entities"]

# iglu:<vendor>/<name>/<format>/<version>, by the Iglu documentation.
_SCHEMA = re.compile(r"iglu:[^/]+/([^/]+)/[^/]+/[^/]+")
_PAGE = ("id", "$page_view_id")
_SESSION = (("sessionId", "$session_id"), ("userId", "$anonymous_id"), ("sessionIndex", "$session_index"))
_MOBILE = (
    ("osType", "$os"),
    ("osVersion", "$os_version"),
    ("deviceModel", "$device_model"),
    ("deviceManufacturer", "$device_manufacturer"),
)
_LIFTED: dict[str, tuple[tuple[str, str], ...]] = {
    "web_page": (_PAGE,),
    "client_session": _SESSION,
    "mobile_context": _MOBILE,
    "application": (("version", "$app_version"),),
    "screen": (("name", "$screen_name"),),
}
# Of the e-commerce entities, under the names that reports know.
_ORDER = (
    ("transaction_id", "order_id"),
    ("revenue", "revenue"),
    ("currency", "currency"),
    ("tax", "tax"),
    ("shipping", "shipping"),
    ("discount_amount", "discount"),
    ("discount_code", "coupon"),
)
_PRODUCT = (("id", "sku"), ("creative_id", "creative"), ("inventory_status", "inventory"))


@dataclass(frozen=True, slots=True)
class Entity:
    """Data and the address of its schema; `name` is the part of it that people know."""

    schema: str
    name: str
    data: Any

    def to_json(self) -> dict[str, Any]:
        return {"schema": self.schema, "data": self.data}


def described(sent: Mapping[str, Any]) -> Entity | None:
    """The event in `ue_px` or `ue_pr`. Raises InvalidInput `snowplow.payload` or `snowplow.schema`."""
    inner = _inner(sent, "ue_px", "ue_pr")
    return _entity(inner, "ue_px") if inner is not None else None


def entities(sent: Mapping[str, Any]) -> list[Entity]:
    """The entities in `cx` or `co`. Raises as `described` does."""
    inner = _inner(sent, "cx", "co")
    return [_entity(one, "cx") for one in inner] if isinstance(inner, list) else []


def _inner(sent: Mapping[str, Any], packed: str, plain: str) -> Any:
    """What the outer envelope holds: `{"schema": …, "data": <this>}`."""
    for name in (packed, plain):
        text = sent.get(name)
        if isinstance(text, str) and text:
            outer = _read(text, name)
            return outer.get("data") if isinstance(outer, dict) else outer
    return None


def _read(text: str, name: str) -> Any:
    if text.lstrip()[:1] in ("{", "["):
        return loads(text.encode("utf-8", "surrogatepass"))
    letters = text.replace(" ", "+").replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return loads(base64.b64decode(letters + "=" * (-len(letters) % 4), validate=True))
    except (binascii.Error, ValueError, InvalidInput) as error:
        raise InvalidInput(
            "snowplow.payload", msg("%(name)s is neither JSON nor base64 of JSON."), field=name, name=name
        ) from error


def _entity(value: Any, field: str) -> Entity:
    schema = text_of(value.get("schema")) if isinstance(value, dict) else ""
    fitting = _SCHEMA.fullmatch(schema)
    if fitting is None:
        raise InvalidInput(
            "snowplow.schema",
            msg("“%(sent)s” is not the address of a schema, such as iglu:vendor/name/jsonschema/1-0-0."),
            field=field,
            sent=schema[:100],
        )
    return Entity(schema, fitting[1], value.get("data"))


def lift_entities(found: Sequence[Entity], props: dict[str, Any]) -> None:
    """Keep the entities as they are, and add what reports ask for under the names they know."""
    if not found:
        return
    props.setdefault("contexts", [one.to_json() for one in found])
    items = []
    for one in found:
        if not isinstance(one.data, dict):
            continue
        put(props, {target: one.data.get(name) for name, target in _LIFTED.get(one.name, ())})
        if ".ecommerce/" in one.schema and one.name == "transaction":
            put(props, {target: one.data.get(name) for name, target in _ORDER})
        if ".ecommerce/" in one.schema and one.name == "product":
            items.append(_renamed(one.data))
    if items:
        props.setdefault("items", items)


def _renamed(data: Mapping[str, Any]) -> dict[str, Any]:
    names = dict(_PRODUCT)
    return {names.get(name, name): value for name, value in data.items()}
