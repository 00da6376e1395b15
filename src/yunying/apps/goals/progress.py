"""How far a key result is and how it stands: pure arithmetic on plain values.

Progress of what must move is the share of the way from baseline to target; the yardstick is the straight line from
the first to the last day. Up to 5 points behind that line is on track, up to 20 points is at risk, unless the key
result has limits of its own. Progress of what must stay is the share of the readings that lie within its limits; the
yardstick is the newest one: up to 5 % beyond a limit is at risk.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from yunying.base.errors import msg

__all__ = [
    "AT_RISK_LAG",
    "MOST_POINTS",
    "ON_TRACK_LAG",
    "STAYING",
    "USUAL",
    "Lags",
    "Standing",
    "Verdict",
    "beyond",
    "clamped",
    "elapsed",
    "judge",
    "judge_staying",
    "progress",
    "straight_line",
    "together",
    "worst",
]

ON_TRACK_LAG = 0.05
AT_RISK_LAG = 0.20
# More points than this, forwards or backwards, say nothing more in a sentence.
MOST_POINTS = 100_000


@dataclass(frozen=True, slots=True)
class Lags:
    """Up to `on_track` is on track, up to `at_risk` at risk, more is off track.

    Fractions: of the way behind the straight line, or of a limit beyond it.
    """

    on_track: float
    at_risk: float


USUAL = Lags(ON_TRACK_LAG, AT_RISK_LAG)
STAYING = Lags(0.0, 0.05)


class Standing(StrEnum):
    REACHED = "reached"
    ON_TRACK = "on_track"
    AT_RISK = "at_risk"
    OFF_TRACK = "off_track"
    MISSED = "missed"
    NOT_STARTED = "not_started"
    NO_READING = "no_reading"


# The worst first: a goal stands as its worst key result does.
_ORDER = (
    Standing.MISSED,
    Standing.OFF_TRACK,
    Standing.AT_RISK,
    Standing.NO_READING,
    Standing.NOT_STARTED,
    Standing.ON_TRACK,
    Standing.REACHED,
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`progress` and `elapsed` are fractions of the way and of the time; `reason` is a message id, `data` fills it."""

    standing: Standing
    progress: float | None
    elapsed: float
    reason: str
    data: dict[str, int | date | None]


def progress(baseline: float, target: float, value: float | None) -> float | None:
    """(value - baseline) / (target - baseline), not clamped; None without a value.

    Raises ZeroDivisionError when target equals baseline, which the database does not let in.
    """
    return None if value is None else (value - baseline) / (target - baseline)


def clamped(fraction: float | None) -> float:
    """`fraction` within 0 to 1, for bars; nothing counts as 0."""
    return 0.0 if fraction is None else min(1.0, max(0.0, fraction))


def elapsed(start: date, due: date, on: date) -> float:
    """The share of the days from `start` to `due`, both included, that is over at the end of day `on`; 0 to 1."""
    return clamped(((on - start).days + 1) / ((due - start).days + 1))


def straight_line(baseline: float, target: float, start: date, due: date, on: date) -> float:
    """The value expected at the end of day `on` when the way is walked evenly."""
    return baseline + (target - baseline) * elapsed(start, due, on)


def judge(
    *,
    baseline: float,
    target: float,
    value: float | None,
    read_on: date | None,
    start: date,
    due: date,
    today: date,
    lags: Lags = USUAL,
) -> Verdict:
    """How a key result stands on `today`, with its reason.

    The way is compared with the time that was over when the reading was made: a reading that covers the
    latest whole month is not behind because the present month has begun. Today does not count as over.
    """
    way = progress(baseline, target, value)
    time = elapsed(start, due, min(read_on or today, today - timedelta(days=1)))
    standing, reason = _standing(way, time, lags, begun=today >= start, over=today > due)
    shown = 0 if way is None else _points(way)
    return Verdict(
        standing, way, time, reason, {"way": shown, "time": _points(time), "lag": abs(_points(time) - shown)}
    )


def judge_staying(
    *,
    low: float | None,
    high: float | None,
    value: float | None,
    inside: int,
    counted: int,
    start: date,
    due: date,
    today: date,
    lags: Lags = STAYING,
) -> Verdict:
    """How a key result that must stay from `low` to `high` stands on `today`, with its reason.

    The newest reading decides; `inside` of the `counted` readings so far lie within the limits.
    """
    share = inside / counted if counted else None
    away, below = beyond(low, high, value)
    standing, reason = _staying(value, away, below, lags, begun=today >= start, over=today > due)
    shown = 0 if away is None or math.isinf(away) else min(MOST_POINTS, math.ceil(away * 100 - 1e-9))
    return Verdict(
        standing,
        share,
        elapsed(start, due, today - timedelta(days=1)),
        reason,
        {"away": shown, "inside": inside, "counted": counted},
    )


