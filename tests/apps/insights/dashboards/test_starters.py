import pytest
from django.test import Client

from yunying.apps.insights.dashboards.models import Dashboard, Tile
from yunying.apps.insights.dashboards.starters import STARTERS, Binding, bind, bound, make, spec_of
from yunying.engine import parse
from yunying.platform.products.access import ProductAccess
from yunying.platform.products.models import Product

ALL = Binding(
    {role: role for starter in STARTERS for part in starter.parts for role in part.needs},
    dict.fromkeys(("order", "deal", "pay"), "amount"),
)


def test_events_and_numbers_are_found_by_their_usual_names(shop: Product, access: ProductAccess) -> None:
    binding = bind(access)
    assert binding.events["order"] == "order"
    assert binding.events["view"] == "page"
    assert binding.amounts["order"] == "amount"
    assert "sign_up" not in binding.events


def test_what_is_missing_is_said_and_left_out(shop: Product, access: ProductAccess) -> None:
    starter = next(one for one in STARTERS if one.key == "shop")
    lacking = {str(part.title): roles for part, roles in bound(starter, bind(access)) if roles}
    assert lacking == {"Cancelled or returned": ("cancel",), "From cart to order": ("cart",)}
    dashboard = make(access=access, starter=starter, binding=bind(access))
    assert Tile.objects.filter(dashboard=dashboard).count() == len(starter.parts) - 2


def test_tiles_of_a_template_fill_the_rows(shop: Product, access: ProductAccess) -> None:
    starter = next(one for one in STARTERS if one.key == "shop")
    dashboard = make(access=access, starter=starter, binding=ALL)
    places = list(Tile.objects.filter(dashboard=dashboard).values_list("x", "y", "w"))
    assert places[:6] == [(0, 0, 3), (3, 0, 3), (6, 0, 3), (9, 0, 3), (0, 3, 6), (6, 3, 6)]


@pytest.mark.parametrize("starter", STARTERS, ids=lambda one: one.key)
def test_every_question_of_a_template_can_be_asked(starter) -> None:
    for part in starter.parts:
        parse(spec_of(part, ALL, {"last": 30, "unit": "day"}))
    assert 7 <= len(starter.parts) <= 12


def test_the_page_shows_what_fits_best_first_and_makes_it(browser: Client, shop: Product) -> None:
    page = browser.get("/p/tea/insights/dashboards/templates/")
    assert page.context["cards"][0]["starter"].key == "shop"
    assert "needs an event such as cancel" in page.content.decode()
    assert browser.post("/p/tea/insights/dashboards/templates/shop/").status_code == 302
    assert Dashboard.objects.get().tiles.count() == 7
    assert browser.post("/p/tea/insights/dashboards/templates/none/").status_code == 404
