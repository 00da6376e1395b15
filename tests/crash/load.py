"""Load that never gives up: each client sends a batch again, unchanged, until it is acknowledged.

Batches come in turn by each protocol whose SDKs give their events ids and send a batch again.
"""

import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from yunying.events.protocols import by_name

KEY = "yk_test"
Event = dict[str, Any]


def _own(key: str, events: list[Event]) -> Any:
    return {"key": key, "events": events}


def _posthog(key: str, events: list[Event]) -> Any:
    return {"api_key": key, "batch": [event | {"timestamp": _iso(event)} for event in events]}


def _segment(key: str, events: list[Event]) -> Any:
    batch = [
        {
            "type": "track",
            "event": event["event"],
            "userId": event["distinct_id"],
            "messageId": event["uuid"],
            "timestamp": _iso(event),
            "properties": event["properties"],
        }
        for event in events
    ]
    return {"writeKey": key, "batch": batch}


def _amplitude(key: str, events: list[Event]) -> Any:
    sent = [
        {
            "event_type": event["event"],
            "user_id": f"user-{event['distinct_id']}",
            "insert_id": event["uuid"],
            "time": event["timestamp"],
            "event_properties": event["properties"],
        }
        for event in events
    ]
    return {"api_key": key, "events": sent}


def _mixpanel(key: str, events: list[Event]) -> Any:
    return [
        {
            "event": event["event"],
            "properties": event["properties"]
            | {
                "token": key,
                "distinct_id": event["distinct_id"],
                "$insert_id": event["uuid"],
                "time": event["timestamp"],
            },
        }
        for event in events
    ]


def _iso(event: Event) -> str:
    return datetime.fromtimestamp(event["timestamp"] / 1000, UTC).isoformat()


_WAYS: dict[str, tuple[str, Callable[[str, list[Event]], Any]]] = {
    "own": ("/v1/events", _own),
    "posthog": ("/batch/", _posthog),
    "segment": ("/v1/batch", _segment),
    "amplitude": ("/2/httpapi", _amplitude),
    "mixpanel": ("/track", _mixpanel),
}
WAYS = {name: way for name, way in _WAYS.items() if by_name(name)}


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@dataclass
class Process:
    """The server under test."""

    command: list[str]
    port: int
    env: dict[str, str] = field(default_factory=dict)
    _running: "subprocess.Popen[bytes] | None" = None

    def start(self, timeout_s: float = 90, *, answers: bool = True, **env: str) -> None:
        """Start it and, with `answers`, wait until it does."""
        self._running = subprocess.Popen([sys.executable, *self.command], env=os.environ | self.env | env)
        if answers:
            self.wait(timeout_s)

    def wait(self, timeout_s: float = 90) -> None:
        """Until it answers."""
        assert self._running
        deadline = time.monotonic() + timeout_s
        while not healthy(self.port):
            if self._running.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"the server did not start: {self._running.poll()}")
            time.sleep(0.02)

    def kill(self) -> None:
        assert self._running
        self._running.kill()
        self._running.wait()

    def __enter__(self) -> "Process":
        return self

    def __exit__(self, *_: object) -> None:
        """Leave nothing running, whatever the test did."""
        if self._running and self._running.poll() is None:
            self.kill()

    def stop(self, timeout_s: float = 90) -> int:
        """SIGTERM; returns the exit code after the ordered shutdown."""
        assert self._running
        self._running.send_signal(signal.SIGTERM)
        return self._running.wait(timeout_s)


def healthy(port: int) -> bool:
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except OSError:
        return False


class Client(threading.Thread):
    """Sends batches of one to twenty events with ids of its own until told to stop."""

    def __init__(self, port: int, seed: int, stop: threading.Event, key: str = KEY, pause_s: float = 0.002) -> None:
        super().__init__(daemon=True)
        self._port, self._stop_asked, self._key, self._pause_s = port, stop, key, pause_s
        self._random = random.Random(seed)
        self._connection: http.client.HTTPConnection | None = None
        self.acknowledged: set[str] = set()
        self.sent: set[str] = set()
        self.repeats = 0

    def run(self) -> None:
        while not self._stop_asked.is_set():
            path, written = WAYS[self._random.choice(sorted(WAYS))]
            batch = [self._event() for _ in range(self._random.randint(1, 20))]
            ids = {event["uuid"] for event in batch}
            self.sent |= ids
            body = json.dumps(written(self._key, batch)).encode()
            while not self._send(path, body):
                self.repeats += 1
                if self._stop_asked.is_set():
                    return
                time.sleep(0.02)
            self.acknowledged |= ids
            time.sleep(self._pause_s)

    def _event(self) -> Event:
        return {
            "event": self._random.choice(["view", "order", "搜索"]),
            "distinct_id": f"u-{self._random.randint(1, 500)}",
            "uuid": str(UUID(int=self._random.getrandbits(128), version=4)),
            "timestamp": 1_780_000_000_000 + self._random.randint(0, 10_000_000),
            "properties": {"n": self._random.random(), "text": "x" * self._random.randint(0, 300)},
        }

    def _send(self, path: str, body: bytes) -> bool:
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
            self._connection.request("POST", path, body)
            answer = self._connection.getresponse()
            answer.read()
            return answer.status == 200
        except (OSError, http.client.HTTPException):
            self._connection = None
            return False


def run_clients(port: int, seed: int, count: int = 3, pause_s: float = 0.002) -> tuple[list[Client], threading.Event]:
    stop = threading.Event()
    clients = [Client(port, seed * 100 + number, stop, pause_s=pause_s) for number in range(count)]
    for client in clients:
        client.start()
    return clients, stop


def gather(clients: list[Client], stop: threading.Event) -> tuple[set[str], set[str], int]:
    """Stop the clients; returns ids that were acknowledged, ids that were sent, and the number of repeats."""
    stop.set()
    for client in clients:
        client.join(15)
    acknowledged = set().union(*(client.acknowledged for client in clients))
    sent = set().union(*(client.sent for client in clients))
    return acknowledged, sent, sum(client.repeats for client in clients)
