"""What the jobs page shows. Jobs belong to the installation, so whoever calls checks who is asking."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q, QuerySet

from yunying.base import clock
from yunying.platform.jobs.models import Job, Schedule, State, Worker
from yunying.platform.jobs.registry import QUEUES, handler_named

__all__ = ["QueueRow", "ScheduleRow", "failed", "jobs", "label_of", "queues", "running", "schedule_rows", "workers"]


@dataclass(frozen=True, slots=True)
class QueueRow:
    """Jobs of one queue by state; `done` counts the last 24 hours."""

    name: str
    waiting: int = 0
    running: int = 0
    done: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class ScheduleRow:
    label: str
    cron: str
    next_at: datetime
    last_at: datetime | None


def label_of(name: str) -> str:
    """What people read for the job called `name`."""
    handler = handler_named(name)
    return handler.shown if handler else name


def queues() -> list[QueueRow]:
    """Every queue with its counts. One query."""
    day_ago = clock.now() - timedelta(days=1)
    rows = (
        Job.objects.order_by("queue")
        .values("queue")
        .annotate(
            waiting=Count("pk", filter=Q(state=State.WAITING)),
            running=Count("pk", filter=Q(state=State.RUNNING)),
            done=Count("pk", filter=Q(state=State.DONE, ended_at__gte=day_ago)),
            failed=Count("pk", filter=Q(state=State.FAILED)),
        )
    )
    found = {
        row["queue"]: QueueRow(row["queue"], row["waiting"], row["running"], row["done"], row["failed"]) for row in rows
    }
    return [found.get(name, QueueRow(name)) for name in sorted({*QUEUES, *found})]


def running() -> QuerySet[Job]:
    """Jobs at work, the longest first."""
    return Job.objects.filter(state=State.RUNNING).order_by("started_at")


def failed() -> QuerySet[Job]:
    """Jobs that were given up, the newest first."""
    return Job.objects.filter(state=State.FAILED).order_by("-ended_at")


def jobs() -> QuerySet[Job]:
    """Every job that is remembered, the newest first."""
    return Job.objects.order_by("-id")


def schedule_rows() -> list[ScheduleRow]:
    """Jobs that recur, the next one first."""
    rows = Schedule.objects.order_by("next_at", "name")
    return [ScheduleRow(label_of(row.name), row.cron, row.next_at, row.last_at) for row in rows]


def workers() -> QuerySet[Worker]:
    """Processes that run jobs."""
    return Worker.objects.order_by("started_at")
