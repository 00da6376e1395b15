"""Outages at the start of an SDK's way: what the first requests with events get instead of the collector's answer.

`Outage(server, 503, RESET, 200)` answers the first request with events by 503 and cuts the second off; from the
third on the collector answers itself. Statuses come with the body, headers and CORS that the collector gives with
them. LOST means that the events were taken but the answer never arrived, which must not make a second copy of them.
"""

from typing import Any

from tests.collect.harness import LOST, RESET, Live
from yunying.base.errors import Bug, LimitReached, NotAllowed, Unavailable, YunyingError
from yunying.events import protocols

__all__ = ["LOST", "RESET", "Outage", "carries_events"]

_ERRORS: dict[int, YunyingError] = {
    401: NotAllowed("key.unknown", "The write key is unknown or was revoked."),
    413: LimitReached("body.too_big", "The body is larger than %(limit)d bytes.", limit=1),
    429: LimitReached("rate.key", "Too many requests.", retry_after_s=1),
    500: Bug("collector.bug", "Something went wrong here: incident %(id)s.", id="1"),
    503: Unavailable("collector.busy", "The collector is overloaded; try again later.", retry_after_s=1),
}


def carries_events(scope: dict[str, Any]) -> bool:
    """Whether this is a request with events: no preflight, no flags, no settings."""
    matches = protocols.candidates(scope["path"])
    return any(match.route.take and scope["method"] in match.route.methods for match in matches)


class Outage:
    """`requests` counts the requests with events, those that were answered by the collector included.

    Of a status (429, 500, …) the body is that of the protocol's own errors, unless `plain` asks for an empty object.
    """

    def __init__(self, server: Live, *answers: int, plain: bool = False) -> None:
        self.requests = 0
        self.paths: list[str] = []
        self._answers = answers
        self._plain = plain
        server.hooks.append(self._hook)

    def _hook(self, scope: dict[str, Any]) -> Any:
        if not carries_events(scope):
            return None
        self.paths.append(scope["path"])
        number, self.requests = self.requests, self.requests + 1
        if number >= len(self._answers) or self._answers[number] == 200:
            return None
        status = self._answers[number]
        if status in (RESET, LOST) or self._plain or status not in _ERRORS:
            return status
        return protocols.candidates(scope["path"])[0].protocol.error(_ERRORS[status])
