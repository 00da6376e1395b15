from datetime import date
from typing import Any

import pytest

from tests.conftest import Cast
from yunying.apps.goals.models import Goal, KeyResult
from yunying.apps.insights.access import metric_for, report_for
from yunying.apps.insights.models import Metric, Report
from yunying.apps.insights.services import (
    create_metric,
    create_report,
    delete_metric,
    delete_report,
    update_metric,
    update_report,
)
from yunying.base.errors import Conflict, InvalidInput, NotAllowed, NotFound
from yunying.platform.audit.models import Entry
from yunying.platform.products.access import ProductAccess

ORDERS: dict[str, Any] = {
    "kind": "trends",
    "range": {"last": 30, "unit": "day"},
    "series": [{"event": "order", "measure": "count"}],
}
TWO: dict[str, Any] = {**ORDERS, "series": [*ORDERS["series"], {"event": "order", "measure": "people"}]}


def pin(access: ProductAccess, **changes: Any) -> Metric:
    values = {"name": "Orders", "spec": ORDERS, "unit": "count", "direction": "up", "window": "week"}
    return create_metric(access=access, **(values | changes))


def test_a_report_keeps_the_question_as_the_engine_reads_it(access: ProductAccess) -> None:
    report = create_report(access=access, name=" Orders ", spec=ORDERS)
    assert (report.name, report.kind, report.version) == ("Orders", "trends", 1)
    assert report.spec["interval"] == "day"
    assert Entry.objects.get().verb == "report.created"


def test_a_question_nobody_can_answer_is_not_saved(access: ProductAccess) -> None:
    with pytest.raises(InvalidInput) as caught:
        create_report(access=access, name="Sum", spec={**ORDERS, "series": [{"event": "order", "measure": "sum"}]})
    assert caught.value.field == "series.0.property"
    assert not Report.objects.exists()


def test_the_second_of_two_editors_loses_nothing_and_hears_of_the_first(access: ProductAccess) -> None:
    report = create_report(access=access, name="Orders", spec=ORDERS)
    other = report_for(access, report.pk)
    update_report(access=access, report=report, version=1, name="Orders a day")
    with pytest.raises(Conflict):
        update_report(access=access, report=other, version=1, name="Mine")
    assert Report.objects.get().name == "Orders a day"


def test_viewers_may_not_write_and_strangers_see_nothing(people: Cast, access: ProductAccess) -> None:
    report, metric = create_report(access=access, name="Orders", spec=ORDERS), pin(access)
    chen, dee = people.access("chen"), people.access("dee")
    for write in (
        lambda: create_report(access=chen, name="x", spec=ORDERS),
        lambda: update_report(access=chen, report=report, version=1, name="x"),
        lambda: delete_report(access=chen, report=report),
        lambda: pin(chen, name="x"),
        lambda: update_metric(access=chen, metric=metric, version=1, name="x"),
        lambda: delete_metric(access=chen, metric=metric),
    ):
        with pytest.raises(NotAllowed):
            write()
    with pytest.raises(NotFound):
        report_for(dee, report.pk)
    with pytest.raises(NotFound):
        metric_for(dee, metric.pk)


def test_a_metric_forgets_range_interval_and_display(access: ProductAccess) -> None:
    metric = pin(access, spec={**ORDERS, "interval": "week", "compare": {"to": "previous"}, "moving_average": 3})
    assert set(metric.question) == {"kind", "series"}


def test_a_metric_is_one_line(access: ProductAccess) -> None:
    with pytest.raises(InvalidInput, match=r"metric\.line"):
        pin(access, spec=TWO)
    assert pin(access, name="B", spec=TWO, line="B").question["series"][0]["measure"] == "people"
    assert pin(access, name="Rate", spec={**TWO, "formula": "A/B"}).question["formula"] == "A/B"
    with pytest.raises(InvalidInput, match=r"metric\.breakdown"):
        pin(access, name="C", spec={**ORDERS, "breakdown": [{"of": "event", "property": "country"}]})


@pytest.mark.parametrize("line", ["C", "AB", "0", "Ω"])
def test_a_line_that_is_not_there_is_refused(access: ProductAccess, line: str) -> None:
    with pytest.raises(InvalidInput, match=r"metric\.line"):
        pin(access, spec=TWO, line=line)


def test_an_average_has_no_running_total(access: ProductAccess) -> None:
    basket = {**ORDERS, "series": [{"event": "order", "measure": "avg", "property": "amount"}]}
    with pytest.raises(InvalidInput) as caught:
        pin(access, spec=basket, window="total")
    assert caught.value.field == "window"
    assert pin(access, spec=basket, window="month").window == "month"


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"unit": "apples"}, "unit"), ({"direction": "left"}, "direction"), ({"window": "hour"}, "window")],
)
def test_unknown_choices_are_refused_at_their_field(access: ProductAccess, changes: dict[str, str], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        pin(access, **changes)
    assert caught.value.field == field


def test_money_has_a_currency_the_products_by_default(access: ProductAccess) -> None:
    assert pin(access, unit="money").currency == "CNY"
    assert pin(access, name="Euro", unit="money", currency="eur").currency == "EUR"
    assert pin(access, name="Plain", currency="EUR").currency == ""
    with pytest.raises(InvalidInput) as caught:
        pin(access, name="Odd", unit="money", currency="1x")
    assert caught.value.field == "currency"


def test_metric_names_are_unique_within_a_product(people: Cast, access: ProductAccess) -> None:
    first = pin(access)
    with pytest.raises(Conflict) as caught:
        pin(access)
    assert caught.value.field == "name"
    second = pin(access, name="Other")
    with pytest.raises(Conflict):
        update_metric(access=access, metric=second, version=1, name=first.name)
    assert pin(people.access("dee")).name == first.name


def test_a_metric_that_a_goal_needs_stays(access: ProductAccess) -> None:
    metric = pin(access)
    day = date(2026, 1, 1)
    goal = Goal.objects.create(product=access.product, title="Goal", start=day, due=day)
    KeyResult.objects.create(goal=goal, metric=metric, baseline=0, target=1, start=day, due=day)
    with pytest.raises(Conflict, match=r"metric\.in_use"):
        delete_metric(access=access, metric=metric_for(access, metric.pk))
    goal.delete()
    delete_metric(access=access, metric=metric_for(access, metric.pk))
    assert not Metric.objects.exists()
