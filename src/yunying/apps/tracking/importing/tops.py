"""Where the names of columns stand when a title or who made the file stands above them."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

__all__ = ["TOP_ROWS", "holds_names", "names_row", "widened"]

TOP_ROWS = 50


def names_row(rows: Sequence[Sequence[str | None]]) -> int:
    """Which of the first rows of a table holds the names: the first that is about as wide as most rows are.

    Where that one holds values already, a narrower one above it, some of whose names are missing. 0 where nothing
    speaks for another than the first.
    """
    widths = [sum(1 for cell in row if cell and cell.strip()) for row in rows[:TOP_ROWS]]
    wide = Counter(width for width in widths if width > 1)
    if not wide:
        return 0
    usual = max(wide.items(), key=lambda one: (one[1], one[0]))[0]
    full = next(place for place, width in enumerate(widths) if 4 * width >= 3 * usual)
    half = next(place for place, width in enumerate(widths) if 2 * width >= usual)
    return next((place for place in (full, half) if holds_names(rows[place])), 0)


def holds_names(cells: Sequence[str | None]) -> bool:
    """Names are neither numbers nor times, and most columns have one."""
    given = [cell.strip() for cell in cells if cell and cell.strip()]
    return 2 * len(given) > len(cells) and not any(map(_is_value, given))


def _is_value(text: str) -> bool:
    if text.replace(".", "", 1).replace("-", "", 1).isdecimal():
        return True
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def widened(names: Sequence[str | None], rows: Sequence[Sequence[str | None]]) -> list[str]:
    """The row of names as wide as the first rows below it: in a workbook cells stand also where no name does."""
    filled = (place for row in rows[:TOP_ROWS] for place, cell in enumerate(row, start=1) if cell)
    width = max(len(names), max(filled, default=0))
    return [cell or "" for cell in names] + [""] * (width - len(names))
