import datetime as dt
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from openpyxl import load_workbook

from yunying.base.clock import FixedClock
from yunying.base.money import Money
from yunying.platform.ui.columns import Column, exported
from yunying.platform.ui.exports import csv_text, file_name, file_response
from yunying.platform.ui.workbooks import Leaf, Numeral, Period, Seconds, Share, workbook, xlsx_file


def sheet(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> Any:
    with xlsx_file(heads, rows) as file:
        return load_workbook(io.BytesIO(file.read())).active


def cell(value: Any) -> Any:
    return sheet(["x"], [[value]])["A2"]


def width(heads: Sequence[str], rows: Iterable[Sequence[Any]], column: str = "A") -> float:
    return float(sheet(heads, rows).column_dimensions[column].width)


@pytest.mark.parametrize(
    ("value", "kept", "look"),
    [
        (1234, 1234, "#,##0"),
        (1234.5, 1234.5, "#,##0.00"),
        (5.0, 5, "#,##0"),
        (0.03125, 0.03125, "General"),
        (Decimal("12.5"), 12.5, "#,##0.0"),
        (Decimal("1E+3"), 1000, "#,##0"),
        (Share(0.123), 0.123, "0.0%"),
        (Share(1), 1, "0.0%"),
        (Seconds(12.5), 12.5, '#,##0.0" s"'),
        (Money(12345, "CNY"), 123.45, '#,##0.00" CNY"'),
        (Money(500, "JPY"), 500, '#,##0" JPY"'),
        (Numeral(1204), 1204, "0"),
        (True, True, "General"),
    ],
)
def test_numbers_are_numbers_and_say_what_they_are(value: Any, kept: Any, look: str) -> None:
    found = cell(value)
    assert (found.value, found.number_format) == (kept, look)
    assert found.data_type == ("b" if value is True else "n")


@pytest.mark.parametrize(
    ("value", "kept", "look"),
    [
        (dt.date(2026, 3, 5), dt.datetime(2026, 3, 5), "yyyy-mm-dd"),
        (dt.datetime(2026, 3, 5, 20, tzinfo=dt.UTC), dt.datetime(2026, 3, 6, 4), "yyyy-mm-dd hh:mm:ss"),
        (Period(dt.datetime(2026, 3, 1), "month"), dt.datetime(2026, 3, 1), "yyyy-mm"),
        (Period(dt.datetime(2026, 1, 1), "year"), dt.datetime(2026, 1, 1), "yyyy"),
        (Period(dt.datetime(2026, 3, 2), "week"), dt.datetime(2026, 3, 2), "yyyy-mm-dd"),
        (Period(dt.datetime(2026, 3, 2, 14), "hour"), dt.datetime(2026, 3, 2, 14), "yyyy-mm-dd hh:mm"),
    ],
)
def test_times_are_times_that_a_spreadsheet_can_sort_and_count_with(value: Any, kept: Any, look: str) -> None:
    with timezone.override("Asia/Shanghai"):
        found = cell(value)
    assert (found.value, found.number_format, found.is_date) == (kept, look, True)


def test_a_quarter_has_no_format_of_its_own_and_is_text() -> None:
    assert cell(Period(dt.datetime(2026, 4, 1), "quarter")).value == "2026 Q2"


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (None, None),
        (float("nan"), None),
        (float("inf"), None),
        (Share(float("nan")), None),
        (10**16 + 1, "10000000000000001"),
        (dt.date(1815, 6, 18), "1815-06-18"),
        (["web", "app"], "web, app"),
        ("=SUM(A1)", "=SUM(A1)"),
        ("a\x00b", "ab"),
    ],
)
def test_what_a_spreadsheet_cannot_hold_is_text_or_nothing(value: Any, kept: Any) -> None:
    found = cell(value)
    assert found.value == kept
    assert found.data_type == ("n" if kept is None else "s")


