"""Asking for work, and what people may do to it."""

import inspect
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F

from yunying.base import clock
from yunying.base.actor import Actor
from yunying.base.errors import Conflict, NotFound, msg
from yunying.platform.audit.services import record
from yunying.platform.jobs import wake
from yunying.platform.jobs.models import Job, State
from yunying.platform.jobs.registry import handler_named, handler_of

__all__ = ["cancel_job", "discard_job", "enqueue", "retry_job"]


def enqueue(function: Callable[..., None], *, key: str = "", delay_s: float = 0, **arguments: Any) -> int:
    """Ask for a run of a job after the caller's transaction commits; returns the number of its row.

    The row is written in that transaction: rolled back it never was, committed it survives any crash. While a job
    of the same function and `key` waits, no second one is made and that one's number is returned; one that already
    runs does not count, for it may have read what this transaction is changing. Raises TypeError for arguments the
    function does not take or JSON cannot carry. Costs one to three queries.
    """
    handler = handler_of(function)
    inspect.signature(function).bind(**arguments)
    json.dumps(arguments)
    transaction.on_commit(wake.up)
    now = clock.now()
    wanted = Job(
        name=handler.name,
        queue=handler.queue,
        key=key,
        arguments=arguments,
        due_at=now + timedelta(seconds=delay_s),
    )
    if not key:
        wanted.save(force_insert=True)
        return wanted.pk
    return _enqueue_once(wanted)


def _enqueue_once(wanted: Job) -> int:
    twins = Job.objects.filter(name=wanted.name, key=wanted.key, state=State.WAITING)
    while True:
        # The write locks the waiting row until we commit: the job cannot begin before it can see our changes.
        if twins.update(wanted_at=wanted.wanted_at):
            return twins.values_list("pk", flat=True)[0]
        # Another transaction may add the same key right now; the constraint lets one of us through, and whoever was
        # not let through goes round again to lock the other's row.
        Job.objects.bulk_create([wanted], ignore_conflicts=True)
        number = Job.objects.filter(uid=wanted.uid).values_list("pk", flat=True).first()
        if number is not None:
            return number


@transaction.atomic
def retry_job(*, actor: Actor, job_id: int) -> None:
    """Try a failed job once more, from its first unfinished step. Raises Conflict unless it failed."""
    job = _locked(job_id)
    if job.state != State.FAILED:
        raise Conflict("job.not_failed", msg("Only a failed job can be tried again."))
    if handler_named(job.name) is None:
        raise Conflict("job.unknown", msg("This version of the program has no such job any more. Discard it."))
    if job.key and Job.objects.filter(name=job.name, key=job.key, state=State.WAITING).exists():
        raise Conflict("job.waiting", msg("The same job is already waiting, so this one can be discarded."))
    Job.objects.filter(pk=job.pk).update(
        state=State.WAITING,
        attempt=F("attempt") + 1,
        starts=0,
        due_at=clock.now(),
        handed_at=None,
        ended_at=None,
        cancel_requested=False,
    )
    _audit(actor, "job.retried", job, State.WAITING)
    transaction.on_commit(wake.up)


@transaction.atomic
def discard_job(*, actor: Actor, job_id: int) -> None:
    """Put a failed job aside for good. Raises Conflict unless it failed."""
    job = _locked(job_id)
    if job.state != State.FAILED:
        raise Conflict("job.not_failed", msg("Only a failed job can be discarded."))
    Job.objects.filter(pk=job.pk).update(state=State.DISCARDED)
    _audit(actor, "job.discarded", job, State.DISCARDED)


@transaction.atomic
def cancel_job(*, actor: Actor, job_id: int) -> None:
    """Cancel a job: at once while it waits, at its next step or question while it runs. Raises Conflict if it ended."""
    job = _locked(job_id)
    if job.state == State.WAITING:
        Job.objects.filter(pk=job.pk).update(state=State.CANCELLED, cancel_requested=True, ended_at=clock.now())
    elif job.state == State.RUNNING:
        Job.objects.filter(pk=job.pk).update(cancel_requested=True)
    else:
        raise Conflict("job.ended", msg("This job has already ended."))
    _audit(actor, "job.cancelled", job, State.CANCELLED)


def _locked(job_id: int) -> Job:
    job = Job.objects.select_for_update().filter(pk=job_id).first()
    if job is None:
        raise NotFound("job.absent", msg("There is no such job."))
    return job


def _audit(actor: Actor, verb: str, job: Job, state: State) -> None:
    record(actor, verb, ("job", job.pk, job.name), before={"state": job.state}, after={"state": state.value})
