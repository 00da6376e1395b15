"""The calendar of working days: swaps that were published, years that were not, and tables of our own."""

from datetime import date, timedelta

import pytest

from yunying.base.errors import InvalidInput
from yunying.base.workdays import Day, DayKind, Workdays, read_tables

CHINA = Workdays("CN")


@pytest.mark.parametrize(
    ("on", "kind"),
    [
        (date(2026, 2, 14), DayKind.MAKE_UP),  # a Saturday worked for the Spring Festival
        (date(2026, 9, 20), DayKind.MAKE_UP),  # a Sunday worked for the National Day
        (date(2026, 2, 20), DayKind.HOLIDAY),  # the Friday it was swapped for
        (date(2026, 10, 1), DayKind.HOLIDAY),
        (date(2026, 11, 21), DayKind.WEEKEND),
        (date(2026, 11, 23), DayKind.WORK),
    ],
)
def test_the_published_swaps_of_2026(on, kind):
    assert CHINA.day(on).kind == kind
    assert CHINA.day(on).official


def test_2025_has_the_number_of_working_days_the_notice_gives():
    days = [CHINA.day(date(2025, 1, 1) + timedelta(days=i)) for i in range(365)]
    assert sum(day.kind.works for day in days) == 248


def test_a_year_without_notice_follows_rules_and_says_that_it_is_not_official():
    new_year = CHINA.day(date(2027, 2, 6))
    assert new_year == Day(date(2027, 2, 6), DayKind.HOLIDAY, "Spring Festival", official=False)
    assert not CHINA.official(2027)
    assert CHINA.official(2026)


def test_a_table_of_our_own_comes_first(tmp_path):
    (tmp_path / "2027.csv").write_text("date,kind,name\n2027-02-05,holiday,春节\n2027-02-14,make_up,春节\n")
    calendar = Workdays("CN", read_tables(tmp_path))
    assert calendar.official(2027)
    assert calendar.day(date(2027, 2, 14)) == Day(date(2027, 2, 14), DayKind.MAKE_UP, "春节")
    assert calendar.day(date(2027, 2, 15)).kind == DayKind.WORK


@pytest.mark.parametrize("line", ["2027-02-30,holiday,x", "2026-02-05,holiday,x", "2027-02-05,feast,x", "2027-02-05"])
def test_a_line_that_says_no_day_is_named(tmp_path, line):
    (tmp_path / "2027.csv").write_text(f"date,kind,name\n{line}\n")
    with pytest.raises(InvalidInput) as refused:
        read_tables(tmp_path)
    assert refused.value.data["line"] == 2


def test_other_countries_follow_their_rules():
    assert Workdays("GB").day(date(2011, 12, 26)).kind == DayKind.HOLIDAY
    assert Workdays("GB").official(2027)


@pytest.mark.parametrize("country", ["", "ZZ"])
def test_an_unknown_country_has_weekends_only(country):
    assert Workdays(country).day(date(2026, 1, 1)).kind == DayKind.WORK
    assert Workdays(country).day(date(2026, 1, 3)).kind == DayKind.WEEKEND
