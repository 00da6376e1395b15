"""The days that forecasts take for working days, as the calendar page shows them."""

from datetime import date

import pytest
from django.test import Client
from django.utils import translation

from yunying.apps.goals.working_days import country_of, years_of
from yunying.base.workdays import DayKind
from yunying.platform.products.models import Product


def test_a_published_year_of_china_has_its_swaps_and_the_next_says_that_it_is_not_official() -> None:
    known, guessed = years_of(Product(timezone="Asia/Shanghai"), 2026)
    assert (known.official, guessed.official) == (True, False)
    national = [(odd.first, odd.last, odd.kind) for odd in known.odd if odd.cause == "National Day"]
    assert (date(2026, 10, 1), date(2026, 10, 7), DayKind.HOLIDAY) in national
    assert (date(2026, 10, 10), date(2026, 10, 10), DayKind.MAKE_UP) in national
    assert not any(odd.kind == DayKind.MAKE_UP for odd in guessed.odd)


def test_the_working_days_are_all_days_that_are_neither_weekend_nor_holiday() -> None:
    (year,) = years_of(Product(timezone="UTC"), 2026, 1)
    assert (year.working, year.odd) == (261, [])
    with translation.override("en"):
        assert country_of(Product(timezone="UTC")) == ""
        assert country_of(Product(timezone="Europe/London")) == "United Kingdom"


@pytest.mark.usefixtures("clock")
def test_the_calendar_page_flags_a_year_that_is_not_published(browser: Client, product: Product) -> None:
    Product.objects.filter(pk=product.pk).update(timezone="Asia/Shanghai")
    page = browser.get("/p/tea/goals/calendar/").content.decode()
    assert "Forecasts go by the calendar of China" in page
    assert page.count("Not published yet") == 1
    assert "Worked for it" in page
    assert "Oct 1, 2026 – Oct 7, 2026" in page
