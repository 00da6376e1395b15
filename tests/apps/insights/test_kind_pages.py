"""The pages of funnels and retention."""

import json
import re
from typing import Any

import pytest
from django.test import Client

from yunying.apps.insights.models import Report
from yunying.apps.insights.services import create_report
from yunying.platform.products.access import ProductAccess
from yunying.platform.products.models import Product

pytestmark = pytest.mark.usefixtures("clock")
FUNNELS, RETENTION = "/p/tea/insights/funnels/", "/p/tea/insights/retention/"
DAYS = "range=custom&from=2026-03-01&to=2026-03-05"
STEPS = f"{DAYS}&t0.e0.event=visit&t1.e0.event=sign+up&t2.e0.event=order"
COMING_BACK = f"{DAYS}&start.event=visit&return.event=order&period=day"
SPEC = {
    "kind": "funnel",
    "range": {"from": "2026-03-01", "to": "2026-03-05"},
    "steps": [{"events": [{"event": "visit"}]}, {"events": [{"event": "order"}]}],
}
HTMX = {"HX-Request": "true", "HX-Target": "report-result"}


def grid(page: Any, name: str) -> dict[str, list[Any]]:
    """The cells of a table by the heads of its rows."""
    found = next(one for one in page.context["board"].grids if one.name == name)
    return {row.head: list(row.cells) for row in found.rows}


def test_a_funnel_shows_how_many_get_from_step_to_step(browser: Client, journey: Product) -> None:
    page = browser.get(f"{FUNNELS}?{STEPS}")
    steps = grid(page, "steps")
    assert [cells[0].text for cells in steps.values()] == ["6", "4", "2"]
    assert [cells[2].text for cells in steps.values()] == ["–", "2", "2"]
    assert steps["3. order"][1].text == "50.0%"
    assert steps["3. order"][1].note == "15.0–85.0%"
    assert page.context["board"].facts[0].text == "33.3%"


def test_every_number_of_a_funnel_opens_to_as_many_people(browser: Client, journey: Product) -> None:
    steps = grid(browser.get(f"{FUNNELS}?{STEPS}"), "steps")
    for cells in steps.values():
        for cell in cells:
            if cell.url:
                assert str(browser.get(cell.url).context["found"].total) == cell.text


def test_the_people_of_a_step_lead_to_those_who_dropped_out(browser: Client, journey: Product) -> None:
    cell = grid(browser.get(f"{FUNNELS}?{STEPS}"), "steps")["2. sign up"][0]
    page = browser.get(cell.url)
    (reached, _url, shown), (dropped, url, _other) = page.context["siblings"]
    assert (reached, shown, dropped) == ("Reached it", True, "Dropped out before it")
    assert "Reached “2. sign up”" in page.content.decode()
    other = browser.get(f"/p/tea/insights/people/{url}")
    assert sorted(row.distinct_id for row in other.context["people"]) == ["eve", "fay"]


def test_a_funnel_in_any_order_counts_how_many_steps_were_done_not_which(browser: Client, journey: Product) -> None:
    steps = grid(browser.get(f"{FUNNELS}?{STEPS}&order=unordered"), "steps")
    assert list(steps) == ["1 of 3 steps", "2 of 3 steps", "3 of 3 steps"]
    assert "Reached “2 of 3 steps”" in browser.get(steps["2 of 3 steps"][0].url).content.decode()
    times = grid(browser.get(f"{FUNNELS}?{STEPS}&order=unordered&display=times"), "times")
    assert list(times) == list(steps)


def test_a_breakdown_compares_funnels(browser: Client, journey: Product) -> None:
    page = browser.get(f"{FUNNELS}?{STEPS}&b0.property=channel")
    assert {name: cells[0].text for name, cells in grid(page, "compared").items()} == {"(no value)": "4", "search": "2"}
    assert grid(page, "dropped")["(no value)"][0].text == "2"
    for cells in grid(page, "compared").values():
        assert all(str(browser.get(c.url).context["found"].total) == c.text for c in cells if c.url)


def test_an_exclusion_takes_people_out(browser: Client, journey: Product) -> None:
    page = browser.get(f"{FUNNELS}?{STEPS}&x0.event=leave&x0.from=2&x0.to=3")
    assert [cells[0].text for cells in grid(page, "steps").values()] == ["5", "3", "1"]


@pytest.mark.parametrize("display", ["times", "over_time"])
def test_a_funnel_shows_times_and_days(browser: Client, journey: Product, display: str) -> None:
    page = browser.get(f"{FUNNELS}?{STEPS}&display={display}")
    board = page.context["board"]
    assert board.charts[0].series[0].values
    if display == "over_time":
        assert [cells[0].text for cells in grid(page, "over-time").values()] == ["0", "6", "0", "0", "0"]
        assert board.charts[0].partial_from == 1


