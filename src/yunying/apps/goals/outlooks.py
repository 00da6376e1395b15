"""Forecasts in words: what a key result will be, how sure that is, and how it was tested.

Nothing here makes a forecast: a job keeps one a day, and pages, sheets, mails and the API tell the newest.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import OuterRef, Prefetch, Subquery
from django.utils.translation import gettext as _

from yunying.apps.goals.models import Forecast, KeyResult, Shape, Status
from yunying.apps.goals.models.forecast import Doubt, Method
from yunying.apps.insights.selectors import Unit, shown
from yunying.base import clock
from yunying.base.money import Money
from yunying.base.workdays import Day, DayKind
from yunying.platform.products.workdays import workdays_of
from yunying.platform.ui import formats

__all__ = ["LIKELY", "UNLIKELY", "ForecastCard", "Outlook", "TestRow", "forecast_card", "outlook_of", "with_forecast"]

LIKELY, UNLIKELY, SUREST = 0.8, 0.2, 0.95
_LARGE = 100
# Where the prefetch keeps the newest forecast of a key result: a list of one, or an empty one.
_NEWEST = "newest_forecasts"
# The job makes the first forecast within minutes and tries again every hour.
FIRST_WITHIN = timedelta(hours=1)


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
        """In the metric's unit; what is foretold is no truer for its decimals, so large numbers have none.

        A small one that stands beside a large one, such as an end of its interval, has none either.
        """
        metric, row = self.key_result.metric, self.forecast
        largest = max(abs(one or 0) for one in (value, row.value, row.low, row.high))
        if value is None or largest < _LARGE or metric.unit in (Unit.PERCENT, Unit.DURATION_S):
            return shown(value, metric.unit, metric.currency)
        if metric.unit == Unit.MONEY:
            return formats.money(Money.of(round(value), metric.currency), digits=0)
        return formats.number(round(value))

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
        if sure in (0, 1):
            return self._for_good(bool(sure))
        figure = {"share": formats.percent(round(sure, 2), 0)}
        if sure >= SUREST:
            return _("very likely: %(share)s or more") % figure
        if sure <= 1 - SUREST:
            return _("very unlikely: %(share)s or less") % figure
        words = _("likely: %(share)s") if sure >= LIKELY else _("open: %(share)s")
        return (_("unlikely: %(share)s") if sure <= UNLIKELY else words) % figure

    def _for_good(self, reached: bool) -> str:
        if not self.adds_amounts:
            return _("reached already") if reached else _("out of reach")
        if reached:
            return _("reached, unless amounts are taken back")
        return _("out of reach, unless amounts are taken back")

    @property
    def adds_amounts(self) -> bool:
        """Whether amounts are still to be added to it, of which one may be negative, as a refund is."""
        question = self.key_result.metric.question
        series = question.get("series") or [{}]
        return series[0].get("measure") == "sum" and not question.get("formula") and self.forecast.days_left > 0

    @property
    def proviso(self) -> str:
        """What could still undo that a sum is past its target; empty for all else."""
        row, target = self.forecast, self.key_result.target
        if not self.adds_amounts:
            return ""
        if self.settled:
            return _("No amount was negative so far. A refund that is kept as a negative amount would change this.")
        if not row.additive or row.so_far is None or target is None or target <= float(self.key_result.baseline or 0):
            return ""
        if row.so_far >= target:
            return _("It is past the target now, but negative amounts such as refunds can take it back.")
        return ""

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
    def settled(self) -> bool:
        """Whether nothing that is still to come can change that it is reached, or that it is not; but see `proviso`."""
        return self.forecast.probability in (0, 1)

    @property
    def pace(self) -> str:
        """What a day it takes to reach a total, and how much more or less than forecast; empty for other key results.

        It follows from the forecast, so it never says more is needed where the forecast reaches the target.
        """
        row, target = self.forecast, self.key_result.target
        if self.key_result.shape != Shape.MOVE or target is None or not row.additive or not row.days_left:
            return ""
        if row.so_far is None or row.value is None or target < float(self.key_result.baseline or 0):
            return ""
        rest, needed = row.value - row.so_far, target - row.so_far
        if needed <= 0 or rest <= 0:
            return ""
        share = {"needed": self._shown(needed / row.days_left), "share": formats.percent(abs(needed / rest - 1), 0)}
        return " ".join(part for part in (_needed(needed / rest - 1) % share, self._lately()) if part)

    def _lately(self) -> str:
        """What a day brought lately, where the forecast is another one."""
        row = self.forecast
        if row.run_rate is None or row.so_far is None or row.method == Method.RUN_RATE:
            return ""
        lately = {"value": self._shown((row.run_rate - row.so_far) / row.days_left)}
        return _("Lately it was %(value)s a day.") % lately

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
    def brief(self) -> str:
        """`doubt` in few words, for lines that stand beside other things."""
        texts = {
            Doubt.SHORT_HISTORY: _("Run rate only: there are less than eight weeks of data."),
            Doubt.NOT_ADDITIVE: _("Run rate only: different people do not add up from day to day."),
            Doubt.FEW_ORIGINS: _("No probability: the past is too short to test a forecast over so many days."),
            Doubt.DOES_NOT_COVER: _("No probability: tested on the past, the interval did not hold."),
            Doubt.NO_SPREAD: _("No probability: the past shows no variation to judge by."),
        }
        return texts.get(Doubt(self.forecast.doubt), self.doubt) if self.forecast.doubt else ""

    @property
    def unpublished(self) -> str:
        """That working days ahead are not published yet, where they are not."""
        if not self.forecast.unofficial:
            return ""
        years = ", ".join(str(year) for year in self.forecast.unofficial)
        return _(
            "The working days of %(years)s are not published yet; the forecast goes by the rules of former years."
        ) % {"years": years}

    @property
    def calendar(self) -> str:
        """What working days lie ahead, and whether the method knows of the holidays among them."""
        if self.forecast.value is None:
            return ""
        ahead = self._ahead()
        work = sum(1 for day in ahead if day.kind.works)
        left = _("Until then %(work)d of %(days)d days are working days.") % {"work": work, "days": len(ahead)}
        return " ".join(part for part in (left, self._holidays(ahead), self.unpublished) if part)

    def _ahead(self) -> list[Day]:
        workdays = workdays_of(self.key_result.goal.product)
        first = self.forecast.on
        return [workdays.day(first + timedelta(days=n)) for n in range((self.key_result.due - first).days + 1)]

    def _holidays(self, ahead: list[Day]) -> str:
        odd = {"holidays": sum(1 for day in ahead if day.kind == DayKind.HOLIDAY)}
        swapped = odd | {"swapped": sum(1 for day in ahead if day.kind == DayKind.MAKE_UP)}
        known = self.forecast.method == Method.PROPHET
        if swapped["swapped"]:
            if known:
                return _("%(holidays)d holidays and %(swapped)d swapped working days (调休) are counted in.") % swapped
            return (
                _("This method does not know of %(holidays)d holidays and %(swapped)d swapped working days.") % swapped
            )
        if not odd["holidays"]:
            return ""
        if known:
            return _("Holidays on weekdays are counted in (%(holidays)d).") % odd
        return _("This method does not know of holidays on weekdays (%(holidays)d).") % odd


def _needed(more: float) -> str:
    """The sentence for `more`, a share of what is forecast; less than half a percent is none."""
    if abs(more) < 0.005:
        return _("To reach the target it takes %(needed)s a day, which is what is forecast.")
    if more > 0:
        return _("To reach the target it takes %(needed)s a day, %(share)s more than forecast.")
    return _("To reach the target it takes %(needed)s a day, %(share)s less than forecast.")


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is told in one line of a key result that is under way; without `card` the forecast is still to come."""

    key_result: KeyResult
    card: ForecastCard | None
    today: date

    @property
    def probability(self) -> float | None:
        """That the key result is reached, where the past bears it."""
        return self.card.forecast.probability if self.card else None

    @property
    def unlikely(self) -> bool:
        return self.probability is not None and self.probability <= UNLIKELY

    @property
    def value(self) -> str:
        """The value on the due day with its interval; empty without one."""
        if self.card is None or not self.card.interval:
            return self.card.value if self.card else ""
        return _("%(value)s (%(interval)s)") % {"value": self.card.value, "interval": self.card.interval}

    @property
    def text(self) -> str:
        """The value on the due day with its interval and probability, or why there are none."""
        if self.card is None:
            return self._coming()
        return " ".join(part for part in (self._told(self.card), self._stale(self.card)) if part)

    @property
    def note(self) -> str:
        """What else must be known: why there is no probability or no forecast, what could undo it, and what lacks."""
        if self.card is None:
            return self._coming()
        card = self.card
        return " ".join(part for part in (card.doubt, card.proviso, card.unpublished, self._stale(card)) if part)

    def _coming(self) -> str:
        if clock.now() - self.key_result.created_at < FIRST_WITHIN:
            return _("The first forecast is being made; it takes a minute or two.")
        return _("There is no forecast yet; it is tried again every hour.")

    def _told(self, card: ForecastCard) -> str:
        data = {"day": formats.date(self.key_result.due), "value": card.value, "why": card.brief}
        if not card.value:
            return _("No forecast for %(day)s. %(why)s") % data
        if card.settled:
            return self._settled(card) % data
        if card.chance:
            data |= {"value": self.value, "chance": card.chance}
            return _("Forecast for %(day)s: %(value)s; that it is reached is %(chance)s.") % data
        return _("Forecast for %(day)s: %(value)s. %(why)s") % data

    def _settled(self, card: ForecastCard) -> str:
        if card.adds_amounts:
            if self.probability:
                return _("Forecast for %(day)s: %(value)s. It is reached, unless amounts are taken back.")
            return _("Forecast for %(day)s: %(value)s. It is out of reach, unless amounts are taken back.")
        if self.probability:
            return _("Forecast for %(day)s: %(value)s. It is reached already.")
        return _("Forecast for %(day)s: %(value)s. It cannot be reached any more.")

    def _stale(self, card: ForecastCard) -> str:
        """That no newer forecast could be made, once it is older than yesterday's."""
        if card.forecast.on >= self.today - timedelta(days=1):
            return ""
        return _("It was made on %(day)s.") % {"day": formats.date(card.forecast.on)}


def with_forecast() -> "Prefetch[Any]":
    """For `prefetch_related` of key results: the newest forecast of each. One query, one row a key result."""
    latest = Forecast.objects.filter(key_result=OuterRef("key_result")).order_by("-on").values("on")[:1]
    return Prefetch("forecasts", Forecast.objects.filter(on=Subquery(latest)), to_attr=_NEWEST)


def forecast_card(key_result: KeyResult) -> ForecastCard | None:
    """The newest forecast of a key result that was loaded `with_forecast`, also when its time is over. No query.

    None when there is none, or when it was made for a due day that was earlier.
    """
    rows: list[Forecast] = getattr(key_result, _NEWEST, [])
    return ForecastCard(rows[0], key_result) if rows and rows[0].on <= key_result.due else None


def outlook_of(key_result: KeyResult, today: date) -> Outlook | None:
    """What to tell of a key result's due day; None for guardrails and outside of its time. No query, as above."""
    under_way = key_result.start <= today <= key_result.due and key_result.goal.status == Status.OPEN
    if not under_way or key_result.guardrail:
        return None
    return Outlook(key_result, forecast_card(key_result), today)
