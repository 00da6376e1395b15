"""From what Matomo, Google Analytics, Plausible and Umami are sent to persons, through the real write side."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.apps.tracking.conftest import MARCH_MS
from yunying.apps.tracking.models import DistinctId, Merge, Person
from yunying.events import protocols
from yunying.events.event import Event
from yunying.events.normalise import Arrival
from yunying.platform.products.models import Product

Put = Callable[..., list[Event]]
VISITOR = "visitor-" + "a" * 32


@pytest.fixture
def put(product: Product, write: Any) -> Put:
    """`put("matomo", minute, item, …)`: the items of one request, as the collector reads and hands them on."""

    def run(name: str, minute: int, *items: Any, **shared: Any) -> list[Event]:
        protocol = protocols.by_name(name)
        assert protocol
        arrival = Arrival(product.pk, MARCH_MS + minute * 60_000, shared=shared, visitor=lambda *said: VISITOR)
        read = [event for item in items if (event := protocol.read(item, arrival))]
        write(*read)
        return read

    return run


def groups(product: Product) -> set[str]:
    """The ids of each person, joined by commas."""
    by_owner: dict[int, list[str]] = {}
    for name, owner in DistinctId.objects.filter(product=product).values_list("distinct_id", "owner"):
        by_owner.setdefault(owner, []).append(name)
    return {",".join(sorted(names)) for names in by_owner.values()}


def properties(product: Product, name: str) -> dict[str, Any]:
    owner = DistinctId.objects.get(product=product, distinct_id=name).owner
    return {
        key: value for key, value in Person.objects.get(number=owner).properties.items() if not key.startswith("$init")
    }


def test_a_browser_of_matomo_belongs_to_the_first_who_signs_in_on_it(product: Product, put: Put) -> None:
    for minute in range(3):
        put("matomo", minute, {"idsite": "1", "_id": "4f1a2b3c4d5e6f70"})
    for minute in range(3, 9):
        put("matomo", minute, {"idsite": "1", "_id": "4f1a2b3c4d5e6f70", "uid": "ann" if minute < 6 else "bob"})
    put("matomo", 9, {"idsite": "1", "_id": "7" * 16, "uid": "ann"})
    assert groups(product) == {f"4f1a2b3c4d5e6f70,{'7' * 16},ann", "bob"}
    # What does not hold is on record once, however many events say it.
    assert Merge.objects.filter(product=product).count() == 3


def test_a_client_of_google_analytics_becomes_its_user(product: Product, put: Put) -> None:
    page = {"event": {"name": "page_view"}}
    put("ga4", 0, page, client_id="1.2")
    put("ga4", 1, page, client_id="1.2", user_id="ann", user_properties={"plan": {"value": "pro"}, "old": {"value": 1}})
    put("ga4", 2, page, user_id="ann", user_properties={"old": {"value": None}})
    put("ga4", 3, {"tag": {"en": "scroll", "cid": "1.3", "uid": "ann", "up.first": "web", "upn.visits": "3"}})
    assert groups(product) == {"1.2,1.3,ann"}
    assert properties(product, "1.2") == {"plan": "pro", "first": "web", "visits": 3}


def test_who_denied_analytics_to_google_is_counted_but_nobody(product: Product, put: Put) -> None:
    put("ga4", 0, {"tag": {"en": "scroll", "cid": "1.2", "uid": "ann", "gcs": "G100"}})
    assert not {"1.2", "ann"} & set(DistinctId.objects.values_list("distinct_id", flat=True))
    assert DistinctId.objects.filter(product=product).count() == 1


def test_a_visitor_without_an_id_is_never_made_one_with_a_user(product: Product, put: Put) -> None:
    site = {"website": "s", "url": "https://a.example/"}
    (page,) = put("umami", 0, {"type": "event", "payload": site})
    put("umami", 1, {"type": "identify", "payload": site | {"id": "ann", "data": {"plan": "pro"}}})
    put("umami", 2, {"type": "event", "payload": site | {"id": "ann", "name": "order"}})
    (other,) = put("plausible", 3, {"n": "pageview", "u": "https://a.example/", "d": "a.example"})
    assert groups(product) == {page.distinct_id, other.distinct_id, "ann"}
    assert properties(product, "ann") == {"plan": "pro"}
    assert not Merge.objects.filter(product=product).exists()
