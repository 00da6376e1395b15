"""Retention against its slow interpreter, on generated products and questions."""

import math
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import assume, given, note, settings
from hypothesis import strategies as st

from tests.engine import interpreter
from tests.engine.cohort_worlds import in_cohort
from tests.engine.edges import came_back
from tests.engine.interpreter import REST
from tests.engine.judging import always, nightly
from tests.engine.retention_interpreter import Cell, Judge
from tests.engine.test_cohorts_judged import world
from tests.engine.worlds import COPIES, EVENTS, FILTERS, PROPERTIES, Product, keep, products
from yunying.base.errors import InvalidInput
from yunying.engine import Context, parse, people_behind, run
from yunying.engine.retention import Point, RetentionResult
from yunying.store import Store

pytestmark = pytest.mark.long


@always
@given(data=st.data())
def test_retention_agrees_with_the_interpreter(quick: Store, data: st.DataObject) -> None:
    judge(quick, data)


@pytest.mark.nightly
@nightly
@given(data=st.data())
def test_retention_agrees_with_the_interpreter_for_long(crowd: Store, data: st.DataObject) -> None:
    judge(crowd, data)


@st.composite
def later(draw: st.DrawFn) -> Product:
    """A product asked about when some windows are over."""
    product = draw(products(most=12))
    return replace(product, now=product.now + timedelta(days=draw(st.sampled_from([0, 3, 20, 70]))))


# Some of those who come back meet it, some do only later.
FITTING = {"items": [{"of": "event", "property": "engine_tier", "operator": "is_set", "values": []}]}


@st.composite
def doings(draw: st.DrawFn) -> dict[str, Any]:
    event = draw(st.sampled_from([*EVENTS, None, None, None]))
    return {"event": event, "filters": draw(st.one_of(st.none(), FILTERS))}


@st.composite
def ranges(draw: st.DrawFn, product: Product, period: str) -> dict[str, Any]:
    if draw(st.integers(0, 5)) == 0 and period != "hour":
        return {"last": draw(st.integers(1, 3)), "unit": draw(st.sampled_from(["day", "week", "month"]))}
    start = product.day + timedelta(days=draw(st.integers(-1 if period == "hour" else -9, 1)))
    end = max(start, product.day) + timedelta(days=draw(st.integers(0, 1 if period == "hour" else 20)))
    if draw(st.booleans()):
        return {"from": f"{start:%Y-%m-%d}", "to": f"{end:%Y-%m-%d}"}
    at, last = draw(st.integers(0, 90)) * 15, draw(st.integers(100, 190)) * 15
    return {
        "from": f"{start + timedelta(minutes=at):%Y-%m-%dT%H:%M}",
        "to": f"{end + timedelta(minutes=last):%Y-%m-%dT%H:%M}",
    }


@st.composite
def questions(draw: st.DrawFn, product: Product) -> dict[str, Any]:
    period = draw(st.sampled_from(["hour", "day", "day", "week", "month"]))
    start = draw(doings())
    found: dict[str, Any] = {
        "kind": "retention",
        "range": draw(ranges(product, period)),
        "period": period,
        "start": start,
        "return": draw(st.one_of(st.just(start), doings())),
        "mode": draw(st.sampled_from(["recurring", "recurring", "first_time", "first_ever"])),
        "clock": draw(st.sampled_from(["calendar", "rolling"])),
        "on_or_after": draw(st.booleans()),
        "minimum": draw(st.sampled_from([1, 1, 2])),
        "filters": draw(st.one_of(st.none(), FILTERS)),
    }
    if found["mode"] == "first_ever" and draw(st.booleans()):
        found["start"] = start | {"filters": FITTING}
    how = draw(st.sampled_from(["triangle", "periods", "brackets"]))
    if how == "periods":
        found["periods"] = draw(st.integers(1, 9))
    elif how == "brackets":
        found["brackets"] = draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    by = st.fixed_dictionaries(
        {"of": st.sampled_from(["event", "event", "person", "account"]), "property": st.sampled_from(PROPERTIES)}
    )
    unique = st.lists(by, max_size=3, unique_by=lambda b: (b["of"], b["property"]))
    found |= {"breakdown": draw(st.one_of(st.just([]), unique)), "breakdown_limit": draw(st.integers(1, 3))}
    if draw(st.integers(0, 2)) == 0:
        measure = draw(st.sampled_from(["sum", "avg"]))
        found["value"] = {"measure": measure, "property": draw(st.sampled_from(PROPERTIES))}
    return found


