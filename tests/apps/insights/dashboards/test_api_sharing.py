"""Links, mails, files, notes and variants by the REST API."""

import io
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from openpyxl import load_workbook

from tests.apps.insights.dashboards.test_api import ROOT, send
from tests.conftest import Cast
from yunying.apps.insights.dashboards.models import Dashboard, ShareLink, Subscription
from yunying.apps.insights.dashboards.services import create_dashboard, save_variant
from yunying.apps.insights.models import Report
from yunying.base.clock import FixedClock
from yunying.platform.accounts.models import User
from yunying.platform.products import services
from yunying.platform.products.access import Permission, ProductAccess

UK = "bar=1&f0.of=event&f0.property=country&f0.operator=exact&f0.value=UK"


def test_a_link_is_made_opened_listed_and_revoked(browser: Client, dashboard: Dashboard, clock: FixedClock) -> None:
    one = f"/{dashboard.pk}/links"
    end = (clock.now() + timedelta(days=7)).isoformat()
    made = send(browser, "POST", one, {"label": "Board", "query": UK + "&x=y", "expires_at": end}, 201)
    assert made["link"]["query"] == UK
    secret = made["address"].rstrip("/").rpartition("/")[2]
    assert Client().get(made["address"]).status_code == 200
    listed = browser.get(ROOT + one)
    assert secret not in listed.content.decode()
    assert [row["is_open"] for row in listed.json()["items"]] == [True]
    send(browser, "DELETE", f"{one}/{made['link']['id']}", status=204)
    assert Client().get(made["address"]).status_code == 404
    assert send(browser, "GET", one)["items"][0]["revoked_at"] is not None


@pytest.mark.parametrize(
    "body",
    [
        {"expires_at": "2020-01-01T00:00:00Z"},
        {"expires_at": "2026-04-01T00:00:00"},
        {"expires_at": "9999-12-31T23:59:59-12:00"},
        {"password": "short"},
        {"origins": ["not a site"]},
        {"origins": ["https://wiki.example.com"], "password": "long enough"},
    ],
)
def test_a_link_that_cannot_be_is_refused(browser: Client, dashboard: Dashboard, body: dict[str, Any]) -> None:
    send(browser, "POST", f"/{dashboard.pk}/links", body, 400)
    assert not ShareLink.objects.exists()


def test_mails_are_ordered_for_oneself_listed_and_ended(browser: Client, people: Cast, dashboard: Dashboard) -> None:
    one = f"/{dashboard.pk}/mails"
    sent = {"people": [people.ada.pk], "weekdays": [1, 5], "hour": 8}
    made = send(browser, "POST", one, sent, 201)
    assert [row["user_id"] for row in made["recipients"]] == [people.ada.pk]
    assert send(browser, "GET", one)["items"][0]["weekdays"] == [1, 5]
    send(browser, "POST", one, sent | {"hour": 24}, 400)
    send(browser, "POST", one, sent | {"weekdays": []}, 400)
    send(browser, "POST", one, sent | {"variant": 10**9}, 404)
    send(browser, "DELETE", f"{one}/{made['id']}", status=204)
    assert not Subscription.objects.exists()


def test_who_may_only_look_orders_for_nobody_else_and_shares_nothing(
    people: Cast, as_user: Callable[[User], Client], browser: Client, dashboard: Dashboard
) -> None:
    looker, one = as_user(people.chen), f"/{dashboard.pk}"
    mine = {"people": [people.chen.pk], "weekdays": [1]}
    send(looker, "POST", f"{one}/mails", mine, 201)
    send(looker, "POST", f"{one}/mails", {"people": [people.ada.pk], "weekdays": [1]}, 403)
    hers = send(browser, "POST", f"{one}/mails", {"people": [people.ada.pk], "weekdays": [1]}, 201)
    assert send(looker, "GET", f"{one}/mails")["count"] == 1
    send(looker, "DELETE", f"{one}/mails/{hers['id']}", status=403)
    send(looker, "GET", f"{one}/links", status=403)
    send(looker, "POST", f"{one}/links", {}, 403)
    send(looker, "POST", f"{one}/copy", {"name": "Mine"}, 403)
    assert looker.get(f"{ROOT}{one}/export?format=xlsx").status_code == 200


