"""Goals as a sheet: one line for each key result, or for a goal that has none yet, and the lines of a file.

`goal` and `key_result` hold the numbers of what exists. Values are the numbers that people type: percent as a number
of hundredths. The last columns only tell; a file may bring them back, and they are passed over.
"""

import csv
import io
from datetime import datetime
from decimal import Decimal
from typing import Any

from yunying.apps.goals.models import Goal, KeyResult
from yunying.apps.goals.selectors import cards
from yunying.apps.goals.standing import GoalCard, KeyResultCard
from yunying.apps.goals.tree import forest
from yunying.apps.insights.selectors import as_typed
from yunying.base.errors import InvalidInput, msg
from yunying.platform.products.access import ProductAccess
from yunying.platform.ui.workbooks import Numeral, Share

__all__ = ["COLUMNS", "MORE", "MOST_BYTES", "TOLD_COLUMNS", "TWICE", "WHICH", "rows_of_file", "sheet_rows"]

GOAL_COLUMNS = (
    "goal", "serves", "level", "team", "title", "why", "start", "due", "owner", "weight", "counts", "cycle", "check_in",
    "status", "score", "outcome", "learnt",
)  # fmt: skip
RESULT_COLUMNS = (
    "key_result", "metric", "name", "shape", "guardrail", "baseline", "target", "low", "high", "result_weight",
    "result_start", "result_due",
)  # fmt: skip
TOLD_COLUMNS = (
    "value", "read_on", "progress", "standing", "value_at_due", "forecast_low", "forecast_high", "probability",
    "forecast_note",
)  # fmt: skip
COLUMNS = GOAL_COLUMNS + RESULT_COLUMNS + TOLD_COLUMNS
WHICH = ("open", "closed", "all")
MOST_ROWS, MOST_BYTES = 2_000, 2_000_000
# Under what the cells are kept that stand beyond the heading, and what is added to a heading that stood before.
MORE, TWICE = "\x00more", "\x00twice"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
# What is foretold is no truer for more digits than these.
_DIGITS = 6
# A spreadsheet keeps no more of a number; what has more comes back unchanged as text only.
_KEPT_DIGITS = 15


def sheet_rows(access: ProductAccess, which: str = "open", cycle_id: int | None = None) -> list[list[Any]]:
    """Goals as lines in the order of COLUMNS: open, closed or all, of one cycle or of any. Three queries."""
    trees = forest(access)
    found = cards(access, trees=trees) if which != "closed" else []
    found += cards(access, closed=True, trees=trees) if which != "open" else []
    return [line for card in found if cycle_id in (None, card.goal.cycle_id) for line in _lines(card)]


def _lines(card: GoalCard) -> list[list[Any]]:
    goal = _goal_cells(card.goal)
    lines = [[*goal, *_result_cells(one.key_result), *_told(one)] for one in (*card.key_results, *card.guardrails)]
    return lines or [[*goal, *[""] * len(RESULT_COLUMNS + TOLD_COLUMNS)]]


def _goal_cells(goal: Goal) -> list[Any]:
    return [
        Numeral(goal.pk), Numeral(goal.parent_id) if goal.parent_id else "", goal.level, goal.team, goal.title,
        goal.why, goal.start, goal.due,
        goal.owner.email if goal.owner else "", goal.weight, _flag(goal.counts), str(goal.cycle or ""), goal.rhythm,
        goal.status, "" if goal.score is None else goal.score, goal.outcome, goal.learnt,
    ]  # fmt: skip


def _result_cells(row: KeyResult) -> list[Any]:
    values = [_typed(getattr(row, name), row.metric.unit) for name in ("baseline", "target", "low", "high")]
    return [
        Numeral(row.pk), row.metric.name, row.name, row.shape, _flag(row.guardrail), *values, row.weight, row.start,
        row.due,
    ]  # fmt: skip


