import json
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client

from tests.apps.insights.shop import event
from tests.conftest import Cast
from yunying.apps.insights.dashboards.models import Dashboard, Tile, Visit
from yunying.apps.insights.dashboards.services import save_variant, update_tile
from yunying.apps.insights.models import Report
from yunying.apps.tracking.ingest import Ingest
from yunying.base.clock import FixedClock
from yunying.platform.accounts.models import User
from yunying.platform.products.access import ProductAccess
from yunying.store import Store

LIST = "/p/tea/insights/dashboards/"
HTMX = {"HX-Request": "true"}


def page_of(dashboard: Dashboard) -> str:
    return f"{LIST}{dashboard.pk}/"


def load_tiles(browser: Client, page: str) -> None:
    """What htmx does with the tiles that nobody has computed."""
    for url in re.findall(r'hx-get="([^"]+/tiles/[^"]+)"', browser.get(page).content.decode()):
        assert browser.get(url.replace("&amp;", "&")).status_code == 200


def stamps(html: str) -> str:
    found = re.findall(r'id="tile-(\d+)-body" data-db-stamp="(\w+)"', html)
    return ",".join(f"{tile}.{stamp}" for tile, stamp in found)


def test_an_empty_list_offers_a_first_dashboard(browser: Client, store: Store) -> None:
    assert "No dashboard yet" in browser.get(LIST).content.decode()


def test_texts_and_metrics_are_there_at_once_and_reports_follow(browser: Client, dashboard: Dashboard) -> None:
    page = browser.get(page_of(dashboard)).content.decode()
    assert "<h2>Tea</h2>" in page
    assert "Daily orders" in page
    assert page.count('hx-trigger="load"') == 1
    load_tiles(browser, page_of(dashboard))
    again = browser.get(page_of(dashboard)).content.decode()
    assert 'hx-trigger="load"' not in again
    assert "Orders a day" in again


def test_an_unchanged_page_asks_no_engine_and_few_queries(
    browser: Client, dashboard: Dashboard, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries
) -> None:
    load_tiles(browser, page_of(dashboard))

    def refuse(*_args: object, **_named: object) -> None:
        raise AssertionError("the engine was asked")

    monkeypatch.setattr("yunying.apps.insights.answers.run", refuse)
    browser.get(page_of(dashboard))
    # Session, user, product and role; then dashboard, variants, tiles, names, events, merges and notes;
    # the product switcher and the bell of the frame.
    with django_assert_num_queries(13):
        assert browser.get(page_of(dashboard)).status_code == 200


def test_more_tiles_cost_no_more_queries(
    browser: Client, dashboard: Dashboard, report: Report, django_assert_num_queries
) -> None:
    Tile.objects.bulk_create(Tile(dashboard=dashboard, kind="report", report=report, w=3) for _n in range(9))
    load_tiles(browser, page_of(dashboard))
    with django_assert_num_queries(13):
        browser.get(page_of(dashboard))


def test_the_bar_narrows_all_tiles_that_follow_it(browser: Client, access: ProductAccess, dashboard: Dashboard) -> None:
    tile = Tile.objects.get(dashboard=dashboard, kind="report")
    uk = "?bar=1&f0.of=event&f0.property=country&f0.operator=exact&f0.value=UK"
    path = f"{page_of(dashboard)}tiles/{tile.pk}/"
    assert '"values": [0, 3, 1, 2, 0]' in browser.get(path).content.decode()
    assert '"values": [0, 0, 1, 0, 0]' in browser.get(path + uk).content.decode()
    update_tile(access=access, dashboard=dashboard, tile=tile, version=dashboard.version, follows=False)
    assert '"values": [0, 3, 1, 2, 0]' in browser.get(path + uk).content.decode()


