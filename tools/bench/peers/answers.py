"""Whether the others' numbers are ours."""

from collections.abc import Iterator, Mapping
from typing import Any

from tools.bench.peers.questions import BREAKDOWN_COUNT, BREAKDOWN_PEOPLE, COUNT, FUNNEL, PEOPLE, RETENTION

__all__ = ["differences"]


def differences(question: str, answers: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(form, both numbers) for each form whose answer is not ours."""
    for form, theirs in answers.items():
        if form != "ours":
            mine, found = _READERS[question](answers["ours"], theirs)
            if mine != found:
                yield form, f"ours {str(mine)[:150]}, theirs {str(found)[:150]}"


def _lines(mine: Any, theirs: Any) -> tuple[Any, Any]:
    ours = {
        row.values[0].text or "(null)": [float(n or 0) for n in row.points] for row in mine.rows if not row.remainder
    }
    return ours, {label: total for label, total in theirs if label in ours}


def _days(mine: Any, theirs: Any) -> tuple[Any, Any]:
    return list(mine.rows[0].points), [row[1] for row in theirs]


def _steps(mine: Any, theirs: Any) -> tuple[Any, Any]:
    return [step.count for step in mine.rows[0].steps], list(theirs[0][:3])


def _cells(mine: Any, theirs: Any) -> tuple[Any, Any]:
    found = {(row[0], row[1]): row[2] for row in theirs}
    ours = {
        (week, column): cell.count
        for week, cohort in enumerate(mine.rows[0].cohorts)
        for column, cell in enumerate(cohort.cells)
        if cell is not None and week + column < 4 and (column == 0 or cell.count)
    }
    return ours, found


_READERS = {
    COUNT: _days,
    PEOPLE: _days,
    BREAKDOWN_COUNT: _lines,
    BREAKDOWN_PEOPLE: _lines,
    FUNNEL: _steps,
    RETENTION: _cells,
}
