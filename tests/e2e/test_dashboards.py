"""Dashboards in a real browser: the filter bar, moving tiles by keyboard, and embedding."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import Server, new_context, watch_errors

pytestmark = pytest.mark.e2e
DASHBOARD = "/p/tea/insights/dashboards/1/"


@pytest.fixture
def board(chromium: Browser, shop: Server, session: Path) -> Iterator[Page]:
    context = new_context(chromium, shop, state=session)
    page = context.new_page()
    errors = watch_errors(page)
    page.goto(DASHBOARD)
    yield page
    context.close()
    assert errors == []


def test_the_filter_bar_is_worked_by_keyboard_and_stands_in_the_address(board: Page) -> None:
    board.get_by_role("button", name="Filter").click()
    board.get_by_label("Property", exact=True).fill("city")
    board.keyboard.press("Tab")
    expect(board).to_have_url(re.compile("f0.property=city"))
    board.get_by_label("Value").first.fill("London")
    board.keyboard.press("Enter")
    expect(board).to_have_url(re.compile("f0.value=London"))
    board.get_by_role("button", name="Remove condition").click()
    expect(board).to_have_url(re.compile(r"^(?!.*f0\.).*$"))
    expect(board.get_by_label("Range")).to_be_visible()


def test_a_tile_is_moved_resized_and_kept_by_keyboard(board: Page) -> None:
    board.goto(f"{DASHBOARD}?edit=1")
    grip = board.get_by_role("button", name="Move or resize Orders")
    grip.focus()
    board.keyboard.press("ArrowRight")
    board.keyboard.press("Shift+ArrowDown")
    expect(grip).to_be_focused()
    board.get_by_role("button", name="Save layout").click()
    tile = board.locator(".db-tile", has_text="Orders").first
    expect(tile).to_have_attribute("data-x", "1")
    expect(tile).to_have_attribute("data-h", "4")


def test_a_tile_that_is_dragged_past_half_of_its_neighbour_changes_places_and_is_not_lost(board: Page) -> None:
    board.goto(f"{DASHBOARD}?edit=1")
    tiles = board.locator(".db-tile")
    first, second = (tiles.nth(at).get_attribute("id") for at in (0, 1))
    height = int(board.locator(f"#{second}").get_attribute("data-h") or 0)
    grip = board.locator(f"#{first} .db-grip").bounding_box()
    assert grip is not None
    board.mouse.move(grip["x"] + 5, grip["y"] + 5)
    board.mouse.down()
    board.mouse.move(grip["x"] + 5, grip["y"] + 5 + (height / 2 + 0.6) * 70, steps=5)
    board.mouse.up()
    expect(tiles.first).to_have_attribute("id", str(second))
    with board.expect_event("dialog") as asked:
        board.once("dialog", lambda dialog: dialog.accept())
        board.get_by_role("link", name="Done").click()
    assert asked.value.type == "beforeunload"
    board.wait_for_url(re.compile(r"/dashboards/1/$"))
    expect(board.locator(".db-tile").first).to_have_attribute("id", str(first))


def test_only_a_named_site_shows_the_page_inside_of_its_own(board: Page, shop: Server) -> None:
    with _site() as (named, other):
        board.goto(f"{DASHBOARD}links/")
        board.get_by_label("Sites that may embed it").fill(named.origin)
        board.get_by_role("button", name="Make link").click()
        address = board.locator("#link-address").inner_text().strip()
        for site, shown in ((named, True), (other, False)):
            site.frame = address
            assert board.context.browser is not None
            context = board.context.browser.new_context()
            page = context.new_page()
            page.goto(site.origin)
            page.wait_for_timeout(1500)
            inside = page.frames[1].locator("h1", has_text="Monday") if len(page.frames) > 1 else None
            assert (inside is not None and inside.count() == 1) is shown
            context.close()


def test_a_link_with_a_password_opens_for_who_knows_it(board: Page) -> None:
    board.goto(f"{DASHBOARD}links/")
    board.get_by_label("Password").fill("first flush 头采")
    board.get_by_role("button", name="Make link").click()
    address = board.locator("#link-address").inner_text().strip()
    assert board.context.browser is not None
    context = board.context.browser.new_context(locale="en-US")
    page = context.new_page()
    page.goto(address)
    for password, shown in (("second flush", False), ("first flush 头采", True)):
        page.get_by_label("Password").fill(password)
        page.keyboard.press("Enter")
        expect(page.get_by_text("This is not the password.")).to_be_visible(visible=not shown)
    expect(page.get_by_role("heading", name="Monday")).to_be_visible()
    context.close()


class Site(HTTPServer):
    """A page of somebody else's with a frame in it."""

    frame = ""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Frame)
        self.origin = f"http://127.0.0.1:{self.server_port}"


class Frame(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        assert isinstance(self.server, Site)
        self.wfile.write(f'<h1>Wiki</h1><iframe src="{self.server.frame}" width="900" height="700"></iframe>'.encode())

    def log_message(self, *_args: object) -> None:
        return


@contextmanager
def _site() -> Iterator[tuple[Site, Site]]:
    sites = (Site(), Site())
    for site in sites:
        threading.Thread(target=site.serve_forever, daemon=True).start()
    try:
        yield sites
    finally:
        for site in sites:
            site.shutdown()
            site.server_close()
