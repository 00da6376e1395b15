"""`kill -9` at random moments, and every other way a collector may be hurt: whatever was acknowledged is in the store,
exactly once, and the server comes back by itself."""

import http.client
import json
import random
import resource
import shutil
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.collect.harness import SqliteSink, make_keys
from tests.crash.load import KEY, WAYS, Client, Process, free_port, gather, healthy, run_clients
from yunying.collect import segments

pytestmark = pytest.mark.crash
SEED = 20260305
# The whole server is killed in test_server.py; here it is quicker and the sink counts rows.
KILLS = 30
MAX_BATCH = 20
IDLE = 10_000


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Process]:
    make_keys(tmp_path / "keys.sqlite3")
    port = free_port()
    with Process(["-m", "tests.crash.collector_server", str(tmp_path), str(port)], port) as process:
        yield process


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MiB of its own; without the right to mount one there is nothing to test on."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)]
    mount = shutil.which("mount")
    if mount is None or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("a small file system cannot be mounted here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def stored(folder: Path) -> Counter[str]:
    return Counter(event.uuid for event in SqliteSink(folder / "sink.sqlite3").events())


def check(folder: Path, acknowledged: set[str], sent: set[str], spool: Path | None = None) -> None:
    """The sink keeps rows, not ids: a segment that was flushed twice would show here as a repeat."""
    found = stored(folder)
    assert acknowledged - found.keys() == set(), "acknowledged events are missing"
    assert found.keys() - sent == set(), "there are events that nobody sent"
    assert list((spool or folder / "spool").glob("*.seg")) == []


def wait_until(true: Callable[[], bool], timeout_s: float = 20) -> None:
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.05)


def again(folder: Path) -> int:
    return sum(count - 1 for count in stored(folder).values())


def test_kills_under_load_of_all_protocols_lose_nothing(server: Process, tmp_path: Path) -> None:
    dice = random.Random(SEED)
    server.start()
    clients, stop = run_clients(server.port, SEED)
    for _ in range(KILLS):
        time.sleep(dice.uniform(0.02, 0.6))
        server.kill()
        # Some die once more while they still seal what the last one left.
        server.start(answers=dice.random() < 0.8)
    server.wait()
    time.sleep(0.3)
    acknowledged, sent, repeats = gather(clients, stop)
    assert server.stop() == 0
    check(tmp_path, acknowledged, sent)
    # Only what a client itself sent twice, because the answer was lost, may be there twice; the store knows its id.
    assert again(tmp_path) <= MAX_BATCH * repeats
    assert len(acknowledged) > 1000
    assert {event.protocol for event in SqliteSink(tmp_path / "sink.sqlite3").events()} == set(WAYS)


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


def test_a_full_disk_loses_nothing_and_ends_by_itself(server: Process, tmp_path: Path, small_disk: Path) -> None:
    """The spool on a real file system of 2 MiB that something else fills up, while the store is away."""
    down = tmp_path / "down"
    down.touch()
    server.start(SPOOL=str(small_disk), AWAY=str(down))
    clients, stop = run_clients(server.port, SEED + 4, pause_s=0.0)
    wait_until(lambda: shutil.disk_usage(small_disk).free == 0)
    before = sum(client.repeats for client in clients)
    time.sleep(1.0)
    assert sum(client.repeats for client in clients) > before, "the full disk was not noticed"
    assert healthy(server.port)
    down.unlink()
    taken = sum(len(client.acknowledged) for client in clients)
    wait_until(lambda: sum(len(client.acknowledged) for client in clients) > taken + 100, 30)
    acknowledged, sent, _ = gather(clients, stop)
    assert server.stop() == 0
    check(tmp_path, acknowledged, sent, small_disk)


