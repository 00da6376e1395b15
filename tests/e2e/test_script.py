"""What the Connect page says to paste into web pages works with the program as it runs."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.conftest import Server, new_context, watch_errors

pytestmark = pytest.mark.e2e

ARRIVES_MS = 15_000


def test_a_page_with_the_snippet_is_seen_in_the_live_events(chromium: Browser, shop: Server, session: Path) -> None:
    team = new_context(chromium, shop, state=session)
    page = team.new_page()
    page.goto("/p/tea/data/setup/")
    snippet = page.locator("pre", has_text="/yunying.js").inner_text()
    visitors = new_context(chromium, shop)
    visitors.route(
        "**/tea-page*",
        lambda route: route.fulfill(
            content_type="text/html; charset=utf-8", body=f"<!doctype html><title>茶</title>{snippet}"
        ),
    )
    visit = visitors.new_page()
    errors = watch_errors(visit)
    visit.goto("/tea-page?utm_source=wechat")
    visit.evaluate("yunying.identify('customer-茶', {plan: 'pro'})")
    visit.goto("about:blank")
    page.goto("/p/tea/data/live/")
    expect(page.get_by_role("row", name="customer-茶").first).to_be_visible(timeout=ARRIVES_MS)
    expect(page.get_by_role("main")).to_contain_text("$pageview")
    visitors.close()
    team.close()
    assert errors == []
