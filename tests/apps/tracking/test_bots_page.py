"""The page of bots: who came, how often, on which days; people do not stand there."""

from django.urls import reverse

from yunying.apps.tracking.catalogue.bots import DAYS, bots_of
from yunying.base import clock
from yunying.store.columns import Kind

BOTS = {"Googlebot": "search_engine", "GPTBot": "ai_crawler"}


def now_ms() -> int:
    return int(clock.now().timestamp() * 1000)


def came(event, bot: str, days_ago: int = 0):
    props = {"$bot": bot, "$bot_kind": BOTS[bot]}
    return event(bot, "$pageview", ts_ms=now_ms() - days_ago * 86_400_000, **props)


def test_bots_are_counted_by_name_and_day(write, event, product, store) -> None:
    write(came(event, "Googlebot"), came(event, "Googlebot", 3), came(event, "Googlebot", 3), came(event, "GPTBot", 1))
    write(event("ann", "$pageview", ts_ms=now_ms(), note='"$bot"'), came(event, "GPTBot", DAYS + 5))
    days, rows = bots_of(product)
    assert [(row.name, row.label, row.events) for row in rows] == [
        ("Googlebot", "Search engine", 3),
        ("GPTBot", "AI crawler", 1),
    ]
    assert len(days) == DAYS and rows[0].days[-1] == 1 and rows[0].days[-4] == 2
    assert rows[1].last == days[-2]


def test_the_count_is_the_same_from_a_column_of_its_own(write, event, product, store) -> None:
    write(came(event, "Googlebot"), event("ann", ts_ms=now_ms()))
    before = bots_of(product)
    store.promote("$bot", Kind.TEXT)
    assert bots_of(product) == before


def test_the_page_shows_them_and_says_whether_reports_count_them(write, event, product, people, as_user) -> None:
    browser, url = as_user(people.ada), reverse("tracking:bots", args=[product.slug])
    empty = browser.get(url).content.decode()
    assert "No bot in the last 30 days" in empty and "Reports count these events" in empty
    write(came(event, "Googlebot"))
    product.leave_bots_out = True
    product.save()
    page = browser.get(url).content.decode()
    assert "Googlebot" in page and "Search engine" in page and "Reports leave these events out" in page
    assert browser.get(url, {"export": "csv"}).status_code == 200
