import re
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.test import Client

from tests.conftest import Cast
from yunying.apps.goals.models import Follower, Goal, KeyResult
from yunying.apps.goals.readings import take_readings
from yunying.apps.goals.services import add_key_result, close_goal, create_goal, update_goal
from yunying.apps.insights.models import Metric
from yunying.base.clock import FixedClock
from yunying.platform.accounts.models import User
from yunying.platform.products.access import ProductAccess
from yunying.platform.products.models import Product
from yunying.store import Store

pytestmark = pytest.mark.usefixtures("clock")
GOALS = "/p/tea/goals/"


def test_an_empty_list_says_what_to_do(browser: Client) -> None:
    page = browser.get(GOALS).content.decode()
    assert "Set the first goal" in page
    assert f"{GOALS}new/" in page


def test_from_nothing_to_a_goal_with_a_reading(browser: Client, shop: Product, orders: Metric) -> None:
    sent = {"title": "Sell more tea", "start": "2026-01-01", "due": "2026-03-31", "version": 1}
    answer = browser.post(f"{GOALS}new/", sent)
    goal = Goal.objects.get()
    assert answer["Location"] == f"{GOALS}{goal.pk}/key-results/new/"
    form = browser.get(answer["Location"]).content.decode()
    assert "the baseline is usually 0" in form
    sent = {
        "metric": orders.pk,
        "baseline": "0",
        "target": "1,000",
        "start": "2026-01-01",
        "due": "2026-03-31",
        "version": 1,
    }
    answer = browser.post(answer["Location"], sent)
    page = browser.get(answer["Location"]).content.decode()
    assert KeyResult.objects.get().target == 1000
    assert "Off track" in page
    assert "0% of the way after 70% of the time" in page


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"target": "0"}, "The target equals the baseline"),
        ({"target": "-4"}, "more is better"),
        ({"target": "many"}, "Enter a number"),
        ({"due": "2026-06-01"}, "lies within its goal"),
        ({"due": "2025-06-01"}, "cannot be due before it starts"),
    ],
)
def test_impossible_key_results_are_explained_at_the_form(
    browser: Client, shop: Product, goal: Goal, orders: Metric, changes: dict[str, str], text: str
) -> None:
    sent = {
        "metric": orders.pk,
        "baseline": "0",
        "target": "10",
        "start": "2026-01-01",
        "due": "2026-03-31",
        "version": 1,
    }
    page = browser.post(f"{GOALS}{goal.pk}/key-results/new/", sent | changes)
    assert page.status_code == 422
    assert text in page.content.decode()
    assert not KeyResult.objects.exists()


def test_percent_is_typed_as_percent_and_kept_as_a_fraction(browser: Client, shop: Product, goal: Goal) -> None:
    rate = Metric.objects.create(
        product=shop, name="Rate", unit="percent", window="day",
        question={"kind": "trends", "series": [{"event": "order", "measure": "count"}]},
    )  # fmt: skip
    sent = {
        "metric": rate.pk,
        "baseline": "2.5",
        "target": "5%",
        "start": "2026-01-01",
        "due": "2026-03-31",
        "version": 1,
    }
    browser.post(f"{GOALS}{goal.pk}/key-results/new/", sent)
    kept = KeyResult.objects.get()
    assert (kept.baseline, kept.target) == (0.025, 0.05)
    form = browser.get(f"{GOALS}key-results/{kept.pk}/").context["form"]
    assert (form["baseline"].value(), form["target"].value()) == ("2.5", "5")


def test_the_preview_follows_the_chosen_metric(browser: Client, shop: Product, orders: Metric) -> None:
    page = browser.get(f"{GOALS}preview/?metric={orders.pk}&start=2026-03-01&due=2026-03-31").content.decode()
    assert 'id="preview"' in page
    assert ">6<" in page


def test_a_key_result_changes_with_its_version_and_goes(browser: Client, shop: Product, key_result: KeyResult) -> None:
    page = f"{GOALS}key-results/{key_result.pk}/"
    sent = {"baseline": "0", "target": "3", "start": "2026-01-01", "due": "2026-03-31", "version": 1}
    browser.post(page, sent)
    assert KeyResult.objects.get().target == 3
    assert "Somebody else changed this" in browser.post(page, sent | {"target": "4"}).content.decode()
    browser.post(f"{page}remove/")
    assert not KeyResult.objects.exists()


