"""How much one write key and one address may send: two token buckets each, for events and for bytes.

A bucket may go into debt: a batch is taken as long as anything is left, however large it is, and the next request
waits until the debt is paid. So no batch is too large for ever, and over time nobody gets more than the rate.
"""

import math
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import ip_address

from yunying.base.clock import monotonic_s
from yunying.base.errors import LimitReached, msg

__all__ = ["Buckets", "Rate", "RateLimits", "is_loopback"]

# So many senders are remembered; who was quiet for longest is forgotten first, and starts with a full bucket.
_REMEMBERED = 50_000


@dataclass(frozen=True, slots=True)
class Rate:
    """`events_s` and `bytes_s` over time, 0 for no limit; `burst_s` seconds' worth of them may come at once."""

    events_s: float = 0
    bytes_s: float = 0
    burst_s: float = 10.0

    @property
    def limits(self) -> bool:
        return self.events_s > 0 or self.bytes_s > 0


@dataclass(slots=True)
class _Level:
    events: float
    bytes: float
    at_s: float


class Buckets:
    """The buckets of all senders of one sort. Not thread-safe: for one event loop."""

    def __init__(self, rate: Rate, remembered: int = _REMEMBERED) -> None:
        self._rate = rate
        self._remembered = remembered
        self._levels: OrderedDict[str, _Level] = OrderedDict()

    def wait_s(self, sender: str) -> int:
        """Whole seconds until this sender may send again; 0 for now."""
        if not self._rate.limits or sender not in self._levels:
            return 0
        level = self._filled(sender)
        rate = self._rate
        events_s = -level.events / rate.events_s if rate.events_s and level.events < 0 else 0.0
        bytes_s = -level.bytes / rate.bytes_s if rate.bytes_s and level.bytes < 0 else 0.0
        return math.ceil(max(events_s, bytes_s))

    def take(self, sender: str, events: int, size: int) -> None:
        """Count what was taken, into debt if need be."""
        if self._rate.limits:
            level = self._filled(sender)
            level.events -= events
            level.bytes -= size

    def _filled(self, sender: str) -> _Level:
        now_s, rate = monotonic_s(), self._rate
        full = _Level(rate.events_s * rate.burst_s, rate.bytes_s * rate.burst_s, now_s)
        level = self._levels.get(sender)
        if level is None:
            if len(self._levels) >= self._remembered:
                self._levels.popitem(last=False)
            self._levels[sender] = full
            return full
        self._levels.move_to_end(sender)
        passed_s = max(0.0, now_s - level.at_s)
        level.events = min(full.events, level.events + passed_s * rate.events_s)
        level.bytes = min(full.bytes, level.bytes + passed_s * rate.bytes_s)
        level.at_s = now_s
        return level


@dataclass(slots=True)
class RateLimits:
    """What one key and one address may send. An address of this machine is none: it is a proxy's or a program's."""

    key: Rate = Rate()
    address: Rate = Rate()
    _keys: Buckets = field(init=False)
    _addresses: Buckets = field(init=False)

    def __post_init__(self) -> None:
        self._keys, self._addresses = Buckets(self.key), Buckets(self.address)

    def check_address(self, address: str) -> None:
        """Before a body is read. Raises LimitReached `limit.address` with `retry_after_s`."""
        if self.address.limits and not is_loopback(address) and (wait_s := self._addresses.wait_s(address)):
            text = msg("This address sends too much; try again in %(retry_after_s)d seconds.")
            raise LimitReached("limit.address", text, retry_after_s=wait_s)

    def check_key(self, key: str) -> None:
        """Before anything is kept. Raises LimitReached `limit.key` with `retry_after_s`."""
        if wait_s := self._keys.wait_s(key):
            text = msg("This write key sends too much; try again in %(retry_after_s)d seconds.")
            raise LimitReached("limit.key", text, retry_after_s=wait_s)

    def take(self, key: str, address: str, events: int, size: int) -> None:
        """Count a request that is taken."""
        self._keys.take(key, events, size)
        if not is_loopback(address):
            self._addresses.take(address, events, size)


# Asked twice for each request, and reading an address takes longer than reading a small event.
@lru_cache(maxsize=4096)
def is_loopback(address: str) -> bool:
    """Whether this is the machine itself. What is no address, as with a socket file, is local too."""
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return True
