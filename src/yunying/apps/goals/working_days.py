"""The working days that forecasts go by, year by year, as the calendar page shows them."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.translation import gettext_lazy, pgettext

from yunying.base.workdays import Day, DayKind, Workdays
from yunying.platform.products.models import Product
from yunying.platform.products.workdays import workdays_of
from yunying.platform.ui import formats

__all__ = ["Odd", "YearOfDays", "country_of", "years_of"]

ONE_DAY = timedelta(days=1)
# How the published years of China and the rules for later ones call them; other countries' names are their own.
_FESTIVALS = {
    "New Year's Day": gettext_lazy("New Year's Day"),
    "Spring Festival": gettext_lazy("Spring Festival"),
    "Tomb-sweeping Day": gettext_lazy("Tomb-sweeping Day"),
    "Labour Day": gettext_lazy("Labour Day"),
    "Dragon Boat Festival": gettext_lazy("Dragon Boat Festival"),
    "Mid-autumn Festival": gettext_lazy("Mid-autumn Festival"),
    "National Day": gettext_lazy("National Day"),
}


@dataclass(slots=True)
class Odd:
    """Days in a row, `last` included, that are no plain working days or weekends, and why."""

    first: date
    last: date
    kind: DayKind
    cause: str

    @property
    def when(self) -> str:
        if self.first == self.last:
            return formats.date(self.first, "medium")
        return f"{formats.date(self.first, 'medium')} – {formats.date(self.last, 'medium')}"

    @property
    def name(self) -> str:
        return str(_FESTIVALS.get(self.cause, self.cause))

    @property
    def what(self) -> str:
        if self.kind == DayKind.MAKE_UP:
            return pgettext("day", "Worked for it")
        return pgettext("day", "Holiday")


@dataclass(frozen=True, slots=True)
class YearOfDays:
    """`official` is False where the year's swaps are not published and the days go by rules."""

    year: int
    official: bool
    working: int
    odd: list[Odd]


def country_of(product: Product) -> str:
    """The country whose calendar holds, in the reader's language; empty where the time zone lies in none."""
    code = workdays_of(product).country
    return formats.locale().territories.get(code, code) if code else ""


def years_of(product: Product, first: int, count: int = 2) -> list[YearOfDays]:
    """The years from `first` on. Raises InvalidInput when a table of the installation cannot be read."""
    calendar = workdays_of(product)
    return [_year(calendar, year) for year in range(first, first + count)]


def _year(calendar: Workdays, year: int) -> YearOfDays:
    start, end = date(year, 1, 1), date(year + 1, 1, 1)
    days = [calendar.day(start + timedelta(days=n)) for n in range((end - start).days)]
    return YearOfDays(year, calendar.official(year), sum(day.kind.works for day in days), _stretches(days))


def _stretches(days: list[Day]) -> list[Odd]:
    found: list[Odd] = []
    for day in days:
        if day.kind not in (DayKind.HOLIDAY, DayKind.MAKE_UP):
            continue
        last = found[-1] if found else None
        if last and (last.kind, last.cause, last.last + ONE_DAY) == (day.kind, day.name, day.on):
            last.last = day.on
        else:
            found.append(Odd(day.on, day.on, day.kind, day.name))
    return found
