"""Names that senders without keys go by: which nobody has claimed, and what waited under them.

The names wait in the quarantine of the installation (product `UNOWNED`) with everything that came under them.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction

from yunying.apps.tracking.ingest import shared_ingest
from yunying.apps.tracking.live.quarantine import Refused, State, item_of, mark, read_again
from yunying.base.errors import Conflict, InvalidInput, YunyingError, msg
from yunying.base.ids import uuid_of
from yunying.events.event import UNOWNED, Event, Refusal
from yunying.events.protocols import by_name
from yunying.platform.audit.services import record
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.models import Sender
from yunying.store import Sql, shared

__all__ = ["AT_ONCE", "Taken", "Unclaimed", "claim", "drop_waiting", "examples", "take_waiting", "unclaimed"]

AT_ONCE = 2_000
_NAME = "JSONExtractString(data, 'alias')"


@dataclass(frozen=True, slots=True)
class Unclaimed:
    """A name nobody has claimed, and how much came under it between `first` and `last`."""

    protocol: str
    name: str
    waiting: int
    first: datetime
    last: datetime

    @property
    def way(self) -> str:
        """The protocol as people call it."""
        found = by_name(self.protocol)
        return found.label if found else self.protocol


@dataclass(frozen=True, slots=True)
class Taken:
    """`taken` events are in the product now, `refused` went to its refused events; `left` still wait."""

    taken: int
    refused: int
    left: int


_UNCLAIMED = f"""
    SELECT protocol, {_NAME} AS name, count() AS n, min(received), max(received)
    FROM refused FINAL
    WHERE product = {{product:UInt32}}
      AND state = 'new'
      AND ({{protocol:String}} = '' OR (protocol = {{protocol:String}} AND {_NAME} = {{name:String}}))
    GROUP BY protocol, name
    ORDER BY n DESC, protocol, name
    LIMIT {{limit:UInt32}}
"""

_WAITING = f"""
    SELECT id, received, protocol, code, reason, body, data, state
    FROM refused FINAL
    WHERE product = {{product:UInt32}}
      AND state = 'new'
      AND protocol = {{protocol:String}}
      AND {_NAME} = {{name:String}}
    ORDER BY received, id
    LIMIT {{limit:UInt32}}
"""


def unclaimed(protocol: str = "", name: str = "", limit: int = 1_000) -> list[Unclaimed]:
    """Names with what waits under them, the busiest first; only one with `protocol` and `name`.

    For administrators of the installation: a name may be the address of somebody else's site.
    """
    params = {"product": UNOWNED, "protocol": protocol, "name": name, "limit": limit}
    return [Unclaimed(*row) for row in shared().query(Sql(_UNCLAIMED, params)).rows]


def examples(protocol: str, name: str, limit: int = 3) -> list[Refused]:
    """The oldest of what waits under a name."""
    params = {"product": UNOWNED, "protocol": protocol, "name": name, "limit": limit}
    return [item_of(*row) for row in shared().query(Sql(_WAITING, params)).rows]


def claim(access: ProductAccess, protocol: str, name: str) -> Sender:
    """From now on what `protocol` sends under `name` is the product's. The same claim again changes nothing.

    Raises NotAllowed without MANAGE_PRODUCT, Conflict if the name is another product's, InvalidInput for a name that
    cannot be one.
    """
    access.require(Permission.MANAGE_PRODUCT)
    if by_name(protocol) is None or not 1 <= len(name) <= 200:
        raise InvalidInput("sender.name", msg("There is no such name of a sender."), field="name")
    try:
        with transaction.atomic():
            sender, created = Sender.objects.get_or_create(
                protocol=protocol, name=name, defaults={"product": access.product}
            )
            if created:
                target = ("sender", sender.pk, f"{protocol}: {name}"[:200])
                record(access.actor, "sender.created", target, product_id=access.product.pk, after={"name": name})
    except IntegrityError:
        sender = Sender.objects.get(protocol=protocol, name=name)
    if sender.product_id != access.product.pk:
        raise Conflict("sender.taken", msg("Another product already goes by this name."))
    return sender


def take_waiting(product: int, protocol: str, name: str) -> Taken:
    """Take up to `AT_ONCE` of what waited under a claimed name, as it would be taken today; call again for the rest.

    What is refused moves to the refused events of the product. Harmless when repeated. Raises Unavailable.
    """
    items = examples(protocol, name, AT_ONCE)
    events: list[Event] = []
    refused: list[Refusal] = []
    for item in items:
        try:
            events.append(read_again(item, product))
        except YunyingError as error:
            refused.append(_moved(item, product, error))
    token = f"claim:{uuid_of('claim', str(product), *(item.id for item in items))}"
    if events:
        shared_ingest().write(events, token=token)
    if refused:
        shared_ingest().refuse(refused, token=f"{token}:refused")
    mark(UNOWNED, [item.id for item in items], State.REPLAYED)
    left = sum(one.waiting for one in unclaimed(protocol, name)) if len(items) == AT_ONCE else 0
    return Taken(len(events), len(refused), left)


def drop_waiting(protocol: str, name: str) -> int:
    """Put aside what waits under a name nobody wants; returns how many, at most `AT_ONCE` times ten."""
    items = examples(protocol, name, 10 * AT_ONCE)
    mark(UNOWNED, [item.id for item in items], State.DISCARDED)
    return len(items)


def _moved(item: Refused, product: int, error: YunyingError) -> Refusal:
    return Refusal(
        product=product,
        id=item.id,
        received_ms=round(item.received.timestamp() * 1000),
        protocol=item.protocol,
        code=error.code,
        reason=error.text,
        body=item.body,
        data=item.data | {"message": error.message, "values": error.data, "field": error.field},
    )
