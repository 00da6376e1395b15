from datetime import date

import pytest
from django.test import Client

from tests.conftest import Cast
from yunying.apps.goals.cycles import cycle_cards, proposed
from yunying.apps.goals.models import Cycle, Goal, KeyResult
from yunying.apps.goals.services import (
    add_key_result,
    carry_over,
    close_cycle,
    close_goal,
    create_cycle,
    create_goal,
    delete_cycle,
    reopen_cycle,
    reopen_goal,
    update_cycle,
    update_goal,
)
from yunying.apps.goals.services.cycles import Decision
from yunying.apps.insights.models import Metric
from yunying.base.errors import Conflict, InvalidInput, NotFound
from yunying.platform.products.access import ProductAccess

pytestmark = pytest.mark.usefixtures("clock")
Q1 = {"start": date(2026, 1, 1), "due": date(2026, 3, 31)}
Q2 = {"start": date(2026, 4, 1), "due": date(2026, 6, 30)}


@pytest.fixture
def first(access: ProductAccess) -> Cycle:
    return create_cycle(access=access, name="2026 Q1", **Q1)


@pytest.fixture
def second(access: ProductAccess) -> Cycle:
    return create_cycle(access=access, name="2026 Q2", **Q2)


@pytest.fixture
def planned(access: ProductAccess, first: Cycle) -> Goal:
    """A goal of the first cycle."""
    return create_goal(access=access, title="Sell more tea", cycle_id=first.pk, **Q1)


@pytest.mark.parametrize(
    ("kind", "day", "name", "start", "due"),
    [
        ("quarter", date(2026, 3, 5), "2026 Q1", date(2026, 1, 1), date(2026, 3, 31)),
        ("quarter", date(2026, 12, 31), "2026 Q4", date(2026, 10, 1), date(2026, 12, 31)),
        ("half", date(2026, 7, 1), "2026 H2", date(2026, 7, 1), date(2026, 12, 31)),
        ("half", date(2028, 2, 29), "2028 H1", date(2028, 1, 1), date(2028, 6, 30)),
        ("own", date(2026, 3, 5), "", date(2026, 3, 5), date(2026, 6, 2)),
    ],
)
def test_a_cycle_is_offered_with_its_name_and_days(kind: str, day: date, name: str, start: date, due: date) -> None:
    found = proposed(kind, day)
    assert (found.name, found.start, found.due) == (name, start, due)


def test_a_cycle_needs_a_name_of_its_own_and_a_period(access: ProductAccess, first: Cycle) -> None:
    with pytest.raises(Conflict, match=r"cycle\.name_taken"):
        create_cycle(access=access, name="2026 Q1", **Q2)
    with pytest.raises(InvalidInput, match=r"goal\.period"):
        create_cycle(access=access, name="Backwards", start=date(2026, 4, 1), due=date(2026, 3, 1))
    with pytest.raises(InvalidInput, match=r"goal\.title_empty"):
        update_cycle(access=access, cycle=first, version=1, name=" ")


def test_a_cycle_weighs_its_goals_and_takes_the_scores_of_closed_ones(access: ProductAccess, first: Cycle) -> None:
    heavy = create_goal(access=access, title="Heavy", cycle_id=first.pk, weight=3, **Q1)
    light = create_goal(access=access, title="Light", cycle_id=first.pk, **Q1)
    close_goal(access=access, goal=heavy, status="achieved", outcome="Done.", score=1)
    close_goal(access=access, goal=light, status="missed", outcome="Not done.", score=0.2)
    assert cycle_cards(access)[0].progress == pytest.approx((3 + 0.2) / 4)


def test_what_is_carried_over_begins_where_it_stands(
    access: ProductAccess, planned: Goal, second: Cycle, orders: Metric
) -> None:
    level = Metric.objects.create(product=access.product, name="Level", question=orders.question, window="week")
    total = add_key_result(access=access, goal=planned, metric_id=orders.pk, baseline=0, target=100)
    moved = add_key_result(access=access, goal=planned, metric_id=level.pk, baseline=10, target=30, weight=2)
    reached = add_key_result(access=access, goal=planned, metric_id=level.pk, baseline=10, target=15)
    for row, value in ((total, 60), (moved, 18), (reached, 18)):
        KeyResult.objects.filter(pk=row.pk).update(value=value)
    copy = carry_over(access=access, goal=planned, cycle=second)
    rows = list(copy.key_results.order_by("id").values_list("baseline", "target", "weight", "start", "due"))
    assert rows == [(0, 40, 1, *Q2.values()), (18, 30, 2, *Q2.values())]
    assert (copy.cycle, copy.carried_from, copy.status) == (second, planned, "open")
    assert planned.key_results.count() == 3


