"""Ways to continue a series of equal steps: plain ones to beat, and Prophet."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from yunying.base.workdays import DayKind, Workdays

__all__ = ["Method", "Predict", "Step", "Timeline", "predictors"]

Values = NDArray[np.float64]
# How far back a rate looks, in steps of a day; of longer steps as many as a person would.
_RATE_DAYS, _RATE_STEPS = 56, 4
_YEAR_DAYS = 365


class Step(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"

    @property
    def season(self) -> int:
        """After how many steps it begins anew."""
        return 7 if self is Step.DAY else 1


class Method(StrEnum):
    RUN_RATE = "run_rate"
    SEASONAL_NAIVE = "seasonal_naive"
    PROPHET = "prophet"


@dataclass(frozen=True)
class Timeline:
    """When the steps of a series are: `first` is the first day of the first step."""

    first: date
    step: Step
    workdays: Workdays

    def day(self, index: int) -> date:
        """The first day of a step."""
        if self.step is Step.MONTH:
            months = self.first.year * 12 + self.first.month - 1 + index
            return date(months // 12, months % 12 + 1, 1)
        return self.first + timedelta(days=index * (7 if self.step is Step.WEEK else 1))


class Predict(Protocol):
    """The next `count` steps after the known `values`, of which some may be nan."""

    def __call__(self, values: Values, timeline: Timeline, count: int) -> Values: ...


def predictors() -> dict[Method, Predict]:
    """All methods, the simplest first."""
    return {Method.RUN_RATE: run_rate, Method.SEASONAL_NAIVE: seasonal_naive, Method.PROPHET: prophet}


def run_rate(values: Values, timeline: Timeline, count: int) -> Values:
    """The mean of the latest eight weeks, by weekday; of longer steps the mean of the latest four."""
    season = timeline.step.season
    known = values[-(_RATE_DAYS if season > 1 else _RATE_STEPS) :]
    rates = np.array([_mean(known[-1 - place :: -season], known) for place in range(season)])[::-1]
    return np.resize(rates, count)


def _mean(some: Values, otherwise: Values) -> float:
    for part in (some, otherwise):
        found = part[~np.isnan(part)]
        if len(found):
            return float(found.mean())
    return 0.0


def seasonal_naive(values: Values, timeline: Timeline, count: int) -> Values:
    """The latest whole week again and again; of longer steps the latest one. Gaps are filled by the run rate."""
    season = timeline.step.season
    last = values[-season:] if len(values) >= season else np.resize(values, season)
    filled = np.where(np.isnan(last), run_rate(values, timeline, season), last)
    return np.resize(filled, count)


def prophet(values: Values, timeline: Timeline, count: int) -> Values:
    """Trend, week, year and working days by Prophet (Taylor and Letham 2018), its most probable path.

    Numbers that were never negative do not become so.
    """
    import pandas

    if (~np.isnan(values)).sum() < 2:
        return run_rate(values, timeline, count)
    days = [timeline.day(index) for index in range(len(values) + count)]
    model = _model(values, timeline, days)
    model.fit(pandas.DataFrame({"ds": pandas.to_datetime(days[: len(values)]), "y": values}))
    ahead = model.predict(pandas.DataFrame({"ds": pandas.to_datetime(days[len(values) :])}))
    found: Values = ahead["yhat"].to_numpy(dtype=np.float64)
    return found if np.nanmin(values) < 0 else found.clip(0)


def _model(values: Values, timeline: Timeline, days: Sequence[date]) -> Any:
    daily = timeline.step is Step.DAY
    span_days = (days[len(values) - 1] - days[0]).days
    return _prophet_class()(
        uncertainty_samples=0,
        daily_seasonality=False,
        weekly_seasonality=daily,
        yearly_seasonality=span_days >= 2 * _YEAR_DAYS,
        holidays=_special(timeline.workdays, days) if daily else None,
    )


def _special(workdays: Workdays, days: Sequence[date]) -> Any:
    """Holidays by their names and the weekend days that are worked, as Prophet wants them; None without any."""
    import pandas

    special = [day for on in days if (day := workdays.day(on)).kind in {DayKind.HOLIDAY, DayKind.MAKE_UP}]
    if not special:
        return None
    names = [day.name if day.kind is DayKind.HOLIDAY else "make-up working day" for day in special]
    return pandas.DataFrame({"holiday": names, "ds": pandas.to_datetime([day.on for day in special])})


@cache
def _prophet_class() -> Any:
    """Prophet, imported at the first forecast: it takes seconds and 100 MB, and is noisy."""
    for name, level in (("prophet.plot", logging.CRITICAL), ("cmdstanpy", logging.ERROR)):
        logging.getLogger(name).setLevel(level)
    # One without any handler cmdstanpy gives its own, and has it write each step of each fit.
    logging.getLogger("cmdstanpy").addHandler(logging.NullHandler())
    from prophet import Prophet

    # Its module sets a level of its own when it is imported.
    logging.getLogger("prophet").setLevel(logging.WARNING)
    return Prophet
