"""Bodies and answers of the REST API of cohorts."""

from datetime import date, datetime
from typing import Any

from ninja import Field, Schema

from yunying.apps.insights.cohorts.shown import problem_text
from yunying.platform.products.rest import Text

__all__ = [
    "CohortIn",
    "CohortMemberOut",
    "CohortOut",
    "CohortPatch",
    "CountIn",
    "CountOut",
    "ListIn",
    "ListOut",
    "MembersOut",
    "SizeOut",
]


class CohortIn(Schema):
    name: Text
    definition: dict[str, Any]
    description: Text = ""


class CohortPatch(Schema):
    """`version` is the one that was read; a cohort that changed since is answered with 409."""

    version: int
    name: Text | None = None
    description: Text | None = None
    definition: dict[str, Any] | None = None


class ListIn(Schema):
    """Either `ids`, distinct ids of people, or `spec` and `point`, a number of a report's answer."""

    name: Text
    description: Text = ""
    ids: list[str] | None = Field(None, max_length=500_000)
    spec: dict[str, Any] | None = None
    point: dict[str, Any] | None = None


class CohortOut(Schema):
    """`size` is what was counted at `size_at`; `problem` says why the last count failed."""

    id: int
    name: str
    description: str
    kind: str
    definition: dict[str, Any]
    size: int | None
    size_at: datetime | None
    problem: str
    version: int
    created_at: datetime
    updated_at: datetime

    @staticmethod
    def resolve_problem(row: Any) -> str:
        return problem_text(row)


class ListOut(Schema):
    """`unknown` ids belong to nobody and were left out."""

    cohort: CohortOut
    given: int
    unknown: int


class CountIn(Schema):
    definition: dict[str, Any]


class CountOut(Schema):
    size: int


class SizeOut(Schema):
    day: date
    size: int


class CohortMemberOut(Schema):
    number: int
    distinct_id: str
    name: str
    first_seen: datetime = Field(..., alias="born")


class MembersOut(Schema):
    total: int
    people: list[CohortMemberOut]
