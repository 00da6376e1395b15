"""Cycles, north star, sheets and calendar are one click from every page about goals, and found by the palette."""

import re

import pytest
from django.test import Client

from yunying.apps.goals.models import Goal, KeyResult
from yunying.apps.goals.pages import PAGES, tabs
from yunying.apps.goals.services import create_cycle
from yunying.apps.goals.urls import urlpatterns
from yunying.platform.products.access import ProductAccess

pytestmark = pytest.mark.usefixtures("clock", "store")
LINES = [
    "/p/tea/goals/",
    "/p/tea/goals/cycles/",
    "/p/tea/goals/north-star/",
    "/p/tea/goals/exchange/",
    "/p/tea/goals/calendar/",
]


@pytest.mark.parametrize(
    ("path", "current"),
    [
        ("", "list"),
        ("?view=table", "list"),
        ("new/", "list"),
        ("{goal}/", "list"),
        ("{goal}/edit/", "list"),
        ("{goal}/move/", "list"),
        ("{goal}/close/", "list"),
        ("{goal}/check-in/", "list"),
        ("{goal}/key-results/new/", "list"),
        ("key-results/{result}/", "list"),
        ("key-results/{result}/readings/", "list"),
        ("cycles/", "cycles"),
        ("cycles/new/", "cycles"),
        ("cycles/{cycle}/", "cycles"),
        ("cycles/{cycle}/edit/", "cycles"),
        ("cycles/{cycle}/close/", "cycles"),
        ("north-star/", "north_star"),
        ("north-star/new/", "north_star"),
        ("exchange/", "exchange"),
        ("calendar/", "calendar"),
    ],
)
def test_every_page_links_all_and_marks_its_own(
    browser: Client, access: ProductAccess, goal: Goal, key_result: KeyResult, path: str, current: str
) -> None:
    cycle = create_cycle(access=access, name="Q1", start=goal.start, due=goal.due)
    here = path.format(goal=goal.pk, result=key_result.pk, cycle=cycle.pk)
    page = browser.get(f"/p/tea/goals/{here}").content.decode()
    line = re.search(r'<nav class="goal-tabs goal-pages".*?</nav>', page, re.DOTALL)
    assert line is not None
    assert re.findall(r'<a href="([^"]+)"', line[0]) == LINES
    marked = re.findall(r'href="([^"]+)" aria-current', line[0])
    assert marked == [LINES[[one.name for one in PAGES].index(current)]]


def test_every_address_belongs_to_one_page() -> None:
    names = {pattern.name for pattern in urlpatterns}
    assert {name for page in PAGES for name in {page.name, *page.below}} <= names
    for name in names:
        assert [tab.current for tab in tabs("tea", str(name))].count("") == len(PAGES) - 1


@pytest.mark.parametrize(("query", "url"), [("cycle", LINES[1]), ("north", LINES[2])])
def test_the_palette_finds_them(browser: Client, access: ProductAccess, query: str, url: str) -> None:
    assert url in browser.get(f"/ui/palette?product=tea&q={query}").content.decode()


@pytest.mark.parametrize("slug", ["elsewhere", "no such/slug", ""])
def test_the_palette_names_no_pages_of_products_one_does_not_see(browser: Client, slug: str) -> None:
    page = browser.get("/ui/palette", {"product": slug, "q": "north"})
    assert page.status_code == 200
    assert "north-star" not in page.content.decode()
