"""What cannot be is refused with a sentence at the field that says what to change, and nothing typed is lost.

One table for the pages and one for the API; each line is what somebody types, where the answer stands, and the answer.
"""

from dataclasses import dataclass
from datetime import date
from html import unescape
from typing import Any

import pytest
from django.forms import BooleanField
from django.forms.boundfield import BoundField
from django.test import Client

from tests.apps.goals.test_api import call  # noqa: F401 - a fixture
from tests.conftest import Cast
from yunying.apps.goals.models import CheckIn, Cycle, Driver, Goal, KeyResult, Status
from yunying.apps.goals.services import add_driver, add_key_result, close_goal, create_cycle, create_goal
from yunying.apps.insights.models import Metric
from yunying.platform.products.access import ProductAccess
from yunying.store import Store

pytestmark = pytest.mark.usefixtures("clock")
Q1 = {"start": "2026-01-01", "due": "2026-03-31"}
DAYS = {"start": date(2026, 1, 1), "due": date(2026, 3, 31)}
ABSENT = 999_999
LONG = "长" * 10_000
NUMBER = "Enter a number, such as 1250 or 12.5."
LARGE = "This number is too large to be meant. Use another unit."
POINT = "Write decimals with a point, such as 12.5, and thousands as 1,250 or 1250."
NO_PERCENT = "This metric is not in percent. Enter a plain number, such as 1250 or 12.5."


@dataclass(frozen=True)
class Place:
    """What the tables speak of: one product with goals, one below the other, and things of another product."""

    goal: Goal
    below: Goal
    over: Goal
    result: KeyResult
    metric: Metric
    rate: Metric
    cycle: Cycle
    driver: Driver
    foreign_goal: Goal
    foreign_metric: Metric

    def filled(self, value: Any) -> Any:
        """`value` with names of this place, such as "{goal}", as numbers."""
        if isinstance(value, str) and value.startswith("{") and value.endswith("}"):
            return ABSENT if value == "{absent}" else getattr(self, value[1:-1]).pk
        return {name: self.filled(one) for name, one in value.items()} if isinstance(value, dict) else value


@pytest.fixture
def place(
    people: Cast, store: Store, access: ProductAccess, goal: Goal, key_result: KeyResult, orders: Metric
) -> Place:
    foreign = people.access("dee")
    over = create_goal(access=access, title="Over", **DAYS)
    close_goal(access=access, goal=over, status=Status.MISSED.value, outcome="It was too much.")
    elsewhere = Metric.objects.create(product=foreign.product, name="Theirs", question=orders.question, window="total")
    rate = Metric.objects.create(
        product=access.product, name="Rate", question=orders.question, unit="percent", window="week"
    )
    return Place(
        goal=goal,
        below=create_goal(access=access, title="Below", parent_id=goal.pk, **DAYS),
        over=over,
        result=key_result,
        metric=orders,
        rate=rate,
        cycle=create_cycle(access=access, name="Q1", **DAYS),
        driver=add_driver(access=access, metric_id=orders.pk),
        foreign_goal=create_goal(access=foreign, title="Theirs", **DAYS),
        foreign_metric=elsewhere,
    )


GOAL = Q1 | {
    "title": "Typed title",
    "why": "Typed why",
    "level": "product",
    "weight": "1",
    "counts": "on",
    "version": "1",
}
RESULT = Q1 | {
    "metric": "{metric}",
    "name": "Typed name",
    "shape": "move",
    "baseline": "0",
    "target": "9",
    "weight": "1",
    "version": "1",
}
LIMITS = RESULT | {"shape": "between", "low": "1", "high": "2", "baseline": "", "target": ""}
CLOSE = {"status": "missed", "outcome": "Typed outcome"}
CYCLE = Q1 | {"name": "Typed cycle", "kind": "quarter", "version": "1"}
NEW, EDIT, RESULTS = "goals/new/", "goals/{goal}/edit/", "goals/{goal}/key-results/new/"
CHOICE = "Select a valid choice. 999999 is not one of the available choices."
TITLE = "Say in a few words what it is."
WEIGHT = "A weight is above 0. What shall not count is taken out instead of weighed with nothing."
FAR = "Choose days from 1970 to 2199."

