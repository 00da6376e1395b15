"""How the collector answers: bodies with CORS headers for every origin, and preflights."""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from yunying.events.protocols.base import Reply

__all__ = ["preflight", "respond"]

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_EXPOSED = b"Retry-After, ETag, x-sse-support, PostHog-Request-Id"


def preflight(headers: Mapping[str, str]) -> Reply:
    """The answer to a browser that asks whether it may send, and to a sender of CloudEvents (Web Hooks 1.0, 4.1)."""
    allowed = headers.get("access-control-request-headers", "")
    sender = headers.get("webhook-request-origin", "")
    return Reply(
        204,
        b"",
        headers=(
            ("access-control-allow-methods", "GET, POST, OPTIONS"),
            *((("access-control-allow-headers", allowed),) if allowed else ()),
            ("access-control-max-age", "86400"),
            *((("webhook-allowed-origin", sender), ("webhook-allowed-rate", "*")) if sender else ()),
        ),
    )


async def respond(send: Send, reply: Reply, headers: Mapping[str, str]) -> None:
    """Send `reply` to a request with these `headers`."""
    out = [(b"cache-control", reply.cache.encode())]
    if reply.status != 304:
        out.append((b"content-length", str(len(reply.body)).encode()))
    if reply.body:
        out.append((b"content-type", reply.content_type.encode()))
        out.append((b"x-content-type-options", b"nosniff"))
    out += [(name.encode(), value.encode("latin-1")) for name, value in reply.headers]
    out += _cors(reply, headers.get("origin", ""))
    await send({"type": "http.response.start", "status": reply.status, "headers": out})
    await send({"type": "http.response.body", "body": reply.body})


def _cors(reply: Reply, origin: str) -> list[tuple[bytes, bytes]]:
    if reply.cache != "no-store":
        # A cache must not give one origin what was allowed to another; without an origin, all may read it.
        return [(b"access-control-allow-origin", b"*"), (b"cross-origin-resource-policy", b"cross-origin")]
    if not origin:
        return []
    # Never "*": some SDKs send credentials. Safe because nothing here reads a session.
    return [
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-allow-credentials", b"true"),
        (b"access-control-expose-headers", _EXPOSED),
        (b"vary", b"Origin"),
    ]
