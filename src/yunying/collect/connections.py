"""Connections that cost nothing for long: deadlines for clients that send slowly, and room for those that wait.

uvicorn has a timeout for connections that idle between requests, and none for a request that never gets complete.
"""

import asyncio
import resource
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ["HEAD_S", "KEEP_ALIVE_S", "PatientProtocol", "most_connections", "options", "raise_open_files"]

# To send the head of a request, from its first byte or from the connection.
HEAD_S = 20.0
# For the rest of a body that was answered before it was complete, so that the answer can be read.
REST_S = 5.0
# Longer than the 60 seconds after which usual proxies let go of a connection: whoever lets go first is never
# surprised, and there are SDKs that lose a batch when a connection is closed under their hands.
KEEP_ALIVE_S = 75
_OPEN_FILES = 65_536
# Of the files that may be open, so much is left to the stores.
_KEPT_FOR_STORES = 0.25


class PatientProtocol(HttpToolsProtocol):
    """HTTP/1.1 with an end to patience."""

    head_s = HEAD_S
    rest_s = REST_S
    _deadline: asyncio.TimerHandle | None = None
    _reading_head = True
    _reading_body = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._close_after(self.head_s)

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        # Almost every head arrives as one: those need no timer.
        if self._reading_head and self._deadline is None and not self.transport.is_closing():
            self._close_after(self.head_s)

    def on_message_begin(self) -> None:
        self._reading_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._reading_head, self._reading_body = False, True
        self._disarm()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._reading_body = False
        self._disarm()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._reading_body and not self.transport.is_closing():
            self._close_after(self.rest_s)

    def _close_after(self, seconds: float) -> None:
        self._disarm()
        self._deadline = self.loop.call_later(seconds, self.transport.close)

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def raise_open_files() -> None:
    """Let this process have as many open files, and so connections, as the system allows it, up to 65,536."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def most_connections() -> int:
    """How many connections fit beside the files of the stores; further ones are answered 503."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return int((_OPEN_FILES if soft == resource.RLIM_INFINITY else soft) * (1 - _KEPT_FOR_STORES))


def options() -> dict[str, Any]:
    """What uvicorn is told about connections."""
    return {
        "http": PatientProtocol,
        "timeout_keep_alive": KEEP_ALIVE_S,
        "backlog": 4096,
        "limit_concurrency": most_connections(),
    }
