"""What a number will be when its time is over, and how far such answers were off so far.

The window of the number is known in part; the rest is predicted and added. No interval and no probability is
given before a rolling back-test has made the same forecast, of the same length, from many earlier days: its
errors of the *sum over the remaining steps* are the interval. A model's own interval is never used; it covers
far too little for sums.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from yunying.stats.predictors import Method, Predict, Step, Timeline, predictors

__all__ = ["LEAST_STEPS", "BackTest", "Doubt", "History", "Outlook", "forecast"]

Values = NDArray[np.float64]
# One number out of the sums of the components over a window; None where there is none (a division by zero).
Combine = Callable[[Sequence[float]], float | None]

# With less than this only the run rate is told.
LEAST_STEPS = {Step.DAY: 56, Step.WEEK: 8, Step.MONTH: 12}
_LEAST_TRAINING = {Step.DAY: 28, Step.WEEK: 6, Step.MONTH: 6}
_MOST_ORIGINS = 24
# An interval at 90 % needs 19 tested windows, at 80 % 9, of which three at least share no step.
_LEVELS = ((0.90, 19), (0.80, 9))
_LEAST_APART, _LEAST_CHECKS = 3, 8
# Of what an interval promises, the share its back-test must have kept: 70 % at 90 %.
_KEPT = 0.70 / 0.90
_SURE = 0.95


class Doubt(StrEnum):
    """Why there is no probability."""

    SHORT_HISTORY = "short_history"
    NOT_ADDITIVE = "not_additive"
    FEW_ORIGINS = "few_origins"
    DOES_NOT_COVER = "does_not_cover"


@dataclass(frozen=True)
class History:
    """Equal, whole steps without gaps; `components` are series (nan: no data) whose sums over a window `combine` takes.

    `additive`: the number grows with the sums, so errors are compared relative to their level; otherwise (ratios,
    readings of one period) they are taken as they are.
    """

    timeline: Timeline
    components: tuple[Values, ...]
    combine: Combine
    additive: bool

    @property
    def steps(self) -> int:
        return len(self.components[0])


@dataclass(frozen=True)
class BackTest:
    """How one method did: `errors` (actual less predicted, in units of `scale`) by origin, the oldest first.

    `error` is their mean size, `bias` their mean, both in the units of the errors.
    """

    method: Method
    origins: tuple[int, ...]
    errors: tuple[float, ...]

    @property
    def error(self) -> float:
        return float(np.mean(np.abs(self.errors))) if self.errors else math.inf

    @property
    def bias(self) -> float:
        return float(np.mean(self.errors)) if self.errors else 0.0


@dataclass(frozen=True)
class Outlook:
    """The `value` at the end of the window by `method`, beside what each other method says.

    `low`, `high` hold it with probability `level`; they and `probability()` are None while `doubt` says why.
    `coverage` is the share of back-tested windows whose own interval held them, out of `checks`.
    """

    value: float
    method: Method
    others: dict[Method, float]
    tests: tuple[BackTest, ...]
    low: float | None
    high: float | None
    level: float | None
    coverage: float | None
    checks: int
    doubt: Doubt | None
    spread: "_Spread | None"

    def probability(self, *, at_least: float | None = None, at_most: float | None = None) -> float | None:
        """How sure it is by the back-tested errors that the number ends within these limits, from 5 % to 95 %."""
        if self.doubt is not None or self.spread is None:
            return None
        above = 0.0 if at_least is None else self.spread.below(at_least - self.value)
        below = 1.0 if at_most is None else self.spread.below(at_most - self.value)
        return min(_SURE, max(1 - _SURE, below - above))


@dataclass(frozen=True)
class _Spread:
    """How the next error is spread: Student's t around their mean.

    Windows that overlap err together, so there are no more degrees of freedom than windows `apart` from one another
    (less one), however many were tested.
    """

    mean: float
    scale: float
    freedom: int

    def range(self, level: float) -> tuple[float, float]:
        """Between what the next error lies with probability `level`."""
        from scipy.stats import t

        half = float(t.ppf((1 + level) / 2, self.freedom)) * self.scale
        return self.mean - half, self.mean + half

    def below(self, error: float) -> float:
        """The probability of an error smaller than `error`."""
        from scipy.stats import t

        if self.scale == 0:
            return float(error > self.mean)
        return float(t.cdf((error - self.mean) / self.scale, self.freedom))


def _spread(origins: Sequence[int], errors: Sequence[float], ahead: int) -> _Spread | None:
    """The spread of the next error; None with fewer windows apart than it takes to tell."""
    apart, last = 0, -math.inf
    for origin in origins:
        if origin - last >= ahead:
            apart, last = apart + 1, origin
    if apart < _LEAST_APART:
        return None
    return _Spread(float(np.mean(errors)), float(np.std(errors, ddof=1)) * math.sqrt(1 + 1 / apart), apart - 1)


def forecast(history: History, start: int, stop: int) -> Outlook | None:
    """The number over the steps `start` to before `stop` of `history`, of which some may be over.

    None when there is nothing to go by: no value at all, or `combine` gives none.
    """
    return _Window(history, start, stop).outlook()


@dataclass(frozen=True)
class _Window:
    history: History
    start: int
    stop: int

    @property
    def ahead(self) -> int:
        """How many steps are still to come."""
        return self.stop - self.history.steps

    @cached_property
    def enough(self) -> bool:
        return self.history.steps >= LEAST_STEPS[self.history.timeline.step]

    def outlook(self) -> Outlook | None:
        if self.history.steps == 0 or all(np.isnan(values).all() for values in self.history.components):
            return None
        methods = predictors() if self.enough else {Method.RUN_RATE: predictors()[Method.RUN_RATE]}
        values = {
            method: value
            for method, predict in methods.items()
            if (value := self._value(predict, self.history.steps)) is not None
        }
        if not values:
            return None
        tests = tuple(sorted((self._test(method, methods[method]) for method in values), key=lambda test: test.error))
        return self._judged(values, tests)

    def _judged(self, values: dict[Method, float], tests: tuple[BackTest, ...]) -> Outlook:
        best = tests[0]
        scale = self._scale(self.history.steps)
        spread = _spread(best.origins, [error * scale for error in best.errors], self.ahead)
        level = _level(best.errors)
        coverage, checks = self._coverage(best)
        doubt = self._doubt(spread, level, coverage, checks)
        value = values[best.method]
        low, high = spread.range(level) if spread and level and not doubt else (None, None)
        return Outlook(
            value=value,
            method=best.method,
            others={method: other for method, other in values.items() if method is not best.method},
            tests=tests if self.enough else (),
            low=None if low is None else value + low,
            high=None if high is None else value + high,
            level=None if doubt else level,
            coverage=coverage,
            checks=checks,
            doubt=doubt,
            spread=spread,
        )

    def _doubt(self, spread: _Spread | None, level: float | None, coverage: float | None, checks: int) -> Doubt | None:
        if not self.enough:
            return Doubt.SHORT_HISTORY
        if spread is None or level is None or coverage is None or checks < _LEAST_CHECKS:
            return Doubt.FEW_ORIGINS
        return Doubt.DOES_NOT_COVER if coverage < _KEPT * level else None

    def _value(self, predict: Predict, origin: int) -> float | None:
        """The number as it would be told when only the steps before `origin` are known."""
        start, stop = self._moved(origin)
        sums = []
        for values in self.history.components:
            known = values[:origin]
            if np.isnan(known).all():
                return None
            ahead = predict(known, self.history.timeline, stop - origin) if stop > origin else np.empty(0)
            sums.append(float(np.nansum(known[start:]) + ahead[max(0, start - origin) :].sum()))
        return self.history.combine(sums)

    def _actual(self, origin: int) -> float | None:
        start, stop = self._moved(origin)
        parts = [values[start:stop] for values in self.history.components]
        if any(np.isnan(part).all() for part in parts):
            return None
        return self.history.combine([float(np.nansum(part)) for part in parts])

    def _moved(self, origin: int) -> tuple[int, int]:
        """The same window, as far before its end, for a forecast made at `origin`."""
        back = self.history.steps - origin
        return max(0, self.start - back), self.stop - back

    def _scale(self, origin: int) -> float:
        """What an error is measured in: the recent level over the remaining steps; 1 where it is absolute."""
        if not self.history.additive:
            return 1.0
        recent = self.history.components[0][:origin][-4 * self.history.timeline.step.season :]
        level = float(np.nanmean(np.abs(recent))) if not np.isnan(recent).all() else 0.0
        return level * max(1, self.ahead) or 1.0

    def _origins(self) -> list[int]:
        """Where the back-test stands: evenly, at most `_MOST_ORIGINS`, with windows that are over."""
        first, last = _LEAST_TRAINING[self.history.timeline.step], self.history.steps - max(1, self.ahead)
        if not self.enough or last < first:
            return []
        step = max(1, -(-(last - first) // (_MOST_ORIGINS - 1)))
        return list(range(last, first - 1, -step))[::-1]

    def _test(self, method: Method, predict: Predict) -> BackTest:
        origins, errors = [], []
        for origin in self._origins() if self.ahead > 0 else []:
            actual, told = self._actual(origin), self._value(predict, origin)
            if actual is not None and told is not None:
                origins.append(origin)
                errors.append((actual - told) / self._scale(origin))
        return BackTest(method, tuple(origins), tuple(errors))

    def _coverage(self, test: BackTest) -> tuple[float | None, int]:
        """The share of tested windows held by the interval of those that share no step with them; how many."""
        held = []
        for origin, error in zip(test.origins, test.errors, strict=True):
            pairs = zip(test.origins, test.errors, strict=True)
            apart = [(place, other) for place, other in pairs if abs(place - origin) >= self.ahead]
            others = [other for _, other in apart]
            level = _level(others)
            if level and (spread := _spread([place for place, _ in apart], others, self.ahead)):
                low, high = spread.range(level)
                held.append(low <= error <= high)
        return (sum(held) / len(held) if held else None), len(held)


def _level(errors: Sequence[float]) -> float | None:
    """How sure an interval so many errors allow; None with too few."""
    return next((level for level, least in _LEVELS if len(errors) >= least), None)
