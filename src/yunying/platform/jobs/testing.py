"""For tests: do what waits, here and now, without a runner."""

from datetime import timedelta

from yunying.base import clock
from yunying.platform.jobs.execution import execute
from yunying.platform.jobs.models import Job, State

__all__ = ["drain"]


def drain(*, until_s: float = 0, limit: int = 1_000) -> int:
    """Run waiting jobs in order, also those they enqueue, until none is due within `until_s` seconds.

    Returns how many tries ran. An exception of a handler comes through to the test.
    """
    ran = 0
    while ran < limit:
        due = Job.objects.filter(state=State.WAITING, due_at__lte=clock.now() + timedelta(seconds=until_s))
        job = due.order_by("due_at", "id").first()
        if job is None:
            return ran
        execute(job.pk, job.attempt, "test", reraise=True)
        ran += 1
    raise AssertionError(f"{limit} jobs ran and more are due")
