"""The collector with its spool and flusher: opened together, closed together."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from yunying.base.clock import monotonic_s
from yunying.collect.app import Collector
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
    """All of it. `tell` hears how many seconds events wait when the flusher falls behind."""

    def __init__(self, config: Config, sink: Sink, tell: Callable[[float], None] = lambda lag_s: None) -> None:
        self.counters = Counters()
        self.spool = Spool(Path(config.path(config.spool_url)), SpoolLimits(cap_bytes=config.spool_cap_mb << 20))
        self.flusher = Flusher(self.spool, sink, self.counters)
        self.keys = KeyDirectory(config.database_url)
        rates = RateLimits(_rate(config.limit_key), _rate(config.limit_address))
        self.app = Collector(self.keys, self.spool, self.counters, secret=config.secret_key, rates=rates)
        self.page = MetricsPage(self.counters, self.gauges, config.metrics_token)
        self.watch = Watch(self.flusher.lag_s, config.lag_alert_s, tell)
        self.flusher.start()
        self.watch.start()

    def metrics(self) -> dict[str, Any]:
        """Counts since the start, bytes in the spool and the lag of the store in seconds."""
        return self.counters.snapshot() | {
            "spool_bytes": self.spool.bytes_held(),
            "lag_s": round(self.flusher.lag_s(), 3),
        }

    def gauges(self) -> dict[str, float]:
        """What the metrics page shows beside the counts."""
        held = waiting(self.spool.folder)
        requests, in_flight = self.app.in_flight()
        return {
            "spool_bytes": held.bytes,
            "spool_cap_bytes": self.spool.limits.cap_bytes,
            "spool_segments": held.segments,
            "oldest_seconds": held.oldest_s,
            "behind": self.watch.behind,
            "in_flight_bytes": in_flight,
            "in_flight_requests": requests,
        }

    def close(self) -> None:
        """Seal the spool and write what the store takes within `FLUSH_STOP_S`; the rest waits for the next start."""
        self.watch.stop()
        self.spool.close()
        deadline = monotonic_s() + FLUSH_STOP_S
        while self.spool.segments() and monotonic_s() < deadline:
            threading.Event().wait(0.05)
        self.flusher.stop(max(1.0, deadline - monotonic_s()))


def _rate(given: tuple[float, float, float]) -> Rate:
    events_s, megabytes_s, burst_s = given
    return Rate(events_s, megabytes_s * (1 << 20), burst_s)
