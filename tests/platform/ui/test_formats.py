from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.template import Context, Template
from django.utils import timezone, translation

from yunying.base.money import Money
from yunying.platform.ui import formats

MOMENT = datetime(2026, 3, 5, 17, 30, tzinfo=UTC)
LANGUAGES = ("en", "zh-hans", "zh-hant")


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> Iterator[str]:
    with translation.override(request.param):
        yield request.param


def in_each(function: object, *args: object) -> dict[str, str]:
    found = {}
    for language in LANGUAGES:
        with translation.override(language):
            found[language] = function(*args)  # type: ignore[operator]
    return found


def test_numbers_group_thousands_and_keep_at_most_two_decimals(language: str) -> None:
    assert formats.number(1234567.891) == "1,234,567.89"
    assert formats.number(3.0) == "3"
    assert formats.number(2, 1) == "2.0"
    assert formats.number(Decimal("0.5")) == "0.5"
    assert formats.number(-1200) == "-1,200"


@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
def test_absent_values_are_a_dash_and_never_zero(language: str, value: float | None) -> None:
    assert {formats.number(value), formats.percent(value), formats.duration(value), formats.compact(value)} == {"–"}
    assert formats.money(value, "CNY") == "–"


def test_large_numbers_are_shortened_by_the_units_of_the_language() -> None:
    assert in_each(formats.compact, 1_234_567) == {"en": "1.2M", "zh-hans": "123.5万", "zh-hant": "123.5萬"}
    assert in_each(formats.compact, 9_876)["zh-hans"] == "9,876"


def test_percent_takes_a_fraction(language: str) -> None:
    assert formats.percent(0.12345) == "12.3%"
    assert formats.percent(1, 0) == "100%"


def test_money_is_given_in_minor_units() -> None:
    assert in_each(formats.money, 123_456, "CNY") == {
        "en": "CN¥1,234.56",
        "zh-hans": "¥1,234.56",
        "zh-hant": "CN¥1,234.56",
    }
    assert formats.money(Money(500, "JPY")) == "¥500"
    assert formats.money(123_456, "USD", 0) == "$1,235"


def test_days_are_written_the_way_of_the_language() -> None:
    assert in_each(formats.date, date(2026, 3, 5)) == {
        "en": "Mar 5, 2026",
        "zh-hans": "2026年3月5日",
        "zh-hant": "2026年3月5日",
    }


def test_moments_are_shown_in_the_current_zone_or_the_given_one(language: str) -> None:
    with timezone.override("Asia/Shanghai"):
        assert formats.datetime(MOMENT).endswith("01:30")
        assert "6" in formats.date(MOMENT)
    assert formats.datetime(MOMENT, zone=ZoneInfo("America/New_York")).endswith("12:30")
    assert formats.datetime(MOMENT, "second", ZoneInfo("America/New_York")).endswith("12:30:00")


def test_an_exact_moment_has_day_clock_and_offset_in_this_order() -> None:
    shanghai = ZoneInfo("Asia/Shanghai")
    assert formats.datetime(MOMENT, "long", shanghai) == "March 6, 2026 01:30:00 GMT+08:00"
    with translation.override("zh-hans"):
        assert formats.datetime(MOMENT, "long", shanghai) == "2026年3月6日 01:30:00 GMT+08:00"


def test_periods_are_short_enough_for_an_axis() -> None:
    assert [formats.period(MOMENT, one) for one in ("hour", "day", "week", "month", "quarter", "year")] == [
        "Mar 5 17:30",
        "Mar 5",
        "Mar 5",
        "Mar 2026",
        "Q1 2026",
        "2026",
    ]
    assert in_each(formats.period, MOMENT, "month")["zh-hans"] == "2026年3月"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.34, "340 ms"),
        (12.54, "12.5 s"),
        (59.97, "1 min"),
        (61, "1 min 1 s"),
        (3599.7, "1 h"),
        (3660, "1 h 1 min"),
        (86_399, "1 day"),
        (98_765, "1 day 3 h"),
        (172_800, "2 days"),
        (-90, "-1 min 30 s"),
        (0, "0 s"),
    ],
)
def test_durations_show_their_two_largest_units(seconds: float, text: str) -> None:
    assert formats.duration(seconds) == text


def test_ago_is_relative_to_the_clock() -> None:
    assert in_each(formats.ago, MOMENT, MOMENT + timedelta(hours=3)) == {
        "en": "3 hours ago",
        "zh-hans": "3小时前",
        "zh-hant": "3 小時前",
    }


def test_language_tags_are_those_of_bcp_47() -> None:
    assert [formats.language_tag(one) for one in LANGUAGES] == ["en", "zh-Hans", "zh-Hant"]


def test_when_gives_the_exact_moment_to_machines() -> None:
    html = Template("{% load ui %}{{ at|when }}").render(Context({"at": MOMENT}))
    assert '<time datetime="2026-03-05T17:30:00+00:00"' in html
    assert "Mar 5, 2026 17:30" in html


def test_a_currency_is_offered_by_its_name_in_the_readers_language() -> None:
    assert in_each(formats.currency_name, "CNY") == {
        "en": "CNY – Chinese Yuan",
        "zh-hans": "CNY – 人民币",
        "zh-hant": "CNY – 人民幣",
    }
    assert formats.currency_name("QQQ") == "QQQ"
