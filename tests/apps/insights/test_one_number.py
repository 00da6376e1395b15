"""The same question by every way that asks it gives one number."""

import csv
import json
from typing import Any

import pytest
from django.test import Client

from yunying.answering import answer_text
from yunying.platform.products.models import Product

pytestmark = pytest.mark.usefixtures("clock")
RANGE = {"from": "2026-03-01", "to": "2026-03-05"}
CONDITION = {"op": "and", "items": [{"of": "event", "property": "channel", "operator": "is_not_set"}]}
TRENDS: dict[str, Any] = {
    "kind": "trends",
    "range": RANGE,
    "series": [{"event": "visit", "measure": "people", "filters": CONDITION}],
}
FUNNEL: dict[str, Any] = {
    "kind": "funnel",
    "range": RANGE,
    "steps": [{"events": [{"event": "visit", "filters": CONDITION}]}, {"events": [{"event": "order"}]}],
}
RETENTION: dict[str, Any] = {
    "kind": "retention",
    "range": RANGE,
    "period": "month",
    "start": {"event": "visit", "filters": CONDITION},
    "return": {"event": "order"},
}


def test_trends_funnel_retention_people_api_and_command_line_agree(browser: Client, journey: Product) -> None:
    def api(path: str, body: dict[str, Any]) -> Any:
        sent = browser.post(f"/api/v1/products/tea/insights/{path}", json.dumps(body), content_type="application/json")
        assert sent.status_code == 200, sent.content
        return sent.json()

    def page(name: str, spec: dict[str, Any]) -> Any:
        board = browser.get(f"/p/tea/insights/{name}/", {"spec": json.dumps(spec)}).context["board"]
        return board.grids[0].rows

    step = {"step": 1, "outcome": "converted"}
    found = {
        "trends by the API": api("query", {"spec": TRENDS})["result"]["rows"][0]["total"],
        "funnel by the API": api("query", {"spec": FUNNEL})["result"]["rows"][0]["steps"][0]["count"],
        "retention by the API": api("query", {"spec": RETENTION})["result"]["rows"][0]["cohorts"][0]["size"],
        "people of trends": api("people", {"spec": TRENDS, "point": {"series": "A"}})["total"],
        "people of the funnel": api("people", {"spec": FUNNEL, "point": step})["total"],
        "people of retention": api("people", {"spec": RETENTION, "point": {"cohort": 0, "column": 0}})["total"],
        "trends page": int(page("trends", TRENDS)[0].cells[0].text),
        "funnel page": int(page("funnels", FUNNEL)[0].cells[0].text),
        "retention page": int(page("retention", RETENTION)[1].cells[0].text),
        "trends by command": json.loads(answer_text(journey, TRENDS, "json"))["rows"][0]["total"],
        "funnel by command": json.loads(answer_text(journey, FUNNEL, "json"))["rows"][0]["steps"][0]["count"],
        "file by command": int(next(csv.DictReader(answer_text(journey, FUNNEL, "csv").splitlines()))["People"]),
    }
    assert set(found.values()) == {4}, found


def test_a_table_for_the_eye_says_the_same(journey: Product) -> None:
    shown = answer_text(journey, FUNNEL, "table")
    assert "visit" in shown
    assert " 4 " in shown
