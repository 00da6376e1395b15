from datetime import date

import pytest

from tests.apps.insights.shop import fill
from yunying.apps.goals.models import Goal, KeyResult
from yunying.apps.goals.services import add_key_result, create_goal
from yunying.apps.insights.models import Metric
from yunying.platform.products.access import ProductAccess
from yunying.platform.products.models import Product
from yunying.store import Store

ORDERS = {"kind": "trends", "series": [{"event": "order", "measure": "count"}]}


@pytest.fixture
def orders(access: ProductAccess) -> Metric:
    """A metric of the product: orders so far."""
    return Metric.objects.create(product=access.product, name="Orders", question=ORDERS, window="total")


@pytest.fixture
def goal(access: ProductAccess) -> Goal:
    """An open goal of the product for the first quarter of 2026, owned by Ada."""
    return create_goal(access=access, title="Sell more tea", start=date(2026, 1, 1), due=date(2026, 3, 31))


@pytest.fixture
def key_result(access: ProductAccess, goal: Goal, orders: Metric) -> KeyResult:
    """100 orders in the goal's period."""
    return add_key_result(access=access, goal=goal, metric_id=orders.pk, baseline=0, target=100)


@pytest.fixture
def shop(store: Store, product: Product) -> Product:
    """The product with the events of a small tea shop."""
    return fill(product)
