import json
from typing import Any

import pytest
from django.test import Client

from tests.conftest import Cast
from yunying.apps.goals.models import Goal
from yunying.platform.products.models import Product

pytestmark = pytest.mark.usefixtures("clock")
API = "/api/v1/products/tea"
SPEC: dict[str, Any] = {
    "kind": "trends",
    "range": {"from": "2026-03-01", "to": "2026-03-05"},
    "series": [{"event": "order", "measure": "people"}],
}


class Api:
    """A signed-in browser that speaks JSON."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def __call__(self, method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
        sent = json.dumps(body) if body is not None else ""
        answer = self._client.generic(method, f"{API}{path}", sent, content_type="application/json")
        assert answer.status_code == status, answer.content.decode()
        return json.loads(answer.content) if answer.content else None


@pytest.fixture
def api(browser: Client) -> Api:
    return Api(browser)


def test_a_question_is_answered(api: Api, shop: Product) -> None:
    answer = api("POST", "/insights/query", {"spec": SPEC})
    assert answer["result"]["rows"][0]["points"] == [0, 2, 1, 2, 0]
    assert answer["cached"] is False
    assert api("POST", "/insights/query", {"spec": SPEC})["cached"] is True


def test_a_wrong_question_names_the_field(api: Api, shop: Product) -> None:
    wrong = SPEC | {"series": [{"event": "order", "measure": "sum"}]}
    assert "series.0.property" in api("POST", "/insights/query", {"spec": wrong}, status=400)["errors"]


def test_the_people_behind_a_number(api: Api, shop: Product) -> None:
    found = api("POST", "/insights/people", {"spec": SPEC, "point": {"series": "A", "bucket": 1}})
    assert found["total"] == 2
    assert sorted(person["distinct_id"] for person in found["people"]) == ["lin", "mei"]


def test_a_report_from_saving_to_deleting(api: Api, shop: Product) -> None:
    made = api("POST", "/insights/reports", {"name": "Buyers", "spec": SPEC}, status=201)
    here = f"/insights/reports/{made['id']}"
    assert api("GET", f"{here}/answer")["result"]["rows"][0]["total"] == 3
    assert api("PATCH", here, {"version": 1, "name": "Customers"})["version"] == 2
    api("PATCH", here, {"version": 1, "name": "Late"}, status=409)
    assert api("GET", "/insights/reports")["items"][0]["name"] == "Customers"
    api("DELETE", here, status=204)
    api("GET", here, status=404)


def test_a_metric_and_its_history(api: Api, shop: Product) -> None:
    made = api("POST", "/insights/metrics", {"name": "Buyers", "spec": SPEC, "window": "total"}, status=201)
    points = api("GET", f"/insights/metrics/{made['id']}/history?start=2026-03-01&until=2026-03-04")
    assert [point["value"] for point in points] == [0, 2, 3, 3]
    api("GET", f"/insights/metrics/{made['id']}/history?start=2026-03-04&until=2026-03-01", status=400)
    changed = api("PATCH", f"/insights/metrics/{made['id']}", {"version": 1, "window": "day"})
    assert changed["window"] == "day"


def test_a_goal_from_setting_to_closing(api: Api, shop: Product) -> None:
    metric = api("POST", "/insights/metrics", {"name": "Buyers", "spec": SPEC, "window": "total"}, status=201)
    goal = api("POST", "/goals", {"title": "More buyers", "start": "2026-01-01", "due": "2026-03-31"}, status=201)
    wanted = {"metric_id": metric["id"], "baseline": 0, "target": 6}
    made = api("POST", f"/goals/{goal['id']}/key-results", wanted, status=201)
    assert (made["value"], made["progress"], made["standing"]) == (3, 0.5, "at_risk")
    assert made["reason"] == "50% of the way after 70% of the time: 20 points behind the straight line."
    assert api("GET", f"/goals/key-results/{made['id']}/readings")["count"] == 64
    assert api("GET", "/goals")["items"][0]["progress"] == 0.5
    api("POST", f"/goals/{goal['id']}/key-results", wanted | {"target": 0}, status=400)
    patched = api("PATCH", f"/goals/key-results/{made['id']}", {"version": 1, "target": 3})
    assert patched["standing"] == "reached"
    closed = api("POST", f"/goals/{goal['id']}/close", {"status": "achieved", "outcome": "It worked."})
    assert closed["status"] == "achieved"
    api("POST", f"/goals/{goal['id']}/close", {"status": "achieved", "outcome": "Again."}, status=409)
    assert api("GET", "/goals?status=closed")["count"] == 1


def test_strangers_find_nothing(people: Cast, api: Api, shop: Product) -> None:
    goal = api("POST", "/goals", {"title": "Ours", "start": "2026-01-01", "due": "2026-03-31"}, status=201)
    stranger = Client()
    stranger.force_login(people.dee, backend="django.contrib.auth.backends.ModelBackend")
    Api(stranger)("GET", f"/goals/{goal['id']}", status=404)
    answer = stranger.get(f"/api/v1/products/elsewhere/goals/{goal['id']}")
    assert answer.status_code == 404
    assert Goal.objects.count() == 1
