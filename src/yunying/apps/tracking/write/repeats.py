"""The ids of events seen lately, so that what a program sends again is dropped before it costs anything.

This is a saving, and the answer to repeats whose time was computed anew. Exactness against plain repeats does not
rest on it: the event store makes one row of them.
"""

from collections.abc import Sequence
from uuid import UUID

from yunying.events.event import Event
from yunying.store import EVENTS_WITH_REPEATS, Sql, Store

__all__ = ["Repeats"]

_LAST = f"""
SELECT product, uuid
FROM {EVENTS_WITH_REPEATS}
WHERE ts > now64(3) - INTERVAL 6 HOUR
ORDER BY ts DESC
LIMIT {{limit:UInt32}}
"""


class Repeats:
    """At most about twice `bound` ids, in two generations."""

    def __init__(self, store: Store, bound: int = 200_000) -> None:
        self._store = store
        self._bound = bound
        self._young: dict[str, int] | None = None
        self._old: dict[str, int] = {}

    def fresh(self, events: Sequence[Event]) -> list[Event]:
        """The events not seen before, each once, in their order."""
        young, old = self._filled(), self._old
        ids = {event.uuid for event in events}
        if len(ids) == len(events) and ids.isdisjoint(young) and ids.isdisjoint(old):
            return list(events)
        here: dict[tuple[str, int], Event] = {}
        for event in events:
            uuid, product = event.uuid, event.product
            if young.get(uuid) != product and old.get(uuid) != product:
                here.setdefault((uuid, product), event)
        return list(here.values())

    def remember(self, events: Sequence[Event]) -> None:
        """Call when the events are in the store."""
        young = self._filled()
        if len(young) >= self._bound:
            self._old, self._young = young, {}
            young = self._young
        young.update(zip([event.uuid for event in events], [event.product for event in events], strict=True))

    def _filled(self) -> dict[str, int]:
        # After a restart programs send again what nobody answered; the last events of the store tell which were in.
        if self._young is None:
            rows = self._store.query(Sql(_LAST, {"limit": self._bound})).rows
            self._young = {str(UUID(str(uuid))): product for product, uuid in rows}
        return self._young