# Page, what is typed on it otherwise than usual, the field with the answer (None: above the form), the answer.
PAGES: list[tuple[str, dict[str, Any], str | None, str]] = [
    (NEW, {"title": "   "}, "title", "This field is required."),
    (NEW, {"title": "\u200b\u200b"}, "title", TITLE),
    (NEW, {"title": LONG}, "title", "Ensure this value has at most 160 characters (it has 10000)."),
    (NEW, {"title": "a\x00b"}, "title", "Null characters are not allowed."),
    (NEW, {"why": LONG}, "why", "Ensure this value has at most 5000 characters (it has 10000)."),
    (NEW, {"team": LONG}, "team", "Ensure this value has at most 60 characters (it has 10000)."),
    (NEW, {"due": "2025-12-31"}, "due", "It cannot be due before it starts."),
    (NEW, {"due": "1900-01-01"}, "due", "It cannot be due before it starts."),
    (NEW, {"start": "1900-01-01"}, "start", FAR),
    (NEW, {"due": "9999-12-31"}, "due", FAR),
    (NEW, {"due": "2099-12-31"}, "due", "It lasts ten years at most."),
    (NEW, {"due": "10000-02-02"}, "due", FAR),
    (RESULTS, {"start": "10000-02-02"}, "start", FAR),
    (NEW, {"due": "2026-02-30"}, "due", "Enter a valid date."),
    (NEW, {"due": ""}, "due", "This field is required."),
    (NEW, {"weight": "-1"}, "weight", WEIGHT),
    (NEW, {"weight": "0"}, "weight", WEIGHT),
    (NEW, {"weight": "1001"}, "weight", "A weight is at most 1000."),
    (NEW, {"weight": "NaN"}, "weight", "Enter a number."),
    (NEW, {"weight": "1e400"}, "weight", "Enter a number."),
    (NEW, {"weight": "1,000"}, "weight", "Enter a number."),
    (NEW, {"parent": "{absent}"}, "parent", CHOICE),
    (NEW, {"parent": "{foreign_goal}"}, "parent", "is not one of the available choices."),
    (NEW, {"cycle": "{absent}"}, "cycle", CHOICE),
    (NEW, {"owner": "{absent}"}, "owner", CHOICE),
    (NEW, {"level": "galaxy"}, "level", "galaxy is not one of the available choices."),
    (NEW, {"level": "company", "parent": "{goal}"}, "parent", "A wide goal cannot serve a narrower one"),
    (EDIT, {"parent": "{goal}"}, "parent", "is not one of the available choices."),
    (EDIT, {"parent": "{below}"}, "parent", "A goal cannot serve itself or a goal below it."),
    (
        EDIT,
        {"due": "2026-03-01"},
        "due",
        "The key result “Orders” runs from 2026-01-01 to 2026-03-31. Change it first.",
    ),
    (EDIT, {"version": "7"}, None, "Somebody else changed this in the meantime."),
    (EDIT, {"version": "x"}, None, "This page is out of date. Load it again."),
    (
        "goals/{goal}/move/",
        {"parent": "{below}", "version": "1"},
        "parent",
        "A goal cannot serve itself or a goal below it.",
    ),
    ("goals/{over}/edit/", {}, None, "This goal is closed. Reopen it to change it."),
    (RESULTS, {"target": "0"}, "target", "The target equals the baseline, so nothing would have to change."),
    (RESULTS, {"target": "-5"}, "target", "Of this metric more is better, but the target lies below the baseline."),
    (RESULTS, {"target": ""}, "target", "Enter a number."),
    (RESULTS, {"target": "NaN"}, "target", NUMBER),
    (RESULTS, {"target": "inf"}, "target", NUMBER),
    (RESULTS, {"target": "1e400"}, "target", LARGE),
    (RESULTS, {"target": "1e16"}, "target", LARGE),
    (RESULTS, {"target": "many"}, "target", NUMBER),
    (RESULTS, {"target": "12%"}, "target", NO_PERCENT),
    (RESULTS, {"target": "１２％"}, "target", NO_PERCENT),
    (RESULTS, {"target": "12,5"}, "target", POINT),
    (RESULTS, {"target": "1,00,000"}, "target", POINT),
    (RESULTS, {"metric": "{rate}", "target": "12,5%"}, "target", POINT),
    (RESULTS, {"metric": "{absent}"}, "metric", CHOICE),
    (RESULTS, {"metric": "{foreign_metric}"}, "metric", "is not one of the available choices."),
    (RESULTS, {"weight": "-1"}, "weight", WEIGHT),
    (RESULTS, {"weight": "0"}, "weight", WEIGHT),
    (RESULTS, {"on_track_lag": "101"}, "on_track_lag", "Ensure this value is less than or equal to 100."),
    (
        RESULTS,
        {"on_track_lag": "20", "at_risk_lag": "10"},
        "at_risk_lag",
        "“At risk” must reach at least as far as “on track”.",
    ),
    (RESULTS, {"start": "2025-12-31"}, "start", "A key result lies within its goal's time: 2026-01-01 to 2026-03-31."),
    (RESULTS, {"due": "9999-12-31"}, "due", FAR),
    (RESULTS, {"due": "2025-01-01"}, "due", "It cannot be due before it starts."),
    (RESULTS, {"name": LONG}, "name", "Ensure this value has at most 160 characters (it has 10000)."),
    (RESULTS, {"guardrail": "on"}, "shape", "A guardrail stays within limits."),
    (RESULTS, LIMITS | {"high": "1"}, "high", "The upper limit must lie above the lower one."),
    (RESULTS, LIMITS | {"low": ""}, "low", "Enter a number."),
    ("goals/{over}/key-results/new/", {}, None, "This goal is closed. Reopen it to change it."),
    ("goals/{goal}/close/", CLOSE | {"status": "open"}, "status", "open is not one of the available choices."),
    ("goals/{goal}/close/", CLOSE | {"outcome": " "}, "outcome", "This field is required."),
    ("goals/{goal}/close/", CLOSE | {"score": "1.5"}, "score", "Ensure this value is less than or equal to 1."),
    ("goals/{goal}/close/", CLOSE | {"score": "NaN"}, "score", "Enter a number."),
    ("goals/{over}/close/", CLOSE, None, "This goal is closed already."),
    ("goals/{over}/reopen/", {"reason": ""}, "reason", "This field is required."),
    ("goals/{goal}/reopen/", {"reason": "Typed reason"}, None, "This goal is open."),
    ("goals/{goal}/check-in/", {"confidence": "11"}, "confidence", "11 is not one of the available choices."),
    ("goals/{goal}/check-in/", {"confidence": "5.5"}, "confidence", "5.5 is not one of the available choices."),
    ("goals/{goal}/check-in/", {"happened": "Typed news"}, "confidence", "This field is required."),
    ("goals/{goal}/check-in/", {"confidence": "5", "happened": LONG}, "happened", "at most 5000 characters"),
    ("goals/{over}/check-in/", {"confidence": "5", "happened": "Typed news"}, None, "This goal is closed."),
    ("goals/cycles/new/", {"name": " "}, "name", "This field is required."),
    ("goals/cycles/new/", {"name": LONG}, "name", "Ensure this value has at most 80 characters (it has 10000)."),
    ("goals/cycles/new/", {"due": "2025-01-01"}, "due", "before it starts"),
    ("goals/cycles/new/", {"due": "9999-12-31"}, "due", FAR),
    ("goals/cycles/new/", {"kind": "decade"}, "kind", "decade is not one of the available choices."),
    ("goals/north-star/new/", {"metric": "{foreign_metric}"}, "metric", "is not one of the available choices."),
    (
        "goals/north-star/new/",
        {"metric": "{metric}", "parent": "{driver}"},
        "metric",
        "is not one of the available choices.",
    ),
    ("goals/north-star/new/", {"metric": "{rate}", "parent": "{absent}"}, "parent", CHOICE),
    ("goals/north-star/new/", {"metric": "{rate}", "note": LONG}, "note", "at most 300 characters"),
]
USUAL = {NEW: GOAL, EDIT: GOAL, RESULTS: RESULT, "goals/{over}/edit/": GOAL, "goals/{over}/key-results/new/": RESULT}
USUAL |= {"goals/cycles/new/": CYCLE}


