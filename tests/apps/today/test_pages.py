from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from tests.conftest import Cast
from yunying.apps.goals.services import add_key_result, create_goal
from yunying.apps.insights.models import Metric
from yunying.apps.insights.recent import refresh
from yunying.apps.insights.services import create_metric, create_report
from yunying.base.clock import FixedClock
from yunying.platform.accounts.models import User
from yunying.platform.products.access import ProductAccess
from yunying.platform.products.models import Product
from yunying.store import Store

pytestmark = pytest.mark.usefixtures("clock")
TODAY = "/p/tea/"
ORDERS = {"kind": "trends", "series": [{"event": "order", "measure": "count"}]}
Q1 = {"start": date(2026, 1, 1), "due": date(2026, 3, 31)}


def pinned(access: ProductAccess, name: str, **changes: str) -> Metric:
    values = {"unit": "count", "direction": "up", "window": "day"} | changes
    metric = create_metric(access=access, name=name, spec=ORDERS, **values)
    refresh(metric)
    return metric


def test_a_new_product_shows_the_way(browser: Client, store: Store) -> None:
    page = browser.get(TODAY)
    text = page.content.decode()
    assert [step.done for step in page.context["steps"]] == [False, False, False, False, False, True]
    for way in ("/p/tea/data/setup/", "/p/tea/goals/new/", "/p/tea/insights/trends/"):
        assert way in text
    assert "Nothing waits for you." in text


def test_the_steps_go_away_when_all_are_taken(browser: Client, shop: Product, access: ProductAccess) -> None:
    create_report(access=access, name="Orders", spec=ORDERS | {"range": {"last": 30, "unit": "day"}})
    goal = create_goal(access=access, title="Sell more tea", **Q1)
    add_key_result(access=access, goal=goal, metric_id=pinned(access, "Orders").pk, baseline=0, target=9)
    page = browser.get(TODAY)
    assert page.context["steps"] == []
    assert "First steps" not in page.content.decode()


def test_what_changed_is_told_with_sign_and_words(browser: Client, shop: Product, access: ProductAccess) -> None:
    pinned(access, "Orders")
    pinned(access, "Complaints", direction="down")
    cards = {card.card.title: card for card in browser.get(TODAY).context["changes"]}
    assert cards["Orders"].value == "2"
    assert [(told.text, told.word) for told in cards["Orders"].comparisons] == [
        ("+100.0% against the day before", "better")
    ]
    assert [told.word for told in cards["Complaints"].comparisons] == ["worse"]


def test_the_most_unusual_change_comes_first(browser: Client, shop: Product, access: ProductAccess) -> None:
    steady, odd = pinned(access, "A steady one"), pinned(access, "Odd one out")
    days = [f"2026-02-{day:02}" for day in range(1, 11)]
    Metric.objects.filter(pk=steady.pk).update(recent=[[day, 100 + i % 2 * 10] for i, day in enumerate(days)])
    Metric.objects.filter(pk=odd.pk).update(
        recent=[[day, 100 + i % 2] for i, day in enumerate(days[:-1])] + [[days[-1], 140]]
    )
    assert [card.card.title for card in browser.get(TODAY).context["changes"]] == ["Odd one out", "A steady one"]


def test_what_needs_me_depends_on_my_rights(
    people: Cast, as_user: Callable[[User], Client], shop: Product, access: ProductAccess, clock: FixedClock
) -> None:
    create_goal(access=access, title="Unmeasured", **Q1)
    clock.advance(timedelta(days=60))
    texts = [need.text for need in as_user(people.ada).get(TODAY).context["needs"]]
    assert any("has no key result" in text for text in texts)
    assert any("is over. Close it" in text for text in texts)
    assert any("newest event is of Mar 4, 2026" in text for text in texts)
    assert not any("Unmeasured" in need.text for need in as_user(people.chen).get(TODAY).context["needs"])


def test_the_source_of_the_data_is_named(browser: Client, store: Store, product: Product) -> None:
    Product.objects.filter(pk=product.pk).update(notice="Real data, CC BY 4.0")
    assert "Real data, CC BY 4.0" in browser.get(TODAY).content.decode()


def test_more_goals_and_metrics_cost_no_more_queries(
    browser: Client, shop: Product, access: ProductAccess, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    def grow(name: str) -> None:
        goal = create_goal(access=access, title=name, **Q1)
        add_key_result(access=access, goal=goal, metric_id=pinned(access, name).pk, baseline=0, target=9)

    grow("First")
    browser.get(TODAY)
    with django_assert_num_queries(TODAY_QUERIES):
        browser.get(TODAY)
    for name in ("Second", "Third", "Fourth"):
        grow(name)
    with django_assert_num_queries(TODAY_QUERIES):
        browser.get(TODAY)


TODAY_QUERIES = 15
