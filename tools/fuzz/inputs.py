"""From some bytes to a request: half of them raw, half a request of the contract with a few places spoilt."""

import base64
import gzip
import json
import zlib
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote, urlencode

import brotli

from yunying.events import protocols
from yunying.events.protocols.base import Request

__all__ = ["CASES", "Choices", "request_of"]

WIRE = Path(__file__).resolve().parents[2] / "tests/contract/wire"
NOW = 1_767_225_600_000
CASES: dict[str, list[dict[str, Any]]] = {
    path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(WIRE.glob("*.json"))
}
PATHS = sorted({route.path for protocol in protocols.PROTOCOLS for route in protocol.routes} | {"/nowhere"})
# What breaks programs: types where others are expected, and the edges of numbers, texts, times and depth.
NASTY: list[Any] = [
    None, True, False, 0, -1, 1e308, -0.0, 2**53 + 1, 2**64, -(2**63), 10**400, float("nan"), float("inf"), "", " ",
    "\x00", "\ud83d", "\udc00x", "null", "undefined", "0", "NaN", "[object Object]", "%", "%zz", "=", "a" * 5_000,
    "💥" * 300, "../../etc", "2024-02-30T25:61:61Z", "9999-12-31T23:59:59.999999999+99:99", "1e999", "-1", "٣", "1_000",
    "http://[", "http://a:b:c/", "javascript:x", "0000-00-00", "1;DROP", "{}", "[[[[", '{"a":', "==", "W10=", "e30",
    [], {}, [None], [[]], [{}], {"": ""}, {"a": {"b": {"c": []}}}, ["x"] * 50, {str(n): n for n in range(60)},
    "iglu:a/b/jsonschema/1-0-0", "G100", "bytes", {"$set": 5, "$unset": {}}, [["sku"], [], [1, 2, 3, 4, 5, 6]],
]  # fmt: skip
HEADERS = [
    "content-encoding", "content-type", "authorization", "user-agent", "anonymousid", "ce-id", "ce-time",
    "sp-anonymous",
]  # fmt: skip
VALUES = [
    "gzip", "deflate", "br", "zstd", "identity", "x", "application/json", "text/plain", "Basic a2V5Og==", "Basic ====",
    "Bearer x", "Basic " + "A" * 100, "application/cloudevents+json", "application/cloudevents-batch+json", "2024", "*",
    "\xff\xfe", "",
]  # fmt: skip


class Choices(Protocol):
    """Decisions made of the bytes of an input."""

    def whole(self, low: int, high: int) -> int: ...

    def some(self, most: int) -> bytes: ...


def request_of(choices: Choices, protocol: str = "") -> Request:
    """A request made of these choices, for a protocol if one is named."""
    return _raw(choices, protocol) if choices.whole(0, 5) == 0 else _spoilt(choices, protocol)


def _raw(choices: Choices, protocol: str) -> Request:
    paths = [route.path for one in protocols.PROTOCOLS if one.name == protocol for route in one.routes] or PATHS
    path = _one(choices, paths).replace("{", "").replace("}", "")
    query = (
        {} if choices.whole(0, 1) else {_one(choices, ["data", "e", "key", "idsite", "compression"]): _text(choices)}
    )
    return Request(_one(choices, ["POST", "GET"]), path, query, _headers(choices, {}), choices.some(4_000), NOW)


