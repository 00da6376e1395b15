"""Metrics made from funnels and retention."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client

from tests.apps.insights.shop import event
from yunying.apps.insights.models import Metric
from yunying.apps.insights.readings import metric_history, metric_recent
from yunying.apps.insights.recent import refresh
from yunying.apps.insights.services import create_metric, update_metric
from yunying.apps.tracking.ingest import Ingest
from yunying.base.clock import FixedClock
from yunying.base.errors import InvalidInput
from yunying.platform.products.access import ProductAccess
from yunying.platform.products.models import Product

pytestmark = pytest.mark.usefixtures("clock")
RANGE = {"last": 30, "unit": "day"}
FUNNEL: dict[str, Any] = {
    "kind": "funnel",
    "range": RANGE,
    "window": {"count": 2, "unit": "day"},
    "steps": [{"events": [{"event": "visit"}]}, {"events": [{"event": "order"}]}],
}
RETENTION: dict[str, Any] = {
    "kind": "retention",
    "range": RANGE,
    "period": "day",
    "start": {"event": "visit"},
    "return": {"event": "order"},
}


def metric(access: ProductAccess, spec: dict[str, Any], **more: Any) -> Metric:
    made = {"name": "Rate", "unit": "percent", "direction": "up", "window": "day"} | more
    return create_metric(access=access, spec=spec, **made)


def values(product: Product, one: Metric, first: date, last: date) -> dict[int, float | None]:
    return {point.on.day: point.value for point in metric_history(product, one, first, last)}


def test_who_came_back_is_read_on_the_day_they_came_back(
    access: ProductAccess, journey: Product, clock: FixedClock
) -> None:
    next_day = metric(access, RETENTION, line="1")
    assert values(journey, next_day, date(2026, 3, 3), date(2026, 3, 4)) == {2: None, 3: pytest.approx(2 / 6), 4: None}


def test_conversion_is_read_when_everybody_had_their_time(access: ProductAccess, journey: Product) -> None:
    rate = metric(access, FUNNEL)
    assert values(journey, rate, date(2026, 3, 3), date(2026, 3, 4)) == {2: None, 3: None, 4: pytest.approx(2 / 6)}


def test_a_week_counts_whole_weeks_and_recent_periods_are_kept(
    access: ProductAccess, journey: Product, clock: FixedClock
) -> None:
    weekly = metric(access, FUNNEL, window="week")
    clock.advance(timedelta(days=12))
    Ingest().write([event(journey.pk, "late", "2026-03-16T09:00", name="visit")], token="late")
    points = metric_recent(journey, weekly, count=3, as_of=date(2026, 3, 17))
    assert [(point.on, point.value) for point in points] == [
        (date(2026, 3, 1), None),
        (date(2026, 3, 8), None),
        (date(2026, 3, 15), pytest.approx(2 / 6)),
    ]
    refresh(weekly)
    assert weekly.recent[-1] == ["2026-03-15", pytest.approx(2 / 6)]


def test_a_product_without_events_has_no_rate(access: ProductAccess, store: object) -> None:
    assert metric_recent(access.product, metric(access, FUNNEL), count=3, as_of=date(2026, 3, 5))[-1].value is None


@pytest.mark.parametrize(
    ("spec", "more", "field"),
    [
        (FUNNEL, {"window": "total"}, "window"),
        (RETENTION, {}, "line"),
        (RETENTION, {"line": "0"}, "line"),
        (RETENTION, {"line": "x"}, "line"),
        (RETENTION | {"on_or_after": True}, {"line": "1"}, "question"),
        (RETENTION | {"brackets": [1, 3]}, {"line": "1"}, "question"),
        (FUNNEL | {"breakdown": [{"of": "event", "property": "channel"}]}, {}, "question"),
        ({"kind": "paths"}, {}, "question"),
    ],
)
def test_a_rate_that_is_no_one_number_says_what_to_change(
    access: ProductAccess, journey: Product, spec: dict[str, Any], more: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        metric(access, spec, **more)
    assert refused.value.field == field


def test_a_rate_keeps_its_column_when_it_is_changed(access: ProductAccess, journey: Product) -> None:
    one = metric(access, RETENTION, line="2")
    update_metric(access=access, metric=one, version=1, window="week", name="Second week")
    assert one.question["column"] == 2
    assert "period" not in one.question


def test_a_rate_is_pinned_on_its_page_and_opens_its_question(browser: Client, journey: Product) -> None:
    asked = "kind=retention&start.event=visit&return.event=order&period=day"
    form = browser.get(f"/p/tea/insights/metrics/new/?{asked}").context["form"]
    assert form["unit"].value() == "percent"
    sent = {"name": "Back", "unit": "percent", "direction": "up", "window": "day", "line": "1"}
    made = browser.post("/p/tea/insights/metrics/new/", sent | {"spec": form["spec"].value()})
    page = browser.get(made["Location"])
    assert page.context["metric"].recent[-2][1] == pytest.approx(2 / 6)
    opened = browser.get(page.context["trends_url"])
    assert opened.context["asked"].kind.name == "retention"
    assert opened.context["board"].grids
