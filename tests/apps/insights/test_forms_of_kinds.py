"""The forms of funnels and retention: address, question, and what their buttons do."""

from typing import Any

import pytest
from django.http import QueryDict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from yunying.apps.insights.kinds.fields import field_id
from yunying.apps.insights.kinds.form import Placed, address_of, edited
from yunying.apps.insights.kinds.funnel.form import ExclusionRow, FunnelForm, HeldRow, StepRow
from yunying.apps.insights.kinds.retention.form import RetentionForm
from yunying.apps.insights.kinds.rows import BreakdownRow, EventRow, FilterRow, form_in
from yunying.apps.insights.kinds.trends.form import SeriesRow, TrendsForm
from yunying.engine import parse

names = st.sampled_from(["visit", "sign up", "下单", "a'b\"c", "x&y=z", "100%", "🙂"])
filters = st.builds(FilterRow, of=st.sampled_from(["event", "person"]), property=names, values=st.tuples(names))
groups = st.lists(filters, max_size=2).map(tuple)
events = st.builds(EventRow, event=names, filters=groups)
steps = st.builds(
    StepRow, label=names | st.just(""), optional=st.just(""), events=st.lists(events, min_size=1, max_size=2).map(tuple)
)
funnels = st.builds(
    FunnelForm,
    steps=st.lists(steps, min_size=2, max_size=4).map(tuple),
    exclusions=st.lists(st.builds(ExclusionRow, event=names), max_size=1).map(tuple),
    hold=st.lists(st.builds(HeldRow, property=names), max_size=1).map(tuple),
    filters=groups,
    breakdown=st.lists(st.builds(BreakdownRow, property=names), max_size=1).map(tuple),
    order=st.sampled_from(["ordered", "strict"]),
    window_count=st.sampled_from(["14", "3"]),
    window_unit=st.sampled_from(["day", "hour"]),
    within_range=st.sampled_from(["", "1"]),
    display=st.sampled_from(["steps", "times", "over_time"]),
)
retentions = st.builds(
    RetentionForm,
    start=events,
    back=events,
    period=st.sampled_from(["day", "week", "month"]),
    mode=st.sampled_from(["recurring", "first_time", "first_ever"]),
    on_or_after=st.sampled_from(["", "1"]),
    minimum=st.sampled_from(["1", "2"]),
    brackets=st.sampled_from(["", "1, 3, 5"]),
    measure=st.just("sum"),
    property=names,
    display=st.sampled_from(["table", "curve"]),
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(funnels | retentions)
def test_the_address_keeps_the_whole_form(form: Any) -> None:
    assert form_in(QueryDict(address_of(form)), type(form)) == form


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(funnels | retentions)
def test_the_engine_reads_the_question_and_the_form_shows_what_it_read(form: Any) -> None:
    asked = parse(form.to_spec()).to_json()
    again = type(form).of_spec(asked)
    assert parse(again.to_spec()).to_json() == asked


FUNNEL = FunnelForm(steps=(StepRow(label="1"), StepRow(label="2"), StepRow(label="3")))


def labels(form: FunnelForm) -> str:
    return "".join(step.label for step in form.steps)


@pytest.mark.parametrize(
    ("action", "order"),
    [
        ("up-t1", "213"),
        ("down-t1", "132"),
        ("move-t0-2", "231"),
        ("move-t2-0", "312"),
        ("copy-t1", "1223"),
        ("drop-t1", "13"),
        ("up-t0", "123"),
        ("down-t2", "123"),
        ("move-t0-9", "123"),
        ("move-t0-x", "123"),
        ("copy-t9", "123"),
        ("up-t", "123"),
    ],
)
def test_steps_move_double_and_go(action: str, order: str) -> None:
    assert labels(edited(FUNNEL, action)) == order


def test_a_funnel_keeps_two_steps_and_a_step_one_event() -> None:
    two = edited(FUNNEL, "drop-t0")
    assert edited(two, "drop-t0") == two
    more = edited(two, "add-t0.e")
    assert len(more.steps[0].events) == 2
    assert len(edited(edited(more, "drop-t0.e0"), "drop-t0.e0").steps[0].events) == 1


def test_no_button_adds_more_steps_than_a_funnel_may_have() -> None:
    form = FUNNEL
    for _ in range(40):
        form = edited(form, "add-t")
    assert len(form.steps) == 20
    assert edited(form, "copy-t0") == form


def test_forty_steps_in_an_address_are_all_kept_for_the_engine_to_refuse() -> None:
    address = "&".join(f"t{index}.e0.event=a" for index in range(40))
    assert len(form_in(QueryDict(address), FunnelForm).steps) == 40


def test_conditions_can_stand_at_the_event_they_come_back_with() -> None:
    form = edited(RetentionForm(), "add-return.f")
    assert len(form.back.filters) == 1
    assert form.start.filters == ()


def test_a_cohort_is_a_condition_and_a_breakdown() -> None:
    form = TrendsForm(
        filters=(FilterRow("cohort", "", "in_cohort", ("12",)),),
        breakdown=(BreakdownRow("cohort", "3"), BreakdownRow("cohort", "4")),
    )
    spec = form.to_spec()
    assert spec["filters"]["items"] == [{"of": "person", "operator": "in_cohort", "values": [12]}]
    assert spec["breakdown"] == [{"of": "cohort", "cohort": 3}, {"of": "cohort", "cohort": 4}]
    again = TrendsForm.of_spec(parse(spec).to_json())
    assert (again.filters, again.breakdown) == (form.filters, form.breakdown)


def test_choosing_another_side_keeps_no_operator_of_the_old_one() -> None:
    assert FilterRow("cohort", "plan", "contains", ("12",)).to_spec()["operator"] == "in_cohort"
    assert FilterRow("person", "plan", "in_cohort", ("12",)).to_spec()["operator"] == "exact"


@pytest.mark.parametrize(
    ("form", "path", "field"),
    [
        (TrendsForm(series=(SeriesRow(), SeriesRow())), "series.1.property", "s1-property"),
        (TrendsForm(), "range.to", "to"),
        (TrendsForm(), "range.last", "range-last"),
        (TrendsForm(), "moving_average", "smooth"),
        (TrendsForm(), "breakdown_limit", "limit"),
        (
            TrendsForm(filters=(FilterRow(), FilterRow("event", "path", "regex", ("(",)))),
            "filters.items.0.values.0",
            "f1-v0",
        ),
        (FUNNEL, "steps", "t2-e0-event"),
        (FUNNEL, "steps.1.events.0.event", "t1-e0-event"),
        (FUNNEL, "window.count", "window-count"),
        (FunnelForm(exclusions=(ExclusionRow("leave"),)), "exclusions.0.to", "x0-to"),
        (RetentionForm(), "return.event", "return-event"),
        (RetentionForm(), "brackets.2", "brackets"),
        (RetentionForm(), "value.property", "value-property"),
    ],
)
def test_an_error_of_the_engine_finds_its_field(form: Any, path: str, field: str) -> None:
    assert field_id(form, path) == field


def test_a_row_knows_where_it_stands() -> None:
    step = Placed(FUNNEL).steps[1]
    assert (step.at, step.id, step.path, step.number, step.first, step.last) == ("t1.", "t1-", "t1", 2, False, False)
    assert step.events[0].at == "t1.e0."
