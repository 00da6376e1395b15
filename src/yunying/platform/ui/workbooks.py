"""Workbooks (xlsx): values with their types, columns as wide as what they hold, heads that stay in sight."""

import datetime as dt
import math
import tempfile
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain, islice
from typing import Any, NamedTuple

from django.utils import timezone

from yunying.base.money import Money

__all__ = ["Leaf", "Numeral", "Period", "Seconds", "Share", "plain", "share", "workbook", "xlsx_file"]

DAY, MOMENT = "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss"
NARROWEST, WIDEST, WIDEST_HEAD, AIR, CAPITAL = 8, 60, 24, 2, 0.2
# More columns than a screen shows: the first one stays beside what is scrolled to.
MANY_COLUMNS = 8
MEASURED_ROWS = 1_000
# Spreadsheets count with 15 digits, and their days begin in 1900.
MOST_DIGITS, FIRST_YEAR = 10**15, 1900
LONGEST_TEXT = 32_767


class Share(float):
    """A fraction of one; a workbook shows percent."""


class Seconds(float):
    """A duration; a workbook says the unit."""


class Numeral(int):
    """A number that names something and counts nothing: no separators between its digits."""


@dataclass(frozen=True, slots=True)
class Period:
    """A period by its start on the wall clock, told as exactly as its length `interval` asks: an hour up to a year."""

    start: dt.datetime
    interval: str

    def __str__(self) -> str:
        if self.interval == "quarter":
            return f"{self.start:%Y} Q{(self.start.month - 1) // 3 + 1}"
        return f"{self.start:{_PERIODS.get(self.interval, _DAYS)[0]}}"

    @property
    def look(self) -> str:
        return _PERIODS.get(self.interval, _DAYS)[1]


_DAYS = ("%Y-%m-%d", DAY)
_PERIODS = {"hour": ("%Y-%m-%d %H:%M", "yyyy-mm-dd hh:mm"), "month": ("%Y-%m", "yyyy-mm"), "year": ("%Y", "yyyy")}


@dataclass(frozen=True, slots=True)
class Leaf:
    """A sheet of a workbook: `above` are lines over the heads, the first of them its title."""

    heads: Sequence[str]
    rows: Iterable[Sequence[Any]]
    name: str = ""
    above: Sequence[str] = ()


