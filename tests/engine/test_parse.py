"""Reading questions: what is refused, with which field and reason, and how fast."""

import time
from typing import Any

import pytest

from yunying.base.errors import InvalidInput
from yunying.engine import filters, kinds, parse, trends
from yunying.engine.reading import Node

ORDERS: dict[str, Any] = {
    "kind": "trends",
    "range": {"from": "2024-01-01", "to": "2024-01-31"},
    "series": [{"event": "order", "measure": "count"}],
}
PLAN = {"property": "plan", "operator": "exact", "values": ["pro"]}


def refusal(**changes: Any) -> InvalidInput:
    started = time.perf_counter()
    with pytest.raises(InvalidInput) as caught:
        parse(ORDERS | changes)
    assert time.perf_counter() - started < 1
    assert "%(" not in caught.value.text
    return caught.value


def series(**changes: Any) -> list[dict[str, Any]]:
    return [ORDERS["series"][0] | changes]


def nested(levels: int) -> dict[str, Any]:
    tree: dict[str, Any] = PLAN
    for _ in range(levels):
        tree = {"op": "and", "items": [tree]}
    return tree


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"kind": "pie"}, "spec.unknown_choice", "kind"),
        ({"kind": None}, "spec.missing", "kind"),
        ({"colour": "red"}, "spec.unknown_field", "colour"),
        ({"series": []}, "trends.no_series", "series"),
        ({"series": [{"event": "order"}] * 40}, "spec.too_many", "series"),
        ({"series": "order"}, "spec.not_a_list", "series"),
        ({"series": series(event="")}, "spec.empty", "series.0.event"),
        ({"series": series(event=7)}, "spec.not_text", "series.0.event"),
        ({"series": series(event="a\0b")}, "spec.not_text", "series.0.event"),
        ({"series": series(event="x" * 5000)}, "spec.too_long", "series.0.event"),
        ({"series": series(measure="mode")}, "spec.unknown_choice", "series.0.measure"),
        ({"series": series(measure="sum")}, "spec.missing", "series.0.property"),
        ({"series": series(measure="percentile", property="x")}, "spec.missing", "series.0.percentile"),
        (
            {"series": series(measure="percentile", property="x", percentile=101)},
            "trends.percentile",
            "series.0.percentile",
        ),
        ({"series": series(measure="rolling_people", window_days=0)}, "spec.not_in_range", "series.0.window_days"),
        ({"interval": "fortnight"}, "spec.unknown_choice", "interval"),
        ({"range": {"from": "yesterday"}}, "range.not_a_date", "range.from"),
        ({"range": {"from": "2024-02-30"}}, "range.not_a_date", "range.from"),
        ({"range": {"from": "0001-01-01"}}, "range.year", "range.from"),
        ({"range": {"last": 10**9, "unit": "day"}}, "spec.not_in_range", "range.last"),
        ({"breakdown": [{"property": "plan"}] * 2}, "spec.breakdown_twice", "breakdown"),
        ({"breakdown": [{"property": c} for c in "abcd"]}, "spec.too_many", "breakdown"),
        ({"breakdown": [{"cohort": 0}]}, "spec.not_in_range", "breakdown.0.cohort"),
        ({"breakdown": [{"of": "cohort", "property": "plan"}]}, "spec.unknown_field", "breakdown.0.property"),
        ({"breakdown": [{"cohort": 7}, {"cohort": 7}]}, "spec.breakdown_twice", "breakdown"),
        ({"breakdown": [{"cohort": n} for n in range(1, 22)]}, "spec.too_many_cohorts", "breakdown"),
        ({"breakdown": [{"property": "plan"}], "breakdown_limit": 10**6}, "spec.not_in_range", "breakdown_limit"),
        ({"formula": "A + B"}, "formula.unknown_series", "formula"),
        ({"formula": "B", "series": series()}, "formula.unknown_series", "formula"),
        ({"compare": {"to": "decade"}}, "spec.unknown_choice", "compare.to"),
        ({"moving_average": 1}, "spec.not_in_range", "moving_average"),
        (
            {"display": "cumulative", "series": series(measure="rolling_people")},
            "trends.cannot_accumulate",
            "series.0.measure",
        ),
        ({"filters": nested(20)}, "filter.too_deep", "filters" + ".items.0" * 8),
        ({"filters": nested(500)}, "filter.too_deep", "filters" + ".items.0" * 8),
        ({"filters": {"op": "xor", "items": [PLAN]}}, "spec.unknown_choice", "filters.op"),
        ({"filters": [PLAN | {"operator": "like"}]}, "spec.unknown_choice", "filters.0.operator"),
        ({"filters": [PLAN | {"values": []}]}, "filter.values", "filters.0.values"),
        ({"filters": [PLAN | {"values": ["x"] * 2000}]}, "spec.too_many", "filters.0.values"),
        ({"filters": [PLAN | {"operator": "gt", "values": ["many"]}]}, "filter.not_a_number", "filters.0.values.0"),
        ({"filters": [PLAN | {"operator": "gt", "values": [True]}]}, "filter.not_a_number", "filters.0.values.0"),
        ({"filters": [PLAN | {"operator": "between", "values": [2, 1]}]}, "filter.between", "filters.0"),
        (
            {"filters": [PLAN | {"operator": "date_after", "values": ["soon"]}]},
            "filter.not_a_date",
            "filters.0.values.0",
        ),
        ({"filters": [PLAN | {"operator": "regex", "values": ["a(b"]}]}, "filter.pattern", "filters.0.values.0"),
        ({"filters": [PLAN | {"operator": "regex", "values": ["(?=x)"]}]}, "filter.pattern", "filters.0.values.0"),
        (
            {"filters": [PLAN | {"operator": "in_cohort", "values": [7]}]},
            "filter.cohort_property",
            "filters.0.property",
        ),
        ({"filters": [{"operator": "in_cohort", "values": ["x"]}]}, "spec.not_in_range", "filters.0.values.0"),
        ({"filters": [{"operator": "in_cohort"}]}, "filter.values", "filters.0.values"),
        (
            {"filters": [{"of": "event", "operator": "in_cohort", "values": [7]}]},
            "filter.cohort_of",
            "filters.0.of",
        ),
        ({"filters": [PLAN | {"of": "planet"}]}, "spec.unknown_choice", "filters.0.of"),
    ],
)
def test_what_cannot_be_asked_names_the_field_and_the_reason(changes: dict[str, Any], code: str, field: str) -> None:
    error = refusal(**changes)
    assert (error.code, error.field) == (code, field)


