"""Whatever the pages do with goals, the API does."""

import json
from typing import Any

import pytest
from django.test import Client

from yunying.apps.goals.models import Goal, KeyResult
from yunying.apps.insights.models import Metric
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.models import Product
from yunying.platform.products.services.keys import create_api_key

pytestmark = pytest.mark.usefixtures("clock")
Q1 = {"start": "2026-01-01", "due": "2026-03-31"}


@pytest.fixture
def call(access: ProductAccess) -> Any:
    """A program with a key of the product: `call("POST", "goals", {...})` gives status and answer."""
    made = create_api_key(access=access, name="Robot", scopes=[one.value for one in Permission])
    client = Client(headers={"authorization": f"Bearer {made.secret}"})

    def send(method: str, path: str, body: object = None) -> tuple[int, Any]:
        answer = client.generic(method, f"/api/v1/products/tea/{path}", json.dumps(body or {}), "application/json")
        return answer.status_code, json.loads(answer.content) if answer.content else None

    return send


def test_a_tree_with_weights_limits_and_reasons(call: Any, shop: Product, orders: Metric) -> None:
    _, company = call("POST", "goals", {"title": "Grow", "level": "company", **Q1})
    status, goal = call("POST", "goals", {"title": "Tea", "parent_id": company["id"], "weight": 2, **Q1})
    assert status == 201
    path = f"goals/{goal['id']}/key-results"
    _, moved = call("POST", path, {"metric_id": orders.pk, "baseline": 0, "target": 12})
    _, rail = call("POST", path, {"metric_id": orders.pk, "shape": "above", "low": 100, "guardrail": True})
    assert (moved["progress"], rail["standing"]) == (0.5, "off_track")
    _, shown = call("GET", f"goals/{company['id']}")
    assert shown["progress"] == 0.5
    assert shown["parts"] == [
        {"name": "Tea", "goal_id": goal["id"], "progress": 0.5, "weight": 2.0, "share": 1.0, "points": 0.5}
    ]
    assert shown["reason"] == "The goal “Tea” below it decides: At risk."


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"baseline": 0, "target": 0}, "key_result.no_change"),
        ({"baseline": 0, "target": 1, "weight": 0}, "goal.weight"),
        ({"baseline": 0, "target": 1e300}, "key_result.number_large"),
        ({"shape": "between", "low": 2, "high": 1}, "key_result.limits"),
        ({"baseline": 5, "target": 1}, "key_result.direction"),
    ],
)
def test_impossible_key_results_are_refused_with_a_code(
    call: Any, goal: Goal, orders: Metric, body: dict[str, object], code: str
) -> None:
    status, answer = call("POST", f"goals/{goal.pk}/key-results", {"metric_id": orders.pk} | body)
    assert (status, answer["code"]) == (400, code)


def test_check_ins_come_and_go(call: Any, goal: Goal) -> None:
    status, made = call("POST", f"goals/{goal.pk}/check-ins", {"confidence": 7, "next_steps": "Call\nPrint"})
    assert (status, made["by_name"]) == (201, "Robot")
    _, second = call("POST", f"goals/{goal.pk}/check-ins", {"confidence": 8, "done": [0]})
    assert second["promised"] == [{"text": "Call", "done": True}, {"text": "Print", "done": False}]
    assert call("GET", f"goals/{goal.pk}/check-ins")[1]["count"] == 2
    assert call("DELETE", f"goals/check-ins/{made['id']}")[0] == 204


def test_a_cycle_closes_by_decisions_and_carries_over(call: Any, orders: Metric) -> None:
    _, first = call("POST", "cycles", {"name": "2026 Q1", **Q1})
    _, second = call("POST", "cycles", {"name": "2026 Q2", "start": "2026-04-01", "due": "2026-06-30"})
    _, goal = call("POST", "goals", {"title": "Tea", "cycle_id": first["id"], **Q1})
    decision = {"goal_id": goal["id"], "status": "partly", "outcome": "Most of it.", "score": 0.7, "carry": True}
    status, closed = call("POST", f"cycles/{first['id']}/close", {"decisions": [decision], "next_id": second["id"]})
    assert (status, closed["progress"], closed["goal_ids"]) == (200, 0.7, [goal["id"]])
    _, after = call("GET", f"cycles/{second['id']}")
    assert len(after["goal_ids"]) == 1
    _, carried = call("GET", f"goals/{after['goal_ids'][0]}")
    assert carried["carried_from_id"] == goal["id"]
    assert call("POST", f"cycles/{first['id']}/close")[0] == 409
    assert call("POST", f"cycles/{first['id']}/reopen")[0] == 200


def test_closing_takes_a_score_and_reopening_a_reason(call: Any, goal: Goal) -> None:
    body = {"status": "achieved", "outcome": "It sold.", "score": 1.2}
    assert call("POST", f"goals/{goal.pk}/close", body)[1]["code"] == "goal.score"
    _, closed = call("POST", f"goals/{goal.pk}/close", body | {"score": 1, "learnt": "Start early."})
    assert (closed["score"], closed["learnt"]) == (1.0, "Start early.")
    assert call("PATCH", f"goals/{goal.pk}", {"version": closed["version"], "title": "New"})[0] == 409
    assert call("POST", f"goals/{goal.pk}/reopen", {"reason": " "})[0] == 400
    assert call("POST", f"goals/{goal.pk}/reopen", {"reason": "Too early."})[1]["status"] == "open"


def test_the_driver_tree_is_read_and_changed(call: Any, shop: Product, orders: Metric) -> None:
    assert call("GET", "north-star")[1] == []
    status, star = call("POST", "north-star/drivers", {"metric_id": orders.pk, "note": "Why"})
    assert status == 201
    _, tree = call("GET", "north-star?by=month")
    assert [one["metric"] for one in tree] == ["Orders"]
    path = f"north-star/drivers/{star['id']}"
    assert call("PATCH", path, {"version": 1, "note": "Because"})[1]["note"] == "Because"
    assert call("PATCH", path, {"version": 1, "note": "Late"})[0] == 409
    assert call("DELETE", path)[0] == 204


def test_superseded_readings_are_listed(call: Any, shop: Product, key_result: KeyResult) -> None:
    call("POST", f"goals/key-results/{key_result.pk}/read")
    call("PATCH", f"goals/key-results/{key_result.pk}", {"version": 1, "start": "2026-03-03"})
    _, past = call("GET", f"goals/key-results/{key_result.pk}/past-readings")
    assert {one["definition"] for one in past} == {1}
    assert len(past) == 64
