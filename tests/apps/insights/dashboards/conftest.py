from collections.abc import Iterator

import pytest

from tests.apps.insights.shop import fill
from yunying.apps.insights.dashboards.models import Dashboard
from yunying.apps.insights.dashboards.services import add_tile, create_dashboard
from yunying.apps.insights.models import Metric, Report
from yunying.apps.insights.services import create_metric, create_report
from yunying.base.clock import FixedClock
from yunying.platform.products.access import ProductAccess
from yunying.platform.products.models import Product
from yunying.store import Store

SPEC = {
    "kind": "trends",
    "range": {"from": "2026-03-01", "to": "2026-03-05"},
    "interval": "day",
    "series": [{"event": "order", "measure": "count"}],
}


@pytest.fixture
def shop(store: Store, product: Product, clock: FixedClock) -> Iterator[Product]:
    """The product with the events of a small tea shop, at noon of 5 March 2026."""
    yield fill(product)


@pytest.fixture
def report(shop: Product, access: ProductAccess) -> Report:
    return create_report(access=access, name="Orders a day", spec=SPEC)


@pytest.fixture
def metric(shop: Product, access: ProductAccess) -> Metric:
    return create_metric(access=access, name="Daily orders", spec=SPEC, unit="count", direction="up", window="day")


@pytest.fixture
def dashboard(access: ProductAccess, report: Report, metric: Metric) -> Dashboard:
    """A text, a metric and a report."""
    made = create_dashboard(access=access, name="Monday meeting", description="Every Monday at nine.")
    add_tile(access=access, dashboard=made, kind="text", text="# Tea\n\nAll about *tea*.")
    add_tile(access=access, dashboard=made, kind="metric", metric=metric)
    add_tile(access=access, dashboard=made, kind="report", report=report)
    return made
