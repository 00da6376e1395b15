from typing import Any

import pytest
from django.http import QueryDict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from yunying.apps.insights.kinds.form import address_of, edited
from yunying.apps.insights.kinds.rows import BreakdownRow, FilterRow, Unshowable, form_in
from yunying.apps.insights.kinds.trends.form import SeriesRow, TrendsForm

words = st.text(min_size=1, max_size=12).map(str.strip).filter(bool)
filters = st.builds(
    FilterRow,
    of=st.sampled_from(["event", "person", "account"]),
    property=words,
    operator=st.sampled_from(["exact", "is_not", "contains"]),
    values=st.lists(words, min_size=1, max_size=3).map(tuple),
)
groups = st.lists(filters, max_size=3).map(tuple)
series = st.builds(
    SeriesRow,
    event=words | st.just(""),
    label=words | st.just(""),
    measure=st.just("sum"),
    property=words,
    match=st.just("and"),
    filters=groups,
)
builders = st.builds(
    TrendsForm,
    series=st.lists(series, min_size=1, max_size=4).map(tuple),
    range=st.sampled_from(["last-7-day", "last-12-month", "last-4-week-whole"]),
    interval=st.sampled_from(["hour", "day", "month"]),
    filters=groups,
    breakdown=st.lists(st.builds(BreakdownRow, property=words), max_size=3).map(tuple),
    formula=st.sampled_from(["", "A/B"]),
    compare=st.sampled_from(["", "previous", "year"]),
    display=st.sampled_from(["series", "total", "cumulative"]),
    smooth=st.sampled_from(["", "7"]),
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(builders)
def test_the_address_keeps_the_whole_state(builder: TrendsForm) -> None:
    assert form_in(QueryDict(address_of(builder)), TrendsForm) == builder


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(builders)
def test_a_saved_question_opens_as_it_was_asked(builder: TrendsForm) -> None:
    opened = TrendsForm.of_spec(builder.to_spec())
    assert opened is not None
    assert opened.to_spec() == builder.to_spec()


def test_an_empty_address_asks_for_all_events_of_thirty_days() -> None:
    spec = form_in(QueryDict(""), TrendsForm).to_spec()
    assert spec["range"] == {"last": 30, "unit": "day"}
    assert spec["series"] == [{"event": None, "measure": "count"}]


def test_defaults_do_not_clutter_the_address() -> None:
    assert address_of(TrendsForm(series=(SeriesRow(event="order"),))) == "s0.event=order&s0.measure=count"


def test_custom_dates_are_read_and_kept() -> None:
    builder = form_in(QueryDict("range=custom&from=2011-01-01&to=2011-03-31"), TrendsForm)
    assert builder.to_spec()["range"] == {"from": "2011-01-01", "to": "2011-03-31"}
    assert form_in(QueryDict(address_of(builder)), TrendsForm) == builder


def test_rows_that_are_not_filled_in_are_not_asked() -> None:
    builder = form_in(
        QueryDict("f0.property=country&f0.operator=exact&f1.property=&f1.operator=exact&b0.property="), TrendsForm
    )
    assert "filters" not in builder.to_spec()
    assert "breakdown" not in builder.to_spec()
    assert len(builder.filters) == 2


def test_nested_conditions_cannot_be_shown_by_the_form() -> None:
    nested: dict[str, Any] = {
        "kind": "trends",
        "series": [{"event": "order", "measure": "count"}],
        "filters": {"op": "and", "items": [{"op": "or", "items": []}]},
    }
    with pytest.raises(Unshowable):
        TrendsForm.of_spec(nested)


@pytest.mark.parametrize(
    ("operator", "values", "inputs"),
    [
        ("exact", ("a", "b"), ("a", "b", "")),
        ("is_set", ("a",), ()),
        ("gt", (), ("",)),
        ("between", ("1",), ("1", "")),
        ("gt", ("1", "2"), ("1",)),
    ],
)
def test_a_condition_shows_as_many_fields_as_it_takes_values(
    operator: str, values: tuple[str, ...], inputs: tuple[str, ...]
) -> None:
    assert FilterRow("event", "x", operator, values).inputs() == inputs


def test_buttons_add_and_remove_rows() -> None:
    builder = edited(edited(TrendsForm(), "add-s"), "add-s1.f")
    assert [len(row.filters) for row in builder.series] == [0, 1]
    assert edited(builder, "drop-s1.f0").series[1].filters == ()
    assert len(edited(builder, "drop-s0").series) == 1
    assert len(edited(edited(builder, "add-f"), "add-b").breakdown) == 1


@pytest.mark.parametrize("action", ["", "drop-s9", "drop-f3", "add", "drop-s0.f5", "add-sx.f", "-", "drop-b-1"])
def test_a_button_that_names_nothing_changes_nothing(action: str) -> None:
    assert edited(TrendsForm(), action) == TrendsForm()


def test_the_last_series_stays() -> None:
    assert edited(TrendsForm(), "drop-s0") == TrendsForm()
