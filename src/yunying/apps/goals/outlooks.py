"""Forecasts in words: what a key result will be, how sure that is, and how it was tested."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from yunying.apps.goals.forecasts import newest_forecasts
from yunying.apps.goals.models import Forecast, KeyResult, Shape
from yunying.apps.goals.models.forecast import Doubt, Method
from yunying.apps.insights.selectors import shown
from yunying.platform.ui import formats

__all__ = ["ForecastCard", "TestRow", "forecast_cards"]

LIKELY, UNLIKELY, SUREST = 0.8, 0.2, 0.95


@dataclass(frozen=True, slots=True)
class TestRow:
    """How one method did on the past: tested stretches, mean size of the errors, their mean."""

    method: str
    windows: int
    error: str
    bias: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class ForecastCard:
    """A forecast as pages show it. `value` is empty when none could be made; `doubt` then says why."""

    forecast: Forecast
    key_result: KeyResult

    def _shown(self, value: float | None) -> str:
        metric = self.key_result.metric
        return shown(value, metric.unit, metric.currency)

    @property
    def value(self) -> str:
        return "" if self.forecast.value is None else self._shown(self.forecast.value)

    @property
    def interval(self) -> str:
        """`980 – 1,240 with 90%`, or nothing."""
        row = self.forecast
        if row.low is None or row.high is None:
            return ""
        data = {"low": self._shown(row.low), "high": self._shown(row.high), "level": formats.percent(row.level, 0)}
        return _("%(low)s – %(high)s with %(level)s") % data

    @property
    def chance(self) -> str:
        """The probability in words and figures, or nothing."""
        sure = self.forecast.probability
        if sure is None:
            return ""
        figure = {"share": formats.percent(round(sure, 2), 0)}
        if sure >= SUREST:
            return _("very likely: %(share)s or more") % figure
        if sure <= 1 - SUREST:
            return _("very unlikely: %(share)s or less") % figure
        words = _("likely: %(share)s") if sure >= LIKELY else _("open: %(share)s")
        return (_("unlikely: %(share)s") if sure <= UNLIKELY else words) % figure

    @property
    def colour(self) -> str:
        sure = self.forecast.probability
        if sure is None:
            return "secondary"
        return "green" if sure >= LIKELY else "red" if sure <= UNLIKELY else "yellow"

    @property
    def method(self) -> str:
        return str(Method(self.forecast.method).label) if self.forecast.method else ""

    @property
    def doubt(self) -> str:
        return str(Doubt(self.forecast.doubt).label) if self.forecast.doubt else ""

    @property
    def plain(self) -> list[tuple[str, str]]:
        """What the plain methods say beside it."""
        row = self.forecast
        pairs = ((Method.SEASONAL_NAIVE, row.naive), (Method.RUN_RATE, row.run_rate))
        return [(str(m.label), self._shown(value)) for m, value in pairs if value is not None and m != row.method]

    @property
    def pace(self) -> str:
        """How much more or less a day than lately it takes to reach a total; empty for other key results."""
        row, target = self.forecast, self.key_result.target
        if self.key_result.shape != Shape.MOVE or target is None or not row.additive or not row.days_left:
            return ""
        if row.so_far is None or row.run_rate is None or target < float(self.key_result.baseline or 0):
            return ""
        rest = row.run_rate - row.so_far
        if target <= row.so_far or rest <= 0:
            return ""
        more = (target - row.so_far) / rest - 1
        share = {"share": formats.percent(abs(more), 0)}
        if more > 0:
            return _("To reach the target it takes %(share)s more a day than lately.") % share
        return _("The target is reached even with %(share)s less a day than lately.") % share

    @property
    def tests(self) -> list[TestRow]:
        return [self._row(test) for test in self.forecast.tests]

    def _row(self, test: dict[str, Any]) -> TestRow:
        return TestRow(
            method=str(Method(test["method"]).label),
            windows=test["windows"],
            error=self._error(test["error"]),
            bias=self._error(test["bias"]),
            chosen=test["method"] == self.forecast.method,
        )

    def _error(self, error: float) -> str:
        """Errors of sums are shares of the recent level, others are in the metric's unit."""
        return formats.percent(error, 1) if self.forecast.additive else self._shown(error)

    @property
    def coverage(self) -> str:
        """How many of the tested stretches the interval would have held; empty when it was not tested."""
        row = self.forecast
        if row.coverage is None or not row.checks:
            return ""
        held = {"held": round(row.coverage * row.checks), "checks": row.checks}
        return _("Of %(checks)d stretches of the past the interval would have held %(held)d.") % held

    @property
    def calendar(self) -> str:
        """That working days ahead are not published yet, where they are not."""
        if not self.forecast.unofficial:
            return ""
        years = ", ".join(str(year) for year in self.forecast.unofficial)
        return _(
            "The working days of %(years)s are not published yet; the forecast goes by the rules of former years."
        ) % {"years": years}


def forecast_cards(key_results: Sequence[KeyResult]) -> dict[int, ForecastCard]:
    """The newest forecast of each key result that has one, by its number. One query; metrics must be loaded."""
    rows = newest_forecasts(key_results)
    return {one.pk: ForecastCard(rows[one.pk], one) for one in key_results if one.pk in rows}
