"""The test event of the set-up page: sent the way the events of programs are."""

from typing import Any

from yunying.apps.tracking.ingest import shared_ingest
from yunying.base import clock
from yunying.base.errors import Conflict, msg
from yunying.base.ids import uuid7
from yunying.collect.local import local
from yunying.events.normalise import Arrival
from yunying.events.protocols import by_name
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.selectors import first_write_key

__all__ = ["TEST_EVENT", "send_test_event"]

TEST_EVENT = "test event"


def send_test_event(access: ProductAccess) -> None:
    """Send one event with the product's write key, through the collector where this process runs it.

    Elsewhere it is read by the same protocol and written at once. Raises NotAllowed without the right to manage
    data, Conflict when there is no write key, Unavailable.
    """
    access.require(Permission.MANAGE_DATA)
    key = first_write_key(access.product)
    if key is None:
        raise Conflict("write_key.none", msg("There is no write key. Make one first."))
    sent: dict[str, Any] = {
        "uuid": str(uuid7()),
        "event": TEST_EVENT,
        "distinct_id": f"test-{access.actor.id}",
        "properties": {"sent_from": "set-up page"},
        "library": "yunying",
    }
    collector = local()
    if collector is not None:
        collector.send(key.token, sent)
    else:
        _write(access.product.pk, sent)


def _write(product_id: int, sent: dict[str, Any]) -> None:
    own = by_name("own")
    assert own is not None
    event = own.read(sent, Arrival(product_id, int(clock.now().timestamp() * 1000)))
    assert event is not None
    shared_ingest().write([event], token=f"test:{event.uuid}")
