"""What came in lately: reads of `arrivals`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from yunying.events.protocols import by_name
from yunying.store import Sql, shared

__all__ = ["Arrived", "arrived", "arrived_event", "newest"]

_COLUMNS = "uuid, received, event, ts, person, distinct_id, account, session, protocol, library, props"


@dataclass(frozen=True, slots=True)
class Arrived:
    """One event of the live stream. `person` is the number of its distinct id."""

    uuid: str
    received: datetime
    event: str
    ts: datetime
    person: int
    distinct_id: str
    account: str
    session: str
    protocol: str
    library: str
    props: str

    @property
    def way(self) -> str:
        """The protocol as people call it."""
        protocol = by_name(self.protocol)
        return protocol.label if protocol else self.protocol

    @property
    def properties(self) -> list[tuple[str, str]]:
        """Names and values as text, by name."""
        found: dict[str, Any] = orjson.loads(self.props or "{}")
        return sorted((name, value if isinstance(value, str) else _json(value)) for name, value in found.items())


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def arrived(product: int, *, event: str = "", person: str = "", limit: int = 100) -> list[Arrived]:
    """The last `limit` arrivals, newest first; what came in one request by its own time.

    `event`: exact name; `person`: part of the distinct id or account.
    Reads at most a day of one product's sample.
    """
    return _read(
        """
        SELECT %(columns)s
        FROM arrivals
        WHERE product = {product:UInt32}
          AND ({event:String} = '' OR event = {event:String})
          AND ({person:String} = ''
               OR positionCaseInsensitiveUTF8(distinct_id, {person:String}) > 0
               OR positionCaseInsensitiveUTF8(account, {person:String}) > 0)
        ORDER BY received DESC, ts DESC, uuid DESC
        LIMIT {limit:UInt32}
        """,
        {"product": product, "event": event, "person": person, "limit": limit},
    )


def arrived_event(product: int, uuid: str) -> Arrived | None:
    """One event of the last day, or None when it is gone."""
    found = _read(
        """
        SELECT %(columns)s
        FROM arrivals
        WHERE product = {product:UInt32}
          AND uuid = {uuid:UUID}
        LIMIT 1
        """,
        {"product": product, "uuid": uuid},
    )
    return found[0] if found else None


def newest(product: int) -> Arrived | None:
    """The last event that came in within a day."""
    found = arrived(product, limit=1)
    return found[0] if found else None


def _read(text: str, params: dict[str, Any]) -> list[Arrived]:
    rows = shared().query(Sql(text.replace("%(columns)s", _COLUMNS), params)).rows
    return [Arrived(str(row[0]), *row[1:]) for row in rows]
