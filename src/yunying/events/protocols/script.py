"""`yunying.js` for web pages: at `/yunying.js`, and under an address with its version that browsers keep for a year."""

import gzip
import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import brotli

from yunying.events.protocols.base import Reply, Request, Route

__all__ = ["FILE", "ROUTES", "Script", "load"]

# Made by tools/vendor.py out of sdk/browser/yunying.js.
FILE = Path(__file__).parents[2] / "platform/ui/static/vendor/yunying.js"
# An hour: a page gets a new script soon after an update, and asks rarely until then.
SHORT = "public, max-age=3600"
LONG = "public, max-age=31536000, immutable"
_VERSION = re.compile(r"yunying\.js (\d+\.\d+\.\d+)")
_MISSING = "yunying.js is not in this installation. Run tools/vendor.py where the program was cloned.\n"


@dataclass(frozen=True, slots=True)
class Script:
    """The file in every encoding, with its version."""

    version: str
    tag: str
    bodies: dict[str, bytes]


_loaded: dict[Path, Script] = {}


def load(path: Path) -> Script | None:
    """The script as it is served, or None if it was never made. It is read and compressed once."""
    if path not in _loaded:
        if not path.is_file():
            return None
        _loaded[path] = _read(path)
    return _loaded[path]


def _read(path: Path) -> Script:
    plain = path.read_bytes()
    found = _VERSION.search(plain.decode("utf-8"))
    bodies = {"br": brotli.compress(plain), "gzip": gzip.compress(plain, 9, mtime=0), "": plain}
    return Script(found.group(1) if found else "", sha256(plain).hexdigest()[:20], bodies)


def answer(request: Request) -> Reply:
    """The script, or 304 if the browser has it. An address with another version gives today's, and is not kept long."""
    script = load(FILE)
    if script is None:
        return Reply(404, _MISSING.encode(), "text/plain; charset=utf-8")
    coding = next((one for one in ("br", "gzip") if _accepts(request.headers.get("accept-encoding", ""), one)), "")
    tag = f'"{script.tag}{"-" + coding if coding else ""}"'
    cache_for = LONG if request.matched.get("version") == script.version else SHORT
    headers: tuple[tuple[str, str], ...] = (("etag", tag), ("vary", "Accept-Encoding"))
    if _has(request.headers.get("if-none-match", ""), tag):
        return Reply(304, b"", headers=headers, cache=cache_for)
    if coding:
        headers += (("content-encoding", coding),)
    return Reply(200, script.bodies[coding], "text/javascript; charset=utf-8", headers, cache_for)


def _accepts(header: str, coding: str) -> bool:
    """Whether an Accept-Encoding header names `coding` without `q=0` (RFC 9110, section 12.5.3)."""
    for one in header.lower().split(","):
        name, _, weight = one.partition(";")
        if name.strip() == coding:
            return not re.fullmatch(r"\s*q=0(\.0*)?\s*", weight)
    return False


def _has(header: str, tag: str) -> bool:
    """Whether an If-None-Match header names `tag`, weakly compared (RFC 9110, section 13.1.2)."""
    return header.strip() == "*" or tag in (one.strip().removeprefix("W/") for one in header.split(","))


ROUTES = (
    Route("/yunying.js", ("GET", "HEAD"), answer=answer),
    Route("/static/yunying/{version.}/yunying.js", ("GET", "HEAD"), answer=answer),
)
