"""Dashboards by mail: who gets which, when, and which occurrences are due."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta

from django.db import transaction

from yunying.apps.insights.dashboards.models import Dashboard, Delivery, Recipient, Subscription, Variant
from yunying.base import clock
from yunying.base.actor import ActorKind
from yunying.base.errors import InvalidInput, LimitReached, NotAllowed, msg
from yunying.base.workdays import DayKind, Workdays
from yunying.base.zones import moment
from yunying.platform.audit.services import record
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.models import Product
from yunying.platform.products.selectors import member_ids

__all__ = ["due_deliveries", "latest_occurrence", "ready_now", "subscribe", "unsubscribe", "visible"]

MOST_SUBSCRIPTIONS, MOST_RECIPIENTS = 50, 100
# An occurrence that was missed for longer is not made up for: Monday's numbers are no use on Tuesday.
TOO_LATE = timedelta(hours=12)
AGAIN = timedelta(minutes=1)
CHINA = frozenset({"Asia/Shanghai", "Asia/Urumqi", "Asia/Chongqing", "Asia/Harbin", "PRC"})


def subscribe(
    *,
    access: ProductAccess,
    dashboard: Dashboard,
    user_ids: Iterable[int],
    weekdays: Sequence[int],
    hour: int,
    variant: Variant | None = None,
    skip_holidays: bool = False,
) -> Subscription:
    """Mail the dashboard to members. For others than oneself the right to edit reports is needed.

    Raises InvalidInput with the field at fault, NotAllowed, LimitReached.
    """
    access.require(Permission.VIEW)
    if access.actor.kind != ActorKind.USER or access.actor.id is None:
        raise NotAllowed("subscription.user", msg("Only a person can order mails."))
    people = sorted(set(user_ids))
    if people != [access.actor.id]:
        access.require(Permission.EDIT_REPORTS)
    _check(access.product, people, weekdays, hour)
    with transaction.atomic():
        if Subscription.objects.filter(dashboard=dashboard).count() >= MOST_SUBSCRIPTIONS:
            text = msg("A dashboard may have at most %(most)d subscriptions.")
            raise LimitReached("subscription.many", text, most=MOST_SUBSCRIPTIONS)
        made = Subscription.objects.create(
            dashboard=dashboard,
            variant=variant,
            weekdays=sorted(set(weekdays)),
            hour=hour,
            skip_holidays=skip_holidays,
            created_by_id=access.actor.id,
        )
        Recipient.objects.bulk_create(Recipient(subscription=made, user_id=user_id) for user_id in people)
        facts = {"people": people, "weekdays": made.weekdays, "hour": hour}
        _record(access, "dashboard.mail_ordered", dashboard, facts)
    return made


def unsubscribe(*, access: ProductAccess, subscription: Subscription) -> None:
    """End a subscription. Its maker may, and who may edit reports."""
    _require_own(access, subscription)
    with transaction.atomic():
        _record(access, "dashboard.mail_ended", subscription.dashboard, {"weekdays": subscription.weekdays})
        subscription.delete()


def ready_now(*, access: ProductAccess, subscription: Subscription) -> Delivery:
    """An occurrence beside the ordered days, to be mailed at once. Its maker may, and who may edit reports.

    Raises LimitReached right after another one.
    """
    _require_own(access, subscription)
    now = clock.now()
    with transaction.atomic():
        # Two who press at the same time wait for each other here.
        mine = Subscription.objects.select_for_update().get(pk=subscription.pk)
        if Delivery.objects.filter(subscription=mine, due_at__gt=now - AGAIN).exists():
            raise LimitReached("subscription.again", msg("These mails went out a moment ago. Wait a minute."))
        made = Delivery.objects.create(subscription=mine, due_at=now)
        _record(access, "dashboard.mailed_now", subscription.dashboard, {"weekdays": subscription.weekdays})
    return made


def _require_own(access: ProductAccess, subscription: Subscription) -> None:
    if subscription.created_by_id != access.actor.id or access.actor.kind != ActorKind.USER:
        access.require(Permission.EDIT_REPORTS)


def visible(access: ProductAccess, dashboard: Dashboard) -> list[Subscription]:
    """The subscriptions this person may see: all for editors, else their own. Three queries."""
    rows = Subscription.objects.filter(dashboard=dashboard).select_related("variant", "created_by")
    if not access.may(Permission.EDIT_REPORTS):
        rows = rows.filter(created_by_id=access.actor.id)
    return list(rows.prefetch_related("recipients__user").order_by("pk"))


def latest_occurrence(subscription: Subscription, now: datetime) -> datetime | None:
    """The last time, not after `now` and within a week, at which the mail was meant to go; None without one.

    The hour is that of the product's clock: one that the clock skips is the moment of the jump, one that comes
    twice is its first time.
    """
    product = subscription.dashboard.product
    today = now.astimezone(product.zone_or_utc).date()
    for back in range(8):
        day = today - timedelta(days=back)
        at = moment(datetime.combine(day, time(subscription.hour)), product.zone_or_utc)
        if day.isoweekday() in subscription.weekdays and at <= now and not _off(subscription, product, day):
            return at
    return None


def due_deliveries(now: datetime) -> list[int]:
    """Make the deliveries that are due and were not made yet; returns all that are not done. Safe to run twice."""
    rows = Subscription.objects.filter(paused=False, dashboard__product__archived_at=None)
    for subscription in rows.select_related("dashboard__product"):
        at = latest_occurrence(subscription, now)
        if at is None or now - at > TOO_LATE or at < subscription.created_at:
            continue
        # The constraint makes one row of two schedules that look at the same time.
        Delivery.objects.get_or_create(subscription=subscription, due_at=at)
    waiting = Delivery.objects.filter(done_at=None, due_at__gte=now - TOO_LATE)
    return list(waiting.order_by("due_at", "pk").values_list("pk", flat=True))


def _off(subscription: Subscription, product: Product, day: date) -> bool:
    country = "CN" if product.timezone in CHINA else ""
    return subscription.skip_holidays and Workdays(country).day(day).kind == DayKind.HOLIDAY


def _check(product: Product, people: Sequence[int], weekdays: Sequence[int], hour: int) -> None:
    if not people or not set(people) <= set(member_ids(product)):
        raise InvalidInput("subscription.people", msg("Choose members of this product."), field="people")
    if len(people) > MOST_RECIPIENTS:
        text = msg("At most %(most)d people can get the same mail.")
        raise InvalidInput("subscription.people_many", text, field="people", most=MOST_RECIPIENTS)
    if not weekdays or not set(weekdays) <= set(range(1, 8)):
        raise InvalidInput("subscription.weekdays", msg("Choose at least one day of the week."), field="weekdays")
    if not 0 <= hour <= 23:
        raise InvalidInput("subscription.hour", msg("Choose an hour from 0 to 23."), field="hour")


def _record(access: ProductAccess, verb: str, dashboard: Dashboard, facts: dict[str, object]) -> None:
    target = ("dashboard", dashboard.pk, dashboard.name)
    record(access.actor, verb, target, product_id=access.product.pk, after=facts)