def test_a_funnel_of_nothing_asks_for_its_steps(browser: Client, journey: Product) -> None:
    page = browser.get(FUNNELS)
    assert page.context["missing"] == "t0-e0-event"
    assert "Choose the steps" in page.content.decode()


def test_retention_shows_who_came_back_and_who_did_not(browser: Client, journey: Product) -> None:
    page = browser.get(f"{RETENTION}?{COMING_BACK}")
    cells = grid(page, "cohorts")["Mar 2, 2026"]
    assert [cell.text for cell in cells[:3]] == ["6", "33.3%", "16.7%"]
    assert cells[1].note == "2"
    opened = browser.get(cells[1].url)
    assert opened.context["found"].total == 2
    away = browser.get(f"/p/tea/insights/people/{opened.context['siblings'][1][1]}")
    assert sorted(row.distinct_id for row in away.context["people"]) == ["cai", "dan", "eve", "fay"]
    assert "did not come back" in away.content.decode()


def test_the_curve_of_retention_has_bounds(browser: Client, journey: Product) -> None:
    chart = browser.get(f"{RETENTION}?{COMING_BACK}&display=curve").context["board"].chart
    assert (chart.label_title, chart.labels[1]) == ("Period", "Day 1")
    assert chart.series[0].low[1] < chart.series[0].values[1] < chart.series[0].high[1]


def test_a_retained_value_stands_in_the_cells(browser: Client, journey: Product) -> None:
    page = browser.get(f"{RETENTION}?{COMING_BACK}&value.measure=sum&value.property=amount")
    assert grid(page, "cohorts")["Mar 2, 2026"][1].note == "20"
    shown = browser.get(f"{RETENTION}?{COMING_BACK}&value.measure=sum&value.property=amount&show=value")
    cell = grid(shown, "cohorts")["Mar 2, 2026"][1]
    assert (cell.text, cell.note) == ("20", "33.3%")


@pytest.mark.parametrize(("url", "asked"), [(FUNNELS, STEPS), (RETENTION, COMING_BACK)])
def test_every_answer_says_where_it_comes_from_and_goes_into_files(
    browser: Client, journey: Product, url: str, asked: str
) -> None:
    page = browser.get(f"{url}?{asked}").content.decode()
    for words in ("rows read", "times in Asia/Shanghai", "computed", "Compute again"):
        assert words in page
    for kind in ("csv", "xlsx"):
        assert f".{kind}" in browser.get(f"{url}?{asked}&export={kind}")["Content-Disposition"]
    partial = browser.get(f"{url}?{asked}", headers=HTMX)
    assert partial.content.decode().lstrip().startswith("<section")
    assert partial["HX-Push-Url"].startswith(url)


@pytest.mark.parametrize("url", [f"{FUNNELS}?{STEPS}", f"{RETENTION}?{COMING_BACK}"])
def test_removing_a_row_leaves_the_keyboard_somewhere(browser: Client, journey: Product, url: str) -> None:
    more = "&f0.property=a&b0.property=b&x0.event=c&h0.property=d&start.f0.property=e&t1.e1.event=f&t0.e0.f0.property=g"
    html = browser.get(url + more).content.decode()
    removing = re.findall(r'<button[^>]*value="drop-[^>]*>', html)
    targets = [re.search(r'data-yy-then="([^"]+)"', button) for button in removing]
    assert len(removing) >= 3
    assert all(found and f'id="{found[1]}"' in html for found in targets), removing


def test_buttons_reorder_without_javascript(browser: Client, journey: Product) -> None:
    page = browser.get(f"{FUNNELS}?{STEPS}&do=up-t2")
    assert [step.events[0].event for step in page.context["form"].row.steps] == ["visit", "order", "sign up"]


def test_a_report_of_any_kind_opens_on_its_own_page(browser: Client, journey: Product, access: ProductAccess) -> None:
    report = create_report(access=access, name="To order", spec=SPEC)
    opened = browser.get(f"/p/tea/insights/reports/{report.pk}/")
    assert opened["Location"] == f"{FUNNELS}?report={report.pk}"
    assert [cells[0].text for cells in grid(browser.get(opened["Location"]), "steps").values()] == ["6", "2"]
    wrong = browser.get(f"/p/tea/insights/trends/?report={report.pk}")
    assert wrong["Location"] == f"{FUNNELS}?report={report.pk}"


