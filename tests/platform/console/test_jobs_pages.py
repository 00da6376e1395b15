"""The page of background jobs: seen and used by owners only."""

from collections.abc import Callable

import pytest
from django.test import Client

from tests.conftest import NOON, Cast
from yunying.platform.accounts.models import User
from yunying.platform.audit.models import Entry
from yunying.platform.jobs import registry
from yunying.platform.jobs.models import Job, Schedule, State, Worker

pytestmark = pytest.mark.django_db

AsUser = Callable[[User], Client]


@pytest.fixture
def failed(monkeypatch: pytest.MonkeyPatch) -> Job:
    monkeypatch.setattr(registry, "_handlers", dict(registry._handlers))

    @registry.job(name="test.broken", label="Break things")
    def broken() -> None: ...

    error = {"type": "RuntimeError", "where": ["apps/goals/tasks.py:12 read"]}
    return Job.objects.create(
        name="test.broken", queue="default", state=State.FAILED, error=error, ended_at="2026-03-05T12:00Z"
    )


def test_owner_sees_queues_schedules_running_and_failed_jobs(browser: Client, failed: Job) -> None:
    Job.objects.create(
        name="test.long",
        queue="heavy",
        state=State.RUNNING,
        started_at=NOON,
        done_units=3,
        total_units=9,
    )
    Schedule.objects.create(name="test.nightly", cron="0 3 * * *", next_at="2026-03-06T03:00Z")
    Worker.objects.create(executor="a", host="host-a", pid=7, beat_at=NOON)
    page = browser.get("/jobs/").content.decode()
    for text in ("Break things", "RuntimeError", "apps/goals/tasks.py:12 read", "test.long", "0 3 * * *", "host-a"):
        assert text in page
    assert '<progress max="9" value="3"' in page


def test_empty_page_says_what_to_expect(browser: Client) -> None:
    page = browser.get("/jobs/").content.decode()
    assert "No job has failed." in page
    assert "No process runs jobs at the moment." in page


def test_page_costs_the_same_however_many_jobs_failed(
    browser: Client, failed: Job, django_assert_max_num_queries: Callable[[int], object]
) -> None:
    Job.objects.bulk_create(Job(name="test.broken", queue="default", state=State.FAILED) for _ in range(40))
    with django_assert_max_num_queries(20):  # type: ignore[attr-defined]
        assert browser.get("/jobs/").status_code == 200


def test_owner_tries_a_failed_job_again_and_it_is_audited(browser: Client, people: Cast, failed: Job) -> None:
    response = browser.post(f"/jobs/{failed.pk}/retry/", follow=True)
    assert "The job is tried again." in response.content.decode()
    failed.refresh_from_db()
    assert (failed.state, failed.attempt) == (State.WAITING, 2)
    entry = Entry.objects.get(verb="job.retried")
    assert (entry.actor_id, entry.actor_name) == (people.ada.pk, "Ada")


def test_owner_discards_a_failed_job_but_not_twice(browser: Client, failed: Job) -> None:
    browser.post(f"/jobs/{failed.pk}/discard/")
    response = browser.post(f"/jobs/{failed.pk}/discard/", follow=True)
    assert "Only a failed job can be discarded." in response.content.decode()
    failed.refresh_from_db()
    assert failed.state == State.DISCARDED


def test_owner_cancels_a_running_job(browser: Client) -> None:
    job = Job.objects.create(name="test.long", queue="heavy", state=State.RUNNING, started_at=NOON)
    browser.post(f"/jobs/{job.pk}/cancel/")
    job.refresh_from_db()
    assert job.cancel_requested
    assert "Stopping" in browser.get("/jobs/").content.decode()


def test_jobs_can_be_filtered_and_exported(browser: Client, failed: Job) -> None:
    Job.objects.create(name="test.done", queue="mail", state=State.DONE)
    rows = browser.get("/jobs/?state=done&export=csv")
    text = b"".join(rows.streaming_content).decode() if rows.streaming else rows.content.decode()
    assert "test.done" in text
    assert "Break things" not in text


@pytest.mark.parametrize("address", ["/jobs/", "/audit/"])
def test_pages_of_the_house_are_absent_for_others(people: Cast, as_user: AsUser, address: str) -> None:
    assert as_user(people.bo).get(address).status_code == 404
    assert as_user(people.chen).get(address).status_code == 404
    assert Client().get(address).status_code == 302


@pytest.mark.parametrize("act", ["retry", "discard", "cancel"])
def test_others_cannot_touch_a_job(people: Cast, as_user: AsUser, failed: Job, act: str) -> None:
    assert as_user(people.bo).post(f"/jobs/{failed.pk}/{act}/").status_code == 404
    assert as_user(people.ada).get(f"/jobs/{failed.pk}/{act}/").status_code == 405
    failed.refresh_from_db()
    assert failed.state == State.FAILED


def test_superuser_without_organisation_sees_the_page(as_user: AsUser) -> None:
    root = User.objects.create_superuser("root@example.com")
    assert as_user(root).get("/jobs/").status_code == 200