def beyond(low: float | None, high: float | None, value: float | None) -> tuple[float | None, bool]:
    """How far `value` lies beyond a limit, as a share of that limit, and whether below it; 0 within, None unknown.

    Beyond a limit of zero there is no share: infinity.
    """
    if value is None:
        return None, False
    for limit, away, below in ((low, (low or 0) - value, True), (high, value - (high or 0), False)):
        if limit is not None and away > 0:
            return (away / abs(limit) if limit else math.inf), below
    return 0.0, False


def _staying(
    value: float | None, away: float | None, below: bool, lags: Lags, *, begun: bool, over: bool
) -> tuple[Standing, str]:
    if not begun:
        return Standing.NOT_STARTED, msg("It has not begun yet.")
    if value is None or away is None:
        return Standing.NO_READING, msg("There is no reading yet.")
    if away <= lags.on_track:
        kept = msg("It is within its limits, as %(inside)d of %(counted)d readings were.")
        return (Standing.REACHED if over else Standing.ON_TRACK), kept
    reason = _why_beyond(away, below)
    if over:
        return Standing.MISSED, reason
    return (Standing.AT_RISK if away <= lags.at_risk else Standing.OFF_TRACK), reason


def _why_beyond(away: float, below: bool) -> str:
    if math.isinf(away):
        if below:
            return msg("It is below its limit; %(inside)d of %(counted)d readings were within.")
        return msg("It is above its limit; %(inside)d of %(counted)d readings were within.")
    if below:
        return msg("It is %(away)d%% below its limit; %(inside)d of %(counted)d readings were within.")
    return msg("It is %(away)d%% above its limit; %(inside)d of %(counted)d readings were within.")


def _standing(way: float | None, time: float, lags: Lags, *, begun: bool, over: bool) -> tuple[Standing, str]:
    if way is None:
        # Before the first day nothing is missing.
        begins = (Standing.NOT_STARTED, msg("It has not begun yet."))
        return (Standing.NO_READING, msg("There is no reading yet.")) if begun else begins
    if way >= 1:
        return Standing.REACHED, msg("The target is reached: %(way)d%% of the way.")
    if over and way < 0:
        return Standing.MISSED, msg("The time is over, and it stands further from the target than at the start.")
    if over:
        return Standing.MISSED, msg("The time is over at %(way)d%% of the way.")
    if not begun:
        return Standing.NOT_STARTED, msg("It has not begun yet.")
    return _pace(way, time, lags)


def _pace(way: float, time: float, lags: Lags) -> tuple[Standing, str]:
    lag = round(time - way, 9)
    if lag <= 0:
        return Standing.ON_TRACK, msg(
            "%(way)d%% of the way after %(time)d%% of the time: %(lag)d points ahead of the straight line."
        )
    if way < 0:
        away = msg("It stands further from the target than at the start, after %(time)d%% of the time.")
        return (Standing.AT_RISK if lag <= lags.at_risk else Standing.OFF_TRACK), away
    behind = msg("%(way)d%% of the way after %(time)d%% of the time: %(lag)d points behind the straight line.")
    if lag <= lags.on_track:
        return Standing.ON_TRACK, behind
    return (Standing.AT_RISK if lag <= lags.at_risk else Standing.OFF_TRACK), behind


def _points(fraction: float) -> int:
    # Rounded down: 99.6 % of the way must not read as the whole way.
    return max(-MOST_POINTS, min(MOST_POINTS, math.floor(fraction * 100 + 1e-9)))


def worst(standings: Iterable[Standing]) -> Standing | None:
    """The standing of a whole: that of its worst part; None when there is no part."""
    return min(standings, key=_ORDER.index, default=None)


def together(parts: Iterable[tuple[float | None, float]]) -> float | None:
    """The mean of the parts' progress, each within 0 to 1, weighted; None when no part has a reading.

    A part is (progress, weight); weights are above zero. Parts without progress are left out with their weight.
    """
    known = [(clamped(way), weight) for way, weight in parts if way is not None]
    return sum(way * weight for way, weight in known) / sum(weight for _way, weight in known) if known else None