def test_a_metric_under_a_range_is_the_whole_range(browser: Client, dashboard: Dashboard) -> None:
    tile = Tile.objects.get(dashboard=dashboard, kind="metric")
    path = f"{page_of(dashboard)}tiles/{tile.pk}/?bar=1&range=custom&from=2026-03-02&to=2026-03-04"
    assert '<div class="yy-number-value">6</div>' in browser.get(path).content.decode()


def test_a_range_that_ends_before_it_begins_is_said_once(browser: Client, dashboard: Dashboard) -> None:
    page = browser.get(page_of(dashboard) + "?bar=1&range=custom&from=2026-03-05&to=2026-03-01").content.decode()
    assert page.count("Choose a later end") == 1


def test_a_default_variant_is_where_everybody_begins(
    browser: Client, access: ProductAccess, dashboard: Dashboard
) -> None:
    uk = "bar=1&f0.of=event&f0.property=country&f0.operator=exact&f0.value=UK"
    variant = save_variant(access=access, dashboard=dashboard, name="Kingdom", query=uk, default=True)
    state = browser.get(page_of(dashboard)).context["state"]
    assert (state.variant, state.changed, state.bar.filters[0].values) == (variant, False, ("UK",))
    assert browser.get(page_of(dashboard) + "?bar=1").context["state"].variant is None
    changed = browser.get(f"{page_of(dashboard)}?bar=1&variant={variant.pk}").context["state"]
    assert changed.changed


def test_nothing_changed_is_answered_with_nothing(browser: Client, dashboard: Dashboard, clock: FixedClock) -> None:
    browser.get(page_of(dashboard))
    clock.advance(timedelta(seconds=60))
    have = stamps(browser.get(page_of(dashboard)).content.decode())
    clock.advance(timedelta(seconds=60))
    answer = browser.get(f"{page_of(dashboard)}changed/?have={have}")
    assert (answer.status_code, answer.content) == (204, b"")


def test_new_events_change_the_tiles_that_ask_and_no_text(
    browser: Client, dashboard: Dashboard, clock: FixedClock
) -> None:
    browser.get(page_of(dashboard))
    clock.advance(timedelta(seconds=60))
    have = stamps(browser.get(page_of(dashboard)).content.decode())
    late = event(dashboard.product_id, "zoe", "2026-03-04T15:00", country="CN", amount=1)
    Ingest().write([late], token="late")
    answer = browser.get(f"{page_of(dashboard)}changed/?have={have}").json()
    kinds = set(Tile.objects.filter(pk__in=answer["changed"]).values_list("kind", flat=True))
    assert kinds == {"report", "metric"}


def test_an_answer_that_came_right_behind_new_events_is_asked_for_again(
    browser: Client, dashboard: Dashboard, clock: FixedClock
) -> None:
    have = stamps(browser.get(page_of(dashboard)).content.decode())
    clock.advance(timedelta(seconds=60))
    assert browser.get(f"{page_of(dashboard)}changed/?have={have}").status_code == 200


def test_what_cannot_be_answered_is_said_in_its_tile(
    browser: Client, access: ProductAccess, dashboard: Dashboard
) -> None:
    tile = Tile.objects.get(dashboard=dashboard, kind="report")
    bad = "?bar=1&f0.of=event&f0.property=x&f0.operator=regex&f0.value=("
    page = browser.get(f"{page_of(dashboard)}tiles/{tile.pk}/{bad}")
    assert page.status_code == 200
    assert "db-problem" in page.content.decode()


def test_a_layout_sent_by_the_page_is_kept(browser: Client, dashboard: Dashboard) -> None:
    tile = Tile.objects.get(dashboard=dashboard, kind="metric")
    places = json.dumps([{"id": tile.pk, "x": 9, "y": 0, "w": 3, "h": 3}])
    sent = {"version": dashboard.version, "places": places}
    assert browser.post(f"{page_of(dashboard)}arrange/", sent).status_code == 302
    tile.refresh_from_db()
    assert (tile.x, tile.y) == (9, 2)


