import pytest
from django.test import Client
from django.urls import reverse

from tests.apps.insights.shop import event
from yunying.apps.insights.answers import run_report
from yunying.apps.insights.dashboards.models import Dashboard, Tile
from yunying.apps.insights.dashboards.starters import STARTERS, Starter
from yunying.apps.insights.dashboards.starting import Bound, bound, make, spec_of
from yunying.apps.insights.metric_templates.binding import Binding, Found, How
from yunying.apps.insights.metric_templates.catalogue import REVENUE, Need
from yunying.apps.insights.metric_templates.roles import ROLES
from yunying.apps.insights.models import Report
from yunying.apps.tracking.ingest import Ingest
from yunying.apps.tracking.models import EventDefinition
from yunying.apps.tracking.services import describe
from yunying.engine import parse
from yunying.platform.products.access import ProductAccess
from yunying.platform.products.models import Product
from yunying.store import Store

BY_KEY = {one.key: one for one in STARTERS}
PAGE = "/p/tea/insights/dashboards/templates/"


def everything(product: Product) -> Binding:
    """A binding in which every role is played by an event of its own name."""
    binding = Binding(product)
    binding.events = list(ROLES)
    binding.found = {key: Found(Need(key), How.NAME) for key in ROLES}
    binding.found[REVENUE] = Found(Need("order", "amount"), How.NAME, "CNY")
    return binding


def titled(tiles: list[Bound], title: str) -> Bound:
    return next(one for one in tiles if str(one.part.title) == title)


@pytest.mark.parametrize("starter", STARTERS, ids=lambda one: one.key)
def test_tiles_speak_of_roles_that_exist(starter: Starter) -> None:
    roles = {role for part in starter.parts for needed in part.needs for role in needed.split("|")}
    assert roles <= {*ROLES, REVENUE, ""}
    assert 7 <= len(starter.parts) <= 12


def test_events_and_numbers_are_found_by_their_usual_names(shop: Product) -> None:
    tiles = bound(BY_KEY["shop"], Binding(shop))
    assert titled(tiles, "Revenue").roles[REVENUE].need == Need("order", "amount")
    assert titled(tiles, "Orders").events == ("order",)
    assert titled(bound(BY_KEY["site"], Binding(shop)), "Visitors").events == ("page",)


def test_what_the_catalogue_marks_comes_first(store: Store, access: ProductAccess, product: Product) -> None:
    made = [event(product.pk, "lin", "2026-03-02T10:00", name, paid=5, amount=7) for name in ("order", "bought")]
    Ingest().write(made, token="marked")
    words = {"is_order": True, "revenue_property": "paid", "revenue_currency": "EUR"}
    describe(access=access, entries=[EventDefinition.objects.get(product=product, name="bought")], words=words)
    tiles = bound(BY_KEY["shop"], Binding(product))
    assert titled(tiles, "Revenue").roles[REVENUE].need == Need("bought", "paid")
    assert titled(tiles, "Orders").events == ("bought",)


def test_what_is_missing_is_said_and_left_out(shop: Product, access: ProductAccess) -> None:
    starter, binding = BY_KEY["shop"], Binding(shop)
    lacking = {str(one.part.title): one.missing for one in bound(starter, binding) if one.missing}
    assert lacking == {"Cancelled or returned": ("order_cancel|refund",), "From cart to order": ("cart",)}
    dashboard = make(access=access, starter=starter, binding=binding)
    assert Tile.objects.filter(dashboard=dashboard).count() == len(starter.parts) - 2


def test_one_of_several_roles_is_enough(store: Store, product: Product) -> None:
    Ingest().write([event(product.pk, "lin", "2026-03-02T10:00", "refund")], token="refund")
    assert titled(bound(BY_KEY["shop"], Binding(product)), "Cancelled or returned").events == ("refund",)


def test_no_tile_that_is_made_is_empty_even_when_its_event_ended_before_the_others(
    store: Store, access: ProductAccess, product: Product
) -> None:
    old = [event(product.pk, "lin", "2025-06-02T10:00", name, amount=5) for name in ("order", "refund", "cart_add")]
    Ingest().write([*old, event(product.pk, "lin", "2026-03-04T10:00", "page")], token="ended")
    dashboard = make(access=access, starter=BY_KEY["shop"], binding=Binding(product))
    for report in Report.objects.filter(pk__in=dashboard.tiles.values("report")):
        assert any(row.total for row in run_report(access, report.spec).result.rows), report.name


def test_accounts_are_counted_only_where_events_tell_them(browser: Client, shop: Product) -> None:
    assert titled(bound(BY_KEY["saas"], Binding(shop)), "Active accounts").missing == ("account",)
    assert "How to send events" in browser.get(f"{PAGE}saas/").content.decode()
    binding = Binding(shop)
    binding.has_accounts = True
    assert not titled(bound(BY_KEY["saas"], binding), "Active accounts").missing


def test_tiles_of_a_template_fill_the_rows(shop: Product, access: ProductAccess) -> None:
    dashboard = make(access=access, starter=BY_KEY["shop"], binding=everything(shop))
    places = list(Tile.objects.filter(dashboard=dashboard).values_list("x", "y", "w"))
    assert places[:6] == [(0, 0, 3), (3, 0, 3), (6, 0, 3), (9, 0, 3), (0, 3, 6), (6, 3, 6)]


@pytest.mark.parametrize("starter", STARTERS, ids=lambda one: one.key)
def test_every_question_of_a_template_can_be_asked(store: Store, product: Product, starter: Starter) -> None:
    for one in bound(starter, everything(product)):
        parse(spec_of(one, {"last": 30, "unit": "day"}))


def test_the_page_shows_what_fits_best_first_and_makes_it(browser: Client, shop: Product) -> None:
    page = browser.get(PAGE)
    assert page.context["cards"][0]["starter"].key == "shop"
    assert "Missing: Order cancelled / Refund" in page.content.decode()
    assert browser.post(f"{PAGE}shop/").status_code == 302
    assert Dashboard.objects.get().tiles.count() == 7
    assert browser.post(f"{PAGE}none/").status_code == 404


def test_a_preview_says_what_binds_and_where_to_go_on(browser: Client, shop: Product) -> None:
    page = browser.get(f"{PAGE}shop/").content.decode()
    assert "order · amount <small>found by its name</small>" in page
    assert 'href="#role-cart"' in page and 'id="role-cart"' in page
    assert f'href="{reverse("tracking:catalogue", args=["tea"])}"' in page
    assert not Dashboard.objects.exists()


def test_an_event_chosen_by_hand_binds_the_tiles_that_are_made(browser: Client, shop: Product) -> None:
    assert "chosen here" in browser.get(f"{PAGE}shop/?e.cart=page").content.decode()
    browser.post(f"{PAGE}shop/?e.cart=page")
    spec = Report.objects.get(name="Shop: From cart to order").spec
    assert [one["event"] for one in spec["series"]] == ["page", "order"]


def test_without_any_event_the_way_on_is_to_send_one(browser: Client, store: Store, product: Product) -> None:
    for address in (PAGE, f"{PAGE}shop/"):
        page = browser.get(address).content.decode().partition("<main")[2]
        assert "No event has come yet" in page
        assert f'href="{reverse("tracking:setup", args=["tea"])}"' in page
    assert browser.post(f"{PAGE}shop/").status_code == 422
    assert not Dashboard.objects.exists()
