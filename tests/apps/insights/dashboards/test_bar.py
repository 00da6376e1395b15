import pytest
from django.http import QueryDict

from yunying.apps.insights.dashboards.bar import applied, bar_of, edited
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


def test_a_kind_takes_only_what_it_knows() -> None:
    asked = applied(
        {"kind": "retention", "range": {"last": 1, "unit": "day"}}, bar_of(QueryDict("interval=week&compare=year"))
    )
    assert set(asked) == {"kind", "range"}


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
