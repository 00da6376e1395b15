"""The builder's form: what it shows is what it asks."""

from typing import Any

import pytest
from django.http import QueryDict

from yunying.apps.insights.cohorts.form import CohortForm
from yunying.apps.insights.kinds.form import address_of, edited, read
from yunying.apps.insights.kinds.rows import Unshowable
from yunying.engine import cohorts as engine

DID = {"kind": "did", "event": "order"}
EVERY: list[dict[str, Any]] = [
    DID,
    DID | {"not": True, "within": {"last": 7, "unit": "day"}},
    DID | {"times": {"op": "lte", "count": 3}, "within": {"since": "2026-01-01"}},
    DID | {"event": None, "within": {"last": 2, "unit": "month", "whole": True}},
    DID | {"filters": {"op": "or", "items": [{"of": "event", "property": "a", "operator": "gt", "values": [20]}]}},
    DID | {"filters": {"op": "and", "items": [{"of": "person", "operator": "in_cohort", "values": [3]}]}},
    {"kind": "first_time", "event": "order", "within": {"last": 1, "unit": "week"}},
    {"kind": "first_time", "event": "order"},
    {
        "kind": "stopped",
        "event": "o",
        "within": {"last": 3, "unit": "month"},
        "absent": {"last": 1, "unit": "week"},
    },
    {"kind": "regularly", "event": "order", "at_least": 3, "of": 4, "unit": "week"},
    {"kind": "property", "of": "account", "property": "plan", "operator": "exact", "values": ["pro", "plus"]},
    {"kind": "property", "of": "person", "property": "plan", "operator": "is_set"},
    {"kind": "cohort", "cohort": 12},
    {"kind": "cohort", "cohort": 12, "not": True},
]


def through_the_form(definition: dict[str, Any]) -> dict[str, Any]:
    """The definition after it was shown, put into an address and read back."""
    form = CohortForm.of_spec(engine.parse(definition).to_json())
    again = read(QueryDict(address_of(form)), CohortForm)
    assert again == form
    return engine.parse(again.to_spec()).to_json()


@pytest.mark.parametrize("item", EVERY, ids=lambda item: str(item["kind"]))
def test_every_condition_goes_through_the_form_unchanged(item: dict[str, Any]) -> None:
    definition = {"op": "and", "items": [item]}
    assert through_the_form(definition) == engine.parse(definition).to_json()


def test_groups_go_through_the_form_unchanged() -> None:
    definition = {
        "op": "or",
        "items": [{"op": "and", "items": EVERY[:3]}, {"op": "or", "not": True, "items": EVERY[5:8]}],
    }
    assert through_the_form(definition) == engine.parse(definition).to_json()


def test_deeper_groups_are_left_to_their_json() -> None:
    inner = {"op": "or", "items": [{"op": "and", "items": [DID]}]}
    with pytest.raises(Unshowable):
        CohortForm.of_spec({"op": "and", "items": [inner]})


def test_rows_are_added_moved_and_removed_and_empty_ones_ask_nothing() -> None:
    form = edited(edited(CohortForm(), "add-g0.c"), "add-g")
    assert [len(group.conditions) for group in form.groups] == [2, 1]
    one = read(QueryDict("g0.c0.kind=property&g0.c1.kind=in&g0.c1.cohort=4"), CohortForm)
    assert one.to_spec() == {"op": "and", "items": [{"kind": "cohort", "cohort": 4}]}
    moved = edited(one, "up-g0.c1")
    assert [row.kind for row in moved.groups[0].conditions] == ["in", "property"]
    assert [row.kind for row in edited(moved, "drop-g0.c0").groups[0].conditions] == ["property"]
    assert not CohortForm().begun
