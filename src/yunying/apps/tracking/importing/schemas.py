"""What the API of imports takes and shows."""

from datetime import datetime
from typing import Annotated, Any

from ninja import Field, Schema

from yunying.apps.tracking.importing.models import ImportRun
from yunying.apps.tracking.importing.services import MAX_ERRORS
from yunying.apps.tracking.importing.shown import problem_text, span_of
from yunying.apps.tracking.importing.trial import PreviewRow
from yunying.platform.products.rest import Text

__all__ = ["FolderFileOut", "FolderIn", "ImportOut", "MappingIn", "PreviewOut", "RowErrorOut", "StartIn"]


class FolderIn(Schema):
    path: Annotated[Text, Field(min_length=1, max_length=500, description="Below the product's folder.")]


class FolderFileOut(Schema):
    path: str
    size_bytes: int
    changed_at: datetime


class MappingIn(Schema):
    mapping: dict[str, Any] = Field(description="As the mapping files of the command line, without `lookups`.")


class StartIn(Schema):
    max_errors: Annotated[int, Field(ge=0, le=MAX_ERRORS)] = 10_000
    again: bool = Field(False, description="Also when the same file was imported with another mapping.")


class ImportOut(Schema):
    id: int
    file_name: str
    place: str
    size_bytes: int
    status: str
    mapping: dict[str, Any] | None
    fraction: float
    rows: int
    events: int
    repeated: int
    errors: int
    names: dict[str, int]
    first: datetime | None
    last: datetime | None
    problem: str
    check_state: str
    check: dict[str, Any] | None
    started_by: str
    started_at: datetime
    finished_at: datetime | None

    @classmethod
    def of(cls, run: ImportRun) -> "ImportOut":
        first, last = span_of(run)
        check = {k: v for k, v in run.check_report.items() if k != "errors_file"} if run.check_report else None
        return cls(
            id=run.pk,
            file_name=run.file_name,
            place=run.place,
            size_bytes=run.size_bytes,
            status=run.status,
            mapping=run.document,
            fraction=run.fraction,
            rows=run.rows_read,
            events=run.events,
            repeated=run.repeated,
            errors=run.errors,
            names=run.outcome.get("names", {}),
            first=first,
            last=last,
            problem=problem_text(run.problem),
            check_state=run.check_state,
            check=check,
            started_by=run.started_by,
            started_at=run.started_at,
            finished_at=run.finished_at,
        )


class RowErrorOut(Schema):
    row: int
    column: str
    value: str
    reason: str


class PreviewEvent(Schema):
    event: str
    time_ms: int
    distinct_id: str
    account: str
    session: str
    properties: dict[str, Any]


class PreviewOut(Schema):
    row: int
    events: list[PreviewEvent]
    errors: list[RowErrorOut]

    @classmethod
    def of(cls, row: PreviewRow) -> "PreviewOut":
        events = [
            PreviewEvent(
                event=event.name,
                time_ms=event.ts_ms,
                distinct_id=event.distinct_id,
                account=event.account,
                session=event.session,
                properties=event.props,
            )
            for event in row.events
        ]
        errors = [RowErrorOut(row=e.row, column=e.column, value=e.value, reason=e.reason) for e in row.errors]
        return cls(row=row.number, events=events, errors=errors)
