"""A guardrail is judged over its whole time: since when and how far it did not hold is told everywhere."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from tests.apps.goals.test_api import call  # noqa: F401 - a fixture
from yunying.apps.goals.digest import changes_of_week
from yunying.apps.goals.guardrails import Breach, breach_in, judge_guardrail
from yunying.apps.goals.models import Goal, GoalDay, KeyResult
from yunying.apps.goals.progress import Standing, Verdict
from yunying.apps.goals.readings import take_readings
from yunying.apps.goals.selectors import cards
from yunying.apps.goals.services import add_key_result
from yunying.apps.insights.models import Metric
from yunying.apps.insights.selectors import MetricPoint
from yunying.base.clock import FixedClock
from yunying.platform.jobs.testing import drain
from yunying.platform.notify.models import Notification
from yunying.platform.products.access import ProductAccess

START, DUE = date(2026, 1, 1), date(2026, 3, 31)
TODAY = date(2026, 3, 5)


def day(number: int) -> date:
    return START + timedelta(days=number - 1)


def found(values: list[float], **limits: Any) -> Breach | None:
    readings = [(day(number), value) for number, value in enumerate(values, start=1)]
    return breach_in(readings, **({"low": None, "high": None, "tolerance": 0.0} | limits))


def test_a_guardrail_that_always_held_has_no_breach() -> None:
    assert found([5, 6, 7], high=7) is None
    assert found([], high=7) is None


def test_a_breach_that_lasts_names_its_first_day_and_its_worst() -> None:
    assert found([5, 9, 5, 8, 12, 10], high=7) == Breach(day(4), None, 12, day(5))


def test_a_breach_that_is_over_names_when_it_ended_and_the_worst_of_all() -> None:
    assert found([5, 14, 5, 8, 5], high=7) == Breach(day(4), day(5), 14, day(2))


def test_within_the_tolerance_is_no_breach() -> None:
    assert found([5, 7.3, 5], high=7, tolerance=0.05) is None
    assert found([5, 7.4, 5], high=7, tolerance=0.05) == Breach(day(2), day(3), 7.4, day(2))


def test_between_two_limits_the_further_side_is_the_worst() -> None:
    assert found([5, 3, 9], low=4, high=8) == Breach(day(2), None, 3, day(2))


def test_beyond_a_limit_of_zero_the_plain_distance_tells_the_worst() -> None:
    assert found([1, 3, 2], high=0) == Breach(day(1), None, 3, day(2))


def test_of_totals_only_the_newest_counts_for_it_covers_all_the_time() -> None:
    assert found([1, 5, 12], low=10, newest_only=True) is None
    assert found([1, 5, 9], low=10, newest_only=True) == Breach(day(1), None, 1, day(1))


@given(st.lists(st.integers(-100, 100).map(float), max_size=30), st.integers(-50, 50).map(float))
def test_there_is_a_breach_exactly_when_a_reading_lies_beyond(values: list[float], high: float) -> None:
    breach = found(values, high=high)
    assert (breach is not None) == any(value > high for value in values)
    if breach is not None:
        assert (breach.until is None) == (values[-1] > high)
        assert breach.worst > high
        assert breach.until is None or breach.worst == pytest.approx(max(values), abs=1e-9)


def verdict(breach: Breach | None, *, value: float = 5, high: float = 7, on: date = TODAY) -> Verdict:
    return judge_guardrail(
        low=None, high=high, value=value, inside=60, counted=64, start=START, due=DUE, today=on, breach=breach
    )


def test_a_good_reading_does_not_undo_a_bad_one() -> None:
    over = Breach(day(4), day(6), 14, day(5))
    told = verdict(over)
    assert told.standing == Standing.AT_RISK
    assert told.reason % told.data == (
        "It holds again since 2026-01-06. It was last above its limit from 2026-01-04 on, and at worst by 100%"
        " (2026-01-05). 60 of 64 readings were within."
    )
    assert verdict(over, on=DUE + timedelta(days=1)).standing == Standing.MISSED


@pytest.mark.parametrize(("worst", "standing"), [(7.2, Standing.AT_RISK), (7.5, Standing.OFF_TRACK)])
def test_the_worst_reading_of_a_breach_decides_how_bad_it_is(worst: float, standing: Standing) -> None:
    told = verdict(Breach(day(60), None, worst, day(62)), value=7.1)
    assert told.standing == standing
    assert "since 2026-03-01, at worst by " in told.reason % told.data


def test_what_held_is_judged_as_before() -> None:
    assert verdict(None).standing == Standing.ON_TRACK
    assert verdict(None, on=DUE + timedelta(days=1)).standing == Standing.REACHED
    assert verdict(None, on=START - timedelta(days=1)).standing == Standing.NOT_STARTED


@pytest.fixture
def rail(access: ProductAccess, goal: Goal, orders: Metric, clock: FixedClock) -> KeyResult:
    """A guardrail beside a key result: at most 7 orders a day."""
    daily = Metric.objects.create(product=access.product, name="Daily", question=orders.question, window="day")
    return add_key_result(access=access, goal=goal, metric_id=daily.pk, shape="below", high=7, guardrail=True)


def read(rail: KeyResult, values: list[float], monkeypatch: pytest.MonkeyPatch) -> KeyResult:
    """As if these were the readings of the days before today."""
    first = TODAY - timedelta(days=len(values))
    points = tuple(MetricPoint(first + timedelta(days=n), value) for n, value in enumerate(values))
    monkeypatch.setattr("yunying.apps.goals.readings.metric_history", lambda *_: points)
    row = KeyResult.objects.select_related("goal__product", "metric").get(pk=rail.pk)
    take_readings(row)
    return row


LASTS = (
    "The guardrail “Daily” does not hold. Above its limit since Mar 3, 2026, at worst by 72% (Mar 3, 2026);"
    " 3 of 5 readings were within."
)
OVER = (
    "The guardrail “Daily” did not hold. It holds again since Mar 4, 2026. It was last above its limit from"
    " Mar 2, 2026 on, and at worst by 72% (Mar 2, 2026). 3 of 5 readings were within."
)


def test_the_goals_status_says_since_when_and_how_far(
    access: ProductAccess, rail: KeyResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    read(rail, [5, 6, 5, 12, 8], monkeypatch)
    card = cards(access)[0]
    assert (card.standing, card.reason) == (Standing.AT_RISK, LASTS)
    read(rail, [5, 6, 12, 8, 5], monkeypatch)
    card = cards(access)[0]
    assert (card.standing, card.reason) == (Standing.AT_RISK, OVER)
    assert str(card.guardrails[0].look.label) == "Holds again"
    read(rail, [5, 6, 5, 7, 5], monkeypatch)
    assert cards(access)[0].guardrails[0].broken is False


def test_a_key_result_that_is_worse_stands_before_the_guardrail(
    access: ProductAccess, rail: KeyResult, orders: Metric, monkeypatch: pytest.MonkeyPatch
) -> None:
    read(rail, [5, 6, 5, 12, 8], monkeypatch)
    behind = add_key_result(access=access, goal=rail.goal, metric_id=orders.pk, baseline=0, target=100)
    KeyResult.objects.filter(pk=behind.pk).update(value=10, read_on=TODAY)
    assert (
        cards(access)[0].reason == f"10% of the way after 70% of the time: 60 points behind the straight line. {LASTS}"
    )


def test_today_and_the_digest_tell_it(
    browser: Client, access: ProductAccess, rail: KeyResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    GoalDay.objects.create(goal=rail.goal, on=date(2026, 2, 25), progress=None, standing="at_risk")
    read(rail, [12, *[5.0] * 20], monkeypatch)
    assert changes_of_week(access.product, TODAY) == {}
    read(rail, [5, 6, 5, 12, 8], monkeypatch)
    assert LASTS in browser.get("/p/tea/").content.decode()
    assert changes_of_week(access.product, TODAY)[rail.goal_id].lines == ["Sell more tea: At risk", LASTS]


def test_the_owner_hears_of_the_breach_and_of_its_end(rail: KeyResult, monkeypatch: pytest.MonkeyPatch) -> None:
    for values in ([5, 6, 5, 5, 5], [5, 6, 5, 12, 8], [5, 6, 12, 8, 5]):
        read(rail, values, monkeypatch)
        drain()
    told = list(Notification.objects.filter(kind="goal.turned").order_by("pk").values_list("title", "text"))
    assert [title for title, _text in told] == ["Guardrail broken: Daily", "Guardrail “Daily”: Holds again"]
    assert told[0][1].startswith("Sell more tea: Above its limit since Mar 3, 2026, at worst by 72%")


def test_the_api_tells_it(
    call: Any,  # noqa: F811 - the fixture
    rail: KeyResult,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read(rail, [5, 6, 12, 8, 5], monkeypatch)
    _, goal = call("GET", f"goals/{rail.goal_id}")
    shown = goal["key_results"][0]
    names = ("broken_since", "broken_until", "worst", "worst_on")
    assert [shown[name] for name in names] == ["2026-03-02", "2026-03-04", 12, "2026-03-02"]
