"""The short names of the Snowplow tracker protocol, and the names that reports know."""

import re
from collections.abc import Mapping
from typing import Any

from yunying.events.normalise import text_of
from yunying.events.protocols.sites import as_number, lift_page, put

__all__ = ["NAMES", "lift", "own_properties"]

NAMES = {
    "pv": "$pageview",
    "pp": "page_ping",
    "se": "event",
    "ue": "",
    "tr": "transaction",
    "ti": "transaction_item",
}
_STRUCTURED = {"se_ca": "category", "se_ac": "action", "se_la": "label", "se_pr": "property", "se_va": "value"}
_ORDER = {
    "tr_id": "order_id",
    "tr_tt": "revenue",
    "tr_cu": "currency",
    "tr_tx": "tax",
    "tr_sh": "shipping",
    "tr_af": "affiliation",
    "tr_ci": "city",
    "tr_st": "state",
    "tr_co": "country",
}
_ITEM = {"ti_sk": "sku", "ti_nm": "name", "ti_ca": "category", "ti_pr": "price", "ti_qu": "quantity"}
_NUMBERS = frozenset(
    {"se_va", "tr_tt", "tr_tx", "tr_sh", "ti_pr", "ti_qu", "pp_mix", "pp_max", "pp_miy", "pp_may", "vid", "cd"}
)
# What has a place of its own in an event, or is nobody's business: the address.
_TAKEN = frozenset(
    {"e", "eid", "dtm", "stm", "ttm", "cx", "co", "ue_px", "ue_pr", "uid", "duid", "ip", "mac", "tv"}
    | {"url", "page", "refr", "lang", "tz", "res", "ua"}
    | set(_STRUCTURED)
)
_SIZE = re.compile(r"(\d{1,5})x(\d{1,5})")


def own_properties(kind: str, sent: Mapping[str, Any]) -> dict[str, Any]:
    """The properties that only events of this type have."""
    props: dict[str, Any] = {}
    if kind == "se":
        put(props, {target: _value(name, sent) for name, target in _STRUCTURED.items()})
    elif kind == "tr":
        put(props, {target: _value(name, sent) for name, target in _ORDER.items()})
    elif kind == "ti":
        item: dict[str, Any] = {}
        put(item, {target: _value(name, sent) for name, target in _ITEM.items()})
        put(props, {"order_id": sent.get("ti_id"), "currency": sent.get("ti_cu"), "items": [item] if item else None})
    return props


def lift(sent: Mapping[str, Any], props: dict[str, Any]) -> None:
    """Add what all events have under the names reports know, and the rest under its own."""
    lift_page(
        props,
        url=text_of(sent.get("url")),
        referrer=text_of(sent.get("refr")),
        title=text_of(sent.get("page")),
        screen=text_of(sent.get("res")),
        language=text_of(sent.get("lang")),
    )
    if size := _SIZE.fullmatch(text_of(sent.get("vp"))):
        put(props, {"$viewport_width": int(size[1]), "$viewport_height": int(size[2])})
    library, _, version = text_of(sent.get("tv")).partition("-")
    put(
        props,
        {
            "$timezone": sent.get("tz"),
            "$raw_user_agent": sent.get("ua"),
            "$anonymous_id": sent.get("duid"),
            "$session_index": _value("vid", sent),
            "$lib": f"snowplow-{library}" if library else "",
            "$lib_version": version,
        },
    )
    put(props, {name: _value(name, sent) for name in sent if name not in _TAKEN})


def _value(name: str, sent: Mapping[str, Any]) -> Any:
    return as_number(sent.get(name)) if name in _NUMBERS else sent.get(name)
