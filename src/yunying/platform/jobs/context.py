"""What a running job can ask and say: `step`, `progress`, `cancelled`."""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from threading import Event
from typing import Any, ParamSpec, TypeVar

from yunying.base import clock
from yunying.platform.jobs.errors import record_of
from yunying.platform.jobs.models import Job

__all__ = ["Cancelled", "Running", "Stopping", "cancelled", "current", "progress", "step"]

P = ParamSpec("P")
R = TypeVar("R")

_ASK_EVERY_S = 1.0

Durable = Callable[[str, Callable[[], dict[str, Any]]], dict[str, Any]]


class Cancelled(Exception):
    """Someone cancelled this job; raised by `step`."""


class Stopping(BaseException):
    """The process is going down; the job is resumed later, so nothing may catch this and call it a failure."""


class StepFailed(Exception):
    """A step that failed before a crash, seen again while its job is resumed."""


@dataclass
class Running:
    """The job of this thread. `durable` runs a step once and remembers its outcome; None runs it as it is."""

    job_id: int
    durable: Durable | None = None
    stopping: Event = field(default_factory=Event)
    asked_at_s: float = float("-inf")
    told_at_s: float = float("-inf")
    cancel: bool = False


current: ContextVar[Running | None] = ContextVar("yunying_job", default=None)


def step(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run `function` as one durable step of this job: once it returned, no restart and no retry runs it again.

    The result must be small and picklable (ids, counts). Steps must come in the same order whenever the job runs,
    so what decides the order (a list of ids to go through) is the result of a step itself. Outside of a running
    job it is a plain call. Raises Cancelled when someone cancelled the job.
    """
    running = current.get()
    if running is None:
        return function(*args, **kwargs)
    if running.stopping.is_set():
        raise Stopping
    if cancelled():
        raise Cancelled
    if running.durable is None:
        return function(*args, **kwargs)
    return _durable(running, running.durable, function, lambda: function(*args, **kwargs))


def _durable(running: Running, durable: Durable, function: Any, call: Callable[[], R]) -> R:
    raised: list[Exception] = []

    def guarded() -> dict[str, Any]:
        # An exception is kept as a record without its text: what DBOS stores must not hold personal data.
        try:
            return {"result": call()}
        except Exception as error:
            raised.append(error)
            return {"error": record_of(error)}

    try:
        outcome = durable(f"{function.__module__}.{function.__qualname__}", guarded)
    except Exception:
        # The handler's own errors are in the outcome; this one is DBOS going down under a job that took too long.
        if running.stopping.is_set():
            raise Stopping from None
        raise
    if "error" in outcome:
        raise raised[0] if raised else StepFailed(outcome["error"]["type"])
    result: R = outcome["result"]
    return result


def progress(done: int, total: int | None = None) -> None:
    """Show that `done` of `total` units are ready. Cheap to call often: at most one write a second, and the last."""
    running = current.get()
    now_s = clock.monotonic_s()
    if running is None or (done != total and now_s - running.told_at_s < _ASK_EVERY_S):
        return
    running.told_at_s = now_s
    Job.objects.filter(pk=running.job_id).update(done_units=done, total_units=total)


def cancelled() -> bool:
    """True once someone cancelled this job; long loops ask and return. At most one query a second."""
    running = current.get()
    if running is None:
        return False
    now_s = clock.monotonic_s()
    if not running.cancel and now_s - running.asked_at_s >= _ASK_EVERY_S:
        running.asked_at_s = now_s
        running.cancel = Job.objects.filter(pk=running.job_id, cancel_requested=True).exists()
    return running.cancel
