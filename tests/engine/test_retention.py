"""Retention in small: the shape of an answer, what has not begun yet, and what is refused with which field."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from yunying.base.errors import InvalidInput
from yunying.engine import Context, parse, people_behind, run
from yunying.events.event import Event
from yunying.stats.proportions import wilson
from yunying.store import Store
from yunying.store.writer import event_table

NOW = datetime(2024, 1, 18, 12, tzinfo=UTC)  # a Thursday
WEEKLY: dict[str, Any] = {
    "kind": "retention",
    "range": {"from": "2024-01-01", "to": "2024-01-21"},
    "start": {"event": "visit"},
    "return": {"event": "order"},
}
FIFTY_YEARS, LONG = {"from": "1974-01-01", "to": "2023-12-31"}, {"from": "2022-01-01", "to": "2024-06-01"}
EQUALS = {"property": "plan", "operator": "="}
_products = count(890_001)


@pytest.fixture
def context(store: Store) -> Context:
    """Four visit in the first week, two of them order in the second and one in the third; one comes in the third."""
    context = Context(store, next(_products), ZoneInfo("UTC"), NOW)
    monday = datetime(2024, 1, 1, 9, tzinfo=UTC)
    rows = [("visit", monday, n) for n in (1, 2, 3, 4)]
    rows += [("order", monday + timedelta(days=8), 1), ("order", monday + timedelta(days=8), 2)]
    rows += [("order", monday + timedelta(days=15), 1), ("visit", monday + timedelta(days=15), 5)]
    events = []
    for name, at, number in rows:
        millis = round(at.timestamp() * 1000)
        events.append(Event(context.product, str(uuid4()), name, f"d{number}", millis, millis, {"paid": 10}, "", ""))
    table = event_table(events, [number for _, _, number in rows], store.columns())
    store.insert("events", table, token=str(uuid4()))
    return context


def answer(context: Context, **more: Any) -> dict[str, Any]:
    return run(parse(WEEKLY | more), context).to_json()


def counts(row: dict[str, Any]) -> list[list[int | None]]:
    return [[cell and cell["count"] for cell in cohort["cells"]] for cohort in row["cohorts"]]


def test_a_triangle_has_empty_cells_for_what_has_not_begun(context: Context) -> None:
    found = answer(context)
    assert found["columns"] == [{"from": 0, "to": 0}, {"from": 1, "to": 1}, {"from": 2, "to": 2}]
    [row] = found["rows"]
    assert counts(row) == [[4, 2, 1], [0, 0, None], [1, None, None]]
    assert [cohort["partial"] for cohort in row["cohorts"]] == [False, False, True]
    assert [cohort["start"][:10] for cohort in row["cohorts"]] == ["2024-01-01", "2024-01-08", "2024-01-15"]
    assert row["size"] == 5 and not row["remainder"]


def test_cells_have_their_share_and_how_sure_it_is(context: Context) -> None:
    cell = answer(context)["rows"][0]["cohorts"][0]["cells"][1]
    low, high = wilson(2, 4) or (0, 0)
    assert cell == {"count": 2, "rate": 0.5, "low": low, "high": high, "value": None, "partial": False}
    whole, empty = (answer(context)["rows"][0]["cohorts"][i]["cells"][0] for i in (0, 1))
    assert (whole["rate"], whole["low"]) == (1.0, None)
    assert (empty["rate"], empty["low"]) == (None, None)


def test_the_mean_leaves_out_what_is_not_over(context: Context) -> None:
    mean = answer(context)["rows"][0]["mean"]
    assert [(one["size"], one["rate"]) for one in mean] == [(4, 1.0), (4, 0.5), (0, None)]


def test_columns_run_on_past_the_range(context: Context) -> None:
    week = {"range": {"from": "2024-01-01", "to": "2024-01-07"}}
    assert counts(answer(context, **week)["rows"][0]) == [[4, 2]]
    assert counts(answer(context, **week, periods=2)["rows"][0]) == [[4, 2, 1]]
    assert counts(answer(context, **week, periods=2, on_or_after=True)["rows"][0]) == [[4, 2, 1]]
    assert counts(answer(context, **week, brackets=[2])["rows"][0]) == [[4, 2]]


def test_a_value_is_summed_or_averaged_over_return_events(context: Context) -> None:
    found = answer(context, value={"measure": "sum", "property": "paid"})["rows"][0]
    assert [cell["value"] for cell in found["cohorts"][0]["cells"]] == [0, 20, 10]
    assert [cell and cell["value"] for cell in found["cohorts"][1]["cells"]] == [0, 0, None]
    found = answer(context, value={"measure": "avg", "property": "paid"})["rows"][0]
    assert [cell["value"] for cell in found["cohorts"][0]["cells"]] == [None, 10, 10]


@pytest.mark.parametrize(("returned", "numbers"), [(True, (1, 2)), (False, (3, 4))])
def test_a_cell_opens_to_who_came_back_and_who_did_not(
    context: Context, returned: bool, numbers: tuple[int, ...]
) -> None:
    point = {"cohort": 0, "column": 1, "returned": returned}
    people = people_behind(parse(WEEKLY), point, context)
    assert (people.numbers, people.total) == (numbers, 2)
    page = people_behind(parse(WEEKLY), point, context, limit=1, offset=1)
    assert (page.numbers, page.total) == (numbers[1:], 2)
    assert people_behind(parse(WEEKLY), {"cohort": 2, "column": 1}, context).total == 0


def test_nobody_who_starts_is_said(context: Context) -> None:
    found = answer(context, start={"event": "never"})
    assert [warning["code"] for warning in found["warnings"]] == ["retention.no_data"]
    assert counts(found["rows"][0]) == [[0, 0, 0], [0, 0, None], [0, None, None]]


@pytest.mark.parametrize(
    ("field", "code", "change"),
    [
        ("period", "spec.unknown_choice", {"period": "year"}),
        ("mode", "spec.unknown_choice", {"mode": "always"}),
        ("start.event", "spec.empty", {"start": {"event": ""}}),
        ("return.filters.0.operator", "spec.unknown_choice", {"return": {"filters": [EQUALS]}}),
        ("minimum", "spec.not_in_range", {"minimum": 0}),
        ("brackets", "retention.brackets", {"brackets": [100, 21]}),
        ("brackets.1", "spec.not_in_range", {"brackets": [1, 0]}),
        ("periods", "retention.periods", {"brackets": [1], "periods": 3}),
        ("periods", "spec.not_in_range", {"periods": 500}),
        ("value.property", "spec.missing", {"value": {"measure": "sum"}}),
        ("windows", "spec.unknown_field", {"windows": 3}),
        ("period", "retention.too_many_cohorts", {"period": "hour", "range": FIFTY_YEARS}),
        ("period", "retention.too_many_cells", {"period": "day", "range": LONG, "periods": 120}),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused_at_its_field(
    context: Context, field: str, code: str, change: dict[str, Any]
) -> None:
    started = time.perf_counter()
    with pytest.raises(InvalidInput) as caught:
        run(parse(WEEKLY | change), context)
    assert (caught.value.field, caught.value.code) == (field, code)
    assert "%(" not in caught.value.text
    assert time.perf_counter() - started < 2


@pytest.mark.parametrize(
    ("field", "point"),
    [
        ("point.column", {"cohort": 0, "column": 3}),
        ("point.cohort", {"cohort": 3, "column": 1}),
        ("point.values", {"cohort": 0, "column": 1, "values": ["x"]}),
        ("point.returned", {"cohort": 0, "returned": "yes"}),
    ],
)
def test_a_point_that_is_not_in_the_answer_is_refused(context: Context, field: str, point: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as caught:
        people_behind(parse(WEEKLY), point, context)
    assert caught.value.field == field


@pytest.mark.parametrize("brackets", [None, [2]])
def test_hours_run_on_over_a_day_that_a_place_left_out(context: Context, brackets: list[int] | None) -> None:
    apia = replace(context, zone=ZoneInfo("Pacific/Apia"), now=datetime(2011, 12, 30, 12, tzinfo=UTC))
    found = answer(apia, period="hour", range={"from": "2011-12-29", "to": "2011-12-30"}, brackets=brackets)
    assert len(found["rows"][0]["cohorts"]) == 24
    # Its own hour, and the three that have begun of the next day there was, for the last cohort.
    begun = [sum(cell is not None for cell in cohort["cells"]) for cohort in found["rows"][0]["cohorts"]]
    assert begun[-3:] == ([6, 5, 4] if brackets is None else [2, 2, 2])
