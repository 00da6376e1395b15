"""What the catalogue calls events and properties reaches everything a reader sees."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.mail import EmailMultiAlternatives
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from tests.conftest import Cast
from yunying.apps.insights.cohorts.services import create as create_cohort
from yunying.apps.insights.dashboards.mails import send_delivery
from yunying.apps.insights.dashboards.models import Dashboard, Delivery
from yunying.apps.insights.dashboards.services import add_tile, create_dashboard
from yunying.apps.insights.dashboards.sharing import create_link
from yunying.apps.insights.dashboards.subscriptions import subscribe
from yunying.apps.insights.kinds import named
from yunying.apps.insights.services import create_metric, create_report
from yunying.apps.tracking.models import EventDefinition, PropertyDefinition
from yunying.apps.tracking.selectors import Titles, titles
from yunying.base.clock import now
from yunying.platform.products.access import ProductAccess
from yunying.platform.products.models import Product

pytestmark = pytest.mark.usefixtures("clock")
TRENDS, FUNNELS, RETENTION = (f"/p/tea/insights/{page}/" for page in ("trends", "funnels", "retention"))
DAYS = "range=custom&from=2026-03-01&to=2026-03-05"
RANGE = {"from": "2026-03-01", "to": "2026-03-05"}
ORDERS = {"kind": "trends", "range": RANGE, "series": [{"event": "order", "measure": "sum", "property": "amount"}]}


@pytest.fixture(autouse=True)
def renamed(journey: Product) -> Iterator[Product]:
    """The journey, whose catalogue calls its events by names of people."""
    for name, en, zh in (("order", "Order placed", "下单"), ("visit", "Visit of the shop", "")):
        EventDefinition.objects.filter(product=journey, name=name).update(title_en=en, title_zh=zh)
    PropertyDefinition.objects.filter(product=journey, of="event", name="amount").update(title_en="Amount paid")
    PropertyDefinition.objects.filter(product=journey, of="event", name="channel").update(title_zh="渠道")
    yield journey


def board(browser: Client, address: str) -> Any:
    return browser.get(address).context["board"]


def test_lines_and_definitions_of_trends_are_called_as_the_catalogue_says(browser: Client) -> None:
    shown = board(
        browser, f"{TRENDS}?{DAYS}&s0.event=order&s0.measure=sum&s0.property=amount&s1.event=visit&b0.property=channel"
    )
    assert shown.chart.series[0].name.startswith("Order placed – Sum")
    assert "A: Order placed – Sum (Amount paid)" in shown.definition
    assert "Broken down by 渠道" in shown.definition
    assert shown.title == "Order placed · Visit of the shop"


def test_a_label_somebody_gave_wins(browser: Client) -> None:
    shown = board(browser, f"{TRENDS}?{DAYS}&s0.event=order&s0.label=Mine")
    assert [series.name for series in shown.chart.series] == ["Mine"]


def test_each_reader_reads_their_own_language(browser: Client, people: Cast) -> None:
    people.ada.language = "zh-hans"
    people.ada.save()
    shown = board(browser, f"{TRENDS}?{DAYS}&s0.event=order&s1.event=visit&s2.event=leave")
    assert shown.title == "下单 · Visit of the shop · leave"


def test_steps_of_a_funnel_are_called_as_the_catalogue_says(browser: Client) -> None:
    address = f"{FUNNELS}?{DAYS}&t0.e0.event=visit&t1.e0.event=order&b0.property=channel"
    heads = board(browser, address).grids[0].heads
    assert heads[1:3] == ("1. Visit of the shop", "2. Order placed")
    (chart,) = board(browser, f"{FUNNELS}?{DAYS}&t0.e0.event=visit&t1.e0.event=order").charts
    assert chart.title == "Visit of the shop → Order placed"
    assert [str(label).partition("\n")[0] for label in chart.labels] == ["1. Visit of the shop", "2. Order placed"]
    assert "Step 2: Order placed." in chart.definition
    shown = board(browser, f"{FUNNELS}?{DAYS}&t0.e0.event=visit&t1.e0.event=order&display=times")
    assert shown.charts[0].title == "From “Visit of the shop” to “Order placed”"
    assert shown.grids[0].rows[1].head == "2. Order placed"


def test_retention_is_told_in_the_names_of_the_catalogue(browser: Client) -> None:
    shown = board(browser, f"{RETENTION}?{DAYS}&start.event=visit&return.event=order&period=day")
    assert shown.title == "Visit of the shop → Order placed"
    assert "people who did Visit of the shop in that period" in shown.definition


def test_the_people_behind_a_number_are_named_alike_and_still_found(browser: Client) -> None:
    shown = board(browser, f"{FUNNELS}?{DAYS}&t0.e0.event=visit&t1.e0.event=order")
    cell = shown.grids[0].rows[1].cells[0]
    page = browser.get(cell.url)
    assert "Reached “2. Order placed”" in page.content.decode()
    assert str(page.context["found"].total) == cell.text == "2"
    asked = json.loads(parse_qs(urlsplit(cell.url).query)["spec"][0])
    assert asked["steps"][1]["events"][0]["event"] == "order"


def test_files_have_the_same_names_in_their_heads(browser: Client) -> None:
    found = browser.get(f"{TRENDS}?{DAYS}&s0.event=order&s1.event=visit&export=csv")
    head = found.getvalue().decode("utf-8-sig").split("\n")[0]
    assert "Order placed – Events" in head


def test_the_name_in_code_stands_beside_the_answer(browser: Client) -> None:
    page = browser.get(f"{TRENDS}?{DAYS}&s0.event=order")
    assert page.context["board"].names == (("Order placed", "order"),)
    assert "Order placed = <code>order</code>" in page.content.decode()
    assert 'value="order"' in page.content.decode()
    assert not board(browser, f"{TRENDS}?{DAYS}&s0.event=leave").names


def test_a_metric_says_what_it_counts(browser: Client, access: ProductAccess) -> None:
    metric = create_metric(access=access, name="Money", spec=ORDERS, unit="number", direction="up", window="day")
    assert "Order placed – Sum (Amount paid)" in browser.get(f"/p/tea/insights/metrics/{metric.pk}/").content.decode()


def test_a_cohort_is_told_in_the_names_of_the_catalogue(browser: Client, access: ProductAccess) -> None:
    did = {"kind": "did", "event": "order", "times": {"op": "gte", "count": 2}, "within": None}
    cohort = create_cohort(access, name="Twice", definition={"op": "and", "items": [did]})
    assert (
        "did “Order placed” at least 2 times" in browser.get(f"/p/tea/insights/cohorts/{cohort.pk}/").content.decode()
    )


def dashboard_with(access: ProductAccess, count: int) -> Dashboard:
    made = create_dashboard(access=access, name=f"With {count}")
    spec = {**ORDERS, "series": [*ORDERS["series"], {"event": "visit"}]}
    for number in range(count):
        report = create_report(access=access, name=f"Report {number}", spec=spec)
        add_tile(access=access, dashboard=made, kind="report", report=report)
    return made


def test_tiles_are_drawn_in_the_names_of_the_catalogue(browser: Client, access: ProductAccess) -> None:
    made = dashboard_with(access, 1)
    page = browser.get(f"/p/tea/insights/dashboards/{made.pk}/tiles/{made.tiles.get().pk}/").content.decode()
    assert "Order placed – Sum" in page and "Visit of the shop – Events" in page


def test_a_mail_is_told_in_the_names_of_its_readers_language(
    people: Cast, access: ProductAccess, mailoutbox: list[EmailMultiAlternatives]
) -> None:
    people.bo.language = "zh-hans"
    people.bo.save(update_fields=["language"])
    made = dashboard_with(access, 1)
    ids = [people.ada.pk, people.bo.pk]
    ordered = subscribe(access=access, dashboard=made, user_ids=ids, weekdays=[5], hour=9)
    send_delivery(Delivery.objects.create(subscription=ordered, due_at=now()))
    told = {one.to[0]: (one.body, str(one.alternatives[0][0])) for one in mailoutbox}
    assert all("Order placed – " in part and "下单" not in part for part in told["ada@example.com"])
    # An event without a name in a language is called by its other one.
    assert all("下单 – " in part and "Visit of the shop – " in part for part in told["bo@example.com"])


@pytest.mark.parametrize(("language", "name"), [("en", "Order placed – "), ("zh-hans", "下单 – ")])
def test_a_shared_link_is_told_in_the_names_of_its_readers_language(
    access: ProductAccess, language: str, name: str
) -> None:
    made = dashboard_with(access, 1)
    _link, secret = create_link(access=access, dashboard=made)
    stranger = Client(headers={"accept-language": language})
    body = stranger.get(f"/shared/{secret}/tiles/{made.tiles.get().pk}/").content.decode()
    assert name in body and "Visit of the shop – " in body


def test_a_new_name_shows_on_tiles_that_were_drawn_before(browser: Client, access: ProductAccess) -> None:
    made = dashboard_with(access, 1)
    address = f"/p/tea/insights/dashboards/{made.pk}/tiles/{made.tiles.get().pk}/"
    assert "Visit of the shop – Events" in browser.get(address).content.decode()
    EventDefinition.objects.filter(name="visit").update(title_en="Somebody came")
    assert "Somebody came – Events" in browser.get(address).content.decode()


def test_all_tiles_of_a_dashboard_cost_one_look_up(browser: Client, access: ProductAccess) -> None:
    made = dashboard_with(access, 4)
    for tile in made.tiles.all():
        browser.get(f"/p/tea/insights/dashboards/{made.pk}/tiles/{tile.pk}/")
    with CaptureQueriesContext(connection) as seen:
        browser.get(f"/p/tea/insights/dashboards/{made.pk}/")
    assert len([one for one in seen if "title_zh" in one["sql"]]) == 1


def test_names_are_looked_up_once(journey: Product, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(1):
        found = titles(journey.pk, "en")
    with django_assert_num_queries(0):
        assert named(ORDERS, found)["series"][0]["event"] == "Order placed"


def test_only_names_are_exchanged() -> None:
    known = Titles({"order": "Order"}, {("event", "amount"): "Amount", ("person", "plan"): "Plan"})
    filters = {
        "op": "and",
        "items": [
            {"of": "person", "property": "plan", "operator": "exact", "values": ["order"]},
            {"property": "plan", "operator": "is_set"},
        ],
    }
    told = named({"kind": "order", "series": [{"event": None, "label": "order"}], "filters": filters}, known)
    assert told["filters"]["items"][0] == {"of": "person", "property": "Plan", "operator": "exact", "values": ["order"]}
    assert told["filters"]["items"][1]["property"] == "plan"
    assert told["series"] == [{"event": None, "label": "order"}] and told["kind"] == "order"


def test_cohorts_are_called_by_their_names(browser: Client, access: ProductAccess) -> None:
    did = {"op": "and", "items": [{"kind": "did", "event": "order"}]}
    few, many = (create_cohort(access, name=name, definition=did) for name in ("Few", "Many"))
    only = f"f0.of=cohort&f0.operator=in_cohort&f0.value={few.pk}&f0.value={many.pk}"
    by = f"b0.of=cohort&b0.property={few.pk}&b1.of=cohort&b1.property={many.pk}"
    shown = board(browser, f"{TRENDS}?{DAYS}&s0.event=order&{only}&{by}")
    assert "only where in the cohort Few, Many" in shown.definition
    assert "Broken down by cohort “Few”, cohort “Many”." in shown.definition
    rest = {**ORDERS, "filters": {"op": "and", "items": [{"operator": "not_in_cohort", "values": [few.pk]}]}}
    metric = create_metric(access=access, name="Rest", spec=rest, unit="number", direction="up", window="day")
    assert "not in the cohort Few" in browser.get(f"/p/tea/insights/metrics/{metric.pk}/").content.decode()
