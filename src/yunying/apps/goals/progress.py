"""How far a key result is and how it stands: pure arithmetic on plain values.

Progress is the share of the way from baseline to target; the yardstick is the straight line from the
first to the last day. Up to 5 points behind that line is on track, up to 20 points is at risk.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from yunying.base.errors import msg

__all__ = [
    "AT_RISK_LAG",
    "ON_TRACK_LAG",
    "Standing",
    "Verdict",
    "clamped",
    "elapsed",
    "judge",
    "progress",
    "straight_line",
    "together",
    "worst",
]

ON_TRACK_LAG = 0.05
AT_RISK_LAG = 0.20


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
    data: dict[str, int]


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
    *, baseline: float, target: float, value: float | None, read_on: date | None, start: date, due: date, today: date
) -> Verdict:
    """How a key result stands on `today`, with its reason.

    The way is compared with the time that was over when the reading was made: a reading that covers the
    latest whole month is not behind because the present month has begun. Today does not count as over.
    """
    way = progress(baseline, target, value)
    time = elapsed(start, due, min(read_on or today, today - timedelta(days=1)))
    standing, reason = _standing(way, time, begun=today >= start, over=today > due)
    shown = 0 if way is None else _points(way)
    return Verdict(
        standing, way, time, reason, {"way": shown, "time": _points(time), "lag": abs(_points(time) - shown)}
    )


def _standing(way: float | None, time: float, *, begun: bool, over: bool) -> tuple[Standing, str]:
    if way is None:
        return Standing.NO_READING, msg("There is no reading yet.")
    if way >= 1:
        return Standing.REACHED, msg("The target is reached: %(way)d%% of the way.")
    if over and way < 0:
        return Standing.MISSED, msg("The time is over, and it stands further from the target than at the start.")
    if over:
        return Standing.MISSED, msg("The time is over at %(way)d%% of the way.")
    if not begun:
        return Standing.NOT_STARTED, msg("It has not begun yet.")
    return _pace(way, time)


def _pace(way: float, time: float) -> tuple[Standing, str]:
    lag = round(time - way, 9)
    if lag <= 0:
        return Standing.ON_TRACK, msg(
            "%(way)d%% of the way after %(time)d%% of the time: %(lag)d points ahead of the straight line."
        )
    if way < 0:
        away = msg("It stands further from the target than at the start, after %(time)d%% of the time.")
        return (Standing.AT_RISK if lag <= AT_RISK_LAG else Standing.OFF_TRACK), away
    behind = msg("%(way)d%% of the way after %(time)d%% of the time: %(lag)d points behind the straight line.")
    if lag <= ON_TRACK_LAG:
        return Standing.ON_TRACK, behind
    return (Standing.AT_RISK if lag <= AT_RISK_LAG else Standing.OFF_TRACK), behind


def _points(fraction: float) -> int:
    # Rounded down: 99.6 % of the way must not read as the whole way.
    return math.floor(fraction * 100 + 1e-9)


def worst(standings: Iterable[Standing]) -> Standing | None:
    """The standing of a whole: that of its worst part; None when there is no part."""
    return min(standings, key=_ORDER.index, default=None)


def together(fractions: Iterable[float | None]) -> float | None:
    """The mean of the parts' progress, each within 0 to 1; None when no part has a reading."""
    known = [fraction for fraction in fractions if fraction is not None]
    return sum(map(clamped, known)) / len(known) if known else None