def named(line: tuple[Any, ...]) -> str:
    return " ".join(repr(one)[:60] for one in line[:2])


def state() -> list[Any]:
    """Everything that a refused input must not change."""
    return [list(model.objects.order_by("pk").values()) for model in (Goal, KeyResult, CheckIn, Cycle, Driver)]


def fault(browser: Client, place: Place, line: tuple[str, dict[str, Any], str | None, str]) -> str:
    """What is wrong with the page's answer to a line of the table; empty when nothing is."""
    path, changes, field, sentence = line
    typed = {name: place.filled(value) for name, value in (USUAL.get(path, {}) | changes).items()}
    page = browser.post(f"/p/tea/{path.format(goal=place.goal.pk, over=place.over.pk)}", typed)
    if page.status_code != 422:
        return f"answered with {page.status_code}"
    form = page.context["form"]
    told = form.non_field_errors() if field is None else form.errors.get(field, [])
    if not any(sentence in str(one) for one in told):
        return f"said {dict(form.errors)}"
    if sentence not in unescape(page.content.decode()):
        return "did not show what it said"
    lost = [name for name in typed if name in form.fields and name != "version" and _lost(form[name], typed[name])]
    return f"lost {lost}" if lost else ""


def _lost(bound: BoundField, typed: Any) -> bool:
    checkbox = isinstance(bound.field, BooleanField)
    return bool(bound.value() is not True if checkbox else str(bound.value()) != str(typed))


