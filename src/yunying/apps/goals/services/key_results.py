"""Binding goals to metrics: what must move, what must stay, and guardrails."""

from datetime import date
from typing import Any

from django.db import transaction

from yunying.apps.goals.checks import (
    UNSET,
    checked_number,
    checked_period,
    checked_title,
    checked_weight,
    facts_of,
    given,
    lock_open,
    noted,
)
from yunying.apps.goals.forecasts import ask_for_forecast, forget_forecasts
from yunying.apps.goals.models import Goal, KeyResult, Shape
from yunying.apps.insights.access import metric_for
from yunying.base.errors import InvalidInput, msg
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.versions import write_version

__all__ = ["add_key_result", "remove_key_result", "update_key_result"]

MOST_KEY_RESULTS = 50
_VALUES = (
    "shape", "guardrail", "baseline", "target", "low", "high", "weight", "on_track_lag", "at_risk_lag", "start", "due",
)  # fmt: skip


# What a forecast was made for.
_FORECAST_BY = ("shape", "guardrail", "baseline", "target", "low", "high", "start", "due")


def add_key_result(
    *,
    access: ProductAccess,
    goal: Goal,
    metric_id: int,
    baseline: float | None = None,
    target: float | None = None,
    name: str = "",
    start: date | None = None,
    due: date | None = None,
    shape: str = Shape.MOVE.value,
    guardrail: bool = False,
    low: float | None = None,
    high: float | None = None,
    weight: float = 1,
    on_track_lag: float | None = None,
    at_risk_lag: float | None = None,
) -> KeyResult:
    """Bind a goal to a metric; without dates the goal's period holds. The first reading is taken by `take_readings`,
    the first forecast by a job.

    Raises InvalidInput (target equals baseline or goes against the metric's direction, limits, period, weight),
    NotFound (metric) and Conflict (the goal is closed).
    """
    access.require(Permission.EDIT_GOALS)
    metric = metric_for(access, metric_id)
    values = _checked(
        goal,
        metric.direction,
        {
            "shape": shape, "guardrail": guardrail, "baseline": baseline, "target": target, "low": low, "high": high,
            "weight": weight, "on_track_lag": on_track_lag, "at_risk_lag": at_risk_lag,
            "start": start or goal.start, "due": due or goal.due,
        },
    )  # fmt: skip
    with transaction.atomic():
        lock_open(goal)
        if goal.key_results.count() >= MOST_KEY_RESULTS:
            text = msg("A goal has at most %(most)d key results. Divide it into goals that serve it.")
            raise InvalidInput("key_result.many", text, most=MOST_KEY_RESULTS)
        name = checked_title(name, "name", empty=True)
        key_result = KeyResult.objects.create(goal=goal, metric=metric, name=name, **values)
        noted(access, key_result, "created", after=facts_of(key_result))
        ask_for_forecast(key_result)
    return key_result


def update_key_result(
    *,
    access: ProductAccess,
    key_result: KeyResult,
    version: int,
    name: str = UNSET,
    baseline: float | None = UNSET,
    target: float | None = UNSET,
    start: date = UNSET,
    due: date = UNSET,
    shape: str = UNSET,
    guardrail: bool = UNSET,
    low: float | None = UNSET,
    high: float | None = UNSET,
    weight: float = UNSET,
    on_track_lag: float | None = UNSET,
    at_risk_lag: float | None = UNSET,
) -> KeyResult:
    """Change what is given. The metric stays: another metric is another key result. Raises as `add_key_result`."""
    access.require(Permission.EDIT_GOALS)
    changes = given(
        shape=shape, guardrail=guardrail, baseline=baseline, target=target, low=low, high=high, weight=weight,
        on_track_lag=on_track_lag, at_risk_lag=at_risk_lag, start=start, due=due,
    )  # fmt: skip
    values = {field: getattr(key_result, field) for field in _VALUES} | changes
    checked = _checked(key_result.goal, key_result.metric.direction, values)
    if name is not UNSET:
        checked["name"] = checked_title(name, "name", empty=True)
    with transaction.atomic():
        lock_open(key_result.goal)
        before = facts_of(key_result)
        write_version(key_result, version, checked)
        after = facts_of(key_result)
        noted(access, key_result, "changed", before=before, after=after)
        if any(before[field] != after[field] for field in _FORECAST_BY):
            forget_forecasts(key_result)
    return key_result


