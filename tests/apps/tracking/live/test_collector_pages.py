"""Names nobody has claimed, the caps of the quarantine, and the page of the collector."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson
import pytest
from django.test import Client

from tests.conftest import Cast
from yunying.apps.tracking.ingest import Ingest
from yunying.apps.tracking.live import caps, quarantine, senders
from yunying.base import clock
from yunying.base.errors import Conflict, InvalidInput, NotAllowed
from yunying.base.ids import uuid7
from yunying.events.event import UNOWNED, Refusal
from yunying.platform.audit.models import Entry
from yunying.platform.products.models import Sender
from yunying.store import Sql, Store

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store")]
SITE = "shop-7"


def strange(count: int, name: str = SITE, **more: Any) -> None:
    """What a Segment-like body would leave under a name nobody has claimed."""
    items = []
    for number in range(count):
        body = {"event": "order", "distinct_id": f"u-{number}", "uuid": str(uuid7())} | more
        received_ms = int(clock.now().timestamp() * 1000) - 1000 + number
        data = {"alias": name}
        code = "alias.unknown"
        items.append(Refusal(UNOWNED, str(uuid7()), received_ms, "own", code, "?", orjson.dumps(body).decode(), data))
    Ingest().refuse(items, token=str(uuid7()))


@pytest.fixture(autouse=True)
def nothing_unclaimed(store: Store) -> None:
    store.execute(Sql("DELETE FROM refused WHERE product = 0 SETTINGS lightweight_deletes_sync = 2", {}))


def events_of(store: Store, product: int) -> int:
    return int(store.query(Sql("SELECT count() FROM events FINAL WHERE product = {p:UInt32}", {"p": product})).one()[0])


def test_names_are_listed_with_what_waits(people: Cast) -> None:
    strange(3)
    strange(1, name="other")
    assert [(one.protocol, one.name, one.waiting) for one in senders.unclaimed()] == [
        ("own", SITE, 3),
        ("own", "other", 1),
    ]


def test_a_claim_takes_what_waited_once(people: Cast, store: Store) -> None:
    strange(3)
    access = people.access()
    senders.claim(access, "own", SITE)
    senders.claim(access, "own", SITE)
    assert senders.take_waiting(access.product.pk, "own", SITE) == senders.Taken(3, 0, 0)
    assert senders.take_waiting(access.product.pk, "own", SITE) == senders.Taken(0, 0, 0)
    assert events_of(store, access.product.pk) == 3
    assert senders.unclaimed() == []
    assert Sender.objects.get(protocol="own", name=SITE).product == people.product
    assert Entry.objects.filter(verb="sender.created").count() == 1


def test_what_is_still_wrong_moves_to_the_product(people: Cast) -> None:
    strange(2, colour="red")
    access = people.access()
    senders.claim(access, "own", SITE)
    assert senders.take_waiting(access.product.pk, "own", SITE) == senders.Taken(0, 2, 0)
    assert [one.code for one in quarantine.refused(access)] == ["event.unknown_field"] * 2


def test_many_are_taken_part_by_part(people: Cast, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(senders, "AT_ONCE", 4)
    strange(10)
    product = people.product.pk
    assert [senders.take_waiting(product, "own", SITE).left for _ in range(3)] == [6, 2, 0]
    assert events_of(store, product) == 10


def test_a_name_belongs_to_one_product(people: Cast) -> None:
    senders.claim(people.access(), "own", SITE)
    with pytest.raises(Conflict):
        senders.claim(people.access("dee"), "own", SITE)


def test_only_owners_claim(people: Cast) -> None:
    with pytest.raises(NotAllowed):
        senders.claim(people.access("bo"), "own", SITE)
    with pytest.raises(InvalidInput):
        senders.claim(people.access(), "carrier pigeon", SITE)


def test_the_page_gives_a_name_to_a_product(people: Cast, as_user: Callable[[object], Client], store: Store) -> None:
    strange(2)
    ada = as_user(people.ada)
    assert SITE in ada.get("/collector/").content.decode()
    shown = ada.get("/collector/names/", {"protocol": "own", "name": SITE}).content.decode()
    assert "order" in shown
    form = {"protocol": "own", "name": SITE, "product": people.product.slug}
    answer = ada.post("/collector/names/", form)
    assert answer.status_code == 302
    assert events_of(store, people.product.pk) == 2
    assert ada.get("/collector/names/", {"protocol": "own", "name": SITE}).status_code == 404


def test_a_name_of_another_product_is_said_at_the_field(people: Cast, as_user: Callable[[object], Client]) -> None:
    strange(1)
    Sender.objects.create(product=people.other, protocol="own", name=SITE)
    form = {"protocol": "own", "name": SITE, "product": people.product.slug}
    answer = as_user(people.ada).post("/collector/names/", form)
    assert answer.status_code in (200, 422)
    assert "Another product already goes by this name." in answer.content.decode()


def test_what_nobody_wants_is_dropped(people: Cast, as_user: Callable[[object], Client]) -> None:
    strange(2)
    assert as_user(people.ada).post("/collector/names/drop/", {"protocol": "own", "name": SITE}).status_code == 302
    assert senders.unclaimed() == []


@pytest.mark.parametrize("path", ["/collector/", f"/collector/names/?protocol=own&name={SITE}"])
def test_only_administrators_see_it(people: Cast, as_user: Callable[[object], Client], path: str) -> None:
    strange(1)
    assert as_user(people.bo).get(path).status_code == 404
    assert as_user(people.dee).get(path).status_code == 404


def test_over_the_cap_the_oldest_go_and_are_counted(people: Cast, settings: Any) -> None:
    strange(30)
    settings.CONFIG = replace(settings.CONFIG, quarantine_rows=10)
    newest = {item.id for item in sorted(senders.examples("own", SITE, 100), key=lambda item: item.received)[-10:]}
    assert caps.trim() >= 20
    assert {item.id for item in senders.examples("own", SITE, 100)} == newest
    assert Entry.objects.filter(verb="refused.trimmed").latest("pk").after["count"] == 20
    assert caps.trim() == 0


def test_a_few_large_ones_are_over_the_cap_too(people: Cast, settings: Any) -> None:
    strange(20, properties={"text": "x" * 100_000})
    settings.CONFIG = replace(settings.CONFIG, quarantine_mb=1)
    caps.trim()
    assert len(senders.examples("own", SITE, 100)) == 10