def test_pages_say_what_to_change_keep_what_was_typed_and_change_nothing(browser: Client, place: Place) -> None:
    before = state()
    faults = {named(line): found for line in PAGES if (found := fault(browser, place, line))}
    assert faults == {}
    assert state() == before


# What people type that is meant well is understood.
UNDERSTOOD = [
    ("{metric}", "１２", 12.0),
    ("{metric}", "1,000", 1000.0),
    ("{metric}", "１，０００．５", 1000.5),
    ("{metric}", " 1 000 ", 1000.0),
    ("{metric}", "1e3", 1000.0),
    ("{rate}", "12%", 0.12),
    ("{rate}", "１２．５％", 0.125),
]


def test_numbers_are_read_as_people_type_them(browser: Client, place: Place) -> None:
    where = f"/p/tea/goals/{place.goal.pk}/key-results/new/"
    for metric, text, value in UNDERSTOOD:
        page = browser.post(where, RESULT | {"metric": place.filled(metric), "target": text})
        assert (text, page.status_code) == (text, 302)
        assert KeyResult.objects.order_by("-pk")[0].target == pytest.approx(value)


def test_an_emoji_is_a_title(browser: Client, place: Place) -> None:
    assert browser.post("/p/tea/goals/new/", GOAL | {"title": "🍵🚀"}).status_code == 302
    assert Goal.objects.filter(title="🍵🚀").exists()


@pytest.mark.parametrize("field", ["weight", "on_track_lag"])
def test_what_is_wrong_among_the_finer_settings_is_not_folded_away(browser: Client, place: Place, field: str) -> None:
    typed = RESULT | {"metric": place.metric.pk, field: "-1"}
    page = browser.post(f"/p/tea/goals/{place.goal.pk}/key-results/new/", typed).content.decode()
    assert '<details class="goal-fine" open>' in page


def test_a_look_at_an_impossible_time_answers(browser: Client, place: Place) -> None:
    asked = {"metric": place.metric.pk, "start": "0001-01-01", "due": "9999-12-31"}
    page = browser.get("/p/tea/goals/preview/", asked)
    assert page.status_code == 200
    assert "Choose days from 1970 to 2199." in page.content.decode()


