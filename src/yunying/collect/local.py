"""The collector of this very process, for pages that send an event the way programs do.

What is sent goes through all of it: key, protocol, spool. Only the network is left out.
"""

import asyncio
from collections.abc import Mapping, MutableMapping
from concurrent.futures import TimeoutError as TooLate
from typing import Any

import orjson

from yunying.base.errors import Unavailable, msg
from yunying.collect.app import Collector
from yunying.collect.counters import Counters
from yunying.collect.knocks import Knocks

__all__ = ["Local", "local", "use"]

_ADDRESS = "/v1/events"


class Local:
    """`collector` as it runs on `loop`; `send` may be called from any other thread."""

    def __init__(self, collector: Collector, loop: asyncio.AbstractEventLoop) -> None:
        self._collector = collector
        self._loop = loop

    @property
    def counters(self) -> Counters:
        """What it counts."""
        return self._collector.counters

    @property
    def knocks(self) -> Knocks:
        """What came to nothing lately."""
        return self._collector.knocks

    def send(self, key: str, event: Mapping[str, Any], *, timeout_s: float = 10) -> None:
        """Send one event of our own protocol; it is on disk when this returns.

        Raises Unavailable when the collector does not take it in time.
        """
        body = orjson.dumps(event)
        answer = asyncio.run_coroutine_threadsafe(self._answer(key, body), self._loop)
        try:
            status = answer.result(timeout_s)
        except TooLate:
            answer.cancel()
            status = 503
        if status != 200:
            raise Unavailable("collector.away", msg("The collector did not take the event; try again."), status=status)

    async def _answer(self, key: str, body: bytes) -> int:
        statuses: list[int] = []

        async def receive() -> MutableMapping[str, Any]:
            return {"type": "http.request", "body": body}

        async def send(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        scope = {
            "type": "http",
            "method": "POST",
            "path": _ADDRESS,
            "query_string": b"",
            "headers": [
                (b"authorization", f"Bearer {key}".encode()),
                (b"content-length", str(len(body)).encode()),
            ],
        }
        await self._collector(scope, receive, send)
        return statuses[0] if statuses else 503


_local: Local | None = None


def use(found: Local | None) -> None:
    """Make `found` the collector of this process; None when it stops."""
    global _local
    _local = found


def local() -> Local | None:
    """The collector of this process; None in a process without one."""
    return _local
