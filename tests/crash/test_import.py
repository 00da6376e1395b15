"""An import that is killed with `kill -9` goes on behind its last checkpoint, and every event is there once.

Taking it back is killed as well, and nothing of it is left afterwards.
"""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.crash.import_worker import ROWS
from tests.fresh import make_installation

pytestmark = [pytest.mark.crash, pytest.mark.long]
SEED = 20260307
KILLS = 2
PATIENCE_S = 90.0


class Worker:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen([sys.executable, "-m", "tests.crash.import_worker", "work", str(self.folder)])

    def kill(self) -> None:
        assert self.process
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(PATIENCE_S)

    def call(self, command: str) -> Any:
        call = [sys.executable, "-m", "tests.crash.import_worker", command, str(self.folder)]
        told = subprocess.run(call, check=True, capture_output=True, text=True, timeout=PATIENCE_S).stdout
        return json.loads(told) if told else None

    def state(self) -> tuple[str, int]:
        with closing(sqlite3.connect(self.folder / "yunying.sqlite3", timeout=20)) as database:
            row: tuple[str, int] = database.execute("SELECT status, rows_read FROM tracking_importrun").fetchone()
        return row

    def until(self, rows: int) -> None:
        """Wait until that many rows are behind a checkpoint, or the import has ended."""
        deadline = time.monotonic() + PATIENCE_S
        while (state := self.state())[1] < rows and state[0] == "running":
            assert time.monotonic() < deadline, state
            time.sleep(0.01)

    def removals(self) -> int:
        """How many statements that remove rows were begun; the engine keeps a note of each."""
        # Folders of half-made parts vanish while they are looked at, which os.walk does not mind.
        files = (name for _, _, names in os.walk(self.folder / "events") for name in names)
        return sum(name.startswith("mutation_") and name.endswith(".txt") for name in files)

    def until_removals(self, count: int) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while self.removals() < count:
            assert time.monotonic() < deadline, (self.state(), self.removals())
            time.sleep(0.005)

    def until_taken_back(self) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while self.state()[0] == "taking_back":
            assert time.monotonic() < deadline
            time.sleep(0.02)


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Worker]:
    worker = Worker(make_installation(tmp_path))
    worker.call("make")
    yield worker
    if worker.process and worker.process.poll() is None:
        worker.kill()


def test_an_import_killed_again_and_again_ends_with_every_event_once(worker: Worker) -> None:
    dice = random.Random(SEED)
    stopped_at: list[int] = []
    for number in range(KILLS):
        worker.start()
        worker.until((number + 1) * ROWS // (KILLS + 2))
        # Somewhere between two checkpoints.
        time.sleep(dice.uniform(0.0, 0.2))
        worker.kill()
        stopped_at.append(worker.state()[1])
    assert worker.state()[0] == "running"
    assert 0 < stopped_at[0] < stopped_at[-1] < ROWS
    worker.start()
    worker.until(ROWS + 1)
    worker.stop()
    found = worker.call("read")
    # What is left is left after taking the import back: the record of what it added survived the crashes too.
    once = {"counts": [1], "ids": ROWS, "left": 0}
    assert found == {"status": "done", "events": ROWS, "repeated": 0, "errors": 0, **once}


def test_taking_an_import_back_killed_again_and_again_leaves_nothing_of_it(worker: Worker) -> None:
    worker.start()
    worker.until(ROWS + 1)
    worker.stop()
    worker.call("back")
    for number in range(KILLS):
        worker.start()
        # In the middle: some statements were carried out or are at work, and there are others to come.
        worker.until_removals(worker.removals() + 3 * (number + 1))
        worker.kill()
        assert worker.state()[0] == "taking_back"
    worker.start()
    worker.until_taken_back()
    worker.stop()
    # Neither the events, nor the record of them; and the catalogue, which counts them, was lowered once.
    assert worker.call("left") == {"status": "taken_back", "events": 0, "noted": 0, "volume": 0}
