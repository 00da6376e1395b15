"""Which parts run in this process, in what order they start, and in what order they stop.

    serve    everything in one process; the only role for the embedded event store
    web      pages and API
    collect  the collector, its spool and the flusher
    work     background jobs

Stop: take no new request → finish those at hand → jobs → empty the spool → close the store.
"""

import asyncio
import errno
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from yunying.base import clock
from yunying.base.clock import monotonic_s
from yunying.base.errors import InvalidInput, Unavailable, msg
from yunying.base.tls import OwnCertificate
from yunying.collect import local
from yunying.collect.connections import raise_open_files
from yunying.collect.running import Collecting
from yunying.collect.sink import Sink
from yunying.config import Config
from yunying.events.event import Event, Refusal
from yunying.front import Front, Server, renew, server_config

__all__ = ["Collecting", "collect", "metrics", "serve", "web", "work"]

log = logging.getLogger(__name__)

JOBS_STOP_S = 20.0
TURN_S = 0.001
KEYS_NOTED_EVERY_S = 60.0


_collecting: Collecting | None = None
# Set when a thread did not end: Python would wait for it for ever, after everything that matters is closed.
_stuck = threading.Event()


def metrics() -> dict[str, Any]:
    """What the collector of this process counts; empty in a process without one."""
    return _collecting.metrics() if _collecting else {}


def serve(config: Config) -> None:
    """Everything in this process until SIGINT or SIGTERM. Raises Unavailable when the port or a store is taken."""
    _run(config, pages=True, events=True, jobs=True, migrate=True)


def web(config: Config) -> None:
    """Pages and API until SIGINT or SIGTERM; needs an event store on a server."""
    _needs_server(config, "web")
    _run(config, pages=True, events=False, jobs=False, migrate=False)


def collect(config: Config) -> None:
    """Collector and flusher until SIGINT or SIGTERM; beside an embedded event store only the collector.

    Its spool is then emptied by the process that has the store, see `YUNYING_SPOOLS_BESIDE`.
    """
    if config.events_url.startswith("chdb:"):
        _spool(config)
    else:
        _run(config, pages=False, events=True, jobs=False, migrate=False)


def work(config: Config) -> None:
    """Background jobs until SIGINT or SIGTERM; needs an event store on a server."""
    _needs_server(config, "work")
    with _parts(config, migrate=False) as stack:
        jobs = Jobs(config)
        stack.callback(jobs.stop)
        done = threading.Event()
        jobs.start(failed=done.set)
        _wait_for_signal(done)
        jobs.check()
    _leave()


def _run(config: Config, *, pages: bool, events: bool, jobs: bool, migrate: bool) -> None:
    _prepare_process()
    # The port first: a second start by mistake must fail before it touches a store.
    with listening(config.host, config.port) as sock, _parts(config, migrate=migrate) as stack:
        collecting = _start_collecting(config, stack) if events else None
        working = Jobs(config, after=_load_pages if pages else None) if jobs else None
        if working:
            stack.callback(working.stop)
        front = Front(
            collector=collecting.app if collecting else None,
            wsgi=_wsgi() if pages else None,
            threads=config.web_threads,
            metrics=collecting.page if collecting else None,
        )
        stack.callback(_close_pages, front)
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_listen(config, front, sock, collecting, working))
        if working:
            working.check()
    _leave()


def _prepare_process() -> None:
    raise_open_files()
    # By default a thread that computes keeps Python for 5 ms, which every answer of the collector would wait for.
    sys.setswitchinterval(TURN_S)


def _spool(config: Config) -> None:
    global _collecting
    _prepare_process()
    with listening(config.host, config.port) as sock, ExitStack() as stack:
        _collecting = Collecting(config, None)
        stack.callback(_collecting.close)
        front = Front(collector=_collecting.app, wsgi=None, metrics=_collecting.page)
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_listen(config, front, sock, _collecting, None))


async def _listen(
    config: Config, front: Front, sock: socket.socket, collecting: Collecting | None, jobs: "Jobs | None"
) -> None:
    certificate = _certificate(config)
    server = Server(server_config(front, trusted_proxies=config.trusted_proxies, certificate=certificate))
    log.info("listening on %s://%s:%d", "https" if certificate else "http", *sock.getsockname()[:2])
    renewing = asyncio.create_task(renew(server.config, certificate)) if certificate else None
    if jobs is not None:
        jobs.start(failed=lambda: setattr(server, "should_exit", True))
    if collecting is not None:
        local.use(local.Local(collecting.app, asyncio.get_running_loop()))
    await server.serve(sockets=[sock])
    if renewing is not None:
        renewing.cancel()
    if collecting is not None:
        local.use(None)
        await collecting.spool.drain()


