"""A forecast is told in the same line wherever a goal's state is told, and never made by who asks."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client

from tests.apps.goals.test_api import call  # noqa: F401 - a fixture
from yunying.apps.goals.digest import changes_of_week
from yunying.apps.goals.forecasts import due_for_forecast
from yunying.apps.goals.models import Forecast, Goal, GoalDay, KeyResult, Status
from yunying.apps.goals.outlooks import ForecastCard
from yunying.apps.goals.readings import take_readings
from yunying.apps.goals.selectors import at_risk, cards
from yunying.apps.goals.services import add_key_result, close_goal, create_goal, update_key_result
from yunying.apps.insights.dashboards.notes import annotate
from yunying.apps.insights.models import Metric
from yunying.base import clock as now_of
from yunying.base.clock import FixedClock
from yunying.platform.jobs.models import Job
from yunying.platform.jobs.testing import drain
from yunying.platform.products.access import ProductAccess
from yunying.platform.products.models import Product

pytestmark = pytest.mark.usefixtures("clock")
TODAY = date(2026, 3, 5)
SURE: dict[str, Any] = {
    "value": 96.0,
    "low": 90.0,
    "high": 102.0,
    "level": 0.9,
    "probability": 0.15,
    "method": "prophet",
}
RATE: dict[str, Any] = {"value": 96.0, "method": "run_rate", "doubt": "short_history"}
TOLD = "Forecast for Mar 31, 2026: 96 (90 – 102 with 90%); that it is reached is unlikely: 15%."
HONEST = "Forecast for Mar 31, 2026: 96. Run rate only: there are less than eight weeks of data."
COMING = "The first forecast is being made; it takes a minute or two."


def forecast(key_result: KeyResult, on: date = TODAY, **fields: Any) -> Forecast:
    return Forecast.objects.create(key_result=key_result, on=on, **(fields or SURE))


def told(access: ProductAccess) -> str:
    return cards(access)[0].outlook_text


def test_the_line_tells_interval_and_probability(access: ProductAccess, key_result: KeyResult) -> None:
    forecast(key_result)
    assert told(access) == TOLD


def test_an_interval_has_no_decimals_at_one_of_its_ends_alone(access: ProductAccess, key_result: KeyResult) -> None:
    forecast(key_result, **SURE | {"value": 88.25, "low": 39.24, "high": 132.4})
    assert "88 (39 – 132 with 90%)" in told(access)


def test_without_a_probability_the_line_says_why(access: ProductAccess, key_result: KeyResult) -> None:
    forecast(key_result, **RATE)
    assert told(access) == HONEST


def test_without_a_value_the_line_says_why(access: ProductAccess, key_result: KeyResult) -> None:
    forecast(key_result, doubt="no_data")
    assert told(access) == "No forecast for Mar 31, 2026. There are no data to go by."


def test_the_newest_forecast_is_told_and_an_old_one_says_its_day(access: ProductAccess, key_result: KeyResult) -> None:
    forecast(key_result, on=TODAY - timedelta(days=9), **RATE)
    forecast(key_result, on=TODAY - timedelta(days=3))
    assert told(access) == f"{TOLD} It was made on Mar 2, 2026."


def test_a_key_result_of_minutes_ago_says_that_its_forecast_is_being_made(
    access: ProductAccess, key_result: KeyResult, clock: FixedClock
) -> None:
    assert told(access) == COMING
    clock.advance(timedelta(hours=2))
    assert told(access) == "There is no forecast yet; it is tried again every hour."


def test_outside_of_its_time_and_for_guardrails_nothing_is_told(
    access: ProductAccess, goal: Goal, key_result: KeyResult, orders: Metric, clock: FixedClock
) -> None:
    forecast(key_result)
    other = create_goal(access=access, title="Other", start=goal.start, due=goal.due)
    add_key_result(access=access, goal=other, metric_id=orders.pk, shape="above", low=1, guardrail=True)
    assert [card.outlook_text for card in cards(access)] == [TOLD, ""]
    clock.advance(timedelta(days=40))
    assert told(access) == ""


def test_of_several_key_results_the_one_that_decides_is_named(
    shop: Product, access: ProductAccess, key_result: KeyResult, orders: Metric
) -> None:
    easy = add_key_result(access=access, goal=key_result.goal, metric_id=orders.pk, name="Easy", baseline=0, target=9)
    for row in (key_result, easy):
        take_readings(row)
        forecast(row, **(SURE | {"probability": 0.05 if row is easy else 0.5}))
    assert told(access).startswith("“Orders”: Forecast for")


def test_a_job_makes_the_first_forecast_at_once(shop: Product, key_result: KeyResult) -> None:
    assert Job.objects.filter(name__endswith="forecast_key_result").count() == 1
    drain()
    assert Forecast.objects.get().key_result == key_result


def test_another_target_makes_what_was_told_no_answer(access: ProductAccess, goal: Goal, key_result: KeyResult) -> None:
    forecast(key_result)
    Job.objects.all().delete()
    update_key_result(access=access, key_result=key_result, version=1, name="Orders of the quarter")
    assert told(access) == TOLD
    update_key_result(access=access, key_result=key_result, version=2, target=50)
    assert told(access) == COMING
    assert Job.objects.filter(name__endswith="forecast_key_result").count() == 1


def test_another_definition_of_the_metric_makes_what_was_told_no_answer(
    shop: Product, access: ProductAccess, key_result: KeyResult, orders: Metric
) -> None:
    take_readings(key_result)
    forecast(key_result)
    orders.question = {"kind": "trends", "series": [{"event": "signup", "measure": "count"}]}
    orders.save()
    take_readings(KeyResult.objects.select_related("goal__product", "metric").get(pk=key_result.pk))
    assert not Forecast.objects.exists()


def test_key_results_that_are_over_do_not_stand_in_the_way_of_those_under_way(
    access: ProductAccess, key_result: KeyResult, orders: Metric, clock: FixedClock
) -> None:
    clock.advance(timedelta(days=60))
    later = create_goal(access=access, title="Later", start=date(2026, 4, 1), due=date(2026, 6, 30))
    under_way = add_key_result(access=access, goal=later, metric_id=orders.pk, baseline=0, target=9)
    assert due_for_forecast(limit=1) == [under_way.pk]


def test_data_that_came_late_are_asked_for_after_an_hour(
    shop: Product, key_result: KeyResult, clock: FixedClock
) -> None:
    Forecast.objects.create(key_result=key_result, on=TODAY, doubt="no_data", made_at=now_of.now())
    assert due_for_forecast() == []
    clock.advance(timedelta(hours=1))
    assert due_for_forecast() == [key_result.pk]


@pytest.mark.parametrize("path", ["goals/", "goals/?view=cards", ""])
def test_every_page_tells_it_and_none_makes_it(
    browser: Client, shop: Product, key_result: KeyResult, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("a page made a forecast")

    monkeypatch.setattr("yunying.stats.forecast.forecast", never)
    take_readings(key_result)
    forecast(key_result)
    assert TOLD in browser.get(f"/p/tea/{path}").content.decode()
    page = browser.get(f"/p/tea/goals/{key_result.goal_id}/").content.decode()
    assert "90 – 102 with 90%" in page
    Forecast.objects.all().delete()
    assert COMING in browser.get(f"/p/tea/{path}").content.decode()
    assert COMING in browser.get(f"/p/tea/goals/{key_result.goal_id}/").content.decode()


def test_the_table_and_its_file_tell_it(browser: Client, shop: Product, key_result: KeyResult) -> None:
    forecast(key_result)
    text = browser.get("/p/tea/goals/?view=table&export=csv").getvalue().decode()
    assert "96 (90 – 102 with 90%)" in text
    assert "0.15" in text


def test_the_api_tells_it(call: Any, shop: Product, key_result: KeyResult) -> None:  # noqa: F811 - the fixture
    path = f"goals/{key_result.goal_id}"
    _, before = call("GET", path)
    assert before["key_results"][0]["forecast"] == {
        "value_at_due": None, "low": None, "high": None, "level": None, "probability": None, "method": "",
        "note": COMING, "made_at": None,
    }  # fmt: skip
    made = forecast(key_result, **RATE)
    _, after = call("GET", path)
    told_now = after["key_results"][0]["forecast"]
    assert (told_now["value_at_due"], told_now["probability"], told_now["method"]) == (96.0, None, "run_rate")
    assert told_now["note"] == "There are less than eight weeks of data, so only the run rate is told."
    assert told_now["made_at"][:16] == made.made_at.isoformat()[:16]


def test_the_digest_tells_it(access: ProductAccess, goal: Goal, key_result: KeyResult) -> None:
    GoalDay.objects.create(goal=goal, on=date(2026, 2, 20), progress=0.5, standing="on_track")
    assert COMING not in changes_of_week(access.product, TODAY)[goal.pk].lines
    forecast(key_result)
    assert changes_of_week(access.product, TODAY)[goal.pk].lines[-1] == TOLD


def test_today_names_goals_in_danger_by_status_or_forecast(
    browser: Client, shop: Product, access: ProductAccess, orders: Metric
) -> None:
    def measured(title: str, target: float, **fields: Any) -> Goal:
        goal = create_goal(access=access, title=title, start=date(2026, 1, 1), due=date(2026, 3, 31), **fields)
        row = add_key_result(access=access, goal=goal, metric_id=orders.pk, baseline=0, target=target)
        take_readings(row)
        forecast(row, **(SURE | {"probability": 0.9 if title == "Fine" else 0.15}))
        return goal

    above = create_goal(access=access, title="Above", start=date(2026, 1, 1), due=date(2026, 3, 31))
    measured("Fine", 3)
    measured("Told by its forecast", 4)
    measured("Off track", 100, parent_id=above.pk)
    assert [card.goal.title for card in browser.get("/p/tea/").context["risks"]] == [
        "Off track",
        "Told by its forecast",
    ]


def test_a_closed_goal_is_not_in_danger(access: ProductAccess, goal: Goal, key_result: KeyResult) -> None:
    forecast(key_result)
    assert [card.goal.pk for card in at_risk(cards(access))] == [goal.pk]
    close_goal(access=access, goal=goal, status=Status.MISSED.value, outcome="It did not work.")
    assert at_risk([*cards(access), *cards(access, closed=True)]) == []


def test_a_job_for_a_key_result_that_is_gone_ends_well(shop: Product, key_result: KeyResult) -> None:
    key_result.delete()
    drain()
    assert set(Job.objects.filter(name__endswith="forecast_key_result").values_list("state", flat=True)) == {"done"}


def test_the_chart_shows_the_forecast_with_its_band_up_to_the_due_day(
    browser: Client, shop: Product, key_result: KeyResult
) -> None:
    take_readings(key_result)
    forecast(key_result, **SURE, path=[["2026-03-31", 96, 90, 102]])
    page = browser.get(f"/p/tea/goals/{key_result.goal_id}/")
    (_item, chart, _forecast), *_others = page.context["results"]
    drawn = next(one for one in chart.series if one.name == "Forecast")
    newest = key_result.readings.order_by("on").last()
    begin = next(i for i, value in enumerate(drawn.values) if value is not None)
    assert drawn.values[begin] == drawn.low[begin] == drawn.high[begin] == newest.value
    assert (drawn.values[-1], drawn.low[-1], drawn.high[-1]) == (96, 90, 102)
    assert chart.series[0].values[begin] == newest.value
    assert [(note.index, note.label) for note in chart.annotations] == [(len(chart.labels) - 1, "Due day")]


def test_the_chart_goes_the_way_of_the_forecast(browser: Client, shop: Product, key_result: KeyResult) -> None:
    take_readings(key_result)
    path = [["2026-03-04", 1, 1, 1], ["2026-03-10", 10, 9, 11], ["2026-03-20", 90, 80, 95], ["2026-03-31", 96, 90, 102]]
    forecast(key_result, **SURE, path=path)
    _item, chart, _forecast = browser.get(f"/p/tea/goals/{key_result.goal_id}/").context["results"][0]
    drawn = next(one for one in chart.series if one.name == "Forecast")
    at = {label: index for index, label in enumerate(chart.labels)}
    assert [drawn.values[at[f"Mar {day}, 2026"]] for day in (10, 15, 20, 31)] == [10, 50, 90, 96]
    assert [drawn.low[at[f"Mar {day}, 2026"]] for day in (10, 15, 20, 31)] == [9, 44.5, 80, 90]


def test_the_band_leaves_out_the_days_at_which_its_test_did_not_hold(
    browser: Client, shop: Product, key_result: KeyResult
) -> None:
    take_readings(key_result)
    path = [["2026-03-10", 10, 9, 11], ["2026-03-12", 20, None, None], ["2026-03-30", 90, 80, 95]]
    forecast(key_result, **SURE, path=[*path, ["2026-03-31", 96, 90, 102]])
    _item, chart, _forecast = browser.get(f"/p/tea/goals/{key_result.goal_id}/").context["results"][0]
    drawn = next(one for one in chart.series if one.name == "Forecast")
    at = {label: index for index, label in enumerate(chart.labels)}
    places = [at[f"Mar {day}, 2026"] for day in (10, 11, 12, 13, 29, 30, 31)]
    assert [drawn.low[place] for place in places] == [9, None, None, None, None, 80, 90]
    assert [drawn.high[place] for place in places] == [11, None, None, None, None, 95, 102]
    assert [drawn.values[place] for place in places[:3]] == [10, 15, 20]


def test_a_forecast_kept_without_its_way_has_no_band(browser: Client, shop: Product, key_result: KeyResult) -> None:
    """What lies between today and the due day has not been tested then."""
    take_readings(key_result)
    forecast(key_result)
    series = browser.get(f"/p/tea/goals/{key_result.goal_id}/").context["results"][0][1].series
    assert [(one.values[-1], len(one.low)) for one in series if one.name == "Forecast"] == [(96, 0)]


def test_notes_of_the_product_stand_in_the_charts_of_its_goals(
    browser: Client, shop: Product, access: ProductAccess, key_result: KeyResult
) -> None:
    take_readings(key_result)
    annotate(access=access, text="New menu", day=date(2026, 3, 3), until=date(2026, 3, 4))
    annotate(access=access, text="Long ago", day=date(2025, 3, 3))
    chart = browser.get(f"/p/tea/goals/{key_result.goal_id}/").context["results"][0][1]
    assert [(note.label, where) for note, where in chart.notes] == [
        ("Due day", "Mar 31, 2026"),
        ("New menu", "Mar 3, 2026 – Mar 4, 2026"),
    ]


def pace(target: float, **fields: Any) -> str:
    row = Forecast(value=180, so_far=100, days_left=10, additive=True, **({"method": "prophet"} | fields))
    return ForecastCard(row, KeyResult(metric=Metric(), baseline=0, target=target)).pace


def test_what_it_takes_a_day_agrees_with_the_forecast() -> None:
    lately = {"run_rate": 160}
    assert pace(200, **lately) == (
        "To reach the target it takes 10 a day, 25% more than forecast. Lately it was 6 a day."
    )
    # More than lately, and yet less than forecast: both stand there.
    assert pace(170, **lately) == "To reach the target it takes 7 a day, 12% less than forecast. Lately it was 6 a day."
    assert pace(180, method="run_rate", run_rate=180) == (
        "To reach the target it takes 8 a day, which is what is forecast."
    )
    assert pace(100) == ""


@pytest.mark.parametrize(
    ("probability", "words"), [(1.0, "It is reached already."), (0.0, "It cannot be reached any more.")]
)
def test_what_is_settled_is_said_plainly(
    access: ProductAccess, key_result: KeyResult, probability: float, words: str
) -> None:
    forecast(key_result, value=96.0, probability=probability, method="prophet")
    assert told(access) == f"Forecast for Mar 31, 2026: 96. {words}"


def takings(access: ProductAccess, goal: Goal) -> KeyResult:
    question = {"kind": "trends", "series": [{"event": "order", "measure": "sum", "property": "amount"}]}
    metric = Metric.objects.create(product=access.product, name="Takings", question=question, window="total")
    return add_key_result(access=access, goal=goal, metric_id=metric.pk, baseline=0, target=90)


@pytest.mark.parametrize(
    ("probability", "words", "chance"),
    [
        (1.0, "It is reached, unless amounts are taken back.", "reached, unless amounts are taken back"),
        (0.0, "It is out of reach, unless amounts are taken back.", "out of reach, unless amounts are taken back"),
    ],
)
def test_of_a_sum_nothing_is_settled_without_saying_what_would_undo_it(
    access: ProductAccess, goal: Goal, probability: float, words: str, chance: str
) -> None:
    row = forecast(takings(access, goal), value=96.0, probability=probability, method="prophet", days_left=9)
    assert told(access) == f"Forecast for Mar 31, 2026: 96. {words}"
    card = ForecastCard(row, row.key_result)
    assert card.chance == chance
    assert (
        card.proviso == "No amount was negative so far. A refund that is kept as a negative amount would change this."
    )


def test_a_sum_that_is_past_its_target_and_can_fall_again_says_so(access: ProductAccess, goal: Goal) -> None:
    row = forecast(
        takings(access, goal), **SURE | {"so_far": 91.0, "probability": 0.95, "additive": True, "days_left": 9}
    )
    card = ForecastCard(row, row.key_result)
    assert card.chance == "very likely: 95% or more"
    assert card.proviso == "It is past the target now, but negative amounts such as refunds can take it back."
    row.so_far = 89.0
    assert card.proviso == ""


def test_a_count_that_is_settled_has_no_proviso(key_result: KeyResult) -> None:
    row = forecast(key_result, value=196.0, so_far=101.0, probability=1.0, additive=True, method="prophet")
    assert (ForecastCard(row, key_result).chance, ForecastCard(row, key_result).proviso) == ("reached already", "")


def test_without_an_interval_the_chart_shows_the_line_alone(
    browser: Client, shop: Product, key_result: KeyResult
) -> None:
    take_readings(key_result)
    forecast(key_result, **RATE)
    page = browser.get(f"/p/tea/goals/{key_result.goal_id}/")
    series = page.context["results"][0][1].series
    assert [(one.name, len(one.low)) for one in series if one.name == "Forecast"] == [("Forecast", 0)]


@pytest.mark.parametrize(
    ("zone", "method", "due", "told_of"),
    [
        ("Asia/Shanghai", "prophet", date(2026, 3, 31), "Until then 19 of 27 days are working days."),
        ("Asia/Shanghai", "prophet", date(2026, 5, 10), "swapped working days (调休) are counted in."),
        ("Asia/Shanghai", "run_rate", date(2026, 5, 10), "This method does not know of "),
        ("Europe/London", "run_rate", date(2026, 4, 30), "This method does not know of holidays on weekdays (1)."),
        ("Europe/London", "prophet", date(2026, 4, 30), "Holidays on weekdays are counted in (1)."),
    ],
)
def test_the_working_days_ahead_are_told(
    key_result: KeyResult, zone: str, method: str, due: date, told_of: str
) -> None:
    row = forecast(key_result, value=96.0, method=method)
    key_result.due, key_result.goal.product.timezone = due, zone
    assert told_of in ForecastCard(row, key_result).calendar


@pytest.mark.parametrize(
    ("unit", "value", "told_as"),
    [
        ("count", 7069.64, "7,070"),
        ("money", 209568.74, "CN¥209,569"),
        ("percent", 0.2513, "25.1%"),
        ("number", 4.25, "4.25"),
    ],
)
def test_what_is_foretold_is_no_truer_for_its_decimals(
    key_result: KeyResult, unit: str, value: float, told_as: str
) -> None:
    key_result.metric.unit, key_result.metric.currency = unit, "CNY"
    assert ForecastCard(forecast(key_result, value=value), key_result).value == told_as
