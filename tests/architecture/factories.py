"""Objects behind the addresses of apps that bring no factories of their own."""

from tests.isolation import factory
from yunying.base import clock, ids
from yunying.events.event import Event, Refusal
from yunying.platform.jobs.models import Job, State
from yunying.platform.notify.models import Notification
from yunying.platform.notify.services import notify


@factory("console:job_retry", "console:job_discard", "console:job_cancel")
def job(access):
    return {"job": Job.objects.create(name="tests.none", queue="default", state=State.FAILED).pk}


@factory("console:notification")
def notification(access):
    notify(user_ids=[access.actor.id], title="Hello")
    return {"notification": Notification.objects.get().pk}


def _millis() -> int:
    return int(clock.now().timestamp() * 1000)


@factory("tracking:live_event")
def live_event(access):
    from yunying.apps.tracking.ingest import Ingest

    uuid = ids.uuid7()
    event = Event(access.product.pk, str(uuid), "opened", "eve", _millis(), _millis())
    Ingest(reload_s=0).write([event], token=f"isolation-{uuid}")
    return {"uuid": uuid}


@factory("tracking:refused_item")
def refused_item(access):
    from yunying.apps.tracking.ingest import Ingest

    number = ids.uuid7().hex
    item = Refusal(access.product.pk, number, _millis(), "own", "id.missing", "It has no id.", "{}")
    Ingest(reload_s=0).refuse([item], token=f"isolation-{number}")
    return {"item_id": number}


ORDERS = {
    "kind": "trends",
    "range": {"last": 30, "unit": "day"},
    "interval": "day",
    "series": [{"event": "order", "measure": "count"}],
}


def _catalogued(access) -> None:
    """Reports are checked against the catalogue, which knows what has arrived."""
    from yunying.apps.tracking.ingest import Ingest

    event = Event(access.product.pk, str(ids.uuid7()), "order", "eve", _millis(), _millis())
    Ingest(reload_s=0).write([event], token=f"isolation-{event.uuid}")


@factory("insights:suggest")
def suggestion(access):
    return {"kind": "events"}


@factory(
    "insights:report",
    "insights:report_copy",
    "insights:report_edit",
    "insights:report_delete",
    "/api/v1/products/{product}/insights/reports/{report}",
    "/api/v1/products/{product}/insights/reports/{report}/answer",
)
def report(access):
    from yunying.apps.insights.services import create_report

    _catalogued(access)
    number = create_report(access=access, name="Orders", spec=ORDERS).pk
    return {"report_id": number, "report": number}


@factory(
    "insights:metric",
    "insights:metric_edit",
    "insights:metric_delete",
    "/api/v1/products/{product}/insights/metrics/{metric}",
    "/api/v1/products/{product}/insights/metrics/{metric}/history",
)
def metric(access):
    from yunying.apps.insights.models import Metric

    _catalogued(access)
    number = Metric.objects.create(product=access.product, name="Orders", question=ORDERS, window="total").pk
    return {"metric_id": number, "metric": number}


@factory(
    "insights:cohort",
    "insights:cohort_edit",
    "insights:cohort_delete",
    "insights:cohort_look_up",
    "insights:cohort_person",
    "insights:cohorts_of_person",
    "/api/v1/products/{product}/cohorts/{cohort}",
    "/api/v1/products/{product}/cohorts/{cohort}/sizes",
    "/api/v1/products/{product}/cohorts/{cohort}/people",
    "/api/v1/products/{product}/cohorts/{cohort}/people/{number}",
)
def cohort(access):
    from yunying.apps.insights.cohorts.models import Cohort
    from yunying.apps.tracking.models import Person

    _catalogued(access)
    definition = {"op": "and", "items": [{"kind": "did", "event": "order"}]}
    made = Cohort.objects.create(product=access.product, name="Buyers", definition=definition).pk
    person = Person.objects.filter(product=access.product).latest("number").number
    return {"cohort_id": made, "cohort": made, "number": person}
