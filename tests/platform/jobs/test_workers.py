"""Which workers live, and who takes over from whom."""

from pathlib import Path

import pytest

from yunying.base import clock
from yunying.platform.jobs.models import Worker
from yunying.platform.jobs.workers import Watch, beat, leave, register, take_slot

pytestmark = pytest.mark.django_db


class Time:
    """A monotonic clock that tests move."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s = 100.0
        monkeypatch.setattr(clock, "monotonic_s", lambda: self.now_s)


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    return Time(monkeypatch)


def _watch(name: str = "me") -> tuple[Watch, list[str]]:
    recovered: list[str] = []
    register(name)
    return Watch(name, 30.0, recovered.extend), recovered


def test_worker_that_beats_is_left_alone(time: Time) -> None:
    watch, recovered = _watch()
    register("other")
    for _ in range(10):
        watch.look(set())
        time.now_s += 10
        beat("other")
    assert recovered == []


def test_worker_that_stands_still_is_taken_over_once(time: Time) -> None:
    watch, recovered = _watch()
    register("dead")
    watch.look(set())
    time.now_s += 29
    assert watch.look(set()) == []
    time.now_s += 1
    assert watch.look(set()) == ["dead"]
    watch.look(set())
    assert recovered == ["dead"]
    assert not Worker.objects.filter(executor="dead").exists()


def test_only_one_of_two_watchers_takes_over(time: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    (first, by_first), (second, by_second) = _watch("first"), _watch("second")
    register("dead")
    first.look(set())
    second.look(set())
    row = Worker.objects.get(executor="dead")
    assert first._take_over(row)
    assert not second._take_over(row)
    assert (by_first, by_second) == (["dead"], [])


def test_watcher_that_dies_in_the_middle_is_made_up_for(time: Time) -> None:
    def dies(_: list[str]) -> None:
        raise RuntimeError

    register("dead")
    first = Watch("first", 30.0, dies)
    second, recovered = _watch("second")
    row = Worker.objects.get(executor="dead")
    with pytest.raises(RuntimeError):
        first._take_over(row)
    second.look(set())
    time.now_s += 30
    assert second.look(set()) == ["dead"]
    assert recovered == ["dead"]


def test_work_of_a_worker_nobody_knows_is_taken_over_at_once(time: Time) -> None:
    watch, recovered = _watch()
    assert watch.look({"me", "ghost"}) == ["ghost"]
    assert recovered == ["ghost"]


def test_worker_given_up_too_early_registers_again() -> None:
    register("me")
    leave("me")
    beat("me")
    assert Worker.objects.get().executor == "me"
    Worker.objects.update(taken_over_by="other")
    beat("me")
    assert Worker.objects.get().taken_over_by == ""


def test_worker_id_stays_over_restarts_and_is_never_shared(tmp_path: Path) -> None:
    first = take_slot(tmp_path)
    second = take_slot(tmp_path)
    assert first.executor != second.executor
    kept = first.executor
    first.release()
    again = take_slot(tmp_path)
    assert again.executor == kept
    again.release()
    second.release()


def test_id_that_is_being_taken_over_is_not_used_again(tmp_path: Path) -> None:
    slot = take_slot(tmp_path)
    register(slot.executor)
    Worker.objects.update(taken_over_by="other")
    slot.release()
    fresh = take_slot(tmp_path)
    assert fresh.executor != slot.executor
    fresh.release()
