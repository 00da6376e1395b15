"""The road of a newcomer, from an empty installation to a goal that moves by itself.

The tests of this file build on each other: one product, one browser, the real PostHog package as the sender.
"""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect
from posthog import Posthog

from tests.e2e.conftest import Server, new_context, watch_errors
from yunying.base import clock

pytestmark = pytest.mark.e2e

PASSWORD = "a long enough password"
ARRIVES_MS = 20_000


@pytest.fixture(scope="module")
def ada(chromium: Browser, server: Server) -> Iterator[Page]:
    """Ada's browser: one window through the whole file."""
    context = new_context(chromium, server)
    page = context.new_page()
    errors = watch_errors(page)
    yield page
    context.close()
    assert errors == []


@pytest.fixture(scope="module")
def send(ada: Page, server: Server) -> Callable[[int, int], None]:
    """`send(people, days_ago)`: that many people order once through the real SDK, only the host changed."""

    def through_sdk(people: int, days_ago: int = 0) -> None:
        ada.goto("/p/tea-shop/data/setup/")
        client = Posthog(ada.get_by_text(re.compile("^yk_")).first.inner_text(), host=server.url)
        at = clock.now() - timedelta(days=days_ago)
        for number in range(people):
            client.capture(
                "order", distinct_id=f"customer-{number}", timestamp=at, properties={"amount": 10, "city": "杭州"}
            )
        client.flush()
        client.shutdown()

    return through_sdk


def test_a_newcomer_signs_up_and_creates_a_product(ada: Page) -> None:
    ada.goto("/")
    ada.get_by_role("link", name="Create an account").click()
    ada.get_by_label("Your name").fill("Ada")
    ada.get_by_label("Email").fill("ada@example.com")
    ada.get_by_label("Password").fill(PASSWORD)
    ada.get_by_role("button", name="Create account").click()
    ada.get_by_label("Name of the organisation").fill("Tea House")
    ada.get_by_label("Name of the product").fill("Tea Shop")
    ada.get_by_role("button", name="Create and continue").click()
    expect(ada).to_have_url(re.compile("/p/tea-shop/data/setup/"))
    expect(ada.get_by_text("Waiting for an event")).to_be_visible()


def test_the_set_up_page_sees_the_first_event_arrive(ada: Page, send: Callable[..., None]) -> None:
    send(3)
    expect(ada.get_by_text("Waiting for an event")).to_be_hidden(timeout=ARRIVES_MS)
    expect(ada.get_by_role("main")).to_contain_text("order")


def test_the_live_page_shows_events_as_they_arrive(ada: Page, server: Server, send: Callable[..., None]) -> None:
    live = ada.context.new_page()
    live.goto("/p/tea-shop/data/live/")
    expect(live.get_by_role("row", name=re.compile("customer-2"))).to_be_visible(timeout=ARRIVES_MS)
    send(6)
    expect(live.get_by_role("row", name=re.compile("customer-5"))).to_be_visible(timeout=ARRIVES_MS)
    live.get_by_role("row", name=re.compile("customer-5")).first.get_by_role("link").first.click()
    expect(live.get_by_role("main")).to_contain_text("杭州")
    live.close()


def test_a_trend_answers_while_it_is_being_built(ada: Page, send: Callable[..., None]) -> None:
    send(4, days_ago=3)
    ada.goto("/p/tea-shop/insights/trends/")
    ada.get_by_label("Event of series A").fill("order")
    ada.get_by_label("Event of series A").press("Tab")
    ada.get_by_label("Measure of series A").select_option("people")
    totals = ada.get_by_role("region", name="Totals")
    expect(totals).to_contain_text("order", timeout=ARRIVES_MS)
    expect(totals.get_by_role("row").nth(1)).to_contain_text("6", timeout=ARRIVES_MS)
    expect(ada).to_have_url(re.compile("event=order"))


def test_a_click_on_a_bar_shows_the_people_behind_it(ada: Page) -> None:
    ada.get_by_label("Chart", exact=True).select_option("bar")
    chart = ada.locator("figure canvas").first
    expect(chart).to_be_visible()
    bar = ada.wait_for_function(LAST_BAR).json_value()
    box = chart.bounding_box()
    assert box
    ada.mouse.click(box["x"] + bar["x"], box["y"] + bar["y"])
    someone = ada.get_by_role("link", name="customer-5")
    expect(someone).to_be_visible(timeout=ARRIVES_MS)
    someone.click()
    expect(ada.get_by_role("heading", name=re.compile("customer-5"))).to_be_visible()
    expect(ada.get_by_role("main")).to_contain_text("order")
    ada.go_back()


# Where the newest bar stands, in pixels of the canvas, once bars are drawn: the chart itself is asked, not guessed.
LAST_BAR = """() => {
  const canvas = document.querySelector('figure canvas');
  const chart = canvas && echarts.getInstanceByDom(canvas.closest('[_echarts_instance_]'));
  const all = chart ? chart.getOption().series : [];
  const number = item => Number(Array.isArray(item) ? item[1] : item?.value ?? item ?? NaN);
  for (let seriesIndex = 0; seriesIndex < all.length; seriesIndex++) {
    const {type, data} = all[seriesIndex];
    const last = data.length - 1;
    if (type === 'bar' && number(data[last]) > 0) {
      const [x, y] = chart.convertToPixel({seriesIndex}, [last, number(data[last])]);
      return {x, y: y + 5};
    }
  }
  return null;
}"""


def test_a_question_becomes_a_metric_and_a_goal_that_moves(ada: Page, send: Callable[..., None]) -> None:
    ada.goto("/p/tea-shop/insights/trends/?s0.event=order&s0.measure=count")
    ada.get_by_role("link", name="Pin as metric").click()
    ada.get_by_label("Name").fill("Orders")
    ada.get_by_label("One reading covers").select_option("total")
    ada.get_by_role("button", name="Save").click()
    expect(ada.get_by_role("heading", name="Orders")).to_be_visible()

    ada.goto("/p/tea-shop/goals/")
    ada.get_by_role("link", name="Set the first goal").click()
    ada.get_by_role("textbox", name="Goal").fill("Sell more tea")
    ada.get_by_role("button", name="Save").click()
    ada.get_by_label("From (baseline)").fill("0")
    ada.get_by_label("To (target)").fill("26")
    ada.get_by_role("button", name="Save").click()
    expect(ada.get_by_role("heading", name="Sell more tea")).to_be_visible()
    before = ada.locator(".goal-big").first.inner_text()

    goal = ada.url
    send(13)
    ada.goto("/p/tea-shop/data/live/")
    expect(ada.get_by_role("row", name=re.compile("customer-12"))).to_be_visible(timeout=ARRIVES_MS)
    ada.goto(goal)
    ada.get_by_role("button", name="Read now").click()
    expect(ada.locator(".goal-big").first).to_have_text(str(int(before) + 13), timeout=ARRIVES_MS)
    ada.goto("/p/tea-shop/")
    expect(ada.get_by_role("main")).to_contain_text("Sell more tea")
