"""What the Amplitude SDKs send (HTTP V2 and batch, amplitude-js 8, the identify, group and user mapping APIs).

Paths and fields: amplitude.com/docs/apis (HTTP V2, Batch, Identify, Group Identify, User Mapping), and the sources of
the SDKs.
"""

from collections.abc import Mapping
from typing import Any

from yunying.base.errors import InvalidInput
from yunying.events.normalise import is_object, moment_ms
from yunying.events.protocols.amplitude_items import USERMAP, read
from yunying.events.protocols.base import (
    Intake,
    Outcome,
    Protocol,
    Reply,
    Request,
    Route,
    first_text,
    json_reply,
    listed,
)
from yunying.events.text import loads

__all__ = ["PROTOCOL"]


def take(request: Request) -> Intake:
    """`{"api_key", "events": […], "client_upload_time"}`."""
    document = is_object(request.document, "body")
    return Intake(
        key=first_text(document.get("api_key")),
        items=listed(document.get("events") or []),
        sent_ms=_moment(document.get("client_upload_time")),
    )


def take_js8(request: Request) -> Intake:
    """amplitude-js up to 8: a form with `client`, `e` (the events as JSON text) and `upload_time`."""
    fields = request.fields
    return Intake(
        key=first_text(fields.get("client")),
        items=_listed(fields.get("e")),
        sent_ms=_moment(fields.get("upload_time")),
        shared={"browser": True},
    )


def take_http_v1(request: Request) -> Intake:
    """The older HTTP API: a form with `api_key` and `event`."""
    return _form(request, "event", {})


def take_identify(request: Request) -> Intake:
    return _form(request, "identification", {"event_type": "$identify"})


def take_group(request: Request) -> Intake:
    """Each identification has `group_type`, `group_value` and `group_properties`."""
    return _form(request, "identification", {"event_type": "$groupidentify"})


def take_usermap(request: Request) -> Intake:
    """`mapping`: pairs of `user_id` and `global_user_id`."""
    return _form(request, "mapping", {"event_type": USERMAP})


def _form(request: Request, name: str, kind: dict[str, Any]) -> Intake:
    is_json = request.raw[:1] == b"{"
    fields: Mapping[str, Any] = is_object(request.document, "body") if is_json else request.fields
    items = [item | kind if isinstance(item, dict) else item for item in _listed(fields.get(name))]
    return Intake(key=first_text(fields.get("api_key")), items=items)


def _listed(value: Any) -> list[Any]:
    """Items given as such, or as JSON text in a form field."""
    if not value:
        return []
    return listed(loads(value.encode("utf-8", "surrogatepass")) if isinstance(value, str) else value)


def _moment(value: Any) -> int | None:
    try:
        return moment_ms(int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 16 else value)
    except InvalidInput:
        return None


def reply(request: Request, outcome: Outcome) -> Reply:
    if outcome.status != 200:
        return _refused(outcome)
    return json_reply(
        {
            "code": 200,
            "events_ingested": outcome.accepted,
            "payload_size_bytes": len(request.body),
            "server_upload_time": request.received_ms,
        }
    )


def reply_js8(request: Request, outcome: Outcome) -> Reply:
    # Whatever is not 200 comes again before all later events, so one bad event would stop the rest for ever.
    return _success()


def reply_form(request: Request, outcome: Outcome) -> Reply:
    return _success() if outcome.status == 200 else _refused(outcome)


def _success() -> Reply:
    return Reply(200, b"success", "text/plain; charset=utf-8")


def _refused(outcome: Outcome) -> Reply:
    """All events at fault, by number: the SDKs then drop them, instead of sending them up to twelve times."""
    fields: dict[str, list[int]] = {}
    for index, refusal in outcome.refused:
        fields.setdefault(refusal.data.get("field") or "event", []).append(index)
    reason = outcome.refused[0][1].reason
    body = {
        "code": outcome.status,
        "error": reason,
        "message": reason,
        "missing_field": next(iter(fields)),
        "events_with_invalid_fields": fields,
        "events_with_missing_fields": {},
    }
    return json_reply(body, outcome.status)


def _is_amplitude(request: Request) -> bool:
    document = request.document
    return isinstance(document, dict) and "events" in document and "batch" not in document


def _is_js8(request: Request) -> bool:
    return "client" in request.fields and "e" in request.fields


_POST = ("POST",)
PROTOCOL = Protocol(
    name="amplitude",
    label="Amplitude",
    routes=(
        Route("/2/httpapi", _POST, take=take, reply=reply),
        Route("/batch", _POST, take=take, reply=reply, claims=_is_amplitude),
        Route("/", _POST, take=take_js8, reply=reply_js8, claims=_is_js8),
        Route("/httpapi", _POST, take=take_http_v1, reply=reply_form),
        Route("/identify", _POST, take=take_identify, reply=reply_form),
        Route("/groupidentify", _POST, take=take_group, reply=reply_form),
        Route("/usermap", _POST, take=take_usermap, reply=reply_form),
    ),
    read=read,
)
