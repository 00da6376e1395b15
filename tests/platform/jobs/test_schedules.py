"""Schedules fire once per due time, whoever looks and however late."""

from datetime import UTC, datetime, timedelta

import pytest

from yunying.base import clock
from yunying.platform.jobs import registry, schedule, schedules
from yunying.platform.jobs.models import Job, Schedule
from yunying.platform.jobs.registry import next_due
from yunying.platform.jobs.testing import drain

pytestmark = pytest.mark.django_db

START = datetime(2026, 3, 5, 12, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _no_other_schedules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_handlers", {})


@pytest.fixture
def ran() -> list[datetime]:
    times: list[datetime] = []

    @schedule("*/15 * * * *")
    def sweep() -> None:
        times.append(clock.now())

    return times


def test_new_schedule_waits_for_its_first_due_time(ran: list[datetime]) -> None:
    with clock.fixed(START) as time:
        schedules.sync()
        assert Schedule.objects.get().next_at == datetime(2026, 3, 5, 12, 15, tzinfo=UTC)
        assert schedules.fire_due() == 0
        time.advance(timedelta(minutes=14))
        assert schedules.fire_due() == 1
        assert schedules.fire_due() == 0
        drain()
    assert len(ran) == 1


def test_times_missed_while_nothing_ran_are_made_up_for_by_one_run(ran: list[datetime]) -> None:
    with clock.fixed(START) as time:
        schedules.sync()
        time.advance(timedelta(days=3))
        schedules.sync()
        assert schedules.fire_due() == 1
        assert schedules.fire_due() == 0
        assert Schedule.objects.get().next_at == datetime(2026, 3, 8, 12, 15, tzinfo=UTC)


def test_two_workers_that_see_the_same_due_time_enqueue_once(ran: list[datetime]) -> None:
    with clock.fixed(START) as time:
        schedules.sync()
        time.advance(timedelta(minutes=15))
        row = Schedule.objects.get()
        assert [schedules._fire(row), schedules._fire(row)] == [True, False]
    assert Job.objects.count() == 1


def test_slow_run_is_not_piled_up_on(ran: list[datetime]) -> None:
    with clock.fixed(START) as time:
        schedules.sync()
        for _ in range(3):
            time.advance(timedelta(minutes=15))
            schedules.fire_due()
    assert Job.objects.count() == 1


def test_changed_schedule_starts_anew_and_a_gone_one_goes(ran: list[datetime]) -> None:
    with clock.fixed(START):
        schedules.sync()
        Schedule.objects.update(cron="0 0 1 1 *", next_at=datetime(2027, 1, 1, tzinfo=UTC))
        Schedule.objects.create(name="gone", cron="* * * * *", next_at=START)
        schedules.sync()
        row = Schedule.objects.get()
    assert (row.cron, row.next_at) == ("*/15 * * * *", datetime(2026, 3, 5, 12, 15, tzinfo=UTC))


def test_due_times_are_in_utc() -> None:
    shanghai_noon = datetime.fromisoformat("2026-03-05T12:00:00+08:00")
    assert next_due("0 5 * * *", shanghai_noon) == datetime(2026, 3, 5, 5, tzinfo=UTC)
