"""What the Mixpanel SDKs wait for: `1`, or JSON with `status` when they ask for `verbose`; `/import` has its own."""

from typing import Any

from yunying.events.event import Refusal
from yunying.events.protocols.base import Outcome, Reply, Request, Route, basic_user, json_reply
from yunying.events.protocols.pixel import PIXEL

__all__ = ["ANSWERS", "reply", "reply_import"]


def reply(request: Request, outcome: Outcome) -> Reply:
    if outcome.status != 200:
        reason = outcome.refused[0][1].reason
        return json_reply({"status": 0, "code": outcome.status, "error": reason, "message": reason}, outcome.status)
    fields = request.fields
    if fields.get("verbose") == "1":
        return json_reply({"status": 1, "error": None})
    return PIXEL if fields.get("img") == "1" else Reply(200, b"1", "text/plain; charset=utf-8")


def reply_import(request: Request, outcome: Outcome) -> Reply:
    """JSON is answered with the number of records; with `strict=1` one bad record makes it a 400 that names it."""
    if request.raw[:1] not in (b"{", b"["):
        return reply(request, outcome)
    strict = request.query.get("strict") == "1"
    done = outcome.status == 200 and not (strict and outcome.refused)
    body: dict[str, Any] = {
        "code": 200 if done else 400,
        "num_records_imported": outcome.accepted,
        "status": "OK" if done else "Bad Request",
    }
    if not done:
        records = request.document if isinstance(request.document, list) else [request.document]
        body["error"] = "some data points in the request failed validation"
        body["failed_records"] = [_failed(index, refusal, records[index]) for index, refusal in outcome.refused]
    return json_reply(body, body["code"])


def _failed(index: int, refusal: Refusal, record: Any) -> dict[str, Any]:
    props = record.get("properties") if isinstance(record, dict) else None
    return {
        "index": index,
        "insert_id": str(props.get("$insert_id", "")) if isinstance(props, dict) else "",
        "field": refusal.data.get("field") or "",
        "message": refusal.reason,
    }


def _recording(request: Request) -> Reply:
    return json_reply({"code": 200, "status": "OK"})


def _settings(request: Request) -> Reply:
    return json_reply({})


def _flags(request: Request) -> Reply:
    return json_reply({"code": 200, "flags": {}})


def _definitions(request: Request) -> Reply:
    return json_reply({"code": 200, "flags": []})


def _says_mixpanel(request: Request) -> bool:
    return "mp_lib" in request.query or basic_user(request) != ""


ANSWERS = (
    Route("/record", ("POST",), answer=_recording),
    Route("/settings", ("GET",), answer=_settings, claims=_says_mixpanel),
    Route("/flags", ("GET",), answer=_flags, claims=_says_mixpanel),
    Route("/flags/definitions", ("GET",), answer=_definitions, claims=_says_mixpanel),
)
