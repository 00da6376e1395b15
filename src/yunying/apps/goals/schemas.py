"""Bodies and answers of the REST API of goals. Values are in the metric's unit; a percent is a fraction of one."""

from datetime import date, datetime
from typing import Literal

from ninja import Schema

from yunying.platform.products.rest import Id, Text

__all__ = ["CloseIn", "GoalIn", "GoalOut", "GoalPatch", "KeyResultIn", "KeyResultOut", "KeyResultPatch", "ReadingOut"]


class GoalIn(Schema):
    title: Text
    start: date
    due: date
    why: Text = ""
    parent_id: Id | None = None
    owner_id: Id | None = None


class GoalPatch(Schema):
    """`version` is the one that was read; a goal that changed since is answered with 409."""

    version: int
    title: Text = ""
    start: date = date.min
    due: date = date.min
    why: Text = ""
    parent_id: Id | None = None
    owner_id: Id | None = None


class CloseIn(Schema):
    status: Literal["achieved", "missed", "dropped"]
    outcome: Text


class ReopenIn(Schema):
    reason: Text


class KeyResultIn(Schema):
    """Without `start` and `due` the goal's time holds."""

    metric_id: Id
    baseline: float
    target: float
    name: Text = ""
    start: date | None = None
    due: date | None = None


class KeyResultPatch(Schema):
    version: int
    name: Text = ""
    baseline: float = 0
    target: float = 0
    start: date = date.min
    due: date = date.min


class KeyResultOut(Schema):
    """`progress` is the share of the way from baseline to target, `reason` why it stands as it does."""

    id: int
    metric_id: Id
    name: str
    baseline: float
    target: float
    start: date
    due: date
    value: float | None
    read_on: date | None
    read_at: datetime | None
    progress: float | None
    standing: str
    reason: str
    version: int


class GoalOut(Schema):
    """`standing` is that of the worst key result; null without one."""

    id: int
    title: str
    why: str
    start: date
    due: date
    status: str
    outcome: str
    owner_id: int | None
    parent_id: int | None
    progress: float | None
    standing: str | None
    key_results: list[KeyResultOut]
    version: int
    created_at: datetime
    closed_at: datetime | None


class ReadingOut(Schema):
    on: date
    value: float | None
    taken_at: datetime
