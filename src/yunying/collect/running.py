"""The collector with its spool and flusher: opened together, closed together."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from yunying.base.clock import monotonic_s
from yunying.collect.app import Collector
from yunying.collect.beside import OtherSpool, Sealing
from yunying.collect.counters import Counters
from yunying.collect.flusher import Flusher
from yunying.collect.keys import KeyDirectory
from yunying.collect.limits import Rate, RateLimits
from yunying.collect.metrics import MetricsPage
from yunying.collect.segments import waiting
from yunying.collect.sink import Sink
from yunying.collect.spool import Spool, SpoolLimits
from yunying.collect.watch import Watch
from yunying.config import Config

__all__ = ["FLUSH_STOP_S", "Collecting"]

FLUSH_STOP_S = 20.0


class Collecting:
    """All of it. `tell` hears how many seconds events wait when the flusher falls behind.

    Without a `sink` events are only spooled, and the process that has the store writes them.
    """

    def __init__(self, config: Config, sink: Sink | None, tell: Callable[[float], None] = lambda lag_s: None) -> None:
        self.counters = Counters()
        self.spool = Spool(Path(config.path(config.spool_url)), SpoolLimits(cap_bytes=config.spool_cap_mb << 20))
        self._sealing = Sealing(self.spool) if sink is None else None
        spools: list[Spool | OtherSpool] = [self.spool, *map(OtherSpool, config.spools_beside)]
        self.flushers = [Flusher(spool, sink, self.counters) for spool in spools] if sink else []
        self.keys = KeyDirectory(config.database_url)
        rates = RateLimits(_rate(config.limit_key), _rate(config.limit_address))
        self.app = Collector(self.keys, self.spool, self.counters, secret=config.secret_key, rates=rates)
        self.page = MetricsPage(self.counters, self.gauges, config.metrics_token)
        self._folders = (self.spool.folder, *config.spools_beside)
        self.watch = Watch(self._look, config.lag_alert_s, tell)
        for part in (*self.flushers, self._sealing, self.watch):
            if part is not None:
                part.start()

    def _look(self) -> float:
        self.counters.mark()
        return self.lag_s()

    def lag_s(self) -> float:
        """Seconds since the oldest event that is not in the store yet was accepted (rounded to its segment)."""
        return max(waiting(folder).oldest_s for folder in self._folders)

    def metrics(self) -> dict[str, Any]:
        """Counts since the start, bytes in the spool and the lag of the store in seconds."""
        return self.counters.snapshot() | {
            "spool_bytes": self.spool.bytes_held(),
            "lag_s": round(self.lag_s(), 3),
        }

    def gauges(self) -> dict[str, float]:
        """What the metrics page shows beside the counts."""
        held = [waiting(folder) for folder in self._folders]
        requests, in_flight = self.app.in_flight()
        return {
            "spool_bytes": sum(one.bytes for one in held),
            "spool_cap_bytes": self.spool.limits.cap_bytes,
            "spool_segments": sum(one.segments for one in held),
            "oldest_seconds": max(one.oldest_s for one in held),
            "behind": self.watch.behind,
            "in_flight_bytes": in_flight,
            "in_flight_requests": requests,
        }

    def close(self) -> None:
        """Seal the spool and write what the store takes within `FLUSH_STOP_S`; the rest waits for the next start."""
        self.watch.stop()
        if self._sealing is not None:
            self._sealing.stop()
        self.spool.close()
        deadline = monotonic_s() + FLUSH_STOP_S
        while self.flushers and self.spool.segments() and monotonic_s() < deadline:
            threading.Event().wait(0.05)
        for flusher in self.flushers:
            flusher.stop(max(1.0, deadline - monotonic_s()))


def _rate(given: tuple[float, float, float]) -> Rate:
    events_s, megabytes_s, burst_s = given
    return Rate(events_s, megabytes_s * (1 << 20), burst_s)
