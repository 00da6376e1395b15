"""The numbers of reports in workbooks: with their types, and all of them."""

import io
from datetime import datetime
from typing import Any

import pytest
from django.test import Client
from openpyxl import load_workbook

from yunying.platform.products.models import Product

pytestmark = pytest.mark.usefixtures("clock")
HERE = "/p/tea/insights/"
DAYS = "range=custom&from=2026-03-01&to=2026-03-05"
STEPS = "t0.e0.event=visit&t1.e0.event=order"


def page(browser: Client, address: str) -> Any:
    file = browser.get(f"{HERE}{address}&export=xlsx")
    return load_workbook(io.BytesIO(b"".join(file.streaming_content))).active


def columns(sheet: Any) -> dict[str, list[Any]]:
    return {str(column[0].value): [cell.value for cell in column[1:]] for column in sheet.iter_cols()}


def test_days_of_trends_are_days(browser: Client, shop: Product) -> None:
    sheet = page(browser, f"trends/?{DAYS}&s0.event=order")
    assert sheet["A2"].is_date and sheet["A2"].value == datetime(2026, 3, 1)
    assert sheet["A2"].number_format == "yyyy-mm-dd"
    assert sheet["A7"].value == "Σ" and sheet["B7"].value == 6


@pytest.mark.parametrize(("interval", "look"), [("month", "yyyy-mm"), ("hour", "yyyy-mm-dd hh:mm"), ("year", "yyyy")])
def test_a_period_is_told_as_exactly_as_it_is_long(browser: Client, shop: Product, interval: str, look: str) -> None:
    cell = page(browser, f"trends/?{DAYS}&s0.event=order&interval={interval}")["A2"]
    assert cell.is_date and cell.number_format == look


def test_a_comparison_goes_into_the_file_with_its_own_days(browser: Client, shop: Product) -> None:
    asked = "range=custom&from=2026-03-03&to=2026-03-05&s0.event=order&compare=previous"
    found = columns(page(browser, f"trends/?{asked}"))
    assert list(found) == ["Period", "Earlier", "order – Events", "order – Events, earlier"]
    assert found["Earlier"][:3] == [datetime(2026, 2, 28), datetime(2026, 3, 1), datetime(2026, 3, 2)]
    now, before = found["order – Events"], found["order – Events, earlier"]
    assert (now[3], before[3]) == (sum(now[:3]), sum(before[:3]))


def test_an_earlier_period_that_is_longer_loses_no_day(browser: Client, shop: Product) -> None:
    asked = "range=custom&from=2026-02-01&to=2026-02-28&s0.event=order&compare=month&interval=week"
    sheet = page(browser, f"trends/?{asked}")
    days = columns(sheet)
    assert len([day for day in days["Earlier"] if day]) >= len([day for day in days["Period"] if day != "Σ"]) - 1


def test_a_moving_average_stands_beside_its_numbers(browser: Client, shop: Product) -> None:
    found = columns(page(browser, f"trends/?{DAYS}&s0.event=order&smooth=2"))
    line, average = list(found)[1:]
    assert average == f"{line} · Moving average"
    assert found[average][1] == (found[line][0] + found[line][1]) / 2
    assert found[average][-1] is None
    both = list(columns(page(browser, f"trends/?{DAYS}&s0.event=order&smooth=2&compare=previous")))
    assert both[2:] == [line, average, f"{line}, earlier", f"{line}, earlier · Moving average"]


def test_shares_of_funnels_and_retention_are_percent(browser: Client, journey: Product) -> None:
    funnel = page(browser, f"funnels/?{DAYS}&{STEPS}")
    assert (funnel["E3"].value, funnel["E3"].number_format) == (pytest.approx(2 / 6), "0.0%")
    course = page(browser, f"funnels/?{DAYS}&{STEPS}&display=over_time")
    looks = {cell.number_format for cell in course["D"][1:] if cell.value is not None}
    assert course["A2"].is_date and looks == {"0.0%"}
    back = page(browser, f"retention/?{DAYS}&start.event=visit&return.event=order&period=day")
    rates = [cell for cell in back["E"][1:] if cell.value is not None]
    assert back["A2"].is_date and {cell.number_format for cell in rates} == {"0.0%"}
    assert all(0 <= cell.value <= 1 for cell in rates)


def test_a_breakdown_has_a_column_and_without_one_there_is_none(browser: Client, journey: Product) -> None:
    assert "Value" not in columns(page(browser, f"funnels/?{DAYS}&{STEPS}"))
    found = columns(page(browser, f"funnels/?{DAYS}&{STEPS}&b0.property=country"))
    assert next(iter(found)) == "Value" and "(no value)" in found["Value"]


def test_numbers_over_the_whole_range_are_a_row_for_each_line(browser: Client, shop: Product) -> None:
    asked = f"trends/?{DAYS}&s0.event=order&display=total&b0.property=country"
    found = columns(page(browser, asked))
    assert found == {"Line": ["CN", "UK", "(no value)"], "Whole range": [4, 1, 1]}
    assert list(columns(page(browser, f"{asked}&compare=previous"))) == ["Line", "Whole range", "Earlier"]


def test_a_text_file_has_days_that_programs_read(browser: Client, shop: Product) -> None:
    file = browser.get(f"{HERE}trends/?{DAYS}&s0.event=order&export=csv")
    lines = b"".join(file.streaming_content).decode("utf-8-sig").splitlines()
    assert lines[1].startswith("2026-03-01,")
