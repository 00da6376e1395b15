"""What the collector counts, as text that Prometheus reads (exposition format 0.0.4), and who may see it.

https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
"""

import hmac
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

from yunying.collect.counters import BOUNDS_S, Counters
from yunying.collect.limits import is_loopback

__all__ = ["Gauges", "MetricsPage", "exposition"]

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Gauges = Callable[[], Mapping[str, float]]

_COUNTS = {
    "requests": "Requests to paths of the wire protocols.",
    "received": "Events and items that were read out of requests.",
    "spooled": "Events that were accepted, and were on disk when the sender heard so.",
    "limited": "Requests that were told to come back later, because their key or address sent too much.",
    "over_limit": "Events that were taken above the limit, because their protocol cannot be told to wait.",
    "inserted": "Events that reached the event store.",
    "quarantined": "Refused events and bodies that reached the quarantine.",
    "quarantine_dropped": "Refused events that were dropped because the quarantine was full.",
    "retries": "Batches that were put off because the store did not take them.",
}
_GAUGES = {
    "spool_bytes": "Bytes in the spool that the event store has not got.",
    "spool_cap_bytes": "Bytes above which the spool takes no more.",
    "spool_segments": "Segments in the spool.",
    "oldest_seconds": "Age of the oldest event that is not in the event store.",
    "behind": "1 while the flusher is further behind than YUNYING_LAG_ALERT_S.",
    "in_flight_bytes": "Bytes of requests that are being read.",
    "in_flight_requests": "Requests that are being answered.",
}
_DURATIONS = {
    "request": "From the first byte of a request's body to its answer.",
    "flush": "Writing one batch into the event store.",
    "lag": "From the arrival of the oldest event of a batch to the event store.",
}


def exposition(counters: Counters, gauges: Mapping[str, float]) -> str:
    """All counts, gauges and durations as text, one sample a line."""
    return "\n".join([*_counted(counters), *_gauged(gauges), *_lasted(counters), ""])


def _counted(counters: Counters) -> Iterable[str]:
    counts, refused = counters.by_protocol()
    for name, about in _COUNTS.items():
        yield from _head(f"{name}_total", "counter", about)
        found = {protocol: number for (one, protocol), number in counts.items() if one == name}
        for protocol, number in sorted(found.items()) or [("", 0)]:
            yield _sample(f"{name}_total", number, protocol=protocol)
    yield from _head("refused_total", "counter", "Requests and events that were not taken, by the code of the reason.")
    for (code, protocol), number in sorted(refused.items()):
        yield _sample("refused_total", number, protocol=protocol, reason=code)


def _gauged(gauges: Mapping[str, float]) -> Iterable[str]:
    for name, value in gauges.items():
        yield from _head(name, "gauge", _GAUGES[name])
        yield _sample(name, value)


def _lasted(counters: Counters) -> Iterable[str]:
    for name, (numbers, total) in sorted(counters.durations().items()):
        yield from _head(f"{name}_seconds", "histogram", _DURATIONS[name])
        below = 0
        for bound, number in zip([*(f"{bound:g}" for bound in BOUNDS_S), "+Inf"], numbers, strict=True):
            below += number
            yield _sample(f"{name}_seconds_bucket", below, le=bound)
        yield _sample(f"{name}_seconds_sum", round(total, 6))
        yield _sample(f"{name}_seconds_count", below)


def _head(name: str, kind: str, about: str) -> Iterable[str]:
    return f"# HELP yunying_collector_{name} {about}", f"# TYPE yunying_collector_{name} {kind}"


def _sample(name: str, value: float, **labels: str) -> str:
    shown = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items() if text)
    return f"yunying_collector_{name}{{{shown}}} {value:.15g}" if shown else f"yunying_collector_{name} {value:.15g}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


@dataclass(frozen=True, slots=True)
class MetricsPage:
    """The answer at `/metrics`: to programs of this machine, or with `token` to whoever has it and to nobody else.

    A proxy on this machine passes strangers on from a local address, and says so in a header.
    """

    counters: Counters
    gauges: Gauges
    token: str = ""

    async def __call__(self, scope: Scope, send: Send) -> None:
        if self._open_to(scope):
            await _answer(send, 200, exposition(self.counters, self.gauges()).encode())
        else:
            await _answer(send, 404, b"There is nothing at this address.\n")

    def _open_to(self, scope: Scope) -> bool:
        headers = dict(scope["headers"])
        if self.token:
            given = headers.get(b"authorization", b"")
            return hmac.compare_digest(given, f"Bearer {self.token}".encode())
        passed_on = {b"forwarded", b"x-forwarded-for", b"x-real-ip"} & headers.keys()
        return not passed_on and is_loopback(str((scope.get("client") or ("",))[0]))


async def _answer(send: Send, status: int, body: bytes) -> None:
    kind = b"text/plain; version=0.0.4; charset=utf-8"
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode()), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
