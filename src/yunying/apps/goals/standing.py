"""How goals and key results stand today, with the words and colours for it."""

from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

from django.utils.translation import gettext

from yunying.apps.goals.guardrails import Breach, judge_guardrail
from yunying.apps.goals.looks import CLOSED, HELD_AGAIN, NO_KEY_RESULT, Look, look_of
from yunying.apps.goals.models import Goal, KeyResult, Shape, Status
from yunying.apps.goals.outlooks import Outlook, outlook_of
from yunying.apps.goals.progress import (
    STAYING,
    USUAL,
    Lags,
    Standing,
    Verdict,
    clamped,
    judge,
    together,
    worst,
)
from yunying.apps.insights.selectors import shown
from yunying.base import clock
from yunying.base.zones import zone_of
from yunying.platform.ui import formats

__all__ = [
    "GoalCard",
    "KeyResultCard",
    "Look",
    "Part",
    "brought",
    "card_of",
    "lags_of",
    "look_of",
    "today_in",
    "verdict_of",
]


_BAD = (Standing.AT_RISK, Standing.OFF_TRACK, Standing.MISSED)


@dataclass(frozen=True, slots=True)
class KeyResultCard:
    """A key result as pages show it; values are in words, made only for what is shown.

    What must stay has `limits` in place of baseline and target.
    """

    key_result: KeyResult
    verdict: Verdict
    look: Look
    outlook: Outlook | None

    @property
    def value(self) -> str:
        return self._words(self.key_result.value)

    @property
    def baseline(self) -> str:
        return self._words(self.key_result.baseline)

    @property
    def target(self) -> str:
        return self._words(self.key_result.target)

    @property
    def limits(self) -> str:
        """“≥ 5”, “≤ 8” or “5 – 8”; empty for what must move."""
        low, high = self._words(self.key_result.low), self._words(self.key_result.high)
        if not self.stays:
            return ""
        if self.key_result.high is None:
            return f"≥ {low}"
        return f"≤ {high}" if self.key_result.low is None else f"{low} – {high}"

    @property
    def width(self) -> int:
        """The bar's length in percent."""
        return int(clamped(self.verdict.progress) * 100)

    @property
    def expected_width(self) -> int:
        """Where the straight line is, in percent."""
        return 0 if self.stays else round(self.verdict.elapsed * 100)

    def _words(self, number: float | None) -> str:
        metric = self.key_result.metric
        return shown(number, metric.unit, metric.currency)

    @property
    def reason(self) -> str:
        data = {
            name: formats.date(value) if isinstance(value, date) else value for name, value in self.verdict.data.items()
        }
        return gettext(self.verdict.reason) % data

    @property
    def stays(self) -> bool:
        return self.key_result.shape != Shape.MOVE

    @property
    def broken(self) -> bool:
        """Whether a guardrail does not hold, or did not at some time since its start."""
        return self.key_result.guardrail and self.verdict.standing in _BAD

    @property
    def problem(self) -> str:
        """Why the last reading did not work; empty when it did."""
        row = self.key_result
        return gettext(row.error_text) % row.error_data if row.error_text else row.error


@dataclass(frozen=True, slots=True)
class Part:
    """One share of a goal's progress: a key result or a goal that serves it. `share` is its part of all weights."""

    name: str
    progress: float | None
    weight: float
    share: float | None
    look: Look
    goal_id: int | None = None

    @property
    def points(self) -> float | None:
        """What it brings to the goal's progress, as a fraction of one."""
        return None if self.progress is None or self.share is None else clamped(self.progress) * self.share


