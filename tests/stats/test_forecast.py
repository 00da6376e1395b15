"""Forecasts of sums: what they say, when they keep silent, and whether their intervals hold."""

import dataclasses
import logging
import subprocess
import sys
from datetime import date

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from yunying.base.workdays import Workdays
from yunying.stats.forecast import Doubt, History, Stretch, forecast
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
    found = forecast(history(below * 0.2 + noisy(140, seed=8) * 0.1, below, combine=share), start=126, stop=154)
    assert found.value == pytest.approx(0.21, abs=0.005)
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


SHAPES = {
    "counts": lambda dice, days: dice.poisson(dice.uniform(0, 3), days).astype(float),
    "rare": lambda dice, days: (dice.random(days) < 0.03) * dice.integers(1, 500, days).astype(float),
    "stopped": lambda dice, days: np.where(np.arange(days) < days // 2, dice.poisson(9, days), 0).astype(float),
    "steep": lambda dice, days: np.exp(np.linspace(0, 6, days)) * dice.uniform(0.2, 2, days),
}


@pytest.fixture
def plain_methods(monkeypatch):
    """Without Prophet a forecast takes milliseconds; what the number can be does not depend on the method."""
    found = {method: found for method, found in predictors().items() if method is not Method.PROPHET}
    monkeypatch.setattr("yunying.stats.forecast.predictors", lambda: found)


@pytest.mark.parametrize("shape", SHAPES)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000), days=st.integers(56, 160), begun=st.integers(0, 40), left=st.integers(0, 30))
def test_what_only_grows_is_never_told_to_end_below_what_it_is(plain_methods, shape, seed, days, begun, left):
    values = SHAPES[shape](np.random.default_rng(seed), days)
    asked = dataclasses.replace(history(values), least=0.0)
    start, stop = days - begun, days + left
    found = forecast(asked, start, stop, [Stretch(start, day) for day in range(days + 1, stop + 1)])
    so_far = values[start:].sum()
    for point in (found, *found.path):
        assert point.value >= so_far
        assert (point.low is None) == (point.high is None)
        assert point.low is None or so_far <= point.low < point.high
    assert found.probability(at_least=so_far) == 1
    assert so_far == 0 or found.probability(at_most=so_far / 2) == 0


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000), rate=st.sampled_from([0.001, 0.02, 0.5, 0.98, 0.999]), left=st.integers(1, 30))
def test_a_rate_is_told_within_nothing_and_all(plain_methods, seed, rate, left):
    dice = np.random.default_rng(seed)
    of = dice.integers(1, 20, 120)
    asked = dataclasses.replace(history(dice.binomial(of, rate), of, combine=share), least=0.0, most=1.0)
    found = forecast(asked, 120, 120 + left)
    if found is not None and found.low is not None:
        assert 0 <= found.low < found.high <= 1


def test_a_past_without_any_variation_tells_no_interval_and_no_probability():
    found = forecast(history(np.full(120, 5.0)), start=100, stop=130)
    assert found.value == pytest.approx(150)
    assert (found.doubt, found.low, found.level) == (Doubt.NO_SPREAD, None, None)
    assert found.probability(at_least=149) is None
    assert found.probability(at_least=151) is None


def test_when_nothing_is_left_to_come_it_is_said_plainly():
    values = noisy(120)
    found = forecast(history(values), start=100, stop=120)
    assert found.value == pytest.approx(values[100:].sum())
    assert (found.doubt, found.low) == (None, None)
    assert found.probability(at_least=found.value - 1) == 1
    assert found.probability(at_least=found.value + 1) == 0


def test_a_target_that_a_count_has_reached_is_reached_however_short_the_past():
    asked = dataclasses.replace(history(np.full(30, 5.0)), least=0.0)
    found = forecast(asked, start=0, stop=60)
    assert found.doubt is Doubt.SHORT_HISTORY
    assert found.probability(at_least=150) == 1
    assert found.probability(at_least=151) is None
    assert found.probability(at_most=149) == 0


def test_the_path_leads_from_what_is_known_to_the_value_at_the_end():
    asked = dataclasses.replace(history(noisy(200)), least=0.0)
    found = forecast(asked, 186, 228, [Stretch(186, day) for day in range(201, 229)])
    values = [point.value for point in found.path]
    assert values == sorted(values)
    assert (values[-1], found.path[-1].low) == (pytest.approx(found.value), pytest.approx(found.low))
    steps = np.diff(values)
    assert steps[(5 - 201) % 7] < steps[(2 - 201) % 7] / 2  # a Saturday brings less than a Wednesday
    widths = [point.high - point.low for point in found.path]
    assert widths[0] < widths[-1] / 2


def test_the_band_on_the_way_is_told_only_where_its_own_test_covers(monkeypatch):
    """A method that goes astray on the first day in two months of the past, and makes up for it on the last."""

    def telling(values, timeline, count):
        told = np.full(count, 10.0)
        week = (len(values) - 32) // 7
        off = 50.0 if 2 <= week < 6 else -50.0 if 14 <= week < 18 else 0.0
        told[[0, -1]] += [off, -off]
        return told

    monkeypatch.setattr("yunying.stats.forecast.predictors", lambda: {Method.RUN_RATE: telling})
    values = 10 + np.random.default_rng(5).normal(0, 1, 200)
    found = forecast(history(values), 200, 228, [Stretch(200, day) for day in range(201, 229)])
    assert (found.doubt, found.level) == (None, 0.9)
    banded = [point.low is not None and point.low < point.value < point.high for point in found.path]
    assert banded == [True] * 7 + [False] * 20 + [True]
    assert all(point.low is None and point.high is None for point in found.path[7:27])


def test_what_its_past_alone_kept_to_cuts_off_but_settles_nothing():
    """A share that never was more than all can be so one day; amounts that were never negative can be taken back."""
    below = np.full(120, 10.0)
    values = np.random.default_rng(2).uniform(9, 10, 120)
    asked = dataclasses.replace(history(values, below, combine=share), least=0.0, most=1.0, firm=False)
    found = forecast(asked, 120, 127)
    assert found.high <= 1
    assert found.probability(at_least=1.2) == pytest.approx(0.05)
    assert found.probability(at_least=0) == pytest.approx(0.95)
    kept = dataclasses.replace(asked, firm=True)
    assert forecast(kept, 120, 127).probability(at_least=1.2) == 0


def test_fitting_writes_nothing_to_the_terminal() -> None:
    fit = """
from datetime import date
import numpy as np
from yunying.base.workdays import Workdays
from yunying.stats.predictors import Step, Timeline, prophet
timeline = Timeline(date(2026, 1, 1), Step.DAY, Workdays(""))
prophet(np.arange(60.0) % 7 + 10, timeline, 5)
"""
    done = subprocess.run([sys.executable, "-c", fit], capture_output=True, text=True, timeout=120, check=True)
    assert (done.stdout, done.stderr) == ("", "")
