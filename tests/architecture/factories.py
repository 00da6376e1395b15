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
