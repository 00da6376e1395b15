"""Every kind of report as a tile, as a picture and as a sheet."""

import io
import re

import pytest
from django.test import Client
from openpyxl import load_workbook

from yunying.apps.insights.dashboards.models import Dashboard, Tile
from yunying.apps.insights.dashboards.services import add_tile
from yunying.apps.insights.models import Metric
from yunying.apps.insights.recent import refresh
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
WEEKLY = "?bar=1&interval=week"
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


def test_retention_counts_by_the_bars_interval_and_says_that_it_knows_no_comparison(
    browser: Client, access: ProductAccess, dashboard: Dashboard
) -> None:
    report = create_report(access=access, name="Back", spec=RETENTION | {"periods": 2})
    tile = add_tile(access=access, dashboard=dashboard, kind="report", report=report, chart="table")
    path = f"/p/tea/insights/dashboards/{dashboard.pk}/tiles/{tile.pk}/"
    # Three people ordered in the week from 2 March, and in no other.
    weekly = browser.get(path + "?bar=1&interval=week&range=custom&from=2026-03-02&to=2026-03-15").content.decode()
    assert "Week 1" in weekly and "Day 1" not in weekly
    assert "Not followed here" not in weekly
    compared = browser.get(path + "?bar=1&interval=quarter&compare=previous").content.decode()
    assert "Day 1" in compared
    assert "Not followed here: interval · comparison" in compared


def test_a_funnel_over_time_is_cut_by_the_bars_interval(
    browser: Client, access: ProductAccess, dashboard: Dashboard
) -> None:
    spec = FUNNEL | {"display": "over_time", "interval": "day"}
    report = create_report(access=access, name="Again", spec=spec)
    tile = add_tile(access=access, dashboard=dashboard, kind="report", report=report)
    path = f"/p/tea/insights/dashboards/{dashboard.pk}/tiles/{tile.pk}/"
    labels = [re.search(r'"labels": \[(.*?)\]', browser.get(path + query).content.decode()) for query in ("", WEEKLY)]
    assert [found[1].count('", "') + 1 for found in labels if found] == [5, 2]


def test_a_number_without_comparison_shows_none(browser: Client, dashboard: Dashboard, metric: Metric) -> None:
    refresh(metric)
    tile = Tile.objects.get(dashboard=dashboard, kind="metric")
    path = f"/p/tea/insights/dashboards/{dashboard.pk}/tiles/{tile.pk}/"
    assert "yy-number-change" in browser.get(path).content.decode()
    assert "yy-number-change" not in browser.get(path + "?bar=1&compare=none").content.decode()
    assert "Not followed here: comparison" in browser.get(path + "?bar=1&compare=year").content.decode()


def test_pictures_sheets_and_mails_say_it_too(browser: Client, access: ProductAccess, dashboard: Dashboard) -> None:
    report = create_report(access=access, name="Back", spec=RETENTION)
    add_tile(access=access, dashboard=dashboard, kind="report", report=report)
    address = f"/p/tea/insights/dashboards/{dashboard.pk}/export/?bar=1&compare=year&export=xlsx"
    book = load_workbook(io.BytesIO(browser.get(address).getvalue()))
    assert "Not followed here: comparison" in book["Back"]["A2"].value


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


UK = "bar=1&f0.of=event&f0.property=country&f0.operator=exact&f0.value=UK"


def test_what_leaves_the_page_says_by_which_conditions_it_is_narrowed(browser: Client, dashboard: Dashboard) -> None:
    told = "Counted only where country is UK."
    here = f"/p/tea/insights/dashboards/{dashboard.pk}/"
    book = load_workbook(io.BytesIO(browser.get(f"{here}export/?{UK}&export=xlsx").getvalue()))
    assert told == book["Orders a day"]["A3"].value == book["Daily orders"]["A2"].value
    assert told in browser.get(f"{here}?{UK}&screen=1").content.decode()
    assert told not in browser.get(f"{here}?{UK}").content.decode(), "the bar itself is there"
    tiles = Tile.objects.filter(dashboard=dashboard, kind="report")
    tiles.update(follows=False)
    book = load_workbook(io.BytesIO(browser.get(f"{here}export/?{UK}&export=xlsx").getvalue()))
    assert told != book["Orders a day"]["A3"].value


def test_a_narrowed_number_names_the_period_it_is_about(browser: Client, dashboard: Dashboard) -> None:
    tile = Tile.objects.get(dashboard=dashboard, kind="metric")
    path = f"/p/tea/insights/dashboards/{dashboard.pk}/tiles/{tile.pk}/"
    narrowed = browser.get(f"{path}?{UK}").content.decode()
    assert "Latest whole day until Mar 4, 2026" in narrowed and "against the day before" in narrowed
    ranged = browser.get(f"{path}?{UK}&range=custom&from=2026-03-02&to=2026-03-04").content.decode()
    assert "Mar 2, 2026 – Mar 4, 2026" in ranged
