"""Cohort conditions of the filter bar, with numbers: on tiles, in variants, by shared link and by mail."""

import re

import pytest
from django.http import QueryDict
from django.test import Client

from tests.apps.insights.dashboards.test_kinds import FUNNEL, RETENTION
from yunying.apps.insights.cohorts.models import Cohort
from yunying.apps.insights.cohorts.services import create, delete, update
from yunying.apps.insights.cohorts.uses import uses_in
from yunying.apps.insights.dashboards.bar import bar_of
from yunying.apps.insights.dashboards.faces import Viewer, face_of
from yunying.apps.insights.dashboards.mails import _faces
from yunying.apps.insights.dashboards.models import Dashboard, Tile
from yunying.apps.insights.dashboards.services import add_tile, delete_variant, save_variant
from yunying.apps.insights.dashboards.sharing import create_link, revoke_link
from yunying.apps.insights.dashboards.subscriptions import subscribe
from yunying.apps.insights.services import create_report
from yunying.base.errors import Conflict
from yunying.platform.products.access import ProductAccess

MARCH = "&range=custom&from=2026-03-01&to=2026-03-05"


def did(value: str) -> dict[str, object]:
    condition = {"of": "event", "property": "country", "operator": "exact", "values": [value]}
    filters = {"op": "and", "items": [condition]}
    times = {"op": "gte", "count": 1}
    return {"op": "and", "items": [{"kind": "did", "event": "order", "filters": filters, "times": times}]}


@pytest.fixture
def chinese(access: ProductAccess, dashboard: Dashboard) -> Cohort:
    """Lin and Mei, who made four of the six orders: 3 on the second of March, 1 on the fourth."""
    return create(access, name="Ordered from China", definition=did("CN"))


def bar(cohort: Cohort, operator: str = "in_cohort") -> str:
    return f"?bar=1&f0.of=cohort&f0.property=&f0.operator={operator}&f0.value={cohort.pk}"


def body(browser: Client, dashboard: Dashboard, query: str, kind: str = "report") -> str:
    tile = Tile.objects.filter(dashboard=dashboard, kind=kind).latest("pk")
    return browser.get(f"/p/tea/insights/dashboards/{dashboard.pk}/tiles/{tile.pk}/{query}").content.decode()


def test_a_trend_counts_those_in_the_cohort_and_the_others(
    browser: Client, dashboard: Dashboard, chinese: Cohort
) -> None:
    assert '"values": [0, 3, 0, 1, 0]' in body(browser, dashboard, bar(chinese))
    assert '"values": [0, 0, 1, 1, 0]' in body(browser, dashboard, bar(chinese, "not_in_cohort"))


def test_a_metric_counts_those_in_the_cohort(browser: Client, dashboard: Dashboard, chinese: Cohort) -> None:
    assert '<div class="yy-number-value">4</div>' in body(browser, dashboard, bar(chinese) + MARCH, "metric")


@pytest.mark.parametrize(
    ("operator", "many"), [("in_cohort", 2), ("not_in_cohort", 1)], ids=["in the cohort", "not in the cohort"]
)
def test_funnels_and_retention_begin_with_those_in_the_cohort(
    access: ProductAccess, dashboard: Dashboard, chinese: Cohort, operator: str, many: int
) -> None:
    for spec in (FUNNEL, RETENTION | {"mode": "first_time", "period": "week"}):
        report = create_report(access=access, name=str(spec["kind"]), spec=spec)
        tile = add_tile(access=access, dashboard=dashboard, kind="report", report=report, chart="table")
        face = face_of(tile, bar_of(QueryDict(bar(chinese, operator)[1:])), Viewer(access))
        assert face.sheet
        column = face.sheet.heads.index("People")
        assert max(row[column] for row in face.sheet.rows) == many