def _spoilt(choices: Choices, protocol: str) -> Request:
    case = _one(choices, CASES[protocol or _one(choices, sorted(CASES))])
    parts = {name: json.loads(json.dumps(case.get(name, {}))) for name in ("query", "body", "form", "packed")}
    for _ in range(choices.whole(0, 6)):
        name = _one(choices, [name for name in parts if parts[name]] or ["body"])
        parts[name] = _spoil(choices, parts[name])
    query = _fields(choices, parts.get("query"))
    if case.get("method") == "GET":
        query |= _fields(choices, parts.get("packed"), packed=True)
        body = b""
    elif "text" in case:
        body = _cut(choices, case["text"].encode())
    elif "form" in case or "packed" in case:
        form = _fields(choices, parts.get("form")) | _fields(choices, parts.get("packed"), packed=True)
        body = urlencode(form, errors="replace").encode()
    else:
        body = _json(parts.get("body")) if "body" in case else b""
    method = _one(choices, [case.get("method", "POST")] * 9 + ["GET", "POST"])
    return Request(method, case["path"], query, _headers(choices, case.get("headers", {})), _packed(choices, body), NOW)


def _spoil(choices: Choices, value: Any) -> Any:
    """One place of `value` replaced, removed, doubled or renamed."""
    if isinstance(value, dict) and value and choices.whole(0, 9) < 8:
        key = _one(choices, list(value))
        kind = choices.whole(0, 12)
        if kind == 0:
            return {name: one for name, one in value.items() if name != key}
        if kind == 1:
            return {_text(choices) if name == key else name: one for name, one in value.items()}
        return value | {key: _spoil(choices, value[key])}
    if isinstance(value, list) and value and choices.whole(0, 9) < 7:
        at = choices.whole(0, len(value) - 1)
        kind = choices.whole(0, 9)
        if kind == 0:
            return value[:at] + value[at + 1 :]
        if kind == 1:
            return value + [value[at]] * choices.whole(1, 40)
        return [*value[:at], _spoil(choices, value[at]), *value[at + 1 :]]
    kind = choices.whole(0, 9)
    if kind == 0:
        return [value]
    if kind == 1:
        return {"x": value}
    if kind == 2 and isinstance(value, str):
        return value[: choices.whole(0, len(value))] + _text(choices)
    if kind == 3:
        return _deep(choices.whole(1, 60))
    return _one(choices, NASTY)


def _deep(levels: int) -> Any:
    found: Any = 1
    for level in range(levels):
        found = [found] if level % 2 else {"d": found}
    return found


def _fields(choices: Choices, value: Any, *, packed: bool = False) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    return {_field(choices, str(name), False): _field(choices, one, packed) for name, one in value.items()}


def _field(choices: Choices, value: Any, packed: bool) -> str:
    if isinstance(value, str) and not packed:
        # An address or a form is bytes that were read as UTF-8: it holds no lone surrogates.
        return value.encode("utf-8", "replace").decode()
    raw = _json(value)
    if packed:
        raw = base64.b64encode(_cut(choices, gzip.compress(raw) if choices.whole(0, 3) == 0 else raw))
    return raw.decode("utf-8", "replace")


def _json(value: Any) -> bytes:
    # As a careless program would: lone surrogates as escapes, NaN and Infinity as they are.
    return json.dumps(value).encode()


def _packed(choices: Choices, body: bytes) -> bytes:
    kind = choices.whole(0, 11)
    packers = {0: gzip.compress, 1: zlib.compress, 2: brotli.compress, 3: lambda raw: b"data=" + quote(raw).encode()}
    return _cut(choices, packers.get(kind, bytes)(body))


def _cut(choices: Choices, body: bytes) -> bytes:
    kind = choices.whole(0, 15)
    if kind == 0:
        return body[: choices.whole(0, len(body))]
    if kind == 1 and body:
        at = choices.whole(0, len(body) - 1)
        return body[:at] + choices.some(8) + body[at + 1 :]
    return body


def _headers(choices: Choices, headers: dict[str, Any]) -> dict[str, str]:
    found = {str(name): str(value) for name, value in headers.items()}
    for _ in range(choices.whole(0, 2)):
        found[_one(choices, HEADERS)] = _one(choices, VALUES)
    return found


def _text(choices: Choices) -> str:
    return choices.some(40).decode("utf-8", "replace")


def _one(choices: Choices, items: list[Any]) -> Any:
    return items[choices.whole(0, len(items) - 1)]
