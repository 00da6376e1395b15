"""Six people on their way through a shop, 2 to 4 March 2026: all visit, four sign up, two order, one leaves again."""

from tests.apps.insights.shop import event
from yunying.apps.tracking.ingest import Ingest
from yunying.platform.products.models import Product

PEOPLE = ("ann", "bob", "cai", "dan", "eve", "fay")


def walk(product: Product) -> Product:
    """The product with their events. Ann and bob came by search; ann orders twice."""
    pk = product.pk
    events = [
        event(pk, who, f"2026-03-02T09:0{i}", name="visit", **({"channel": "search"} if i < 2 else {}))
        for i, who in enumerate(PEOPLE)
    ]
    events += [event(pk, who, f"2026-03-02T10:0{i}", name="sign up") for i, who in enumerate(PEOPLE[:4])]
    events += [event(pk, who, f"2026-03-03T10:0{i}", name="order", amount=10) for i, who in enumerate(PEOPLE[:2])]
    events += [event(pk, "ann", "2026-03-04T09:00", name="order", amount=5)]
    events += [event(pk, "bob", "2026-03-02T12:00", name="leave")]
    Ingest().write(events, token=f"journey-{pk}")
    return product
