"""Due days and check-ins as iCalendar files (RFC 5545), for calendars people have already."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import cast
from urllib.parse import urljoin, urlsplit

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from icalendar import Calendar, Event

from yunying.apps.goals.models import CalendarFeed, Cycle, Follower, Goal, Rhythm
from yunying.apps.goals.reminders import with_last_check_in
from yunying.apps.goals.rhythm import next_check_in
from yunying.apps.goals.standing import GoalCard
from yunying.apps.goals.tree import forest_of
from yunying.base import clock, ids
from yunying.platform.products.access import role_in

__all__ = ["calendar_of", "feed_behind", "feed_file", "goal_file"]

_EVERY = {
    Rhythm.WEEKLY: {"freq": "weekly", "interval": 1},
    Rhythm.BIWEEKLY: {"freq": "weekly", "interval": 2},
    Rhythm.MONTHLY: {"freq": "weekly", "interval": 4},
}
USED_EVERY = timedelta(hours=1)


def feed_behind(secret: str) -> CalendarFeed | None:
    """The feed that this secret opens; None when it opens none, or its person does not see the product any more."""
    rows = CalendarFeed.objects.select_related("user", "product__organisation")
    feed = rows.filter(digest=ids.digest(secret), user__is_active=True, product__archived_at=None).first()
    if feed is None or role_in(feed.user, feed.product) is None:
        return None
    if feed.last_used_at is None or clock.now() - feed.last_used_at > USED_EVERY:
        CalendarFeed.objects.filter(pk=feed.pk).update(last_used_at=clock.now())
    return feed


def feed_file(feed: CalendarFeed) -> bytes:
    """Due days of all open goals and cycles, and the check-ins the person is reminded of.

    These are those of the goals they own, and of goals without an owner that they follow.
    """
    cards = [
        card
        for card in forest_of(feed.product.organisation_id).cards.values()
        if card.goal.product_id == feed.product_id and card.is_open
    ]
    name = _("Goals of %(product)s") % {"product": feed.product.name}
    followed = set(Follower.objects.filter(user_id=feed.user_id).values_list("goal_id", flat=True))
    mine = {
        card.goal.pk
        for card in cards
        if card.goal.owner_id == feed.user_id or (card.goal.owner_id is None and card.goal.pk in followed)
    }
    cycles = Cycle.objects.filter(product=feed.product, closed_at=None).select_related("product")
    return calendar_of(name, cards, check_ins=mine, cycles=cycles)


def goal_file(card: GoalCard) -> bytes:
    """One goal's due days and check-ins."""
    return calendar_of(card.goal.title, [card], check_ins={card.goal.pk} if card.is_open else set())


def calendar_of(name: str, cards: Iterable[GoalCard], *, check_ins: set[int], cycles: Iterable[Cycle] = ()) -> bytes:
    """A calendar of whole days. One query for the check-ins so far."""
    cards = list(cards)
    calendar = Calendar()
    calendar.add("prodid", "-//Yunying//Goals//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", name)
    calendar.add("name", name)
    last = with_last_check_in(card.goal for card in cards if card.goal.pk in check_ins)
    for card in cards:
        calendar.add_component(_due(card))
        for event in _own_due_days(card):
            calendar.add_component(event)
        said = _check_ins(card.goal, last.get(card.goal.pk)) if card.goal.pk in check_ins else None
        if said is not None:
            calendar.add_component(said)
    for cycle in cycles:
        calendar.add_component(_end_of(cycle))
    return cast(bytes, calendar.to_ical())


def _due(card: GoalCard) -> Event:
    goal = card.goal
    event = _day(f"goal-{goal.pk}", goal, goal.due, _("Due: %(goal)s") % {"goal": goal.title})
    event.add("description", f"{card.look.label}. {card.reason}")
    return event


def _own_due_days(card: GoalCard) -> list[Event]:
    rows = (item.key_result for item in (*card.key_results, *card.guardrails))
    return [
        _day(f"key-result-{row.pk}", card.goal, row.due, _("Due: %(goal)s") % {"goal": row.shown_name})
        for row in rows
        if row.due != card.goal.due
    ]


def _check_ins(goal: Goal, last: date | None) -> Event | None:
    first = next_check_in(goal.rhythm, goal.rhythm_day, goal.start, goal.due, last)
    if first is None:
        return None
    event = _day(f"check-in-{goal.pk}", goal, first, _("Check-in: %(goal)s") % {"goal": goal.title})
    event.add("rrule", _EVERY[Rhythm(goal.rhythm)] | {"until": goal.due})
    return event


def _end_of(cycle: Cycle) -> Event:
    url = reverse("goals:cycle", kwargs={"product": cycle.product.slug, "cycle_id": cycle.pk})
    return _event(f"cycle-{cycle.pk}", cycle, cycle.due, _("Cycle ends: %(cycle)s") % {"cycle": cycle.name}, url)


def _day(key: str, goal: Goal, on: date, summary: str) -> Event:
    url = reverse("goals:detail", kwargs={"product": goal.product.slug, "goal_id": goal.pk})
    return _event(key, goal, on, summary, url)


def _event(key: str, row: Goal | Cycle, on: date, summary: str, url: str) -> Event:
    event = Event()
    # The same thing keeps its id, so that a calendar moves it instead of showing it twice.
    event.add("uid", f"{key}@{urlsplit(settings.CONFIG.base_url).hostname or 'yunying'}")
    event.add("sequence", row.version)
    event.add("dtstamp", clock.now())
    event.add("last-modified", row.updated_at)
    event.add("dtstart", on)
    event.add("dtend", on + timedelta(days=1))
    event.add("transp", "TRANSPARENT")
    event.add("summary", summary)
    event.add("url", urljoin(settings.CONFIG.base_url + "/", url))
    return event
