"""Clients that send slowly, stop half way, or only hold a connection."""

import resource
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.collect.harness import KEY, Live, live
from yunying.collect import connections
from yunying.collect.app import CollectorLimits
from yunying.collect.connections import PatientProtocol

EVENT = b'{"event":"a","distinct_id":"u"}'
HEAD = b"POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n" % KEY.encode()
WHOLE = HEAD + b"Content-Length: %d\r\n\r\n" % len(EVENT) + EVENT
IDLE = 2_000


@pytest.fixture
def quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Live]:
    monkeypatch.setattr(PatientProtocol, "head_s", 0.4)
    monkeypatch.setattr(PatientProtocol, "rest_s", 0.2)
    with live(tmp_path, collector=CollectorLimits(read_s=0.4)) as server:
        yield server


def connected(server: Live) -> socket.socket:
    parts = urlsplit(server.base)
    return socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5)


def heard(sock: socket.socket) -> bytes:
    """Everything until the server closes."""
    found = b""
    while piece := sock.recv(65536):
        found += piece
    return found


def test_a_head_that_drips_in_is_given_up(quick: Live) -> None:
    with connected(quick) as slow:
        begun = time.monotonic()
        with pytest.raises(OSError):
            for byte in HEAD * 3:
                slow.send(bytes([byte]))
                time.sleep(0.02)
                slow.settimeout(0.001)
                try:
                    if slow.recv(1) == b"":
                        raise ConnectionResetError
                except TimeoutError:
                    slow.settimeout(5)
        assert 0.2 < time.monotonic() - begun < 3
    assert quick.send("/v1/events", EVENT, authorization=f"Bearer {KEY}").status == 200


def test_a_connection_that_never_says_anything_is_given_up(quick: Live) -> None:
    with connected(quick) as silent:
        assert heard(silent) == b""


def test_a_second_request_that_stops_in_its_head_is_given_up_too(quick: Live) -> None:
    with connected(quick) as slow:
        slow.sendall(WHOLE + b"POST /v1/ev")
        begun = time.monotonic()
        assert b" 200 " in heard(slow)
        assert time.monotonic() - begun < 3


def test_a_body_that_drips_in_is_answered_and_then_given_up(quick: Live) -> None:
    with connected(quick) as slow:
        slow.sendall(HEAD + b"Content-Length: 1000\r\n\r\n" + EVENT)
        answer = heard(slow)
        assert b" 400 " in answer and b"body.slow" in answer
    assert quick.sink.events() == []


def test_half_a_body_is_nothing(quick: Live) -> None:
    for cut in (1, 10, len(EVENT) - 1):
        with connected(quick) as half:
            half.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(EVENT) + EVENT[:cut])
    assert quick.send("/v1/events", EVENT, authorization=f"Bearer {KEY}").status == 200
    assert len(quick.events(1)) == 1
    time.sleep(0.2)
    assert len(quick.sink.events()) == 1
    assert quick.counters.snapshot()["received"] == 1


def test_a_connection_between_requests_is_kept(quick: Live) -> None:
    with connected(quick) as kept:
        for _ in range(2):
            kept.sendall(WHOLE)
            assert b" 200 " in kept.recv(65536)
            time.sleep(0.6)
    assert len(quick.events(2)) == 2


def test_thousands_who_only_hold_a_connection_keep_nobody_out(tmp_path: Path) -> None:
    """Ten thousand of them are in the nightly form, with a server in a process of its own."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2 * IDLE + 500:
        pytest.skip("this system allows too few open files")
    connections.raise_open_files()
    with live(tmp_path) as server:
        idle = [connected(server) for _ in range(IDLE)]
        try:
            begun = time.monotonic()
            assert server.send("/v1/events", EVENT, authorization=f"Bearer {KEY}").status == 200
            assert time.monotonic() - begun < 2
        finally:
            for sock in idle:
                sock.close()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_what_may_be_open_leaves_room_for_the_stores() -> None:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert 0 < connections.most_connections() < soft
