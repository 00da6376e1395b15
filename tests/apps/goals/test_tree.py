from datetime import date
from typing import Any

import pytest

from tests.conftest import Cast
from yunying.apps.goals.models import Goal, KeyResult, Level
from yunying.apps.goals.progress import Standing
from yunying.apps.goals.selectors import card_for, cards, forest, top_cards
from yunying.apps.goals.services import add_key_result, close_goal, create_goal, move_goal, update_goal
from yunying.apps.insights.models import Metric
from yunying.base.actor import Actor, ActorKind
from yunying.base.errors import InvalidInput, NotFound
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.models import Organisation, Product

pytestmark = pytest.mark.usefixtures("clock")
Q1 = {"start": date(2026, 1, 1), "due": date(2026, 3, 31)}


def stood(key_result: KeyResult, value: float, on: date = date(2026, 3, 4)) -> KeyResult:
    """The key result with this newest reading."""
    KeyResult.objects.filter(pk=key_result.pk).update(value=value, read_on=on)
    return key_result


@pytest.fixture
def sister(people: Cast) -> ProductAccess:
    """Ada's access to another product of the same organisation."""
    product = Product.objects.create(
        pk=900_001, organisation=people.organisation, slug="cups", name="Cups", timezone="Asia/Shanghai"
    )
    access = people.access("ada")
    return ProductAccess(product, access.actor, access.permissions)


def test_progress_is_the_mean_of_the_parts_by_weight(access: ProductAccess, goal: Goal, orders: Metric) -> None:
    stood(add_key_result(access=access, goal=goal, metric_id=orders.pk, baseline=0, target=10, weight=3), 10)
    stood(add_key_result(access=access, goal=goal, metric_id=orders.pk, baseline=0, target=10), 2)
    card = card_for(access, goal)
    assert card.progress == pytest.approx((3 * 1 + 1 * 0.2) / 4)
    assert [part.share for part in card.parts] == [0.75, 0.25]
    assert sum(part.points or 0 for part in card.parts) == pytest.approx(card.progress)


def test_a_goal_below_brings_its_progress_unless_it_does_not_count(
    access: ProductAccess, goal: Goal, orders: Metric
) -> None:
    below = create_goal(access=access, title="Below", parent_id=goal.pk, weight=2, **Q1)
    aside = create_goal(access=access, title="Aside", parent_id=goal.pk, counts=False, **Q1)
    stood(add_key_result(access=access, goal=below, metric_id=orders.pk, baseline=0, target=10), 9)
    stood(add_key_result(access=access, goal=aside, metric_id=orders.pk, baseline=0, target=10), 0)
    card = card_for(access, goal)
    assert card.progress == pytest.approx(0.9)
    assert [part.name for part in card.parts] == ["Below"]
    assert {child.goal.title for child in card.children} == {"Below", "Aside"}


def test_a_part_without_a_reading_is_left_out_with_its_weight(
    access: ProductAccess, goal: Goal, orders: Metric
) -> None:
    stood(add_key_result(access=access, goal=goal, metric_id=orders.pk, baseline=0, target=10), 5)
    add_key_result(access=access, goal=goal, metric_id=orders.pk, baseline=0, target=20, weight=9)
    card = card_for(access, goal)
    assert card.progress == 0.5
    assert [part.share for part in card.parts] == [1.0, None]


def test_the_worst_part_decides_and_the_reason_names_it(access: ProductAccess, goal: Goal, orders: Metric) -> None:
    good = add_key_result(access=access, goal=goal, metric_id=orders.pk, baseline=0, target=10, name="Good")
    bad = add_key_result(access=access, goal=goal, metric_id=orders.pk, baseline=0, target=100, name="Bad")
    stood(good, 10)
    stood(bad, 5)
    card = card_for(access, goal)
    assert card.standing == Standing.OFF_TRACK
    assert card.reason == ("“Bad” decides. 5% of the way after 70% of the time: 65 points behind the straight line.")


def test_a_goal_below_can_decide(access: ProductAccess, goal: Goal, orders: Metric) -> None:
    below = create_goal(access=access, title="Below", parent_id=goal.pk, **Q1)
    stood(add_key_result(access=access, goal=below, metric_id=orders.pk, baseline=0, target=100), 5)
    card = card_for(access, goal)
    assert (card.standing, card.reason) == (
        Standing.OFF_TRACK,
        "The goal “Below” below it decides: Off track.",
    )


