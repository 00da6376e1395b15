"""Trends on a few events that can be counted by hand."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from tests.engine.interpreter import Thing, World
from tests.engine.worlds import Product, keep
from yunying.base.errors import InvalidInput, LimitReached
from yunying.engine import Context, cohorts, parse, people_behind, run
from yunying.engine.trends import Point, Row, TrendsResult
from yunying.store import Store

SHANGHAI = ZoneInfo("Asia/Shanghai")
_products, _numbers, _uuids = count(600_001), count(2_900_000, 20), count(1)

Ask = Callable[..., TrendsResult]


def at(text: str) -> datetime:
    """A wall-clock time in Shanghai."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


class Shop:
    """A product in the store whose events are written one by one."""

    def __init__(self, store: Store) -> None:
        self.first = next(_numbers)
        self.now = at("2024-03-07T12:00")
        self.world = World([])
        self.product = Product(next(_products), SHANGHAI, 1, self.now, self.now, self.world)
        self.context = Context(store, self.product.id, SHANGHAI, self.now)

    def did(self, who: int, name: str, when: str, account: str = "", session: str = "", **props: Any) -> None:
        uuid = str(UUID(int=next(_uuids) << 80))
        self.world.events.append(Thing(uuid, name, self.first + who, at(when), props, account, session))

    def keep(self, copies: list[int] | None = None) -> None:
        keep(self.context.store, self.product, copies or [])

    def ask(self, *series: dict[str, Any], **more: Any) -> TrendsResult:
        asked = {"kind": "trends", "range": {"from": "2024-03-04", "to": "2024-03-06"}, "series": list(series)} | more
        result = run(parse(asked), self.context)
        assert isinstance(result, TrendsResult)
        return result


@pytest.fixture
def shop(store: Store) -> Shop:
    return Shop(store)


def only(result: TrendsResult) -> Row:
    [row] = result.rows
    return row


def lines(result: TrendsResult, series: str = "A") -> list[tuple[str, tuple[Any, ...], Any]]:
    """Label, points and total of each row; the remainder is "…", "no value" is "∅"."""
    return [
        ("…" if r.remainder else "/".join("∅" if v.missing else v.text for v in r.values), r.points, r.total)
        for r in result.rows_of(series)
    ]


def test_no_data_is_zero_for_counts_and_nothing_for_averages(shop: Shop) -> None:
    shop.did(1, "order", "2024-03-04T10:00", worth=10)
    shop.did(2, "order", "2024-03-06T23:59:59.999", worth="5")
    shop.did(2, "order", "2024-03-07T00:00", worth=100)
    shop.keep()
    assert only(shop.ask({"event": "order"})).points == (1, 0, 1)
    average = only(shop.ask({"event": "order", "measure": "avg", "property": "worth"}))
    assert (average.points, average.total) == ((10, None, 5), 7.5)
    assert only(shop.ask({"event": "order", "measure": "sum", "property": "worth"})).points == (10, 0, 5)


def test_the_same_event_stored_twice_counts_once(shop: Shop) -> None:
    for day in ("04", "05"):
        shop.did(1, "order", f"2024-03-{day}T10:00", worth=10)
    shop.keep(copies=[0, 1, 0])
    assert only(shop.ask({"event": "order"})).points == (1, 1, 0)
    assert only(shop.ask({"event": "order", "measure": "sum", "property": "worth"})).total == 20


def test_a_merge_counts_for_events_sent_before_it(shop: Shop) -> None:
    shop.did(1, "visit", "2024-03-04T10:00")
    shop.did(5, "visit", "2024-03-04T11:00")
    shop.world.owners[shop.first + 5] = shop.first + 1
    shop.world.people[shop.first + 1] = {"city": "北京"}
    shop.keep()
    assert only(shop.ask({"event": "visit", "measure": "people"})).points == (1, 0, 0)
    by_city = shop.ask({"event": "visit"}, breakdown=[{"of": "person", "property": "city"}])
    assert lines(by_city) == [("北京", (2, 0, 0), 2)]