def judge(store: Store, data: st.DataObject) -> None:
    product = data.draw(later())
    question = data.draw(questions(product))
    data.draw(came_back(product, question))
    keep(store, product, data.draw(COPIES))
    context = Context(store, product.id, product.zone, product.now, product.week_start)
    spec = parse(question)
    assert parse(spec.to_json()) == spec
    asked = question | {"interval": question["period"]}
    period = interpreter.period_of(asked, product.zone, product.week_start, product.now)
    if period.start >= period.end:  # the day that a place left out
        with pytest.raises(InvalidInput):
            run(spec, context)
        return
    result = run(spec, context)
    assert isinstance(result, RetentionResult)
    for sql in result.provenance.sql:
        note(sql)
    judged = Judge(question, product.world, product.zone, product.week_start, product.now)
    compare(judged, result)
    check_people(judged, question, result, context, data)


@settings(always, max_examples=15)
@given(data=st.data())
def test_retention_by_cohorts_of_people_agrees_with_the_interpreter(quick: Store, data: st.DataObject) -> None:
    """Cohorts in the filters, in the breakdown or in both; they look at the end of the range."""
    product, people, context = world(quick, data)
    question = data.draw(questions(product))
    period = interpreter.period_of(
        question | {"interval": question["period"]}, product.zone, product.week_start, product.now
    )
    assume(period.start < period.end)
    people.until = min(period.end, product.now)
    how = data.draw(st.sampled_from(["filter", "start", "breakdown", "both"]))
    if how in ("filter", "both"):
        question["filters"] = {"items": [data.draw(in_cohort([1, 2, 3, 4]))]}
    if how == "start":
        question["start"] = question["start"] | {"filters": {"items": [data.draw(in_cohort([1, 2, 3, 4]))]}}
    if how in ("breakdown", "both"):
        cohorts = data.draw(st.lists(st.sampled_from([1, 2, 3, 4]), min_size=1, max_size=3, unique=True))
        question["breakdown"] = [{"of": "cohort", "cohorts": cohorts}, *question["breakdown"][:1]]
        question["breakdown_limit"] = max(question["breakdown_limit"], len(cohorts))
    result = run(parse(question), context)
    assert isinstance(result, RetentionResult)
    judged = Judge(question, product.world, product.zone, product.week_start, product.now)
    compare(judged, result)
    check_people(judged, question, result, context, data)


def compare(judged: Judge, result: RetentionResult) -> None:
    assert [(column.first, column.last) for column in result.columns] == judged.columns
    wanted = judged.rows()
    assert [key(row) for row in result.rows] == list(wanted)
    for row, cohorts in zip(result.rows, wanted.values(), strict=True):
        assert row.size == sum(len(cohort.people) for cohort in cohorts)
        assert len(row.cohorts) == judged.size
        for got, cohort in zip(row.cohorts, cohorts, strict=True):
            assert (got.size, got.partial) == (len(cohort.people), cohort.partial)
            assert [cell is None for cell in got.cells] == [cell is None for cell in cohort.cells]
            for shown, cell in zip(got.cells, cohort.cells, strict=True):
                if shown is None or cell is None:
                    continue
                assert (shown.count, shown.partial) == (len(cell.people), cell.partial)
                assert same(shown.rate, len(cell.people) / got.size if got.size else None)
                assert same(shown.value, judged.value(cell.amounts))
        for column, mean in enumerate(row.mean):
            size, rate, value = judged.mean(cohorts, column)
            assert mean.size == size
            assert same(mean.rate, rate) and same(mean.value, value)


def key(row: Any) -> tuple[str, ...] | str:
    return REST if row.remainder else tuple(value.text for value in row.values)


def same(found: float | None, wanted: float | None) -> bool:
    if found is None or wanted is None:
        return found is wanted
    return math.isclose(found, wanted, rel_tol=1e-9, abs_tol=1e-9)


def check_people(
    judged: Judge, question: dict[str, Any], result: RetentionResult, context: Context, data: st.DataObject
) -> None:
    """Behind a cell stand the people who came back, or those of the cohort who did not."""
    if not result.rows:
        return
    row = data.draw(st.sampled_from(result.rows))
    cohorts = judged.rows()[key(row)]
    column = data.draw(st.integers(0, len(result.columns) - 1))
    index = data.draw(st.one_of(st.none(), st.integers(0, len(cohorts) - 1)))
    returned = data.draw(st.booleans())
    if index is None:
        chosen = judged.complete(cohorts, column)
    else:
        cell: Cell | None = cohorts[index].cells[column]
        chosen = [(cohorts[index], cell)] if cell else []
    back = {who for _, found in chosen for who in found.people}
    wanted = back if returned else {who for cohort, _ in chosen for who in cohort.people} - back
    point = Point(index, column, returned, tuple(value.text for value in row.values), row.remainder)
    people = people_behind(parse(question), point.to_json(), context)
    assert list(people.numbers) == sorted(wanted)
    assert people.total == len(wanted)
