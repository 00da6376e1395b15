from typing import Any

import pytest
from django.test import Client

from tests.apps.insights.test_api import Api
from yunying.apps.tracking.selectors import numbers_of_ids
from yunying.platform.products.models import Product

pytestmark = pytest.mark.usefixtures("clock")
TWICE: dict[str, Any] = {"op": "and", "items": [{"kind": "did", "event": "order", "times": {"op": "gte", "count": 2}}]}


@pytest.fixture
def api(browser: Client) -> Api:
    return Api(browser)


def test_a_cohort_is_kept_changed_counted_and_deleted(api: Api, shop: Product) -> None:
    assert api("POST", "/cohorts/count", {"definition": TWICE}) == {"size": 2}
    made = api("POST", "/cohorts", {"name": "Twice", "definition": TWICE}, status=201)
    assert (made["size"], made["kind"], made["problem"]) == (2, "definition", "")
    path = f"/cohorts/{made['id']}"
    changed = api("PATCH", path, {"version": 1, "name": "Two or more"})
    assert (changed["name"], changed["version"]) == ("Two or more", 2)
    api("PATCH", path, {"version": 1, "name": "Late"}, status=409)
    assert [one["name"] for one in api("GET", "/cohorts")["items"]] == ["Two or more"]
    assert [point["size"] for point in api("GET", f"{path}/sizes")] == [2]
    api("DELETE", path, status=204)
    api("GET", path, status=404)


def test_members_and_reasons_are_listed(api: Api, shop: Product) -> None:
    made = api("POST", "/cohorts", {"name": "Twice", "definition": TWICE}, status=201)
    found = api("GET", f"/cohorts/{made['id']}/people?limit=1")
    assert found["total"] == 2
    rest = api("GET", f"/cohorts/{made['id']}/people?offset=1")
    assert {person["name"] for person in found["people"] + rest["people"]} == {"lin", "ann"}
    mei = numbers_of_ids(shop.pk, ["mei"])["mei"]
    told = api("GET", f"/cohorts/{made['id']}/people/{mei}")
    assert told["member"] is False
    assert told["root"]["items"][0]["counted"] == 1


def test_fixed_lists_come_from_ids_or_from_a_number(api: Api, shop: Product) -> None:
    made = api("POST", "/cohorts/lists", {"name": "Guests", "ids": ["lin", "nobody"]}, status=201)
    assert (made["cohort"]["size"], made["given"], made["unknown"]) == (1, 2, 1)
    spec = {
        "kind": "trends",
        "range": {"from": "2026-03-01", "to": "2026-03-05"},
        "series": [{"event": "order", "measure": "people"}],
    }
    made = api("POST", "/cohorts/lists", {"name": "Buyers", "spec": spec, "point": {"series": "A"}}, status=201)
    assert made["cohort"]["size"] == 3
    api("POST", "/cohorts/lists", {"name": "Neither"}, status=400)


def test_a_wrong_definition_names_its_field(api: Api, shop: Product) -> None:
    wrong = {"items": [{"kind": "did", "within": {"last": 50, "unit": "year"}}]}
    answer = api("POST", "/cohorts", {"name": "Long", "definition": wrong}, status=400)
    assert "items.0.within.last" in answer["errors"]
