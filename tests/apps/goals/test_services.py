from datetime import date
from typing import Any

import pytest

from tests.conftest import Cast
from yunying.apps.goals.access import goal_for, key_result_for
from yunying.apps.goals.models import Goal, KeyResult
from yunying.apps.goals.services import (
    add_key_result,
    close_goal,
    create_goal,
    delete_goal,
    remove_key_result,
    reopen_goal,
    update_goal,
    update_key_result,
)
from yunying.apps.insights.models import Metric
from yunying.base.errors import Conflict, InvalidInput, NotAllowed, NotFound
from yunying.platform.audit.models import Entry
from yunying.platform.products.access import ProductAccess

Q1 = {"start": date(2026, 1, 1), "due": date(2026, 3, 31)}


def test_a_new_goal_is_open_and_belongs_to_its_maker(people: Cast, access: ProductAccess) -> None:
    goal = create_goal(access=access, title="  Sell more tea ", why="Growth", **Q1)
    assert (goal.title, goal.status, goal.owner_id) == ("Sell more tea", "open", people.ada.pk)
    entry = Entry.objects.get(verb="goal.created")
    assert (entry.product_id, entry.target_name) == (people.product.pk, "Sell more tea")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": " "}, "title"),
        ({"title": "x" * 161}, "title"),
        ({"due": date(2025, 12, 31)}, "due"),
        ({"why": "x" * 5001}, "why"),
        ({"due": date(9999, 12, 31)}, "due"),
        ({"start": date(1, 1, 1)}, "start"),
        ({"due": date(2040, 1, 1)}, "due"),
        ({"level": "galaxy"}, "level"),
        ({"rhythm": "hourly"}, "rhythm"),
        ({"rhythm_day": 8}, "rhythm_day"),
    ],
)
def test_impossible_goals_say_which_field_to_change(access: ProductAccess, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        create_goal(access=access, **{"title": "Tea", **Q1, **changes})
    assert caught.value.field == field
    assert not Goal.objects.exists()


def test_a_viewer_cannot_make_change_or_close_a_goal(people: Cast, goal: Goal) -> None:
    chen = people.access("chen")
    with pytest.raises(NotAllowed):
        create_goal(access=chen, title="Mine", **Q1)
    with pytest.raises(NotAllowed):
        update_goal(access=chen, goal=goal, version=1, title="Mine")
    with pytest.raises(NotAllowed):
        close_goal(access=chen, goal=goal, status="achieved", outcome="Done")
    with pytest.raises(NotAllowed):
        delete_goal(access=chen, goal=goal)


def test_another_products_goal_looks_absent(people: Cast, goal: Goal, key_result: KeyResult) -> None:
    dee = people.access("dee")
    with pytest.raises(NotFound):
        goal_for(dee, goal.pk)
    with pytest.raises(NotFound):
        key_result_for(dee, key_result.pk)
    with pytest.raises(NotFound):
        create_goal(access=dee, title="Theirs", parent_id=goal.pk, **Q1)


def test_another_products_metric_cannot_be_bound(people: Cast, orders: Metric) -> None:
    dee = people.access("dee")
    theirs = create_goal(access=dee, title="Theirs", **Q1)
    with pytest.raises(NotFound):
        add_key_result(access=dee, goal=theirs, metric_id=orders.pk, baseline=0, target=1)


def test_the_second_of_two_editors_is_told_and_overwrites_nothing(access: ProductAccess, goal: Goal) -> None:
    seen_by_second = goal_for(access, goal.pk)
    update_goal(access=access, goal=goal, version=1, title="Sell green tea")
    with pytest.raises(Conflict):
        update_goal(access=access, goal=seen_by_second, version=1, title="Sell black tea")
    assert Goal.objects.get().title == "Sell green tea"


def test_a_goal_cannot_serve_itself_or_a_goal_below_it(access: ProductAccess, goal: Goal) -> None:
    below = create_goal(access=access, title="Below", parent_id=goal.pk, **Q1)
    lowest = create_goal(access=access, title="Lowest", parent_id=below.pk, **Q1)
    for parent in (goal, below, lowest):
        with pytest.raises(InvalidInput, match=r"goal\.circle"):
            update_goal(access=access, goal=goal, version=1, parent_id=parent.pk)


def test_the_owner_must_belong_to_the_organisation(people: Cast, access: ProductAccess) -> None:
    assert create_goal(access=access, title="Tea", owner_id=people.bo.pk, **Q1).owner_id == people.bo.pk
    with pytest.raises(InvalidInput) as caught:
        create_goal(access=access, title="Tea", owner_id=people.dee.pk, **Q1)
    assert caught.value.field == "owner"


def test_closing_wants_an_outcome_and_happens_once(access: ProductAccess, goal: Goal) -> None:
    with pytest.raises(InvalidInput) as caught:
        close_goal(access=access, goal=goal, status="achieved", outcome="  ")
    assert caught.value.field == "outcome"
    close_goal(access=access, goal=goal, status="achieved", outcome="The spring campaign did it.")
    with pytest.raises(Conflict):
        close_goal(access=access, goal=goal, status="missed", outcome="No.")
    kept = Goal.objects.get()
    assert (kept.status, kept.outcome) == ("achieved", "The spring campaign did it.")
    assert kept.closed_at is not None


def test_a_closed_goal_can_be_reopened_and_is_frozen_until_then(access: ProductAccess, key_result: KeyResult) -> None:
    goal = close_goal(access=access, goal=key_result.goal, status="dropped", outcome="Other plans.")
    with pytest.raises(Conflict):
        update_key_result(access=access, key_result=key_result, version=1, target=50)
    with pytest.raises(Conflict):
        remove_key_result(access=access, key_result=key_result)
    reopen_goal(access=access, goal=goal, reason="Closed too early.")
    assert update_key_result(access=access, key_result=key_result, version=1, target=50).target == 50


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"target": 0}, "key_result.no_change", "target"),
        ({"target": -5}, "key_result.direction", "target"),
        ({"target": float("inf")}, "key_result.number", "target"),
        ({"start": date(2026, 3, 1), "due": date(2026, 2, 1)}, "goal.period", "due"),
        ({"due": date(2026, 4, 1)}, "key_result.period", "due"),
        ({"start": date(2025, 12, 1)}, "key_result.period", "start"),
    ],
)
def test_impossible_key_results_say_what_to_change(
    access: ProductAccess, goal: Goal, orders: Metric, changes: dict[str, Any], code: str, field: str
) -> None:
    values: dict[str, Any] = {"baseline": 0, "target": 100} | changes
    with pytest.raises(InvalidInput) as caught:
        add_key_result(access=access, goal=goal, metric_id=orders.pk, **values)
    assert (caught.value.code, caught.value.field) == (code, field)


def test_of_a_metric_where_less_is_better_the_target_lies_below(access: ProductAccess, goal: Goal) -> None:
    refunds = Metric.objects.create(product=access.product, name="Refunds", question={}, direction="down")
    assert add_key_result(access=access, goal=goal, metric_id=refunds.pk, baseline=40, target=20).pk
    with pytest.raises(InvalidInput, match=r"key_result\.direction"):
        add_key_result(access=access, goal=goal, metric_id=refunds.pk, baseline=40, target=60)


def test_a_goal_cannot_shrink_away_from_its_key_results(access: ProductAccess, key_result: KeyResult) -> None:
    with pytest.raises(InvalidInput, match=r"goal\.key_result_outside"):
        update_goal(access=access, goal=key_result.goal, version=1, due=date(2026, 2, 28))


def test_deleting_a_goal_keeps_those_below_it(access: ProductAccess, goal: Goal) -> None:
    below = create_goal(access=access, title="Below", parent_id=goal.pk, **Q1)
    delete_goal(access=access, goal=goal)
    assert list(Goal.objects.values_list("pk", "parent_id")) == [(below.pk, None)]
    assert Entry.objects.filter(verb="goal.deleted", target_name="Sell more tea").exists()