def test_a_store_that_is_away_delays_and_loses_nothing(server: Process, tmp_path: Path) -> None:
    """Its absence is seconds here; what the waiting does over minutes is in tests/collect with a clock of its own."""
    down = tmp_path / "down"
    server.start(AWAY=str(down))
    clients, stop = run_clients(server.port, SEED + 5, pause_s=0.01)
    for _ in range(3):
        down.touch()
        time.sleep(0.8)
        down.unlink()
        time.sleep(0.4)
    acknowledged, sent, repeats = gather(clients, stop)
    assert repeats == 0, "an absent store is none of the senders' business"
    assert server.stop() == 0
    check(tmp_path, acknowledged, sent)
    assert again(tmp_path) == 0


def test_a_clock_that_jumps_loses_and_doubles_nothing(server: Process, tmp_path: Path) -> None:
    dice = random.Random(SEED)
    server.start(JUMP="1")
    clients, stop = run_clients(server.port, SEED + 6)
    for _ in range(4):
        time.sleep(dice.uniform(0.2, 1.3))
        server.kill()
        server.start(JUMP="1")
    time.sleep(1.2)
    acknowledged, sent, repeats = gather(clients, stop)
    assert server.stop() == 0
    check(tmp_path, acknowledged, sent)
    assert again(tmp_path) <= MAX_BATCH * repeats


def test_clients_that_hang_up_half_way_leave_nothing_behind(server: Process, tmp_path: Path) -> None:
    server.start()
    clients, stop = run_clients(server.port, SEED + 7)
    dice = random.Random(SEED)
    head = f"POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\nContent-Length: 500\r\n\r\n".encode()
    for number in range(200):
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as half:
            cut = (head + b'{"event":"half","distinct_id":"u"').ljust(len(head) + 400)
            half.sendall(cut[: dice.randint(1, len(cut))])
            if number % 2:
                half.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    acknowledged, sent, repeats = gather(clients, stop)
    assert (server.stop(), repeats) == (0, 0)
    check(tmp_path, acknowledged, sent)
    assert again(tmp_path) == 0


@pytest.mark.nightly
def test_ten_thousand_idle_connections_keep_nobody_out(server: Process, tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < IDLE + 1000:
        pytest.skip("this system allows too few open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    idle: list[socket.socket] = []
    server.start()
    try:
        idle += [socket.create_connection(("127.0.0.1", server.port), timeout=10) for _ in range(IDLE)]
        clients, stop = run_clients(server.port, SEED + 8, pause_s=0.01)
        time.sleep(3)
        # Killed with all of them open, it is back at once.
        server.kill()
        server.start()
        time.sleep(1)
        acknowledged, sent, _ = gather(clients, stop)
    finally:
        for sock in idle:
            with suppress(OSError):
                sock.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert server.stop() == 0
    check(tmp_path, acknowledged, sent)
    assert len(acknowledged) > 500


@pytest.mark.nightly
def test_a_store_that_is_down_for_minutes(server: Process, tmp_path: Path) -> None:
    down = tmp_path / "down"
    down.touch()
    server.start(AWAY=str(down))
    clients, stop = run_clients(server.port, SEED + 9, pause_s=0.05)
    for _ in range(6):
        time.sleep(25)
        server.kill()
        server.start(AWAY=str(down))
    assert stored(tmp_path) == Counter()
    down.unlink()
    acknowledged, sent, repeats = gather(clients, stop)
    wait_until(lambda: not list((tmp_path / "spool").glob("*.seg")), 60)
    assert server.stop() == 0
    check(tmp_path, acknowledged, sent)
    assert again(tmp_path) <= MAX_BATCH * repeats


def test_every_way_of_the_load_is_understood(server: Process, tmp_path: Path) -> None:
    """Or the other tests would prove nothing about it: ids arrive as they were sent."""
    server.start()
    client = Client(server.port, SEED, threading.Event())
    wanted = {}
    for name, (path, written) in WAYS.items():
        event = client._event()
        wanted[event["uuid"]] = name
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
        connection.request("POST", path, json.dumps(written(KEY, [event])).encode())
        assert connection.getresponse().status == 200, name
    assert server.stop() == 0
    assert {e.uuid: e.protocol for e in SqliteSink(tmp_path / "sink.sqlite3").events()} == wanted
