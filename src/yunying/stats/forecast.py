"""What a number will be when its time is over, and how far such answers were off so far.

The window of the number is known in part; the rest is predicted and added. No interval and no probability is
given before a rolling back-test has made the same forecast, of the same length, from many earlier days: its
errors of the *sum over the remaining steps* are the interval. A model's own interval is never used; it covers
far too little for sums.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from yunying.stats.predictors import Method, Predict, Step, Timeline, predictors

__all__ = ["LEAST_STEPS", "BackTest", "Doubt", "History", "Outlook", "Point", "Stretch", "forecast"]

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
# Less than this share of the number's size is no spread but the rounding of its arithmetic.
_NOTHING = 1e-9


class Doubt(StrEnum):
    """Why there is no probability."""

    SHORT_HISTORY = "short_history"
    NOT_ADDITIVE = "not_additive"
    FEW_ORIGINS = "few_origins"
    DOES_NOT_COVER = "does_not_cover"
    NO_SPREAD = "no_spread"


@dataclass(frozen=True)
class History:
    """Equal, whole steps without gaps; `components` are series (nan: no data) whose sums over a window `combine` takes.

    `additive`: the number grows with the sums, so errors are compared relative to their level; otherwise (ratios,
    readings of one period) they are taken as they are. `least` and `most` are what the number can be; of what adds up,
    what each of its steps can be: counts never fall, so they end no lower than they are. Unless they are `firm`
    they are only what its past kept to: they cut off what is told, but settle nothing.
    """

    timeline: Timeline
    components: tuple[Values, ...]
    combine: Combine
    additive: bool
    least: float | None = None
    most: float | None = None
    firm: bool = True

    @property
    def steps(self) -> int:
        return len(self.components[0])


@dataclass(frozen=True, slots=True)
class Stretch:
    """The steps from `start` to before `stop`, over which the number is asked."""

    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Point:
    """The number over one stretch on the way, with what holds it where the back-test of just that stretch covers."""

    value: float
    low: float | None
    high: float | None


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
    `coverage` is the share of back-tested windows whose own interval held them, out of `checks`. `floor` and `ceiling`
    are what the number cannot leave by what is known already. `path` is how it comes about, one point a stretch asked.
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
    floor: float | None
    ceiling: float | None
    path: tuple[Point | None, ...]

    def probability(self, *, at_least: float | None = None, at_most: float | None = None) -> float | None:
        """How sure it is by the back-tested errors that the number ends within these limits, from 5 % to 95 %.

        1 or 0 where nothing that is still to come can change it.
        """
        settled = self._settled(-math.inf if at_least is None else at_least, math.inf if at_most is None else at_most)
        if settled is not None:
            return float(settled)
        if self.doubt is not None or self.spread is None:
            return None
        above = 0.0 if at_least is None else self.spread.below(at_least - self.value)
        below = 1.0 if at_most is None else self.spread.below(at_most - self.value)
        return min(_SURE, max(1 - _SURE, below - above))

    def _settled(self, at_least: float, at_most: float) -> bool | None:
        """Whether the number ends within these limits, where that is known already."""
        floor = -math.inf if self.floor is None else self.floor
        ceiling = math.inf if self.ceiling is None else self.ceiling
        if at_least <= floor and ceiling <= at_most:
            return True
        return False if ceiling < at_least or floor > at_most else None


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


def forecast(history: History, start: int, stop: int, along: Sequence[Stretch] = ()) -> Outlook | None:
    """The number over the steps `start` to before `stop` of `history`, of which some may be over.

    `along` are stretches on the way there that end after what is known and not after `stop`; they cost no more fitting.
    None when there is nothing to go by: no value at all, or `combine` gives none.
    """
    return _Forecast(history, Stretch(start, stop), tuple(along)).outlook()


@dataclass(frozen=True)
class _Forecast:
    history: History
    whole: Stretch
    along: tuple[Stretch, ...]
    # What each method says of the steps ahead of an origin: fitted once, read for the whole and all on the way.
    told: dict[tuple[Method, int], tuple[Values, ...] | None] = field(default_factory=dict)

    @property
    def ahead(self) -> int:
        """How many steps are still to come."""
        return max(0, self.whole.stop - self.history.steps)

    @cached_property
    def enough(self) -> bool:
        return self.history.steps >= LEAST_STEPS[self.history.timeline.step]

    @cached_property
    def methods(self) -> dict[Method, Predict]:
        return predictors() if self.enough else {Method.RUN_RATE: predictors()[Method.RUN_RATE]}

    def outlook(self) -> Outlook | None:
        if self.history.steps == 0 or all(np.isnan(values).all() for values in self.history.components):
            return None
        values = {
            method: value
            for method in self.methods
            if (value := self._value(method, self.history.steps, self.whole)) is not None
        }
        if not values:
            return None
        tests = tuple(sorted((self._test(method, self.whole) for method in values), key=lambda test: test.error))
        return self._judged(values, tests)

    def _judged(self, values: dict[Method, float], tests: tuple[BackTest, ...]) -> Outlook:
        best = tests[0]
        value, level, spread = values[best.method], _level(best.errors), self._spread(best, self.whole)
        coverage, checks = self._coverage(best, self.ahead)
        doubt = self._doubt(spread, level, coverage, checks) if self.ahead else None
        sure = level if self.ahead and not doubt else None
        at_due = self._point(value, spread, sure, self.whole)
        if sure and at_due.low is None:
            doubt, sure = Doubt.NO_SPREAD, None
        floor, ceiling = self._bounds(self.history.steps, self.whole) if self.history.firm else (None, None)
        return Outlook(
            value=value,
            method=best.method,
            others={method: other for method, other in values.items() if method is not best.method},
            tests=tests if self.enough and self.ahead else (),
            low=at_due.low,
            high=at_due.high,
            level=sure,
            coverage=coverage,
            checks=checks,
            doubt=doubt,
            spread=spread,
            floor=floor if self.ahead else value,
            ceiling=ceiling if self.ahead else value,
            path=tuple(self._on_the_way(best.method, sure, part) for part in self.along),
        )

    def _doubt(self, spread: _Spread | None, level: float | None, coverage: float | None, checks: int) -> Doubt | None:
        if not self.enough:
            return Doubt.SHORT_HISTORY
        if spread is None or level is None or coverage is None or checks < _LEAST_CHECKS:
            return Doubt.FEW_ORIGINS
        return Doubt.DOES_NOT_COVER if coverage < _KEPT * level else None

    def _on_the_way(self, method: Method, level: float | None, part: Stretch) -> Point | None:
        """The number over `part`; its interval is judged by its own test: what covers at the end may not here."""
        value = self._value(method, self.history.steps, part)
        if value is None:
            return None
        if level is None:
            return Point(value, None, None)
        test = self._test(method, part)
        spread = self._spread(test, part)
        tested = _level(test.errors) or 0
        doubt = self._doubt(spread, level, *self._coverage(test, part.stop - self.history.steps))
        return self._point(value, None if doubt or tested < level else spread, level, part)

    def _point(self, value: float, spread: _Spread | None, level: float | None, part: Stretch) -> Point:
        """The value with its interval, cut off at what the number can be; without one where nothing is left of it."""
        if spread is None or level is None:
            return Point(value, None, None)
        floor, ceiling = self._bounds(self.history.steps, part)
        low, high = (_within(value + error, floor, ceiling) for error in spread.range(level))
        return Point(value, low, high) if high - low > _NOTHING * max(1.0, abs(value)) else Point(value, None, None)

    def _spread(self, test: BackTest, part: Stretch) -> _Spread | None:
        """How far the number over `part` may be from what is told."""
        scale = self._scale(self.history.steps, part)
        return _spread(test.origins, [error * scale for error in test.errors], part.stop - self.history.steps)

    def _value(self, method: Method, origin: int, part: Stretch) -> float | None:
        """The number as it would be told when only the steps before `origin` are known, over the stretch as far off."""
        ahead = self._ahead(method, origin)
        if ahead is None:
            return None
        known = (values[:origin] for values in self.history.components)
        value = self._number([np.concatenate(both) for both in zip(known, ahead, strict=True)], origin, part)
        return None if value is None else _within(value, *self._bounds(origin, part))

    def _ahead(self, method: Method, origin: int) -> tuple[Values, ...] | None:
        """What the method says of each component's steps to come after `origin`; None where one has nothing yet."""
        if (method, origin) not in self.told:
            known = [values[:origin] for values in self.history.components]
            self.told[method, origin] = (
                None
                if any(np.isnan(values).all() for values in known)
                else tuple(
                    self.methods[method](values, self.history.timeline, self.ahead) if self.ahead else np.empty(0)
                    for values in known
                )
            )
        return self.told[method, origin]

    def _actual(self, origin: int, part: Stretch) -> float | None:
        start, stop = self._moved(origin, part)
        if any(np.isnan(values[start:stop]).all() for values in self.history.components):
            return None
        return self._number(self.history.components, origin, part)

    def _number(self, lines: Sequence[Values], origin: int, part: Stretch) -> float | None:
        start, stop = self._moved(origin, part)
        return self.history.combine([float(np.nansum(line[start:stop])) for line in lines])

    def _moved(self, origin: int, part: Stretch) -> tuple[int, int]:
        """The same stretch, as far before its end, for a forecast made at `origin`."""
        back = self.history.steps - origin
        return max(0, part.start - back), part.stop - back

    def _bounds(self, origin: int, part: Stretch) -> tuple[float | None, float | None]:
        """What the number cannot leave when the steps before `origin` are known."""
        least, most = self.history.least, self.history.most
        if not self.history.additive:
            return least, most
        start, stop = self._moved(origin, part)
        known, left = float(np.nansum(self.history.components[0][start:origin])), stop - max(start, origin)
        return None if least is None else known + least * left, None if most is None else known + most * left

    def _scale(self, origin: int, part: Stretch) -> float:
        """What an error is measured in: the recent level over the remaining steps; 1 where it is absolute."""
        if not self.history.additive:
            return 1.0
        recent = self.history.components[0][:origin][-4 * self.history.timeline.step.season :]
        level = float(np.nanmean(np.abs(recent))) if not np.isnan(recent).all() else 0.0
        return level * max(1, part.stop - self.history.steps) or 1.0

    def _origins(self) -> list[int]:
        """Where the back-test stands: evenly, at most `_MOST_ORIGINS`, with windows that are over."""
        first, last = _LEAST_TRAINING[self.history.timeline.step], self.history.steps - max(1, self.ahead)
        if not self.enough or last < first:
            return []
        step = max(1, -(-(last - first) // (_MOST_ORIGINS - 1)))
        return list(range(last, first - 1, -step))[::-1]

    def _test(self, method: Method, part: Stretch) -> BackTest:
        origins, errors = [], []
        for origin in self._origins() if self.ahead > 0 else []:
            actual, told = self._actual(origin, part), self._value(method, origin, part)
            if actual is not None and told is not None:
                origins.append(origin)
                errors.append((actual - told) / self._scale(origin, part))
        return BackTest(method, tuple(origins), tuple(errors))

    def _coverage(self, test: BackTest, ahead: int) -> tuple[float | None, int]:
        """The share of tested windows, `ahead` steps long, held by the interval of those that share none; how many."""
        held = []
        for origin, error in zip(test.origins, test.errors, strict=True):
            pairs = zip(test.origins, test.errors, strict=True)
            apart = [(place, other) for place, other in pairs if abs(place - origin) >= ahead]
            others = [other for _, other in apart]
            level = _level(others)
            if level and (spread := _spread([place for place, _ in apart], others, ahead)):
                low, high = spread.range(level)
                held.append(low <= error <= high)
        return (sum(held) / len(held) if held else None), len(held)


def _within(value: float, floor: float | None, ceiling: float | None) -> float:
    """The nearest that the number can be."""
    value = value if floor is None else max(floor, value)
    return value if ceiling is None else min(ceiling, value)


def _level(errors: Sequence[float]) -> float | None:
    """How sure an interval so many errors allow; None with too few."""
    return next((level for level, least in _LEVELS if len(errors) >= least), None)
