"""How goals and key results stand today, with the words and colours for it."""

from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext_lazy

from yunying.apps.goals.models import Goal, KeyResult, Status
from yunying.apps.goals.progress import Standing, Verdict, clamped, judge, together, worst
from yunying.apps.insights.selectors import shown
from yunying.base import clock

__all__ = ["GoalCard", "KeyResultCard", "Look", "card_of", "look_of", "today_in", "verdict_of"]


@dataclass(frozen=True, slots=True)
class Look:
    """How a standing is shown: its word says it all, colour and icon only help to find it."""

    label: Promise | str
    colour: str
    icon: str


_LOOKS: dict[str, Look] = {
    Standing.REACHED: Look(pgettext_lazy("standing", "Reached"), "green", "circle-check"),
    Standing.ON_TRACK: Look(pgettext_lazy("standing", "On track"), "green", "trending-up"),
    Standing.AT_RISK: Look(pgettext_lazy("standing", "At risk"), "yellow", "alert-triangle"),
    Standing.OFF_TRACK: Look(pgettext_lazy("standing", "Off track"), "red", "trending-down"),
    Standing.MISSED: Look(pgettext_lazy("standing", "Missed"), "red", "circle-x"),
    Standing.NOT_STARTED: Look(pgettext_lazy("standing", "Not started"), "secondary", "clock"),
    Standing.NO_READING: Look(pgettext_lazy("standing", "No reading yet"), "secondary", "help-circle"),
}
_CLOSED: dict[str, Look] = {
    Status.ACHIEVED: Look(pgettext_lazy("goal", "Achieved"), "green", "circle-check"),
    Status.MISSED: Look(pgettext_lazy("goal", "Missed"), "red", "circle-x"),
    Status.DROPPED: Look(pgettext_lazy("goal", "Dropped"), "secondary", "ban"),
}
_NO_KEY_RESULT = Look(pgettext_lazy("standing", "No key result"), "secondary", "help-circle")


@dataclass(frozen=True, slots=True)
class KeyResultCard:
    """A key result as pages show it; values are in words, `width` is the bar's length in percent."""

    key_result: KeyResult
    verdict: Verdict
    look: Look
    value: str
    baseline: str
    target: str
    width: int
    expected_width: int

    @property
    def reason(self) -> str:
        return gettext(self.verdict.reason) % self.verdict.data


@dataclass(frozen=True, slots=True)
class GoalCard:
    """A goal with how it stands. `progress` is the mean of its key results' progress, each within 0 to 1."""

    goal: Goal
    key_results: tuple[KeyResultCard, ...]
    progress: float | None
    standing: Standing | None
    look: Look
    elapsed_days: int
    days: int

    @property
    def width(self) -> int:
        # Rounded down: 99.6 % of the way is not 100.
        return int(clamped(self.progress) * 100)

    @property
    def days_left(self) -> int:
        return self.days - self.elapsed_days

    @property
    def is_open(self) -> bool:
        return self.goal.status == Status.OPEN


def today_in(zone: str) -> date:
    """The date a calendar in `zone` shows now."""
    return clock.now().astimezone(ZoneInfo(zone)).date()


def verdict_of(key_result: KeyResult, zone: str) -> Verdict:
    """How the key result stands today."""
    return judge(
        baseline=key_result.baseline,
        target=key_result.target,
        value=key_result.value,
        read_on=key_result.read_on,
        start=key_result.start,
        due=key_result.due,
        today=today_in(zone),
    )


def look_of(standing: str) -> Look:
    """The words and colours of a standing."""
    return _LOOKS.get(standing, _NO_KEY_RESULT)


def card_of(goal: Goal, key_results: list[KeyResult], zone: str) -> GoalCard:
    """The goal with its key results as they stand today. No queries when the metrics are loaded."""
    cards = tuple(_key_result_card(key_result, zone) for key_result in key_results)
    standing = worst(card.verdict.standing for card in cards)
    look = _CLOSED.get(goal.status) or (look_of(standing) if standing else _NO_KEY_RESULT)
    days = (goal.due - goal.start).days + 1
    over = min(days, max(0, (today_in(zone) - goal.start).days))
    return GoalCard(goal, cards, together(card.verdict.progress for card in cards), standing, look, over, days)


def _key_result_card(key_result: KeyResult, zone: str) -> KeyResultCard:
    metric, verdict = key_result.metric, verdict_of(key_result, zone)
    value, baseline, target = (
        shown(number, metric.unit, metric.currency)
        for number in (key_result.value, key_result.baseline, key_result.target)
    )
    return KeyResultCard(
        key_result=key_result,
        verdict=verdict,
        look=look_of(verdict.standing),
        value=value,
        baseline=baseline,
        target=target,
        width=int(clamped(verdict.progress) * 100),
        expected_width=round(verdict.elapsed * 100),
    )
