from datetime import date, timedelta
from typing import Any

import pytest

from tests.apps.insights.shop import event
from yunying.apps.insights.models import Metric
from yunying.apps.insights.readings import metric_history, metric_recent
from yunying.apps.insights.services import create_metric
from yunying.apps.tracking.ingest import Ingest
from yunying.base.clock import FixedClock
from yunying.platform.products.access import ProductAccess
from yunying.platform.products.models import Product

ORDERS: dict[str, Any] = {
    "kind": "trends",
    "range": {"last": 30, "unit": "day"},
    "series": [{"event": "order", "measure": "count"}],
}
PEOPLE: dict[str, Any] = {
    "kind": "trends",
    "range": {"last": 30, "unit": "day"},
    "series": [{"event": "order", "measure": "people"}],
}

pytestmark = pytest.mark.usefixtures("clock")


def metric(access: ProductAccess, spec: dict[str, object], window: str) -> Metric:
    return create_metric(access=access, name=window, spec=spec, unit="count", direction="up", window=window)


def test_a_total_grows_day_by_day_from_the_start_and_includes_today(access: ProductAccess, shop: Product) -> None:
    total = metric(access, ORDERS, "total")
    points = metric_history(shop, total, date(2026, 3, 1), date(2026, 3, 31))
    assert [(p.on.day, p.value, p.whole) for p in points] == [
        (1, 0, True),
        (2, 3, True),
        (3, 4, True),
        (4, 6, True),
        (5, 6, False),
    ]


def test_a_total_of_people_counts_each_of_them_once(access: ProductAccess, shop: Product) -> None:
    total = metric(access, PEOPLE, "total")
    points = metric_history(shop, total, date(2026, 3, 2), date(2026, 3, 4))
    assert [p.value for p in points] == [2, 3, 3]


def test_whole_days_leave_today_out_and_begin_before_the_start(access: ProductAccess, shop: Product) -> None:
    daily = metric(access, PEOPLE, "day")
    points = metric_history(shop, daily, date(2026, 3, 3), date(2026, 3, 31))
    assert [(p.on.day, p.value) for p in points] == [(2, 2), (3, 1), (4, 2)]


def test_days_are_those_of_the_products_zone(access: ProductAccess, shop: Product) -> None:
    """23:59 in Shanghai on the 2nd is still the 2nd, though both midnight events share one UTC day."""
    daily = metric(access, ORDERS, "day")
    points = metric_history(shop, daily, date(2026, 3, 3), date(2026, 3, 3))
    assert [(p.on.day, p.value) for p in points] == [(2, 3), (3, 1)]


def test_a_week_is_read_only_when_it_is_over(access: ProductAccess, shop: Product, clock: FixedClock) -> None:
    weekly = metric(access, ORDERS, "week")
    assert [p.value for p in metric_history(shop, weekly, date(2026, 3, 2), date(2026, 3, 31))] == [0]

    clock.advance(timedelta(days=4))
    Ingest().write([event(shop.pk, "next", "2026-03-09T09:00")], token=f"next-{shop.pk}")
    points = metric_history(shop, weekly, date(2026, 3, 2), date(2026, 3, 31))
    assert [(p.on, p.value) for p in points] == [(date(2026, 3, 1), 0), (date(2026, 3, 8), 6)]


def test_a_formula_is_the_one_line_that_is_read(access: ProductAccess, shop: Product) -> None:
    spec = {**ORDERS, "series": [*ORDERS["series"], *PEOPLE["series"]], "formula": "A/B"}
    ratio = metric(access, spec, "day")
    points = metric_history(shop, ratio, date(2026, 3, 3), date(2026, 3, 5))
    assert [p.value for p in points] == [1.5, 1.0, 1.0]


def test_the_recent_periods_end_with_the_last_whole_one_before_the_newest_event(
    access: ProductAccess, shop: Product
) -> None:
    daily = metric(access, ORDERS, "day")
    points = metric_recent(shop, daily, count=3, as_of=date(2026, 3, 4))
    assert [(p.on.day, p.value) for p in points] == [(28, 0), (1, 0), (2, 3), (3, 1)][1:]


def test_nothing_is_read_of_a_time_that_has_not_come(access: ProductAccess, shop: Product) -> None:
    total = metric(access, ORDERS, "total")
    assert metric_history(shop, total, date(2026, 4, 1), date(2026, 4, 30)) == ()


def test_where_the_data_end_the_last_period_they_fill_is_the_last_point(
    access: ProductAccess, shop: Product, clock: FixedClock
) -> None:
    """A connection that broke on the 4th is not a product that nobody uses since."""
    daily = metric(access, ORDERS, "day")
    clock.advance(timedelta(days=30))
    points = metric_history(shop, daily, date(2026, 3, 3), date(2026, 3, 31))
    assert [(p.on.day, p.value) for p in points] == [(2, 3), (3, 1)]
