from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core import mail

from tests.apps.insights.shop import event
from tests.conftest import Cast
from yunying.apps.goals.digest import changes_of_week, send_digests
from yunying.apps.goals.models import CheckIn, Goal, GoalDay, KeyResult
from yunying.apps.goals.readings import take_readings
from yunying.apps.goals.reminders import check_ins_due, remind
from yunying.apps.goals.rhythm import next_check_in, pending_check_in
from yunying.apps.goals.services import (
    add_check_in,
    add_key_result,
    close_goal,
    delete_check_in,
    follow,
    reopen_goal,
    unfollow,
    update_goal,
)
from yunying.apps.goals.services.check_ins import promises_of
from yunying.apps.goals.tasks import note_days
from yunying.apps.insights.models import Metric
from yunying.apps.tracking.ingest import Ingest
from yunying.base.clock import FixedClock
from yunying.base.errors import Conflict, InvalidInput, NotAllowed
from yunying.platform.jobs.testing import drain
from yunying.platform.notify.models import Notification
from yunying.platform.notify.services import set_preferences
from yunying.platform.products.access import ProductAccess
from yunying.platform.products.models import Product

pytestmark = pytest.mark.usefixtures("clock")
SHANGHAI = ZoneInfo("Asia/Shanghai")
START, DUE = date(2026, 1, 1), date(2026, 3, 31)


def to(clock: FixedClock, moment: str) -> None:
    """Let the clock stand at this time in Shanghai."""
    at = datetime.fromisoformat(moment).replace(tzinfo=SHANGHAI)
    clock.advance(at - clock.now())


def titles(user_id: int) -> list[str]:
    return list(Notification.objects.filter(user_id=user_id).order_by("id").values_list("title", flat=True))


def test_the_next_check_in_falls_on_its_weekday() -> None:
    assert next_check_in("weekly", 1, START, DUE, None) == date(2026, 1, 5)
    assert next_check_in("weekly", 1, START, DUE, date(2026, 3, 2)) == date(2026, 3, 9)
    assert next_check_in("biweekly", 1, START, DUE, date(2026, 3, 2)) == date(2026, 3, 16)
    assert next_check_in("monthly", 1, START, DUE, date(2026, 2, 2)) == date(2026, 3, 2)
    assert next_check_in("none", 1, START, DUE, None) is None


def test_a_check_in_on_friday_counts_for_the_monday_after() -> None:
    assert next_check_in("weekly", 1, START, DUE, date(2026, 3, 6)) == date(2026, 3, 16)
    assert next_check_in("weekly", 1, START, DUE, date(2026, 3, 5)) == date(2026, 3, 9)


def test_a_missed_check_in_is_asked_for_again_and_ends_with_the_goal() -> None:
    assert pending_check_in("weekly", 1, START, DUE, None, date(2026, 3, 5)) == date(2026, 3, 2)
    assert pending_check_in("weekly", 1, START, DUE, None, date(2026, 1, 2)) == date(2026, 1, 5)
    assert pending_check_in("weekly", 1, START, DUE, None, DUE + timedelta(days=1)) is None


def test_next_steps_come_back_as_promises(access: ProductAccess, goal: Goal) -> None:
    add_check_in(access=access, goal=goal, confidence=6, next_steps="- Call the ten largest\n\n• Print the leaflet ")
    assert promises_of(goal) == ["Call the ten largest", "Print the leaflet"]
    second = add_check_in(access=access, goal=goal, confidence=7, done=[1])
    assert second.promised == [
        {"text": "Call the ten largest", "done": False},
        {"text": "Print the leaflet", "done": True},
    ]
    assert (second.by_name, second.on) == ("Ada", date(2026, 3, 5))


def test_a_check_in_keeps_what_stood_then(shop: Product, access: ProductAccess, key_result: KeyResult) -> None:
    take_readings(key_result)
    kept = add_check_in(access=access, goal=key_result.goal, confidence=3)
    assert (kept.progress, kept.standing) == (pytest.approx(0.06), "off_track")


@pytest.mark.parametrize("confidence", [0, 11, -3])
def test_confidence_is_from_one_to_ten(access: ProductAccess, goal: Goal, confidence: int) -> None:
    with pytest.raises(InvalidInput, match=r"check_in\.confidence"):
        add_check_in(access=access, goal=goal, confidence=confidence)