def test_the_remainder_counts_its_people_once(shop: Shop) -> None:
    for who, country in ((1, "FR"), (2, "FR"), (3, "FR"), (1, "DE"), (1, "IT"), (2, "IT"), (4, "")):
        shop.did(who, "visit", "2024-03-04T10:00", country=country)
    shop.keep()
    found = shop.ask({"event": "visit", "measure": "people"}, breakdown=[{"property": "country"}], breakdown_limit=1)
    # 1 and 2 are in Germany and Italy: two people, not three.
    assert lines(found) == [("FR", (3, 0, 0), 3), ("∅", (1, 0, 0), 1), ("…", (2, 0, 0), 2)]


def test_values_are_ranked_by_total_then_by_name(shop: Shop) -> None:
    for country in ("b", "a", "c", "c", 0, "0", False):
        shop.did(1, "visit", "2024-03-04T10:00", country=country)
    shop.keep()
    found = shop.ask({"event": "visit"}, breakdown=[{"property": "country"}])
    assert [label for label, _, _ in lines(found)] == ["0", "c", "a", "b", "false"]


def test_a_text_that_looks_like_a_marker_is_a_plain_value(shop: Shop) -> None:
    for country in ("(none)", "(other)", "$$_other", None):
        shop.did(1, "visit", "2024-03-04T10:00", country=country)
    shop.keep()
    rows = shop.ask({"event": "visit"}, breakdown=[{"property": "country"}]).rows
    assert [row.values[0].missing for row in rows] == [False, False, False, True]
    assert not any(row.remainder for row in rows)


def test_a_formula_is_worked_out_inside_each_value(shop: Shop) -> None:
    shop.did(1, "order", "2024-03-04T10:00", country="FR")
    for country in ("FR", "FR", "DE"):
        shop.did(1, "visit", "2024-03-04T10:00", country=country)
    shop.did(1, "order", "2024-03-05T10:00", country="IT")
    shop.keep()
    found = shop.ask({"event": "order"}, {"event": "visit"}, formula="A/B", breakdown=[{"property": "country"}])
    assert lines(found, "formula") == [
        ("FR", (0.5, None, None), 0.5),
        ("IT", (None, None, None), None),
        ("DE", (0, None, None), 0),
    ]


def test_cumulative_people_count_in_their_first_bucket(shop: Shop) -> None:
    for who, day in ((1, "04"), (1, "05"), (2, "05"), (2, "06")):
        shop.did(who, "visit", f"2024-03-{day}T10:00")
    shop.keep()
    found = only(shop.ask({"event": "visit", "measure": "people"}, display="cumulative"))
    assert (found.points, found.total) == ((1, 2, 2), 2)


def test_cumulative_values_are_ranked_by_where_they_end(shop: Shop) -> None:
    for who, country in ((1, "a"), (2, "b"), (3, "b")):
        shop.did(who, "visit", "2024-03-05T10:00", country=country)
    shop.keep()
    people = {"event": "visit", "measure": "people"}
    found = shop.ask(people, display="cumulative", breakdown=[{"property": "country"}])
    assert lines(found) == [("b", (0, 2, 2), 2), ("a", (0, 1, 1), 1)]


def test_periods_that_meet_inside_a_week_share_it(shop: Shop) -> None:
    # 2024-03-06 is a Wednesday: Monday and Tuesday belong to the earlier period.
    for when in ("03-04T10:00", "03-05T23:59:59.999", "03-06T00:00", "03-07T10:00", "03-07T11:00"):
        shop.did(1, "visit", f"2024-{when}")
    shop.keep()
    asked = {"range": {"from": "2024-03-06", "to": "2024-03-07"}, "interval": "week", "compare": {"to": "previous"}}
    found = only(shop.ask({"event": "visit"}, **asked))
    assert (found.points, found.compare_points) == ((3,), (2,))


