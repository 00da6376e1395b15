import pytest
from django.test import Client

from tests.conftest import Cast
from yunying.apps.goals.drivers import north_star
from yunying.apps.goals.models import Driver, Goal
from yunying.apps.goals.services import add_driver, add_key_result, remove_driver, update_driver
from yunying.apps.insights.models import Metric
from yunying.apps.insights.selectors import Window
from yunying.base.errors import Conflict, InvalidInput, NotFound
from yunying.platform.products.access import ProductAccess
from yunying.platform.products.models import Product

pytestmark = pytest.mark.usefixtures("clock")
ORDERS = {"event": "order", "measure": "count", "label": "Orders"}
PEOPLE = {"event": "order", "measure": "people", "label": "Customers"}


def metric(access: ProductAccess, name: str, series: list[dict[str, str]], **more: str) -> Metric:
    return Metric.objects.create(
        product=access.product, name=name, question={"kind": "trends", "series": series, **more}, window="week"
    )


@pytest.fixture
def star(access: ProductAccess) -> Driver:
    return add_driver(access=access, metric_id=metric(access, "Orders a week", [ORDERS]).pk)


def test_factors_of_the_north_star_explain_its_change_from_live_events(
    shop: Product, access: ProductAccess, star: Driver
) -> None:
    people = metric(access, "Customers", [PEOPLE])
    each = metric(access, "Orders per customer", [ORDERS, PEOPLE], formula="A/B")
    for one in (people, each):
        add_driver(access=access, metric_id=one.pk, parent_id=star.pk, relation="product")
    for period in (Window.DAY, Window.MONTH, Window.WEEK):
        root = north_star(access, period)
        assert root is not None
        assert len(root.all()) == 3
        if root.move.before and root.move.after:
            brought = [card.brings or 0 for card in root.children]
            assert sum(brought) == pytest.approx(root.move.after - root.move.before)
            assert root.note == "The drivers below explain the whole change."


def test_a_tree_shows_the_goals_bound_to_its_metrics(
    shop: Product, access: ProductAccess, goal: Goal, star: Driver
) -> None:
    add_key_result(access=access, goal=goal, metric_id=star.metric_id, baseline=0, target=10)
    root = north_star(access)
    assert root is not None
    assert [one.goal.title for one in root.bound] == ["Sell more tea"]


def test_addends_that_do_not_add_up_say_so(access: ProductAccess, star: Driver) -> None:
    part = metric(access, "Part", [PEOPLE])
    add_driver(access=access, metric_id=part.pk, parent_id=star.pk, relation="sum")
    for row, recent in ((star.metric, [10, 30]), (part, [4, 9])):
        days = [["2026-02-22", recent[0]], ["2026-03-01", recent[1]]]
        Metric.objects.filter(pk=row.pk).update(recent=days)
    root = north_star(access)
    assert root is not None
    assert root.children[0].brings_text == "brings +5, that is 25.0% of the change above"
    assert root.note.startswith("The drivers below do not explain 15 of the change")


def test_a_product_has_one_north_star_and_a_metric_one_place(
    access: ProductAccess, star: Driver, orders: Metric
) -> None:
    with pytest.raises(Conflict, match=r"driver\.north_star"):
        add_driver(access=access, metric_id=orders.pk)
    with pytest.raises(Conflict, match=r"driver\.once"):
        add_driver(access=access, metric_id=star.metric_id, parent_id=star.pk)


def test_drivers_of_one_metric_are_added_or_multiplied_not_both(
    access: ProductAccess, star: Driver, orders: Metric
) -> None:
    add_driver(access=access, metric_id=orders.pk, parent_id=star.pk, relation="sum")
    other, third = metric(access, "Other", [PEOPLE]), metric(access, "Third", [PEOPLE])
    with pytest.raises(InvalidInput, match=r"driver\.mixed"):
        add_driver(access=access, metric_id=other.pk, parent_id=star.pk, relation="product")
    assert add_driver(access=access, metric_id=third.pk, parent_id=star.pk, relation="influences").pk


def test_a_driver_cannot_lie_below_itself_nor_the_north_star_below_another(
    access: ProductAccess, star: Driver, orders: Metric
) -> None:
    child = add_driver(access=access, metric_id=orders.pk, parent_id=star.pk)
    below = add_driver(access=access, metric_id=metric(access, "Below", [PEOPLE]).pk, parent_id=child.pk)
    with pytest.raises(InvalidInput, match=r"driver\.circle"):
        update_driver(access=access, driver=child, version=1, parent_id=below.pk)
    with pytest.raises(InvalidInput, match=r"driver\.top"):
        update_driver(access=access, driver=star, version=1, parent_id=below.pk)


def test_removing_a_driver_takes_what_is_below_and_keeps_the_metrics(
    access: ProductAccess, star: Driver, orders: Metric
) -> None:
    add_driver(access=access, metric_id=orders.pk, parent_id=star.pk)
    remove_driver(access=access, driver=star)
    assert not Driver.objects.exists()
    assert Metric.objects.count() == 2


def test_another_products_metric_or_driver_looks_absent(people: Cast, star: Driver, orders: Metric) -> None:
    dee = people.access("dee")
    theirs = Metric.objects.create(product=dee.product, name="Theirs", question={})
    with pytest.raises(NotFound):
        add_driver(access=dee, metric_id=orders.pk)
    with pytest.raises(NotFound):
        add_driver(access=dee, metric_id=theirs.pk, parent_id=star.pk)


def test_the_pages_lead_from_nothing_to_a_tree(
    browser: Client, shop: Product, access: ProductAccess, orders: Metric
) -> None:
    here = "/p/tea/goals/north-star/"
    assert "Choose the north star" in browser.get(here).content.decode()
    browser.post(f"{here}new/", {"metric": orders.pk, "note": "Why we are here", "version": 1})
    star = Driver.objects.get()
    below = metric(access, "Customers", [PEOPLE])
    sent = {"metric": below.pk, "parent": star.pk, "relation": "influences", "version": 1}
    browser.post(f"{here}new/", sent)
    page = browser.get(f"{here}?by=month").content.decode()
    assert "Why we are here" in page
    assert "Customers" in page
    assert "Customers" in b"".join(browser.get(f"{here}?export=csv").streaming_content).decode("utf-8-sig")


def test_where_no_metric_is_left_the_form_leads_to_templates(browser: Client, access: ProductAccess) -> None:
    page = browser.get("/p/tea/goals/north-star/new/").content.decode()
    assert "/p/tea/insights/metrics/templates/" in page
    assert 'name="metric"' not in page
    metric(access, "Orders a week", [ORDERS])
    assert 'name="metric"' in browser.get("/p/tea/goals/north-star/new/").content.decode()
