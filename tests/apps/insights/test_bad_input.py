"""What cannot be asked, or was saved and became bad later, by every door: a sentence in its place, never a fault."""

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.test import Client

from tests.conftest import Cast
from yunying.answering import answer_text
from yunying.apps.goals.models import Goal
from yunying.apps.goals.readings import try_to_read
from yunying.apps.goals.services import add_key_result, create_goal
from yunying.apps.insights.cohorts import services as cohorts
from yunying.apps.insights.cohorts.models import Cohort
from yunying.apps.insights.dashboards.services import add_tile, create_dashboard
from yunying.apps.insights.models import Metric, Report
from yunying.apps.insights.services import create_metric, create_report
from yunying.apps.tracking.models import EventDefinition
from yunying.base.errors import InvalidInput, YunyingError
from yunying.platform.products.access import ProductAccess
from yunying.platform.products.models import Product

pytestmark = pytest.mark.usefixtures("clock")
DAYS = {"from": "2026-03-01", "to": "2026-03-05"}
SPEC: dict[str, Any] = {"kind": "trends", "range": DAYS, "series": [{"event": "order", "measure": "people"}]}
VISIT = {"events": [{"event": "visit"}]}
ENDLESS = [{"property": "country", "operator": "regex", "values": [r"(\pL|\pN){0,300}x$"]}]
FIFTY_YEARS = {"from": "1976-01-01", "to": "2025-12-31"}

BAD: dict[str, tuple[dict[str, Any], str, str]] = {
    "40 steps": ({"kind": "funnel", "range": DAYS, "steps": [VISIT] * 40}, "steps", "use at most 20"),
    "40 series": (SPEC | {"series": SPEC["series"] * 40}, "series", "use at most 26"),
    "a pattern that never ends": (SPEC | {"filters": ENDLESS}, "filters.0.values", "Use fewer or shorter ones"),
    "50 years by the hour": (SPEC | {"range": FIFTY_YEARS, "interval": "hour"}, "interval", "Choose a longer interval"),
    "50 years of retention": (
        {"kind": "retention", "range": FIFTY_YEARS, "period": "day", "start": {"event": "order"}},
        "period",
        "Choose a longer period",
    ),
}
Door = Callable[[Client, Product, dict[str, Any]], str]


def api(browser: Client, product: Product, spec: dict[str, Any]) -> str:
    sent = json.dumps({"spec": spec})
    answer = browser.post(f"/api/v1/products/{product.slug}/insights/query", sent, content_type="application/json")
    assert answer.status_code == 400
    return " ".join(found for texts in answer.json()["errors"].values() for found in texts)


def page(browser: Client, product: Product, spec: dict[str, Any]) -> str:
    names = {"trends": "trends", "funnel": "funnels", "retention": "retention"}
    answer = browser.get(f"/p/{product.slug}/insights/{names[spec['kind']]}/", {"spec": json.dumps(spec)})
    assert answer.status_code == 200
    return answer.content.decode()


def command(browser: Client, product: Product, spec: dict[str, Any]) -> str:
    with pytest.raises(InvalidInput) as refused:
        answer_text(product, spec, "json")
    return refused.value.text


@pytest.mark.parametrize("door", [api, page, command])
@pytest.mark.parametrize("name", BAD)
def test_every_door_says_what_to_change(name: str, door: Door, browser: Client, shop: Product) -> None:
    spec, _, says = BAD[name]
    assert says in door(browser, shop, spec)


@pytest.mark.parametrize("name", BAD)
def test_the_api_names_the_field(name: str, browser: Client, shop: Product) -> None:
    spec, field, _ = BAD[name]
    sent = json.dumps({"spec": spec})
    answer = browser.post(f"/api/v1/products/{shop.slug}/insights/query", sent, content_type="application/json")
    assert list(answer.json()["errors"]) == [field]


class Saved:
    """The same question kept as a report, as a metric with a goal, and both on a dashboard."""

    def __init__(self, access: ProductAccess, **changes: Any) -> None:
        self.access = access
        spec = SPEC | changes
        self.report = create_report(access=access, name="Buyers", spec=spec)
        self.metric = create_metric(
            access=access, name="Buyers", spec=spec, unit="people", direction="up", window="week"
        )
        self.dashboard = create_dashboard(access=access, name="Monday")
        self.tiles = [
            add_tile(access=access, dashboard=self.dashboard, kind="report", report=self.report).pk,
            add_tile(access=access, dashboard=self.dashboard, kind="metric", metric=self.metric).pk,
        ]
        goal = create_goal(access=access, title="Sell more", start=date(2026, 1, 1), due=date(2026, 3, 31))
        self.key_result = add_key_result(access=access, goal=goal, metric_id=self.metric.pk, baseline=0, target=9)

    @property
    def pages(self) -> list[str]:
        here = f"/p/{self.access.product.slug}"
        goal: Goal = self.key_result.goal
        return [
            f"{here}/insights/reports/{self.report.pk}/",
            f"{here}/insights/reports/",
            f"{here}/insights/metrics/{self.metric.pk}/",
            f"{here}/insights/metrics/",
            f"{here}/insights/dashboards/{self.dashboard.pk}/",
            *(f"{here}/insights/dashboards/{self.dashboard.pk}/tiles/{tile}/" for tile in self.tiles),
            f"{here}/goals/{goal.pk}/",
            f"{here}/goals/",
            f"{here}/",
        ]

    def look(self, browser: Client) -> dict[str, tuple[int, str]]:
        """Every page that shows the question: its status and text."""
        found = {url: browser.get(url, follow=True) for url in self.pages}
        return {url: (answer.status_code, answer.content.decode()) for url, answer in found.items()}


