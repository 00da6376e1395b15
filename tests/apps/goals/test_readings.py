from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.apps.insights.shop import event
from yunying.apps.goals.models import Goal, KeyResult, Reading
from yunying.apps.goals.readings import due_for_reading, take_readings, try_to_read
from yunying.apps.goals.services import add_key_result, close_goal
from yunying.apps.goals.tasks import read_due_key_results, read_new_key_results
from yunying.apps.insights.models import Metric
from yunying.apps.tracking.ingest import Ingest
from yunying.base.clock import FixedClock
from yunying.base.errors import Unavailable, msg
from yunying.platform.jobs.testing import drain
from yunying.platform.notify.models import Notification
from yunying.platform.products.access import ProductAccess
from yunying.platform.products.models import Product

pytestmark = pytest.mark.usefixtures("clock")


def fresh(key_result: KeyResult) -> KeyResult:
    return KeyResult.objects.select_related("goal__product", "metric").get(pk=key_result.pk)


def test_a_reading_fills_the_history_from_the_first_day(shop: Product, key_result: KeyResult) -> None:
    take_readings(key_result)
    kept = fresh(key_result)
    assert (kept.value, kept.read_on) == (6, date(2026, 3, 5))
    days = dict(Reading.objects.values_list("on", "value"))
    assert len(days) == 64
    assert (days[date(2026, 1, 1)], days[date(2026, 3, 2)], days[date(2026, 3, 4)]) == (0, 3, 6)


def test_reading_twice_changes_nothing(shop: Product, key_result: KeyResult) -> None:
    take_readings(key_result)
    before = list(Reading.objects.values_list("on", "value"))
    take_readings(fresh(key_result))
    assert list(Reading.objects.values_list("on", "value")) == before


def test_late_events_correct_the_history(shop: Product, key_result: KeyResult) -> None:
    take_readings(key_result)
    Ingest().write([event(shop.pk, "late", "2026-01-10T10:00")], token=f"late-{shop.pk}")
    take_readings(fresh(key_result))
    assert Reading.objects.get(on=date(2026, 1, 9)).value == 0
    assert Reading.objects.get(on=date(2026, 1, 10)).value == 1
    assert fresh(key_result).value == 7


def test_the_goal_moves_when_more_events_come(shop: Product, key_result: KeyResult, clock: FixedClock) -> None:
    read_due_key_results()
    clock.advance(timedelta(hours=1))
    Ingest().write([event(shop.pk, "new", "2026-03-05T19:30")], token=f"new-{shop.pk}")
    read_due_key_results()
    assert fresh(key_result).value == 7


def test_after_the_due_day_the_value_of_the_due_day_stays(
    shop: Product, access: ProductAccess, goal: Goal, orders: Metric
) -> None:
    short = add_key_result(access=access, goal=goal, metric_id=orders.pk, baseline=0, target=5, due=date(2026, 3, 3))
    take_readings(short)
    assert (fresh(short).value, fresh(short).read_on) == (4, date(2026, 3, 3))


def test_the_newest_known_value_counts_when_a_period_has_no_data(
    shop: Product, access: ProductAccess, goal: Goal
) -> None:
    question = {"kind": "trends", "series": [{"event": "order", "measure": "avg", "property": "amount"}]}
    basket = Metric.objects.create(
        product=access.product, name="Basket", question=question, window="day", unit="number"
    )
    key_result = add_key_result(access=access, goal=goal, metric_id=basket.pk, baseline=10, target=60)
    take_readings(key_result)
    assert (fresh(key_result).value, fresh(key_result).read_on) == (52.25, date(2026, 3, 4))


def test_the_sweep_reads_what_waits_and_only_that(
    shop: Product, key_result: KeyResult, access: ProductAccess, clock: FixedClock
) -> None:
    assert due_for_reading() == [key_result.pk]
    read_due_key_results()
    assert due_for_reading() == []
    clock.advance(timedelta(hours=1))
    assert due_for_reading() == [key_result.pk]
    close_goal(access=access, goal=key_result.goal, status="dropped", outcome="Other plans.")
    assert due_for_reading() == []


def test_what_a_sheet_or_a_new_cycle_set_is_read_within_minutes_and_once(
    shop: Product, key_result: KeyResult, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_new_key_results()
    key_result.refresh_from_db()
    assert key_result.value is not None
    tried: list[KeyResult] = []
    monkeypatch.setattr("yunying.apps.goals.tasks.try_to_read", tried.append)
    read_new_key_results()
    assert tried == []


def test_a_reading_that_fails_is_noted_and_stops_no_other(
    shop: Product,
    key_result: KeyResult,
    access: ProductAccess,
    goal: Goal,
    orders: Metric,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = add_key_result(access=access, goal=goal, metric_id=orders.pk, baseline=0, target=50)
    from yunying.apps.goals import readings

    real = readings.metric_history

    def away(product: Product, metric: Metric, start: date, until: date) -> object:
        if calls.append(1) or len(calls) == 1:
            raise Unavailable("store.away", msg("The event store does not answer."))
        return real(product, metric, start, until)

    calls: list[int] = []
    monkeypatch.setattr(readings, "metric_history", away)
    read_due_key_results()
    first, second = fresh(key_result), fresh(other)
    assert (first.error, first.value) == ("store.away", None)
    assert (second.error, second.value) == ("", 6)
    assert try_to_read(first)
    assert fresh(key_result).error == ""


def test_the_owner_hears_once_that_a_target_is_reached(
    shop: Product, access: ProductAccess, goal: Goal, orders: Metric
) -> None:
    key_result = add_key_result(access=access, goal=goal, metric_id=orders.pk, baseline=0, target=7, name="Seven")
    take_readings(key_result)
    drain()
    assert not Notification.objects.exists()
    at = datetime(2026, 3, 5, 19, 0, tzinfo=ZoneInfo("Asia/Shanghai")).isoformat()[:16]
    Ingest().write([event(shop.pk, "seventh", at)], token=f"seventh-{shop.pk}")
    take_readings(fresh(key_result))
    take_readings(fresh(key_result))
    drain()
    told = Notification.objects.get()
    assert (told.user_id, told.title) == (goal.owner_id, "Key result reached: Seven")
    assert told.url == f"/p/tea/goals/{goal.pk}/"
