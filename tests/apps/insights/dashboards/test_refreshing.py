"""An open dashboard in a real browser: what is new appears by itself, and nothing else is touched."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.apps.insights.shop import event
from tests.browser import DESKTOP
from yunying.apps.insights.dashboards.models import Dashboard
from yunying.apps.insights.dashboards.services import update_dashboard
from yunying.apps.tracking.ingest import Ingest
from yunying.base.clock import FixedClock
from yunying.platform.products.access import ProductAccess

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

PATIENCE_MS = 20_000
MARK = "document.querySelectorAll('.db-body').forEach((one) => one.setAttribute('data-seen', '1'))"


@pytest.fixture
def page(chromium: Browser, people: Any, as_user: Any, live_server: LiveServer) -> Iterator[Page]:
    """A page in Ada's browser whose clock is turned by hand."""
    session = as_user(people.ada).cookies["sessionid"].value
    context = chromium.new_context(viewport=DESKTOP, locale="en-GB", base_url=live_server.url)
    context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    found = context.new_page()
    found.clock.install()
    yield found
    context.close()


def turn(page: Page) -> int:
    """Let a minute pass in the browser; the status with which the server says what changed."""
    with page.expect_response(lambda answer: "/changed/" in answer.url) as asked:
        page.clock.fast_forward(61_000)
    return asked.value.status


def test_a_new_event_changes_its_tiles_by_themselves_and_no_other(
    page: Page, access: ProductAccess, dashboard: Dashboard, clock: FixedClock
) -> None:
    update_dashboard(access=access, dashboard=dashboard, version=dashboard.version, refresh_min=1)
    address = f"/p/tea/insights/dashboards/{dashboard.pk}/"
    page.goto(address)
    # The table behind the chart: the tile is there with its numbers, whether they are drawn yet or not.
    days = page.locator(".db-report tbody tr")
    expect(days).to_have_count(5, timeout=PATIENCE_MS)
    # The newest events have been there for long enough to be sure of the answers.
    clock.advance(timedelta(seconds=60))
    page.goto(address)
    expect(days).to_have_count(5, timeout=PATIENCE_MS)
    page.evaluate(MARK)

    assert turn(page) == 204
    expect(page.locator(".db-body[data-seen]")).to_have_count(3)

    Ingest().write([event(dashboard.product_id, "zoe", "2026-03-04T15:00")], token="late")
    assert turn(page) == 200
    expect(days.nth(3).locator("td").first).to_have_text("3", timeout=PATIENCE_MS)
    expect(page.locator(".db-report .db-body[data-seen]")).to_have_count(0)
    # Neither was the page loaded again nor the text, on which nothing depends.
    expect(page.locator(".db-tile.db-text .db-body[data-seen]")).to_have_count(1)
