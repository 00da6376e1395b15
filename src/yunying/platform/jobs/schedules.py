"""Jobs that recur: one row per schedule says when it is due next."""

from django.db import transaction

from yunying.base import clock
from yunying.platform.jobs.models import Schedule
from yunying.platform.jobs.registry import handler_named, next_due, schedules
from yunying.platform.jobs.services import enqueue

__all__ = ["fire_due", "sync"]


@transaction.atomic
def sync() -> None:
    """Make the rows agree with the code: new schedules start now, changed ones anew, gone ones go."""
    wanted = {handler.name: handler.cron for handler in schedules()}
    Schedule.objects.exclude(name__in=wanted).delete()
    known = dict(Schedule.objects.values_list("name", "cron"))
    now = clock.now()
    for name, cron in wanted.items():
        if known.get(name) != cron:
            Schedule.objects.update_or_create(name=name, defaults={"cron": cron, "next_at": next_due(cron, now)})


def fire_due() -> int:
    """Enqueue every schedule that is due; returns how many this process enqueued. Missed times count as one."""
    due = Schedule.objects.filter(next_at__lte=clock.now())
    return sum(_fire(row) for row in list(due))


@transaction.atomic
def _fire(row: Schedule) -> bool:
    handler = handler_named(row.name)
    if handler is None or handler.cron != row.cron:
        return False
    now = clock.now()
    # Every worker sees the same due time; whoever moves it on is the one that enqueues.
    mine = Schedule.objects.filter(pk=row.pk, next_at=row.next_at)
    if not mine.update(next_at=next_due(row.cron, now), last_at=now):
        return False
    enqueue(handler.function, key="schedule")
    return True
