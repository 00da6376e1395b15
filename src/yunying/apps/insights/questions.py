"""What a metric may ask: one number, without range, interval and display."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from yunying.apps.insights.models import Direction, Unit, Window
from yunying.apps.insights.rates import RATES, rate_over, rate_question
from yunying.base.errors import InvalidInput, msg
from yunying.engine import parse

__all__ = ["ADDABLE", "asked_over", "checked_question", "letter", "suggested_unit"]

# Measures whose running total is a meaningful number; an average of averages is not.
ADDABLE = frozenset({"count", "people", "accounts", "sessions", "sum", "first_time"})
_KEPT = ("kind", "series", "filters", "formula")


def letter(index: int) -> str:
    """The name of the series with this index in formulas: A, B, …"""
    return chr(ord("A") + index)


def checked_question(spec: Mapping[str, Any], *, line: str = "", window: Window) -> dict[str, Any]:
    """The question inside a query that one metric asks, normalised.

    `line` is the letter of the series meant (`A`), empty the formula or the only series; of retention it is the number
    of the column. Raises InvalidInput when more than one number would come out, or when it cannot be totalled but
    should be.
    """
    if spec.get("kind") not in RATES | {"trends"}:
        raise InvalidInput("metric.kind", msg("A metric is made from trends, a funnel or retention."), field="question")
    if spec.get("breakdown"):
        raise InvalidInput(
            "metric.breakdown", msg("A metric is one number: take the breakdown away first."), field="question"
        )
    if spec["kind"] in RATES:
        return rate_question(spec, line, window)
    question = {key: spec[key] for key in _KEPT if spec.get(key)}
    question = _one_line(question, line)
    if window == Window.TOTAL and not all(s.get("measure", "count") in ADDABLE for s in question.get("series", [])):
        raise InvalidInput(
            "metric.window",
            msg("Averages, extremes and rolling measures have no total: choose the latest whole day, week or month."),
            field="window",
        )
    full = parse(asked_over(question, date(2000, 1, 1), date(2000, 1, 2), window)).to_json()
    return {key: full[key] for key in _KEPT if full.get(key)}


def _one_line(question: dict[str, Any], line: str) -> dict[str, Any]:
    series = question.get("series") or []
    if not line and (question.get("formula") or len(series) == 1):
        return question
    index = ord(line) - ord("A") if len(line) == 1 else -1
    if not 0 <= index < len(series):
        raise InvalidInput("metric.line", msg("Choose which of the lines the metric is."), field="line")
    return {key: value for key, value in question.items() if key != "formula"} | {"series": [series[index]]}


def asked_over(question: Mapping[str, Any], start: date, end: date, window: Window) -> dict[str, Any]:
    """The whole query that reads `question` from `start` to `end`, both days included.

    That of a rate reads those whose time was over by then, who came before `start` (see `rates`).
    """
    if question["kind"] in RATES:
        return rate_over(question, start, end, window)
    total = window == Window.TOTAL
    return {
        **question,
        "range": {"from": start.isoformat(), "to": end.isoformat()},
        "interval": "day" if total else str(window),
        "display": "cumulative" if total else "series",
    }


def suggested_unit(question: Mapping[str, Any]) -> tuple[Unit, Direction, Window]:
    """The unit, direction and window that fit a question most often; the form starts with them."""
    if question.get("kind") in RATES:
        return Unit.PERCENT, Direction.UP, Window.WEEK
    measures = {series.get("measure", "count") for series in question.get("series", [])}
    if question.get("formula"):
        return (Unit.PERCENT if "/" in question["formula"] else Unit.NUMBER), Direction.UP, Window.WEEK
    if measures <= {"people", "rolling_people", "first_time"}:
        return Unit.PEOPLE, Direction.UP, Window.WEEK
    if measures <= {"count", "accounts", "sessions"}:
        return Unit.COUNT, Direction.UP, Window.WEEK
    return Unit.NUMBER, Direction.UP, Window.WEEK
