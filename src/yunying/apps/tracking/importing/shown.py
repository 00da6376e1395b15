"""What the import pages show: rows of the table of columns, of the preview, and the words for problems."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from yunying.apps.tracking.importing.guessing import Guess
from yunying.apps.tracking.importing.models import ImportRun
from yunying.apps.tracking.importing.plans import ColumnPlan, Plan, Role
from yunying.apps.tracking.importing.sniffing import Sample
from yunying.apps.tracking.importing.tally import moment
from yunying.apps.tracking.importing.trial import PreviewRow

__all__ = ["ColumnRow", "PreviewTable", "column_rows", "preview_table", "problem_text", "span_of"]

_VALUES_SHOWN = 3
_CELL_CHARS = 60


@dataclass(frozen=True, slots=True)
class ColumnRow:
    """One column in the table where people say what it is."""

    place: int
    plan: ColumnPlan
    values: list[str]
    guess: Guess

    @property
    def doubtful_type(self) -> bool:
        """Whether some sampled values do not have the type that most have."""
        return self.plan.role is Role.PROPERTY and self.guess.kind == self.plan.kind and 0 < self.guess.confidence < 1


@dataclass(frozen=True, slots=True)
class Cell:
    text: str
    wrong: str = ""


@dataclass(frozen=True, slots=True)
class PreviewLine:
    """A row of the file as the events it gives; `problems` are those of no single column."""

    number: int
    names: list[str]
    at: datetime | None
    cells: list[Cell]
    problems: list[str]
    bad: bool


@dataclass(frozen=True, slots=True)
class PreviewTable:
    heads: list[str]
    lines: list[PreviewLine]
    bad: int


def column_rows(plan: Plan, found: Sample, guessed: Sequence[Guess]) -> list[ColumnRow]:
    """The columns of a file in its order, as they are planned."""
    planned = {one.name: one for one in plan.columns}
    rows = []
    for place, (name, guess) in enumerate(zip(found.columns, guessed, strict=True)):
        values = [row[place] for row in found.rows]
        given = list(dict.fromkeys(_short(value) for value in values if value))[:_VALUES_SHOWN]
        rows.append(ColumnRow(place, planned.get(name) or ColumnPlan(name, Role.IGNORE, "text", name), given, guess))
    return rows


def preview_table(plan: Plan, rows: Sequence[PreviewRow]) -> PreviewTable:
    """The first rows with their events; the columns that are used, cells at fault marked with the reason."""
    used = [one for one in plan.columns if one.role not in (Role.IGNORE, Role.TIME)]
    lines = [_line(row, used) for row in rows]
    return PreviewTable([one.title or one.name for one in used], lines, sum(line.bad for line in lines))


def _line(row: PreviewRow, used: Sequence[ColumnPlan]) -> PreviewLine:
    wrong = {column: _(reason) for column, reason in row.wrong.items()}
    names = {one.name for one in used}
    cells = [Cell(_short(row.cells.get(one.name)), wrong.get(one.name, "")) for one in used]
    elsewhere = [f"{column}: {why}" if column else why for column, why in wrong.items() if column not in names]
    first = min((event.ts_ms for event in row.events), default=None)
    return PreviewLine(
        row.number, [event.name for event in row.events], moment(first), cells, elsewhere, bool(row.errors)
    )


def problem_text(problem: Mapping[str, Any]) -> str:
    """What stands in `ImportRun.problem`, in the reader's language; empty when there is none."""
    if not problem:
        return ""
    text = _(problem["message"])
    return text % problem["data"] if problem.get("data") else text


def span_of(run: ImportRun) -> tuple[datetime | None, datetime | None]:
    """The times of the first and the last event an import added."""
    return moment(run.outcome.get("first_ms")), moment(run.outcome.get("last_ms"))


def _short(value: Any) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= _CELL_CHARS else text[: _CELL_CHARS - 1] + "…"
