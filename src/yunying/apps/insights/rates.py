"""Metrics that are rates: the conversion of a funnel, and how many come back after so many periods.

A rate is final only when everybody had their time. So the reading of a period is of the people who entered or started
so many periods earlier that their time was over by its end: with a window of 14 days the last whole week tells of those
who entered two weeks before it.
"""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from yunying.apps.insights.models import Window
from yunying.apps.insights.windows import next_first_day
from yunying.base.errors import InvalidInput, msg
from yunying.base.zones import Interval, shift
from yunying.engine import parse
from yunying.engine.funnel.spec import Funnel

__all__ = ["RATES", "periods_of", "rate_over", "rate_question", "rates_in"]

RATES = frozenset({"funnel", "retention"})
_KEPT = {
    "funnel": ("kind", "order", "window", "steps", "exclusions", "hold", "filters", "from_step", "to_step"),
    "retention": ("kind", "start", "return", "mode", "minimum", "filters"),
}
MOST_PERIODS = 900
# By the calendar: a day on which clocks change counts as any other.
_SHORTEST = {Window.DAY: timedelta(days=1), Window.WEEK: timedelta(days=7), Window.MONTH: timedelta(days=28)}


def rate_question(spec: Mapping[str, Any], line: str, window: Window) -> dict[str, Any]:
    """The question one metric asks of a funnel or of retention, whose `line` is the number of its column.

    Raises InvalidInput where no one number comes out, or none that is ever final.
    """
    kind = str(spec["kind"])
    if window not in _SHORTEST:
        raise InvalidInput(
            "metric.window", msg("A rate has no total: choose the latest whole day, week or month."), field="window"
        )
    question = {key: spec[key] for key in _KEPT[kind] if spec.get(key)}
    if kind == "retention":
        question["column"] = _column(spec, line)
    full = parse(rate_over(question, date(2000, 1, 1), date(2000, 1, 2), window)).to_json()
    kept = {key: full[key] for key in _KEPT[kind] if full.get(key)}
    return kept | ({"column": question["column"]} if kind == "retention" else {})


def _column(spec: Mapping[str, Any], line: str) -> int:
    """The column that is meant. A metric that is changed says it in its own question."""
    if spec.get("on_or_after") or spec.get("clock") == "rolling" or spec.get("brackets"):
        raise InvalidInput(
            "metric.retention",
            msg("A metric counts calendar periods one by one: take other ways of counting and lengths away first."),
            field="question",
        )
    text = line or str(spec.get("column") or "")
    if not text.isdecimal() or not 1 <= int(text) <= 60:
        raise InvalidInput("metric.line", msg("Choose after how many periods people count as back."), field="line")
    return int(text)


def rate_over(question: Mapping[str, Any], start: date, end: date, window: Window) -> dict[str, Any]:
    """The whole query that reads the rate for the periods from `start` to `end`, whole periods both."""
    plain = {key: value for key, value in question.items() if key != "column"}
    back = _lag(question, window)
    first = _shifted(start, window, -back)
    if question["kind"] == "retention":
        span = {"from": first.isoformat(), "to": end.isoformat()}
        return {**plain, "range": span, "period": str(window), "periods": question["column"]}
    last = _shifted(end + timedelta(days=1), window, -back) - timedelta(days=1)
    span = {"from": first.isoformat(), "to": last.isoformat()}
    return {**plain, "range": span, "display": "over_time", "interval": str(window)}


def _lag(question: Mapping[str, Any], window: Window) -> int:
    """How many periods earlier people enter than their time is over for certain."""
    if question["kind"] == "retention":
        return int(question["column"])
    spec = parse({**question, "range": {"last": 1, "unit": "day"}})
    assert isinstance(spec, Funnel)
    return -(-spec.window.length // _SHORTEST[window])


def _shifted(day: date, window: Window, by: int) -> date:
    return shift(datetime.combine(day, time()), Interval(str(window)), by).date()


def periods_of(window: Window, first: date, last: date) -> tuple[date, list[date]]:
    """The first day that is read of the periods from `first` to `last`, and the last day of each that is."""
    ends = []
    day = first
    while day <= last:
        day = next_first_day(window, day)
        ends.append(day - timedelta(days=1))
    skipped = max(0, len(ends) - MOST_PERIODS)
    return (ends[skipped - 1] + timedelta(days=1) if skipped else first), ends[skipped:]


def rates_in(question: Mapping[str, Any], result: Any) -> list[float | None]:
    """The rates of the periods in an answer to `rate_over`, the oldest first; None where nobody entered."""
    if not result.rows:
        return []
    if question["kind"] == "funnel":
        return [point.share.rate for point in result.rows[0].points or ()]
    column = int(question["column"])
    cells = [one.cells[column] for one in result.rows[0].cohorts[: max(0, len(result.rows[0].cohorts) - column)]]
    return [cell.rate if cell else None for cell in cells]
