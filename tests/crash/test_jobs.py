"""The three promises of background jobs, each kept while processes are killed with -9.

A job is begun again after a crash and goes on at its unfinished step. The work of a worker that never comes back is
done by another. What was committed runs, what was rolled back never does.
"""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from tests.fresh import make_installation
from tests.postgres import NoServer, Server, running_server

pytestmark = [pytest.mark.crash, pytest.mark.long]

PATIENCE_S = 120.0


class House:
    """One installation: a data folder, its databases and the processes started in it."""

    def __init__(self, folder: Path, database_url: str = "") -> None:
        self.folder = folder
        self.journal = folder / "journal"
        self.journal.touch()
        self.database_url = database_url
        self.running: list[subprocess.Popen[str]] = []
        if not database_url:
            make_installation(folder / "data")

    def migrate(self) -> None:
        self._call("django", "migrate", "-v0")

    def worker(self, home: str = "data") -> "subprocess.Popen[str]":
        """A worker process that is ready; workers with different homes are on different machines."""
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.jobs_worker", "work"],
            env=self._env(home),
            stdout=subprocess.PIPE,
            text=True,
        )
        self.running.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process

    def enqueue(self, name: str, how: str = "enqueue", **arguments: object) -> None:
        """Enqueue in a process that is killed in the moment of the commit (or before it)."""
        ended = self._call("tests.crash.jobs_worker", how, name, json.dumps(arguments), check=False)
        assert ended.returncode == -signal.SIGKILL

    def lines(self) -> list[str]:
        return self.journal.read_text().splitlines()

    def happened(self) -> list[str]:
        """The journal without the process numbers."""
        return [line.rpartition(" ")[0] for line in self.lines() if not line.startswith("minute")]

    def until(self, done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not done():
            assert time.monotonic() < deadline, self.lines()
            time.sleep(0.05)

    def states(self) -> Counter[str]:
        """How many jobs are in each state, schedules left out."""
        return Counter(dict(self._sql("SELECT state, count(*) FROM jobs_job WHERE name LIKE 'test.%' GROUP BY state")))

    def is_waiting_after(self, lines: list[str]) -> bool:
        """Whether exactly this happened and the only job waits for its next try."""
        return self.happened() == lines and self.states() == {"waiting": 1}

    def skip_the_wait(self) -> None:
        """Make jobs that wait for their next try due now."""
        self._sql("UPDATE jobs_job SET due_at = created_at WHERE name LIKE 'test.%' RETURNING id")

    def _sql(self, query: str) -> list[tuple[str, int]]:
        if self.database_url:
            import psycopg

            with psycopg.connect(self.database_url.replace("postgres:", "postgresql:", 1)) as connection:
                return connection.execute(query).fetchall()  # type: ignore[call-overload, no-any-return]
        with closing(sqlite3.connect(self.folder / "data" / "yunying.sqlite3", timeout=20)) as connection, connection:
            return connection.execute(query).fetchall()

    def close(self) -> None:
        for process in self.running:
            process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()

    def _call(self, module: str, *arguments: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        return subprocess.run([sys.executable, "-m", module, *arguments], env=self._env("data"), check=check, text=True)

    def _env(self, home: str) -> dict[str, str]:
        (self.folder / home).mkdir(exist_ok=True)
        env = {name: value for name, value in os.environ.items() if not name.startswith("YUNYING_")}
        env |= {
            "DJANGO_SETTINGS_MODULE": "yunying.settings",
            "YUNYING_SECRET_KEY": "only-for-tests-" + "x" * 40,
            "YUNYING_DATA_DIR": str(self.folder / home),
            "JOBS_JOURNAL": str(self.journal),
        }
        return env | ({"YUNYING_DATABASE_URL": self.database_url} if self.database_url else {})


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    try:
        with running_server() as server:
            server.create("fresh")
            folder = tmp_path_factory.mktemp("fresh")
            House(folder, server.url("fresh")).migrate()
            yield server
    except NoServer as reason:
        pytest.skip(str(reason))


@pytest.fixture(params=["sqlite", "postgres"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    url = request.getfixturevalue("postgres").new_database("fresh") if request.param == "postgres" else ""
    place = House(tmp_path, url)
    try:
        yield place
    finally:
        place.close()


@pytest.fixture
def small_house(tmp_path: Path) -> Iterator[House]:
    """On SQLite only: for what does not depend on the database."""
    place = House(tmp_path)
    try:
        yield place
    finally:
        place.close()


@pytest.fixture
def shared_house(postgres: Server, tmp_path: Path) -> Iterator[House]:
    place = House(tmp_path, postgres.new_database("fresh"))
    try:
        yield place
    finally:
        place.close()


def test_killed_job_goes_on_at_its_unfinished_step_and_ends_once(house: House) -> None:
    house.enqueue("test.steps", count=4, wait_s=0.5)
    first = house.worker()
    house.until(lambda: "begin 3" in house.happened())
    first.kill()
    first.wait()
    house.worker()
    house.until(lambda: house.states()["done"] == 1)
    happened = Counter(house.happened())
    assert [happened[f"done {n}"] for n in (1, 2, 3, 4)] == [1, 1, 1, 1]
    assert (happened["begin 1"], happened["begin 2"], happened["begin 3"]) == (1, 1, 2)
    assert happened["end"] == 1


def test_job_survives_three_kills_in_a_row(small_house: House) -> None:
    small_house.enqueue("test.steps", count=10, wait_s=0.15)
    for _ in range(3):
        worker = small_house.worker()
        before = len(small_house.happened())
        small_house.until(lambda: len(small_house.happened()) > before + 1)  # noqa: B023 - called at once
        worker.kill()
        worker.wait()
        if small_house.states()["done"]:
            break
    small_house.worker()
    small_house.until(lambda: small_house.states()["done"] == 1)
    happened = Counter(small_house.happened())
    assert all(happened[f"done {n}"] in (1, 2) for n in range(1, 11))
    assert happened["end"] in (1, 2)
    assert small_house.states() == {"done": 1}


def test_other_worker_finishes_what_a_dead_one_left(shared_house: House) -> None:
    workers = {process.pid: process for process in (shared_house.worker("machine-1"), shared_house.worker("machine-2"))}
    shared_house.enqueue("test.steps", count=4, wait_s=0.5)
    shared_house.until(lambda: "begin 2" in shared_house.happened())
    gone = workers[int(shared_house.lines()[-1].rpartition(" ")[2])]
    gone.kill()
    gone.wait()
    shared_house.until(lambda: shared_house.states()["done"] == 1)
    happened = Counter(shared_house.happened())
    assert (happened["begin 1"], happened["begin 2"], happened["end"]) == (1, 2, 1)
    assert [happened[f"done {n}"] for n in (1, 2, 3, 4)] == [1, 1, 1, 1]
    assert len({line.rpartition(" ")[2] for line in shared_house.lines() if line.startswith("done")}) == 2


def test_worker_that_was_frozen_and_taken_over_ends_nothing_twice(shared_house: House) -> None:
    frozen = shared_house.worker("machine-1")
    shared_house.enqueue("test.steps", count=3, wait_s=0.7)
    shared_house.until(lambda: "begin 2" in shared_house.happened())
    frozen.send_signal(signal.SIGSTOP)
    shared_house.worker("machine-2")
    shared_house.until(lambda: shared_house.states()["done"] == 1)
    frozen.send_signal(signal.SIGCONT)
    time.sleep(3)
    happened = Counter(shared_house.happened())
    assert happened["end"] == 1
    assert happened["done 3"] == 1
    assert shared_house.states() == {"done": 1}


def test_two_workers_run_each_job_once(shared_house: House) -> None:
    shared_house.worker("machine-1")
    shared_house.worker("machine-2")
    for number in range(3):
        shared_house.enqueue("test.quick", number=number)
    shared_house.until(lambda: shared_house.states()["done"] == 3)
    assert sorted(shared_house.happened()) == [f"quick {n}" for n in range(3)]


def test_job_committed_in_the_moment_of_a_kill_runs(house: House) -> None:
    house.enqueue("test.quick", number=7)
    assert house.states() == {"waiting": 1}
    house.worker()
    house.until(lambda: house.states()["done"] == 1)
    assert house.happened() == ["quick 7"]


def test_job_of_a_transaction_that_never_committed_does_not_exist(house: House) -> None:
    house.enqueue("test.quick", how="roll-back", number=8)
    house.enqueue("test.quick", number=9)
    house.worker()
    house.until(lambda: house.states()["done"] == 1)
    assert house.happened() == ["quick 9"]
    assert house.states() == {"done": 1}


def test_clean_stop_leaves_a_long_job_for_the_next_start(small_house: House) -> None:
    small_house.enqueue("test.steps", count=4, wait_s=0.7)
    first = small_house.worker()
    small_house.until(lambda: "begin 2" in small_house.happened())
    first.terminate()
    assert first.wait(timeout=20) == 0
    assert "done 4" not in small_house.happened()
    small_house.worker()
    small_house.until(lambda: small_house.states()["done"] == 1)
    happened = Counter(small_house.happened())
    assert [happened[f"begin {n}"] for n in (1, 2, 3, 4)] == [1, 1, 1, 1]
    assert happened["end"] == 1


def test_retry_goes_on_at_the_step_that_failed(small_house: House) -> None:
    small_house.enqueue("test.stubborn")
    small_house.worker()
    for tries in (1, 2):
        failed = ["begin 1", "done 1", *["try"] * tries]
        small_house.until(partial(small_house.is_waiting_after, failed))
        small_house.skip_the_wait()
    small_house.until(lambda: small_house.states()["done"] == 1)
    assert small_house.happened() == ["begin 1", "done 1", "try", "try", "try", "end"]


def test_job_whose_steps_were_lost_with_their_file_begins_anew(small_house: House) -> None:
    small_house.enqueue("test.steps", count=2, wait_s=0.4)
    first = small_house.worker()
    small_house.until(lambda: "begin 2" in small_house.happened())
    first.kill()
    first.wait()
    for file in (small_house.folder / "data").glob("jobs.sqlite3*"):
        file.unlink()
    small_house.worker()
    small_house.until(lambda: small_house.states()["done"] == 1)
    assert small_house.happened() == ["begin 1", "done 1", "begin 2", "begin 1", "done 1", "begin 2", "done 2", "end"]
