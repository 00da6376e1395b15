"""Matomo's parameters as properties that people can read."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from yunying.base.errors import InvalidInput
from yunying.events.normalise import properties, text_of
from yunying.events.protocols.sites import as_number, lift_page, put
from yunying.events.text import loads

__all__ = ["kind_of", "props_of"]

# Of transport, of the visitor's clock and plugins, or read elsewhere.
_NOISE = (
    "rec apiv rand r idsite token_auth send_image h m s _id uid cid _idts _idvc _idn _viewts _refts _ects cookie"
    " fla java dir qt realp pdf wma gears ag action_name url urlref res lang ua uadata cip country region city lat long"
    " cdt cdo new_visit queuedtracking bots ping ca cvar _cvar ec_items _rcn _rck ec_id"
)
_LEFT_OUT = frozenset(_NOISE.split())
_WORDS = {
    "e_c": "category",
    "e_a": "action",
    "e_n": "name",
    "e_v": "value",
    "search": "search",
    "search_cat": "search_category",
    "search_count": "search_count",
    "idgoal": "goal",
    "revenue": "revenue",
    "ec_st": "subtotal",
    "ec_tx": "tax",
    "ec_sh": "shipping",
    "ec_dt": "discount",
    "link": "link",
    "download": "download",
    "c_n": "content",
    "c_p": "content_piece",
    "c_t": "content_target",
    "c_i": "content_interaction",
    "pv_id": "page_view_id",
    "gt_ms": "generation_ms",
    "pf_net": "network_ms",
    "pf_srv": "server_ms",
    "pf_tfr": "transfer_ms",
    "pf_dm1": "dom_processing_ms",
    "pf_dm2": "dom_completion_ms",
    "pf_onl": "onload_ms",
    "_pks": "product_sku",
    "_pkn": "product_name",
    "_pkc": "product_category",
    "_pkp": "product_price",
}
_COUNTED = "e_v search_count revenue ec_st ec_tx ec_sh ec_dt gt_ms pf_net pf_srv pf_tfr pf_dm1 pf_dm2 pf_onl _pkp"
_NUMBERS = frozenset(_COUNTED.split())
# What was chosen for the address of a campaign, where it was not chosen by the five common names.
_CAMPAIGN = {
    "campaign": "utm_campaign",
    "cpn": "utm_campaign",
    "kwd": "utm_term",
    "keyword": "utm_term",
    "source": "utm_source",
    "medium": "utm_medium",
    "content": "utm_content",
    "cid": "utm_id",
}
_OWN_CAMPAIGN = re.compile(r"(?:mtm|matomo|pk|piwik)_(campaign|cpn|kwd|keyword|source|medium|content|cid)")


def kind_of(sent: Mapping[str, Any]) -> str:
    """The name of the event that a request stands for."""
    if text_of(sent.get("ping")) == "1":
        return "ping"
    if "idgoal" in sent:
        goal = text_of(sent["idgoal"]).strip()
        return "goal" if goal not in ("", "0") else "order" if sent.get("ec_id") else "cart"
    for parameter, name in _KINDS:
        if text_of(sent.get(parameter)).strip():
            return name
    return "$pageview"


_KINDS = (
    ("e_c", "event"),
    ("search", "search"),
    ("download", "download"),
    ("link", "link"),
    ("c_n", "content"),
    ("ma_id", "media"),
    ("fa_vid", "form"),
    ("cra", "$exception"),
)


def props_of(kind: str, sent: Mapping[str, Any], *, language: str, trusted: bool) -> dict[str, Any]:
    """The properties of a request; `trusted` ones may say where somebody was. `language` is the browser's."""
    props: dict[str, Any] = {}
    for parameter, value in sent.items():
        if parameter not in _LEFT_OUT and (parameter != "idgoal" or kind == "goal"):
            put(props, {_WORDS.get(parameter, parameter): _number(value) if parameter in _NUMBERS else value})
    url = text_of(sent.get("url"))
    lift_page(
        props,
        url=url,
        referrer=text_of(sent.get("urlref")),
        title=text_of(sent.get("action_name")),
        screen=text_of(sent.get("res")),
        language=text_of(sent.get("lang")) or language,
    )
    put(props, _campaign(url))
    put(props, {"utm_campaign": sent.get("_rcn"), "utm_term": sent.get("_rck")})
    put(props, {"order_id": sent.get("ec_id"), "items": _items(sent.get("ec_items"))})
    put(props, _variables(sent.get("_cvar")) | _variables(sent.get("cvar")))
    put(props, {"site": sent.get("idsite"), "ua_data": _json(sent.get("uadata"))})
    if text_of(sent.get("new_visit")) == "1":
        props.setdefault("new_visit", True)
    if trusted:
        put(props, {"$country": _upper(sent), "$region": sent.get("region"), "$city": sent.get("city")})
    return properties(props)


def _number(value: Any) -> Any:
    # matomo.js writes "false" where the page had no amount to give.
    return None if value == "false" else as_number(value)


def _upper(sent: Mapping[str, Any]) -> str:
    return text_of(sent.get("country")).upper()


def _campaign(url: str) -> dict[str, Any]:
    try:
        pairs = parse_qsl(urlsplit(url).query, max_num_fields=200)
    except ValueError:
        return {}
    named = ((_OWN_CAMPAIGN.fullmatch(name), value) for name, value in pairs)
    return {_CAMPAIGN[match[1]]: value for match, value in named if match}


def _json(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return loads(value.encode("utf-8", "surrogatepass")) if value.strip() else None
    except InvalidInput:
        return None


def _variables(value: Any) -> dict[str, Any]:
    """Custom variables, `{"1": ["name", "value"]}`."""
    slots = _json(value)
    pairs = slots.values() if isinstance(slots, dict) else ()
    return {
        text_of(pair[0]): pair[1] for pair in pairs if isinstance(pair, list) and len(pair) == 2 and text_of(pair[0])
    }


def _items(value: Any) -> list[dict[str, Any]] | None:
    """The goods of an order, `[[sku, name, category or categories, price, quantity], …]`."""
    rows = _json(value)
    if not isinstance(rows, list):
        return None
    names = ("sku", "name", "category", "price", "quantity")
    return [dict(zip(names, row, strict=False)) for row in rows if isinstance(row, list)]
