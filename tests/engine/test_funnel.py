"""Funnels on small worlds one can count by hand, the statements behind them, and what is refused."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from tests.engine.interpreter import Thing, World
from tests.engine.test_sql import GOLDEN, Listener, context
from tests.engine.worlds import Product, keep
from yunying.base.errors import InvalidInput
from yunying.engine import Context, parse, people_behind, run
from yunying.engine.funnel import FunnelResult
from yunying.store import Store

NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)
NOW = datetime(2024, 4, 1, tzinfo=UTC)
_products, _uuids = count(960_001), count(1)


def funnel(*steps: Any, **more: Any) -> dict[str, Any]:
    """Steps are names, or whole steps."""
    found = [{"events": [{"event": step}]} if isinstance(step, str) else step for step in steps]
    asked = {"kind": "funnel", "range": {"from": "2024-03-01", "to": "2024-03-31"}, "steps": found}
    return asked | {"window": {"count": 1, "unit": "hour"}} | more


def asked(store: Store, question: dict[str, Any], *walks: str, now: datetime = NOW) -> FunnelResult:
    """Each walk is one person: events at minutes past noon, "view 0, order 20 doc=1"."""
    result = run(parse(question), made(store, walks, now))
    assert isinstance(result, FunnelResult)
    return result


def made(store: Store, walks: Sequence[str], now: datetime = NOW) -> Context:
    number = next(_products)
    events = [
        _event(who, *one.split()) for who, walk in enumerate(walks, 4_000_000 + number * 10) for one in walk.split(",")
    ]
    product = Product(number, ZoneInfo("UTC"), 1, now, NOON, World(events))
    keep(store, product, [])
    return Context(store, number, product.zone, now)


def _event(who: int, name: str, minute: str, *props: str) -> Thing:
    at = NOON + timedelta(minutes=float(minute))
    return Thing(str(UUID(int=next(_uuids) + (77 << 64))), name, who, at, dict(p.split("=") for p in props))


def counts(result: FunnelResult) -> list[int]:
    [row] = result.rows
    return [step.count for step in row.steps]


def test_the_window_includes_its_end_and_starts_with_the_first_step(store: Store) -> None:
    found = asked(store, funnel("view", "order"), "view 0, order 60", "view 0, order 60.001")
    assert counts(found) == [2, 1]


def test_an_older_attempt_that_has_moved_on_lives_on(store: Store) -> None:
    question = funnel("view", "basket", "order")
    assert counts(asked(store, question, "view 0, basket 10, view 40, order 55")) == [1, 1, 1]
    assert counts(asked(store, question, "view 0, basket 10, view 40, order 70")) == [1, 1, 0]


def test_events_of_one_instant_count_in_the_order_of_the_funnel(store: Store) -> None:
    assert counts(asked(store, funnel("view", "order"), "order 5, view 5")) == [1, 1]


def test_one_event_does_not_do_two_steps(store: Store) -> None:
    question = funnel("view", "view", "order")
    assert counts(asked(store, question, "view 0, order 5", "view 0, view 1, order 5")) == [2, 1, 1]


def test_of_full_attempts_the_first_there_counts_and_of_those_the_latest_start(store: Store) -> None:
    found = asked(store, funnel("view", "order"), "view 0, view 10, order 15, view 20, order 21")
    taken = found.rows[0].steps[1].time_from_previous_s
    assert taken and taken.average == 300


def test_strict_wants_the_very_next_event(store: Store) -> None:
    walks = ("view 0, share 1, order 2", "view 0, order 1", "view 0, view 1, order 2")
    assert counts(asked(store, funnel("view", "order", order="strict"), *walks)) == [3, 2]
    walked = ("view 0, order 1, order 2, pay 3",)
    assert counts(asked(store, funnel("view", "order", "pay", order="strict"), *walked)) == [1, 1, 0]


def test_unordered_counts_different_steps(store: Store) -> None:
    question = funnel("view", "basket", "order", order="unordered")
    walks = ("order 0, view 5", "basket 0, basket 1", "order 0, basket 1, view 59", "view 0, order 61")
    assert counts(asked(store, question, *walks)) == [4, 2, 1]


def test_an_exclusion_takes_a_person_out_unless_another_attempt_got_as_far(store: Store) -> None:
    question = funnel("view", "order", exclusions=[{"event": "leave"}])
    walks = (
        "view 0, leave 1, order 2",  # spoiled, and got furthest
        "view 0, leave 1, view 2, order 3",  # another got as far
        "view 0, leave 70",  # after the window
        "view 0, leave 30",  # while it waited
        "view 0, order 1, leave 2",  # after the end
    )
    assert counts(asked(store, question, *walks)) == [3, 2]
    unordered = funnel("view", "order", exclusions=[{"event": "leave"}], order="unordered")
    assert counts(asked(store, unordered, *walks)) == [5, 2]


def test_a_step_between_the_ends_of_no_exclusion_spoils_nothing(store: Store) -> None:
    question = funnel("view", "basket", "order", exclusions=[{"event": "leave", "from": 2, "to": 3}])
    walks = ("view 0, leave 1, basket 2, order 3", "view 0, basket 1, leave 2, order 3")
    assert counts(asked(store, question, *walks)) == [1, 1, 1]


def test_an_optional_step_neither_helps_nor_hinders(store: Store) -> None:
    question = funnel("view", {"events": [{"event": "coupon"}], "optional": True}, "order")
    walks = ("view 0, order 1", "view 0, coupon 5, order 10", "view 0, coupon 3", "coupon 0, view 1, order 2, coupon 3")
    found = asked(store, question, *walks)
    assert counts(found) == [4, 2, 3]
    coupon, order = found.rows[0].steps[1:]
    assert coupon.dropped == 2  # skipped it
    assert order.from_previous and order.from_previous.rate == 3 / 4
    assert order.time_from_previous_s == order.time_from_first_s
    assert order.time_from_previous_s and order.time_from_previous_s.median == 60


def test_a_held_property_is_the_same_in_all_steps_and_missing_equals_nothing(store: Store) -> None:
    question = funnel("view", "order", hold=[{"of": "event", "property": "doc"}])
    walks = ("view 0 doc=1, order 1 doc=1", "view 0 doc=1, order 1 doc=2", "view 0, order 1", "order 0 doc=1")
    assert counts(asked(store, question, *walks)) == [3, 1]


def test_a_step_may_be_done_by_any_of_several_events(store: Store) -> None:
    either = {"events": [{"event": "order"}, {"event": "call", "filters": [_exact("how", "phone")]}]}
    walks = ("view 0, order 1", "view 0, call 1 how=phone", "view 0, call 1 how=mail")
    assert counts(asked(store, funnel("view", either), *walks)) == [3, 2]


def _exact(name: str, value: str) -> dict[str, Any]:
    return {"property": name, "operator": "exact", "values": [value]}


def test_later_steps_are_read_past_the_range_unless_told_otherwise(store: Store) -> None:
    question = funnel("view", "order", range={"from": "2024-03-01T12:00", "to": "2024-03-01T12:30"})
    walks = ("view 20, order 40", "view 40, order 41")
    assert counts(asked(store, question, *walks)) == [1, 1]
    assert counts(asked(store, question | {"within_range": True}, *walks)) == [1, 0]


def test_open_windows_are_counted_until_their_last_instant(store: Store) -> None:
    walks = ("view 0", "view 5, view 50", "view 0, order 1")
    for minute, still in ((60, 2), (61, 1), (110, 1), (111, 0)):
        found = asked(store, funnel("view", "order"), *walks, now=NOON + timedelta(minutes=minute))
        assert found.rows[0].open == still, minute


WALKS = ("view 0 by=a, order 1", "view 0 by=b, order 1 by=a", "view 0, order 1 by=c", "view 0", "view 0 by=a")


@pytest.mark.parametrize(
    ("attribution", "expected", "left_out"),
    [
        ({"to": "first"}, {"a": [2, 1], "b": [1, 1], "c": [1, 1], "": [1, 0]}, 0),
        ({"to": "last"}, {"a": [3, 2], "c": [1, 1], "": [1, 0]}, 0),
        ({"to": "step", "step": 2}, {"a": [1, 1], "c": [1, 1], "": [1, 1]}, 2),
        ({"to": "all"}, {"a": [2, 0], "b": [1, 0], "": [2, 0]}, 0),
    ],
)
def test_an_attempt_stands_under_the_value_chosen(
    store: Store, attribution: dict[str, Any], expected: dict[str, list[int]], left_out: int
) -> None:
    found = asked(store, funnel("view", "order", breakdown=[{"property": "by"}], attribution=attribution), *WALKS)
    assert {row.values[0].text: [step.count for step in row.steps] for row in found.rows} == expected
    assert [row.values[0].text for row in found.rows] == list(expected)
    assert found.left_out == left_out


def test_the_remainder_counts_a_person_once(store: Store) -> None:
    by = {"breakdown": [{"property": "by"}], "breakdown_limit": 1, "attribution": {"to": "all"}}
    walks = ("view 0 by=a", "view 0 by=a", "view 0 by=b, view 1 by=c, order 2 by=c")
    named, rest = asked(store, funnel("view", "order", **by), *walks).rows
    assert ([step.count for step in named.steps], [step.count for step in rest.steps]) == ([2, 0], [1, 1])
    assert rest.remainder and rest.values == ()


def test_nobody_has_no_rate_and_no_time(store: Store) -> None:
    [row] = asked(store, funnel("view", "order"), "share 0").rows
    assert row.steps[1].from_previous and row.steps[1].from_previous.rate is None
    assert row.steps[1].time_from_first_s is None
    found = asked(store, funnel("view", "order", display="times"), "view 0")
    assert found.rows[0].histogram == ()


def test_each_bucket_is_a_funnel_of_the_attempts_that_start_in_it(store: Store) -> None:
    day = 24 * 60
    walks = (f"view 0, view {day}, order {day + 5}", f"view {day}", "view 0, order 1")
    found = asked(
        store, funnel("view", "order", display="over_time", range={"from": "2024-03-01", "to": "2024-03-03"}), *walks
    )
    assert found.rows[0].points is not None
    assert [(p.entered, p.converted) for p in found.rows[0].points] == [(2, 1), (2, 1), (0, 0)]
    assert counts(found) == [3, 2]


def test_the_people_behind_a_step_are_as_many_as_it_says(store: Store) -> None:
    question = funnel("view", "order")
    asking = made(store, ("view 0, order 1", "view 0", "view 0"))
    for point, expected in (({"step": 1}, 3), ({"step": 2}, 1), ({"step": 2, "outcome": "dropped"}, 2)):
        assert people_behind(parse(question), point, asking).total == expected
    page = people_behind(parse(question), {"step": 1}, asking, limit=1, offset=5)
    assert (page.numbers, page.total) == ((), 3)


# --- refusals -----------------------------------------------------------------------------------------------------

OPTIONAL = {"events": [{"event": "b"}], "optional": True}


@pytest.mark.parametrize(
    ("question", "field"),
    [
        (funnel("a"), "steps"),
        (funnel(*["a"] * 40), "steps"),
        (funnel("a", {"events": []}), "steps.1.events"),
        (funnel("a", {"events": [{"event": ""}]}), "steps.1.events.0.event"),
        (funnel(OPTIONAL, "a"), "steps.0.optional"),
        (funnel("a", OPTIONAL), "steps.1.optional"),
        (funnel("a", OPTIONAL, "c", order="unordered"), "steps.1.optional"),
        (funnel("a", *[OPTIONAL] * 5, "c"), "steps"),
        (funnel("a", "a", order="unordered"), "steps.1"),
        (funnel("a", "b", order="random"), "order"),
        (funnel("a", "b", window={"count": 0, "unit": "day"}), "window.count"),
        (funnel("a", "b", window={"count": 25, "unit": "month"}), "window.count"),
        (funnel("a", "b", window={"count": 1, "unit": "year"}), "window.unit"),
        (funnel("a", "b", exclusions=[{"event": "x", "from": 2, "to": 1}]), "exclusions.0.to"),
        (funnel("a", "b", exclusions=[{"event": "x", "to": 3}]), "exclusions.0.to"),
        (funnel("a", OPTIONAL, "c", exclusions=[{"event": "x", "from": 2}]), "exclusions.0.from"),
        (funnel("a", "b", "c", order="unordered", exclusions=[{"event": "x", "to": 2}]), "exclusions.0"),
        (funnel("a", "b", hold=[{"of": "person", "property": "x"}]), "hold.0.of"),
        (funnel("a", "b", hold=[{"property": "x"}, {"property": "x"}]), "hold"),
        (funnel("a", "b", from_step=2, to_step=2), "to_step"),
        (funnel("a", "b", bins=0), "bins"),
        (funnel("a", "b", breakdown=[{"property": "x"}], attribution={"to": "step", "step": 3}), "attribution.step"),
        (funnel("a", "b", stps=1), "stps"),
    ],
)
def test_what_makes_no_sense_is_refused_at_its_field(question: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse(question)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("point", "field"),
    [
        ({"step": 1, "outcome": "dropped"}, "point.outcome"),
        ({"step": 3}, "point.step"),
        ({"step": 1, "bucket": 0}, "point.bucket"),
        ({"step": 1, "values": ["x"]}, "point.values"),
        ({}, "point.step"),
    ],
)
def test_a_point_that_is_not_there_is_refused(point: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        people_behind(parse(funnel("a", "b")), point, context(Listener()))
    assert refused.value.field == field


def test_too_many_buckets_are_refused() -> None:
    question = funnel("a", "b", display="over_time", interval="hour", range={"from": "1970-01-01", "to": "2020-01-01"})
    with pytest.raises(InvalidInput) as refused:
        run(parse(question), context(Listener()))
    assert refused.value.field == "interval"


def test_fifty_years_are_a_funnel_too(store: Store) -> None:
    question = funnel("view", "view", "order", range={"from": "1980-01-01", "to": "2030-01-01"})
    assert counts(asked(store, question, "view 0, view 1, order 2")) == [1, 1, 1]


# --- statements ---------------------------------------------------------------------------------------------------

GOLDENS = {
    "funnel_plain": funnel("view", "order", within_range=True),
    "funnel_by_country": funnel("view", "order", breakdown=[{"property": "country"}]),
    "funnel_with_exclusion": funnel("view", "basket", "order", exclusions=[{"event": "leave", "from": 1, "to": 2}]),
    "funnel_held": funnel("view", "order", hold=[{"property": "document"}], within_range=True),
    "funnel_unordered": funnel("view", "order", order="unordered", within_range=True),
    "funnel_over_time": funnel("view", "order", display="over_time", interval="month", within_range=True),
}


@pytest.mark.parametrize("name", GOLDENS)
def test_statements_read_as_agreed(name: str) -> None:
    """After a wanted change: run once with UPDATE_GOLDEN=1, then review the files as prose."""
    listener, path = Listener(), GOLDEN / f"{name}.sql"
    run(parse(GOLDENS[name]), context(listener))
    text = ";\n\n".join(sql.text for sql in listener.heard) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, "utf-8")
    assert path.read_text("utf-8") == text
