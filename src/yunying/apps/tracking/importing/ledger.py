"""Which events an import brings: known ones are left out and counted, new ones on record, so they can be taken back.

    note (the ids of a piece) → look (mark those that are in the store already) → write the others → checkpoint

A crash in between repeats the piece. It looks again only if nothing of the piece was written yet (`ImportRun.looked_at`
says so), for afterwards its own events would be taken for those of others.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pyarrow as pa

from yunying.events.event import Event
from yunying.store import EVENTS_WITH_REPEATS, Sql, Store

__all__ = ["Ledger"]

# The same row read in another timezone is the same event still.
_ASIDE = timedelta(days=2)

# Which of the ids of a piece belong to events that are in the store already.
_LOOK = f"""
INSERT INTO imported (product, import, part, known, uuid)
SELECT DISTINCT
    product,
    {{import:UInt64}},
    {{part:UInt64}},
    1,
    uuid
FROM {EVENTS_WITH_REPEATS}
WHERE product = {{product:UInt32}}
    AND ts >= {{since:DateTime64(3, 'UTC')}}
    AND ts < {{until:DateTime64(3, 'UTC')}}
    AND uuid GLOBAL IN
    (
        SELECT uuid
        FROM imported
        WHERE product = {{product:UInt32}}
            AND import = {{import:UInt64}}
            AND part = {{part:UInt64}}
            AND known = 0
    )
"""

# The ids of a piece that were found.
_KNOWN = """
SELECT DISTINCT uuid
FROM imported
WHERE product = {product:UInt32}
    AND import = {import:UInt64}
    AND part = {part:UInt64}
    AND known = 1
"""

# How many events an import brought that were not there before it. Every id that was known is on record as noted too,
# and the rows lie in this order, so that counting them without repeats holds none of them.
_BROUGHT = """
SELECT countIf(known = 0) - countIf(known = 1)
FROM imported FINAL
WHERE product = {product:UInt32}
    AND import = {import:UInt64}
"""


class Ledger:
    """The record of one import of one product."""

    def __init__(self, store: Store, product: int, number: int) -> None:
        self._store = store
        self._product = product
        self._number = number

    def note(self, part: int, events: Sequence[Event]) -> None:
        """Put the ids of a piece on record, and which of them are in the store already.

        Costs one pass over the ids of the product's events around the time of the piece.
        """
        table = pa.table(
            {
                "product": pa.array([self._product] * len(events), pa.uint32()),
                "import": pa.array([self._number] * len(events), pa.uint64()),
                "part": pa.array([part] * len(events), pa.uint64()),
                "known": pa.array([0] * len(events), pa.uint8()),
                "uuid": pa.array([bytes.fromhex(event.uuid.replace("-", "")) for event in events], pa.binary(16)),
            }
        )
        self._store.insert("imported", table, token=f"imported-{self._product}-{self._number}-{part}")
        first, last = min(event.ts_ms for event in events), max(event.ts_ms for event in events)
        span = {"since": _text(first, -_ASIDE), "until": _text(last + 1, _ASIDE)}
        self._store.execute(Sql(_LOOK, self._of(part) | span))

    def fresh(self, part: int, events: Sequence[Event]) -> list[Event]:
        """The events of a noted piece that are to be written, each once."""
        known = {str(UUID(str(row[0]))) for row in self._store.query(Sql(_KNOWN, self._of(part))).rows}
        found: dict[str, Event] = {}
        for event in events:
            if event.uuid not in known:
                found.setdefault(event.uuid, event)
        return list(found.values())

    def brought(self) -> int:
        """How many events are on record as added. Fewer than were added where the record was not kept or restored."""
        row: tuple[int] = self._store.query(Sql(_BROUGHT, {"product": self._product, "import": self._number})).one()
        return row[0]

    def _of(self, part: int) -> dict[str, int | str]:
        return {"product": self._product, "import": self._number, "part": part}


def _text(ms: int, aside: timedelta) -> str:
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms) + aside
    # The store holds no time before 1900 or after 2299, also not as a bound.
    return min(max(at, datetime(1900, 1, 1, tzinfo=UTC)), datetime(2299, 12, 31, tzinfo=UTC)).strftime(
        "%Y-%m-%d %H:%M:%S.000"
    )
