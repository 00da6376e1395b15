"""A collector on a real port, with a small real sink: SQLite, one row per event, tokens kept."""

import json
import sqlite3
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from yunying.base.errors import Unavailable
from yunying.collect import codec
from yunying.collect.app import Collector, CollectorLimits
from yunying.collect.counters import Counters
from yunying.collect.flusher import Flusher
from yunying.collect.keys import KeyDirectory
from yunying.collect.limits import RateLimits
from yunying.collect.metrics import MetricsPage
from yunying.collect.spool import Spool, SpoolLimits
from yunying.events.event import Event, Refusal
from yunying.events.protocols.base import Reply
from yunying.front import Front, Server, server_config

if TYPE_CHECKING:
    from tests.collect.sdks.tls import Certificate

KEY = "yk_test"
FAST = SpoolLimits(segment_age_s=0.05)
# What a hook may answer besides a status: the connection is cut before the collector sees the request, or after it
# took the events and before its answer is out.
RESET, LOST = -1, -2


# What the protocols without keys call the product 1 of the tests, whatever the protocol.
SENDER = "7"
KEYLESS = ("matomo", "plausible", "umami", "snowplow", "sensors", "ga4")


def make_keys(path: Path, keys: dict[str, int] | None = None) -> str:
    """A relational store with nothing but the tables the collector reads; returns its URL."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("CREATE TABLE products_writekey (token TEXT UNIQUE, product_id INTEGER, revoked_at TEXT)")
        db.execute("CREATE TABLE products_sender (protocol TEXT, name TEXT, product_id INTEGER)")
        db.execute("CREATE TABLE products_product (id INTEGER, slug TEXT)")
        rows = (keys or {KEY: 1}).items()
        db.executemany("INSERT INTO products_writekey VALUES (?, ?, NULL)", list(rows))
        db.executemany("INSERT INTO products_sender VALUES (?, ?, 1)", [(name, SENDER) for name in KEYLESS])
        db.execute("INSERT INTO products_product VALUES (1, 'tea')")
        db.commit()
    return f"sqlite:///{path}"


class SqliteSink:
    """Keeps what it is given, once per token. `fault` may raise for a batch before anything is written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fault: Callable[[Sequence[Event]], None] | None = None
        self.batches: list[int] = []
        with closing(self._connect()) as db:
            db.executescript(
                "CREATE TABLE IF NOT EXISTS tokens (token TEXT PRIMARY KEY);"
                "CREATE TABLE IF NOT EXISTS events (uuid TEXT, row TEXT);"
                "CREATE TABLE IF NOT EXISTS refused (id TEXT, code TEXT, body TEXT, protocol TEXT, data TEXT);"
            )

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, timeout=20)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        return db

    def write(self, events: Sequence[Event], *, token: str) -> None:
        if self.fault:
            self.fault(events)
        self.batches.append(len(events))
        self._once(token, "INSERT INTO events VALUES (?, ?)", [(e.uuid, codec.event_to_text(e)) for e in events])

    def refuse(self, items: Sequence[Refusal], *, token: str) -> None:
        rows = [(r.id, r.code, r.body, r.protocol, json.dumps(r.data)) for r in items]
        self._once(token, "INSERT INTO refused VALUES (?, ?, ?, ?, ?)", rows)

    def _once(self, token: str, sql: str, rows: list[tuple[Any, ...]]) -> None:
        with closing(self._connect()) as db, db:
            if db.execute("INSERT OR IGNORE INTO tokens VALUES (?)", (token,)).rowcount:
                db.executemany(sql, rows)

    def events(self) -> list[Event]:
        with closing(self._connect()) as db:
            return [codec.event_from_text(row) for (row,) in db.execute("SELECT row FROM events ORDER BY rowid")]

    def refused(self) -> list[tuple[str, str, str, str, dict[str, Any]]]:
        with closing(self._connect()) as db:
            rows = db.execute("SELECT id, code, body, protocol, data FROM refused ORDER BY rowid").fetchall()
        return [(*row[:4], json.loads(row[4])) for row in rows]


