"""What is wrong with a body of the Measurement Protocol, in the words of Google's validation server.

Limits and reserved names: https://developers.google.com/analytics/devguides/collection/protocol/ga4/reference and
`…/sending-events#limitations`; the shape of the answer: `…/validating-events`.
"""

import re
from collections.abc import Iterator
from typing import Any

__all__ = ["problems"]

# Letters of any script: Google takes them, too.
_NAME = re.compile(r"[^\W\d_]\w{0,39}")
_MICROS = re.compile(r"\d{15,17}")
_RESERVED = frozenset(
    {
        "ad_activeview",
        "ad_click",
        "ad_exposure",
        "ad_query",
        "ad_reward",
        "adunit_exposure",
        "app_clear_data",
        "app_exception",
        "app_install",
        "app_remove",
        "app_store_refund",
        "app_update",
        "app_upgrade",
        "dynamic_link_app_open",
        "dynamic_link_app_update",
        "dynamic_link_first_open",
        "error",
        "first_open",
        "first_visit",
        "in_app_purchase",
        "notification_dismiss",
        "notification_foreground",
        "notification_open",
        "notification_receive",
        "os_update",
        "session_start",
        "user_engagement",
    }
)
_RESERVED_STARTS = ("_", "firebase_", "ga_", "google_", "gtag.")
_MAX_EVENTS = 25
_MAX_PARAMS = 25
_MAX_USER_PROPERTIES = 25
_MAX_ITEMS = 200
_MAX_USER_VALUE = 36


def problems(document: Any, stream: str, *, unreadable: str = "") -> list[dict[str, str]]:
    """The validation messages of a request for `stream`; empty if all is well. The first hundred are enough."""
    if unreadable or not isinstance(document, dict):
        return [_message("", unreadable or "The body has to be an object.", "VALUE_INVALID")]
    found = [*_envelope(document, stream), *_user_properties(document.get("user_properties")), *_events(document)]
    return found[:100]


def _message(path: str, description: str, code: str) -> dict[str, str]:
    return {"fieldPath": path, "description": description, "validationCode": code}


def _envelope(document: dict[str, Any], stream: str) -> Iterator[dict[str, str]]:
    if not stream:
        yield _message("measurement_id", "Measurement requires a measurement_id or firebase_app_id.", "VALUE_REQUIRED")
    if not any(isinstance(document.get(name), str) and document[name] for name in ("client_id", "app_instance_id")):
        yield _message("client_id", "Measurement requires a client_id or app_instance_id.", "VALUE_REQUIRED")
    micros = document.get("timestamp_micros")
    if micros is not None and not _MICROS.fullmatch(str(micros)):
        yield _message("timestamp_micros", "The time has to be in microseconds since 1970.", "VALUE_INVALID")
    for name, allowed in (("ad_user_data", ("GRANTED", "DENIED")), ("ad_personalization", ("GRANTED", "DENIED"))):
        consent = document.get("consent")
        value = consent.get(name) if isinstance(consent, dict) else None
        if value is not None and value not in allowed:
            yield _message(f"consent.{name}", "Consent is GRANTED or DENIED.", "VALUE_INVALID")


def _user_properties(sent: Any) -> Iterator[dict[str, str]]:
    if sent is None:
        return
    if not isinstance(sent, dict):
        yield _message("user_properties", "User properties have to be an object.", "VALUE_INVALID")
        return
    if len(sent) > _MAX_USER_PROPERTIES:
        yield _message("user_properties", "More than 25 user properties.", "EXCEEDED_MAX_ENTITIES")
    for name, value in sent.items():
        path = f"user_properties.{name}"
        if not _NAME.fullmatch(name) or len(name) > 24:
            yield _message(path, f"The name [{name[:60]}] is not valid.", "NAME_INVALID")
        elif name.startswith(_RESERVED_STARTS):
            yield _message(path, f"The name [{name}] is reserved.", "NAME_RESERVED")
        held = value.get("value") if isinstance(value, dict) else value
        if isinstance(held, dict | list):
            yield _message(path, "The value has to be a text, a number or true or false.", "VALUE_INVALID")
        elif isinstance(held, str) and len(held) > _MAX_USER_VALUE:
            yield _message(path, "The value is longer than 36 characters.", "VALUE_OUT_OF_BOUNDS")


def _events(document: dict[str, Any]) -> Iterator[dict[str, str]]:
    events = document.get("events")
    if not isinstance(events, list) or not events:
        yield _message("events", "At least one event is required.", "VALUE_REQUIRED")
        return
    if len(events) > _MAX_EVENTS:
        yield _message("events", "More than 25 events in one request.", "EXCEEDED_MAX_ENTITIES")
    for place, event in enumerate(events):
        yield from _event(f"events[{place}]", event)


def _event(path: str, event: Any) -> Iterator[dict[str, str]]:
    if not isinstance(event, dict):
        yield _message(path, "The event has to be an object.", "VALUE_INVALID")
        return
    name = event.get("name")
    if not isinstance(name, str) or not name:
        yield _message(f"{path}.name", "The event needs a name.", "VALUE_REQUIRED")
    elif name in _RESERVED or name.startswith(_RESERVED_STARTS):
        yield _message(f"{path}.name", f"The name [{name[:60]}] is reserved.", "NAME_RESERVED")
    elif not _NAME.fullmatch(name):
        yield _message(f"{path}.name", f"The name [{name[:60]}] is not valid.", "NAME_INVALID")
    yield from _params(f"{path}.params", event.get("params"))


def _params(path: str, params: Any) -> Iterator[dict[str, str]]:
    if params is None:
        return
    if not isinstance(params, dict):
        yield _message(path, "Parameters have to be an object.", "VALUE_INVALID")
        return
    if len(params) > _MAX_PARAMS:
        yield _message(path, "More than 25 parameters.", "EXCEEDED_MAX_ENTITIES")
    for name, value in params.items():
        if not _NAME.fullmatch(name):
            yield _message(f"{path}.{name}", f"The name [{name[:60]}] is not valid.", "NAME_INVALID")
        if name == "items":
            yield from _goods(f"{path}.items", value)
        elif isinstance(value, dict | list):
            yield _message(f"{path}.{name}", "The value has to be a text or a number.", "VALUE_INVALID")
    if isinstance(params.get("value"), int | float) and not params.get("currency"):
        yield _message(f"{path}.currency", "A value needs a currency.", "VALUE_REQUIRED")


def _goods(path: str, items: Any) -> Iterator[dict[str, str]]:
    if not isinstance(items, list):
        yield _message(path, "Items have to be a list.", "VALUE_INVALID")
        return
    if len(items) > _MAX_ITEMS:
        yield _message(path, "More than 200 items.", "EXCEEDED_MAX_ENTITIES")
    for place, item in enumerate(items):
        if not isinstance(item, dict) or not (item.get("item_id") or item.get("item_name")):
            yield _message(f"{path}[{place}]", "An item needs an item_id or item_name.", "VALUE_REQUIRED")
