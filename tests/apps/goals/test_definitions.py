"""When what a reading means changes, all are computed again, and what was told before stays."""

from datetime import date

import pytest

from yunying.apps.goals.history import history_of
from yunying.apps.goals.models import Definition, KeyResult, PastReading, Reading
from yunying.apps.goals.readings import take_readings, try_to_read
from yunying.apps.goals.services import close_goal, update_key_result
from yunying.apps.goals.tasks import recompute_what_changed
from yunying.apps.insights.models import Metric
from yunying.apps.insights.services import update_metric
from yunying.platform.jobs.testing import drain
from yunying.platform.products.access import ProductAccess
from yunying.platform.products.models import Product

pytestmark = pytest.mark.usefixtures("clock")
PEOPLE = {"kind": "trends", "series": [{"event": "order", "measure": "people"}]}


def fresh(key_result: KeyResult) -> KeyResult:
    return KeyResult.objects.select_related("goal__product", "metric", "definition").get(pk=key_result.pk)


def values() -> dict[date, float | None]:
    return dict(Reading.objects.values_list("on", "value"))


def test_the_first_reading_makes_the_first_definition(shop: Product, key_result: KeyResult) -> None:
    take_readings(key_result)
    take_readings(fresh(key_result))
    assert [(one.number, one.start) for one in Definition.objects.all()] == [(1, date(2026, 1, 1))]
    assert fresh(key_result).definition == Definition.objects.get()


def test_a_new_question_computes_the_past_again_and_keeps_what_was_told(
    shop: Product, access: ProductAccess, orders: Metric, key_result: KeyResult
) -> None:
    take_readings(key_result)
    before = values()
    update_metric(access=access, metric=orders, version=orders.version, spec=PEOPLE)
    recompute_what_changed()
    drain()
    past = PastReading.objects.filter(definition__number=1)
    assert dict(past.values_list("on", "value")) == before
    assert fresh(key_result).definition.number == 2
    assert len(values()) == len(before)
    assert values() != before
    told = history_of(access, key_result.goal, [fresh(key_result)])
    assert any("definition 2" in one.text for one in told)


def test_the_sweep_for_changed_definitions_finds_nothing_twice(
    shop: Product, access: ProductAccess, orders: Metric, key_result: KeyResult
) -> None:
    take_readings(key_result)
    update_metric(access=access, metric=orders, version=orders.version, spec=PEOPLE)
    for _ in range(2):
        recompute_what_changed()
        drain()
    assert Definition.objects.count() == 2


def test_another_name_is_no_other_definition(
    shop: Product, access: ProductAccess, orders: Metric, key_result: KeyResult
) -> None:
    take_readings(key_result)
    update_metric(access=access, metric=orders, version=orders.version, name="Orders placed")
    recompute_what_changed()
    drain()
    assert Definition.objects.count() == 1
    assert not PastReading.objects.exists()
    assert Definition.objects.get().metric_version == Metric.objects.get().version


def test_a_later_start_reads_the_time_anew(shop: Product, access: ProductAccess, key_result: KeyResult) -> None:
    take_readings(key_result)
    changed = update_key_result(access=access, key_result=key_result, version=1, start=date(2026, 3, 3))
    take_readings(fresh(changed))
    assert min(values()) == date(2026, 3, 3)
    assert fresh(changed).value == 3
    assert PastReading.objects.filter(on=date(2026, 1, 1)).exists()


def test_closed_goals_keep_the_readings_they_were_closed_with(
    shop: Product, access: ProductAccess, orders: Metric, key_result: KeyResult
) -> None:
    take_readings(key_result)
    close_goal(access=access, goal=key_result.goal, status="missed", outcome="Too few visitors.")
    update_metric(access=access, metric=orders, version=orders.version, spec=PEOPLE)
    recompute_what_changed()
    drain()
    assert Definition.objects.count() == 1


def test_a_reading_that_fails_tells_its_reason_in_a_sentence(
    shop: Product, orders: Metric, key_result: KeyResult
) -> None:
    take_readings(key_result)
    before = values()
    nothing = {"kind": "trends", "series": [{"event": "order", "measure": "sum"}]}
    Metric.objects.filter(pk=orders.pk).update(question=nothing)
    row = fresh(key_result)
    assert not try_to_read(row)
    assert row.error
    assert row.error_text % row.error_data
    assert values() == before
