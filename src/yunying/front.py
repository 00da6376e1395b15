"""One port: the paths of the wire protocols are answered by the collector, everything else by Django.

Django runs as WSGI in a bounded pool of threads, so pages that hang take nothing from the collector.
"""

import asyncio
import logging
import re
import signal
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any, Protocol

import uvicorn
from a2wsgi import WSGIMiddleware

from yunying.base.errors import InvalidInput
from yunying.base.tls import OwnCertificate
from yunying.collect.connections import options
from yunying.collect.metrics import MetricsPage

__all__ = ["Front", "Server", "renew", "server_config"]

log = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

DRAIN_S = 20
MAX_PAGE_BODY_BYTES = 64 << 20
READ_S = 60.0
# Files for the import, which the page itself writes to disk as they come. Each holds a thread for as long as it takes.
_UPLOADS = re.compile(r"(/api/v1/products/[^/]+/data|/p/[^/]+/data)/imports/upload/?")


class Collecting(Protocol):
    """What the front needs of a collector."""

    def owns(self, path: str, method: str) -> bool: ...

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None: ...


class Front:
    """The ASGI application of every role that listens.

    Without `wsgi` only events are taken, without `collector` there are only pages.
    """

    def __init__(
        self, *, collector: Collecting | None, wsgi: Any | None, threads: int = 8, metrics: MetricsPage | None = None
    ) -> None:
        self._collector = collector
        self._metrics = metrics
        self._pages = WSGIMiddleware(self._counted(wsgi), workers=threads) if wsgi is not None else None
        self._working = 0
        self._lock = threading.Lock()
        self._uploads = asyncio.Semaphore(max(1, threads // 4))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
        elif scope["path"] == "/healthz":
            await _plain(send, 200, b"ok\n")
        elif scope["path"] == "/metrics" and self._metrics is not None:
            await self._metrics(scope, send)
        elif self._collector is not None and self._collector.owns(scope["path"], scope["method"]):
            await self._collector(scope, receive, send)
        elif self._pages is not None and scope["method"] in ("POST", "PUT") and _UPLOADS.fullmatch(scope["path"]):
            await self._upload(self._pages, scope, receive, send)
        elif self._pages is not None:
            await self._page(scope, receive, send)
        else:
            await _plain(send, 404, b"Only events are taken at this address.\n")

    def _counted(self, wsgi: Any) -> Any:
        def app(environ: Any, start_response: Any) -> Any:
            with self._lock:
                self._working += 1
            try:
                return wsgi(environ, start_response)
            finally:
                with self._lock:
                    self._working -= 1

        return app

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:
        # The whole body first: a client that sends slowly would otherwise hold one of the few threads.
        try:
            async with asyncio.timeout(READ_S):
                body = await _read(receive)
        except TimeoutError:
            await _plain(send, 408, b"The request did not arrive in time.\n")
            return
        if body is None:
            await _plain(send, 413, b"The request is too large.\n")
            return
        assert self._pages is not None
        # a2wsgi takes Content-Length for granted; a chunked request has none.
        scope = dict(scope) | {"headers": _with_length(scope["headers"], len(body))}
        await self._pages(scope, _replay(body, receive), send)

    async def _upload(self, pages: WSGIMiddleware, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a large body on piece by piece, so that none of it piles up in memory."""
        lengths = [value for name, value in scope["headers"] if name == b"content-length"]
        if len(lengths) != 1:
            await _plain(send, 411, b"Say how long the file is (Content-Length).\n")
        elif self._uploads.locked():
            await _plain(send, 503, b"Other files are being uploaded. Try again in a minute.\n")
        else:
            async with self._uploads:
                await pages(
                    dict(scope) | {"headers": _with_length(scope["headers"], int(lengths[0]))}, _steady(receive), send
                )

    def close(self) -> bool:
        """Take no new page. False if a page is still being made, which may never end."""
        if self._pages is None:
            return True
        self._pages.executor.shutdown(wait=False, cancel_futures=True)
        return self._working == 0


async def _read(receive: Receive) -> bytes | None:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > MAX_PAGE_BODY_BYTES:
            return None
        if not message.get("more_body"):
            return bytes(body)


def _steady(receive: Receive) -> Receive:
    """Raises ConnectionError when the client is gone or silent before its body is complete."""
    complete = False

    async def piece() -> MutableMapping[str, Any]:
        nonlocal complete
        if complete:
            return await receive()
        try:
            async with asyncio.timeout(READ_S):
                message = await receive()
        except TimeoutError as error:
            raise ConnectionAbortedError("the client sent nothing for too long") from error
        if message["type"] == "http.disconnect":
            # An empty piece would look like the end, and half a file like a whole one.
            raise ConnectionAbortedError("the client went away")
        complete = not message.get("more_body")
        return message

    return piece


def _replay(body: bytes, receive: Receive) -> Receive:
    given = False

    async def again() -> MutableMapping[str, Any]:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _with_length(headers: list[tuple[bytes, bytes]], size: int) -> list[tuple[bytes, bytes]]:
    # Names with an underscore would become the same WSGI variable as those with a hyphen: a way to forge headers.
    kept = [(name, value) for name, value in headers if b"_" not in name and name != b"content-length"]
    return [*kept, (b"content-length", str(size).encode())]


async def _plain(send: Send, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def server_config(
    app: Any, *, trusted_proxies: tuple[str, ...] = (), certificate: OwnCertificate | None = None, **more: Any
) -> uvicorn.Config:
    """How uvicorn serves `app`: no access log, because query strings carry keys and personal data.

    With a `certificate` it speaks https. Raises InvalidInput (`tls.*`) for one that cannot be used.
    """
    if certificate is not None:
        certificate.load(ssl.create_default_context(ssl.Purpose.CLIENT_AUTH))
        more |= {"ssl_certfile": str(certificate.certificate), "ssl_keyfile": str(certificate.key)}
    config = uvicorn.Config(
        app,
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=list(trusted_proxies),
        timeout_graceful_shutdown=DRAIN_S,
        **options(),
        **more,
    )
    # `access_log=False` only takes the handlers away; a root handler or a test would still get the lines.
    logging.getLogger("uvicorn.access").disabled = True
    return config


async def renew(config: uvicorn.Config, certificate: OwnCertificate, every_s: float = 60.0) -> None:
    """Use the files of the certificate anew whenever they change; until it is cancelled."""
    while True:
        await asyncio.sleep(every_s)
        if config.ssl is None or not await asyncio.to_thread(certificate.changed):
            continue
        try:
            certificate.load(config.ssl)
        except InvalidInput as error:
            # Half-written files, or the certificate before its key: the old pair stays, the next change is looked at.
            log.warning("the new certificate is not used: %s", error)
        else:
            log.info("the new certificate is used")


class Server(uvicorn.Server):
    """A uvicorn that returns after SIGINT or SIGTERM.

    The stock one raises the signal once more when it has stopped, which ends the process before the spool is
    emptied and the store closed.
    """

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            # Whoever asks twice gets the usual sudden end; until then the shutdown goes on in order.
            for number, handler in before.items():
                signal.signal(number, handler if number == signal.SIGINT else signal.SIG_DFL)
