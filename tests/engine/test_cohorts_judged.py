"""Cohorts against their slow interpreter: members, explanations, and reports filtered and broken down by them."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from tests.engine.cohort_interpreter import Judge
from tests.engine.cohort_worlds import LIST, Known, born, in_cohort, judges, keep_list
from tests.engine.interpreter import period_of
from tests.engine.test_judged import compare
from tests.engine.worlds import Product, crowded, keep, products, questions
from yunying.engine import Context, parse, run
from yunying.engine.cohorts import (
    Members,
    belongs_to,
    everybody_in,
    explain,
    members_among,
    people_in,
    size,
)
from yunying.engine.cohorts import parse as parse_cohort
from yunying.engine.trends import TrendsResult
from yunying.store import Store

# A data set costs more than a question about it; every one has four cohorts.
QUESTIONS = 3
CHECKS = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def quick(store: Store) -> Iterator[Store]:
    with crowded(store) as one:
        yield one


@settings(max_examples=30, deadline=None, suppress_health_check=CHECKS)
@given(data=st.data())
def test_members_are_those_of_the_interpreter(quick: Store, data: st.DataObject) -> None:
    judge_members(quick, data)


@pytest.mark.nightly
@settings(max_examples=700, deadline=None, suppress_health_check=CHECKS)
@given(data=st.data())
def test_members_are_those_of_the_interpreter_for_long(quick: Store, data: st.DataObject) -> None:
    judge_members(quick, data)


@settings(max_examples=35, deadline=None, suppress_health_check=CHECKS)
@given(data=st.data())
def test_reports_by_cohort_are_those_of_the_interpreter(quick: Store, data: st.DataObject) -> None:
    judge_reports(quick, data)


@pytest.mark.nightly
@settings(max_examples=700, deadline=None, suppress_health_check=CHECKS)
@given(data=st.data())
def test_reports_by_cohort_are_those_of_the_interpreter_for_long(quick: Store, data: st.DataObject) -> None:
    judge_reports(quick, data)


def world(store: Store, data: st.DataObject, *, deep: bool = False) -> tuple[Product, Judge, Context]:
    """A product in the store, its cohorts' judge, and the context to ask in."""
    product = data.draw(products().flatmap(born))
    judge = data.draw(judges(product, deep=deep))
    keep(store, product, data.draw(st.lists(st.integers(0, 29), max_size=4)))
    keep_list(store, product.id, judge.lists[LIST])
    context = Context(
        store, product.id, product.zone, product.now, product.week_start, cohorts=Known(judge.definitions)
    )
    return product, judge, context


def judge_members(store: Store, data: st.DataObject) -> None:
    _, judge, context = world(store, data, deep=True)
    context = _until(context, judge)
    every = {number: context.cohorts.definition(number) for number in (LIST, *judge.definitions)}
    wanted = {n: {who for who in judge.everybody() if judge.belongs(n, who)} for n in every}
    for number, cohort in every.items():
        assert cohort is not None
        if not isinstance(cohort, Members):
            assert parse_cohort(cohort.to_json()) == cohort
        found = people_in(cohort, context)
        note(f"{number}: {judge.definitions.get(number)}")
        assert set(found.numbers) == wanted[number]
        assert found.total == size(cohort, context) == len(everybody_in(cohort, context))
        assert members_among(cohort, judge.world.born, context) == wanted[number]
    for who in sorted(judge.world.born)[:3]:
        check_person(who, judge, context, every, wanted)


def check_person(who: int, judge: Judge, context: Context, every: dict[int, Any], wanted: dict[int, set[int]]) -> None:
    assert belongs_to(who, every, context) == {number for number in every if who in wanted[number]}
    told = explain(every[4], who, context)
    assert told.member == (who in wanted[4])
    assert told.exists == (who in judge.everybody())
    if told.exists:
        check_parts(told.root, judge.definitions[4], who, judge)


def check_parts(told: Any, part: dict[str, Any], who: int, judge: Judge) -> None:
    """Every part of the explanation says what the interpreter finds for that part alone."""
    assert told.holds == judge.member(part, who), part
    if "items" in part:
        for item, wanted in zip(told.items, part["items"], strict=True):
            check_parts(item, wanted, who, judge)
    elif part["kind"] == "did":
        assert told.counted == len(judge._done(part, who, part["within"]))
        assert len(told.occurrences) == min(5, told.counted)


def _until(context: Context, judge: Judge) -> Context:
    return Context(
        context.store, context.product, context.zone, context.now, context.week_start, cohorts=context.cohorts,
        until=judge.until,
    )  # fmt: skip


def judge_reports(store: Store, data: st.DataObject) -> None:
    product, judge, context = world(store, data)
    for _ in range(QUESTIONS):
        judge_question(data.draw(asked(product)), product, judge, context)


def judge_question(question: dict[str, Any], product: Product, judge: Judge, context: Context) -> None:
    period = period_of(question, product.zone, product.week_start, product.now)
    if period.start >= period.end:
        return
    judge.until = min(period.end, product.now)
    spec = parse(question)
    assert parse(spec.to_json()) == spec
    result = run(spec, context)
    assert isinstance(result, TrendsResult)
    for sql in result.provenance.sql:
        note(sql)
    compare(question, result, product)


@st.composite
def asked(draw: st.DrawFn, product: Product) -> dict[str, Any]:
    """A question that looks at cohorts in its filters, in its breakdown or in both."""
    question: dict[str, Any] = draw(questions(product))
    how = draw(st.sampled_from(["filter", "series", "breakdown", "both"]))
    if how in ("filter", "both"):
        more = [question["filters"]] if question.get("filters") else []
        question["filters"] = {
            "op": draw(st.sampled_from(["and", "or"])),
            "items": [draw(in_cohort([1, 2, 3, 4])), *more],
        }
    if how == "series":
        question["series"][0]["filters"] = {"items": [draw(in_cohort([1, 2, 3, 4]))]}
    if how in ("breakdown", "both"):
        cohorts = draw(st.lists(st.sampled_from([1, 2, 3, 4]), min_size=1, max_size=3, unique=True))
        by = {"of": "cohort", "cohorts": cohorts}
        question["breakdown"] = [by, *question["breakdown"][:1]] if draw(st.booleans()) else [by]
        if len(question["breakdown"]) == 1:
            question["breakdown_limit"] = max(question["breakdown_limit"], len(cohorts))
    return question
