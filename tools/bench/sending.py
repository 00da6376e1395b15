"""Load for the collector, in a process of its own.

    python -m tools.bench.sending <port> <events per request> <seconds> <connections>

Keep-alive connections, each with one request on its way; prints what came of it as JSON. Written close to the socket,
because it shares the processors with what it measures.
"""

import asyncio
import json
import statistics
import sys
import time
from typing import cast

import uvloop

KEY = "yk_bench"
_BODIES = 40
_PATHS = [f"/products/{number}/green-tea-from-the-mountains" for number in range(200)]


def event(number: int) -> dict[str, object]:
    """An event of about one kilobyte of JSON, as an SDK in a page sends it. Without an id: each one counts."""
    path = _PATHS[number % len(_PATHS)]
    return {
        "event": ("$pageview", "add to cart", "order")[number % 3],
        "distinct_id": f"user-{number % 20_000}",
        "timestamp": int(time.time() * 1000) - number % 60_000,
        "properties": {
            "$current_url": f"https://shop.example.com{path}?utm_source=newsletter&utm_campaign=spring",
            "$pathname": path,
            "$host": "shop.example.com",
            "$referrer": "https://www.example.org/search?q=green+tea+from+the+mountains",
            "title": "Green tea from the mountains, first harvest, 100 g – The Tea House",
            "$raw_user_agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36",
            "$screen_width": 1920,
            "$screen_height": 1080,
            "$browser_language": "zh-CN",
            "$timezone": "Asia/Shanghai",
            "$lib": "web",
            "$lib_version": "1.449.0",
            "$session_id": f"0198c0de-0000-7000-8000-{number % 50_000:012d}",
            "price": number % 97,
            "quantity": number % 5 + 1,
            "currency": "CNY",
            "plan": ("free", "pro", "team")[number % 3],
            "tags": ["green", "spring", "绿茶"],
            "member": number % 2 == 0,
            "note": "x" * 120,
        },
    }


class Client(asyncio.Protocol):
    """One connection: sends when it has an answer."""

    def __init__(self, requests: list[bytes], end_s: float, taken: list[float], failed: list[bytes]) -> None:
        self._requests, self._end_s, self._taken, self._failed = requests, end_s, taken, failed
        self._number = id(self) % len(requests)
        self._begun_s = 0.0
        self._heard = b""
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by its class
        self._send()

    def _send(self) -> None:
        self._number = (self._number + 1) % len(self._requests)
        self._begun_s = time.perf_counter()
        self._transport.write(self._requests[self._number])

    def data_received(self, data: bytes) -> None:
        self._heard += data
        if not self._heard.endswith(b"}"):
            return
        now_s = time.perf_counter()
        if self._heard.startswith(b"HTTP/1.1 200"):
            self._taken.append(now_s - self._begun_s)
        else:
            self._failed.append(self._heard[:300])
        self._heard = b""
        if now_s < self._end_s:
            self._send()
        else:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None:
            self._failed.append(type(exc).__name__.encode())
        if not self.done.done():
            self.done.set_result(None)


async def send(port: int, batch: int, seconds: float, connections: int) -> dict[str, object]:
    requests = [_request([event(batch * place + number) for number in range(batch)]) for place in range(_BODIES)]
    taken: list[float] = []
    failed: list[bytes] = []
    begun_s = time.perf_counter()
    loop = asyncio.get_running_loop()
    clients = [
        (await loop.create_connection(lambda: Client(requests, begun_s + seconds, taken, failed), "127.0.0.1", port))[1]
        for _ in range(connections)
    ]
    await asyncio.gather(*(client.done for client in clients))
    took_s = time.perf_counter() - begun_s
    p50, p99 = (1000 * statistics.quantiles(taken, n=100)[n] for n in (49, 98))
    return {
        "requests": len(taken),
        "events": len(taken) * batch,
        "seconds": took_s,
        "p50_ms": p50,
        "p99_ms": p99,
        "failed": len(failed),
        "error": failed[0].decode("latin-1") if failed else "",
        "bytes": len(requests[0]),
    }


def _request(events: list[dict[str, object]]) -> bytes:
    body = json.dumps(events if len(events) > 1 else events[0], ensure_ascii=False).encode()
    head = (
        f"POST /v1/events HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {KEY}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


if __name__ == "__main__":
    given = sys.argv[1:]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        found = runner.run(send(int(given[0]), int(given[1]), float(given[2]), int(given[3])))
    print(json.dumps(found))
