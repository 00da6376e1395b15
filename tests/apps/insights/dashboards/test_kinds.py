"""Every kind of report as a tile, as a picture and as a sheet."""

import io

import pytest
from django.test import Client
from openpyxl import load_workbook

from yunying.apps.insights.dashboards.models import Dashboard
from yunying.apps.insights.dashboards.services import add_tile
from yunying.apps.insights.models import Metric
from yunying.apps.insights.services import create_metric, create_report
from yunying.platform.products.access import ProductAccess

MARCH = {"from": "2026-03-01", "to": "2026-03-05"}
FUNNEL = {
    "kind": "funnel",
    "range": MARCH,
    "steps": [{"events": [{"event": "order"}]}, {"events": [{"event": "order"}]}],
    "window": {"count": 7, "unit": "day"},
}
RETENTION = {
    "kind": "retention",
    "range": MARCH,
    "period": "day",
    "start": {"event": "order"},
    "return": {"event": "order"},
}
BREAKDOWN = {
    "kind": "trends",
    "range": MARCH,
    "interval": "day",
    "series": [{"event": "order", "measure": "sum", "property": "amount"}],
    "breakdown": [{"of": "event", "property": "country"}],
}


@pytest.mark.parametrize("look", ["", "line", "area", "bar", "stack", "donut", "number", "table"])
@pytest.mark.parametrize(
    ("spec", "told"),
    [
        (FUNNEL, "Conversion"),
        (FUNNEL | {"display": "over_time", "interval": "day"}, "2026"),
        (RETENTION, "Mean"),
        (RETENTION | {"display": "curve"}, "Day"),
        (BREAKDOWN, "Mar"),
        (BREAKDOWN | {"display": "total"}, "UK"),
    ],
    ids=["funnel", "funnel over time", "retention", "retention curve", "breakdown", "totals"],
)
def test_a_tile_draws_any_report_in_any_way(
    browser: Client, access: ProductAccess, dashboard: Dashboard, spec: dict[str, object], told: str, look: str
) -> None:
    report = create_report(access=access, name="Any", spec=spec)
    tile = add_tile(access=access, dashboard=dashboard, kind="report", report=report, chart=look)
    body = browser.get(f"/p/tea/insights/dashboards/{dashboard.pk}/tiles/{tile.pk}/").content.decode()
    assert "db-problem" not in body
    assert told in body or look in ("number", "donut")


@pytest.mark.parametrize("spec", [FUNNEL, RETENTION, BREAKDOWN], ids=["funnel", "retention", "trends"])
def test_files_have_every_kind(
    browser: Client, access: ProductAccess, dashboard: Dashboard, spec: dict[str, object]
) -> None:
    report = create_report(access=access, name="Any", spec=spec)
    add_tile(access=access, dashboard=dashboard, kind="report", report=report)
    address = f"/p/tea/insights/dashboards/{dashboard.pk}/export/?export="
    assert browser.get(address + "png").getvalue().startswith(b"\x89PNG")
    book = load_workbook(io.BytesIO(browser.get(address + "xlsx").getvalue()))
    assert book["Any"].max_row > 1


def test_a_rate_follows_the_filters_and_keeps_its_own_period(
    browser: Client, access: ProductAccess, dashboard: Dashboard, metric: Metric
) -> None:
    rate = create_metric(access=access, name="Again", spec=FUNNEL, unit="percent", direction="up", window="week")
    tile = add_tile(access=access, dashboard=dashboard, kind="metric", metric=rate)
    path = f"/p/tea/insights/dashboards/{dashboard.pk}/tiles/{tile.pk}/"
    for query in (
        "",
        "?bar=1&range=last-7-day",
        "?bar=1&f0.of=event&f0.property=country&f0.operator=exact&f0.value=CN",
    ):
        body = browser.get(path + query).content.decode()
        assert "Again" in body and "db-problem" not in body
