"""What SDKs send, and what must become of it: the files in `wire/` are the contract, one per protocol.

Every request arrives at 2026-01-01T00:00:00Z from 203.0.113.7. `events` names the fields that matter for a case;
`some_props` are properties among others. A case is a POST answered with 200 and JSON, unless it has `method`, `status`
or `reply_text` (with `reply_type`); without `body`, `text` or a form the request has none. `trusted` plays a write key.
`packed` are fields of a form, of the address if the method is GET, that are base64 of JSON, or of its gzip if
`packed_gzip`. An event that is null is not kept.
"""

import base64
import gzip
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from yunying.events import protocols
from yunying.events.event import Event
from yunying.events.normalise import Arrival
from yunying.events.protocols.base import Intake, Outcome, Request

NOW = 1_767_225_600_000
CASES = [
    pytest.param(path.stem, case, id=f"{path.stem}: {case['name']}")
    for path in sorted((Path(__file__).parent / "wire").glob("*.json"))
    for case in json.loads(path.read_text())
]


def packed_fields(case: dict[str, Any]) -> dict[str, str]:
    found = {}
    for name, value in case.get("packed", {}).items():
        raw = json.dumps(value, ensure_ascii=False).encode()
        found[name] = base64.b64encode(gzip.compress(raw) if case.get("packed_gzip") else raw).decode()
    return found


def body_of(case: dict[str, Any]) -> bytes:
    if "text" in case:
        body = case["text"].encode()
    elif "form_base64" in case:
        packed = base64.b64encode(json.dumps(case["form_base64"], ensure_ascii=False).encode()).decode()
        body = urlencode({"data": packed}).encode()
    elif "form" in case or ("packed" in case and case.get("method") != "GET"):
        body = urlencode(packed_fields(case) | case.get("form", {})).encode()
    elif "body" not in case:
        body = b""
    else:
        body = json.dumps(case["body"], ensure_ascii=False).encode()
    return gzip.compress(body) if case.get("gzip") else body


def plain(event: Event, name: str, wanted: Any) -> Any:
    if name == "some_props":
        return {key: event.props.get(key) for key in wanted}
    value = getattr(event, name)
    if name == "links":
        return [[link.kind.value, link.source, link.target] for link in value]
    if name in ("person_ops", "account_ops"):
        return [[op.kind.value, op.key, op.value] for op in value]
    return value


@pytest.mark.parametrize(("protocol", "case"), CASES)
def test_the_request_becomes_the_events_and_is_answered_as_agreed(protocol: str, case: dict[str, Any]) -> None:
    method, path, headers = case.get("method", "POST"), case["path"], case.get("headers", {})
    query = case.get("query", {}) | (packed_fields(case) if method == "GET" else {})
    request = Request(method, path, query, headers, body_of(case), NOW)
    match = protocols.choose(protocols.candidates(request.path), request)
    assert match and match.protocol.name == protocol
    assert match.route.take and match.route.reply
    intake = match.route.take(request)
    assert (intake.key, intake.alias) == (case["key"], case.get("alias", False))
    assert list(intake.names) == case.get("names", [])
    assert intake.write_key == case.get("write_key", intake.write_key)
    events = [match.protocol.read(item, arrival(case, intake)) for item in intake.items]
    assert len(events) == len(case["events"])
    for event, wanted in zip(events, case["events"], strict=True):
        assert (event is None) == (wanted is None)
        if event is None:
            continue
        assert {name: plain(event, name, value) for name, value in wanted.items()} == wanted
    reply = match.route.reply(request, Outcome(events=events))
    assert reply.status == case.get("status", 200)
    if "reply_text" in case:
        assert (reply.body.decode("latin-1"), reply.content_type) == (case["reply_text"], case["reply_type"])
    else:
        assert json.loads(reply.body) == case["reply"]


def arrival(case: dict[str, Any], intake: Intake) -> Arrival:
    return Arrival(
        product=1,
        received_ms=NOW,
        sent_ms=intake.sent_ms,
        historical=intake.historical,
        library=intake.library,
        shared=intake.shared,
        visitor=None if intake.anonymous else lambda *_: "visitor-" + "0" * 32,
        address="" if intake.anonymous else "203.0.113.7",
        agent=case.get("headers", {}).get("user-agent", ""),
        trusted=case.get("trusted", False),
    )


@pytest.mark.parametrize("protocol", protocols.PROTOCOLS, ids=lambda one: one.name)
def test_every_protocol_has_a_contract(protocol: Any) -> None:
    assert (Path(__file__).parent / "wire" / f"{protocol.name}.json").exists()