@pytest.mark.parametrize("places", ["", "[1]", '{"a": 1}', '[{"id": 1}]', "null"])
def test_a_layout_nobody_can_read_changes_nothing(browser: Client, dashboard: Dashboard, places: str) -> None:
    before = list(Tile.objects.values_list("pk", "x", "y"))
    sent = {"version": dashboard.version, "places": places}
    assert browser.post(f"{page_of(dashboard)}arrange/", sent).status_code in (302, 400)
    assert list(Tile.objects.values_list("pk", "x", "y")) == before


def test_who_may_only_look_sees_no_tools(as_user: Callable[[User], Client], people: Cast, dashboard: Dashboard) -> None:
    browser = as_user(people.chen)
    page = browser.get(page_of(dashboard) + "?edit=1").content.decode()
    assert "db-grip" not in page
    assert browser.post(f"{page_of(dashboard)}delete/").status_code == 403


def test_tiles_of_those_who_may_see_people_are_not_shown_to_others(
    browser: Client, as_user: Callable[[User], Client], people: Cast, dashboard: Dashboard
) -> None:
    mine = stamps(browser.get(page_of(dashboard)).content.decode()).split(",")
    theirs = stamps(as_user(people.chen).get(page_of(dashboard)).content.decode()).split(",")
    assert len(set(mine) & set(theirs)) == 1, "only the text is the same for both"


def test_pins_come_first_and_looks_are_remembered(browser: Client, people: Cast, dashboard: Dashboard) -> None:
    browser.get(page_of(dashboard))
    browser.post(f"{page_of(dashboard)}pin/", {"pinned": "1"})
    visit = Visit.objects.get(dashboard=dashboard, user=people.ada)
    assert visit.pinned
    browser.get(page_of(dashboard))
    assert Visit.objects.get().seen_at == visit.seen_at, "looks are noted once a minute"
    assert "Monday meeting" in browser.get(LIST).content.decode()


def test_a_report_is_put_on_a_dashboard_from_its_page(browser: Client, dashboard: Dashboard, report: Report) -> None:
    sent = {"report": report.pk, "dashboard": dashboard.pk}
    assert browser.post(f"{LIST}put/", sent).status_code == 302
    assert Tile.objects.filter(dashboard=dashboard, report=report).count() == 2
    browser.post(f"{LIST}put/", {"report": report.pk, "dashboard": "", "name": "Quite new"})
    assert Dashboard.objects.get(name="Quite new").tiles.count() == 1


def test_the_forms_make_and_change_tiles(browser: Client, dashboard: Dashboard, report: Report) -> None:
    new = f"{page_of(dashboard)}tiles/new/?kind=report"
    assert browser.post(new, {"report": ""}).status_code == 422
    sent = {"report": report.pk, "title": "Second", "chart": "bar", "follows": "on"}
    assert browser.post(new, sent).status_code == 302
    tile = Tile.objects.get(title="Second")
    dashboard.refresh_from_db()
    shape = {"x": 2, "y": 0, "w": 5, "h": 4, "version": dashboard.version}
    assert browser.post(f"{page_of(dashboard)}tiles/{tile.pk}/edit/", sent | shape).status_code == 302
    tile.refresh_from_db()
    assert (tile.x, tile.w, tile.h) == (2, 5, 4)
    assert browser.post(f"{page_of(dashboard)}tiles/{tile.pk}/edit/", sent | shape).status_code == 422


def test_the_cache_keeps_no_tile_that_could_not_be_answered(browser: Client, dashboard: Dashboard) -> None:
    tile = Tile.objects.get(dashboard=dashboard, kind="report")
    bad = f"{page_of(dashboard)}tiles/{tile.pk}/?bar=1&f0.property=x&f0.operator=regex&f0.value=("
    stamp = re.search(r'data-db-stamp="(\w+)"', browser.get(bad).content.decode())
    assert stamp and cache.get(f"dashboards:tile:{stamp[1]}") is None
