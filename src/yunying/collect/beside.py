"""A spool that another process writes: one takes events in, the other, which has the event store, empties it.

So the collector has a processor of its own where the event store is embedded and belongs to one process. The two share
nothing but the folder: segments are complete once they have their name, and a removed one is never asked for again.
"""

import threading
from pathlib import Path

from yunying.collect import segments
from yunying.collect.spool import Spool

__all__ = ["OtherSpool", "Sealing"]

_SEAL_S = 0.25


class OtherSpool:
    """What a flusher needs of a spool, for one written elsewhere."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # Nobody here hears of a new segment; the flusher looks every quarter of a second.
        self.sealed_event = threading.Event()

    def seal_if_old(self) -> None:
        """Left to the process that writes."""

    def segments(self) -> list[Path]:
        """Sealed segments, oldest first; none while there is no folder yet."""
        return segments.sealed(self.folder)

    def remove(self, path: Path) -> None:
        """Forget a segment whose events are in the store."""
        path.unlink(missing_ok=True)


class Sealing:
    """A thread that does in the writing process what a flusher would: seals by age, and sees what was emptied."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sealing", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(5)

    def _run(self) -> None:
        while not self._stop.wait(_SEAL_S):
            self._spool.seal_if_old()
            self._spool.recount()