def test_a_text_file_has_the_plain_values() -> None:
    rows = [[Share(0.125), Seconds(3), Money(12345, "CNY"), Numeral(1204), Period(dt.datetime(2026, 3, 1), "month")]]
    assert csv_text(["a", "b", "c", "d", "e"], rows).splitlines()[1] == "0.125,3.0,123.45,1204,2026-03"
    days = [[Period(dt.datetime(2026, 3, 2), "day"), Period(dt.datetime(2026, 3, 2, 9), "hour"), True]]
    assert csv_text(["a", "b", "c"], days).splitlines()[1] == "2026-03-02,2026-03-02 09:00,True"


def test_a_text_file_has_as_many_digits_as_are_true() -> None:
    assert csv_text(["a", "b", "c"], [[sum([0.1] * 10), 2234283.8600000003, 1 / 3]]).splitlines()[1] == (
        "1.0,2234283.86,0.333333333333333"
    )


def test_downloads_are_called_by_their_names_in_any_language(clock: FixedClock) -> None:
    with timezone.override("Asia/Shanghai"):
        assert file_name("Monday meeting: tea/coffee?", "xlsx") == "Monday-meeting-tea-coffee-20260305.xlsx"
        assert file_name("周一例会", "csv") == "周一例会-20260305.csv"
        assert file_name("…", "csv") == "export-20260305.csv"
        answer = file_response("csv", "周一例会", ["a"], [[1]])
    assert "filename*=utf-8''%E5%91%A8%E4%B8%80" in answer["Content-Disposition"]


def test_lists_hand_over_percent_and_money_as_such() -> None:
    share = exported(Column("rate", "Rate", kind="percent"), 0.25)
    assert (type(share), share) == (Share, 0.25)
    assert exported(Column("cost", "Cost", kind="money", currency="CNY"), -50) == Money(-50, "CNY")
    assert exported(Column("time", "Time", kind="duration"), 90) == Seconds(90)
    assert exported(Column("rate", "Rate", kind="percent"), None) is None


def test_columns_fit_what_they_hold_and_chinese_counts_double() -> None:
    assert width(["x"], [["twelve chars"]]) == 14
    assert width(["x"], [["十二个汉字十二个汉字十二"]]) == 26
    assert width(["用户标识"], [[1]]) == 12
    assert width(["x"], [["RABBIT NIGHT LIGHT"]]) == 24
    assert width(["x"], [[dt.datetime(2026, 3, 5, tzinfo=dt.UTC)]]) == 21
    assert width(["x"], [[Money(123456789, "CNY")]]) == 19


def test_long_texts_are_wrapped_in_a_column_of_bounded_width() -> None:
    page = sheet(["x"], [["words " * 40], ["short"]])
    assert page.column_dimensions["A"].width == 60
    assert page["A2"].alignment.wrap_text and not page["A3"].alignment.wrap_text


def test_a_long_head_over_short_numbers_is_wrapped_instead_of_making_the_column_wide() -> None:
    page = sheet(["Median seconds from the step before"], [[1]])
    assert page.column_dimensions["A"].width == 24
    assert page["A1"].alignment.wrap_text


def test_widths_are_measured_over_more_than_the_first_rows() -> None:
    assert width(["x"], [["a"]] * 400 + [["twelve chars"]]) == 14


def test_the_head_stays_in_sight_and_the_first_column_too_where_there_are_many() -> None:
    few = sheet(["a", "b"], [[1, 2]])
    many = sheet([f"{n}" for n in range(9)], [list(range(9))])
    assert (few.freeze_panes, many.freeze_panes) == ("A2", "B2")
    assert few["A1"].font.bold and not few["A2"].font.bold


def test_lines_above_the_head_do_not_widen_its_columns() -> None:
    leaf = Leaf(["Day", "Orders"], [[dt.date(2026, 3, 5), 3]], name="Orders", above=("Orders a day", "words " * 30))
    with workbook([leaf]) as file:
        page = load_workbook(io.BytesIO(file.read()))["Orders"]
    assert [row[0].value for row in page.iter_rows(max_row=2)] == ["Orders a day", "words " * 30]
    assert (page["A3"].value, page["B4"].value, page.freeze_panes) == ("Day", 3, "A4")
    assert page.column_dimensions["A"].width == 12
