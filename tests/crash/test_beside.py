"""A collector beside the process with the embedded event store, both killed at random under load."""

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.crash.load import Process, free_port, gather, run_clients
from tests.fresh import make_installation

pytestmark = [pytest.mark.crash, pytest.mark.long]
SEED = 20261123
KILLS = 6


def run(command: str, folder: Path) -> str:
    call = [sys.executable, "-m", "tests.crash.real_server", command, str(folder)]
    return subprocess.run(call, check=True, capture_output=True, text=True, timeout=60).stdout


def test_a_collector_beside_the_store_keeps_every_acknowledged_event_once(tmp_path: Path) -> None:
    run("make", make_installation(tmp_path))
    spool, dice = tmp_path / "beside", random.Random(SEED)
    ports = free_port(), free_port()
    own = {"YUNYING_SPOOL_URL": f"file://{spool}"}
    command = ["-m", "tests.crash.real_server"]
    with (
        Process(
            [*command, "serve", str(tmp_path), str(ports[0])], ports[0], {"YUNYING_SPOOLS_BESIDE": str(spool)}
        ) as serve,
        Process([*command, "collect", str(tmp_path), str(ports[1])], ports[1], own) as collect,
    ):
        serve.start()
        collect.start()
        clients, stop = run_clients(ports[1], SEED, count=2, pause_s=0.01)
        for number in range(KILLS):
            time.sleep(dice.uniform(0.3, 1.5))
            # Events are taken also while nobody writes them.
            victim = (serve, collect)[number % 2]
            victim.kill()
            victim.start()
        time.sleep(1.0)
        acknowledged, sent, _ = gather(clients, stop)
        assert collect.stop() == 0
        deadline = time.monotonic() + 30
        while list(spool.glob("*.seg")) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert serve.stop() == 0
    found: dict[str, int] = json.loads(run("read", tmp_path))
    assert acknowledged - found.keys() == set(), "acknowledged events are missing"
    assert found.keys() - sent == set(), "there are events that nobody sent"
    assert [uuid for uuid, count in found.items() if count != 1] == [], "there are repeated events"
    assert len(acknowledged) > 500
