"""Two transactions ask for the same key at the same time; only PostgreSQL lets them run side by side."""

import threading

import pytest
from django.db import connection, transaction

from yunying.platform.jobs import enqueue, job
from yunying.platform.jobs.execution import execute
from yunying.platform.jobs.models import Job, State

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.postgres,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite runs one writing transaction after the other"),
]


class Beside:
    """A function in a thread with a database connection of its own."""

    def __init__(self, function: object) -> None:
        self.result: object = None
        self._function = function
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.result = self._function()  # type: ignore[operator]
        finally:
            connection.close()

    def waits(self, for_s: float = 0.5) -> bool:
        self._thread.join(for_s)
        return self._thread.is_alive()

    def end(self) -> object:
        self._thread.join(20)
        assert not self._thread.is_alive()
        return self.result


def test_both_get_the_same_job_and_one_waits_for_the_other() -> None:
    @job()
    def refresh() -> None: ...

    with transaction.atomic():
        mine = enqueue(refresh, key="a")
        other = Beside(lambda: enqueue(refresh, key="a"))
        assert other.waits()
    assert other.end() == mine
    assert Job.objects.count() == 1


def test_job_cannot_begin_before_the_transaction_that_asked_again_commits() -> None:
    ran: list[int] = []

    @job()
    def refresh() -> None:
        ran.append(1)

    pk = enqueue(refresh, key="a")
    with transaction.atomic():
        assert enqueue(refresh, key="a") == pk
        worker = Beside(lambda: execute(pk, 1, "w"))
        assert worker.waits()
        assert ran == []
    worker.end()
    assert ran == [1]
    assert Job.objects.get().state == State.DONE
