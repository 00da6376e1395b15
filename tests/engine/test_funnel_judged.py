"""Funnels of the engine against those of the slow interpreter, on generated products and questions."""

import math
from typing import Any

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from tests.engine.cohort_worlds import LIST, Known, judges, keep_list
from tests.engine.edges import walked
from tests.engine.funnel_interpreter import Group, Judge, Judged, seconds
from tests.engine.funnel_worlds import busy_products, funnels
from tests.engine.interpreter import REST
from tests.engine.judging import always, nightly
from tests.engine.worlds import COPIES, Product, keep
from yunying.base.errors import InvalidInput
from yunying.engine import Context, parse, people_behind, run
from yunying.engine.funnel import FunnelResult, Point, Row
from yunying.engine.funnel.answer import Outcome
from yunying.stats.proportions import wilson
from yunying.store import Store

pytestmark = pytest.mark.long


@always
@given(data=st.data())
def test_funnels_agree_with_the_interpreter(quick: Store, data: st.DataObject) -> None:
    judge(quick, data)


@pytest.mark.nightly
@nightly
@given(data=st.data())
def test_funnels_agree_with_the_interpreter_for_long(crowd: Store, data: st.DataObject) -> None:
    judge(crowd, data)


def judge(store: Store, data: st.DataObject) -> None:
    product = data.draw(busy_products())
    question = data.draw(funnels(product))
    data.draw(walked(product, question))
    cohorts = data.draw(judges(product))
    keep(store, product, data.draw(COPIES))
    keep_list(store, product.id, cohorts.lists[LIST])
    known = Known(cohorts.definitions)
    context = Context(store, product.id, product.zone, product.now, product.week_start, cohorts=known)
    spec = parse(question)
    assert parse(spec.to_json()) == spec
    judged = Judge(question, product.world, product.zone, product.week_start, product.now)
    cohorts.until = min(judged.period.end, product.now)
    if judged.period.start >= judged.period.end:  # the day that a place left out
        with pytest.raises(InvalidInput):
            run(spec, context)
        return
    result = run(spec, context)
    assert isinstance(result, FunnelResult)
    for sql in result.provenance.sql:
        note(sql)
    compare(question, judged, result, product)
    check_people(question, judged, result, context, data)


def key_of(row: Row) -> Any:
    return REST if row.remainder else tuple(value.text for value in row.values)


def compare(question: dict[str, Any], judge: Judge, result: FunnelResult, product: Product) -> None:
    wanted = judge.answer()
    found = {key_of(row): row for row in result.rows}
    assert len(found) == len(result.rows)
    assert result.left_out == wanted.left_out
    assert [key for key in found if key != REST and (any(key) or not key)][: len(wanted.ranked)] == wanted.ranked
    for key in found.keys() | wanted.rows.keys():
        row, group = found.get(key), wanted.rows.get(key, Group())
        if row is None:  # a bucket's value that is nobody's over the range
            assert not group.people, key
            continue
        compare_steps(judge, row, group)
        if question["display"] == "times":
            compare_histogram(question, row, group)
        if question["display"] == "over_time":
            compare_points(question, judge, row, wanted, key)


def compare_steps(judge: Judge, row: Row, group: Group) -> None:
    for step, reached in enumerate(row.steps, 1):
        there = group.who(step)
        assert reached.count == len(there), (step, reached, there)
        before = max((s for s in judge.required if s < step), default=0)
        if not before:
            continue
        assert reached.dropped == len(group.who(before, without=step))
        shares = (reached.from_first, group.who(1)), (reached.from_previous, group.who(before))
        for share, of in shares:
            low, high = wilson(len(there), len(of)) or (None, None)
            assert share and (share.low, share.high) == (low, high)
            assert share.rate == (len(there) / len(of) if of else None)
        for taken, earlier in ((reached.time_from_previous_s, before), (reached.time_from_first_s, 1)):
            times = seconds(group, step, earlier)
            assert (taken is None) == (not times)
            if taken:
                assert math.isclose(taken.average, math.fsum(times) / len(times), abs_tol=1e-6)
                assert math.isclose(taken.median, at_share(times, 0.5), abs_tol=1e-6)
                assert math.isclose(taken.p90, at_share(times, 0.9), abs_tol=1e-6)
    last = len(row.steps)
    unfinished = [latest for who, (_, latest) in group.people.items() if who not in group.who(last)]
    assert row.open == sum(judge.is_open(latest) for latest in unfinished)


def at_share(times: list[float], share: float) -> float:
    place = share * (len(times) - 1)
    low = math.floor(place)
    return times[low] + (place - low) * (times[min(low + 1, len(times) - 1)] - times[low])


def compare_histogram(question: dict[str, Any], row: Row, group: Group) -> None:
    times = [round(time * 1000) for time in seconds(group, question["to_step"], question["from_step"])]
    assert row.histogram is not None
    if not times:
        assert not row.histogram
        return
    bins = question["bins"] or next(b for b in range(1, 100) if b**3 >= len(times))
    low = min(times) // 1000
    span = math.ceil(max(times) / 1000 - low)
    width = max(1, math.ceil(span / bins))
    assert [(each.from_s, each.to_s) for each in row.histogram] == [
        (low + i * width, low + (i + 1) * width) for i in range(bins)
    ]
    for i, each in enumerate(row.histogram):
        inside = [
            t for t in times if each.from_s * 1000 <= t < each.to_s * 1000 or (i == bins - 1 and t == each.to_s * 1000)
        ]
        assert each.count == len(inside)


def compare_points(question: dict[str, Any], judge: Judge, row: Row, wanted: Judged, key: Any) -> None:
    start, end = question["from_step"], question["to_step"]
    assert row.points is not None
    groups = wanted.points.get(key, [Group()] * len(row.points))
    assert len(row.points) == len(groups)
    for point, group in zip(row.points, groups, strict=True):
        entered, converted = group.who(start), group.who(start, end)
        assert (point.entered, point.converted) == (len(entered), len(converted))
        still = [group.people[who][1] for who in entered - converted]
        assert point.open == sum(judge.is_open(latest) for latest in still)


def check_people(
    question: dict[str, Any], judge: Judge, result: FunnelResult, context: Context, data: st.DataObject
) -> None:
    """The people behind a number are those the judge counted."""
    if not result.rows:
        return
    row = data.draw(st.sampled_from(result.rows))
    wanted, step = judge.answer(), data.draw(st.integers(1, len(row.steps)))
    outcome = data.draw(st.sampled_from(Outcome)) if step > 1 else Outcome.CONVERTED
    buckets = [None, *range(len(result.buckets))] if question["display"] == "over_time" else [None]
    bucket = data.draw(st.sampled_from(buckets))
    group, before = wanted.rows.get(key_of(row), Group()), max((s for s in judge.required if s < step), default=0)
    asked = [step]
    if bucket is not None:
        points = wanted.points.get(key_of(row))
        group = points[bucket] if points else Group()
        if step == question["to_step"]:
            before, asked = question["from_step"], [question["from_step"], step]
    expected = group.who(*asked) if outcome is Outcome.CONVERTED else group.who(before, without=step)
    values = tuple(value.text for value in row.values)
    found = people_behind(parse(question), Point(step, outcome, values, row.remainder, bucket), context)
    assert list(found.numbers) == sorted(expected)
    assert found.total == len(expected)