def xlsx_file(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> Any:
    """An open file of one sheet."""
    return workbook([Leaf(heads, rows)])


def workbook(leaves: Iterable[Leaf]) -> Any:
    """An open file of these sheets; of an empty one when there are none. Moments are written in the current zone."""
    # Here and below: loaded with the first export, not with the first page.
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    book.properties.creator = "Yunying"
    for leaf in leaves:
        _write(book.create_sheet(leaf.name or None), leaf)
    if not book.worksheets:
        book.create_sheet()
    file = tempfile.TemporaryFile()  # noqa: SIM115 - FileResponse closes it
    book.save(file)
    file.seek(0)
    return file


def share(fraction: float | None) -> Share | None:
    return None if fraction is None else Share(fraction)


def plain(value: Any, zone: dt.tzinfo) -> Any:
    """Numbers, days and None as they are; moments as wall-clock time of the zone; everything else as text."""
    if isinstance(value, dt.datetime):
        return value.astimezone(zone).replace(tzinfo=None, microsecond=0)
    if isinstance(value, Money):
        return value.amount
    if value is None or isinstance(value, int | float | Decimal | dt.date):
        return value
    if isinstance(value, list | tuple):
        return ", ".join(str(part) for part in value)
    return str(value)


class _Shown(NamedTuple):
    """What a cell holds, in which format, and about how many narrow characters that is on the screen."""

    value: Any
    look: str = ""
    width: float = 0


def _write(sheet: Any, leaf: Leaf) -> None:
    from openpyxl.utils import get_column_letter

    zone = timezone.get_current_timezone()
    shown = ([_shown(value, zone) for value in row] for row in leaf.rows)
    first = list(islice(shown, MEASURED_ROWS))
    # A sheet that is written row by row has its columns before its rows.
    for index, width in enumerate(_widths(leaf.heads, first), start=1):
        sheet.column_dimensions[get_column_letter(index)].width = width
    many = len(leaf.heads) > MANY_COLUMNS
    sheet.freeze_panes = f"{'B' if many else 'A'}{len(leaf.above) + 2}"
    pen = _Pen(sheet)
    for index, line in enumerate(leaf.above):
        sheet.append([pen.title(line) if not index else pen.words(line)])
    sheet.append([pen.head(head) for head in leaf.heads])
    for row in chain(first, shown):
        sheet.append([pen.cell(one) for one in row])


def _widths(heads: Sequence[str], rows: Sequence[Sequence[_Shown]]) -> list[int]:
    """Of each column: its longest value, and its head as far as that fits into few lines; and some air."""
    # Bold letters are wider.
    found = [min(_columns(head) * 1.2, WIDEST_HEAD - AIR) for head in heads]
    for row in rows:
        for index, one in enumerate(row[: len(found)]):
            found[index] = max(found[index], one.width)
    return [min(max(math.ceil(width + AIR), NARROWEST), WIDEST) for width in found]


def _columns(text: str) -> float:
    """How many digits wide the longest line is: Chinese, Japanese and Korean letters are two, capitals a bit more."""
    if text.isascii() and "\n" not in text:
        return len(text) + sum(map(str.isupper, text)) * CAPITAL
    return max(sum(map(_wide, line)) for line in text.split("\n"))


def _wide(letter: str) -> float:
    if unicodedata.east_asian_width(letter) in "WF":
        return 2
    return 1 + CAPITAL if letter.isupper() else 1


def _shown(value: Any, zone: dt.tzinfo) -> _Shown:
    if isinstance(value, Period) and value.interval != "quarter" and value.start.year >= FIRST_YEAR:
        return _Shown(value.start.replace(tzinfo=None), value.look, len(value.look))
    if isinstance(value, Money):
        return _decimal(value.amount, f" {value.currency}")
    known = plain(value, zone)
    if isinstance(known, dt.date) and known.year >= FIRST_YEAR:
        look = MOMENT if isinstance(known, dt.datetime) else DAY
        return _Shown(known, look, len(look))
    if isinstance(known, bool):
        return _Shown(known, "General", 5)
    if isinstance(known, int | float | Decimal) and -MOST_DIGITS < known < MOST_DIGITS:
        return _number(known)
    # Neither infinite nor undefined is a number to a spreadsheet.
    return _Shown(None) if known is None or (isinstance(known, float) and not math.isfinite(known)) else _text(known)


def _number(value: int | float | Decimal) -> _Shown:
    if isinstance(value, Share):
        return _Shown(float(value), "0.0%", len(f"{value:.1%}"))
    if isinstance(value, Seconds):
        return _Shown(float(value), '#,##0.0" s"', len(f"{value:,.1f} s"))
    if isinstance(value, Numeral):
        return _Shown(int(value), "0", len(str(value)))
    if isinstance(value, Decimal):
        return _decimal(value)
    if value == int(value):
        return _Shown(int(value), "#,##0", len(f"{value:,.0f}"))
    if abs(value) < 1:
        # Two decimals would hide what a small number is.
        return _Shown(value, "General", 10)
    return _Shown(value, "#,##0.00", len(f"{value:,.2f}"))


def _decimal(value: Decimal, unit: str = "") -> _Shown:
    """As many decimals as it has."""
    exponent = value.as_tuple().exponent
    places = max(0, -exponent) if isinstance(exponent, int) else 0
    look = "#,##0" + ("." + "0" * places if places else "") + (f'"{unit}"' if unit else "")
    return _Shown(value, look, _columns(f"{value:,.{places}f}{unit}"))


def _text(value: Any) -> _Shown:
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    text = ILLEGAL_CHARACTERS_RE.sub("", str(value))[:LONGEST_TEXT]
    return _Shown(text, "", _columns(text))


class _Pen:
    """Makes the cells of one sheet; a style is looked up once and not for each of a million cells."""

    def __init__(self, sheet: Any) -> None:
        from openpyxl.styles import Alignment, Font, PatternFill

        self._sheet = sheet
        self._looks: dict[str, Any] = {}
        self._top, self._wrapped = Alignment(vertical="top"), Alignment(wrap_text=True, vertical="top")
        self._bold, self._large, self._pale = Font(bold=True), Font(bold=True, size=14), Font(color="FF525C70")
        self._ground = PatternFill("solid", fgColor="FFEEF1F6")

    def title(self, text: str) -> Any:
        cell = self._string(text)
        cell.font = self._large
        return cell

    def words(self, text: str) -> Any:
        cell = self._string(text)
        cell.font = self._pale
        return cell

    def head(self, text: str) -> Any:
        cell = self._string(text)
        cell.font, cell.alignment, cell.fill = self._bold, self._wrapped, self._ground
        return cell

    def cell(self, shown: _Shown) -> Any:
        if shown.value is None:
            return None
        cell = self._string(shown.value) if isinstance(shown.value, str) else self._made(shown.value)
        long = not shown.look and (shown.width > WIDEST - AIR or "\n" in shown.value)
        style = self._looks.get("wrapped" if long else shown.look)
        if style is None:
            cell.alignment = self._wrapped if long else self._top
            if shown.look:
                cell.number_format = shown.look
            self._looks["wrapped" if long else shown.look] = cell._style
        else:
            cell._style = style
        return cell

    def _string(self, text: str) -> Any:
        cell = self._made(_text(text).value)
        # openpyxl takes text that begins with "=" for a formula; it is data here, whoever typed it.
        cell.data_type = "s"
        return cell

    def _made(self, value: Any) -> Any:
        from openpyxl.cell import WriteOnlyCell

        return WriteOnlyCell(self._sheet, value=value)
