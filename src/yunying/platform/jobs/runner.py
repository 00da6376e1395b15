"""Runs the jobs in this process: DBOS keeps queues and finished steps, one thread hands rows over and keeps watch."""

import logging
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from dbos import DBOS, DBOSConfig, SetWorkflowID
from django.db import close_old_connections, connections

from yunying.base import clock
from yunying.config import Config
from yunying.platform.jobs import schedules, wake
from yunying.platform.jobs.context import Stopping
from yunying.platform.jobs.execution import OPEN, execute, fail
from yunying.platform.jobs.models import Job, State
from yunying.platform.jobs.registry import QUEUES
from yunying.platform.jobs.workers import Slot, Watch, beat, leave, register, take_slot

__all__ = ["Pace", "start", "stop"]

log = logging.getLogger(__name__)

# Fixed: with DBOS's default, a hash of the code, an upgrade would strand whatever is unfinished.
_VERSION = "1"
_BATCH = 200
# DBOS looks for work twice a second: what is short is fetched ahead and waits here for its turn. Long work is not,
# for another worker may be idle.
_AHEAD = {"default": 8}
_KEEP_DONE = timedelta(days=7)
_KEEP_FAILED = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Pace:
    """How often the runner looks around, in seconds."""

    poll_s: float = 1.0
    queue_poll_s: float = 0.5
    beat_s: float = 5.0
    look_s: float = 10.0
    dead_after_s: float = 30.0
    lost_after_s: float = 60.0
    purge_s: float = 3600.0


def start(config: Config, pace: Pace = Pace()) -> None:
    """Run jobs in this process until `stop`. Unfinished work of its last life goes on first.

    Call once, after migrations, in the one process that serves or works. Raises RuntimeError if already running.
    """
    global _runner
    if _runner is not None:
        raise RuntimeError("the jobs runner is already running")
    _runner = _Runner(config, pace)
    _runner.start()


def stop(timeout_s: float = 10.0) -> bool:
    """Take no new job, give running ones `timeout_s` to end or reach their next step, and shut DBOS down.

    What did not end is resumed by the next start. Returns False if a job is still running in its thread then; the
    caller should end the process without waiting for it.
    """
    global _runner
    if _runner is None:
        return True
    runner, _runner = _runner, None
    return runner.stop(timeout_s)


class _Runner:
    def __init__(self, config: Config, pace: Pace) -> None:
        self.config = config
        self.pace = pace
        self.stopping = threading.Event()
        self._shares = shares(config.job_threads)
        self._turns = {queue: threading.BoundedSemaphore(share) for queue, share in self._shares.items()}
        self._active = 0
        self._idle = threading.Condition()
        self._thread = threading.Thread(target=self._loop, name="jobs", daemon=True)
        self._next: dict[str, float] = {}

    def start(self) -> None:
        self.slot: Slot = take_slot(self.config.data_dir / "workers")
        register(self.slot.executor)
        DBOS(config=_dbos_config(self.config, self.slot.executor))
        DBOS.launch()
        for queue, share in self._shares.items():
            DBOS.register_queue(
                queue,
                worker_concurrency=share * _AHEAD.get(queue, 1),
                polling_interval_sec=self.pace.queue_poll_s,
                on_conflict="always_update",
            )
        schedules.sync()
        self.watch = Watch(self.slot.executor, self.pace.dead_after_s, DBOS._recover_pending_workflows)
        self._thread.start()

    def stop(self, timeout_s: float) -> bool:
        self.stopping.set()
        wake.up()
        self._thread.join(timeout=timeout_s)
        with self._idle:
            ended = self._idle.wait_for(lambda: self._active == 0, timeout=timeout_s)
        DBOS.destroy()
        leave(self.slot.executor)
        self.slot.release()
        return ended

    def run(self, uid: str, attempt: int) -> None:
        """One try, in a thread of DBOS."""
        with self._idle:
            self._active += 1
        try:
            found = Job.objects.filter(uid=uid).values_list("pk", "queue").first()
            connections.close_all()
            if found is not None:
                with self._turn_in(found[1]):
                    execute(found[0], attempt, self.slot.executor, durable=_durable, stopping=self.stopping)
        finally:
            connections.close_all()
            with self._idle:
                self._active -= 1
                self._idle.notify_all()

    @contextmanager
    def _turn_in(self, queue: str) -> Iterator[None]:
        turns = self._turns.get(queue, self._turns[QUEUES[0]])
        while not turns.acquire(timeout=0.2):
            if self.stopping.is_set():
                raise Stopping
        try:
            if self.stopping.is_set():
                raise Stopping
            yield
        finally:
            turns.release()

    def _loop(self) -> None:
        while not self.stopping.is_set():
            try:
                self._round()
            except Exception as error:
                # The database may be away; the loop is what comes back with it.
                log.warning("jobs runner: %s", type(error).__qualname__)
                connections.close_all()
            wake.wait(self.pace.poll_s)
        connections.close_all()

    def _round(self) -> None:
        close_old_connections()
        if self._turn("beat", self.pace.beat_s):
            beat(self.slot.executor)
        schedules.fire_due()
        while hand_over() == _BATCH and not self.stopping.is_set():
            pass
        if self._turn("look", self.pace.look_s):
            self.watch.look(_with_work())
            mend(self.pace.lost_after_s)
        if self._turn("purge", self.pace.purge_s):
            purge()

    def _turn(self, what: str, every_s: float) -> bool:
        now_s = clock.monotonic_s()
        if now_s < self._next.get(what, 0.0):
            return False
        self._next[what] = now_s + every_s
        return True


