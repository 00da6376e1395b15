"""Facts reach every subscriber as a job of its own."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from django.db import transaction

from yunying.platform.jobs.facts import publish, subscriber
from yunying.platform.jobs.models import Job, State
from yunying.platform.jobs.testing import drain

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class GoalClosed:
    goal_id: int
    at: datetime
    tags: tuple[str, ...] = ()


FACT = GoalClosed(3, datetime(2026, 3, 1, 8, tzinfo=UTC), ("a",))


def test_every_subscriber_hears_the_same_fact_once() -> None:
    heard: list[tuple[str, GoalClosed]] = []

    @subscriber(GoalClosed)
    def mail(fact: GoalClosed) -> None:
        heard.append(("mail", fact))

    @subscriber(GoalClosed)
    def chart(fact: GoalClosed) -> None:
        heard.append(("chart", fact))

    assert len(publish(FACT)) == 2
    drain()
    assert heard == [("mail", FACT), ("chart", FACT)]


def test_one_failing_subscriber_does_not_hold_back_the_others() -> None:
    heard: list[int] = []

    @subscriber(GoalClosed, retries=0)
    def broken(fact: GoalClosed) -> None:
        raise RuntimeError

    @subscriber(GoalClosed)
    def fine(fact: GoalClosed) -> None:
        heard.append(fact.goal_id)

    publish(FACT)
    with pytest.raises(RuntimeError):
        drain()
    drain()
    assert heard == [3]
    assert sorted(Job.objects.values_list("state", flat=True)) == [State.DONE, State.FAILED]


def test_fact_of_a_rolled_back_change_is_not_told() -> None:
    @subscriber(GoalClosed)
    def mail(fact: GoalClosed) -> None: ...

    with pytest.raises(RuntimeError), transaction.atomic():
        publish(FACT)
        raise RuntimeError
    assert not Job.objects.exists()


def test_fact_without_subscribers_costs_nothing(django_assert_num_queries: pytest.FixtureRequest) -> None:
    with django_assert_num_queries(0):  # type: ignore[operator]
        assert publish(FACT) == []
