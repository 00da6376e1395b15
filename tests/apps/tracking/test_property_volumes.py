"""How many events of the last days had a value of each property, and what is read for it."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from tests.apps.tracking.conftest import MakeEvent, Write
from tests.removing import remove
from yunying.apps.tracking import selectors
from yunying.apps.tracking.catalogue import volumes
from yunying.apps.tracking.catalogue.volumes import count_missing_days, property_volumes
from yunying.apps.tracking.models import PropertyDay
from yunying.base.clock import FixedClock
from yunying.base.errors import LimitReached, msg
from yunying.platform.products.models import Product
from yunying.store import Store

DAY_MIN = 24 * 60


@pytest.fixture(autouse=True)
def noon(clock: FixedClock) -> FixedClock:
    """5 March 2026, 12:00 UTC: the events of these tests lie at it and on the days before."""
    return clock


@pytest.fixture
def sent(write: Write, event: MakeEvent) -> None:
    write(
        event("ann", "visit", minute=-1, path="/", empty="", none=None),
        event("ann", "visit", minute=-3 * DAY_MIN, path="/tea"),
        event("ann", "order", minute=-3 * DAY_MIN, path="/pay", amount=12.5),
        event("bob", "order", minute=-20 * DAY_MIN, amount=0),
        event("bob", "order", minute=-40 * DAY_MIN, amount=7),
    )


def sums(product: Product) -> dict[str, tuple[int, int]]:
    cache.clear()
    found = property_volumes(product)
    assert found is not None
    return {name: (sum(days[-7:]), sum(days)) for name, days in found.items()}


def test_only_events_with_a_value_count_on_their_day(sent: None, product: Product) -> None:
    assert sums(product) == {"path": (3, 3), "amount": (1, 2)}
    days = selectors.property_days(product, "path")
    assert (len(days), days[-1], days[-4]) == (30, 1, 2)
    assert selectors.property_days(product, "empty") == (0,) * 30


def test_the_counts_are_those_of_reading_each_property(sent: None, product: Product, ask: Callable[..., Any]) -> None:
    for name, (_week, month) in sums(product).items():
        text = "SELECT count() FROM events FINAL WHERE product = {product:UInt32} AND ts >= {since:DateTime64(3)}"
        value = " AND JSONExtractRaw(props, {name:String}) NOT IN ('', 'null', '\"\"')"
        assert ask(text + value, name=name, since=date(2026, 2, 4)) == [(month,)]


def test_a_day_that_is_over_is_read_once(sent: None, product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    first = sums(product)
    read: list[list[date]] = []
    count = volumes._count

    def counting(product: Product, days: list[date], timeout_s: float | None) -> Any:
        read.append(days)
        return count(product, days, timeout_s)

    monkeypatch.setattr(volumes, "_count", counting)
    assert sums(product) == first
    assert [[day.isoformat() for day in days] for days in read] == [["2026-03-05"]]


def test_a_late_event_is_counted(sent: None, product: Product, write: Write, event: MakeEvent) -> None:
    assert sums(product)["path"] == (3, 3)
    write(event("eve", "visit", minute=-10 * DAY_MIN, path="/late"))
    assert sums(product)["path"] == (3, 4)


def test_what_is_taken_away_is_counted_no_more(sent: None, product: Product, store: Store) -> None:
    assert sums(product)["amount"] == (1, 2)
    remove(store, "events", "product = {product:UInt32} AND event = 'order'", product=product.pk)
    store.void_kept(product.pk)
    assert "amount" not in sums(product)


def test_the_same_event_twice_counts_once(write: Write, event: MakeEvent, product: Product) -> None:
    one = event("ann", "visit", minute=-DAY_MIN, path="/")
    write(one)
    write(one, token="again")
    assert sums(product) == {"path": (1, 1)}


def test_another_time_zone_has_other_days(sent: None, product: Product) -> None:
    before = sums(product)
    product.timezone = "America/New_York"
    product.save(update_fields=["timezone"])
    assert sums(product) == before
    assert set(PropertyDay.objects.values_list("zone", flat=True)) == {"America/New_York"}


def test_days_long_past_are_forgotten(sent: None, product: Product, noon: FixedClock) -> None:
    sums(product)
    noon.advance(timedelta(days=31))
    assert sums(product) == {}
    assert PropertyDay.objects.filter(day__lt=date(2026, 3, 7)).count() == 0


def test_the_background_counts_what_is_missing_and_nothing_twice(sent: None, product: Product) -> None:
    assert count_missing_days(product) == 29
    assert count_missing_days(product) == 0
    assert sums(product) == {"path": (3, 3), "amount": (1, 2)}


def test_the_list_shows_sorts_and_exports_them(sent: None, browser: Client, product: Product) -> None:
    address = reverse("tracking:properties", args=[product.slug])
    page = browser.get(f"{address}?sort=-week").context["table"]
    assert [(row.entry.name, row.week, row.month) for row in page.found][:2] == [("path", 3, 3), ("amount", 1, 2)]
    assert [row.entry.name for row in browser.get(f"{address}?sort=month").context["table"].found][-1] == "path"
    lines = browser.get(f"{address}?export=csv").getvalue().decode("utf-8-sig").splitlines()
    week = lines[0].split(",").index("Last 7 days")
    assert {line.split(",")[0]: line.split(",")[week : week + 2] for line in lines[1:]}["amount"] == ["1", "2"]
    sheet = browser.get(reverse("tracking:catalogue_csv", args=[product.slug])).getvalue().decode("utf-8-sig")
    assert "Events of the last 7 days with the property" in sheet.splitlines()[0]


def test_a_list_that_would_take_too_long_counts_in_the_background(
    sent: None, browser: Client, product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_long(*_given: object, **_named: object) -> None:
        raise LimitReached("query.too_long", msg("The question took too long."))

    begun: list[int] = []
    monkeypatch.setattr(volumes, "_count", too_long)
    monkeypatch.setattr("yunying.apps.tracking.pages.catalogue.enqueue", lambda _job, **named: begun.append(product.pk))
    page = browser.get(reverse("tracking:properties", args=[product.slug]))
    assert page.status_code == 200 and {row.week for row in page.context["table"].found} == {None}
    assert begun == [product.pk]
