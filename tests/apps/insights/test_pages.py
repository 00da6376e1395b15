import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.test import Client

from tests.conftest import Cast
from yunying.apps.insights.models import Direction, Metric, Report, Unit, Window
from yunying.apps.insights.services import create_metric, create_report
from yunying.apps.tracking.models import EventDefinition
from yunying.platform.accounts.models import User
from yunying.platform.products.access import ProductAccess
from yunying.platform.products.models import Product

TRENDS = "/p/tea/insights/trends/"
MARCH = "range=custom&from=2026-03-01&to=2026-03-05&s0.measure=people&s0.event=order"
SPEC = {
    "kind": "trends",
    "range": {"from": "2026-03-01", "to": "2026-03-05"},
    "series": [{"event": "order", "measure": "count"}],
}
HTMX = {"HX-Request": "true", "HX-Target": "report-result"}

pytestmark = pytest.mark.usefixtures("clock")


def first_total(page: Any) -> str:
    """The first number of the table."""
    return str(page.context["board"].grids[0].rows[0].cells[0].text)


def test_without_events_the_page_says_how_to_send_some(browser: Client, store: object) -> None:
    page = browser.get(TRENDS).content.decode()
    assert "No events yet" in page
    assert "/p/tea/data/setup/" in page


def test_the_address_is_the_question(browser: Client, shop: Product) -> None:
    page = browser.get(f"{TRENDS}?{MARCH}")
    assert page.status_code == 200
    assert "rows read" in page.content.decode()
    assert first_total(page) == "3"


def test_of_a_formula_the_chart_draws_the_result_and_the_table_has_its_series(browser: Client, shop: Product) -> None:
    page = browser.get(f"{TRENDS}?{MARCH}&s1.event=order&s1.measure=sum&s1.property=amount&formula=B%2FA")
    board = page.context["board"]
    assert [series.name for series in board.charts[0].series] == ["B/A"]
    assert len(board.grids[0].rows) == 3


def test_htmx_gets_only_the_answer_and_the_address_to_push(browser: Client, shop: Product) -> None:
    page = browser.get(f"{TRENDS}?{MARCH}&s0.label=", headers=HTMX)
    assert page.content.decode().lstrip().startswith("<section")
    pushed = urlsplit(page["HX-Push-Url"])
    assert parse_qs(pushed.query)["s0.event"] == ["order"]
    assert "s0.label" not in pushed.query


def test_going_back_gets_the_whole_page(browser: Client, shop: Product) -> None:
    page = browser.get(f"{TRENDS}?{MARCH}", headers=HTMX | {"HX-History-Restore-Request": "true"})
    assert "<html" in page.content.decode()


def test_a_question_that_cannot_be_asked_says_what_to_change_and_stays_editable(browser: Client, shop: Product) -> None:
    page = browser.get(f"{TRENDS}?range=custom&from=2026-03-05&to=2026-03-01&s0.measure=count")
    assert page.status_code == 200
    assert "Choose a later end" in page.content.decode()
    assert 'id="report-form"' in page.content.decode()


def test_an_empty_range_offers_the_days_with_data(browser: Client, shop: Product) -> None:
    page = browser.get(f"{TRENDS}?range=custom&from=2020-01-01&to=2020-01-31&s0.measure=count").content.decode()
    assert "Nothing happened in this time" in page
    assert "to=2026-03-04" in page


def test_an_empty_range_offers_the_days_of_the_event_that_was_asked_for(browser: Client, shop: Product) -> None:
    later = datetime(2026, 3, 9, tzinfo=UTC)
    EventDefinition.objects.create(product=shop, name="review", volume=1, first_seen=later, last_seen=later)
    asked = f"{TRENDS}?range=custom&from=2020-01-01&to=2020-01-31&s0.measure=count"
    assert "to=2026-03-09" in browser.get(asked).content.decode()
    assert "to=2026-03-04" in browser.get(f"{asked}&s0.event=order").content.decode()


def test_a_chart_of_moving_averages_compares_them_with_moving_averages(browser: Client, shop: Product) -> None:
    asked = "range=custom&from=2026-03-04&to=2026-03-05&s0.event=order&compare=previous"
    plain = browser.get(f"{TRENDS}?{asked}").context["board"].chart.series[1]
    smooth = browser.get(f"{TRENDS}?{asked}&smooth=2").context["board"].chart.series[1]
    assert (list(plain.values), list(smooth.values)) == ([3, 1], [3, 2])