def test_a_dropped_goal_below_does_not_count_and_a_closed_one_brings_its_score(
    access: ProductAccess, goal: Goal
) -> None:
    done = create_goal(access=access, title="Done", parent_id=goal.pk, **Q1)
    gone = create_goal(access=access, title="Gone", parent_id=goal.pk, **Q1)
    close_goal(access=access, goal=done, status="partly", outcome="Most of it.", score=0.7)
    close_goal(access=access, goal=gone, status="dropped", outcome="Other plans.")
    card = card_for(access, goal)
    assert card.progress == 0.7
    assert [part.name for part in card.parts] == ["Done"]


def test_a_broken_guardrail_puts_the_goal_at_risk_and_says_why(
    access: ProductAccess, goal: Goal, orders: Metric
) -> None:
    stood(add_key_result(access=access, goal=goal, metric_id=orders.pk, baseline=0, target=10), 10)
    rail = add_key_result(
        access=access, goal=goal, metric_id=orders.pk, shape="above", low=100, guardrail=True, name="Margin"
    )
    KeyResult.objects.filter(pk=rail.pk).update(value=80, read_on=date(2026, 3, 4), inside=3, counted=5)
    card = card_for(access, goal)
    assert card.standing == Standing.AT_RISK
    assert card.reason == (
        "The guardrail “Margin” does not hold. It is 20% below its limit; 3 of 5 readings were within."
    )
    assert card.progress == 1.0
    assert [item.key_result.pk for item in card.guardrails] == [rail.pk]


def test_a_guardrail_that_holds_changes_nothing(access: ProductAccess, goal: Goal, orders: Metric) -> None:
    stood(add_key_result(access=access, goal=goal, metric_id=orders.pk, baseline=0, target=10), 10)
    rail = add_key_result(access=access, goal=goal, metric_id=orders.pk, shape="below", high=100, guardrail=True)
    KeyResult.objects.filter(pk=rail.pk).update(value=80, read_on=date(2026, 3, 4), inside=5, counted=5)
    assert card_for(access, goal).standing == Standing.REACHED


def test_goals_go_from_wide_to_narrow_only(access: ProductAccess, goal: Goal) -> None:
    company = create_goal(access=access, title="Company", level=Level.COMPANY, **Q1)
    team = create_goal(access=access, title="Team", level=Level.TEAM, team="Growth", parent_id=goal.pk, **Q1)
    move_goal(access=access, goal=goal, version=1, parent_id=company.pk)
    with pytest.raises(InvalidInput, match=r"goal\.level"):
        update_goal(access=access, goal=company, version=1, level=Level.TEAM)
    with pytest.raises(InvalidInput, match=r"goal\.level") as caught:
        create_goal(access=access, title="Wide", level=Level.PRODUCT, parent_id=team.pk, **Q1)
    assert caught.value.field == "parent"


def test_a_goal_cannot_be_moved_below_itself_across_levels(access: ProductAccess, goal: Goal) -> None:
    below = create_goal(access=access, title="Below", parent_id=goal.pk, **Q1)
    with pytest.raises(InvalidInput) as caught:
        move_goal(access=access, goal=goal, version=1, parent_id=below.pk)
    assert (caught.value.code, caught.value.field) == ("goal.circle", "parent")


def test_products_of_one_organisation_may_serve_its_company_goals(
    access: ProductAccess, sister: ProductAccess, goal: Goal, orders: Metric
) -> None:
    company = create_goal(access=access, title="Grow", level=Level.COMPANY, **Q1)
    theirs = create_goal(access=sister, title="Sell cups", parent_id=company.pk, **Q1)
    stood(add_key_result(access=access, goal=goal, metric_id=orders.pk, baseline=0, target=10), 5)
    cups = Metric.objects.create(product=sister.product, name="Cups", question=orders.question, window="total")
    stood(add_key_result(access=sister, goal=theirs, metric_id=cups.pk, baseline=0, target=10), 8)
    move_goal(access=access, goal=goal, version=1, parent_id=company.pk)
    assert card_for(access, company).progress == pytest.approx((0.5 + 0.8) / 2)
    assert [card.goal.title for card in cards(sister)] == ["Sell cups"]
    roots = forest(sister).branches(sister)
    assert [(branch.card.goal.title, branch.foreign) for branch in roots] == [("Grow", True)]


