"""Pages cost the same queries however much is on them."""

from datetime import date

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from yunying.apps.goals.readings import take_readings
from yunying.apps.goals.services import add_key_result, create_goal
from yunying.apps.insights.models import Metric
from yunying.platform.products.access import ProductAccess
from yunying.platform.products.models import Product

pytestmark = pytest.mark.usefixtures("clock")
Q1 = {"start": date(2026, 1, 1), "due": date(2026, 3, 31)}
# Session, user, membership and rights are part of each.
COUNTS = {"goals/": 9, "goals/?view=cards": 9, "goals/?view=table": 9, "goals/cycles/": 10, "goals/north-star/": 7}


@pytest.mark.parametrize(("path", "count"), COUNTS.items())
def test_a_page_costs_the_same_queries_with_more_on_it(
    browser: Client,
    shop: Product,
    access: ProductAccess,
    orders: Metric,
    django_assert_num_queries: DjangoAssertNumQueries,
    path: str,
    count: int,
) -> None:
    for title in ("First", "Second", "Third"):
        goal = create_goal(access=access, title=title, **Q1)
        add_key_result(access=access, goal=goal, metric_id=orders.pk, baseline=0, target=9)
        browser.get(f"/p/tea/{path}")
        with django_assert_num_queries(count):
            browser.get(f"/p/tea/{path}")


def test_a_goals_page_costs_the_same_with_more_key_results(
    browser: Client,
    shop: Product,
    access: ProductAccess,
    orders: Metric,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    goal = create_goal(access=access, title="Goal", **Q1)
    browser.get(f"/p/tea/goals/{goal.pk}/")
    for target in (9, 10, 11):
        take_readings(add_key_result(access=access, goal=goal, metric_id=orders.pk, baseline=0, target=target))
        with django_assert_num_queries(16):
            browser.get(f"/p/tea/goals/{goal.pk}/")