def test_a_point_leads_to_the_people_behind_it_in_the_same_count(browser: Client, shop: Product) -> None:
    board = browser.get(f"{TRENDS}?{MARCH}").context["board"]
    day = board.chart.series[0].links[1]
    assert board.chart.series[0].values[1] == 2
    page = browser.get(day)
    assert page.context["found"].total == 2
    assert "2 people" in page.content.decode()
    assert page.context["what"].endswith("Mar 2, 2026")


def test_the_people_of_a_breakdown_value_are_only_its_own(browser: Client, shop: Product) -> None:
    board = browser.get(f"{TRENDS}?{MARCH}&b0.of=event&b0.property=country").context["board"]
    totals = {row.head: row.cells[0] for row in board.grids[0].rows}
    assert {name: cell.text for name, cell in totals.items()} == {"CN": "2", "UK": "1", "(no value)": "1"}
    for cell in totals.values():
        assert str(browser.get(cell.url).context["found"].total) == cell.text


def test_who_may_not_see_people_gets_no_way_to_them(
    people: Cast, as_user: Callable[[User], Client], shop: Product
) -> None:
    chen = as_user(people.chen)
    board = chen.get(f"{TRENDS}?{MARCH}").context["board"]
    assert board.grids[0].rows[0].cells[0].url == ""
    ada_url = as_user(people.ada).get(f"{TRENDS}?{MARCH}").context["board"].grids[0].rows[0].cells[0].url
    assert chen.get(ada_url).status_code == 403


def test_buttons_work_without_javascript(browser: Client, shop: Product) -> None:
    page = browser.get(f"{TRENDS}?{MARCH}&do=add-s").content.decode()
    assert 'name="s1.event"' in page
    page = browser.get(f"{TRENDS}?{MARCH}&do=add-s0.f").content.decode()
    assert 'name="s0.f0.property"' in page


def test_removing_a_row_leaves_the_keyboard_somewhere(browser: Client, shop: Product) -> None:
    asked = "&s1.measure=count&s0.f0.property=country&s0.f0.operator=exact&f0.property=country&b0.property=country"
    html = browser.get(f"{TRENDS}?{MARCH}{asked}").content.decode()
    removing = re.findall(r'<button[^>]*value="drop-[^>]*>', html)
    targets = [re.search(r'data-yy-then="([^"]+)"', button) for button in removing]
    assert len(removing) == 5
    assert all(found and f'id="{found[1]}"' in html for found in targets)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_answer_is_exported(browser: Client, shop: Product, kind: str) -> None:
    file = browser.get(f"{TRENDS}?{MARCH}&export={kind}")
    assert f".{kind}" in file["Content-Disposition"]
    if kind == "csv":
        assert "order" in b"".join(file.streaming_content).decode("utf-8-sig")


def test_saving_opens_the_report_and_saving_changes_keeps_it_one(
    browser: Client, shop: Product, access: ProductAccess
) -> None:
    sent = {"name": "Orders", "spec": json.dumps(SPEC), "query": MARCH}
    answer = browser.post("/p/tea/insights/reports/save/", sent)
    report = Report.objects.get()
    assert answer["Location"].endswith(f"?report={report.pk}")
    page = browser.get(answer["Location"])
    assert first_total(page) == "6"
    assert "Changed since it was saved" not in page.content.decode()
    changed = browser.get(f"{TRENDS}?report={report.pk}&{MARCH}").content.decode()
    assert "Changed since it was saved" in changed
    people = {**SPEC, "series": [{"event": "order", "measure": "people"}]}
    browser.post(
        "/p/tea/insights/reports/save/", {**sent, "spec": json.dumps(people), "report": report.pk, "version": 1}
    )
    assert Report.objects.get().spec["series"][0]["measure"] == "people"


def test_two_who_save_the_same_report_are_told(browser: Client, shop: Product, access: ProductAccess) -> None:
    report = create_report(access=access, name="Orders", spec=SPEC)
    sent = {"name": "Mine", "spec": json.dumps(SPEC), "report": report.pk, "version": 0}
    page = browser.post("/p/tea/insights/reports/save/", sent, follow=True).content.decode()
    assert "Somebody else changed this" in page
    assert Report.objects.get().name == "Orders"


def test_a_question_with_nested_conditions_is_shown_as_json(browser: Client, shop: Product) -> None:
    item = {"of": "event", "property": "country", "operator": "exact", "values": ["CN"]}
    spec = {**SPEC, "filters": {"op": "and", "items": [{"op": "or", "items": [item]}]}}
    page = browser.get(f"{TRENDS}?{urlencode({'spec': json.dumps(spec)})}")
    assert "nested conditions" in page.content.decode()
    assert first_total(page) == "4"


