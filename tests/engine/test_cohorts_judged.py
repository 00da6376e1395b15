"""Cohorts against their slow interpreter: members, explanations, and reports filtered and broken down by them."""

from typing import Any

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from tests.engine.cohort_interpreter import Judge
from tests.engine.cohort_worlds import LIST, Known, in_cohort, judges, keep_list
from tests.engine.interpreter import period_of
from tests.engine.judging import always, nightly
from tests.engine.test_judged import compare
from tests.engine.worlds import COPIES, Product, keep, products, questions
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

pytestmark = pytest.mark.long


@always
@given(data=st.data())
def test_cohorts_agree_with_the_interpreter(quick: Store, data: st.DataObject) -> None:
    judge_cohorts(quick, data)


@pytest.mark.nightly
@nightly
@given(data=st.data())
def test_cohorts_agree_with_the_interpreter_for_long(crowd: Store, data: st.DataObject) -> None:
    judge_cohorts(crowd, data)


def world(store: Store, data: st.DataObject, *, deep: bool = False) -> tuple[Product, Judge, Context]:
    """A product in the store, its cohorts' judge, and the context to ask in."""
    product = data.draw(products(most=12))
    judge = data.draw(judges(product, deep=deep))
    keep(store, product, data.draw(COPIES))
    keep_list(store, product.id, judge.lists[LIST])
    context = Context(
        store, product.id, product.zone, product.now, product.week_start, cohorts=Known(judge.definitions)
    )
    return product, judge, context


def judge_cohorts(store: Store, data: st.DataObject) -> None:
    """One of the cohorts, what one person belongs to and why, and a report that looks at some of them."""
    product, judge, context = world(store, data, deep=data.draw(st.integers(0, 2)) == 2)
    numbers = data.draw(st.permutations([4, 3, 2, LIST]))
    judge_members(numbers, judge, _until(context, judge))
    people = sorted(judge.world.born)
    if people:
        check_person(data.draw(st.sampled_from(people)), numbers[0], judge, _until(context, judge))
    judge_question(data.draw(asked(product)), product, judge, context)


def judge_members(numbers: list[int], judge: Judge, context: Context) -> None:
    """Each way to ask who belongs to a cohort, of another one."""
    known, wanted = {}, {}
    for number in numbers:
        cohort = known[number] = context.cohorts.definition(number)
        assert cohort is not None
        if not isinstance(cohort, Members):
            assert parse_cohort(cohort.to_json()) == cohort
        wanted[number] = {who for who in judge.everybody() if judge.belongs(number, who)}
        note(f"{number}: {judge.definitions.get(number)}")
    shown, every, among, counted = numbers
    found = people_in(known[shown], context)
    assert set(found.numbers) == wanted[shown]
    assert found.total == len(wanted[shown])
    assert set(everybody_in(known[every], context)) == wanted[every]
    assert members_among(known[among], judge.world.born, context) == wanted[among]
    assert size(known[counted], context) == len(wanted[counted])


def check_person(who: int, number: int, judge: Judge, context: Context) -> None:
    every = {each: context.cohorts.definition(each) for each in (LIST, *judge.definitions)}
    exists = who in judge.everybody()
    wanted = {each for each in every if exists and judge.belongs(each, who)}
    assert belongs_to(who, every, context) == wanted
    if number == LIST:
        return
    told = explain(every[number], who, context)
    assert (told.member, told.exists) == (number in wanted, exists)
    if told.exists:
        check_parts(told.root, judge.definitions[number], who, judge)


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
