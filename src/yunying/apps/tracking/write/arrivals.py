"""Rows for the live stream and for the quarantine."""

from collections import Counter
from collections.abc import Sequence

import orjson
import pyarrow as pa

from yunying.events.event import Event, Refusal
from yunying.store.writer import document, uuid_array

__all__ = ["ARRIVALS_PER_BATCH", "arrival_table", "refused_table"]

ARRIVALS_PER_BATCH = 200
_TIME = pa.timestamp("ms", tz="UTC")


def arrival_table(events: Sequence[Event], numbers: Sequence[int]) -> pa.Table:
    """The latest events of each product, at most `ARRIVALS_PER_BATCH`; history that is imported is not live."""
    left: Counter[int] = Counter()
    taken: list[tuple[Event, int]] = []
    for event, number in zip(reversed(events), reversed(numbers), strict=True):
        if not event.historical and left[event.product] < ARRIVALS_PER_BATCH:
            left[event.product] += 1
            taken.append((event, number))
    rows = [event for event, _ in taken]
    return pa.table(
        {
            "product": pa.array([e.product for e in rows], pa.uint32()),
            "received": pa.array([e.received_ms for e in rows], pa.int64()).cast(_TIME),
            "uuid": uuid_array(e.uuid for e in rows),
            "event": pa.array([e.name for e in rows], pa.string()),
            "ts": pa.array([e.ts_ms for e in rows], pa.int64()).cast(_TIME),
            "person": pa.array([number for _, number in taken], pa.uint32()),
            "distinct_id": pa.array([e.distinct_id for e in rows], pa.string()),
            "account": pa.array([e.account for e in rows], pa.string()),
            "session": pa.array([e.session for e in rows], pa.string()),
            "protocol": pa.array([e.protocol for e in rows], pa.string()),
            "library": pa.array([e.library for e in rows], pa.string()),
            "props": pa.array([document(e.props) for e in rows], pa.string()),
        }
    )


def refused_table(items: Sequence[Refusal]) -> pa.Table:
    """Rows of `refused`, new."""
    return pa.table(
        {
            "product": pa.array([r.product for r in items], pa.uint32()),
            "received": pa.array([r.received_ms for r in items], pa.int64()).cast(_TIME),
            "id": pa.array([r.id for r in items], pa.string()),
            "protocol": pa.array([r.protocol for r in items], pa.string()),
            "code": pa.array([r.code for r in items], pa.string()),
            "reason": pa.array([r.reason for r in items], pa.string()),
            "body": pa.array([r.body for r in items], pa.string()),
            "data": pa.array([orjson.dumps(r.data, default=str).decode() for r in items], pa.string()),
        }
    )
