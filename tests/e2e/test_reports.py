"""Building reports as people do: a funnel with the keyboard alone and with the mouse, undone and done again.

The tests of this file build on each other: one product, one browser, the real PostHog package as the sender.
"""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect
from posthog import Posthog

from tests.e2e.conftest import Server, new_context, watch_errors
from yunying.base import clock

pytestmark = pytest.mark.e2e

PASSWORD = "a long enough password"
ARRIVES_MS = 20_000
FUNNELS = "/p/journeys/insights/funnels/"


@pytest.fixture(scope="module")
def bob(chromium: Browser, server: Server) -> Iterator[Page]:
    """Bob's browser, signed up with a product in which six people visit, four sign up and two order."""
    context = new_context(chromium, server)
    page = context.new_page()
    errors = watch_errors(page)
    page.goto("/accounts/signup/")
    page.get_by_label("Your name").fill("Bob")
    page.get_by_label("Email").fill("bob-of-reports@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    page.get_by_label("Name of the organisation").fill("Paths")
    page.get_by_label("Name of the product").fill("Journeys")
    page.get_by_role("button", name="Create and continue").click()
    expect(page).to_have_url(re.compile("/p/journeys/data/setup/"))
    _walk_through_the_shop(Posthog(page.get_by_text(re.compile("^yk_")).first.inner_text(), host=server.url))
    expect(page.get_by_text("Waiting for an event")).to_be_hidden(timeout=ARRIVES_MS)
    yield page
    context.close()
    assert errors == []


def _walk_through_the_shop(client: Posthog) -> None:
    start = clock.now() - timedelta(days=2)
    for minutes, (name, people) in enumerate((("visit", 6), ("sign up", 4), ("order", 2))):
        for number in range(people):
            client.capture(name, distinct_id=f"walker-{number}", timestamp=start + timedelta(minutes=minutes * 10))
    client.flush()
    client.shutdown()


def steps_of(page: Page) -> list[str]:
    """The events of the steps as the builder shows them."""
    return [one.input_value() for one in page.get_by_label(re.compile(r"^Event of step \d+$")).all()]


def people_at(page: Page, *counts: str) -> None:
    """Wait until the table says so many people at each step."""
    rows = page.get_by_role("region", name="Steps").get_by_role("row")
    for index, count in enumerate(counts, 1):
        expect(rows.nth(index).get_by_role("cell").first).to_have_text(count, timeout=ARRIVES_MS)


def test_a_funnel_is_built_with_the_keyboard_alone(bob: Page) -> None:
    bob.goto(FUNNELS)
    expect(bob.get_by_text("Choose the steps")).to_be_visible()
    bob.get_by_label("Event of step 1").focus()
    bob.keyboard.type("visit")
    bob.get_by_label("Event of step 2").focus()
    bob.keyboard.type("order")
    people_at(bob, "6", "2")
    bob.get_by_role("button", name="Add step").focus()
    bob.keyboard.press("Enter")
    expect(bob.get_by_label("Event of step 3")).to_be_focused()
    bob.keyboard.type("sign up")
    expect(bob).to_have_url(re.compile(r"t2\.e0\.event=sign"), timeout=ARRIVES_MS)
    up = bob.get_by_role("button", name="Move up: Step 3")
    up.focus()
    bob.keyboard.press("Enter")
    expect(bob.get_by_role("button", name="Move up: Step 2")).to_be_focused()
    people_at(bob, "6", "4", "2")
    assert steps_of(bob) == ["visit", "sign up", "order"]
    expect(bob).to_have_url(re.compile(r"t1\.e0\.event=sign"))


def test_ctrl_z_takes_an_edit_back_and_ctrl_shift_z_does_it_again(bob: Page) -> None:
    bob.get_by_role("heading", name="Funnel", exact=True).click()
    bob.keyboard.press("Control+z")
    people_at(bob, "6", "2", "0")
    assert steps_of(bob) == ["visit", "order", "sign up"]
    bob.keyboard.press("Control+Shift+z")
    people_at(bob, "6", "4", "2")
    bob.get_by_role("button", name="Undo").click()
    people_at(bob, "6", "2", "0")
    bob.get_by_role("button", name="Redo").click()
    people_at(bob, "6", "4", "2")


def test_a_step_is_dragged_by_the_mouse(bob: Page) -> None:
    grips = bob.locator(".ins-grip")
    grips.nth(2).drag_to(bob.get_by_label("Event of step 1"))
    expect(bob.get_by_label("Event of step 1")).to_have_value("order", timeout=ARRIVES_MS)
    assert steps_of(bob) == ["order", "visit", "sign up"]
    bob.get_by_role("button", name="Remove: Step 1").click()
    people_at(bob, "6", "4")
    assert steps_of(bob) == ["visit", "sign up"]


def test_a_step_is_named_and_the_address_gives_the_same_answer_to_others(bob: Page) -> None:
    bob.get_by_text("Name and more").nth(1).click()
    bob.get_by_label("Name of step 2").fill("Joined")
    expect(bob.get_by_role("region", name="Steps")).to_contain_text("2. Joined", timeout=ARRIVES_MS)
    expect(bob).to_have_url(re.compile("t1.label=Joined"))
    other = bob.context.new_page()
    other.goto(bob.url)
    people_at(other, "6", "4")
    other.close()


def test_leaving_a_field_by_tab_presses_no_button_and_neither_does_enter(bob: Page) -> None:
    address = bob.url
    bob.get_by_role("button", name="Add property").click()
    field = bob.get_by_label("Property to break down by")
    field.fill("nothing")
    bob.keyboard.press("Tab")
    expect(bob.get_by_role("button", name="Remove breakdown")).to_be_focused()
    expect(bob).to_have_url(re.compile("b0.property=nothing"), timeout=ARRIVES_MS)
    field.fill("still nothing")
    bob.keyboard.press("Enter")
    expect(bob).to_have_url(re.compile("b0.property=still"), timeout=ARRIVES_MS)
    expect(bob.get_by_label("Property", exact=True)).to_have_count(0)
    bob.goto(address)


def test_what_is_wrong_is_said_at_its_field_and_goes_with_the_next_answer(bob: Page) -> None:
    window = bob.get_by_role("spinbutton", name="within")
    window.fill("0")
    expect(bob.locator("#ins-wrong")).to_be_visible(timeout=ARRIVES_MS)
    expect(window).to_have_attribute("aria-invalid", "true")
    window.fill("7")
    people_at(bob, "6", "4")
    expect(bob.locator("#ins-wrong")).to_have_count(0)


def test_those_who_dropped_out_become_a_cohort(bob: Page) -> None:
    row = bob.get_by_role("region", name="Steps").get_by_role("row").nth(2)
    row.get_by_role("link", name="2", exact=True).click()
    expect(bob.get_by_role("heading", name="2 people")).to_be_visible()
    expect(bob.get_by_role("link", name="walker-5")).to_be_visible()
    bob.get_by_text("Save as cohort").first.click()
    bob.get_by_label("Name of the cohort").fill("Lost visitors")
    bob.get_by_role("button", name="Save as cohort").click()
    expect(bob.get_by_text("holds these people now")).to_be_visible(timeout=ARRIVES_MS)


def test_the_name_typed_for_a_cohort_outlives_a_change_of_its_conditions_and_a_mistake(bob: Page) -> None:
    bob.goto("/p/journeys/insights/cohorts/new/")
    times = bob.get_by_label("Number of times")
    times.fill("2")
    bob.locator("#report-result input[name=name]").fill("Regulars", timeout=ARRIVES_MS)
    times.fill("0")
    expect(bob.locator("#ins-wrong")).to_contain_text("from 1 to", timeout=ARRIVES_MS)
    times.fill("3")
    expect(bob.get_by_text("at least 3 times")).to_be_visible(timeout=ARRIVES_MS)
    expect(bob.locator("#report-result input[name=name]")).to_have_value("Regulars")