def test_series_over_the_same_events_do_not_take_from_each_other(shop: Shop) -> None:
    for who, worth in ((1, 10), (1, "x"), (2, 5)):
        shop.did(who, "order", "2024-03-04T10:00", worth=worth)
    shop.keep(copies=[0])
    order = {"event": "order"}
    people, worth = order | {"measure": "people"}, order | {"measure": "sum", "property": "worth"}
    found = shop.ask(order, people, worth, {"event": None}, formula="C / B + A - D")
    assert [row.total for row in found.rows] == [3, 2, 15, 3, 7.5]


def test_rolling_people_look_back_before_the_range(shop: Shop) -> None:
    for who, when in ((1, "02-26T23:59"), (2, "02-27T00:00"), (3, "02-28T00:00"), (4, "03-05T10:00")):
        shop.did(who, "visit", f"2024-{when}")
    shop.keep()
    found = only(shop.ask({"event": "visit", "measure": "rolling_people", "window_days": 7}))
    assert (found.points, found.total) == ((2, 2, 1), 1)


def test_first_time_looks_at_all_of_time(shop: Shop) -> None:
    shop.did(1, "order", "2023-01-01T10:00")
    shop.did(1, "order", "2024-03-04T10:00")
    shop.did(2, "order", "2024-03-05T10:00")
    shop.did(2, "order", "2024-03-06T10:00")
    shop.keep()
    found = only(shop.ask({"event": "order", "measure": "first_time"}))
    assert (found.points, found.total) == ((0, 1, 0), 1)


def test_buckets_are_partial_where_the_range_or_time_cuts_them(shop: Shop) -> None:
    weeks = shop.ask({"event": "x"}, interval="week", range={"from": "2024-02-28", "to": "2024-03-10"}).buckets
    assert [bucket.start.isoformat() for bucket in weeks] == ["2024-02-26T00:00:00+08:00", "2024-03-04T00:00:00+08:00"]
    assert [bucket.partial for bucket in weeks] == [True, True]  # cut by the range; not over yet
    last = shop.ask({"event": "x"}, range={"last": 2, "unit": "day"}).buckets
    assert [(bucket.start.day, bucket.partial) for bucket in last] == [(6, False), (7, True)]
    whole = shop.ask({"event": "x"}, range={"last": 2, "unit": "day", "whole": True}).buckets
    assert [(bucket.start.day, bucket.partial) for bucket in whole] == [(5, False), (6, False)]


def test_comparison_follows_the_calendar(shop: Shop) -> None:
    for when in ("2024-03-01T10:00", "2024-03-03T10:00", "2023-03-05T10:00"):
        shop.did(1, "visit", when)
    shop.keep()
    previous = only(shop.ask({"event": "visit"}, compare={"to": "previous"}))
    assert (previous.compare_points, previous.compare_total) == ((1, 0, 1), 2)
    assert only(shop.ask({"event": "visit"}, compare={"to": "year"})).compare_points == (0, 1, 0)


def test_a_moving_average_skips_what_is_not_known_and_is_not_rounded(shop: Shop) -> None:
    shop.did(1, "order", "2024-03-04T10:00", worth=1)
    shop.did(1, "order", "2024-03-06T10:00", worth=2)
    shop.keep()
    average = {"event": "order", "measure": "avg", "property": "worth"}
    assert only(shop.ask(average, moving_average=3)).moving_average == (1, 1, 1.5)
    assert only(shop.ask({"event": "order"}, moving_average=3)).moving_average == (1, 0.5, 2 / 3)


def test_what_is_compared_with_a_moving_average_is_one(shop: Shop) -> None:
    shop.did(1, "order", "2024-03-01T10:00")
    shop.did(1, "order", "2024-03-03T10:00")
    shop.keep()
    row = only(shop.ask({"event": "order"}, moving_average=2, compare={"to": "previous"}))
    assert (row.compare_points, row.compare_moving_average) == ((1, 0, 1), (1, 0.5, 0.5))
    assert row.to_json()["compare"]["moving_average"] == [1, 0.5, 0.5]
    assert only(shop.ask({"event": "order"}, compare={"to": "previous"})).compare_moving_average is None


