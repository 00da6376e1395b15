"""A small tea shop in the event store: six orders of three people, and one page view, around 2 to 4 March 2026."""

from datetime import datetime
from zoneinfo import ZoneInfo

from yunying.apps.tracking.ingest import Ingest
from yunying.base.ids import uuid_of
from yunying.events.event import Event
from yunying.platform.products.models import Product

SHANGHAI = ZoneInfo("Asia/Shanghai")


def event(product: int, who: str, at: str, name: str = "order", **props: object) -> Event:
    """An event at a wall-clock time of Shanghai."""
    moment = int(datetime.fromisoformat(at).replace(tzinfo=SHANGHAI).timestamp() * 1000)
    uuid = str(uuid_of(str(product), who, at, name))
    return Event(
        product=product, uuid=uuid, name=name, distinct_id=who, ts_ms=moment, received_ms=moment, props=dict(props)
    )


def fill(product: Product) -> Product:
    """The product with its events; 2026-03-05 has none yet."""
    pk = product.pk
    events = [
        event(pk, "lin", "2026-03-02T09:00", country="CN", amount=20.5),
        event(pk, "lin", "2026-03-02T10:00", country="CN", amount=10),
        event(pk, "mei", "2026-03-02T23:59", country="CN", amount=30),
        event(pk, "ann", "2026-03-03T00:00", country="UK", amount=5),
        event(pk, "lin", "2026-03-04T12:00", country="CN", amount=4.5),
        event(pk, "ann", "2026-03-04T12:00", amount=100),
        event(pk, "bob", "2026-03-04T13:00", name="page", path="/tea"),
    ]
    Ingest().write(events, token=f"shop-{pk}")
    return product