_runner: _Runner | None = None


def shares(threads: int) -> dict[str, int]:
    """How many of `threads` each queue gets in a process: `heavy` and `mail` a quarter each, `default` the rest."""
    quarter = max(1, threads // 4)
    return {queue: max(1, threads - 2 * quarter) if queue == "default" else quarter for queue in QUEUES}


def hand_over() -> int:
    """Give DBOS the waiting jobs that are due; returns how many. May do the same job twice without harm."""
    due = Job.objects.filter(state=State.WAITING, handed_at=None, due_at__lte=clock.now())
    jobs = list(due.order_by("due_at", "id")[:_BATCH])
    for job in jobs:
        _hand(job)
    handed = Job.objects.filter(pk__in=[job.pk for job in jobs], handed_at=None)
    handed.update(handed_at=clock.now())
    return len(jobs)


def _hand(job: Job) -> None:
    queue = job.queue if job.queue in QUEUES else QUEUES[0]
    finished = _finished_steps(job)
    with SetWorkflowID(job.workflow_id):
        # DBOS keeps the first workflow of an id, so a crash between this and our mark costs nothing.
        if not finished:
            DBOS.enqueue_workflow(queue, run_job, str(job.uid))
        elif DBOS.get_workflow_status(job.workflow_id) is None:
            DBOS.fork_workflow(
                job.try_id(job.attempt - 1), finished + 1, application_version=_VERSION, queue_name=queue
            )


def _finished_steps(job: Job) -> int:
    """How many steps the last try finished, from the first on; the next try begins after them."""
    if job.attempt == 1 or job.error.get("type") == "DBOSUnexpectedStepError":
        return 0
    count = 0
    for step in DBOS.list_workflow_steps(job.try_id(job.attempt - 1)):
        output = step["output"]
        if not isinstance(output, dict) or "result" not in output:
            break
        count += 1
    return count


def mend(after_s: float) -> int:
    """Bring rows and DBOS together again where they parted (a restored file, a database away); returns how many.

    Looks at jobs handed over `after_s` ago or earlier.
    """
    old = clock.now() - timedelta(seconds=after_s)
    rows = {job.workflow_id: job for job in Job.objects.filter(state__in=OPEN, handed_at__lt=old)[:_BATCH]}
    found = DBOS.list_workflows(workflow_ids=list(rows), load_input=False, load_output=False) if rows else []
    status = {workflow.workflow_id: workflow.status for workflow in found}
    mended = 0
    for workflow_id, job in rows.items():
        if workflow_id not in status:
            mended += Job.objects.filter(pk=job.pk, attempt=job.attempt, state__in=OPEN).update(
                state=State.WAITING, handed_at=None
            )
        elif status[workflow_id] not in ("PENDING", "ENQUEUED", "DELAYED"):
            fail(job, {"type": "Lost", "where": []})
            mended += 1
    return mended


def purge() -> int:
    """Forget jobs that ended long ago, here and in DBOS; returns how many."""
    now = clock.now()
    done = Job.objects.filter(state__in=[State.DONE, State.CANCELLED, State.DISCARDED], ended_at__lt=now - _KEEP_DONE)
    failed = Job.objects.filter(state=State.FAILED, ended_at__lt=now - _KEEP_FAILED)
    old = [*done.order_by("id")[:_BATCH], *failed.order_by("id")[:_BATCH]]
    DBOS.delete_workflows([job.try_id(n) for job in old for n in range(1, job.attempt + 1)])
    Job.objects.filter(pk__in=[job.pk for job in old]).delete()
    return len(old)


@DBOS.workflow(name="yunying.job")
def run_job(uid: str) -> None:
    """The one workflow DBOS knows. Which try it is stands in its id, so that a forked try knows itself."""
    workflow_id = DBOS.workflow_id
    if _runner is None or workflow_id is None:
        raise Stopping
    _runner.run(uid, int(workflow_id.rpartition(".")[2]))


def _durable(name: str, call: Any) -> dict[str, Any]:
    outcome: dict[str, Any] = DBOS.run_step({"name": name}, call)
    return outcome


def _with_work() -> set[str]:
    """Ids of the workers that DBOS says are at work."""
    pending = DBOS.list_workflows(status="PENDING", load_input=False, load_output=False)
    return {workflow.executor_id for workflow in pending if workflow.executor_id}


def _dbos_config(config: Config, executor: str) -> DBOSConfig:
    return {
        "name": "yunying",
        "system_database_url": _dbos_url(config),
        "application_version": _VERSION,
        "executor_id": executor,
        "log_level": "WARNING",
        "sys_db_pool_size": config.job_threads + 8,
        "max_executor_threads": sum(n * _AHEAD.get(q, 1) for q, n in shares(config.job_threads).items()) + 8,
    }


def _dbos_url(config: Config) -> str:
    scheme, _, rest = config.jobs_url.partition(":")
    if scheme != "sqlite":
        return f"postgresql:{rest}"
    path = config.path(config.jobs_url)
    path.parent.mkdir(parents=True, exist_ok=True)
    _use_wal(path)
    return f"sqlite:///{path}"


def _use_wal(path: Path) -> None:
    # The mode stays with the file: readers no longer wait for the writer, and a commit is one sync instead of two.
    with closing(sqlite3.connect(path)) as file:
        file.execute("PRAGMA journal_mode=WAL")
