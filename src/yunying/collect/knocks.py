"""Requests of the last minutes that came to nothing, for the page on which somebody waits for a first event.

Of a request only what it takes to find the mistake: protocol, reason, and the host of the page that sent it. In memory,
few, and gone with the process.
"""

from collections import deque
from dataclasses import dataclass
from threading import Lock
from urllib.parse import urlsplit

from yunying.base.clock import monotonic_s

__all__ = ["PREFLIGHT", "Knock", "Knocks"]

# A browser asked whether a page may send events here, and nothing has come from that page since.
PREFLIGHT = "preflight"
_MOST, _ORIGINS = 200, 1_000
_LONGEST = 100


@dataclass(frozen=True, slots=True)
class Knock:
    """`site` is the host a browser's page came from, empty for servers; `age_s` is how long ago it was."""

    protocol: str
    code: str
    site: str
    age_s: float


class Knocks:
    """Thread-safe: the collector adds, pages read."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._failed: deque[tuple[float, str, str, str]] = deque(maxlen=_MOST)
        # When a page's browser asked, and when something came from it, by site; the oldest sites go first.
        self._asked: dict[str, float] = {}
        self._came: dict[str, float] = {}

    def failed(self, protocol: str, code: str, origin: str) -> None:
        """A request was refused as a whole."""
        with self._lock:
            self._failed.append((monotonic_s(), protocol, code, _site(origin)))

    def asked(self, origin: str) -> None:
        """A browser asked whether it may send (a CORS preflight)."""
        self._note(self._asked, origin)

    def came(self, origin: str) -> None:
        """A request with events came, whatever became of it."""
        if origin:
            self._note(self._came, origin)

    def lately(self, within_s: float = 600.0, patience_s: float = 5.0) -> list[Knock]:
        """What failed lately, newest first; and sites whose browsers asked, but sent nothing for `patience_s`."""
        now = monotonic_s()
        with self._lock:
            failed = [Knock(p, code, site, now - at) for at, p, code, site in self._failed if now - at <= within_s]
            silent = [
                Knock("", PREFLIGHT, site, now - at)
                for site, at in self._asked.items()
                if patience_s <= now - at <= within_s and self._came.get(site, float("-inf")) < at
            ]
        return sorted([*failed, *silent], key=lambda knock: knock.age_s)

    def _note(self, times: dict[str, float], origin: str) -> None:
        site = _site(origin)
        with self._lock:
            times.pop(site, None)
            times[site] = monotonic_s()
            if len(times) > _ORIGINS:
                del times[next(iter(times))]


def _site(origin: str) -> str:
    """The host of an Origin header; what is none is left out."""
    try:
        return (urlsplit(origin).hostname or "")[:_LONGEST]
    except ValueError:
        return ""