def test_a_product_goal_of_another_product_cannot_be_served(
    access: ProductAccess, sister: ProductAccess, goal: Goal
) -> None:
    with pytest.raises(NotFound):
        create_goal(access=sister, title="Sell cups", parent_id=goal.pk, **Q1)


def test_a_company_goal_of_another_organisation_is_absent(people: Cast, access: ProductAccess) -> None:
    company = create_goal(access=access, title="Grow", level=Level.COMPANY, **Q1)
    with pytest.raises(NotFound):
        create_goal(access=people.access("dee"), title="Mine", parent_id=company.pk, **Q1)


def test_an_api_key_sees_the_goals_of_its_own_product_only(access: ProductAccess, sister: ProductAccess) -> None:
    company = create_goal(access=access, title="Grow", level=Level.COMPANY, **Q1)
    create_goal(access=sister, title="Sell cups", parent_id=company.pk, **Q1)
    key = ProductAccess(sister.product, Actor(ActorKind.API_KEY, 1, "Robot"), frozenset(Permission))
    found = forest(key).branches(key)
    assert [branch.card.goal.title for root in found for branch in root.all()] in ([], ["Sell cups"])
    assert not any(branch.foreign for root in found for branch in root.all())
    with pytest.raises(NotFound):
        create_goal(access=key, title="By key", parent_id=company.pk, **Q1)


def test_today_shows_the_top_of_the_tree(access: ProductAccess, goal: Goal) -> None:
    company = create_goal(access=access, title="Grow", level=Level.COMPANY, **Q1)
    move_goal(access=access, goal=goal, version=1, parent_id=company.pk)
    assert [card.goal.title for card in top_cards(access)] == ["Grow"]


def test_a_circle_that_got_into_the_database_is_still_drawn(access: ProductAccess, goal: Goal) -> None:
    below = create_goal(access=access, title="Below", parent_id=goal.pk, **Q1)
    Goal.objects.filter(pk=goal.pk).update(parent=below)
    assert {card.goal.title for card in cards(access)} == {"Sell more tea", "Below"}


@pytest.mark.parametrize("weight", [0, -1, float("nan"), float("inf"), 1e9])
def test_a_weight_is_above_zero_and_bearable(access: ProductAccess, goal: Goal, orders: Metric, weight: float) -> None:
    with pytest.raises(InvalidInput) as caught:
        create_goal(access=access, title="Tea", weight=weight, **Q1)
    assert caught.value.field == "weight"
    with pytest.raises(InvalidInput):
        add_key_result(access=access, goal=goal, metric_id=orders.pk, baseline=0, target=1, weight=weight)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"shape": "above"}, "low"),
        ({"shape": "below", "high": float("nan")}, "high"),
        ({"shape": "between", "low": 5, "high": 5}, "high"),
        ({"shape": "between", "low": 9, "high": 5}, "high"),
        ({"shape": "sideways"}, "shape"),
        ({"shape": "above", "low": 1e300}, "low"),
        ({"guardrail": True, "baseline": 0, "target": 1}, "shape"),
        ({"baseline": 0, "target": 1e16}, "target"),
        ({"baseline": 1e6, "target": 1e6 + 1e-5}, "target"),
        ({"baseline": 0}, "target"),
        ({"baseline": 0, "target": 1, "at_risk_lag": 2}, "at_risk_lag"),
        ({"baseline": 0, "target": 1, "on_track_lag": 0.3, "at_risk_lag": 0.1}, "at_risk_lag"),
    ],
)
def test_impossible_limits_say_what_to_change(
    access: ProductAccess, goal: Goal, orders: Metric, values: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        add_key_result(access=access, goal=goal, metric_id=orders.pk, **values)
    assert caught.value.field == field
    assert not KeyResult.objects.exists()


def test_its_own_limits_decide_what_is_on_track(access: ProductAccess, goal: Goal, orders: Metric) -> None:
    strict = add_key_result(
        access=access, goal=goal, metric_id=orders.pk, baseline=0, target=100, on_track_lag=0, at_risk_lag=0.01
    )
    stood(strict, 68)  # 70 % of the time is over: two points behind.
    assert card_for(access, goal).standing == Standing.OFF_TRACK
    KeyResult.objects.filter(pk=strict.pk).update(on_track_lag=None, at_risk_lag=None)
    assert card_for(access, goal).standing == Standing.ON_TRACK


def test_an_organisation_does_not_see_another_ones_goals(people: Cast, goal: Goal) -> None:
    assert Organisation.objects.count() == 2
    assert forest(people.access("dee")).cards == {}
