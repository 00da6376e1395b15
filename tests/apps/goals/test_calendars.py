from datetime import date

import pytest
from django.test import Client
from icalendar import Calendar

from tests.conftest import Cast
from yunying.apps.goals.calendars import feed_file
from yunying.apps.goals.models import CalendarFeed, Goal
from yunying.apps.goals.services import (
    add_check_in,
    add_key_result,
    close_goal,
    create_cycle,
    follow,
    make_feed,
    revoke_feed,
    update_goal,
)
from yunying.apps.insights.models import Metric
from yunying.platform.audit.models import Entry
from yunying.platform.products.access import ProductAccess
from yunying.platform.products.models import Member

pytestmark = pytest.mark.usefixtures("clock")


def events(data: bytes) -> dict[str, object]:
    return {str(one["uid"]).split("@")[0]: one for one in Calendar.from_ical(data).walk("VEVENT")}


def fetched(secret: str) -> object:
    """What a calendar program without a session gets."""
    return Client().get(f"/calendars/goals/{secret}.ics")


def test_the_secret_address_opens_the_goals_without_signing_in(access: ProductAccess, goal: Goal) -> None:
    update_goal(access=access, goal=goal, version=1, title="卖更多的茶，" + "很多" * 40, rhythm="weekly", rhythm_day=1)
    add_check_in(access=access, goal=goal, confidence=5)
    answer = fetched(make_feed(access=access))
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/calendar")
    found = events(answer.content)
    due, said = found[f"goal-{goal.pk}"], found[f"check-in-{goal.pk}"]
    assert (due["dtstart"].dt, due["dtend"].dt) == (date(2026, 3, 31), date(2026, 4, 1))
    assert "很多" * 40 in str(due["summary"])
    assert str(due["url"]).endswith(f"/p/tea/goals/{goal.pk}/")
    assert said["dtstart"].dt == date(2026, 3, 9)
    assert (said["rrule"]["FREQ"], said["rrule"]["UNTIL"]) == (["WEEKLY"], [date(2026, 3, 31)])


def test_a_key_result_that_is_due_earlier_has_a_day_of_its_own(
    access: ProductAccess, goal: Goal, orders: Metric
) -> None:
    early = add_key_result(access=access, goal=goal, metric_id=orders.pk, baseline=0, target=9, due=date(2026, 2, 1))
    found = events(fetched(make_feed(access=access)).content)
    assert found[f"key-result-{early.pk}"]["dtstart"].dt == date(2026, 2, 1)


def test_check_ins_of_other_peoples_goals_stay_out(people: Cast, access: ProductAccess, goal: Goal) -> None:
    update_goal(access=access, goal=goal, version=1, rhythm="weekly")
    found = events(fetched(make_feed(access=people.access("chen"))).content)
    assert set(found) == {f"goal-{goal.pk}"}


def test_a_new_address_and_revoking_close_the_old_one(access: ProductAccess, goal: Goal) -> None:
    first = make_feed(access=access)
    second = make_feed(access=access)
    assert fetched(first).status_code == 404
    assert fetched(second).status_code == 200
    revoke_feed(access=access)
    assert fetched(second).status_code == 404
    assert list(Entry.objects.filter(target_kind="calendar").order_by("id").values_list("verb", flat=True)) == [
        "calendar.created",
        "calendar.created",
        "calendar.revoked",
    ]


def test_who_left_the_organisation_gets_nothing_any_more(people: Cast, goal: Goal) -> None:
    secret = make_feed(access=people.access("chen"))
    Member.objects.filter(user=people.chen).delete()
    assert fetched(secret).status_code == 404


def test_the_secret_itself_is_not_kept(access: ProductAccess) -> None:
    secret = make_feed(access=access)
    assert secret not in str(CalendarFeed.objects.values())


def test_the_page_shows_the_address_once(browser: Client, access: ProductAccess) -> None:
    page = browser.post("/p/tea/goals/calendar/").content.decode()
    assert "/calendars/goals/yc_" in page
    assert "/calendars/goals/yc_" not in browser.get("/p/tea/goals/calendar/").content.decode()
    browser.post("/p/tea/goals/calendar/revoke/")
    assert not CalendarFeed.objects.exists()


def test_one_goal_can_be_taken_along_as_a_file(browser: Client, access: ProductAccess, goal: Goal) -> None:
    answer = browser.get(f"/p/tea/goals/{goal.pk}/goal.ics")
    assert f'filename="goal-{goal.pk}.ics"' in answer["Content-Disposition"]
    assert set(events(answer.content)) == {f"goal-{goal.pk}"}


def test_closed_goals_leave_the_calendar(access: ProductAccess, goal: Goal) -> None:
    close_goal(access=access, goal=goal, status="dropped", outcome="Other plans.")
    assert events(fetched(make_feed(access=access)).content) == {}


def test_the_feed_has_the_ends_of_open_cycles_and_check_ins_of_followed_goals_without_an_owner(
    people: Cast, access: ProductAccess, goal: Goal
) -> None:
    chen = people.access("chen")
    create_cycle(access=access, name="2026 Q1", start=goal.start, due=goal.due)
    Goal.objects.filter(pk=goal.pk).update(rhythm="weekly", owner=None)
    make_feed(access=chen)
    feed = CalendarFeed.objects.get(user=people.chen)
    assert "Cycle ends: 2026 Q1" in feed_file(feed).decode()
    assert "Check-in: Sell more tea" not in feed_file(feed).decode()
    follow(access=chen, goal=goal)
    assert "Check-in: Sell more tea" in feed_file(feed).decode()
