"""The engine against the slow interpreter, on generated products and questions."""

import math
from typing import Any

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from tests.engine import interpreter
from tests.engine.edges import counted
from tests.engine.interpreter import REST
from tests.engine.judging import always, nightly
from tests.engine.worlds import COPIES, Product, keep, products, questions
from yunying.base.errors import InvalidInput
from yunying.engine import Context, parse, people_behind, run
from yunying.engine.trends import Point, TrendsResult
from yunying.store import Store

pytestmark = pytest.mark.long


@always
@given(data=st.data())
def test_engine_agrees_with_the_interpreter(quick: Store, data: st.DataObject) -> None:
    judge(quick, data)


@pytest.mark.nightly
@nightly
@given(data=st.data())
def test_engine_agrees_with_the_interpreter_for_long(crowd: Store, data: st.DataObject) -> None:
    judge(crowd, data)


def judge(store: Store, data: st.DataObject) -> None:
    product = data.draw(products(most=20))
    question = data.draw(questions(product))
    data.draw(counted(product, question))
    keep(store, product, data.draw(COPIES))
    context = Context(store, product.id, product.zone, product.now, product.week_start)
    spec = parse(question)
    assert parse(spec.to_json()) == spec
    if _holds_no_time(question, product):
        with pytest.raises(InvalidInput):
            run(spec, context)
        return
    result = run(spec, context)
    assert isinstance(result, TrendsResult)
    for sql in result.provenance.sql:
        note(sql)
    compare(question, result, product)
    check_people(question, result, context, data)


def _holds_no_time(question: dict[str, Any], product: Product) -> bool:
    """A range of one day that the place left out."""
    period = interpreter.period_of(question, product.zone, product.week_start, product.now)
    return period.start >= period.end


def compare(question: dict[str, Any], result: TrendsResult, product: Product) -> None:
    judged = interpreter.answer(question, product.world, product.zone, product.week_start, product.now)
    lines = {letter: question["series"][i] for i, letter in enumerate("ABC"[: len(question["series"])])}
    for index, wanted in enumerate(judged):
        found = {
            _key(row): (row.compare_points, row.compare_total) if index else (row.points, row.total)
            for row in result.rows
        }
        expected = {(row.series, row.values): (row.points, row.total) for row in wanted}
        for key in expected.keys() | found.keys():
            empty = interpreter.empty(lines[key[0]]) if key[0] in lines else None
            other = expected.get(key)
            got = found.get(key)
            if other is None or got is None:  # a line that exists in one of the two periods only
                assert (got or other) and all(point == empty for point in (got or other)[0]), (key, got, other)
                continue
            assert same(got[0], other[0]), (key, got, other)
            assert same([got[1]], [other[1]]), (key, got, other)
    order = [row.values for row in judged[0] if row.series == "A" and row.values != REST]
    assert {tuple(v.text for v in row.values) for row in result.rows_of("A") if not row.remainder} >= set(order)


def _key(row: Any) -> tuple[str, Any]:
    return row.series, REST if row.remainder else tuple(value.text for value in row.values)


def same(found: Any, wanted: Any) -> bool:
    return len(found) == len(wanted) and all(
        (a is None) == (b is None) and (a is None or math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9))
        for a, b in zip(found, wanted, strict=True)
    )


def check_people(question: dict[str, Any], result: TrendsResult, context: Context, data: st.DataObject) -> None:
    """Where persons are counted, as many stand behind the number as it says."""
    rows = [
        row
        for row in result.rows
        if row.series != "formula"
        and question["series"]["ABC".index(row.series)]["measure"] in ("people", "rolling_people", "first_time")
    ]
    if not rows:
        return
    row = data.draw(st.sampled_from(rows))
    bucket = data.draw(st.one_of(st.none(), st.integers(0, len(row.points) - 1)))
    point = Point(row.series, bucket, tuple(value.text for value in row.values), row.remainder)
    people = people_behind(parse(question), point, context)
    assert people.total == len(people.numbers) == (row.total if bucket is None else row.points[bucket])