def test_a_goal_is_not_carried_into_its_own_cycle(access: ProductAccess, planned: Goal, first: Cycle) -> None:
    with pytest.raises(InvalidInput, match=r"cycle\.same"):
        carry_over(access=access, goal=planned, cycle=first)


def test_a_cycle_closes_with_all_its_goals_or_not_at_all(
    access: ProductAccess, first: Cycle, second: Cycle, planned: Goal
) -> None:
    other = create_goal(access=access, title="Other", cycle_id=first.pk, **Q1)
    done = Decision(goal=planned, status="partly", outcome="Most of it.", score=0.6, carry=True)
    with pytest.raises(InvalidInput, match=r"cycle\.undecided"):
        close_cycle(access=access, cycle=first, decisions=[done], following=second)
    assert Goal.objects.filter(status="open").count() == 2
    both = [done, Decision(goal=other, status="dropped", outcome="Other plans.")]
    with pytest.raises(InvalidInput, match=r"cycle\.no_next"):
        close_cycle(access=access, cycle=first, decisions=both)
    first.refresh_from_db()
    close_cycle(access=access, cycle=first, decisions=both, review="Fewer goals.", following=second)
    first.refresh_from_db()
    assert first.closed_at is not None
    assert first.review == "Fewer goals."
    assert list(Goal.objects.filter(cycle=second).values_list("title", "status")) == [("Sell more tea", "open")]
    assert list(Goal.objects.filter(cycle=first).order_by("id").values_list("status", "score")) == [
        ("partly", 0.6),
        ("dropped", None),
    ]


def test_a_closed_cycle_takes_no_goals_until_it_is_open_again(access: ProductAccess, first: Cycle) -> None:
    close_cycle(access=access, cycle=first, decisions=[])
    with pytest.raises(InvalidInput, match=r"goal\.cycle_closed"):
        create_goal(access=access, title="Late", cycle_id=first.pk, **Q1)
    with pytest.raises(Conflict, match=r"cycle\.closed"):
        update_cycle(access=access, cycle=first, version=first.version, name="New")
    reopen_cycle(access=access, cycle=first)
    assert create_goal(access=access, title="Late", cycle_id=first.pk, **Q1).cycle == first


def test_a_goal_that_was_reopened_in_a_closed_cycle_stays_in_it(
    access: ProductAccess, browser: Client, first: Cycle, planned: Goal
) -> None:
    close_cycle(access=access, cycle=first, decisions=[Decision(planned, "missed", "Too few visitors.")])
    goal = reopen_goal(access=access, goal=Goal.objects.get(), reason="Counted twice.")
    form = browser.get(f"/p/tea/goals/{goal.pk}/edit/").context["form"]
    assert (str(first.pk), first.name) in [(str(value), label) for value, label in form.fields["cycle"].choices]
    update_goal(access=access, goal=goal, version=goal.version, title="Sell tea", cycle_id=first.pk)
    assert Goal.objects.get().cycle == first


def test_deleting_a_cycle_keeps_its_goals(access: ProductAccess, first: Cycle, planned: Goal) -> None:
    delete_cycle(access=access, cycle=first)
    planned.refresh_from_db()
    assert planned.cycle is None


def test_another_products_cycle_looks_absent(people: Cast, first: Cycle) -> None:
    with pytest.raises(NotFound):
        create_goal(access=people.access("dee"), title="Theirs", cycle_id=first.pk, **Q1)


def test_the_pages_lead_from_nothing_to_a_closed_cycle(browser: Client, access: ProductAccess) -> None:
    here = "/p/tea/goals/cycles/"
    assert "Make the first cycle" in browser.get(here).content.decode()
    form = browser.get(f"{here}new/").context["form"]
    assert (form["name"].value(), form["start"].value()) == ("2026 Q1", date(2026, 1, 1))
    sent = {"name": "2026 Q1", "kind": "quarter", "start": "2026-01-01", "due": "2026-03-31", "version": 1}
    browser.post(f"{here}new/", sent)
    cycle = Cycle.objects.get()
    assert browser.get(f"{here}new/").context["form"]["name"].value() == "2026 Q2"
    goal = create_goal(access=access, title="Sell more tea", cycle_id=cycle.pk, **Q1)
    page = browser.get(f"{here}{cycle.pk}/close/").content.decode()
    assert "Sell more tea" in page
    assert browser.post(f"{here}{cycle.pk}/close/", {f"status_{goal.pk}": "missed"}).status_code == 422
    ended = {f"status_{goal.pk}": "missed", f"outcome_{goal.pk}": "Too few visitors.", f"score_{goal.pk}": "0.1"}
    browser.post(f"{here}{cycle.pk}/close/", ended | {"review": "Plan less."})
    page = browser.get(f"{here}{cycle.pk}/").content.decode()
    assert "Plan less." in page
    assert Goal.objects.get().status == "missed"