def test_the_people_behind_a_number_are_as_many_as_it_says(shop: Shop) -> None:
    for who in range(5):
        shop.did(who, "visit", "2024-03-04T10:00", country="FR" if who < 3 else "DE")
    shop.did(0, "visit", "2024-03-05T10:00", country="IT")
    shop.keep()
    asked = {"kind": "trends", "range": {"from": "2024-03-04", "to": "2024-03-06"}, "series": [{"event": "visit"}]}
    spec = parse(asked | {"breakdown": [{"property": "country"}], "breakdown_limit": 1})
    first = shop.first
    assert people_behind(spec, Point("A", 0, ("FR",)), shop.context).numbers == (first, first + 1, first + 2)
    rest = people_behind(spec, {"series": "A", "remainder": True}, shop.context)
    assert rest.numbers == (first, first + 3, first + 4)
    page = people_behind(spec, Point("A", 0, ("FR",)), shop.context, limit=1, offset=1)
    assert (page.numbers, page.total) == ((first + 1,), 3)
    beyond = people_behind(spec, Point("A", 0, ("FR",)), shop.context, limit=1, offset=10)
    assert (beyond.numbers, beyond.total) == ((), 3)


@pytest.mark.parametrize(
    ("point", "field"),
    [
        ({"series": "B"}, "point.series"),
        ({"series": "formula"}, "point.series"),
        ({"series": "A", "bucket": 99}, "point.bucket"),
        ({"series": "A", "values": ["FR", "x"]}, "point.values"),
        ({"series": "A", "compare": True}, "point.compare"),
    ],
)
def test_a_point_that_is_not_in_the_answer_is_refused(shop: Shop, point: dict[str, Any], field: str) -> None:
    spec = parse({"kind": "trends", "range": {"from": "2024-03-04"}, "series": [{"event": "visit"}]})
    with pytest.raises(InvalidInput) as caught:
        people_behind(spec, point, shop.context)
    assert caught.value.field == field


def test_every_answer_says_where_it_comes_from(shop: Shop) -> None:
    shop.did(1, "visit", "2024-03-04T10:00")
    shop.keep()
    spec = parse({"kind": "trends", "range": {"from": "2024-03-04"}, "series": [{"event": "visit"}]})
    provenance = run(spec, shop.context).provenance
    assert provenance.rows_read >= 1
    assert provenance.elapsed_ms > 0
    assert (provenance.computed_at, provenance.zone) == (shop.now, "Asia/Shanghai")
    assert provenance.spec_hash == spec.hash
    assert run(spec, shop.context).to_json()["provenance"]["queries"] == 1


def test_names_never_seen_and_empty_answers_are_warned_about(shop: Shop) -> None:
    class Nothing:
        def knows_event(self, name: str) -> bool:
            return name == "visit"

        def knows_property(self, of: str, name: str) -> bool:
            return False

    asked = {"series": [{"event": "visti"}, {"event": "visit"}], "breakdown": [{"of": "person", "property": "city"}]}
    spec = parse({"kind": "trends", "range": {"from": "2024-03-04"}} | asked)
    context = Context(shop.context.store, shop.product.id, SHANGHAI, shop.now, catalogue=Nothing())
    found = [(warning.code, warning.data.get("name")) for warning in run(spec, context).warnings]
    assert found == [("trends.unknown_event", "visti"), ("trends.unknown_property", "city"), ("trends.no_data", None)]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"range": {"from": "1974-01-01", "to": "2023-12-31"}, "interval": "hour"}, "interval"),
        ({"range": {"from": "2024-03-04", "to": "2024-03-03"}}, "range.to"),
        ({"range": {"last": 10_000, "unit": "year"}, "interval": "year"}, "range.last"),
        (
            {
                "range": {"from": "2010-01-01", "to": "2023-12-31"},
                "breakdown": [{"property": "x"}],
                "breakdown_limit": 500,
            },
            "interval",
        ),
        (
            {
                "range": {"last": 300, "unit": "day"},
                "interval": "hour",
                "series": [{"measure": "rolling_people", "window_days": 300}],
            },
            "series.0.window_days",
        ),
    ],
)
def test_a_question_too_large_for_a_chart_is_refused_at_once(shop: Shop, changes: dict[str, Any], field: str) -> None:
    started = time.perf_counter()
    with pytest.raises(InvalidInput) as caught:
        run(parse({"kind": "trends", "series": [{"event": "visit"}]} | changes), shop.context)
    assert caught.value.field == field
    assert time.perf_counter() - started < 1