def _told(card: KeyResultCard) -> list[Any]:
    """How it stands and what is to be expected; whoever imports the file may leave these cells as they are."""
    row, outlook = card.key_result, card.outlook
    made = outlook.card.forecast if outlook and outlook.card else None
    ahead = [_rounded(getattr(made, name, None), row.metric.unit) for name in ("value", "low", "high")]
    sure = _share(made.probability if made else None)
    return [
        _rounded(row.value, row.metric.unit, _KEPT_DIGITS), row.read_on or "", _share(card.verdict.progress),
        card.verdict.standing.value, *ahead, sure, outlook.note if outlook else "",
    ]  # fmt: skip


def _share(progress: float | None) -> Share | str:
    return "" if progress is None else Share(round(progress, 4))


def _rounded(value: float | None, unit: str, digits: int = _DIGITS) -> Decimal | str:
    return "" if value is None else _typed(float(f"{value:.{digits}g}"), unit)


def _typed(value: float | None, unit: str) -> Decimal | str:
    text = as_typed(value, unit)
    number = Decimal(text or 0)
    return number if text and len(number.as_tuple().digits) <= _KEPT_DIGITS else text


def _flag(value: bool) -> str:
    return "yes" if value else "no"


def rows_of_file(name: str, data: bytes) -> list[dict[str, str]]:
    """The lines of a CSV or xlsx file as texts by column; a line without any is empty, so that places are kept.

    Raises InvalidInput when it cannot be read.
    """
    if len(data) > MOST_BYTES:
        raise _wrong(msg("The file is larger than 2 MB. Divide it."))
    table = _xlsx(data) if name.lower().endswith(".xlsx") else _csv(data)
    if not table:
        raise _wrong(msg("The file is empty."))
    if len(table) - 1 > MOST_ROWS:
        raise _wrong(msg("A file has at most %(most)d lines. Divide it."), most=MOST_ROWS)
    heads = _heads(table[0])
    lines = [_cells(heads, line) for line in table[1:]]
    while lines and not lines[-1]:
        lines.pop()
    if not lines:
        raise _wrong(msg("The file has no lines below its heading."))
    return lines


def _heads(line: list[str]) -> list[str]:
    heads = [cell.strip().lower() for cell in line]
    return [head + TWICE if head and head in heads[:place] else head for place, head in enumerate(heads)]


def _cells(heads: list[str], line: list[str]) -> dict[str, str]:
    if not any(cell.strip() for cell in line):
        return {}
    more = "".join(line[len(heads) :]).strip()
    return {head: cell for head, cell in zip(heads, line, strict=False) if head} | ({MORE: more} if more else {})


def _csv(data: bytes) -> list[list[str]]:
    text = _decoded(data)
    head = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=head.count)
    try:
        return [[_plain(cell) for cell in line] for line in csv.reader(io.StringIO(text), delimiter=delimiter)]
    except csv.Error:
        raise _wrong(msg("The file is no table that can be read. Save it as CSV or xlsx.")) from None


def _decoded(data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding).replace("\x00", "")
        except UnicodeDecodeError:
            continue
    raise _wrong(msg("The file is neither UTF-8 nor GB 18030. Save it as UTF-8."))


def _plain(cell: str) -> str:
    """The cell without the apostrophe by which an exported text is kept from being a formula."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell


def _xlsx(data: bytes) -> list[list[str]]:
    from openpyxl import load_workbook

    try:
        sheet = load_workbook(io.BytesIO(data), read_only=True, data_only=True).worksheets[0]
        lines = sheet.iter_rows(max_row=MOST_ROWS + 2, max_col=len(COLUMNS) + 20, values_only=True)
        return [[_text(cell) for cell in line] for line in lines]
    except Exception:
        # openpyxl raises whatever it stumbles over: a broken file is the sender's, not ours.
        raise _wrong(msg("The file is no xlsx file that can be read.")) from None


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).replace("\x00", "")


def _wrong(text: str, **data: Any) -> InvalidInput:
    return InvalidInput("goals.file", text, field="file", **data)
