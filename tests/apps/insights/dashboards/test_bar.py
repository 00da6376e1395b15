import pytest
from django.http import QueryDict

from yunying.apps.insights.dashboards.bar import bar_of, edited
from yunying.apps.insights.dashboards.following import applied, left_out, left_out_of_metric
from yunying.base.errors import InvalidInput
from yunying.engine import parse

SPEC = {
    "kind": "trends",
    "range": {"last": 30, "unit": "day"},
    "interval": "day",
    "series": [{"event": "order", "measure": "count"}],
    "filters": {"op": "or", "items": [{"of": "event", "property": "a", "operator": "exact", "values": ["1"]}]},
    "compare": {"to": "previous"},
}
UK = "f0.of=event&f0.property=country&f0.operator=exact&f0.value=UK"


def test_the_address_is_the_whole_state() -> None:
    bar = bar_of(QueryDict(f"bar=1&range=last-7-day&interval=week&compare=year&match=or&{UK}"))
    assert bar_of(QueryDict(bar.query)) == bar


def test_an_empty_bar_leaves_a_question_as_it_was_saved() -> None:
    assert applied(SPEC, bar_of(QueryDict("bar=1"))) == SPEC


def test_the_bars_filters_hold_beside_the_tiles_own() -> None:
    asked = applied(SPEC, bar_of(QueryDict(UK)))
    assert asked["filters"]["op"] == "and"
    assert asked["filters"]["items"][0] == SPEC["filters"]
    assert asked["filters"]["items"][1]["items"][0]["values"] == ["UK"]
    parse(asked)


def test_the_bar_sets_range_interval_and_comparison() -> None:
    bar = bar_of(QueryDict("range=custom&from=2026-03-01&to=2026-03-31&interval=week&compare=none"))
    asked = applied(SPEC, bar)
    assert asked["range"] == {"from": "2026-03-01", "to": "2026-03-31"}
    assert asked["interval"] == "week"
    assert "compare" not in asked
    assert "compare" in SPEC


STEPS = {"kind": "funnel", "range": {"last": 30, "unit": "day"}, "display": "steps", "interval": "day"}
BACK = {"kind": "retention", "range": {"last": 30, "unit": "day"}, "period": "day", "periods": 14}


@pytest.mark.parametrize(
    ("spec", "query", "asked", "left"),
    [
        (SPEC, "interval=week&compare=year", {"interval": "week", "compare": {"to": "year"}}, ()),
        (SPEC | {"display": "total"}, "interval=week&compare=year", {"compare": {"to": "year"}}, ("interval",)),
        (STEPS, "interval=week&compare=year", {"interval": "day"}, ("interval", "compare")),
        (STEPS | {"display": "over_time"}, "interval=week", {"interval": "week"}, ()),
        (BACK, "interval=week", {"period": "week"}, ()),
        (BACK, "interval=day", {"period": "day", "periods": 14}, ()),
        (BACK, "interval=quarter", {"period": "day", "periods": 14}, ("interval",)),
        (BACK, "compare=year", {"period": "day", "periods": 14}, ("compare",)),
        (BACK | {"brackets": [1, 3]}, "interval=week", {"period": "day", "brackets": [1, 3]}, ("interval",)),
        (BACK | {"clock": "rolling"}, "interval=month", {"period": "month", "clock": "rolling"}, ()),
        (STEPS, "compare=none", {}, ()),
    ],
)
def test_each_kind_follows_what_it_can_and_names_the_rest(
    spec: dict[str, object], query: str, asked: dict[str, object], left: tuple[str, ...]
) -> None:
    bar = bar_of(QueryDict(query))
    found = applied(spec, bar)
    assert {name: found.get(name) for name in asked} == asked
    assert left_out(spec, bar) == left


def test_columns_counted_in_another_length_are_not_kept() -> None:
    assert "periods" not in applied(BACK, bar_of(QueryDict("interval=month")))


@pytest.mark.parametrize(
    ("query", "rate", "left"),
    [
        ("range=last-7-day&interval=week&compare=year", False, ()),
        ("interval=week&compare=year", False, ("interval", "compare")),
        ("range=last-7-day&interval=week&compare=year", True, ("range", "interval", "compare")),
        ("compare=none", True, ()),
    ],
)
def test_a_metric_names_what_it_does_not_follow(query: str, rate: bool, left: tuple[str, ...]) -> None:
    assert left_out_of_metric(bar_of(QueryDict(query)), rate=rate) == left


def test_what_is_not_understood_is_left_out() -> None:
    bar = bar_of(QueryDict("range=drop-table&f0.property=&f1.property=x&f1.operator=exact"))
    assert bar.span is None
    assert bar.empty


def test_rows_of_conditions_come_and_go() -> None:
    bar = edited(bar_of(QueryDict(UK)), "add-f")
    assert len(bar.filters) == 2
    assert len(edited(bar, "drop-f0").filters) == 1
    assert edited(bar, "drop-f9") == bar


@pytest.mark.parametrize("query", ["from=2026-03-05&to=2026-03-01", "from=soon"])
def test_a_range_that_cannot_be_looked_at_says_so(query: str) -> None:
    with pytest.raises(InvalidInput):
        bar_of(QueryDict(query)).check()
