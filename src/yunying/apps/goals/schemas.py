"""Bodies and answers of the REST API of goals. Values are in the metric's unit; a percent is a fraction of one."""

from datetime import date, datetime
from typing import Literal

from ninja import Schema

from yunying.platform.products.rest import Id, Text

__all__ = [
    "CheckInIn",
    "CheckInOut",
    "CloseIn",
    "ForecastOut",
    "GoalIn",
    "GoalOut",
    "GoalPatch",
    "KeyResultIn",
    "KeyResultOut",
    "KeyResultPatch",
    "PartOut",
    "PastReadingOut",
    "PromiseOut",
    "ReadingOut",
    "ReopenIn",
]


Level = Literal["company", "product", "team"]
Rhythm = Literal["none", "weekly", "biweekly", "monthly"]
Shape = Literal["move", "above", "below", "between"]


class GoalIn(Schema):
    """`weight` and `counts` say how much the goal brings to the one it serves; check-ins fall on `rhythm_day`, 1 is
    Monday."""

    title: Text
    start: date
    due: date
    why: Text = ""
    parent_id: Id | None = None
    owner_id: Id | None = None
    level: Level = "product"
    team: Text = ""
    weight: float = 1
    counts: bool = True
    cycle_id: Id | None = None
    rhythm: Rhythm = "none"
    rhythm_day: int = 1


class GoalPatch(Schema):
    """`version` is the one that was read; a goal that changed since is answered with 409."""

    version: int
    title: Text = ""
    start: date = date.min
    due: date = date.min
    why: Text = ""
    parent_id: Id | None = None
    owner_id: Id | None = None
    level: Level = "product"
    team: Text = ""
    weight: float = 1
    counts: bool = True
    cycle_id: Id | None = None
    rhythm: Rhythm = "none"
    rhythm_day: int = 1


class CloseIn(Schema):
    """`score` is from 0 to 1; a dropped goal has none."""

    status: Literal["achieved", "partly", "missed", "dropped"]
    outcome: Text
    learnt: Text = ""
    score: float | None = None


class ReopenIn(Schema):
    reason: Text


class KeyResultIn(Schema):
    """Without `start` and `due` the goal's time holds.

    `shape` "move" takes `baseline` and `target`, the others take the limits `low` and `high`; only they may be a
    `guardrail`. `on_track_lag` and `at_risk_lag` are fractions: of the way behind the straight line, or of a limit
    beyond it.
    """

    metric_id: Id
    baseline: float | None = None
    target: float | None = None
    name: Text = ""
    start: date | None = None
    due: date | None = None
    shape: Shape = "move"
    guardrail: bool = False
    low: float | None = None
    high: float | None = None
    weight: float = 1
    on_track_lag: float | None = None
    at_risk_lag: float | None = None


class KeyResultPatch(Schema):
    version: int
    name: Text = ""
    baseline: float | None = None
    target: float | None = None
    start: date = date.min
    due: date = date.min
    shape: Shape = "move"
    guardrail: bool = False
    low: float | None = None
    high: float | None = None
    weight: float = 1
    on_track_lag: float | None = None
    at_risk_lag: float | None = None


class ForecastOut(Schema):
    """What a key result will probably be on its due day, made once a day by a job.

    `probability` that it is reached, and `low` to `high` at `level`, are null where the past does not bear them;
    `note` then says why. `value_at_due` and `made_at` are null while there is no forecast yet.
    """

    value_at_due: float | None
    low: float | None
    high: float | None
    level: float | None
    probability: float | None
    method: str
    note: str
    made_at: datetime | None


class KeyResultOut(Schema):
    """`progress` is the share of the way from baseline to target, or of the readings within the limits; `reason` says
    why it stands as it does. `forecast` is null for guardrails, before the start, after the due day and once the goal
    is closed. `broken_since` to before `broken_until` (null: still) a guardrail was beyond its limits; `worst` is its
    reading furthest beyond."""

    id: int
    metric_id: Id
    name: str
    shape: str
    guardrail: bool
    baseline: float | None
    target: float | None
    low: float | None
    high: float | None
    weight: float
    start: date
    due: date
    value: float | None
    read_on: date | None
    read_at: datetime | None
    progress: float | None
    standing: str
    reason: str
    forecast: ForecastOut | None
    broken_since: date | None
    broken_until: date | None
    worst: float | None
    worst_on: date | None
    version: int


class PartOut(Schema):
    """What a key result, or the goal `goal_id` that serves this one, brings to the progress: `share` of all weights
    times its own progress."""

    name: str
    goal_id: int | None
    progress: float | None
    weight: float
    share: float | None
    points: float | None


class GoalOut(Schema):
    """`progress` is the weighted mean of `parts`; `standing` that of the worst part, null without one; `reason` says
    why in a sentence."""

    id: int
    title: str
    why: str
    level: str
    team: str
    start: date
    due: date
    status: str
    outcome: str
    learnt: str
    score: float | None
    owner_id: int | None
    parent_id: int | None
    cycle_id: int | None
    carried_from_id: int | None
    weight: float
    counts: bool
    rhythm: str
    rhythm_day: int
    progress: float | None
    standing: str | None
    reason: str
    parts: list[PartOut]
    key_results: list[KeyResultOut]
    version: int
    created_at: datetime
    closed_at: datetime | None


class CheckInIn(Schema):
    """`confidence` from 1 to 10; `done` are places, from 0, among the next steps of the check-in before."""

    confidence: int
    happened: Text = ""
    obstacles: Text = ""
    next_steps: Text = ""
    done: list[int] = []


class PromiseOut(Schema):
    text: str
    done: bool


class CheckInOut(Schema):
    id: int
    on: date
    by_name: str
    confidence: int
    happened: str
    obstacles: str
    next_steps: str
    promised: list[PromiseOut]
    progress: float | None
    standing: str
    created_at: datetime


class PastReadingOut(Schema):
    """A reading that a newer definition superseded; `definition` counts from 1."""

    on: date
    value: float | None
    taken_at: datetime
    definition: int


class ReadingOut(Schema):
    on: date
    value: float | None
    taken_at: datetime