def test_a_closed_goal_takes_no_check_in(access: ProductAccess, goal: Goal) -> None:
    close_goal(access=access, goal=goal, status="dropped", outcome="Other plans.")
    with pytest.raises(Conflict):
        add_check_in(access=access, goal=goal, confidence=5)


def test_only_its_writer_or_a_manager_deletes_a_check_in(people: Cast, access: ProductAccess, goal: Goal) -> None:
    kept = add_check_in(access=access, goal=goal, confidence=5)
    with pytest.raises(NotAllowed):
        delete_check_in(access=people.access("bo"), check_in=kept)
    delete_check_in(access=access, check_in=kept)
    assert not CheckIn.objects.exists()


def test_the_owner_is_reminded_once_on_the_morning_of_the_day(
    people: Cast, access: ProductAccess, goal: Goal, clock: FixedClock
) -> None:
    update_goal(access=access, goal=goal, version=1, rhythm="weekly", rhythm_day=1)
    add_check_in(access=access, goal=goal, confidence=5)
    to(clock, "2026-03-09T08:30")
    remind()
    assert titles(people.ada.pk) == []
    to(clock, "2026-03-09T09:25")
    remind()
    remind()
    assert titles(people.ada.pk) == ["Check-in due: Sell more tea"]
    assert [due.on for due in check_ins_due(access)] == [date(2026, 3, 9)]
    add_check_in(access=access, goal=goal, confidence=5)
    assert check_ins_due(access) == []


def test_followers_hear_that_a_goal_turned_closed_and_opened_again(
    people: Cast, shop: Product, access: ProductAccess, goal: Goal, orders: Metric, clock: FixedClock
) -> None:
    follow(access=people.access("chen"), goal=goal)
    key_result = add_key_result(access=access, goal=goal, metric_id=orders.pk, baseline=0, target=7)
    take_readings(key_result)
    note_days()
    drain()
    assert titles(people.chen.pk) == []
    Ingest().write([event(shop.pk, "seventh", "2026-03-05T19:00")], token=f"turn-{shop.pk}")
    take_readings(KeyResult.objects.select_related("goal__product", "metric").get())
    note_days()
    note_days()
    drain()
    close_goal(access=access, goal=goal, status="achieved", outcome="It sold.")
    reopen_goal(access=access, goal=goal, reason="The last week was counted twice.")
    drain()
    assert titles(people.chen.pk) == [
        "Goal turned: Sell more tea",
        "Goal closed: Sell more tea",
        "Goal opened again: Sell more tea",
    ]
    told = Notification.objects.filter(user=people.chen)
    assert told.order_by("id")[0].text == "From “On track” to “Reached”."
    assert told.order_by("id")[2].text == "The last week was counted twice."


def test_who_stopped_following_hears_nothing(people: Cast, access: ProductAccess, goal: Goal) -> None:
    chen = people.access("chen")
    follow(access=chen, goal=goal)
    follow(access=chen, goal=goal)
    unfollow(access=chen, goal=goal)
    close_goal(access=access, goal=goal, status="missed", outcome="Too few visitors.")
    drain()
    assert titles(people.chen.pk) == []


def test_the_digest_tells_each_person_once_a_week_only_what_changed(
    people: Cast, shop: Product, access: ProductAccess, key_result: KeyResult, clock: FixedClock
) -> None:
    goal = key_result.goal
    GoalDay.objects.create(goal=goal, on=date(2026, 3, 1), progress=0.02, standing="at_risk")
    take_readings(key_result)
    follow(access=people.access("chen"), goal=goal)
    add_check_in(access=access, goal=goal, confidence=4)
    set_preferences(user_id=people.chen.pk, mail={"goal.digest": False})
    to(clock, "2026-03-09T08:40")
    send_digests()
    send_digests()
    drain()
    told = Notification.objects.filter(kind="goal.digest")
    assert sorted(told.values_list("user_id", flat=True)) == sorted([people.ada.pk, people.chen.pk])
    assert told.first().text == "• Sell more tea: from “At risk” to “Off track” · 2% → 6% · 1 check-in"
    assert [one.to for one in mail.outbox if "Your goals this week" in one.subject] == [["ada@example.com"]]


def test_a_week_without_change_brings_no_digest(
    people: Cast, access: ProductAccess, goal: Goal, clock: FixedClock
) -> None:
    to(clock, "2026-03-09T08:40")
    assert changes_of_week(access.product, date(2026, 3, 9)) == {}
    send_digests()
    assert not Notification.objects.exists()