def test_the_list_shows_kinds_and_filters_by_them(browser: Client, journey: Product, access: ProductAccess) -> None:
    create_report(access=access, name="To order", spec=SPEC)
    trends = {"kind": "trends", "range": {"last": 7, "unit": "day"}, "series": [{"event": "visit"}]}
    create_report(access=access, name="Visits", spec=trends)
    page = browser.get("/p/tea/insights/reports/").content.decode()
    assert "To order" in page
    assert "Visits" in page
    only = browser.get("/p/tea/insights/reports/?kind=funnel").content.decode()
    assert "To order" in only
    assert "Visits" not in only


def test_a_report_is_duplicated(browser: Client, journey: Product, access: ProductAccess) -> None:
    report = create_report(access=access, name="To order", spec=SPEC)
    browser.post(f"/p/tea/insights/reports/{report.pk}/copy/")
    assert sorted(Report.objects.values_list("name", flat=True)) == ["To order", "To order (copy)"]
    assert len({json.dumps(one.spec) for one in Report.objects.all()}) == 1


def test_the_page_of_new_questions_offers_all_kinds(browser: Client) -> None:
    page = browser.get("/p/tea/insights/reports/new/").content.decode()
    for url in ("/p/tea/insights/trends/", FUNNELS, RETENTION):
        assert f'href="{url}"' in page


def test_the_people_behind_a_number_become_a_cohort(browser: Client, journey: Product) -> None:
    from yunying.apps.insights.cohorts.selectors import Cohort

    cell = grid(browser.get(f"{FUNNELS}?{STEPS}"), "steps")["2. sign up"][2]
    page = browser.get(cell.url)
    sent = {"spec": page.context["spec_json"], "point": page.context["point_json"], "name": "Lost before sign up"}
    told = browser.post("/p/tea/insights/people/keep/", sent, follow=True).content.decode()
    assert "holds these people now" in told
    assert Cohort.objects.get().size == 2
    again = browser.post("/p/tea/insights/people/keep/", sent, follow=True).content.decode()
    assert "There is already" in again


PATTERN = "t1.e0.f0.property=path&t1.e0.f0.operator=regex&t1.e0.f0.value=("


def test_reports_are_found_in_the_palette_by_a_part_of_their_name(
    browser: Client, journey: Product, access: ProductAccess
) -> None:
    report = create_report(access=access, name="From visit to order", spec=SPEC)
    found = browser.get("/ui/palette", {"q": "order visit", "product": "tea"}).content.decode()
    assert f"/p/tea/insights/reports/{report.pk}/" in found
    assert "Funnel" in found
    assert "From visit" not in browser.get("/ui/palette", {"q": "refund", "product": "tea"}).content.decode()


FORTY = "&".join(f"t{index}.e0.event=visit" for index in range(40))


@pytest.mark.parametrize(
    ("url", "field", "kept"),
    [
        (f"{FUNNELS}?{DAYS}&{FORTY}", "t39-e0-event", "t39.e0.event"),
        (
            f"{FUNNELS}?{STEPS}&t1.e0.f0.property=path&t1.e0.f0.operator=regex&t1.e0.f0.value=(",
            "t1-e0-f0-v0",
            'value="("',
        ),
        (f"{FUNNELS}?range=custom&from=1950-01-01&to=2026-03-05&t0.e0.event=visit&display=over_time", "", "1950-01-01"),
        (f"{FUNNELS}?{STEPS}&window.count=0", "window-count", "order"),
        (f"{FUNNELS}?{STEPS}&b0.property=channel&limit=1000000", "limit", 'value="1000000"'),
        (f"{FUNNELS}?{STEPS}&x0.event=leave&x0.from=3&x0.to=2", "x0-to", "leave"),
        (f"{RETENTION}?{COMING_BACK}&minimum=x", "minimum", 'value="x"'),
        (f"{RETENTION}?{COMING_BACK}&brackets=1,two", "brackets", "1,two"),
        (f"{RETENTION}?range=custom&from=2026-03-05&to=2026-03-01", "to", "2026-03-05"),
        (f"/p/tea/insights/trends/?{DAYS}&s0.event=visit&smooth=1", "smooth", 'value="1"'),
    ],
)
def test_what_cannot_be_asked_is_said_at_its_field_and_nothing_is_lost(
    browser: Client, journey: Product, url: str, field: str, kept: str
) -> None:
    page = browser.get(url)
    html = page.content.decode()
    problem = page.context["problem"]
    assert page.status_code == 200
    assert problem["detail"].endswith(".")
    if field:
        assert problem["field"] == field
        assert f'id="{field}"' in html
    assert kept in html


def test_an_event_that_never_came_is_told(browser: Client, journey: Product) -> None:
    page = browser.get(f"{FUNNELS}?{DAYS}&t0.e0.event=visit&t1.e0.event=no+such+event")
    assert any("no such event" in text for text in page.context["board"].warnings)