def test_a_variant_a_shared_link_and_a_mail_keep_the_condition(
    browser: Client, access: ProductAccess, dashboard: Dashboard, chinese: Cohort
) -> None:
    query = bar_of(QueryDict(bar(chinese)[1:])).query
    variant = save_variant(access=access, dashboard=dashboard, name="China", query=query)
    assert '"values": [0, 3, 0, 1, 0]' in body(browser, dashboard, f"?variant={variant.pk}")

    _link, secret = create_link(access=access, dashboard=dashboard, query=variant.query)
    tile = Tile.objects.get(dashboard=dashboard, kind="report")
    shared = Client().get(f"/shared/{secret}/tiles/{tile.pk}/").content.decode()
    assert '"values": [0, 3, 0, 1, 0]' in shared
    assert "Ordered from China" not in shared

    user = access.actor.id or 0
    order = subscribe(access=access, dashboard=dashboard, user_ids=[user], weekdays=[1], hour=9, variant=variant)
    chart = next(face.chart for face in _faces(order, Viewer(access)) if face.chart)
    assert chart.series[0].values == [0, 3, 0, 1, 0]


def test_the_bar_offers_the_cohorts_to_choose_from(browser: Client, dashboard: Dashboard, chinese: Cohort) -> None:
    page = browser.get(f"/p/tea/insights/dashboards/{dashboard.pk}/{bar(chinese, 'not_in_cohort')}").content.decode()
    assert '<option value="cohort" selected>' in page
    assert '<option value="not_in_cohort" selected>' in page
    assert re.search(rf'<option value="{chinese.pk}" selected>Ordered from China</option>', page)


def test_a_changed_cohort_changes_the_tiles(
    browser: Client, access: ProductAccess, dashboard: Dashboard, chinese: Cohort
) -> None:
    before = body(browser, dashboard, bar(chinese))
    update(access=access, cohort=chinese, version=chinese.version, definition=did("UK"))
    after = body(browser, dashboard, bar(chinese))
    assert '"values": [0, 0, 1, 1, 0]' in after
    assert before != after


def test_a_report_that_rests_on_a_changed_cohort_is_asked_again(
    browser: Client, access: ProductAccess, dashboard: Dashboard, chinese: Cohort
) -> None:
    condition = {"of": "person", "operator": "in_cohort", "values": [chinese.pk]}
    report = Tile.objects.get(dashboard=dashboard, kind="report").report
    assert report
    spec = report.spec | {"filters": {"op": "and", "items": [condition]}}
    own = create_report(access=access, name="Of the cohort", spec=spec)
    add_tile(access=access, dashboard=dashboard, kind="report", report=own)
    assert '"values": [0, 3, 0, 1, 0]' in body(browser, dashboard, "")
    update(access=access, cohort=chinese, version=chinese.version, definition=did("UK"))
    assert '"values": [0, 0, 1, 1, 0]' in body(browser, dashboard, "")


def test_a_cohort_that_is_gone_is_said_in_the_bar_and_on_the_tiles(
    browser: Client, access: ProductAccess, dashboard: Dashboard, chinese: Cohort
) -> None:
    query = bar(chinese)
    delete(access=access, cohort=chinese)
    page = browser.get(f"/p/tea/insights/dashboards/{dashboard.pk}/{query}").content.decode()
    assert "a cohort that was deleted" in page
    assert "Choose another" in body(browser, dashboard, query)


def test_a_cohort_that_a_variant_or_an_open_link_asks_for_is_in_use(
    access: ProductAccess, dashboard: Dashboard, chinese: Cohort
) -> None:
    query = bar(chinese)[1:]
    variant = save_variant(access=access, dashboard=dashboard, name="China", query=query)
    link, _secret = create_link(access=access, dashboard=dashboard, query=query, label="the board")
    assert [use.name for use in uses_in(access.product)[chinese.pk]] == [
        "Monday meeting · China",
        "Monday meeting · the board",
    ]
    with pytest.raises(Conflict):
        delete(access=access, cohort=chinese)
    delete_variant(access=access, dashboard=dashboard, variant=variant)
    revoke_link(access=access, link=link)
    delete(access=access, cohort=chinese)


def test_another_side_keeps_no_value_of_the_old_one() -> None:
    to_cohort = bar_of(QueryDict("f0.of=cohort&f0.property=&f0.operator=exact&f0.value=UK")).filters[0]
    assert (to_cohort.operator, to_cohort.values) == ("in_cohort", ())
    back = bar_of(QueryDict("f0.of=event&f0.property=&f0.operator=in_cohort&f0.value=3")).filters[0]
    assert (back.operator, back.values) == ("exact", ())