@pytest.mark.parametrize("text", ["", "[]", "{", '{"kind": 5}', "null", '{"kind":"trends","series":7}'])
def test_unreadable_json_is_an_answer_not_a_crash(browser: Client, shop: Product, text: str) -> None:
    answer = browser.get(f"{TRENDS}?{urlencode({'spec': text})}")
    assert answer.status_code in (200, 400)


def test_suggestions_come_from_what_was_sent(browser: Client, shop: Product) -> None:
    page = browser.get("/p/tea/insights/suggest/events/?for=s0.event&s0.event=ord&s0.measure=count").content.decode()
    assert '"order"' in page
    assert '"page"' not in page
    page = browser.get("/p/tea/insights/suggest/properties/?for=b0.property&b0.property=").content.decode()
    assert '"country"' in page


def test_a_question_is_pinned_as_a_metric_and_shown(browser: Client, shop: Product) -> None:
    form = browser.get(f"/p/tea/insights/metrics/new/?{MARCH}")
    assert form.context["form"]["unit"].value() == "people"
    sent = {
        "name": "Buyers",
        "unit": "people",
        "direction": "up",
        "window": "day",
        "spec": form.context["form"]["spec"].value(),
    }
    answer = browser.post("/p/tea/insights/metrics/new/", sent)
    metric = Metric.objects.get()
    assert answer["Location"].endswith(f"/metrics/{metric.pk}/")
    assert [value for _on, value in metric.recent[-2:]] == [1, 2]
    page = browser.get(answer["Location"]).content.decode()
    assert "Buyers" in page
    assert "Latest whole day" in page


def pinned_revenue(access: ProductAccess) -> Metric:
    return create_metric(
        access=access,
        name="Revenue",
        spec=SPEC | {"series": [{"event": "order", "measure": "sum", "property": "amount"}]},
        unit=Unit.MONEY,
        currency="USD",
        direction=Direction.UP,
        window=Window.DAY,
    )


REVENUE = "range=custom&from=2026-03-01&to=2026-03-05&s0.event=order&s0.measure=sum&s0.property=amount"


def test_a_metrics_question_is_answered_in_the_metrics_unit(
    browser: Client, shop: Product, access: ProductAccess
) -> None:
    metric = pinned_revenue(access)
    opened = browser.get(f"/p/tea/insights/metrics/{metric.pk}/").context["trends_url"]
    assert f"metric={metric.pk}&" in opened
    page = browser.get(f"{TRENDS}?metric={metric.pk}&{REVENUE}&s0.label=Turnover")
    board = page.context["board"]
    assert board.grids[0].rows[0].cells[0].text == "$170.00"
    assert board.chart.unit.currency == "USD"
    assert board.chart.rows[1][2][0][0] == "$60.50"
    assert f'name="metric" value="{metric.pk}"' in page.content.decode()


@pytest.mark.parametrize("changed", [REVENUE.replace("sum", "max"), REVENUE.replace("amount", "weight")])
def test_a_question_that_measures_something_else_has_lost_the_metrics_unit(
    browser: Client, shop: Product, access: ProductAccess, changed: str
) -> None:
    metric = pinned_revenue(access)
    board = browser.get(f"{TRENDS}?metric={metric.pk}&{changed}").context["board"]
    assert board.chart.unit.kind == "number"


def test_a_question_outlives_the_metric_it_was_opened_from(browser: Client, shop: Product) -> None:
    page = browser.get(f"{TRENDS}?metric=4711&{REVENUE}")
    assert first_total(page) == "170"


def test_what_cannot_be_a_metric_is_told_where_it_can_be_changed(browser: Client, shop: Product) -> None:
    page = browser.get(f"/p/tea/insights/metrics/new/?{MARCH}&b0.property=channel", follow=True)
    assert page.redirect_chain[0][0].startswith(TRENDS)
    assert "take the breakdown away first" in page.content.decode()
    assert page.context["asked"].form.breakdown[0].property == "channel"


def test_pinning_several_lines_asks_which_one(browser: Client, shop: Product) -> None:
    two = f"{MARCH}&s1.measure=count&s1.event=order"
    form = browser.get(f"/p/tea/insights/metrics/new/?{two}").context["form"]
    sent = {
        "name": "B",
        "unit": "count",
        "direction": "up",
        "window": "week",
        "line": "B",
        "spec": form["spec"].value(),
    }
    browser.post("/p/tea/insights/metrics/new/", sent)
    assert Metric.objects.get().question["series"] == [{"event": "order", "measure": "count"}]


def test_lists_invite_when_there_is_nothing(browser: Client) -> None:
    assert "No saved report yet" in browser.get("/p/tea/insights/reports/").content.decode()
    assert "No metric yet" in browser.get("/p/tea/insights/metrics/").content.decode()
