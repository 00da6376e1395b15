"""`kill -9` at random moments: whatever was acknowledged is in the store, exactly once."""

import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.collect.harness import SqliteSink, make_keys
from tests.crash.load import Process, free_port, gather, run_clients
from yunying.collect import segments

pytestmark = pytest.mark.crash
SEED = 20260305
# The whole server is killed twenty times in test_server.py; here it is quicker and the sink counts rows.
KILLS = 12
MAX_BATCH = 20


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Process]:
    make_keys(tmp_path / "keys.sqlite3")
    port = free_port()
    with Process(["-m", "tests.crash.collector_server", str(tmp_path), str(port)], port) as process:
        yield process


def stored(folder: Path) -> Counter[str]:
    return Counter(event.uuid for event in SqliteSink(folder / "sink.sqlite3").events())


def check(folder: Path, acknowledged: set[str], sent: set[str]) -> None:
    """The sink keeps rows, not ids: a segment that was flushed twice would show here as a repeat."""
    found = stored(folder)
    assert acknowledged - found.keys() == set(), "acknowledged events are missing"
    assert found.keys() - sent == set(), "there are events that nobody sent"
    assert list((folder / "spool").glob("*.seg")) == []


def test_kills_under_load_lose_nothing(server: Process, tmp_path: Path) -> None:
    dice = random.Random(SEED)
    server.start()
    clients, stop = run_clients(server.port, SEED)
    for _ in range(KILLS):
        time.sleep(dice.uniform(0.05, 1.2))
        server.kill()
        server.start()
    time.sleep(0.3)
    acknowledged, sent, repeats = gather(clients, stop)
    assert server.stop() == 0
    check(tmp_path, acknowledged, sent)
    found = stored(tmp_path)
    again = sum(count - 1 for count in found.values())
    # Only what a client itself sent twice, because the answer was lost, may be there twice; the store knows its id.
    assert again <= MAX_BATCH * repeats
    assert len(acknowledged) > 1000


def test_a_kill_between_spool_and_store_loses_nothing(server: Process, tmp_path: Path) -> None:
    server.start(HOLD="1")
    clients, stop = run_clients(server.port, SEED + 1)
    time.sleep(2.5)
    acknowledged, sent, _ = gather(clients, stop)
    server.kill()
    assert stored(tmp_path) == Counter()
    server.start()
    assert server.stop() == 0
    check(tmp_path, acknowledged, sent)
    assert len(acknowledged) > 100
    assert max(stored(tmp_path).values()) == 1


@pytest.mark.parametrize("tail", [b"\x07", segments.frame(b"[]" * 500)[:300], b"\x00" * 4096])
def test_a_torn_tail_costs_nothing_that_was_acknowledged(server: Process, tmp_path: Path, tail: bytes) -> None:
    server.start(HOLD="1")
    clients, stop = run_clients(server.port, SEED + 2)
    time.sleep(0.4)
    server.kill()
    opened = list((tmp_path / "spool").glob("*.open"))
    for path in opened:
        with path.open("ab") as file:
            file.write(tail)
    server.start()
    acknowledged, sent, _ = gather(clients, stop)
    assert server.stop() == 0
    assert opened
    check(tmp_path, acknowledged, sent)


def test_an_ordered_stop_empties_the_spool(server: Process, tmp_path: Path) -> None:
    server.start()
    clients, stop = run_clients(server.port, SEED + 3)
    time.sleep(0.6)
    assert server.stop() == 0
    acknowledged, sent, _ = gather(clients, stop)
    check(tmp_path, acknowledged, sent)
    assert list((tmp_path / "spool").iterdir()) == [tmp_path / "spool" / "lock"]
