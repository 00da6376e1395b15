"""Objects behind the addresses of goals."""

from datetime import date

from tests.architecture.factories import metric
from tests.isolation import factory

Q1 = {"start": date(2026, 1, 1), "due": date(2026, 3, 31)}


@factory(
    "goals:detail",
    "goals:edit",
    "goals:move",
    "goals:close",
    "goals:reopen",
    "goals:delete",
    "goals:read",
    "goals:add",
    "goals:check_in",
    "goals:follow",
    "goals:unfollow",
    "goals:ics",
    "/api/v1/products/{product}/goals/{goal}",
    "/api/v1/products/{product}/goals/{goal}/close",
    "/api/v1/products/{product}/goals/{goal}/reopen",
    "/api/v1/products/{product}/goals/{goal}/key-results",
    "/api/v1/products/{product}/goals/{goal}/check-ins",
)
def goal(access):
    from yunying.apps.goals.services import create_goal

    number = create_goal(access=access, title="Sell more", **Q1).pk
    return {"goal_id": number, "goal": number}


@factory(
    "goals:change",
    "goals:remove",
    "goals:readings",
    "/api/v1/products/{product}/goals/key-results/{key_result}",
    "/api/v1/products/{product}/goals/key-results/{key_result}/readings",
    "/api/v1/products/{product}/goals/key-results/{key_result}/past-readings",
    "/api/v1/products/{product}/goals/key-results/{key_result}/read",
)
def key_result(access):
    from yunying.apps.goals.models import Goal
    from yunying.apps.goals.services import add_key_result

    owner = Goal.objects.get(pk=goal(access)["goal"])
    bound = metric(access)["metric"]
    number = add_key_result(access=access, goal=owner, metric_id=bound, baseline=0, target=100).pk
    return {"key_result_id": number, "key_result": number}


@factory("goals:check_in_delete", "/api/v1/products/{product}/goals/check-ins/{check_in}")
def check_in(access):
    from yunying.apps.goals.models import Goal
    from yunying.apps.goals.services import add_check_in

    number = add_check_in(access=access, goal=Goal.objects.get(pk=goal(access)["goal"]), confidence=7).pk
    return {"check_in_id": number, "check_in": number}


@factory(
    "goals:cycle",
    "goals:cycle_edit",
    "goals:cycle_close",
    "goals:cycle_reopen",
    "goals:cycle_delete",
    "/api/v1/products/{product}/cycles/{cycle}",
    "/api/v1/products/{product}/cycles/{cycle}/close",
    "/api/v1/products/{product}/cycles/{cycle}/reopen",
    "/api/v1/products/{product}/cycles/{cycle}/carry-over",
)
def cycle(access):
    from yunying.apps.goals.services import create_cycle

    number = create_cycle(access=access, name="2026 Q1", **Q1).pk
    return {"cycle_id": number, "cycle": number}


@factory(
    "goals:driver_edit",
    "goals:driver_remove",
    "/api/v1/products/{product}/north-star/drivers/{driver}",
)
def driver(access):
    from yunying.apps.goals.services import add_driver

    number = add_driver(access=access, metric_id=metric(access)["metric"]).pk
    return {"driver_id": number, "driver": number}
