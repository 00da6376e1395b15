"""One try of one job: begin, run, end. Every write is guarded, so a worker given up for dead changes nothing."""

import logging
from datetime import timedelta
from threading import Event
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F

from yunying.base import clock
from yunying.base.errors import NotFound, msg
from yunying.platform.jobs.context import Cancelled, Durable, Running, Stopping, current
from yunying.platform.jobs.errors import backoff_s, is_final, record_of
from yunying.platform.jobs.models import Job, State
from yunying.platform.jobs.registry import handler_named

__all__ = ["execute", "fail"]

log = logging.getLogger(__name__)

OPEN = [State.WAITING, State.RUNNING]
MAX_STARTS = 10
"""A try that was begun this often without an end takes its process down with it."""


def execute(
    job_id: int,
    attempt: int,
    worker: str,
    *,
    durable: Durable | None = None,
    stopping: Event | None = None,
    reraise: bool = False,
) -> None:
    """Run try `attempt` of a job to its end and record how it ended; does nothing if that try has ended already.

    The handler's exception is recorded, and raised too if `reraise`. `Stopping` passes through: the try has not ended.
    """
    job = _begin(job_id, attempt, worker)
    if job is None:
        return
    running = Running(job_id, durable, stopping or Event())
    token = current.set(running)
    try:
        _call(job)
    except Stopping:
        # A restart on purpose is no sign of a job that kills its process.
        Job.objects.filter(pk=job.pk, attempt=job.attempt, starts=job.starts).update(starts=F("starts") - 1)
        raise
    except Cancelled:
        _end(job, State.CANCELLED)
    except Exception as error:
        fail(job, record_of(error), error)
        if reraise:
            raise
    else:
        _end(job, State.CANCELLED if running.cancel else State.DONE)
    finally:
        current.reset(token)


def fail(job: Job, record: dict[str, Any], error: Exception | None = None) -> None:
    """End the try `job` stands for as failed: wait for the next try, or give up when there is none."""
    handler = handler_named(job.name)
    log.error("job %s #%d failed in try %d: %s", job.name, job.pk, job.attempt, record.get("code", record["type"]))
    last = handler is None or job.attempt > handler.retries or (error is not None and is_final(error))
    if last:
        _end(job, State.FAILED, error=record)
        return
    due_at = clock.now() + timedelta(seconds=backoff_s(job.attempt, error))
    try:
        with transaction.atomic():
            _end(
                job,
                State.WAITING,
                error=record,
                attempt=job.attempt + 1,
                starts=0,
                due_at=due_at,
                handed_at=None,
                ended_at=None,
            )
    except IntegrityError:
        # Meanwhile the same work was asked for again under the same key: that job does it.
        _end(job, State.DISCARDED, error=record)


def _begin(job_id: int, attempt: int, worker: str) -> Job | None:
    with transaction.atomic():
        # The row lock also waits for a transaction that has just asked for this key again, so the job sees its work.
        open_try = Job.objects.select_for_update().filter(pk=job_id, attempt=attempt, state__in=OPEN)
        job = open_try.first()
        if job is None:
            return None
        job.state, job.worker, job.starts = State.RUNNING, worker, job.starts + 1
        job.started_at = job.started_at or clock.now()
        job.save(update_fields=["state", "worker", "starts", "started_at"])
    if job.cancel_requested:
        _end(job, State.CANCELLED)
        return None
    if job.starts > MAX_STARTS:
        fail(job, {"type": "ProcessDied", "where": []})
        return None
    return job


def _call(job: Job) -> None:
    handler = handler_named(job.name)
    if handler is None:
        raise NotFound("job.unknown", msg("This version of the program has no such job any more. Discard it."))
    handler.function(**job.arguments)


def _end(job: Job, state: State, **changes: Any) -> None:
    # Only the newest start of the newest try may end it: a worker that was taken over has an older number.
    mine = Job.objects.filter(pk=job.pk, attempt=job.attempt, starts=job.starts, state__in=OPEN)
    mine.update(**{"state": state, "ended_at": clock.now(), **changes})