def _certificate(config: Config) -> OwnCertificate | None:
    if config.tls_certificate is None or config.tls_key is None:
        return None
    return OwnCertificate(config.tls_certificate, config.tls_key)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    # uvloop does not exist on every system; the standard loop is slower and just as right.
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """A bound socket. Raises Unavailable `serve.port_taken` or `serve.address`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((host, port))
            # Bound alone, two processes may share a port until one listens; so that the second one fails here.
            sock.listen(2048)
        except OSError as error:
            raise _cannot_listen(error, host, port) from error
        yield sock


def _cannot_listen(error: OSError, host: str, port: int) -> Unavailable:
    if error.errno == errno.EADDRINUSE:
        return Unavailable(
            "serve.port_taken",
            msg("Port %(port)d of %(host)s is taken by another program. Choose another: YUNYING_PORT=%(other)d"),
            host=host,
            port=port,
            other=port + 1 if port < 65535 else 8643,
        )
    return Unavailable(
        "serve.address",
        msg("Cannot listen on %(host)s port %(port)d: %(reason)s. Check YUNYING_HOST and YUNYING_PORT."),
        host=host,
        port=port,
        reason=os.strerror(error.errno or 0),
    )


@contextmanager
def _parts(config: Config, *, migrate: bool) -> Iterator[ExitStack]:
    """Django and the event store, ready; on leaving, everything on the stack is closed in reverse, the store last."""
    with ExitStack() as stack:
        _django(migrate=migrate)
        _open_store(config, stack, migrate=migrate)
        yield stack


def _django(*, migrate: bool) -> None:
    import django
    from django.core.management import call_command

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "yunying.settings")
    django.setup()
    if migrate:
        call_command("migrate", interactive=False, verbosity=0)


def _open_store(config: Config, stack: ExitStack, *, migrate: bool) -> None:
    from yunying.store import open_store, use

    store = open_store(config.events_url, memory_mb=config.query_memory_mb, timeout_s=config.query_timeout_s)
    stack.callback(store.close)
    if migrate:
        store.migrate()
    use(store)


def _start_collecting(config: Config, stack: ExitStack) -> Collecting:
    global _collecting
    from yunying.apps.tracking.ingest import shared_ingest

    ingest = shared_ingest()
    stack.callback(ingest.close)
    sink = _LastingSink(ingest)
    _collecting = Collecting(config, sink, _tell_behind)
    sink.used_keys = _collecting.keys.take_used
    stack.callback(_collecting.close)
    return _collecting


def _tell_behind(lag_s: float) -> None:
    from django.db import close_old_connections

    from yunying.apps.tracking.live.alerts import tell_behind

    close_old_connections()
    try:
        tell_behind(lag_s)
    finally:
        close_old_connections()


class _LastingSink:
    """A sink for a thread that lives as long as the process.

    Django renews broken connections between requests only; here it is done between batches. A relational store
    that is away is told from an event that cannot be kept.
    """

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self.used_keys: Callable[[], set[str]] = set
        self._noted_at_s = float("-inf")

    def write(self, events: Sequence[Event], *, token: str) -> None:
        self._call(self._sink.write, events, token)

    def refuse(self, items: Sequence[Refusal], *, token: str) -> None:
        self._call(self._sink.refuse, items, token)

    def _call(self, write: Callable[..., None], items: Sequence[Any], token: str) -> None:
        from django.db import InterfaceError, OperationalError, close_old_connections, connection

        close_old_connections()
        try:
            write(items, token=token)
            self._note_keys()
        except (OperationalError, InterfaceError) as error:
            connection.close()
            raise Unavailable("database.away", msg("The relational store does not answer.")) from error

    def _note_keys(self) -> None:
        if monotonic_s() - self._noted_at_s < KEYS_NOTED_EVERY_S:
            return
        from django.apps import apps

        self._noted_at_s = monotonic_s()
        keys = apps.get_model("products", "WriteKey").objects.filter(token__in=self.used_keys())
        keys.update(last_used_at=clock.now())


class Jobs:
    """The jobs runner of this process, started in a thread: what it needs takes longer to load than all pages.

    `after` is done first. Nobody waits for it: a job that is due a second later is no harm, a page is.
    """

    def __init__(self, config: Config, after: Callable[[], None] | None = None) -> None:
        self._config = config
        self._after = after
        self._failed: Callable[[], None] = lambda: None
        self._error: Exception | None = None
        self.stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="jobs-start", daemon=True)

    def start(self, failed: Callable[[], None]) -> None:
        """Begin; `failed` is called, from the thread, when the runner cannot start."""
        self._failed = failed
        self._thread.start()

    def check(self) -> None:
        """Raise what kept the runner from starting."""
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """Stop the runner in order, also one that is only half started."""
        self.stopping.set()
        if self._thread.ident is None:
            return
        self._thread.join(JOBS_STOP_S)
        if self._thread.is_alive():
            _stuck.set()
            return
        if self._error is not None:
            return
        from yunying.platform.jobs import runner

        if not runner.stop(JOBS_STOP_S):
            log.warning("a background job did not end in time; it goes on after the next start")
            _stuck.set()

    def _run(self) -> None:
        try:
            if self._after is not None:
                self._after()
            if self.stopping.is_set():
                return
            from yunying.platform.jobs import runner

            if not self.stopping.is_set():
                runner.start(self._config)
        except Exception as error:
            self._error = error
            self._failed()
        finally:
            from django.db import connections

            connections.close_all()


def _close_pages(front: Front) -> None:
    if not front.close():
        _stuck.set()


def _leave() -> None:
    if _stuck.is_set():
        logging.shutdown()
        os._exit(0)


def _wsgi() -> Any:
    from django.core.wsgi import get_wsgi_application

    return get_wsgi_application()


def _load_pages() -> None:
    """What the first page would otherwise wait for: the modules of all pages."""
    from django.urls import get_resolver

    _ = get_resolver().reverse_dict


def _wait_for_signal(done: threading.Event) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: done.set())
    while not done.wait(1.0):
        pass


def _needs_server(config: Config, role: str) -> None:
    if config.events_url.startswith("chdb:"):
        raise InvalidInput(
            "role.embedded",
            msg(
                "The embedded event store belongs to one process, so “%(role)s” cannot run beside others. "
                "Use “serve”, or set YUNYING_EVENTS_URL to a ClickHouse server."
            ),
            field="YUNYING_EVENTS_URL",
            role=role,
        )
