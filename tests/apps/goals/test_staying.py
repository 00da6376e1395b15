"""Key results that stay within limits, and the arithmetic behind them."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yunying.apps.goals.models import Goal, KeyResult
from yunying.apps.goals.progress import Lags, Standing, Verdict, beyond, judge_staying, together
from yunying.apps.goals.readings import take_readings
from yunying.apps.goals.services import add_key_result
from yunying.apps.insights.models import Metric
from yunying.platform.products.access import ProductAccess
from yunying.platform.products.models import Product

START, DUE = date(2026, 1, 1), date(2026, 4, 10)
positive = st.floats(0.001, 1e6)


def verdict(
    value: float | None, *, low: float | None = None, high: float | None = None, on: date = date(2026, 2, 1)
) -> Verdict:
    return judge_staying(
        low=low, high=high, value=value, inside=3, counted=4, start=START, due=DUE, today=on, lags=Lags(0.0, 0.05)
    )  # fmt: skip


@pytest.mark.parametrize(
    ("value", "standing"),
    [
        (10, Standing.ON_TRACK),
        (11, Standing.ON_TRACK),
        (9.6, Standing.AT_RISK),
        (9.4, Standing.OFF_TRACK),
        (None, Standing.NO_READING),
    ],
)
def test_what_must_stay_above_is_judged_by_its_newest_reading(value: float | None, standing: Standing) -> None:
    assert verdict(value, low=10).standing == standing


def test_between_two_limits_both_sides_count() -> None:
    assert verdict(5, low=4, high=6).standing == Standing.ON_TRACK
    assert verdict(3, low=4, high=6).standing == Standing.OFF_TRACK
    assert verdict(7, low=4, high=6).standing == Standing.OFF_TRACK


def test_the_reason_says_how_far_and_how_often() -> None:
    found = verdict(8, low=10)
    assert found.reason % found.data == "It is 20% below its limit; 3 of 4 readings were within."
    found = verdict(12.1, high=10)
    assert found.reason % found.data == "It is 21% above its limit; 3 of 4 readings were within."


def test_beyond_a_limit_of_zero_there_is_no_share() -> None:
    found = verdict(0.1, high=0)
    assert found.standing == Standing.OFF_TRACK
    assert found.reason % found.data == "It is above its limit; 3 of 4 readings were within."


def test_after_its_time_it_was_kept_or_not() -> None:
    late = DUE + timedelta(days=1)
    assert verdict(10, low=10, on=late).standing == Standing.REACHED
    assert verdict(9, low=10, on=late).standing == Standing.MISSED
    assert verdict(9, low=10, on=START - timedelta(days=1)).standing == Standing.NOT_STARTED


def test_progress_is_the_share_of_readings_within_the_limits() -> None:
    assert verdict(10, low=10).progress == 0.75


@given(st.floats(-1e9, 1e9), positive, positive)
def test_a_value_is_within_exactly_when_it_is_no_limit_beyond(value: float, low: float, width: float) -> None:
    away, below = beyond(low, low + width, value)
    assert (away == 0) == (low <= value <= low + width)
    assert below == (value < low)


@given(st.lists(st.tuples(st.floats(-5, 5), positive), min_size=1, max_size=20))
def test_the_weighted_mean_lies_between_its_parts_and_knows_no_scale(parts: list[tuple[float, float]]) -> None:
    found = together(parts)
    ways = [min(1.0, max(0.0, way)) for way, _weight in parts]
    assert found is not None
    assert min(ways) - 1e-9 <= found <= max(ways) + 1e-9
    assert together([(way, weight * 7) for way, weight in parts]) == pytest.approx(found)


@pytest.mark.usefixtures("clock")
def test_readings_within_the_limits_are_counted(shop: Product, access: ProductAccess, goal: Goal) -> None:
    question = {"kind": "trends", "series": [{"event": "order", "measure": "count"}]}
    daily = Metric.objects.create(product=access.product, name="Daily", question=question, window="day")
    kept = add_key_result(access=access, goal=goal, metric_id=daily.pk, shape="above", low=1)
    take_readings(kept)
    row = KeyResult.objects.get(pk=kept.pk)
    values = [reading.value for reading in row.readings.all() if reading.on >= row.start]
    assert row.counted == len(values)
    assert row.inside == sum(1 for value in values if value and value >= 1)
    assert 0 < row.inside < row.counted