@dataclass(frozen=True)
class GoalCard:
    """A goal with how it stands.

    `progress` is the weighted mean of its key results and of the goals that count for it, each within 0 to 1;
    `standing` that of its worst part, and at risk when a guardrail is broken. `children` are all goals below it.
    """

    goal: Goal
    key_results: tuple[KeyResultCard, ...]
    guardrails: tuple[KeyResultCard, ...]
    children: "tuple[GoalCard, ...]"
    parts: tuple[Part, ...]
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
    def expected_width(self) -> int:
        """Where the straight line of time is, in percent."""
        return round(self.elapsed_days / self.days * 100)

    @property
    def days_left(self) -> int:
        return self.days - self.elapsed_days

    @property
    def is_open(self) -> bool:
        return self.goal.status == Status.OPEN

    @property
    def measured(self) -> bool:
        return bool(self.key_results or self.guardrails or self.parts)

    @cached_property
    def outlook(self) -> Outlook | None:
        """The forecast of the key result that decides: the worst one, and among these the least probable."""
        told = [one for one in self.key_results if one.outlook]
        lowest = worst(one.verdict.standing for one in told)
        outlooks = [one.outlook for one in told if one.outlook and one.verdict.standing == lowest]
        return min(outlooks, key=lambda one: 1.0 if one.probability is None else one.probability, default=None)

    @property
    def outlook_text(self) -> str:
        """Its forecast in one line, with the key result's name where there are several; empty without one."""
        if self.outlook is None or len(self.key_results) == 1:
            return self.outlook.text if self.outlook else ""
        named = {"name": self.outlook.key_result.shown_name, "forecast": self.outlook.text}
        return gettext("“%(name)s”: %(forecast)s") % named

    @property
    def at_risk(self) -> bool:
        """Whether a key result or guardrail of its own is in danger, or its forecast says so before its status does."""
        bad = any(one.verdict.standing in _BAD for one in self.key_results)
        guarded = any(one.broken for one in self.guardrails)
        unlikely = any(one.outlook and one.outlook.unlikely for one in self.key_results)
        return self.is_open and (bad or guarded or unlikely)

    @property
    def reason(self) -> str:
        """Why the goal stands as it does."""
        return " ".join(self.reasons)

    @cached_property
    def reasons(self) -> list[str]:
        """What decides, in one sentence, then the guardrails that did not hold beside it."""
        if not self.is_open:
            return [_closed_reason(self.goal)]
        parts = [one.verdict.standing for one in self.key_results]
        parts += [one.standing for one in self.children if one.is_open and one.standing]
        if self.breaches and self.standing not in parts:
            return self.breaches
        return [_part_reason(self), *self.breaches]

    @cached_property
    def breaches(self) -> list[str]:
        """What is to be said of each guardrail that is broken, or was, those that still are first."""
        broken = [one for one in self.guardrails if one.broken]
        broken.sort(key=lambda one: one.key_result.broken_until is not None)
        return [_guardrail_reason(one) for one in broken]


def today_in(zone: str) -> date:
    """The date a calendar in `zone` shows now."""
    return clock.now().astimezone(zone_of(zone)).date()


def lags_of(key_result: KeyResult) -> Lags:
    """Its own limits of what is on track and at risk, else the usual ones."""
    usual = USUAL if key_result.shape == Shape.MOVE else STAYING
    on_track = usual.on_track if key_result.on_track_lag is None else key_result.on_track_lag
    at_risk = usual.at_risk if key_result.at_risk_lag is None else key_result.at_risk_lag
    return Lags(on_track, max(on_track, at_risk))


def verdict_of(key_result: KeyResult, zone: str) -> Verdict:
    """How the key result stands today."""
    row, today, lags = key_result, today_in(zone), lags_of(key_result)
    if row.guardrail or row.baseline is None or row.target is None:
        # Without a breach a guardrail is judged as what must stay.
        return judge_guardrail(
            breach=_breach_of(row) if row.guardrail else None,
            low=row.low,
            high=row.high,
            value=row.value,
            inside=row.inside,
            counted=row.counted,
            start=row.start,
            due=row.due,
            today=today,
            lags=lags,
        )
    return judge(
        baseline=row.baseline,
        target=row.target,
        value=row.value,
        read_on=row.read_on,
        start=row.start,
        due=row.due,
        today=today,
        lags=lags,
    )


def _breach_of(row: KeyResult) -> Breach | None:
    if row.broken_since is None or row.worst is None or row.worst_on is None:
        return None
    return Breach(row.broken_since, row.broken_until, row.worst, row.worst_on)


