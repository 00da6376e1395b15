from datetime import date, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from yunying.apps.goals.progress import (
    Standing,
    Verdict,
    clamped,
    elapsed,
    judge,
    progress,
    straight_line,
    together,
    worst,
)

START, DUE = date(2026, 1, 1), date(2026, 4, 10)  # 100 days
finite = st.floats(-1e9, 1e9)


def verdict(value: float | None, on: date, *, baseline: float = 0, target: float = 100) -> Verdict:
    return judge(
        baseline=baseline, target=target, value=value, read_on=on, start=START, due=DUE, today=on + timedelta(days=1)
    )


def test_progress_is_the_share_of_the_way_from_baseline_to_target() -> None:
    assert progress(200, 300, 250) == 0.5
    assert progress(10, 5, 7.5) == 0.5
    assert progress(0, 10, None) is None


@given(finite, finite)
def test_progress_is_nothing_at_the_baseline_and_whole_at_the_target(baseline: float, target: float) -> None:
    assume(abs(target - baseline) > 1e-3)
    assert progress(baseline, target, baseline) == 0
    assert progress(baseline, target, target) == pytest.approx(1)


def test_bars_stay_within_their_frame() -> None:
    assert clamped(-0.4) == 0
    assert clamped(1.7) == 1
    assert clamped(None) == 0


def test_time_is_over_by_whole_days_both_ends_included() -> None:
    assert elapsed(START, DUE, START - timedelta(days=1)) == 0
    assert elapsed(START, DUE, START) == 0.01
    assert elapsed(START, DUE, DUE) == 1
    assert elapsed(START, DUE, DUE + timedelta(days=30)) == 1


def test_the_straight_line_ends_at_the_target_on_the_due_day() -> None:
    assert straight_line(40, 20, START, DUE, DUE) == 20
    assert straight_line(0, 100, START, DUE, date(2026, 2, 19)) == 50


@pytest.mark.parametrize(
    ("value", "standing"),
    [
        (60, Standing.ON_TRACK),
        (50, Standing.ON_TRACK),
        (45, Standing.ON_TRACK),
        (44.9, Standing.AT_RISK),
        (30, Standing.AT_RISK),
        (29.9, Standing.OFF_TRACK),
        (-10, Standing.OFF_TRACK),
        (100, Standing.REACHED),
        (None, Standing.NO_READING),
    ],
)
def test_half_way_in_time_the_lag_decides(value: float | None, standing: Standing) -> None:
    assert verdict(value, date(2026, 2, 19)).standing == standing


def test_the_reason_says_how_far_behind_the_straight_line() -> None:
    found = verdict(38, date(2026, 2, 19))
    assert found.reason % found.data == "38% of the way after 50% of the time: 12 points behind the straight line."


def test_the_reason_never_rounds_up_to_the_whole_way() -> None:
    found = verdict(99.7, DUE)
    assert found.standing == Standing.MISSED
    assert found.reason % found.data == "The time is over at 99% of the way."


def test_a_falling_target_counts_the_way_down() -> None:
    assert verdict(30, date(2026, 2, 19), baseline=40, target=20).standing == Standing.ON_TRACK
    assert verdict(19, date(2026, 2, 19), baseline=40, target=20).standing == Standing.REACHED


def test_a_monthly_reading_is_compared_with_the_time_at_the_end_of_its_month() -> None:
    late = judge(
        baseline=0, target=100, value=31, read_on=date(2026, 1, 31), start=START, due=DUE, today=date(2026, 2, 27)
    )
    assert late.elapsed == 0.31
    assert late.standing == Standing.ON_TRACK


def test_before_the_start_nothing_is_judged() -> None:
    early = judge(baseline=0, target=100, value=0, read_on=None, start=START, due=DUE, today=START - timedelta(days=3))
    assert early.standing == Standing.NOT_STARTED


def test_a_goal_stands_as_its_worst_key_result() -> None:
    assert worst([Standing.REACHED, Standing.AT_RISK, Standing.ON_TRACK]) == Standing.AT_RISK
    assert worst([Standing.NO_READING, Standing.REACHED]) == Standing.NO_READING
    assert worst([]) is None


def test_a_goals_progress_is_the_mean_and_one_result_cannot_make_up_for_another() -> None:
    assert together([(0.5, 1), (3.0, 1)]) == 0.75
    assert together([(None, 1), (0.5, 1)]) == 0.5
    assert together([(None, 1)]) is None


def test_moving_away_from_the_target_is_said_in_words() -> None:
    found = verdict(-10, date(2026, 2, 19))
    assert found.reason % found.data == "It stands further from the target than at the start, after 50% of the time."