@dataclass
class Answer:
    status: int
    body: bytes
    headers: dict[str, str]

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Live:
    """A collector that listens. `base` is its address."""

    base: str
    sink: SqliteSink
    spool: Spool
    flusher: Flusher
    counters: Counters
    hooks: list[Callable[[dict[str, Any]], int | Reply | None]] = field(default_factory=list)
    certificate: Path | None = None

    def kept(self, count: int, timeout_s: float = 10.0) -> list[Event]:
        """Wait until `count` different events are in the sink; returns them as the store keeps them: one of each id."""
        return list(self._kept(lambda found: len(found) >= count, timeout_s).values())

    def named(self, *names: str, timeout_s: float = 10.0) -> dict[str, Event]:
        """Wait until there is an event of each of these names; returns the last of every name."""
        wanted = set(names)
        found = self._kept(lambda found: wanted <= {event.name for event in found.values()}, timeout_s)
        return {event.name: event for event in found.values()}

    def _kept(self, enough: Callable[[dict[str, Event]], bool], timeout_s: float) -> dict[str, Event]:
        deadline = time.monotonic() + timeout_s
        while True:
            found = {event.uuid: event for event in self.sink.events()}
            if enough(found) or time.monotonic() > deadline:
                return found
            time.sleep(0.02)

    def send(self, path: str, body: bytes | Any = b"", *, method: str = "POST", **headers: str) -> Answer:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.base + path, data=data or None, method=method, headers=names)
        try:
            trust = ssl.create_default_context(cafile=self.certificate) if self.certificate else None
            with urllib.request.urlopen(request, timeout=10, context=trust) as answer:
                return Answer(answer.status, answer.read(), {k.lower(): v for k, v in answer.headers.items()})
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.read(), {k.lower(): v for k, v in error.headers.items()})

    def events(self, count: int, timeout_s: float = 5.0) -> list[Event]:
        """Wait until `count` events are in the sink; returns what is there."""
        return _until(self.sink.events, count, timeout_s)

    def refused(self, count: int, timeout_s: float = 5.0) -> list[tuple[str, str, str, str, dict[str, Any]]]:
        return _until(self.sink.refused, count, timeout_s)


def _until(read: Callable[[], list[Any]], count: int, timeout_s: float) -> list[Any]:
    deadline = time.monotonic() + timeout_s
    while len(found := read()) < count and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


def away(_: Sequence[Event]) -> None:
    raise Unavailable("store.away", "The store is away.")


@contextmanager
def live(
    folder: Path,
    *,
    limits: SpoolLimits = FAST,
    collector: CollectorLimits | None = None,
    wsgi: Any = None,
    rates: RateLimits | None = None,
    proxies: tuple[str, ...] = (),
    tls: "Certificate | None" = None,
) -> Iterator[Live]:
    """A collector on a free port of loopback, with a certificate if there is `tls`.

    `hooks` may answer before it does, to play an outage: with a status, with a reply, or with RESET or LOST.
    """
    spool, counters = Spool(folder / "spool", limits), Counters()
    sink = SqliteSink(folder / "sink.sqlite3")
    flusher = Flusher(spool, sink, counters, poll_s=0.02, first_wait_s=0.05)
    keys = KeyDirectory(make_keys(folder / "keys.sqlite3"), miss_gap_s=0.0)
    taking = Collector(keys, spool, counters, secret="s", limits=collector, rates=rates)
    page = MetricsPage(counters, lambda: {"spool_bytes": spool.bytes_held()})
    front = Front(collector=taking, wsgi=wsgi, threads=2, metrics=page)
    running = Live("", sink, spool, flusher, counters)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        for hook in running.hooks:
            if (answer := hook(scope)) is not None:
                await _instead(answer, front, scope, receive, send)
                return
        await front(scope, receive, send)

    files = {"ssl_certfile": tls.certificate, "ssl_keyfile": tls.key} if tls else {}
    server = Server(server_config(app, trusted_proxies=proxies, port=0, **files))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    running.certificate = tls.certificate if tls else None
    running.base = f"{'https' if tls else 'http'}://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    flusher.start()
    try:
        yield running
    finally:
        server.should_exit = True
        server.force_exit = tls is not None  # browsers keep their connections open
        thread.join(10)
        spool.close()
        deadline = time.monotonic() + 3
        while spool.segments() and time.monotonic() < deadline:
            time.sleep(0.01)
        flusher.stop(5)
        front.close()


async def _instead(answer: int | Reply, front: Front, scope: Any, receive: Any, send: Any) -> None:
    if isinstance(answer, int) and answer in (RESET, LOST):
        await (front(scope, receive, _nowhere) if answer == LOST else _whole(receive))
        send.__self__.transport.abort()  # uvicorn's; ASGI itself knows no way to cut a connection
        return
    reply = answer if isinstance(answer, Reply) else Reply(answer, b"{}", headers=(("retry-after", "0"),))
    headers = [(b"content-type", reply.content_type.encode()), (b"content-length", str(len(reply.body)).encode())]
    headers += [(name.encode(), value.encode()) for name, value in reply.headers]
    headers += [item for name, value in scope["headers"] if name == b"origin" for item in _open_to(value)]
    await _whole(receive)
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})


def _open_to(origin: bytes) -> list[tuple[bytes, bytes]]:
    """The headers without which a page of another origin sees no status, only that something failed."""
    return [
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-credentials", b"true"),
        (b"access-control-expose-headers", b"Retry-After"),
    ]


async def _whole(receive: Any) -> None:
    while (await receive()).get("more_body"):
        pass


async def _nowhere(message: Any) -> None:
    pass