def test_a_goal_is_closed_with_an_outcome_and_reopened(browser: Client, shop: Product, key_result: KeyResult) -> None:
    here = f"{GOALS}{key_result.goal_id}/"
    assert browser.post(f"{here}close/", {"status": "missed", "outcome": ""}).status_code == 422
    browser.post(f"{here}close/", {"status": "missed", "outcome": "Too few visitors."})
    assert "Too few visitors." in browser.get(here).content.decode()
    assert "Sell more tea" not in browser.get(GOALS).content.decode()
    assert "Sell more tea" in browser.get(f"{GOALS}?show=closed").content.decode()
    browser.post(f"{here}reopen/", {"reason": "Closed too early."})
    assert Goal.objects.get().status == "open"


def test_a_viewer_sees_goals_but_no_way_to_change_them(
    people: Cast, as_user: Callable[[User], Client], key_result: KeyResult
) -> None:
    chen = as_user(people.chen)
    page = chen.get(f"{GOALS}{key_result.goal_id}/").content.decode()
    assert "Sell more tea" in page
    assert "/close/" not in page
    assert chen.post(f"{GOALS}{key_result.goal_id}/delete/").status_code == 403
    assert Goal.objects.exists()


def test_the_table_lists_and_exports_goals(browser: Client, key_result: KeyResult) -> None:
    assert "Sell more tea" in browser.get(f"{GOALS}?view=table").content.decode()
    file = browser.get(f"{GOALS}?view=table&export=csv")
    assert "Sell more tea" in b"".join(file.streaming_content).decode("utf-8-sig")


def test_the_tree_folds_moves_and_says_what_decides(browser: Client, access: ProductAccess, goal: Goal) -> None:
    company = create_goal(access=access, title="Grow", level="company", start=goal.start, due=goal.due)
    page = browser.get(f"{GOALS}{goal.pk}/move/").content.decode()
    assert "Company: Grow" in page
    browser.post(f"{GOALS}{goal.pk}/move/", {"parent": company.pk, "version": 1})
    page = browser.get(GOALS).content.decode()
    assert page.index("Grow") < page.index("Sell more tea")
    assert "<details open>" in page
    assert "Nothing measures it yet" in page
    circle = browser.post(f"{GOALS}{company.pk}/move/", {"parent": goal.pk, "version": 1})
    assert circle.status_code == 422
    assert "cannot serve itself or a goal below it" in circle.content.decode()


def test_a_check_in_on_the_page_asks_what_became_of_the_last_promises(
    browser: Client, shop: Product, key_result: KeyResult
) -> None:
    here = f"{GOALS}{key_result.goal_id}/"
    browser.post(f"{here}check-in/", {"confidence": "3", "next_steps": "Call the ten largest"})
    assert "Call the ten largest" in browser.get(f"{here}check-in/").content.decode()
    browser.post(f"{here}check-in/", {"confidence": "8", "promised": ["0"], "happened": "Nine were called."})
    page = browser.get(here).content.decode()
    assert "8/10 · We will reach it" in page
    assert "3/10 · We will probably miss it" in page
    assert "Nine were called." in page
    assert browser.post(f"{here}check-in/", {"confidence": "12"}).status_code == 422


def test_a_guardrail_is_set_by_limits_and_shown_apart(
    browser: Client, shop: Product, goal: Goal, orders: Metric
) -> None:
    sent = {
        "metric": orders.pk,
        "shape": "above",
        "guardrail": "on",
        "low": "1,000",
        "start": "2026-01-01",
        "due": "2026-03-31",
        "version": 1,
    }
    page = browser.post(f"{GOALS}{goal.pk}/key-results/new/", sent | {"low": ""})
    assert page.status_code == 422
    browser.post(f"{GOALS}{goal.pk}/key-results/new/", sent)
    page = browser.get(f"{GOALS}{goal.pk}/").content.decode()
    assert "What must not suffer on the way" in page
    assert "≥ 1,000" in page
    assert "does not hold" in page