KR = {"metric_id": "{metric}", "baseline": 0, "target": 9}
POST_GOAL, POST_RESULT = "goals", "goals/{goal}/key-results"
# Address, body, status, the field with the answer ("" for none), the answer.
API: list[tuple[str, dict[str, Any], int, str, str]] = [
    (POST_GOAL, {"title": "\u200b"}, 400, "title", TITLE),
    (POST_GOAL, {"title": LONG}, 400, "title", "At most 160 characters."),
    (POST_GOAL, {"title": "\ud800"}, 400, "title", "a broken sign that cannot be kept"),
    (POST_GOAL, {"due": "2025-01-01"}, 400, "due", "It cannot be due before it starts."),
    (POST_GOAL, {"due": "9999-12-31"}, 400, "due", FAR),
    (POST_GOAL, {"start": "1900-01-01"}, 400, "start", FAR),
    (POST_GOAL, {"weight": -1}, 400, "weight", WEIGHT),
    (POST_GOAL, {"weight": float("nan")}, 400, "weight", WEIGHT),
    (POST_GOAL, {"weight": float("inf")}, 400, "weight", WEIGHT),
    (POST_GOAL, {"rhythm_day": 8}, 400, "rhythm_day", "Choose a day of the week."),
    (POST_GOAL, {"parent_id": "{absent}"}, 404, "", "There is no such goal."),
    (POST_GOAL, {"parent_id": "{foreign_goal}"}, 404, "", "There is no such goal."),
    (POST_GOAL, {"cycle_id": "{absent}"}, 404, "", "There is no such cycle."),
    (POST_GOAL, {"owner_id": "{absent}"}, 400, "owner", "The owner must be a member of the organisation."),
    (POST_RESULT, KR | {"target": 0}, 400, "target", "The target equals the baseline"),
    (POST_RESULT, KR | {"target": -1}, 400, "target", "Of this metric more is better"),
    (POST_RESULT, KR | {"target": float("nan")}, 400, "target", "Enter a number."),
    (POST_RESULT, KR | {"target": float("inf")}, 400, "target", "Enter a number."),
    (POST_RESULT, KR | {"target": 1e16}, 400, "target", LARGE),
    (POST_RESULT, KR | {"target": None}, 400, "target", "Enter a number."),
    (POST_RESULT, KR | {"weight": 0}, 400, "weight", WEIGHT),
    (POST_RESULT, KR | {"weight": float("nan")}, 400, "weight", WEIGHT),
    (POST_RESULT, KR | {"on_track_lag": float("nan")}, 400, "on_track_lag", "Enter a percentage from 0 to 100."),
    (POST_RESULT, KR | {"metric_id": "{absent}"}, 404, "", "no such metric"),
    (POST_RESULT, KR | {"metric_id": "{foreign_metric}"}, 404, "", "no such metric"),
    (POST_RESULT, KR | {"due": "9999-12-31"}, 400, "due", FAR),
    (POST_RESULT, KR | {"start": "2025-01-01"}, 400, "start", "A key result lies within its goal's time"),
    (POST_RESULT, KR | {"name": LONG}, 400, "name", "At most 160 characters."),
    ("goals/{over}/key-results", KR, 409, "", "This goal is closed. Reopen it to change it."),
    ("goals/{over}/close", CLOSE, 409, "", "This goal is closed already."),
    ("goals/{goal}/close", CLOSE | {"score": 2}, 400, "score", "A score is from 0 to 1."),
    ("goals/{goal}/close", CLOSE | {"score": float("nan")}, 400, "score", "A score is from 0 to 1."),
    ("goals/{goal}/close", CLOSE | {"outcome": " "}, 400, "outcome", "Say in a sentence what came of it"),
    ("goals/{goal}/reopen", {"reason": "Why not"}, 409, "", "This goal is open."),
    ("goals/{over}/reopen", {"reason": " "}, 400, "reason", "Say why the goal is opened again."),
    ("goals/{goal}/check-ins", {"confidence": 11}, 400, "confidence", "Confidence is from 1 to 10."),
    ("goals/{goal}/check-ins", {"confidence": 0}, 400, "confidence", "Confidence is from 1 to 10."),
    ("goals/{over}/check-ins", {"confidence": 5}, 409, "", "This goal is closed."),
    ("goals/{goal}/check-ins", {"confidence": 5, "happened": LONG}, 400, "happened", "At most 5000 characters."),
    ("cycles", CYCLE | {"due": "2025-01-01"}, 400, "due", "before it starts"),
    ("cycles", CYCLE | {"due": "9999-12-31"}, 400, "due", FAR),
    ("cycles", CYCLE | {"name": LONG}, 400, "name", "At most 80 characters."),
    ("north-star/drivers", {"metric_id": "{foreign_metric}"}, 404, "", "no such metric"),
]


