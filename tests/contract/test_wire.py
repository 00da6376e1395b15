"""What SDKs send, and what must become of it: the files in `wire/` are the contract, one per protocol.

Every request arrives at 2026-01-01T00:00:00Z. `events` names the fields that matter for a case.
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
from yunying.events.protocols.base import Outcome, Request

NOW = 1_767_225_600_000
CASES = [
    pytest.param(path.stem, case, id=f"{path.stem}: {case['name']}")
    for path in sorted((Path(__file__).parent / "wire").glob("*.json"))
    for case in json.loads(path.read_text())
]


def body_of(case: dict[str, Any]) -> bytes:
    if "text" in case:
        body = case["text"].encode()
    elif "form_base64" in case:
        packed = base64.b64encode(json.dumps(case["form_base64"], ensure_ascii=False).encode()).decode()
        body = urlencode({"data": packed}).encode()
    else:
        body = json.dumps(case["body"], ensure_ascii=False).encode()
    return gzip.compress(body) if case.get("gzip") else body


def plain(event: Event, name: str) -> Any:
    value = getattr(event, name)
    if name == "links":
        return [[link.kind.value, link.source, link.target] for link in value]
    if name in ("person_ops", "account_ops"):
        return [[op.kind.value, op.key, op.value] for op in value]
    return value


@pytest.mark.parametrize(("protocol", "case"), CASES)
def test_the_request_becomes_the_events_and_is_answered_as_agreed(protocol: str, case: dict[str, Any]) -> None:
    request = Request("POST", case["path"], case.get("query", {}), case.get("headers", {}), body_of(case), NOW)
    match = protocols.choose(protocols.candidates(request.path), request)
    assert match and match.protocol.name == protocol
    assert match.route.take and match.route.reply
    intake = match.route.take(request)
    assert intake.key == case["key"]
    arrival = Arrival(1, NOW, intake.sent_ms, intake.historical, intake.library, intake.shared)
    events = [match.protocol.read(item, arrival) for item in intake.items]
    assert len(events) == len(case["events"])
    for event, wanted in zip(events, case["events"], strict=True):
        assert event is not None
        assert {name: plain(event, name) for name in wanted} == wanted
    reply = match.route.reply(request, Outcome(events=events))
    assert (reply.status, json.loads(reply.body)) == (200, case["reply"])


@pytest.mark.parametrize("protocol", protocols.PROTOCOLS, ids=lambda one: one.name)
def test_every_protocol_has_a_contract(protocol: Any) -> None:
    assert (Path(__file__).parent / "wire" / f"{protocol.name}.json").exists()
