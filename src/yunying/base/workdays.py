"""Which days people work: weekends, public holidays and, in China, the days that are swapped for them (调休).

China publishes each year's swaps late in the year before. So a year comes from the first of: a table of our
own (`2027.csv`: date,kind,name), the published years that `chinesecalendar` knows, and the rules of `holidays`,
which know no swaps of unpublished years: such a year is not official, and whoever uses it says so.
Other countries swap nothing and follow `holidays`.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

import chinese_calendar.constants as published

from yunying.base.errors import InvalidInput, msg

__all__ = ["Day", "DayKind", "Workdays", "read_table", "read_tables"]

SATURDAY = 6
_LAST_PUBLISHED = max(published.holidays).year
_FIRST_PUBLISHED = min(published.holidays).year
# How the rules call the festivals that the published years name.
_FESTIVALS = {
    "New Year's Day": "New Year's Day",
    "Chinese New Year": "Spring Festival",
    "Tomb-Sweeping": "Tomb-sweeping Day",
    "Labor Day": "Labour Day",
    "Dragon Boat": "Dragon Boat Festival",
    "Mid-Autumn": "Mid-autumn Festival",
    "National Day": "National Day",
}


class DayKind(StrEnum):
    WORK = "work"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    MAKE_UP = "make_up"

    @property
    def works(self) -> bool:
        """Whether most people work."""
        return self in {DayKind.WORK, DayKind.MAKE_UP}


@dataclass(frozen=True, slots=True)
class Day:
    """`name` is the holiday, or the one a day is worked for; '' on plain days. `official`: published, not guessed."""

    on: date
    kind: DayKind
    name: str = ""
    official: bool = True


@dataclass(frozen=True)
class Workdays:
    """The calendar of a country (two letters, ISO 3166-1; unknown or '' knows weekends only)."""

    country: str
    tables: Mapping[int, Mapping[date, Day]] = field(default_factory=dict, hash=False)

    def day(self, on: date) -> Day:
        """What kind of day `on` is."""
        if self.country != "CN":
            return _by_rule(self.country, on, official=True)
        if on.year in self.tables:
            return self.tables[on.year].get(on) or _plain(on, official=True)
        if _FIRST_PUBLISHED <= on.year <= _LAST_PUBLISHED:
            return _published(on)
        return _by_rule("CN", on, official=False)

    def official(self, year: int) -> bool:
        """Whether the whole year is known, swaps included."""
        return self.day(date(year, 7, 1)).official


def _plain(on: date, *, official: bool) -> Day:
    return Day(on, DayKind.WEEKEND if on.isoweekday() >= SATURDAY else DayKind.WORK, official=official)


def _published(on: date) -> Day:
    if on in published.holidays:
        return Day(on, DayKind.HOLIDAY, published.holidays[on])
    if on in published.workdays:
        kind = DayKind.MAKE_UP if on.isoweekday() >= SATURDAY else DayKind.WORK
        return Day(on, kind, published.workdays[on])
    return _plain(on, official=True)


def _by_rule(country: str, on: date, *, official: bool) -> Day:
    name = _rules(country, on.year).get(on)
    if name is None:
        return _plain(on, official=official)
    return Day(on, DayKind.HOLIDAY, _festival(name) if country == "CN" else name, official=official)


@lru_cache(maxsize=100)
def _rules(country: str, year: int) -> Mapping[date, str]:
    import holidays  # a fifth of a second, and most programs never ask

    if country not in holidays.list_supported_countries(include_aliases=False):
        return {}
    return dict(holidays.country_holidays(country, years=year, language="en_US" if country == "CN" else None))


def _festival(name: str) -> str:
    return next((ours for theirs, ours in _FESTIVALS.items() if name.startswith(theirs)), name)


def read_tables(folder: Path) -> dict[int, dict[date, Day]]:
    """The years of our own in `folder`, one `<year>.csv` each. Raises InvalidInput naming file and line."""
    return {int(path.stem): read_table(path) for path in sorted(folder.glob("[12][0-9][0-9][0-9].csv"))}


def read_table(path: Path) -> dict[date, Day]:
    """The days of one year that differ from plain weeks: `2027-02-06,holiday,Spring Festival` a line.

    `holiday` is a day off, `make_up` a weekend day that is worked. Raises InvalidInput naming file and line.
    """
    found: dict[date, Day] = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        for number, row in enumerate(csv.reader(file), start=1):
            if not row or row[0].strip().lower() in {"", "date"} or row[0].startswith("#"):
                continue
            day = _line(row, path, number)
            found[day.on] = day
    return found


def _line(row: list[str], path: Path, number: int) -> Day:
    try:
        on, kind = date.fromisoformat(row[0].strip()), DayKind(row[1].strip())
        if on.year != int(path.stem):
            raise ValueError
    except (ValueError, IndexError):
        raise InvalidInput(
            "workdays.line",
            msg(
                "Line %(line)s of %(file)s is not a day of its year. Write the date, then holiday or make_up, then the"
                " name, with commas between them."
            ),
            line=number,
            file=path.name,
        ) from None
    return Day(on, kind, row[2].strip() if len(row) > 2 else "")
