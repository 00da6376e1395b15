"""Bodies and answers of the REST API of reports and metrics."""

from datetime import date, datetime
from typing import Any, Literal

from ninja import Field, Schema

from yunying.platform.products.rest import Text

__all__ = [
    "AnswerOut",
    "MetricIn",
    "MetricOut",
    "MetricPatch",
    "PeopleIn",
    "PeopleOut",
    "PointOut",
    "QueryIn",
    "ReportIn",
    "ReportOut",
    "ReportPatch",
]

UnitName = Literal["count", "people", "money", "percent", "duration_s", "number"]
DirectionName = Literal["up", "down"]
WindowName = Literal["total", "day", "week", "month"]


class QueryIn(Schema):
    """A question; report pages show theirs under "API". `fresh` computes anew instead of answering from the cache."""

    spec: dict[str, Any] = Field(
        ...,
        description="The question: `kind` is trends, funnel or retention, the other fields are the kind's own.",
        examples=[
            {
                "kind": "trends",
                "range": {"last": 30, "unit": "day"},
                "series": [{"event": "order", "measure": "people"}],
            },
            {
                "kind": "funnel",
                "range": {"last": 30, "unit": "day"},
                "window": {"count": 14, "unit": "day"},
                "steps": [{"events": [{"event": "visit"}]}, {"events": [{"event": "order"}]}],
            },
            {
                "kind": "retention",
                "range": {"last": 12, "unit": "week"},
                "period": "week",
                "start": {"event": "sign up"},
                "return": {"event": None},
            },
        ],
    )
    fresh: bool = False


class AnswerOut(Schema):
    """`result` has the kind's numbers, `warnings`, and in `provenance` where they come from.

    A rate is a fraction of one with the bounds of its 95 % Wilson interval; times are seconds; null is "no data".
    """

    cached: bool
    result: dict[str, Any]


class PeopleIn(Schema):
    """`point` names a number of the answer; all kinds take `values` (of the breakdown) and `remainder`.

    Trends: `series` (a letter) and `bucket` (its index, absent for the total). Funnel: `step`, counted from 1,
    `outcome` converted or dropped, and over time `bucket`. Retention: `cohort` (its index, absent for all), `column`,
    `returned`.
    """

    spec: dict[str, Any]
    point: dict[str, Any] = {}
    limit: int = Field(100, ge=1, le=1000)
    offset: int = Field(0, ge=0, le=1_000_000_000)


class PersonOut(Schema):
    number: int
    distinct_id: str
    name: str
    first_seen: datetime = Field(..., alias="born")


class PeopleOut(Schema):
    total: int
    people: list[PersonOut]


class ReportIn(Schema):
    """`look` is how the answer is drawn: line, bar, stack or area of trends, rate or value of retention."""

    name: Text
    spec: dict[str, Any]
    description: Text = ""
    look: Text = ""


class ReportPatch(Schema):
    """`version` is the one that was read; a report that changed since is answered with 409."""

    version: int
    name: Text | None = None
    spec: dict[str, Any] | None = None
    description: Text | None = None
    look: Text | None = None


class ReportOut(Schema):
    id: int
    name: str
    description: str
    kind: str
    spec: dict[str, Any]
    look: str
    owner_id: int | None
    version: int
    created_at: datetime
    updated_at: datetime


class MetricIn(Schema):
    """`line` chooses one of several series by its letter; without it the formula, or the only series, is meant."""

    name: Text
    spec: dict[str, Any]
    unit: UnitName = "count"
    direction: DirectionName = "up"
    window: WindowName = "week"
    line: Text = ""
    currency: Text = ""
    description: Text = ""


class MetricPatch(Schema):
    version: int
    name: Text | None = None
    spec: dict[str, Any] | None = None
    line: Text = ""
    unit: UnitName | None = None
    direction: DirectionName | None = None
    window: WindowName | None = None
    currency: Text | None = None
    description: Text | None = None


class MetricOut(Schema):
    id: int
    name: str
    description: str
    question: dict[str, Any]
    unit: str
    currency: str
    direction: str
    window: str
    owner_id: int | None
    version: int
    created_at: datetime
    updated_at: datetime


class PointOut(Schema):
    """The value at the end of day `on`, in the metric's unit; null is "no data"."""

    on: date
    value: float | None
    whole: bool
