"""Which events of a batch come late, so that what was kept of their days is worked out anew."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import count
from threading import Lock

import numpy as np
import pyarrow as pa

__all__ = ["LATE_EVENTS", "SETTLED", "SLOT_S", "Versions", "late_events", "versions_of"]

LATE_EVENTS = "late_events"
# States are kept of days that ended at least this long ago; only events older than this need a note.
SETTLED = timedelta(hours=1)
# Days start on a quarter of an hour in every zone since 1972.
SLOT_S = 900
# Times of `late_events.at`, its first quarter of an hour aside, which counts what was taken away.
_FIRST_S, _LAST_S = SLOT_S, 2**32 - SLOT_S


def late_events(data: pa.Table, now: datetime) -> pa.Table | None:
    """How many rows of `data`, events about to be written, are late at `now`: product, at, n. None when none is."""
    at_ms = data["ts"].cast(pa.int64()).to_numpy()
    late = at_ms < (now - SETTLED).timestamp() * 1000
    if not late.any():
        return None
    slots = np.clip(at_ms[late] // (SLOT_S * 1000) * SLOT_S, _FIRST_S, _LAST_S)
    keys = np.stack([data["product"].to_numpy()[late].astype(np.int64), slots])
    (products, times), counts = np.unique(keys, axis=1, return_counts=True)
    return pa.table(
        {
            "product": pa.array(products, pa.uint32()),
            "at": pa.array(times, pa.uint32()),
            "n": pa.array(counts, pa.uint64()),
        }
    )


class Versions:
    """A number for each product that changes with every note of late events this process writes or removes.

    `owners` changes whenever persons are merged, in any product.
    """

    def __init__(self) -> None:
        self._next = count(1)
        self._of: dict[int, int] = {}
        self.owners = 0

    def of(self, product: int) -> int:
        """Two readings are equal only if the notes stayed as they were between them."""
        return self._of.get(product, 0)

    def change(self, products: Iterable[int]) -> None:
        """After the notes were written: who reads them before this reads the old number too, and asks once more."""
        for product in products:
            self._of[product] = next(self._next)

    def change_owners(self) -> None:
        """After merges were written, and again when the engine knows of them."""
        self.owners = next(self._next)


_lock = Lock()
_versions: defaultdict[str, Versions] = defaultdict(Versions)


def versions_of(url: str) -> Versions:
    """The same for every store this process opens at `url`."""
    with _lock:
        return _versions[url]