def test_a_deleted_event_is_warned_about_everywhere(access: ProductAccess, browser: Client, shop: Product) -> None:
    saved = Saved(access)
    EventDefinition.objects.filter(product=shop, name="order").delete()
    seen = saved.look(browser)
    assert {url: status for url, (status, _) in seen.items() if status != 200} == {}
    assert "order" in seen[saved.pages[0]][1]
    assert try_to_read(saved.key_result)


def test_a_hidden_event_still_answers(access: ProductAccess, browser: Client, shop: Product) -> None:
    saved = Saved(access)
    EventDefinition.objects.filter(product=shop, name="order").update(hidden=True)
    assert {status for status, _ in saved.look(browser).values()} == {200}
    assert try_to_read(saved.key_result)


def in_cohort(number: int) -> list[dict[str, Any]]:
    return [{"of": "person", "operator": "in_cohort", "values": [number]}]


def buyers(access: ProductAccess) -> Cohort:
    did = {"kind": "did", "event": "order", "times": {"op": "gte", "count": 1}}
    return cohorts.create(access, name="Regulars", definition={"op": "and", "items": [did]})


def test_a_cohort_that_is_gone_is_named_everywhere(access: ProductAccess, browser: Client, shop: Product) -> None:
    cohort = buyers(access)
    saved = Saved(access, filters=in_cohort(cohort.pk))
    Cohort.objects.filter(pk=cohort.pk).delete()
    seen = saved.look(browser)
    assert {url: status for url, (status, _) in seen.items() if status != 200} == {}
    assert "cohort" in seen[saved.pages[0]][1]
    assert not try_to_read(saved.key_result)
    with pytest.raises(YunyingError):
        answer_text(shop, saved.report.spec, "csv")


def test_cohorts_in_a_circle_are_refused_everywhere(access: ProductAccess, browser: Client, shop: Product) -> None:
    first, second = buyers(access), cohorts.create(access, name="More", definition=buyers_of(access))
    saved = Saved(access, filters=in_cohort(first.pk))
    for cohort, other in ((first, second), (second, first)):
        circle = {"op": "and", "items": [{"kind": "cohort", "cohort": other.pk}]}
        Cohort.objects.filter(pk=cohort.pk).update(definition=circle)
    seen = saved.look(browser)
    assert {url: status for url, (status, _) in seen.items() if status != 200} == {}
    assert "Regulars" in seen[saved.pages[0]][1]
    assert not try_to_read(saved.key_result)


def buyers_of(access: ProductAccess) -> dict[str, Any]:
    return {"op": "and", "items": [{"kind": "did", "event": "page", "times": {"op": "gte", "count": 1}}]}


def test_a_saved_question_that_became_nonsense_is_refused_where_it_stands(
    access: ProductAccess, browser: Client, shop: Product
) -> None:
    saved = Saved(access)
    bad = SPEC | {"series": SPEC["series"] * 40}
    Report.objects.filter(pk=saved.report.pk).update(spec=bad)
    Metric.objects.filter(pk=saved.metric.pk).update(question={"kind": "trends", "series": bad["series"]})
    seen = saved.look(browser)
    assert {url: status for url, (status, _) in seen.items() if status not in (200, 400)} == {}
    assert "use at most 26" in seen[saved.pages[0]][1]
    saved.key_result.metric.refresh_from_db()
    assert not try_to_read(saved.key_result)
    assert "use at most" in saved.key_result.error_text


def test_a_zone_that_does_not_exist_is_named_and_can_be_changed(
    access: ProductAccess, browser: Client, shop: Product, people: Cast
) -> None:
    saved = Saved(access)
    Product.objects.filter(pk=shop.pk).update(timezone="Mars/Base")
    seen = saved.look(browser)
    assert {url: status for url, (status, _) in seen.items() if status not in (200, 400)} == {}
    assert all("Mars/Base" in text for status, text in seen.values() if status == 400)
    assert seen[saved.pages[0]][0] == 400
    assert "Use a name such as Asia/Shanghai" in api(browser, shop, SPEC)
    assert browser.get(f"/p/{shop.slug}/settings/").status_code == 200
    saved.key_result.goal.product.refresh_from_db()
    assert not try_to_read(saved.key_result)
    shop.refresh_from_db()
    assert "Mars/Base" in command(browser, shop, SPEC)
    assert answer_text(people.other, SPEC, "csv")
