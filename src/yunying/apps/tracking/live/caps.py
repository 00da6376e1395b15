"""How much the quarantine keeps for each product: what is over the caps goes, the oldest first, and is counted."""

import logging
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from yunying.base.actor import SYSTEM
from yunying.collect import local
from yunying.events.event import UNOWNED
from yunying.platform.audit.services import record
from yunying.store import Sql, shared

__all__ = ["Kept", "kept", "trim"]

log = logging.getLogger("yunying.quarantine")

_SIZE = "length(body) + length(data) + length(reason)"
_KEPT = f"""
    SELECT
        product,
        protocol,
        code,
        countIf(state = 'new') AS waiting,
        count() AS n,
        sum({_SIZE}) AS bytes,
        min(received) AS oldest
    FROM refused FINAL
    GROUP BY product, protocol, code
    ORDER BY waiting DESC, product, protocol, code
"""
_CUT = f"""
    SELECT received
    FROM
    (
        SELECT
            received,
            row_number() OVER newest AS place,
            sum({_SIZE}) OVER newest AS bytes
        FROM refused FINAL
        WHERE product = {{product:UInt32}}
        WINDOW newest AS (ORDER BY received DESC, id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
    )
    WHERE place > {{rows:UInt64}} OR bytes > {{bytes:UInt64}}
    ORDER BY received DESC
    LIMIT 1
"""
_COUNT = "SELECT count() FROM refused FINAL WHERE product = {product:UInt32} AND received <= {cut:DateTime64(3, 'UTC')}"
_DELETE = """
    DELETE FROM refused
    WHERE product = {product:UInt32}
      AND received <= {cut:DateTime64(3, 'UTC')}
    SETTINGS lightweight_deletes_sync = 2
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """What the quarantine holds of one reason; `waiting` of it are neither replayed nor dropped."""

    product: int
    protocol: str
    code: str
    waiting: int
    rows: int
    bytes: int
    oldest: datetime


def kept() -> list[Kept]:
    """Everything in the quarantine of the installation, by product, protocol and reason. One query over all of it."""
    return [Kept(*row) for row in shared().query(Sql(_KEPT, {})).rows]


def trim() -> int:
    """Remove what is over the caps of each product; returns how many rows went. Harmless when repeated."""
    rows, most_bytes = settings.CONFIG.quarantine_rows, settings.CONFIG.quarantine_mb << 20
    totals: dict[int, tuple[int, int]] = {}
    for one in kept():
        n, size = totals.get(one.product, (0, 0))
        totals[one.product] = n + one.rows, size + one.bytes
    over = [product for product, (n, size) in totals.items() if n > rows or size > most_bytes]
    return sum(_trim(product, rows, most_bytes) for product in over)


def _trim(product: int, rows: int, most_bytes: int) -> int:
    # Rows of one moment go together, so the cut is by time alone and may be made twice.
    cuts = shared().query(Sql(_CUT, {"product": product, "rows": rows, "bytes": most_bytes})).rows
    if not cuts:
        return 0
    where = {"product": product, "cut": cuts[0][0]}
    gone = int(shared().query(Sql(_COUNT, where)).one()[0])
    shared().execute(Sql(_DELETE, where))
    log.warning("%d refused events of product %d were over the cap and are gone", gone, product)
    target = ("refused", str(product), "")
    record(SYSTEM, "refused.trimmed", target, product_id=product if product != UNOWNED else None, after={"count": gone})
    if here := local.local():
        here.counters.add("quarantine_dropped", gone)
    return gone
