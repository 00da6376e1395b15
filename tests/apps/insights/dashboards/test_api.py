import json
from typing import Any

import pytest
from django.test import Client

from tests.conftest import Cast
from yunying.apps.insights.dashboards.models import Dashboard, Tile
from yunying.apps.insights.models import Metric, Report

ROOT = "/api/v1/products/tea/dashboards"


def send(browser: Client, method: str, path: str, body: dict[str, Any] | None = None, status: int = 200) -> Any:
    answer = browser.generic(method, ROOT + path, json.dumps(body or {}), "application/json")
    assert answer.status_code == status, answer.content
    return answer.json() if answer.content else None


def test_a_dashboard_is_made_filled_changed_and_deleted(browser: Client, report: Report, metric: Metric) -> None:
    made = send(browser, "POST", "", {"name": "Monday", "refresh_min": 5}, 201)
    one = f"/{made['id']}"
    send(browser, "POST", f"{one}/tiles", {"kind": "metric", "metric": metric.pk, "x": 0, "w": 3, "h": 3}, 201)
    tile = send(browser, "POST", f"{one}/tiles", {"kind": "report", "report": report.pk, "chart": "bar"}, 201)
    send(browser, "POST", f"{one}/variants", {"name": "UK", "query": "bar=1&range=last-7-day&x=y"}, 201)
    read = send(browser, "GET", one)
    assert [row["kind"] for row in read["tiles"]] == ["metric", "report"]
    assert read["variants"][0]["query"] == "bar=1&range=last-7-day"
    changed = {"version": read["version"], "title": "Ours", "w": 12}
    assert send(browser, "PATCH", f"{one}/tiles/{tile['id']}", changed)["w"] == 12
    send(browser, "PATCH", f"{one}/tiles/{tile['id']}", changed, 409)
    version = send(browser, "GET", one)["version"]
    assert send(browser, "PATCH", one, {"version": version, "name": "Tuesday"})["name"] == "Tuesday"
    assert send(browser, "GET", "")["count"] == 1
    send(browser, "DELETE", f"{one}/tiles/{tile['id']}", status=204)
    send(browser, "DELETE", one, status=204)
    assert not Tile.objects.exists()


def test_what_cannot_be_shown_is_refused(browser: Client, dashboard: Dashboard) -> None:
    one = f"/{dashboard.pk}"
    send(browser, "POST", f"{one}/tiles", {"kind": "report"}, 400)
    send(browser, "POST", f"{one}/tiles", {"kind": "report", "report": 10**9}, 404)
    send(browser, "POST", f"{one}/tiles", {"kind": "video"}, 400)


def test_notes_are_written_and_deleted(browser: Client, dashboard: Dashboard) -> None:
    sent = {"text": "Release", "day": "2026-03-02", "dashboard": dashboard.pk}
    made = send(browser, "POST", "/annotations", sent, 201)
    assert made["dashboard_id"] == dashboard.pk
    assert send(browser, "GET", "/annotations")["count"] == 1
    send(browser, "DELETE", f"/annotations/{made['id']}", status=204)
    send(browser, "POST", "/annotations", sent | {"until": "2026-03-01"}, 400)


@pytest.mark.parametrize("field", ["text", "day"])
def test_a_note_cannot_be_emptied_without_a_word(browser: Client, dashboard: Dashboard, field: str) -> None:
    made = send(browser, "POST", "/annotations", {"text": "Release", "day": "2026-03-02"}, 201)
    one = f"/annotations/{made['id']}"
    refused = send(browser, "PATCH", one, {"version": made["version"], field: None}, 400)
    assert any(field in name for name in refused["errors"]), refused
    assert send(browser, "GET", one)[field] == made[field]


def test_the_last_day_of_a_note_is_taken_away_by_null(browser: Client, dashboard: Dashboard) -> None:
    sent = {"text": "Release", "day": "2026-03-02", "until": "2026-03-04", "dashboard": dashboard.pk}
    made = send(browser, "POST", "/annotations", sent, 201)
    one = f"/annotations/{made['id']}"
    changed = send(browser, "PATCH", one, {"version": 1, "until": None, "dashboard": None})
    assert (changed["until"], changed["dashboard_id"], changed["text"]) == (None, None, "Release")


@pytest.mark.parametrize("field", ["name", "description", "refresh_min"])
def test_a_dashboard_cannot_be_emptied_without_a_word(browser: Client, dashboard: Dashboard, field: str) -> None:
    refused = send(browser, "PATCH", f"/{dashboard.pk}", {"version": dashboard.version, field: None}, 400)
    assert any(field in name for name in refused["errors"]), refused


def test_who_may_only_look_only_looks(people: Cast, as_user: Any, dashboard: Dashboard) -> None:
    browser = as_user(people.chen)
    assert send(browser, "GET", f"/{dashboard.pk}")["name"] == "Monday meeting"
    send(browser, "POST", "", {"name": "Mine"}, 403)
