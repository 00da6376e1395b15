"""The bodies of the contract, damaged in many ways: each becomes an event, a refusal with a reason, or an error reply.

The same damage every time, so that what fails here fails again.
"""

import json
from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest

from tests.contract.test_wire import NOW, arrival, body_of, packed_fields
from yunying.base.errors import YunyingError
from yunying.events import protocols
from yunying.events.event import Refusal
from yunying.events.protocols.base import Outcome, Request

FILES = sorted((Path(__file__).parent / "wire").glob("*.json"))
ROUNDS = 60
LEAVES = (None, True, False, 0, -1, 1e300, 2**63, "", "x", "1", "汉", "0000", "9999-99-99", "https://", "a" * 500)
CONTENT = ("body", "form_base64", "packed", "form", "query", "text")


def damaged(value: Any, dice: Random) -> Any:
    """`value` with some of its parts gone, exchanged or of another kind."""
    if dice.random() < 0.06:
        return dice.choice([*LEAVES, {}, [], {"a": {"b": []}}, [[None]], {"": ""}])
    if isinstance(value, dict):
        return {name: damaged(part, dice) for name, part in value.items() if dice.random() > 0.04}
    if isinstance(value, list):
        return [damaged(part, dice) for part in value]
    if isinstance(value, str) and dice.random() < 0.04:
        at = dice.randrange(len(value) + 1)
        return value[:at] + dice.choice(["", "%", "\x00", "{", "=", "&", "\ud83d".encode("utf-8", "replace").decode()])
    return value


def damaged_case(case: dict[str, Any], dice: Random) -> dict[str, Any]:
    changed = dict(case)
    for name in CONTENT:
        if name in case:
            part = damaged(case[name], dice)
            changed[name] = _texts(part) if name in ("form", "query") else part if name != "text" else str(part)
    if not isinstance(changed.get("packed", {}), dict):
        changed["packed"] = {"data": changed["packed"]}
    return changed


def _texts(value: Any) -> dict[str, str]:
    return {name: str(part) for name, part in value.items()} if isinstance(value, dict) else {"data": str(value)}


def answered(case: dict[str, Any]) -> None:
    """Take the case as the collector does. Raises what it would call a fault of its own."""
    method, headers = case.get("method", "POST"), case.get("headers", {})
    query = case.get("query", {}) | (packed_fields(case) if method == "GET" else {})
    request = Request(method, case["path"], query, headers, body_of(case), NOW)
    try:
        match = protocols.choose(protocols.candidates(request.path), request)
        if match is None or match.route.take is None or match.route.reply is None:
            return
        request.matched = match.values
        intake = match.route.take(request)
    except YunyingError as error:
        assert error.code and error.text
        return
    outcome = Outcome()
    for index, item in enumerate(intake.items):
        try:
            event = match.protocol.read(item, arrival(case, intake))
        except YunyingError as error:
            event = None
            refusal = Refusal(1, "i", NOW, match.protocol.name, error.code, error.text, "", {"field": error.field})
            outcome.refused.append((index, refusal))
        outcome.events.append(event)
        if event is not None:
            assert event.distinct_id and event.name and event.ts_ms >= 0
            orjson.dumps(event)
    assert match.route.reply(request, outcome).status in (200, 202, 204, 400)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_damaged_requests_end_in_a_reason(file: Path) -> None:
    dice = Random(file.stem)
    for case in json.loads(file.read_text()):
        for _ in range(ROUNDS):
            changed = damaged_case(case, dice)
            try:
                answered(changed)
            except Exception as error:
                raise AssertionError(f"{case['name']}: {json.dumps(changed)[:2000]}") from error