def test_a_question_that_takes_too_long_is_stopped(shop: Shop) -> None:
    for minute in range(60):
        shop.did(1, "visit", f"2024-03-04T10:{minute:02}")
    shop.keep()
    spec = parse({"kind": "trends", "range": {"from": "2024-03-04"}, "series": [{"event": "visit"}]})
    hurried = Context(shop.context.store, shop.product.id, SHANGHAI, shop.now, timeout_s=0.000001)
    with pytest.raises(LimitReached) as caught:
        run(spec, hurried)
    assert caught.value.code == "query.too_long"


def test_products_do_not_see_each_other(store: Store) -> None:
    one, other = Shop(store), Shop(store)
    one.did(1, "visit", "2024-03-04T10:00")
    one.keep()
    assert only(other.ask({"event": "visit"})).total == 0
    assert only(one.ask({"event": "visit"})).total == 1


def test_years_of_hours_in_a_zone_that_changes_are_cut_quickly(shop: Shop) -> None:
    started = time.perf_counter()
    days = timedelta(days=400)
    shop.ask({"event": "x"}, interval="hour", range={"from": f"{shop.now - days:%Y-%m-%d}", "to": "2024-03-06"})
    assert time.perf_counter() - started < 2


class Doers:
    """Cohorts of those who ever did an event: number 2 ordered, 3 shared."""

    def definition(self, cohort: int) -> cohorts.Cohort:
        did = {"kind": "did", "event": {2: "order", 3: "share"}[cohort]}
        return cohorts.parse({"op": "and", "items": [did]})

    def name(self, cohort: int) -> str:
        return {2: "ordered", 3: "shared"}[cohort]


@pytest.mark.parametrize("measure", ["count", "people", "per_person_avg"])
@pytest.mark.parametrize("formula", [{}, {"formula": "A * 1"}])
def test_cohorts_nobody_was_in_lately_keep_their_lines_in_the_earlier_period(
    shop: Shop, measure: str, formula: dict[str, str]
) -> None:
    for name in ("order", "share", "visit"):
        shop.did(1, name, "2024-03-02T10:00")
    shop.keep()
    shop.context = replace(shop.context, cohorts=Doers())
    result = shop.ask(
        {"event": "visit", "measure": measure},
        breakdown=[{"of": "cohort", "cohorts": [2, 3]}],
        compare={"to": "previous"},
        **formula,
    )
    # Together they would be one line, in which the visit of the person in both counts twice.
    found = {
        row.values[0].text: row.compare_total for row in result.rows if row.series == ("formula" if formula else "A")
    }
    assert found == {"ordered": 1, "shared": 1}
    assert not any(row.remainder for row in result.rows)


@pytest.mark.parametrize("formula", [{}, {"formula": "A * 1"}])
@pytest.mark.parametrize(("measure", "rest"), [("count", 3), ("people", 1), ("per_person_avg", 3), ("first_time", 1)])
def test_an_event_counts_once_in_the_remainder_however_many_of_its_cohorts_are_in_it(
    shop: Shop, measure: str, rest: int, formula: dict[str, str]
) -> None:
    for name in ("order", "share"):
        shop.did(1, name, "2024-03-02T10:00")
    for minute, tier in enumerate(("gold", "gold", "plain")):
        shop.did(1, "visit", f"2024-03-04T10:{minute:02}", tier=tier)
    shop.keep()
    shop.context = replace(shop.context, cohorts=Doers())
    result = shop.ask(
        {"event": "visit", "measure": measure},
        {"event": "visit", "measure": "count"},
        breakdown=[{"of": "cohort", "cohorts": [2, 3]}, {"property": "tier"}],
        breakdown_limit=1,
        **formula,
    )
    [row] = [row for row in result.rows if row.series == "A" and row.remainder]
    assert row.total == rest