def test_the_api_says_what_to_change_and_changes_nothing(call: Any, place: Place) -> None:  # noqa: F811
    before = state()
    for line in API:
        path, body, status, field, sentence = line
        usual = Q1 | {"title": "Tea"} if path == POST_GOAL else {}
        where = path.format(goal=place.goal.pk, over=place.over.pk)
        got, problem = call("POST", where, place.filled(usual | body))
        told = " ".join(problem.get("errors", {}).get(field, [])) if field else problem["detail"]
        assert (named(line), got, sentence in told) == (named(line), status, True), problem
    for number in ("99999999999999999999999", "-1", "0"):
        got, problem = call("GET", f"goals/{number}")
        assert (number, got, bool(problem["detail"])) == (number, 400, True)
    assert state() == before


def test_a_goal_below_itself_is_refused_by_the_api(call: Any, place: Place) -> None:  # noqa: F811
    status, problem = call("PATCH", f"goals/{place.goal.pk}", {"version": 1, "parent_id": place.below.pk})
    assert (status, problem["errors"]) == (400, {"parent": ["A goal cannot serve itself or a goal below it."]})


def test_a_metric_that_a_key_result_needs_is_not_deleted(access: ProductAccess, place: Place) -> None:
    from yunying.apps.insights.services import delete_metric
    from yunying.base.errors import YunyingError

    with pytest.raises(YunyingError) as refused:
        delete_metric(access=access, metric=place.metric)
    assert refused.value.message


def test_a_check_in_is_of_today_whatever_day_is_sent(call: Any, place: Place) -> None:  # noqa: F811
    status, said = call("POST", f"goals/{place.goal.pk}/check-ins", {"confidence": 5, "on": "2030-01-01"})
    assert (status, said["on"]) == (201, "2026-03-05")


def test_a_change_of_a_key_result_is_checked_like_a_new_one(
    browser: Client, access: ProductAccess, place: Place
) -> None:
    kept = add_key_result(access=access, goal=place.goal, metric_id=place.metric.pk, shape="above", low=5)
    typed = LIMITS | {"metric": kept.metric_id, "shape": "above", "low": "12,5"}
    page = browser.post(f"/p/tea/goals/key-results/{kept.pk}/", typed)
    assert page.context["form"].errors["low"] == [POINT]
    assert 'value="12,5"' in page.content.decode()


SHUT = "This goal is closed. Reopen it to change it."


@pytest.mark.parametrize(
    ("page", "told"),
    [
        ("goals/{over}/edit/", SHUT),
        ("goals/{over}/move/", SHUT),
        ("goals/{over}/check-in/", SHUT),
        ("goals/{over}/key-results/new/", SHUT),
        ("goals/key-results/{kept}/", SHUT),
        ("goals/{over}/close/", "This goal is closed already."),
        ("goals/{goal}/reopen/", "This goal is open."),
        ("goals/cycles/{cycle}/edit/", "This cycle is closed. Reopen it to change it."),
        ("goals/cycles/{cycle}/close/", "This cycle is closed. Reopen it to change it."),
    ],
)
def test_a_form_that_nobody_could_send_is_not_shown(browser: Client, place: Place, page: str, told: str) -> None:
    kept = KeyResult.objects.create(
        goal=place.over, metric=place.metric, baseline=0, target=9, start=DAYS["start"], due=DAYS["due"]
    )
    Cycle.objects.filter(pk=place.cycle.pk).update(closed_at=place.over.closed_at)
    names = {"goal": place.goal.pk, "over": place.over.pk, "kept": kept.pk, "cycle": place.cycle.pk}
    answer = browser.get(f"/p/tea/{page.format(**names)}", follow=True)
    assert [status for _url, status in answer.redirect_chain] == [302]
    assert told in answer.content.decode()
