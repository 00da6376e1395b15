"""Wall clocks, zones and buckets."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yunying.base.errors import InvalidInput
from yunying.base.zones import Interval, Span, buckets, day_start, floor, moment, shift, wall, zone_of

PARIS, YORK = ZoneInfo("Europe/Paris"), ZoneInfo("America/New_York")
LORD_HOWE, KOLKATA = ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Asia/Kolkata")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def starts(zone: ZoneInfo, start: str, end: str, interval: Interval, week_start: int = 1) -> list[str]:
    span = Span(utc(start), utc(end))
    return [f"{b.start.astimezone(zone):%m-%d %H:%M%z}" for b in buckets(span, interval, zone, week_start)]


def test_a_skipped_wall_time_is_the_moment_of_the_jump() -> None:
    assert moment(datetime(2024, 3, 10, 2, 30), YORK) == utc("2024-03-10T07:00")


def test_a_wall_time_that_comes_twice_is_its_first_time_unless_asked_again() -> None:
    assert moment(datetime(2024, 11, 3, 1, 30), YORK) == utc("2024-11-03T05:30")
    assert moment(datetime(2024, 11, 3, 1, 30), YORK, again=True) == utc("2024-11-03T06:30")


def test_an_hour_that_comes_twice_is_two_buckets() -> None:
    assert starts(YORK, "2024-11-03T05:00", "2024-11-03T08:00", Interval.HOUR) == [
        "11-03 01:00-0400", "11-03 01:00-0500", "11-03 02:00-0500",
    ]  # fmt: skip


def test_a_skipped_hour_has_no_bucket() -> None:
    assert starts(YORK, "2024-03-10T06:00", "2024-03-10T08:00", Interval.HOUR) == [
        "03-10 01:00-0500", "03-10 03:00-0400",
    ]  # fmt: skip


def test_half_an_hour_of_daylight_saving_makes_a_long_and_a_short_hour() -> None:
    back = buckets(Span(utc("2024-04-06T14:00"), utc("2024-04-06T16:00")), Interval.HOUR, LORD_HOWE)
    forth = buckets(Span(utc("2024-10-05T15:30"), utc("2024-10-05T16:30")), Interval.HOUR, LORD_HOWE)
    assert [b.end - b.start for b in back] == [timedelta(minutes=90), timedelta(hours=1)]
    assert [b.end - b.start for b in forth] == [timedelta(minutes=30), timedelta(hours=1)]


def test_zones_half_an_hour_off_have_their_own_hours_and_days() -> None:
    assert starts(KOLKATA, "2024-01-01T00:00", "2024-01-01T01:00", Interval.HOUR) == [
        "01-01 05:00+0530",
        "01-01 06:00+0530",
    ]
    assert starts(KOLKATA, "2024-01-01T18:29", "2024-01-01T18:31", Interval.DAY) == [
        "01-01 00:00+0530",
        "01-02 00:00+0530",
    ]


def test_local_days_stay_whole_when_clocks_change() -> None:
    span = Span(day_start(date(2024, 3, 30), PARIS), day_start(date(2024, 4, 2), PARIS))
    assert [(b.end - b.start) / timedelta(hours=1) for b in buckets(span, Interval.DAY, PARIS)] == [24, 23, 24]


def test_a_day_without_midnight_starts_an_hour_late() -> None:
    zone = ZoneInfo("America/Sao_Paulo")
    assert starts(zone, "2018-11-03T12:00", "2018-11-05T12:00", Interval.DAY)[1] == "11-04 01:00-0200"


def test_a_day_that_a_place_left_out_has_no_bucket() -> None:
    zone = ZoneInfo("Pacific/Apia")
    assert starts(zone, "2011-12-29T12:00", "2012-01-01T00:00", Interval.DAY) == [
        "12-29 00:00-1000",
        "12-31 00:00+1400",
        "01-01 00:00+1400",
    ]


def test_midnight_shown_twice_starts_the_day_once() -> None:
    assert day_start(date(2024, 11, 3), ZoneInfo("America/Havana")) == utc("2024-11-03T04:00")
    # One minute past midnight this clock went back to the day before.
    assert day_start(date(2010, 11, 7), ZoneInfo("America/St_Johns")) == utc("2010-11-07T03:30")


@pytest.mark.parametrize(("week_start", "expected"), [(1, 24), (7, 23)])
def test_weeks_start_on_monday_or_sunday(week_start: int, expected: int) -> None:
    assert floor(datetime(2024, 6, 26, 13, 5), Interval.WEEK, week_start) == datetime(2024, 6, expected)


@pytest.mark.parametrize(
    ("interval", "expected"),
    [("month", datetime(2024, 11, 1)), ("quarter", datetime(2024, 10, 1)), ("year", datetime(2024, 1, 1))],
)
def test_months_quarters_and_years_start_on_the_first(interval: str, expected: datetime) -> None:
    assert floor(datetime(2024, 11, 30, 23, 59), Interval(interval)) == expected


def test_a_day_the_month_lacks_becomes_its_last() -> None:
    assert shift(datetime(2024, 3, 31), Interval.MONTH, -1) == datetime(2024, 2, 29)
    assert shift(datetime(2024, 2, 29), Interval.YEAR, -1) == datetime(2023, 2, 28)
    assert shift(datetime(2024, 11, 30), Interval.QUARTER, 1) == datetime(2025, 2, 28)


def test_an_unknown_zone_is_refused_by_name() -> None:
    for name in ("Mars/Olympus", "../etc/passwd", "", "\0"):
        with pytest.raises(InvalidInput) as caught:
            zone_of(name)
        assert caught.value.code == "zone.unknown"


ZONES = st.sampled_from(
    ["UTC", "Europe/Paris", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/Sao_Paulo",
     "Pacific/Apia", "Africa/Casablanca", "Antarctica/Troll", "Asia/Tehran", "America/St_Johns"]
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    zone=ZONES.map(ZoneInfo),
    start=st.datetimes(datetime(2009, 1, 1), datetime(2030, 1, 1)),
    minutes=st.integers(1, 60 * 24 * 40),
    interval=st.sampled_from(list(Interval)),
    week_start=st.sampled_from([1, 7]),
)
def test_buckets_cover_the_span_without_holes(
    zone: ZoneInfo, start: datetime, minutes: int, interval: Interval, week_start: int
) -> None:
    span = Span(start.replace(tzinfo=UTC), start.replace(tzinfo=UTC) + timedelta(minutes=minutes))
    found = buckets(span, interval, zone, week_start)
    assert found[0].start <= span.start < found[0].end
    assert found[-1].start < span.end <= found[-1].end
    assert all(a.end == b.start for a, b in pairwise(found))
    if interval is not Interval.HOUR:
        assert [wall(b.start, zone).date() for b in found] == sorted({wall(b.start, zone).date() for b in found})


@settings(max_examples=200, deadline=None)
@given(zone=ZONES.map(ZoneInfo), at=st.datetimes(datetime(1971, 1, 1), datetime(2035, 1, 1)))
def test_a_wall_time_leads_back_to_itself_or_to_the_jump_over_it(zone: ZoneInfo, at: datetime) -> None:
    found = moment(at, zone)
    assert wall(found, zone) >= at
    assert wall(found, zone) == at or wall(found - timedelta(seconds=1), zone) < at
