"""Jobs without a runner: asking, de-duplicating, failing, retrying, cancelling."""

from datetime import timedelta

import pytest
from cronsim import CronSimError
from django.db import connection, transaction

from yunying.base import clock
from yunying.base.actor import Actor, ActorKind
from yunying.base.errors import Conflict, NotFound, Unavailable
from yunying.platform.audit.models import Entry
from yunying.platform.jobs import cancelled, enqueue, job, progress, schedule, step
from yunying.platform.jobs.execution import MAX_STARTS, execute
from yunying.platform.jobs.models import Job, State
from yunying.platform.jobs.services import cancel_job, discard_job, retry_job
from yunying.platform.jobs.testing import drain

pytestmark = pytest.mark.django_db

ADA = Actor(ActorKind.USER, 7, "Ada")


def _get(pk: int) -> Job:
    return Job.objects.get(pk=pk)


def test_enqueued_job_runs_with_its_arguments() -> None:
    seen: list[int] = []

    @job()
    def note(number: int) -> None:
        seen.append(number)

    pk = enqueue(note, number=3)
    assert _get(pk).state == State.WAITING
    assert drain() == 1
    assert (seen, _get(pk).state) == ([3], State.DONE)


def test_rolled_back_transaction_leaves_no_job() -> None:
    @job()
    def note() -> None: ...

    with pytest.raises(RuntimeError), transaction.atomic():
        enqueue(note)
        raise RuntimeError
    assert not Job.objects.exists()


def test_wrong_arguments_are_refused_at_once() -> None:
    @job()
    def note(number: int) -> None: ...

    with pytest.raises(TypeError):
        enqueue(note, nomber=3)
    with pytest.raises(TypeError):
        enqueue(note, number=object())
    with pytest.raises(TypeError):
        enqueue(print)


def test_same_key_waits_only_once() -> None:
    @job()
    def refresh(metric: int) -> None: ...

    first = enqueue(refresh, metric=1, key="refresh:1")
    assert enqueue(refresh, metric=1, key="refresh:1") == first
    assert enqueue(refresh, metric=2, key="refresh:2") != first
    assert Job.objects.count() == 2


def test_key_of_a_running_job_may_be_asked_for_again() -> None:
    numbers: list[int] = []

    @job()
    def refresh() -> None:
        if len(numbers) < 2:
            numbers.append(enqueue(refresh, key="refresh"))

    enqueue(refresh, key="refresh")
    assert drain() == 3
    assert len(set(numbers)) == 2


def test_enqueue_costs_few_queries(django_assert_max_num_queries: pytest.FixtureRequest) -> None:
    @job()
    def refresh() -> None: ...

    with django_assert_max_num_queries(1):  # type: ignore[operator]
        enqueue(refresh)
    with django_assert_max_num_queries(3):  # type: ignore[operator]
        enqueue(refresh, key="a")


def test_delayed_job_waits_for_its_time() -> None:
    ran: list[int] = []

    @job()
    def later() -> None:
        ran.append(1)

    enqueue(later, delay_s=60)
    assert drain() == 0
    assert drain(until_s=61) == 1


def test_failed_try_waits_longer_each_time_and_then_gives_up() -> None:
    @job(retries=2)
    def broken() -> None:
        raise RuntimeError("ada@example.org is unhappy")

    pk = enqueue(broken)
    waits = []
    for attempt in (1, 2):
        with clock.fixed(clock.now()):
            execute(pk, attempt, "w")
            waits.append((_get(pk).due_at - clock.now()).total_seconds())
        assert _get(pk).state == State.WAITING
    assert 12 <= waits[0] <= 18
    assert 36 <= waits[1] <= 54
    execute(pk, 3, "w")
    assert _get(pk).state == State.FAILED


def test_error_is_recorded_without_its_text(caplog: pytest.LogCaptureFixture) -> None:
    @job(retries=0)
    def broken() -> None:
        raise RuntimeError("ada@example.org is unhappy")

    pk = enqueue(broken)
    execute(pk, 1, "w")
    error = _get(pk).error
    assert error["type"] == "RuntimeError"
    assert "test_services.py" in error["where"][-1]
    assert "ada@example.org" not in str(error) + caplog.text
    assert "RuntimeError" in caplog.text


def test_known_error_keeps_code_and_message_and_its_wish_to_wait() -> None:
    @job(retries=1)
    def away() -> None:
        raise Unavailable("mail.away", "The mail server %(host)s is away.", host="a.example", retry_after_s=900)

    pk = enqueue(away)
    with clock.fixed(clock.now()):
        execute(pk, 1, "w")
        found = _get(pk)
        assert found.due_at - clock.now() == timedelta(seconds=900)
    assert (found.error["code"], found.error["message"]) == ("mail.away", "The mail server %(host)s is away.")


def test_error_that_cannot_get_better_is_not_retried() -> None:
    @job(retries=5)
    def gone() -> None:
        raise NotFound("metric.absent", "gone")

    pk = enqueue(gone)
    execute(pk, 1, "w")
    assert _get(pk).state == State.FAILED