def test_a_pattern_that_does_not_compile_is_named() -> None:
    error = refusal(filters=[PLAN | {"operator": "regex", "values": ["[z-a]"]}])
    assert "[z-a]" in error.text


def test_values_nested_beyond_measure_are_refused() -> None:
    value: Any = "x"
    for _ in range(100_000):
        value = [value]
    assert refusal(filters=[PLAN | {"values": [value]}]).code == "filter.value"


def test_equal_questions_are_equal_and_hash_alike() -> None:
    one = parse(ORDERS)
    other = parse(ORDERS | {"interval": "day", "filters": None, "breakdown": [], "formula": None})
    assert one == other and hash(one) == hash(other) and one.hash == other.hash
    assert parse(ORDERS | {"interval": "week"}).hash != one.hash


def test_a_question_survives_its_own_json() -> None:
    asked = parse(
        ORDERS
        | {
            "series": [
                {"event": None, "measure": "percentile", "property": "worth", "percentile": 0, "label": "甲"},
                {"event": "order", "measure": "rolling_people", "window_days": 30, "filters": [PLAN]},
            ],
            "filters": {
                "op": "or",
                "items": [PLAN, {"op": "and", "items": [PLAN | {"operator": "is_set", "values": []}]}],
            },
            "breakdown": [{"of": "person", "property": "city"}],
            "breakdown_limit": 3,
            "formula": "a / B",
            "compare": {"to": "year"},
            "moving_average": 7,
            "range": {"last": 4, "unit": "week", "whole": True},
        }
    )
    assert parse(asked.to_json()) == asked


def test_numbers_are_written_back_as_they_were_given() -> None:
    worth = {"of": "event", "property": "worth", "operator": "between", "values": [7, 7.5]}
    asked = parse(ORDERS | {"filters": [worth], "series": series(measure="percentile", property="x", percentile=90)})
    assert asked.to_json()["filters"]["items"] == [worth]
    assert asked.to_json()["series"][0]["percentile"] == 90
    assert isinstance(asked.to_json()["series"][0]["percentile"], int)


def test_lists_for_builders_name_everything_that_can_be_asked() -> None:
    assert {"retention", "trends"} <= set(kinds())
    assert set(trends.MEASURES) == {measure.value for measure in trends.Measure}
    assert set(filters.OPERATORS) == {operator.value for operator in filters.Operator}
    assert filters.OPERATORS["between"] == filters.Arity(2, 2, "number")


def test_a_question_must_be_an_object() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse([])  # type: ignore[arg-type]
    assert caught.value.code == "spec.not_an_object"


def test_errors_name_the_place_even_without_a_path() -> None:
    with pytest.raises(InvalidInput) as caught:
        filters.parse_filter(Node({"operator": "exact", "values": ["x"]}))
    assert caught.value.field == "property"
