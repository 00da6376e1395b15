"""Who has to come back later: the rate limits, applied before a body is read and before anything of it is kept."""

from collections.abc import Callable, Sequence

from yunying.base.errors import LimitReached, Unavailable
from yunying.collect.counters import Counters
from yunying.collect.limits import RateLimits
from yunying.events.protocols import Match
from yunying.events.protocols.base import Wait

__all__ = ["Gate"]

# Names that nobody has claimed share one bucket, however many are made up.
_UNCLAIMED = "unclaimed"


class Gate:
    """Tells senders to wait in the way their SDKs understand. For one event loop."""

    def __init__(self, rates: RateLimits, counters: Counters) -> None:
        self._rates = rates
        self._counters = counters

    def before_body(self, matches: Sequence[Match], method: str, address: str) -> None:
        """Raises LimitReached or Unavailable for an address that is in debt."""
        way = max((_way(match, method) for match in matches), default=Wait.RETRY_AFTER)
        self._ask(lambda: self._rates.check_address(address), way, matches[0].protocol.name if matches else "")

    def before_keeping(self, match: Match, method: str, key: str, address: str, *, events: int, size: int) -> None:
        """Raises LimitReached or Unavailable for a key that is in debt, else counts what the request carries.

        `key` is empty for what nobody has claimed.
        """
        key = key or _UNCLAIMED
        self._ask(lambda: self._rates.check_key(key), _way(match, method), match.protocol.name)
        self._rates.take(key, address, events, size)

    def _ask(self, check: Callable[[], None], way: Wait, protocol: str) -> None:
        try:
            check()
        except LimitReached as error:
            if way is Wait.NEVER:
                self._counters.add("over_limit", 1, protocol)
                return
            self._counters.add("limited", 1, protocol)
            if way is Wait.UNAVAILABLE:
                raise Unavailable(error.code, error.message, **error.data) from error
            raise


def _way(match: Match, method: str) -> Wait:
    # No SDK sends a pixel twice.
    return Wait.NEVER if method == "GET" else match.protocol.wait
