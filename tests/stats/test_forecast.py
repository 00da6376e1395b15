"""Forecasts of sums: what they say, when they keep silent, and whether their intervals hold."""

import logging
from datetime import date

import numpy as np
import pytest

from yunying.base.workdays import Workdays
from yunying.stats.forecast import Doubt, History, forecast
from yunying.stats.predictors import Method, Step, Timeline, predictors, prophet

pytestmark = pytest.mark.long

MONDAY = date(2025, 1, 6)
WEEK = np.array([10.0, 12, 11, 13, 15, 4, 2])


def total(sums):
    return sums[0]


def share(sums):
    return sums[0] / sums[1] if sums[1] else None


def history(*components, step=Step.DAY, country="", first=MONDAY, combine=total):
    known = tuple(np.asarray(values, dtype=float) for values in components)
    return History(Timeline(first, step, Workdays(country)), known, combine, additive=combine is total)


def noisy(days, seed=7, level=1.0):
    dice = np.random.default_rng(seed)
    return np.resize(WEEK, days) * level + dice.normal(0, 1.5, days)


@pytest.mark.parametrize("method", list(Method))
def test_every_method_continues_a_plain_week(method):
    found = predictors()[method](np.resize(WEEK, 84), Timeline(MONDAY, Step.DAY, Workdays("")), 10)
    assert found == pytest.approx(np.resize(WEEK, 10), abs=0.2)


@pytest.mark.parametrize("method", list(Method))
def test_gaps_do_not_stop_a_method(method):
    values = np.resize(WEEK, 84)
    values[[3, 30, 80, 83]] = np.nan
    found = predictors()[method](values, Timeline(MONDAY, Step.DAY, Workdays("")), 7)
    assert found == pytest.approx(WEEK, abs=0.5)


def test_what_is_over_counts_as_it_was_and_the_rest_is_predicted():
    known = np.concatenate([noisy(140), [100.0, 100.0]])
    found = forecast(history(known), start=140, stop=147)
    assert found.value - 200 == pytest.approx(WEEK[2:].sum(), rel=0.35)


def test_less_than_eight_weeks_give_the_run_rate_alone():
    found = forecast(history(np.resize(WEEK, 55)), start=49, stop=63)
    assert (found.method, found.doubt, found.others) == (Method.RUN_RATE, Doubt.SHORT_HISTORY, {})
    assert found.value == pytest.approx(2 * WEEK.sum())
    assert found.low is None
    assert found.probability(at_least=0) is None


@pytest.fixture(scope="module")
def quiet():
    return forecast(history(noisy(200)), start=186, stop=228)


def test_a_long_quiet_history_gives_an_interval_that_holds_the_truth(quiet):
    truth = noisy(228)[186:].sum()
    assert quiet.doubt is None
    assert quiet.level == 0.9
    assert quiet.low < truth < quiet.high
    assert quiet.high - quiet.low < 0.3 * quiet.value


def test_the_probability_falls_with_the_target_and_never_says_certain(quiet):
    chances = [quiet.probability(at_least=quiet.value * factor) for factor in (0.5, 0.99, 1.01, 2)]
    assert chances == sorted(chances, reverse=True)
    assert chances[0] == pytest.approx(0.95)
    assert chances[-1] == pytest.approx(0.05)


def test_where_less_is_better_the_probability_turns_round(quiet):
    assert quiet.probability(at_most=quiet.value * 2) == pytest.approx(0.95)


def test_between_two_limits_is_less_likely_than_above_the_lower(quiet):
    low, high = quiet.value * 0.99, quiet.value * 1.01
    inside = quiet.probability(at_least=low, at_most=high)
    assert inside == pytest.approx(quiet.probability(at_least=low) - quiet.probability(at_least=high))


def test_few_earlier_windows_of_that_length_give_no_probability():
    found = forecast(history(noisy(90)), start=90, stop=135)
    assert found.doubt is Doubt.FEW_ORIGINS
    assert found.low is None


def test_a_past_that_its_own_errors_do_not_cover_gives_no_probability():
    values = noisy(320)
    values[160:163] += 100  # one sale: every window that holds it is far off, and no other window knows of it
    found = forecast(history(values), start=320, stop=376)
    assert found.doubt is Doubt.DOES_NOT_COVER
    assert found.coverage < 0.7


def test_a_rising_series_is_left_to_the_method_that_sees_it_rise():
    values = noisy(200, level=np.linspace(1, 3, 200))
    found = forecast(history(values), start=200, stop=228)
    assert found.method is Method.PROPHET
    assert found.others[Method.SEASONAL_NAIVE] < found.value


def test_a_ratio_is_the_forecast_of_both_its_parts():
    below = noisy(140, level=10)
    found = forecast(history(below * 0.2, below, combine=share), start=126, stop=154)
    assert found.value == pytest.approx(0.2, abs=0.005)
    assert found.doubt is None


def test_a_ratio_of_nothing_is_no_forecast():
    assert forecast(history(np.zeros(80), np.zeros(80), combine=share), start=80, stop=90) is None


@pytest.mark.parametrize("values", [[], [np.nan] * 70])
def test_no_data_is_no_forecast(values):
    assert forecast(history(np.array(values)), start=len(values), stop=len(values) + 7) is None


def test_weeks_and_months_are_steps_of_their_own():
    line = Timeline(date(2025, 11, 1), Step.MONTH, Workdays(""))
    assert [line.day(index) for index in (0, 1, 2, 15)] == [
        date(2025, 11, 1), date(2025, 12, 1), date(2026, 1, 1), date(2027, 2, 1),
    ]  # fmt: skip
    weekly = 100 + np.random.default_rng(3).normal(0, 5, 60)
    found = forecast(history(weekly, step=Step.WEEK), start=62, stop=63)
    assert found.value == pytest.approx(100, abs=10)
    assert found.doubt is None


def test_the_golden_week_is_known_to_be_slow():
    """Three years of a product nobody opens in the National Day holidays."""
    china, first = Workdays("CN"), date(2023, 10, 9)
    line = Timeline(first, Step.DAY, china)
    values = np.array([2.0 if not china.day(line.day(i)).kind.works else 20.0 for i in range(1086)])
    found = predictors()[Method.PROPHET](values, line, 12)  # 2026-09-29 to 2026-10-10
    days = [line.day(1086 + i) for i in range(12)]
    off = [value for day, value in zip(days, found, strict=True) if date(2026, 10, 1) <= day <= date(2026, 10, 7)]
    assert np.mean(off) < 5
    assert found[days.index(date(2026, 10, 10))] > 12  # a Saturday that is worked


def test_a_short_history_is_predicted_without_filling_the_log(caplog):
    with caplog.at_level(logging.DEBUG):
        prophet(np.resize(WEEK, 21), Timeline(MONDAY, Step.DAY, Workdays("")), 7)
    assert [record.getMessage() for record in caplog.records if record.name.startswith("prophet")] == []