def remove_key_result(*, access: ProductAccess, key_result: KeyResult) -> None:
    """Take a key result and its readings out of its goal."""
    access.require(Permission.EDIT_GOALS)
    with transaction.atomic():
        lock_open(key_result.goal)
        noted(access, key_result, "removed", before=facts_of(key_result))
        key_result.delete()


def _checked(goal: Goal, direction: str, values: dict[str, Any]) -> dict[str, Any]:
    """The values as they are kept; what a shape does not use is emptied."""
    found = dict(values)
    if found["shape"] not in Shape.values:
        raise InvalidInput("key_result.shape", msg("Choose what the metric must do."), field="shape")
    _check_period(goal, found["start"], found["due"])
    found["weight"] = checked_weight(found["weight"])
    _check_lags(found)
    if found["shape"] == Shape.MOVE:
        if found["guardrail"]:
            text = msg("A guardrail stays within limits. Choose that it stays above, below or between.")
            raise InvalidInput("key_result.guardrail", text, field="shape")
        _check_move(found, direction)
        return found | {"low": None, "high": None}
    _check_limits(found)
    return found | {"baseline": None, "target": None}


def _check_period(goal: Goal, start: date, due: date) -> None:
    checked_period(start, due)
    if start < goal.start or due > goal.due:
        raise InvalidInput(
            "key_result.period",
            msg("A key result lies within its goal's time: %(start)s to %(due)s."),
            field="due" if due > goal.due else "start",
            start=goal.start.isoformat(),
            due=goal.due.isoformat(),
        )


def _check_move(values: dict[str, Any], direction: str) -> None:
    baseline, target = (checked_number(values[field], field) for field in ("baseline", "target"))
    if target == baseline:
        raise InvalidInput(
            "key_result.no_change",
            msg("The target equals the baseline, so nothing would have to change. Choose another target."),
            field="target",
        )
    if abs(target - baseline) < 1e-9 * max(abs(target), abs(baseline)):
        text = msg("The target is so close to the baseline that no reading could tell them apart.")
        raise InvalidInput("key_result.no_change", text, field="target")
    if (target > baseline) != (direction == "up"):
        against = (
            msg("Of this metric more is better, but the target lies below the baseline.")
            if direction == "up"
            else msg("Of this metric less is better, but the target lies above the baseline.")
        )
        raise InvalidInput("key_result.direction", against, field="target")


def _check_limits(values: dict[str, Any]) -> None:
    shape = values["shape"]
    values["low"] = None if shape == Shape.BELOW else checked_number(values["low"], "low")
    values["high"] = None if shape == Shape.ABOVE else checked_number(values["high"], "high")
    if shape == Shape.BETWEEN and values["high"] <= values["low"]:
        text = msg("The upper limit must lie above the lower one.")
        raise InvalidInput("key_result.limits", text, field="high")


def _check_lags(values: dict[str, Any]) -> None:
    for field in ("on_track_lag", "at_risk_lag"):
        lag = values[field]
        if lag is not None and not 0 <= lag <= 1:
            raise InvalidInput("key_result.lag", msg("Enter a percentage from 0 to 100."), field=field)
    on_track, at_risk = values["on_track_lag"], values["at_risk_lag"]
    if on_track is not None and at_risk is not None and at_risk < on_track:
        text = msg("“At risk” must reach at least as far as “on track”.")
        raise InvalidInput("key_result.lag", text, field="at_risk_lag")