def card_of(goal: Goal, key_results: list[KeyResult], zone: str, children: "tuple[GoalCard, ...]" = ()) -> GoalCard:
    """The goal with its key results and the goals below it as they stand today. No query when metrics are loaded.

    Forecasts are told of key results loaded `with_forecast`.
    """
    cards = [_key_result_card(key_result, zone) for key_result in key_results]
    moving = tuple(card for card in cards if not card.key_result.guardrail)
    guardrails = tuple(card for card in cards if card.key_result.guardrail)
    counted = tuple(child for child in children if child.goal.counts and child.goal.status != Status.DROPPED)
    parts = _parts(moving, counted)
    standing = _standing(moving, guardrails, counted)
    look = CLOSED.get(goal.status) or (look_of(standing) if standing else NO_KEY_RESULT)
    days = (goal.due - goal.start).days + 1
    over = min(days, max(0, (today_in(zone) - goal.start).days))
    progress = together((part.progress, part.weight) for part in parts)
    return GoalCard(goal, moving, guardrails, children, parts, progress, standing, look, over, days)


def _parts(moving: tuple[KeyResultCard, ...], counted: tuple[GoalCard, ...]) -> tuple[Part, ...]:
    results = [
        Part(card.key_result.shown_name, card.verdict.progress, card.key_result.weight, None, card.look)
        for card in moving
    ]
    goals = [Part(card.goal.title, brought(card), card.goal.weight, None, card.look, card.goal.pk) for card in counted]
    parts = [*results, *goals]
    whole = sum(part.weight for part in parts if part.progress is not None)
    return tuple(
        part if part.progress is None else replace(part, share=part.weight / whole if whole else None) for part in parts
    )


def brought(card: GoalCard) -> float | None:
    """What a goal brings to the one above: the score it was closed with, else its progress."""
    return card.progress if card.goal.score is None else card.goal.score


def _standing(
    moving: tuple[KeyResultCard, ...], guardrails: tuple[KeyResultCard, ...], counted: tuple[GoalCard, ...]
) -> Standing | None:
    below = (card.standing for card in counted if card.is_open and card.standing)
    standing = worst([*(card.verdict.standing for card in moving), *below])
    if any(card.broken for card in guardrails):
        return worst([standing, Standing.AT_RISK] if standing else [Standing.AT_RISK])
    return standing


def _key_result_card(key_result: KeyResult, zone: str) -> KeyResultCard:
    verdict = verdict_of(key_result, zone)
    look = look_of(verdict.standing, stays=key_result.shape != Shape.MOVE)
    if key_result.guardrail and key_result.broken_until and verdict.standing == Standing.AT_RISK:
        look = HELD_AGAIN
    outlook = outlook_of(key_result, today_in(zone))
    return KeyResultCard(key_result=key_result, verdict=verdict, look=look, outlook=outlook)


def _closed_reason(goal: Goal) -> str:
    if goal.score is None:
        return gettext("It is closed: %(status)s.") % {"status": goal.get_status_display()}
    data = {"status": goal.get_status_display(), "score": f"{goal.score:.2f}"}
    return gettext("It is closed: %(status)s, with a score of %(score)s.") % data


def _guardrail_reason(broken: KeyResultCard) -> str:
    named = {"name": broken.key_result.shown_name, "why": broken.reason}
    if broken.key_result.broken_until:
        return gettext("The guardrail “%(name)s” did not hold. %(why)s") % named
    return gettext("The guardrail “%(name)s” does not hold. %(why)s") % named


def _part_reason(card: GoalCard) -> str:
    if card.standing is None:
        return gettext("Nothing measures it yet: it has no key result, and no goal counts for it.")
    held = next((one for one in card.key_results if one.verdict.standing == card.standing), None)
    if len(card.parts) == 1 and held:
        return held.reason
    if card.standing in (Standing.ON_TRACK, Standing.REACHED):
        return gettext("All parts are on track or reached (%(count)d).") % {"count": len(card.parts)}
    if held:
        return gettext("“%(name)s” decides. %(why)s") % {"name": held.key_result.shown_name, "why": held.reason}
    below = next((one for one in card.children if one.is_open and one.standing == card.standing), None)
    named = {"name": below.goal.title if below else "", "standing": card.look.label}
    return gettext("The goal “%(name)s” below it decides: %(standing)s.") % named
