"""Whether a guardrail held over its whole time, and since when and how far it did not: pure arithmetic.

A guardrail says what must not suffer on the way, so a good reading does not undo a bad one: it is judged by the
reading furthest beyond its limits since the start. A reading of the total since the start covers that time already;
of these the newest one counts alone.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from yunying.apps.goals.progress import MOST_POINTS, STAYING, Lags, Standing, Verdict, beyond, judge_staying
from yunying.base.errors import msg

__all__ = ["Breach", "breach_in", "judge_guardrail"]


@dataclass(frozen=True, slots=True)
class Breach:
    """Beyond its limits from day `since` to before `until`, or still; `worst` is the reading of `worst_on`.

    While it lasts, `worst` is of this stretch; afterwards of all the time.
    """

    since: date
    until: date | None
    worst: float
    worst_on: date


def breach_in(
    readings: Iterable[tuple[date, float]],
    *,
    low: float | None,
    high: float | None,
    tolerance: float,
    newest_only: bool = False,
) -> Breach | None:
    """The last breach among the readings, the oldest first; None when all of them held.

    `tolerance` is the share of a limit by which a reading may lie beyond it. With `newest_only` what came before the
    newest reading is no breach unless that one is.
    """

    def breaks(reading: tuple[date, float]) -> bool:
        away, _below = beyond(low, high, reading[1])
        return away is not None and away > tolerance

    stretches = [(broken, list(part)) for broken, part in groupby(readings, key=breaks)]
    places = [place for place, (broken, _part) in enumerate(stretches) if broken]
    if not places or (newest_only and places[-1] != len(stretches) - 1):
        return None
    last = places[-1]
    lasts = last == len(stretches) - 1
    counted = stretches[last][1] if lasts else [one for place in places for one in stretches[place][1]]
    worst_on, worst = max(counted, key=lambda one: _distance(low, high, one[1]))
    until = None if lasts else stretches[last + 1][1][0][0]
    return Breach(stretches[last][1][0][0], until, worst, worst_on)


def _distance(low: float | None, high: float | None, value: float) -> tuple[float, float]:
    """By the share of the limit; beyond a limit of zero, where there is none, by the plain distance."""
    away, below = beyond(low, high, value)
    limit = low if below else high
    return away or 0.0, abs(value - (limit or 0))


def judge_guardrail(
    *,
    low: float | None,
    high: float | None,
    value: float | None,
    inside: int,
    counted: int,
    start: date,
    due: date,
    today: date,
    breach: Breach | None,
    lags: Lags = STAYING,
) -> Verdict:
    """How a guardrail stands on `today`: as what must stay while it held, else by the worst of its breach."""
    held = judge_staying(
        low=low, high=high, value=value, inside=inside, counted=counted, start=start, due=due, today=today, lags=lags
    )
    if breach is None or held.standing == Standing.NOT_STARTED:
        return held
    away, below = beyond(low, high, breach.worst)
    far = math.inf if away is None else away
    data: dict[str, int | date | None] = {
        "away": 0 if math.isinf(far) else min(MOST_POINTS, math.ceil(far * 100 - 1e-9)),
        "inside": inside,
        "counted": counted,
        "since": breach.since,
        "until": breach.until,
        "worst_on": breach.worst_on,
    }
    standing = Standing.AT_RISK if breach.until or far <= lags.at_risk else Standing.OFF_TRACK
    standing = Standing.MISSED if today > due else standing
    reason = _lasting(far, below) if breach.until is None else _over(far, below)
    return Verdict(standing, held.progress, held.elapsed, reason, data)


def _lasting(away: float, below: bool) -> str:
    if math.isinf(away):
        if below:
            return msg("Below its limit since %(since)s; %(inside)d of %(counted)d readings were within.")
        return msg("Above its limit since %(since)s; %(inside)d of %(counted)d readings were within.")
    if below:
        return msg(
            "Below its limit since %(since)s, at worst by %(away)d%% (%(worst_on)s);"
            " %(inside)d of %(counted)d readings were within."
        )
    return msg(
        "Above its limit since %(since)s, at worst by %(away)d%% (%(worst_on)s);"
        " %(inside)d of %(counted)d readings were within."
    )


def _over(away: float, below: bool) -> str:
    if math.isinf(away):
        if below:
            return msg(
                "It holds again since %(until)s. It was last below its limit from %(since)s on."
                " %(inside)d of %(counted)d readings were within."
            )
        return msg(
            "It holds again since %(until)s. It was last above its limit from %(since)s on."
            " %(inside)d of %(counted)d readings were within."
        )
    if below:
        return msg(
            "It holds again since %(until)s. It was last below its limit from %(since)s on, and at worst by"
            " %(away)d%% (%(worst_on)s). %(inside)d of %(counted)d readings were within."
        )
    return msg(
        "It holds again since %(until)s. It was last above its limit from %(since)s on, and at worst by"
        " %(away)d%% (%(worst_on)s). %(inside)d of %(counted)d readings were within."
    )
