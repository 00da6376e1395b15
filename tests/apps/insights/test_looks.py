"""How a report is drawn is saved with it, and is there again when it is opened."""

import json
import re
from typing import Any

import pytest
from django.test import Client

from yunying.apps.insights.dashboards.models import Tile
from yunying.apps.insights.dashboards.services import add_tile, create_dashboard
from yunying.apps.insights.models import Report
from yunying.apps.insights.services import create_report, update_report
from yunying.base.errors import InvalidInput
from yunying.platform.audit.models import Entry
from yunying.platform.products.access import ProductAccess
from yunying.platform.products.models import Product
from yunying.platform.ui.charts import ChartKind

pytestmark = pytest.mark.usefixtures("clock")
TRENDS = "/p/tea/insights/trends/"
RANGE = {"from": "2026-03-01", "to": "2026-03-05"}
ORDERS = {"kind": "trends", "range": RANGE, "interval": "day", "series": [{"event": "order"}]}
BACK = {
    "kind": "retention",
    "range": RANGE,
    "period": "day",
    "start": {"event": "visit"},
    "return": {"event": "order"},
    "value": {"measure": "sum", "property": "amount"},
}
ADDRESS = "range=custom&from=2026-03-01&to=2026-03-05&s0.event=order"


def saved(browser: Client, look: str, **more: Any) -> Report:
    data = {"name": "Orders", "spec": json.dumps(ORDERS), "look": look, **more}
    browser.post("/p/tea/insights/reports/save/", data)
    return Report.objects.get()


def test_the_chart_is_saved_and_is_there_again(browser: Client, journey: Product) -> None:
    page = browser.get(f"{TRENDS}?{ADDRESS}&chart=bar").content.decode()
    assert '<input type="hidden" name="look" value="bar">' in page
    report = saved(browser, "bar")
    opened = browser.get(f"{TRENDS}?report={report.pk}")
    assert opened.context["board"].chart.kind is ChartKind.BAR
    assert '<option value="bar" selected>' in opened.content.decode()
    assert not opened.context["asked"].changed


def test_another_chart_is_a_change_that_can_be_saved(browser: Client, journey: Product) -> None:
    report = saved(browser, "bar")
    page = browser.get(f"{TRENDS}?report={report.pk}&{ADDRESS}&chart=area")
    assert "Changed since it was saved" in page.content.decode()
    assert page.context["board"].chart.kind is ChartKind.AREA
    saved(browser, "area", report=report.pk, version=1)
    report.refresh_from_db()
    assert (report.look, report.version) == ("area", 2)
    # Back to what needs no choice.
    page = browser.get(f"{TRENDS}?report={report.pk}&{ADDRESS}")
    assert page.context["asked"].changed
    saved(browser, "line", report=report.pk, version=2)
    report.refresh_from_db()
    assert report.look == ""


def test_a_report_saved_without_a_choice_did_not_change(
    browser: Client, access: ProductAccess, journey: Product
) -> None:
    report = create_report(access=access, name="Orders", spec=ORDERS)
    assert not browser.get(f"{TRENDS}?report={report.pk}").context["asked"].changed
    assert not browser.get(f"{TRENDS}?report={report.pk}&{ADDRESS}").context["asked"].changed


def test_the_numbers_of_a_retention_table_are_kept_too(
    browser: Client, access: ProductAccess, journey: Product
) -> None:
    report = create_report(access=access, name="Back", spec=BACK, look="value")
    page = browser.get(f"/p/tea/insights/retention/?report={report.pk}")
    assert page.context["asked"].look == "value"
    assert '<option value="value" selected>' in page.content.decode()


@pytest.mark.parametrize(
    ("look", "wish", "drawn"),
    [("", "", "area"), ("bar", "", "bar"), ("bar", "line", "line"), ("stack", "", "stacked")],
)
def test_a_tile_draws_as_the_report_was_saved_unless_it_says_otherwise(
    browser: Client, access: ProductAccess, journey: Product, look: str, wish: str, drawn: str
) -> None:
    report = create_report(access=access, name="Orders", spec=ORDERS, look=look)
    made = create_dashboard(access=access, name="All")
    add_tile(access=access, dashboard=made, kind="report", report=report)
    Tile.objects.update(chart=wish)
    tile = Tile.objects.get()
    page = browser.get(f"/p/tea/insights/dashboards/{made.pk}/tiles/{tile.pk}/").content.decode()
    assert f'"kind": "{drawn}"' in page


def test_a_tile_follows_a_chart_that_is_saved_anew(browser: Client, access: ProductAccess, journey: Product) -> None:
    report = create_report(access=access, name="Orders", spec=ORDERS)
    made = create_dashboard(access=access, name="All")
    add_tile(access=access, dashboard=made, kind="report", report=report)
    address = f"/p/tea/insights/dashboards/{made.pk}/tiles/{Tile.objects.get().pk}/"
    assert '"kind": "area"' in browser.get(address).content.decode()
    update_report(access=access, report=report, version=1, look="bar")
    assert '"kind": "bar"' in browser.get(address).content.decode()


def test_a_copy_looks_alike(browser: Client, access: ProductAccess, journey: Product) -> None:
    report = create_report(access=access, name="Orders", spec=ORDERS, look="stack")
    browser.post(f"/p/tea/insights/reports/{report.pk}/copy/")
    assert list(Report.objects.values_list("look", flat=True)) == ["stack", "stack"]


def test_what_a_kind_does_not_offer_is_refused_and_a_change_of_kind_forgets_it(
    access: ProductAccess, journey: Product
) -> None:
    with pytest.raises(InvalidInput):
        create_report(access=access, name="Orders", spec=ORDERS, look="value")
    with pytest.raises(InvalidInput):
        create_report(access=access, name="Funnel", spec=BACK, look="bar")
    report = create_report(access=access, name="Orders", spec=ORDERS, look="bar")
    update_report(access=access, report=report, version=1, spec=BACK)
    assert report.look == ""
    assert Entry.objects.filter(verb="report.changed").get().before["look"] == "bar"


def test_the_api_reads_and_writes_it(browser: Client, journey: Product) -> None:
    base = "/api/v1/products/tea/insights/reports"
    body = {"name": "Orders", "spec": ORDERS, "look": "area"}
    made = browser.post(base, body, content_type="application/json").json()
    assert made["look"] == "area"
    answer = browser.patch(f"{base}/{made['id']}", {"version": 1, "look": "bar"}, content_type="application/json")
    assert answer.json()["look"] == "bar"
    answer = browser.patch(f"{base}/{made['id']}", {"version": 2, "look": "pie"}, content_type="application/json")
    assert answer.status_code == 400 and "report.look" in answer.content.decode()


def test_a_saved_report_has_one_way_to_a_dashboard(browser: Client, access: ProductAccess, journey: Product) -> None:
    report = create_report(access=access, name="Orders", spec=ORDERS)
    page = browser.get(f"{TRENDS}?report={report.pk}").content.decode()
    assert page.count(f"dashboards/put/?report={report.pk}") == 1
    assert len(re.findall(r"Add to (a |the )?dashboard", page)) == 1
