"""From a request's body to a JSON document, deciding by content: labels of real SDKs are often wrong.

Order: `Content-Encoding`, magic bytes, JSON or NDJSON, form with `data=` (plain, base64, base64 of gzip, LZ-string).
"""

import base64
import binascii
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

import brotli

from yunying.base.errors import InvalidInput, LimitReached, msg
from yunying.events.limits import MAX_DECODED_BYTES, MAX_RATIO
from yunying.events.lzstring import unpack_lz64
from yunying.events.text import loads

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

__all__ = ["decode", "form", "unpack"]

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_PIECE = 64 << 10
_ALWAYS_ALLOWED = 1 << 20
# What one zstd frame may ask to be remembered; the format itself recommends to support this much (RFC 8878, 3.1.1.1.2).
_WINDOW_LOG = 23


def decode(body: bytes, encoding: str = "", query: Mapping[str, str] | None = None) -> Any:
    """The JSON document of a request; several NDJSON lines become a list.

    `query` stands in for an empty body, and may say how `data` is packed. Raises InvalidInput (`body.*`) or
    LimitReached `body.too_big`.
    """
    raw = unpack(body, encoding).lstrip(b"\xef\xbb\xbf \t\r\n")
    if raw[:1] in (b"{", b"["):
        return _json_or_lines(raw)
    given = dict(query or {})
    return _from_form({"compression": given.get("compression", ""), **form(raw)} if raw else given)


def unpack(body: bytes, encoding: str = "") -> bytes:
    """`body` without its compression. A wrong label is forgiven; too much content is not (LimitReached)."""
    label = encoding.strip().lower()
    if label == "deflate" and body[:1] == b"\x78":
        return _inflate(body, zlib.MAX_WBITS)
    if body[:2] == _GZIP:
        return _inflate(body, zlib.MAX_WBITS | 16)
    if body[:4] == _ZSTD:
        return _bounded(_zstd, body)
    return _labelled_brotli(body) if label == "br" and body else body


def form(raw: bytes) -> dict[str, str]:
    """A form body as a dictionary; of repeated fields the last wins. A `+` inside base64 comes out as a blank."""
    try:
        return dict(parse_qsl(raw.decode("ascii", "replace"), keep_blank_values=True, max_num_fields=1000))
    except ValueError as error:
        raise _not_json() from error


def _bounded(unpacking: Callable[[bytes], Iterator[bytes]], body: bytes) -> bytes:
    """What `unpacking` gives piece by piece, as long as it is not too much."""
    cap, out, size = _cap(body), [], 0
    try:
        for piece in unpacking(body):
            size += len(piece)
            if size > cap:
                raise _too_big(cap)
            out.append(piece)
    except (zstd.ZstdError, brotli.error) as error:
        raise _damaged() from error
    return b"".join(out)


def _labelled_brotli(body: bytes) -> bytes:
    # Brotli has no magic bytes: the label must be believed, unless what it says is not true of a body of JSON.
    try:
        return _bounded(_brotli, body)
    except InvalidInput:
        if body[:1] in (b"{", b"["):
            return body
        raise


def _zstd(body: bytes) -> Iterator[bytes]:
    rest = body
    while rest[:4] == _ZSTD:  # a body may have several frames; what stands behind the last one is no frame
        stream = zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _WINDOW_LOG})
        piece = stream.decompress(rest, max_length=_PIECE)
        while not stream.eof:
            if not piece and stream.needs_input:
                raise _damaged()
            yield piece
            piece = stream.decompress(b"", max_length=_PIECE)
        yield piece
        rest = stream.unused_data


def _brotli(body: bytes) -> Iterator[bytes]:
    stream, rest = brotli.Decompressor(), body
    while not stream.is_finished():
        piece = stream.process(rest, output_buffer_limit=_PIECE)
        if not piece and not stream.is_finished():
            raise _damaged()
        yield piece
        rest = b""


def _cap(body: bytes) -> int:
    return min(MAX_DECODED_BYTES, max(_ALWAYS_ALLOWED, len(body) * MAX_RATIO))


def _too_big(cap: int) -> LimitReached:
    return LimitReached("body.too_big", msg("The body is larger than %(limit)d bytes."), limit=cap)


def _damaged() -> InvalidInput:
    return InvalidInput("body.compression", msg("The compressed body is damaged."))


def _inflate(body: bytes, bits: int) -> bytes:
    cap = _cap(body)
    out, rest = [], body
    left = cap
    while rest:
        stream = zlib.decompressobj(bits)
        try:
            part = stream.decompress(rest, left + 1)
        except zlib.error as error:
            raise _damaged() from error
        left -= len(part)
        if left < 0:
            raise _too_big(cap)
        if not stream.eof:
            raise _damaged()
        out.append(part)
        # A gzip file may have several members; padding behind the last one is not another.
        rest = stream.unused_data if stream.unused_data[:2] == _GZIP else b""
    return b"".join(out)


def _json_or_lines(raw: bytes) -> Any:
    if b"\n" not in raw.rstrip():
        return loads(raw)
    first = raw.split(b"\n", 1)[0].rstrip()
    # One complete object on the first line and more behind it: NDJSON. Anything else is indented JSON.
    if first.startswith(b"{") and first.endswith(b"}"):
        return _lines(raw)
    return loads(raw)


def _lines(raw: bytes) -> Any:
    try:
        return [loads(line) for line in raw.splitlines() if line.strip()]
    except InvalidInput:
        return loads(raw)


def _from_form(fields: dict[str, str]) -> Any:
    text = fields.get("data") or fields.get("data_list")
    if not text:
        raise InvalidInput("body.empty", msg("The request carries no event."))
    packed = _lz64 if fields.get("compression") == "lz64" else _base64
    document = _first_of(text.strip(), _plain, packed)
    if isinstance(document, dict):
        for name in ("api_key", "token"):
            if name in fields:
                document.setdefault(name, fields[name])
    return document


def _first_of(text: str, *readers: Callable[[str], Any]) -> Any:
    for read in readers:
        found = read(text)
        if found is not None:
            return found
    raise _not_json()


def _plain(text: str) -> Any:
    if text[:1] in ("{", "["):
        return loads(text.encode("utf-8", "surrogatepass"))
    if text[:3].upper() in ("%7B", "%5B"):
        return loads(unquote_plus(text).encode("utf-8", "surrogatepass"))
    return None


def _base64(text: str) -> Any:
    # A "+" turned blank on the way, url-safe letters and missing padding are all seen in the wild.
    letters = text.replace(" ", "+").replace("-", "+").replace("_", "/").rstrip("=")
    try:
        raw = base64.b64decode(letters + "=" * (-len(letters) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise _not_json() from error
    return loads(unpack(raw))


def _lz64(text: str) -> Any:
    return loads(unpack_lz64(text.replace(" ", "+")).encode())


def _not_json() -> InvalidInput:
    return InvalidInput("body.not_json", msg("The body is neither JSON nor a form with a data field."))
