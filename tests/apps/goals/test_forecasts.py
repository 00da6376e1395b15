"""Forecasts of key results, from events in a real store to the words of the page."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db.models import prefetch_related_objects
from django.utils import translation

from tests.apps.insights.shop import event
from yunying.apps.goals.forecasts import (
    due_for_forecast,
    forecast_due_key_results,
    make_forecast,
    try_to_forecast,
)
from yunying.apps.goals.models import Forecast, Goal, KeyResult
from yunying.apps.goals.outlooks import ForecastCard, forecast_card, with_forecast
from yunying.apps.goals.services import add_key_result
from yunying.apps.insights.models import Metric
from yunying.apps.tracking.ingest import Ingest
from yunying.base.clock import FixedClock
from yunying.base.errors import Unavailable, msg
from yunying.platform.products.access import ProductAccess
from yunying.platform.products.models import Product
from yunying.store import Store

pytestmark = [pytest.mark.usefixtures("clock"), pytest.mark.long]

# Orders on the days of a week, Monday first; the clock of the tests stands on Thursday, 2026-03-05.
WEEK = (6, 7, 6, 8, 9, 3, 2)
TODAY = date(2026, 3, 5)
COUNT = {"kind": "trends", "series": [{"event": "order", "measure": "count"}]}


def orders_until(product: Product, last: date, days: int) -> None:
    """A week of orders again and again, with one order more or less every few days; each by somebody else."""
    events = []
    for back in range(days):
        day = last - timedelta(days=back)
        for index in range(WEEK[day.weekday()] + (day.toordinal() * 7919) % 3 - 1):
            at = (datetime.combine(day, datetime.min.time()) + timedelta(hours=9, minutes=index)).isoformat()
            events.append(event(product.pk, f"{day}-{index}", at, amount=10 + index, paid=index % 2))
    Ingest().write(events, token=f"orders-{product.pk}-{days}")


def metric(access: ProductAccess, question: dict[str, Any] = COUNT, window: str = "total") -> Metric:
    return Metric.objects.create(product=access.product, name=f"M{window}", question=question, window=window)


def told(key_result: KeyResult) -> ForecastCard:
    prefetch_related_objects([key_result], with_forecast())
    card = forecast_card(key_result)
    assert card is not None
    return card


@pytest.fixture
def long_shop(store: Store, product: Product) -> Product:
    """A product with 200 days of orders, until yesterday."""
    orders_until(product, TODAY - timedelta(days=1), 200)
    return product


@pytest.fixture
def long_result(long_shop: Product, access: ProductAccess, goal: Goal) -> KeyResult:
    """500 orders in the quarter that ends on 31 March."""
    return add_key_result(access=access, goal=goal, metric_id=metric(access).pk, baseline=0, target=500)


def test_a_total_is_what_is_known_and_the_forecast_of_the_rest_and_says_so_in_words(long_result: KeyResult) -> None:
    found = make_forecast(long_result)
    assert found is not None
    assert found.so_far == pytest.approx(63 * sum(WEEK) / 7, rel=0.05)
    assert found.days_left == 27
    assert found.value == pytest.approx(90 * sum(WEEK) / 7, rel=0.05)
    assert found.naive is not None
    assert (found.doubt, found.level) == ("", 0.9)
    assert found.low < found.value < found.high
    assert found.probability == pytest.approx(0.95)
    assert {test["method"] for test in found.tests} == {"run_rate", "seasonal_naive", "prophet"}
    with translation.override("en"):
        card = told(long_result)
        assert card.chance == "very likely: 95% or more"
        assert "with 90%" in card.interval
        assert " less than forecast." in card.pace
        assert [row.chosen for row in card.tests].count(True) == 1
        assert card.coverage.startswith("Of ")
        assert card.doubt == ""
        long_result.target = 1000
        assert " more than forecast." in told(long_result).pace


def test_the_way_to_the_due_day_is_kept_with_the_newest_forecast_alone(
    long_result: KeyResult, clock: FixedClock
) -> None:
    found = make_forecast(long_result)
    assert found is not None
    days, values = [row[0] for row in found.path], [row[1] for row in found.path]
    assert (days[0], days[-1], len(days)) == ("2026-03-05", "2026-03-31", 27)
    assert values == sorted(values)
    assert values[-1] == pytest.approx(found.value)
    assert values[0] > found.so_far
    assert all(found.so_far <= low < value < high for _day, value, low, high in found.path)
    clock.advance(timedelta(days=1))
    assert make_forecast(long_result).path
    found.refresh_from_db()
    assert found.path == []


def test_a_metric_by_week_has_a_way_of_weeks(long_shop: Product, access: ProductAccess, goal: Goal) -> None:
    weekly = add_key_result(
        access=access, goal=goal, metric_id=metric(access, window="week").pk, baseline=10, target=30
    )
    found = make_forecast(weekly)
    assert found is not None
    assert [row[0] for row in found.path] == ["2026-03-08", "2026-03-15", "2026-03-22", "2026-03-29"]
    assert all(row[1] == pytest.approx(sum(WEEK), rel=0.2) for row in found.path)


def test_a_target_that_orders_have_reached_is_told_as_reached(
    long_shop: Product, access: ProductAccess, goal: Goal
) -> None:
    easy = add_key_result(access=access, goal=goal, metric_id=metric(access).pk, baseline=0, target=50)
    found = make_forecast(easy)
    assert found is not None
    assert (found.probability, found.doubt) == (1, "")
    with translation.override("en"):
        assert told(easy).chance == "reached already"
        assert told(easy).pace == ""


SUM = {"kind": "trends", "series": [{"event": "order", "measure": "sum", "property": "amount"}]}


def test_a_sum_without_refunds_that_is_past_its_target_is_told_as_reached(
    long_shop: Product, access: ProductAccess, goal: Goal
) -> None:
    easy = add_key_result(access=access, goal=goal, metric_id=metric(access, SUM).pk, baseline=0, target=50)
    found = make_forecast(easy)
    assert found is not None
    assert found.so_far > 50
    assert found.probability == 1


def test_a_sum_that_was_ever_taken_back_is_never_told_as_reached_for_good(
    long_shop: Product, access: ProductAccess, goal: Goal
) -> None:
    """One small refund, on a day that took more than it gave back."""
    Ingest().write([event(long_shop.pk, "back", "2026-01-20T20:00:00", amount=-1)], token="refund")
    easy = add_key_result(access=access, goal=goal, metric_id=metric(access, SUM).pk, baseline=0, target=50)
    found = make_forecast(easy)
    assert found is not None
    assert found.so_far > 50
    assert found.probability == pytest.approx(0.95)


def test_a_share_that_never_was_more_than_all_is_not_out_of_reach_beyond_it(
    long_shop: Product, access: ProductAccess, goal: Goal
) -> None:
    paid = {"event": "order", "measure": "sum", "property": "paid"}
    question = {"kind": "trends", "series": [paid, COUNT["series"][0]], "formula": "A/B"}
    rate = metric(access, question, "week")
    Metric.objects.filter(pk=rate.pk).update(unit="percent")
    beyond = add_key_result(access=access, goal=goal, metric_id=rate.pk, baseline=0.1, target=1.2)
    found = make_forecast(beyond)
    assert found is not None
    assert found.probability == pytest.approx(0.05)
    assert found.high is not None and found.high <= 1


def test_a_last_week_that_is_over_before_the_due_day_is_told_as_it_was(
    long_shop: Product, access: ProductAccess, goal: Goal
) -> None:
    """Due on a Friday, asked on Thursday: the newest whole week ended on Sunday, and nothing is left to come."""
    Ingest().write([event(long_shop.pk, "back", "2026-01-20T20:00:00", amount=-1)], token="refund")
    due = date(2026, 3, 6)
    weekly = add_key_result(
        access=access, goal=goal, metric_id=metric(access, SUM, "week").pk, baseline=0, target=50, due=due
    )
    found = make_forecast(weekly)
    assert found is not None
    assert (found.days_left, found.probability, found.path) == (0, 1, [])
    with translation.override("en"):
        assert (told(weekly).chance, told(weekly).proviso) == ("reached already", "")


@pytest.fixture
def short_result(store: Store, product: Product, access: ProductAccess, goal: Goal) -> KeyResult:
    """500 orders in the quarter, of a product with 40 days of orders."""
    orders_until(product, TODAY - timedelta(days=1), 40)
    return add_key_result(access=access, goal=goal, metric_id=metric(access).pk, baseline=0, target=500)


def test_less_than_eight_weeks_give_the_run_rate_and_say_why(short_result: KeyResult) -> None:
    found = make_forecast(short_result)
    assert found is not None
    assert (found.method, found.doubt) == ("run_rate", "short_history")
    assert found.value is not None
    assert found.probability is None
    assert found.low is None


def test_a_ratio_is_forecast_by_its_parts(long_shop: Product, access: ProductAccess, goal: Goal) -> None:
    paid = {"event": "order", "measure": "sum", "property": "paid"}
    question = {"kind": "trends", "series": [paid, COUNT["series"][0]], "formula": "A/B"}
    share = add_key_result(
        access=access, goal=goal, metric_id=metric(access, question, "week").pk, baseline=0.1, target=0.4
    )
    found = make_forecast(share)
    assert found is not None
    assert found.value == pytest.approx(0.43, abs=0.06)
    assert (found.doubt, found.so_far, found.additive) == ("", None, False)


def test_different_people_in_a_week_are_forecast_week_by_week(
    long_shop: Product, access: ProductAccess, goal: Goal
) -> None:
    question = {"kind": "trends", "series": [{"event": "order", "measure": "people"}]}
    people = add_key_result(
        access=access, goal=goal, metric_id=metric(access, question, "week").pk, baseline=10, target=30
    )
    found = make_forecast(people)
    assert found is not None
    assert found.value == pytest.approx(sum(WEEK), rel=0.1)


def test_a_total_of_different_people_goes_on_at_its_rate(long_shop: Product, access: ProductAccess, goal: Goal) -> None:
    question = {"kind": "trends", "series": [{"event": "order", "measure": "people"}]}
    everybody = add_key_result(access=access, goal=goal, metric_id=metric(access, question).pk, baseline=0, target=500)
    found = make_forecast(everybody)
    assert found is not None
    assert found.doubt == "not_additive"
    assert found.value == pytest.approx(90 * sum(WEEK) / 7, rel=0.06)


def test_a_product_gone_quiet_has_no_forecast(
    store: Store, product: Product, access: ProductAccess, goal: Goal
) -> None:
    orders_until(product, TODAY - timedelta(days=9), 100)
    found = make_forecast(add_key_result(access=access, goal=goal, metric_id=metric(access).pk, baseline=0, target=500))
    assert found is not None
    assert (found.value, found.doubt) == (None, "quiet")


def test_no_data_is_said(store: Store, key_result: KeyResult) -> None:
    found = make_forecast(key_result)
    assert found is not None
    assert (found.value, found.doubt) == (None, "no_data")


def test_a_year_without_published_working_days_is_named(
    store: Store, product: Product, access: ProductAccess, goal: Goal, clock: FixedClock
) -> None:
    clock.advance(timedelta(days=290))
    orders_until(product, date(2026, 12, 19), 30)
    Goal.objects.filter(pk=goal.pk).update(due=date(2027, 1, 31))
    goal.refresh_from_db()
    found = make_forecast(
        add_key_result(
            access=access, goal=goal, metric_id=metric(access).pk, baseline=0, target=500, due=date(2027, 1, 31)
        )
    )
    assert found is not None
    assert found.unofficial == [2027]


def test_the_sweep_makes_one_a_day(short_result: KeyResult, clock: FixedClock) -> None:
    forecast_due_key_results()
    forecast_due_key_results()
    make_forecast(short_result)
    assert Forecast.objects.count() == 1
    assert due_for_forecast() == []
    clock.advance(timedelta(hours=21))
    assert due_for_forecast() == [short_result.pk]


def test_after_the_due_day_no_forecast_is_made_but_the_last_one_stays(
    short_result: KeyResult, clock: FixedClock
) -> None:
    make_forecast(short_result)
    clock.advance(timedelta(days=40))
    assert make_forecast(short_result) is None
    assert told(short_result).value


def test_an_engine_that_is_away_is_noted_and_tried_again(
    short_result: KeyResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise Unavailable("store.away", msg("The store cannot be reached. Try again."))

    monkeypatch.setattr("yunying.apps.goals.forecasts.metric_past", away)
    assert not try_to_forecast(short_result)
    assert due_for_forecast() == [short_result.pk]