def test_following_is_for_everybody_who_sees_the_goal(
    people: Cast, as_user: Callable[[User], Client], goal: Goal
) -> None:
    chen = as_user(people.chen)
    chen.post(f"{GOALS}{goal.pk}/follow/")
    assert "Unfollow" in chen.get(f"{GOALS}{goal.pk}/").content.decode()
    chen.post(f"{GOALS}{goal.pk}/unfollow/")
    assert not Follower.objects.exists()


def test_a_closed_goal_is_reopened_only_with_a_reason(browser: Client, access: ProductAccess, goal: Goal) -> None:
    close_goal(access=access, goal=goal, status="missed", outcome="Too few visitors.", score=0.3, learnt="Ask earlier.")
    page = browser.get(f"{GOALS}{goal.pk}/").content.decode()
    assert "Ask earlier." in page
    assert "with a score of 0.30" in page
    assert browser.post(f"{GOALS}{goal.pk}/reopen/", {"reason": ""}).status_code == 422
    browser.post(f"{GOALS}{goal.pk}/reopen/", {"reason": "Closed too early."})
    assert "The goal was opened again: Closed too early." in browser.get(f"{GOALS}{goal.pk}/").content.decode()


def test_today_asks_for_check_ins_and_knows_goals_that_others_measure(
    browser: Client, access: ProductAccess, shop: Product, key_result: KeyResult
) -> None:
    goal = key_result.goal
    company = create_goal(access=access, title="Grow", level="company", start=goal.start, due=goal.due)
    update_goal(access=access, goal=goal, version=1, parent_id=company.pk, rhythm="weekly", rhythm_day=1)
    page = browser.get("/p/tea/").content.decode()
    assert "The check-in of the goal “Sell more tea” is due since Mar 2, 2026." in page
    assert "“Grow” has no key result" not in page


def test_the_readings_page_lists_what_was_told(browser: Client, shop: Product, key_result: KeyResult) -> None:
    take_readings(key_result)
    page = browser.get(f"{GOALS}key-results/{key_result.pk}/readings/").content.decode()
    assert "in force" in page


@pytest.mark.parametrize(
    ("days", "steps"),
    [(0, ["Add key result"]), (60, ["Close"])],
)
def test_the_next_step_stands_out(browser: Client, goal: Goal, clock: FixedClock, days: int, steps: list[str]) -> None:
    clock.advance(timedelta(days=days))
    assert primary(browser, goal) == [*steps, "Add key result"]


def test_the_next_step_after_a_closed_goal_is_a_new_one(browser: Client, access: ProductAccess, goal: Goal) -> None:
    close_goal(access=access, goal=goal, status="missed", outcome="Too much at once.")
    assert primary(browser, goal) == ["New goal"]


def primary(browser: Client, goal: Goal) -> list[str]:
    """The words on what stands out, on the page of a goal without key results."""
    page = browser.get(f"/p/tea/goals/{goal.pk}/").content.decode()
    found = re.findall(r'<(?:a|button) class="btn btn-primary".*?>(.*?)</(?:a|button)>', page, re.DOTALL)
    return [re.sub(r"<.*?>", "", words).strip() for words in found]


def test_a_goal_that_has_not_begun_says_so(browser: Client, access: ProductAccess, orders: Metric) -> None:
    later = create_goal(access=access, title="Later", start=date(2026, 4, 1), due=date(2026, 6, 30))
    add_key_result(access=access, goal=later, metric_id=orders.pk, baseline=0, target=9)
    assert browser.get(f"/p/tea/goals/{later.pk}/").context["card"].reason == "It has not begun yet."


def test_many_key_results_are_listed_before_they_are_shown(
    browser: Client, store: Store, access: ProductAccess, goal: Goal, orders: Metric
) -> None:
    made = [add_key_result(access=access, goal=goal, metric_id=orders.pk, baseline=0, target=9) for _ in range(5)]
    assert "#result-" not in browser.get(f"{GOALS}{goal.pk}/").content.decode()
    made.append(add_key_result(access=access, goal=goal, metric_id=orders.pk, baseline=0, target=9))
    page = browser.get(f"{GOALS}{goal.pk}/").content.decode()
    assert all(f'href="#result-{row.pk}"' in page and f'id="result-{row.pk}"' in page for row in made)
    assert "All 6 key results" in browser.get("/p/tea/").content.decode()
    assert "All 6 key results" not in browser.get(f"{GOALS}?view=cards").content.decode()
