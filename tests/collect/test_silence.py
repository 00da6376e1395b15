"""Whatever goes wrong: the log says that it did, and nothing of who sent what."""

import logging
import os
import socket
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.collect.harness import KEY, Live, live
from yunying.collect import app, codec
from yunying.collect.app import CollectorLimits
from yunying.collect.limits import Rate, RateLimits
from yunying.collect.spool import Spool
from yunying.events.event import Event

PERSONAL = ("ada", "lovelace", "203.0.113.9", "+4479", "secret-query", KEY)
EVENT = {
    "event": "sign-up",
    "distinct_id": "ada@example.com",
    "properties": {"name": "Lovelace", "phone": "+4479", "ip": "203.0.113.9"},
}
AUTH = {"authorization": f"Bearer {KEY}", "x_forwarded_for": "203.0.113.9"}
PATH = "/v1/events?note=secret-query"


@pytest.fixture
def quiet(caplog: pytest.LogCaptureFixture) -> Any:
    caplog.set_level(logging.DEBUG)
    yield caplog
    found = [word for word in PERSONAL if word in caplog.text.lower()]
    assert not found, caplog.text


def test_a_fault_of_ours(server: Live, quiet: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise ValueError(f"cannot read {EVENT}")

    monkeypatch.setattr(app, "_check_event_size", broken)
    assert server.send(PATH, EVENT, **AUTH).status == 500
    assert "incident" in quiet.text


def test_a_spool_that_cannot_be_written(server: Live, quiet: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Spool, data: bytes) -> None:
        raise OSError(28, os.strerror(28), "ada@example.com")

    monkeypatch.setattr(Spool, "_write", full)
    answer = server.send(PATH, EVENT, **AUTH)
    assert (answer.status, answer.json()["reason"]) == (503, "spool.write")
    assert "spool write failed" in quiet.text


def test_a_store_that_does_not_take_an_event(server: Live, quiet: Any) -> None:
    def picky(events: Sequence[Event]) -> None:
        raise ValueError(f"no room for {events}")

    server.sink.fault = picky
    assert server.send(PATH, EVENT, **AUTH).status == 200
    deadline = time.monotonic() + 5
    while "was not taken" not in quiet.text and time.monotonic() < deadline:
        time.sleep(0.02)
    server.sink.fault = None
    assert len(server.events(1)) == 1
    assert "was not taken" in quiet.text


def test_a_segment_that_cannot_be_read(server: Live, quiet: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(payload: bytes) -> None:
        raise ValueError(f"cannot read {payload!r}")

    monkeypatch.setattr(codec, "decode", broken)
    assert server.send(PATH, EVENT, **AUTH).status == 200
    deadline = time.monotonic() + 5
    while "cannot be flushed" not in quiet.text and time.monotonic() < deadline:
        time.sleep(0.02)
    monkeypatch.undo()
    assert len(server.events(1)) == 1
    assert "test_silence.py" in quiet.text


@pytest.mark.parametrize(
    "body",
    [
        b'{"distinct_id":"ada@example.com","name":"Lovelace"',
        b"\x1f\x8b damaged ada@example.com",
        b"\xff\xfeada@example.com",
        [EVENT | {"event": ""}, EVENT | {"distinct_id": "x" * 500}],
    ],
)
def test_what_cannot_be_read(server: Live, quiet: Any, body: Any) -> None:
    assert server.send(PATH, body, **AUTH).status == 400


def test_too_much_too_large_too_slow_and_no_http_at_all(tmp_path: Path, quiet: Any) -> None:
    limits, rates = CollectorLimits(body_bytes=5000, read_s=0.2), RateLimits(key=Rate(events_s=1, burst_s=1))
    with live(tmp_path, collector=limits, rates=rates) as server:
        assert server.send(PATH, [EVENT] * 20, **AUTH).status == 200
        assert server.send(PATH, EVENT, **AUTH).status == 429
        assert server.send(PATH, [EVENT] * 60, **AUTH).status == 413
        parts = urlsplit(server.base)
        for sent in (
            f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\nada@example.com",
            "GET /ada@example.com?secret-query HTTP/9.9\r\n\x00\r\n\r\n",
        ):
            with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5) as sock:
                sock.sendall(sent.encode())
                assert b" 400 " in sock.recv(2000)
