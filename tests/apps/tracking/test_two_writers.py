"""Two processes that write at once give every id one number and lose no count."""

import threading
from random import Random
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import connection

from tests.apps.tracking.conftest import MARCH_MS
from yunying.events.event import Event, Link, LinkKind, Op, OpKind
from yunying.store import EVENTS, Sql, Store

needs_postgres = pytest.mark.skipif(
    "postgresql" not in settings.DATABASES["default"]["ENGINE"], reason="SQLite has one writer at a time anyway"
)


@pytest.mark.postgres
@needs_postgres
@pytest.mark.django_db(transaction=True)
def test_two_writers_share_ids_persons_and_counts(store: Store) -> None:
    from yunying.apps.tracking.ingest import Ingest
    from yunying.apps.tracking.models import DistinctId, EventDefinition, Person
    from yunying.platform.products.models import Organisation, Product

    organisation = Organisation.objects.create(name="Two")
    product = Product.objects.create(pk=90_000, organisation=organisation, slug="two", name="Two").pk
    failed: list[BaseException] = []

    def work(writer: int) -> None:
        try:
            ingest = Ingest(store, reload_s=0)
            for batch in range(12):
                events = [_event(product, f"id-{batch}-{i}", f"user-{i % 10}") for i in range(30)]
                ingest.write(events[::-1] if writer else events, token=f"two-{writer}-{batch}-{uuid4()}")
        except BaseException as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(writer,)) for writer in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    ids = DistinctId.objects.filter(product_id=product)
    assert ids.count() == 12 * 30 + 10
    assert ids.values("owner").distinct().count() == 10
    assert EventDefinition.objects.get(product_id=product).volume == 2 * 12 * 30
    seen = sum(Person.objects.filter(product_id=product, merged_into=None).values_list("properties__seen", flat=True))
    assert seen == 2 * 12 * 30
    count = store.query(Sql(f"SELECT count() FROM {EVENTS} WHERE product = {{p:UInt32}}", {"p": product})).one()
    assert count == (2 * 12 * 30,)


@pytest.mark.postgres
@needs_postgres
@pytest.mark.django_db(transaction=True)
def test_two_writers_who_contradict_each_other_end_in_the_same_persons(store: Store) -> None:
    from yunying.apps.tracking.ingest import Ingest
    from yunying.platform.products.models import Organisation, Product

    organisation = Organisation.objects.create(name="Two")
    alone, both = (
        Product.objects.create(pk=90_001 + i, organisation=organisation, slug=f"two-{i}", name="Two").pk for i in (0, 1)
    )
    Ingest(store, reload_s=0).write(_claims(alone), token=f"alone-{uuid4()}")
    failed: list[BaseException] = []

    def work(writer: int) -> None:
        try:
            ingest = Ingest(store, reload_s=0)
            events = _claims(both)[:: -1 if writer else 1]
            for start in range(0, len(events), 8):
                ingest.write(events[start : start + 8], token=f"both-{writer}-{start}-{uuid4()}")
        except BaseException as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(writer,)) for writer in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert _groups(both) == _groups(alone)


def _claims(product: int) -> list[Event]:
    """Three users who all sign in on twenty devices, some of which are said to be the same."""
    chance, events = Random(7), []
    for i in range(120):
        device, user = f"d{chance.randrange(20)}", f"u{chance.randrange(3)}"
        link = Link(LinkKind.IDENTIFY, device, user) if i % 4 else Link(LinkKind.ALIAS, device, f"d{i % 20}")
        uuid = f"00000000-0000-4000-8000-{i:012x}"
        ops = [Op(OpKind.ADD, "seen", 1), Op(OpKind.SET, "last", i)]
        ms = MARCH_MS + chance.randrange(60)
        events.append(
            Event(product, uuid, "visit", device, ms, MARCH_MS, person_ops=ops, links=[link], historical=True)
        )
    return events


def _groups(product: int) -> Any:
    from yunying.apps.tracking.models import DistinctId, Person

    found: dict[int, list[str]] = {}
    for name, owner in DistinctId.objects.filter(product_id=product).values_list("distinct_id", "owner"):
        found.setdefault(owner, []).append(name)
    rows = Person.objects.in_bulk(list(found))
    return sorted((sorted(names), sorted(rows[owner].properties.items())) for owner, names in found.items())


def _event(product: int, distinct_id: str, user: str) -> Event:
    return Event(
        product,
        str(uuid4()),
        "visit",
        distinct_id,
        MARCH_MS,
        MARCH_MS,
        person_ops=[Op(OpKind.ADD, "seen", 1)],
        links=[Link(LinkKind.IDENTIFY, distinct_id, user)],
        historical=True,
    )
