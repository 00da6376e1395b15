import re
from datetime import date

import pytest
from django.test import Client

from tests.conftest import Cast
from yunying.apps.insights.dashboards import annotations
from yunying.apps.insights.dashboards.annotations import Mark, marks_of, noted, spans_until
from yunying.apps.insights.dashboards.models import Annotation, Dashboard, Tile
from yunying.apps.insights.dashboards.notes import annotate, change_annotation
from yunying.apps.insights.dashboards.services import create_dashboard
from yunying.apps.insights.models import Metric
from yunying.apps.insights.recent import refresh
from yunying.base.errors import Conflict, InvalidInput, NotAllowed
from yunying.platform.products.access import ProductAccess
from yunying.platform.products.models import Product
from yunying.platform.ui.charts import Chart, Series

LIST = "/p/tea/insights/dashboards/notes/"


def tile_of(browser: Client, dashboard: Dashboard) -> str:
    tile = Tile.objects.get(dashboard=dashboard, kind="report")
    return browser.get(f"/p/tea/insights/dashboards/{dashboard.pk}/tiles/{tile.pk}/").content.decode()


def test_a_note_stands_on_the_charts_and_in_the_list_beneath(
    browser: Client, access: ProductAccess, dashboard: Dashboard
) -> None:
    assert "New menu" not in tile_of(browser, dashboard)
    annotate(access=access, text="New menu", day=date(2026, 3, 3), until=date(2026, 3, 4))
    body = tile_of(browser, dashboard)
    assert '"index": 2, "until": 3, "label": "New menu"' in body
    assert "New menu\n" in body.split("yy-chart-notes")[1]


def test_a_note_of_one_dashboard_is_on_no_other(browser: Client, access: ProductAccess, dashboard: Dashboard) -> None:
    other = create_dashboard(access=access, name="Other")
    annotate(access=access, text="Elsewhere", day=date(2026, 3, 3), dashboard=other)
    assert "Elsewhere" not in tile_of(browser, dashboard)
    assert [mark.text for mark in marks_of(access.product, other.pk)] == ["Elsewhere"]


def test_a_note_out_of_the_range_is_not_drawn(browser: Client, access: ProductAccess, dashboard: Dashboard) -> None:
    annotate(access=access, text="Long ago", day=date(2025, 3, 3))
    assert "Long ago" not in tile_of(browser, dashboard)


def test_a_note_before_the_range_is_not_drawn_at_the_month_that_holds_both(
    browser: Client, access: ProductAccess, dashboard: Dashboard
) -> None:
    annotate(access=access, text="Too early", day=date(2026, 3, 2))
    annotate(access=access, text="Within", day=date(2026, 3, 4))
    tile = Tile.objects.get(dashboard=dashboard, kind="report")
    ranged = "?bar=1&range=custom&from=2026-03-03&to=2026-03-05&interval=month"
    body = browser.get(f"/p/tea/insights/dashboards/{dashboard.pk}/tiles/{tile.pk}/{ranged}").content.decode()
    assert "Within" in body and "Too early" not in body


def test_other_apps_add_marks_of_their_own(
    browser: Client, access: ProductAccess, dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(annotations, "_providers", [])

    def campaigns(product: Product, first: date, last: date) -> list[Mark]:
        return [Mark(date(2026, 3, 2), date(2026, 3, 2), "Campaign", "/p/tea/goals/")]

    annotations.add_provider(campaigns)
    annotations.add_provider(campaigns)
    body = tile_of(browser, dashboard)
    assert body.count('"label": "Campaign"') == 1
    assert 'href="/p/tea/goals/"' in body


def test_a_note_needs_words_and_ends_after_it_begins(access: ProductAccess) -> None:
    for text, until in (("  ", None), ("x", date(2026, 3, 1)), ("x" * 201, None)):
        with pytest.raises(InvalidInput):
            annotate(access=access, text=text, day=date(2026, 3, 2), until=until)


def test_the_second_of_two_editors_is_told(access: ProductAccess) -> None:
    note = annotate(access=access, text="Release", day=date(2026, 3, 2))
    change_annotation(access=access, annotation=note, version=1, text="Release 2", day=note.day)
    with pytest.raises(Conflict):
        change_annotation(access=access, annotation=note, version=1, text="Release 3", day=note.day)


def test_who_may_only_look_writes_nothing(people: Cast) -> None:
    with pytest.raises(NotAllowed):
        annotate(access=people.access("chen"), text="x", day=date(2026, 3, 2))


def test_the_pages_write_change_and_delete(browser: Client, dashboard: Dashboard) -> None:
    assert "No note yet" in browser.get(LIST).content.decode()
    assert browser.post(f"{LIST}new/", {"text": "", "day": "2026-03-02"}).status_code == 422
    sent = {"text": "Release", "day": "2026-03-02", "until": "", "dashboard": dashboard.pk}
    assert browser.post(f"{LIST}new/", sent).status_code == 302
    note = Annotation.objects.get()
    assert note.dashboard == dashboard
    assert "Release" in browser.get(LIST).content.decode()
    assert browser.post(f"{LIST}{note.pk}/edit/", sent | {"text": "Later", "version": 1}).status_code == 302
    assert browser.post(f"{LIST}{note.pk}/edit/", sent | {"version": 1}).status_code == 422
    browser.post(f"{LIST}{note.pk}/delete/")
    assert not Annotation.objects.exists()


def test_a_note_stands_on_the_pages_of_reports(browser: Client, access: ProductAccess, dashboard: Dashboard) -> None:
    annotate(access=access, text="New menu", day=date(2026, 3, 3))
    asked = "range=custom&from=2026-03-01&to=2026-03-05&s0.measure=count&s0.event=order"
    assert "New menu" in browser.get(f"/p/tea/insights/trends/?{asked}").content.decode()


def test_a_note_stands_on_the_page_of_a_metric_at_the_period_it_falls_into(
    browser: Client, access: ProductAccess, metric: Metric
) -> None:
    refresh(metric)
    annotate(access=access, text="New menu", day=date(2026, 3, 3))
    annotate(access=access, text="After all of it", day=date(2026, 4, 3))
    page = browser.get(f"/p/tea/insights/metrics/{metric.pk}/").content.decode()
    table = re.sub(r"\s+", " ", page.partition("<tbody>")[2].partition("</tbody>")[0])
    rows = [row for row in table.split("<tr>") if "New menu" in row]
    assert len(rows) == 1 and "Mar 3, 2026" in rows[0]
    assert "After all of it" not in page


def test_a_note_of_a_day_stands_at_the_week_that_holds_it(access: ProductAccess, product: Product) -> None:
    chart = Chart("weeks", "Weeks", ["8 March", "15 March"], [Series("Orders", [1, 2])])
    annotate(access=access, text="Release", day=date(2026, 3, 11))
    spans = [(date(2026, 3, 2), date(2026, 3, 8)), (date(2026, 3, 9), date(2026, 3, 15))]
    assert [note.index for note in noted(chart, product, spans).annotations] == [1]
    assert noted(chart, product, []) == chart
    assert spans_until([date(2026, 3, 8), date(2026, 3, 15)]) == [
        (date(2026, 3, 8), date(2026, 3, 8)),
        (date(2026, 3, 9), date(2026, 3, 15)),
    ]
