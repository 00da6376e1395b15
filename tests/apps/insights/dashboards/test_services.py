import pytest

from tests.conftest import Cast
from yunying.apps.insights.dashboards.grid import Place
from yunying.apps.insights.dashboards.models import Dashboard, Tile, Variant
from yunying.apps.insights.dashboards.services import (
    MOST_TILES,
    add_tile,
    arrange,
    create_dashboard,
    delete_dashboard,
    duplicate_dashboard,
    remove_tile,
    save_variant,
    update_dashboard,
    update_tile,
)
from yunying.apps.insights.models import Report
from yunying.base.errors import Conflict, InvalidInput, LimitReached, NotAllowed
from yunying.platform.audit.models import Entry
from yunying.platform.products.access import ProductAccess


def test_who_may_only_look_changes_nothing(people: Cast) -> None:
    with pytest.raises(NotAllowed):
        create_dashboard(access=people.access("chen"), name="Mine")


def test_every_change_stands_in_the_audit_log(access: ProductAccess, dashboard: Dashboard) -> None:
    tile = Tile.objects.filter(dashboard=dashboard).last()
    assert tile is not None
    remove_tile(access=access, dashboard=dashboard, tile=tile)
    delete_dashboard(access=access, dashboard=dashboard)
    verbs = list(Entry.objects.filter(target_kind="dashboard").order_by("pk").values_list("verb", flat=True))
    added = ["dashboard.tile_added"] * 3
    assert verbs == ["dashboard.created", *added, "dashboard.tile_removed", "dashboard.deleted"]


def test_the_second_of_two_editors_is_told(access: ProductAccess, dashboard: Dashboard) -> None:
    seen = dashboard.version
    update_dashboard(access=access, dashboard=dashboard, version=seen, name="First")
    with pytest.raises(Conflict):
        update_dashboard(access=access, dashboard=dashboard, version=seen, name="Second")
    with pytest.raises(Conflict):
        arrange(access=access, dashboard=dashboard, version=seen, places=[])


@pytest.mark.parametrize("kind", ["report", "metric", "text"])
def test_a_tile_needs_what_it_shows(access: ProductAccess, dashboard: Dashboard, kind: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        add_tile(access=access, dashboard=dashboard, kind=kind)
    assert refused.value.field == kind


def test_a_full_dashboard_takes_no_more(access: ProductAccess, dashboard: Dashboard) -> None:
    Tile.objects.bulk_create(Tile(dashboard=dashboard, kind="text", text="x", w=1, h=1) for _n in range(MOST_TILES))
    with pytest.raises(LimitReached):
        add_tile(access=access, dashboard=dashboard, kind="text", text="one more")


def test_a_new_tile_lies_beside_the_last_one_where_there_is_room(access: ProductAccess) -> None:
    made = create_dashboard(access=access, name="Texts")
    for _n in range(3):
        add_tile(access=access, dashboard=made, kind="text", text="x", place=None)
    assert list(Tile.objects.filter(dashboard=made).values_list("x", "y")) == [(0, 0), (0, 2), (0, 4)]


def test_a_layout_is_laid_without_gaps(access: ProductAccess, dashboard: Dashboard) -> None:
    tiles = list(Tile.objects.filter(dashboard=dashboard))
    wanted = [Place(one.pk, n * 4, 7, 4, 3) for n, one in enumerate(tiles)]
    arrange(access=access, dashboard=dashboard, version=dashboard.version, places=wanted)
    laid = list(Tile.objects.filter(dashboard=dashboard).values_list("x", "y", "w", "h"))
    assert laid == [(0, 0, 4, 3), (4, 0, 4, 3), (8, 0, 4, 3)]


def test_a_layout_moves_no_tile_of_another_dashboard(access: ProductAccess, dashboard: Dashboard) -> None:
    other = create_dashboard(access=access, name="Other")
    foreign = add_tile(access=access, dashboard=other, kind="text", text="x")
    place = [Place(foreign.pk, 3, 3, 2, 2)]
    arrange(access=access, dashboard=dashboard, version=dashboard.version, places=place)
    foreign.refresh_from_db()
    assert (foreign.x, foreign.w) == (0, 12)


def test_changing_a_tile_keeps_what_is_not_named(access: ProductAccess, dashboard: Dashboard, report: Report) -> None:
    tile = Tile.objects.get(dashboard=dashboard, kind="report")
    update_tile(access=access, dashboard=dashboard, tile=tile, version=dashboard.version, title="Ours", chart="bar")
    tile.refresh_from_db()
    assert (tile.title, tile.chart, tile.report_id) == ("Ours", "bar", report.pk)


def test_a_copy_has_tiles_and_variants_of_its_own(access: ProductAccess, dashboard: Dashboard) -> None:
    save_variant(access=access, dashboard=dashboard, name="UK", query="bar=1", default=True)
    copy = duplicate_dashboard(access=access, dashboard=dashboard, name="Copy")
    assert Tile.objects.filter(dashboard=copy).count() == Tile.objects.filter(dashboard=dashboard).count() == 3
    assert Variant.objects.get(dashboard=copy).default


def test_only_one_variant_is_shown_first(access: ProductAccess, dashboard: Dashboard) -> None:
    save_variant(access=access, dashboard=dashboard, name="UK", query="bar=1", default=True)
    save_variant(access=access, dashboard=dashboard, name="CN", query="bar=1", default=True)
    assert [one.name for one in Variant.objects.filter(dashboard=dashboard, default=True)] == ["CN"]


def test_a_deleted_report_leaves_its_tile_with_a_word(
    access: ProductAccess, dashboard: Dashboard, report: Report
) -> None:
    report.delete()
    assert Tile.objects.get(dashboard=dashboard, kind="report").report is None