def test_failed_try_gives_way_to_the_same_work_asked_for_again() -> None:
    @job()
    def refresh() -> None:
        enqueue(refresh, key="refresh")
        raise RuntimeError

    pk = enqueue(refresh, key="refresh")
    execute(pk, 1, "w")
    assert _get(pk).state == State.DISCARDED
    assert Job.objects.filter(state=State.WAITING).count() == 1


def test_job_the_code_no_longer_knows_fails_visibly() -> None:
    pk = Job.objects.create(name="gone.away", queue="default").pk
    execute(pk, 1, "w")
    assert (_get(pk).state, _get(pk).error["code"]) == (State.FAILED, "job.unknown")
    with pytest.raises(Conflict):
        retry_job(actor=ADA, job_id=pk)


def test_worker_that_was_taken_over_cannot_end_the_job() -> None:
    @job()
    def slow() -> None:
        # Meanwhile another worker takes the job over and begins it again.
        Job.objects.filter(pk=pk).update(starts=2, worker="other")

    pk = enqueue(slow)
    execute(pk, 1, "w")
    assert (_get(pk).state, _get(pk).worker) == (State.RUNNING, "other")


def test_ended_try_is_not_run_again() -> None:
    ran: list[int] = []

    @job()
    def note() -> None:
        ran.append(1)

    pk = enqueue(note)
    execute(pk, 1, "w")
    execute(pk, 1, "w")
    assert ran == [1]


def test_job_that_keeps_killing_its_process_is_given_up() -> None:
    @job(retries=0)
    def poison() -> None:
        raise AssertionError("must not be called")

    pk = enqueue(poison)
    Job.objects.filter(pk=pk).update(state=State.RUNNING, starts=MAX_STARTS)
    execute(pk, 1, "w")
    assert (_get(pk).state, _get(pk).error["type"]) == (State.FAILED, "ProcessDied")


def test_failed_job_can_be_tried_again_or_discarded_and_both_are_audited() -> None:
    ok: list[int] = []

    @job(retries=0)
    def broken() -> None:
        if not ok:
            raise RuntimeError

    first, second = enqueue(broken), enqueue(broken)
    execute(first, 1, "w")
    execute(second, 1, "w")
    ok.append(1)
    retry_job(actor=ADA, job_id=first)
    discard_job(actor=ADA, job_id=second)
    drain()
    assert (_get(first).state, _get(second).state) == (State.DONE, State.DISCARDED)
    assert [e.verb for e in Entry.objects.order_by("id")] == ["job.retried", "job.discarded"]
    for call in (retry_job, discard_job, cancel_job):
        with pytest.raises(Conflict):
            call(actor=ADA, job_id=first)
        with pytest.raises(NotFound):
            call(actor=ADA, job_id=0)


def test_waiting_job_is_cancelled_at_once() -> None:
    @job()
    def note() -> None: ...

    pk = enqueue(note)
    cancel_job(actor=ADA, job_id=pk)
    assert drain() == 0
    assert _get(pk).state == State.CANCELLED


def test_running_job_stops_at_its_next_step() -> None:
    done: list[int] = []

    @job()
    def batches() -> None:
        step(done.append, 1)
        cancel_job(actor=ADA, job_id=pk)
        from yunying.platform.jobs.context import current

        current.get().asked_at_s = 0  # type: ignore[union-attr]
        step(done.append, 2)

    pk = enqueue(batches)
    execute(pk, 1, "w")
    assert (done, _get(pk).state) == ([1], State.CANCELLED)


def test_running_job_can_ask_whether_it_is_cancelled() -> None:
    @job()
    def loop() -> None:
        cancel_job(actor=ADA, job_id=pk)
        assert cancelled()

    pk = enqueue(loop)
    drain()
    assert _get(pk).state == State.CANCELLED


def test_progress_is_written_at_most_once_a_second_and_at_the_end() -> None:
    @job()
    def count() -> None:
        before = len(connection.queries_log)
        for done in range(1, 1_001):
            progress(done, 1_000)
        assert len(connection.queries_log) - before <= 3

    pk = enqueue(count)
    connection.force_debug_cursor = True
    try:
        drain()
    finally:
        connection.force_debug_cursor = False
    assert (_get(pk).done_units, _get(pk).total_units) == (1_000, 1_000)


def test_outside_of_a_job_step_is_a_plain_call() -> None:
    progress(1, 2)
    assert not cancelled()
    assert step(max, 1, 2) == 2


def test_schedule_refuses_a_bad_expression_and_arguments() -> None:
    with pytest.raises(CronSimError):
        schedule("61 * * * *")
    with pytest.raises(TypeError):

        @schedule("* * * * *")
        def wants(number: int) -> None: ...


def test_two_functions_cannot_share_a_name() -> None:
    @job(name="same")
    def one() -> None: ...

    with pytest.raises(ValueError, match="same"):

        @job(name="same")
        def two() -> None: ...


def test_unknown_queue_is_refused() -> None:
    with pytest.raises(ValueError, match="queue"):
        job(queue="fast")
