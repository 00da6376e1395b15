"""The whole program, killed: twenty times under load with `kill -9`, once in order."""

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.load import Process, free_port, gather, run_clients
from tests.fresh import make_installation

pytestmark = [pytest.mark.crash, pytest.mark.long]
SEED = 20260306
KILLS = 20


def run(command: str, folder: Path) -> str:
    call = [sys.executable, "-m", "tests.crash.real_server", command, str(folder)]
    return subprocess.run(call, check=True, capture_output=True, text=True, timeout=60).stdout


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Process]:
    run("make", make_installation(tmp_path))
    port = free_port()
    with Process(["-m", "tests.crash.real_server", "serve", str(tmp_path), str(port)], port) as process:
        yield process


def test_the_whole_server_killed_twenty_times_keeps_every_acknowledged_event_once(
    server: Process, tmp_path: Path
) -> None:
    dice = random.Random(SEED)
    server.start()
    clients, stop = run_clients(server.port, SEED, count=2, pause_s=0.01)
    for _ in range(KILLS):
        # Some die while they are still starting, most under load with a flush on its way.
        time.sleep(dice.uniform(0.0, 1.2))
        server.kill()
        server.start(answers=dice.random() < 0.9)
    time.sleep(1.5)
    acknowledged, sent, repeats = gather(clients, stop)
    assert server.stop() == 0
    found: dict[str, int] = json.loads(run("read", tmp_path))
    assert acknowledged - found.keys() == set(), "acknowledged events are missing"
    assert found.keys() - sent == set(), "there are events that nobody sent"
    assert [uuid for uuid, count in found.items() if count != 1] == [], "there are repeated events"
    assert list((tmp_path / "spool").glob("*.seg")) == []
    assert len(acknowledged) > 1000
    assert repeats > 0
    print(f"{len(acknowledged)} acknowledged, {len(found)} stored, {repeats} requests repeated, {KILLS} kills")