def test_a_key_orders_no_mails(access: ProductAccess, people: Cast, dashboard: Dashboard) -> None:
    every = [permission.value for permission in Permission]
    secret = services.create_api_key(access=access, name="all", scopes=every).secret
    answer = Client().post(
        f"{ROOT}/{dashboard.pk}/mails",
        json.dumps({"people": [people.ada.pk], "weekdays": [1]}),
        "application/json",
        headers={"authorization": f"Bearer {secret}"},
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "subscription.user")


@pytest.mark.parametrize(("kind", "start"), [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("xlsx", b"PK")])
def test_a_dashboard_is_fetched_as_a_file(browser: Client, dashboard: Dashboard, kind: str, start: bytes) -> None:
    answer = browser.get(f"{ROOT}/{dashboard.pk}/export?format={kind}")
    assert answer.status_code == 200, answer.content
    assert answer.getvalue().startswith(start)
    assert f'.{kind}"' in answer["Content-Disposition"]


def test_a_file_is_under_the_bar_or_the_variant(
    browser: Client, access: ProductAccess, dashboard: Dashboard, report: Report
) -> None:
    variant = save_variant(access=access, dashboard=dashboard, name="Kingdom", query=UK)
    totals = []
    for query in ({}, {"variant": variant.pk}, {"query": UK}, {"query": "bar=1", "variant": variant.pk}):
        answer = browser.get(f"{ROOT}/{dashboard.pk}/export", {"format": "xlsx", **query})
        rows = list(load_workbook(io.BytesIO(answer.getvalue()))["Orders a day"].values)
        totals.append(rows[-1][1])
    assert totals == [6, 1, 1, 6]
    assert browser.get(f"{ROOT}/{dashboard.pk}/export?format=doc").status_code == 400
    late = "range=custom&from=2026-03-05&to=2026-03-01"
    assert browser.get(f"{ROOT}/{dashboard.pk}/export", {"format": "png", "query": late}).status_code == 400


def test_notes_are_read_and_changed_in_part(browser: Client, dashboard: Dashboard) -> None:
    sent = {"text": "Release", "day": "2026-03-02", "until": "2026-03-03", "dashboard": dashboard.pk}
    made = send(browser, "POST", "/annotations", sent, 201)
    one = f"/annotations/{made['id']}"
    changed = send(browser, "PATCH", one, {"version": made["version"], "until": None, "dashboard": None})
    assert (changed["text"], changed["until"], changed["dashboard_id"]) == ("Release", None, None)
    send(browser, "PATCH", one, {"version": made["version"], "text": "Late"}, 409)
    send(browser, "PATCH", one, {"version": changed["version"], "until": "2026-03-01"}, 400)
    assert send(browser, "GET", one) == changed


def test_variants_are_listed_and_read(browser: Client, access: ProductAccess, dashboard: Dashboard) -> None:
    variant = save_variant(access=access, dashboard=dashboard, name="Kingdom", query=UK, default=True)
    assert send(browser, "GET", f"/{dashboard.pk}/variants")["items"][0]["name"] == "Kingdom"
    assert send(browser, "GET", f"/{dashboard.pk}/variants/{variant.pk}")["query"] == UK


def test_a_copy_has_the_tiles_and_variants(browser: Client, access: ProductAccess, dashboard: Dashboard) -> None:
    save_variant(access=access, dashboard=dashboard, name="Kingdom", query=UK)
    made = send(browser, "POST", f"/{dashboard.pk}/copy", {"name": "Tuesday"}, 201)
    assert (made["name"], len(made["tiles"]), len(made["variants"])) == ("Tuesday", 3, 1)


def test_what_lies_on_one_dashboard_is_not_reached_through_another(
    browser: Client, people: Cast, access: ProductAccess, dashboard: Dashboard
) -> None:
    other = create_dashboard(access=access, name="Other").pk
    link = send(browser, "POST", f"/{dashboard.pk}/links", {}, 201)["link"]["id"]
    mail = send(browser, "POST", f"/{dashboard.pk}/mails", {"people": [people.ada.pk], "weekdays": [1]}, 201)["id"]
    variant = save_variant(access=access, dashboard=dashboard, name="Kingdom", query=UK).pk
    send(browser, "DELETE", f"/{other}/links/{link}", status=404)
    send(browser, "DELETE", f"/{other}/mails/{mail}", status=404)
    send(browser, "GET", f"/{other}/variants/{variant}", status=404)
    assert browser.get(f"{ROOT}/{other}/export?format=png&variant={variant}").status_code == 404
