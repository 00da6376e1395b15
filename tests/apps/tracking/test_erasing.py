"""A product that is deleted leaves nothing behind, in either store."""

from datetime import timedelta

import pytest
from django.urls import reverse

from yunying.apps.tracking import models
from yunying.apps.tracking.erasing import erase
from yunying.apps.tracking.tasks import erase_late
from yunying.base import clock as clocks
from yunying.events.event import Link, LinkKind, Op, OpKind, Refusal
from yunying.platform.audit.models import Entry
from yunying.platform.jobs.models import Job, State
from yunying.platform.jobs.testing import drain
from yunying.platform.notify.models import Notification
from yunying.platform.products import services
from yunying.platform.products.models import Product

KEPT = (
    models.Person,
    models.DistinctId,
    models.Account,
    models.Merge,
    models.IdLink,
    models.EventProperty,
    models.AppliedEvent,
)
NAMED = (models.EventDefinition, models.PropertyDefinition, models.NumberBlock)
TABLES = ("events", "people", "accounts", "arrivals", "refused")


def refusal(product: Product) -> Refusal:
    now_ms = int(clocks.now().timestamp() * 1000)
    return Refusal(product.pk, f"r{product.pk}", now_ms, "own", "id.missing", "No id.", "{}")


@pytest.fixture
def shop(ingest, write, event, people, product) -> list[int]:
    """A product with something in every table, a neighbour with some too; gives the numbers of the product."""
    write(
        event("anon", "visit", path="/tea"),
        event(
            "ann",
            "order",
            received_ms=int(clocks.now().timestamp() * 1000),
            account="acme",
            amount=5,
            links=[Link(LinkKind.IDENTIFY, "anon", "ann")],
            person_ops=[Op(OpKind.ADD, "orders", 1)],
            account_ops=[Op(OpKind.SET, "plan", "pro")],
        ),
        event("dee", "visit", product=people.other.pk, account="other", path="/"),
    )
    for one in (product, people.other):
        ingest.refuse([refusal(one)], token=f"refused-{one.pk}")
    return list(models.DistinctId.objects.filter(product=product).values_list("number", flat=True))


def delete(people, name: str = "Tea House") -> None:
    access = people.access("ada")
    Product.objects.filter(pk=people.product.pk).update(name=name)
    access.product.name = name
    services.archive_product(access=access, typed=name)
    services.delete_product(access=access, typed=name)


def left(ask, product) -> dict[str, int]:
    """How many rows either store has under the number of a product; tables without any are left out."""
    counts = {m.__name__: m.objects.filter(product_id=product.pk).count() for m in (*KEPT, *NAMED)}
    for table in TABLES:
        sql = f"SELECT count() FROM {table} WHERE product = {{of:UInt32}}"
        counts[table] = ask(sql, of=product.pk)[0][0]
    return {name: count for name, count in counts.items() if count}


def test_everything_of_a_deleted_product_is_erased_and_nothing_else(shop, ask, people, product) -> None:
    before = left(ask, people.other)
    assert left(ask, product).keys() >= {m.__name__ for m in KEPT} | set(TABLES)
    delete(people)
    drain()
    assert left(ask, product) == {}
    assert ask("SELECT count() FROM moved WHERE n IN {n:Array(UInt32)}", n=shop) == [(0,)]
    assert left(ask, people.other) == before


def test_deleting_leaves_the_many_rows_to_the_background(shop, people, product) -> None:
    delete(people)
    assert not Product.objects.filter(pk=product.pk).exists()
    assert models.Person.objects.filter(product_id=product.pk).exists()


def test_whoever_deleted_the_product_is_told_when_it_is_erased(shop, people) -> None:
    delete(people)
    assert not Notification.objects.exists()
    drain()
    told = Notification.objects.get()
    assert (told.user, told.title) == (people.ada, "Tea House is erased")
    noted = Entry.objects.filter(verb__in=["product.deleted", "product.erased"]).order_by("pk")
    assert [(entry.verb, entry.organisation_id) for entry in noted] == [
        ("product.deleted", people.organisation.pk),
        ("product.erased", people.organisation.pk),
    ]


def test_erasing_again_changes_nothing(shop, ask, people, product) -> None:
    delete(people)
    drain()
    before = left(ask, people.other)
    erase(product.pk)
    assert (left(ask, product), left(ask, people.other)) == ({}, before)


def test_events_that_come_late_for_a_deleted_product_are_dropped(shop, ingest, write, event, ask, people) -> None:
    product = people.product
    gone, number = event("late"), product.pk
    delete(people)
    write(gone)
    ingest.refuse([refusal(Product(pk=number))], token="late")
    drain()
    assert left(ask, Product(pk=number)) == {}


def test_a_batch_that_was_on_its_way_is_erased_by_the_second_look(shop, store, event, ask, people) -> None:
    from yunying.store.writer import event_table

    late, number = event_table([event("ann")], [shop[0]], store.columns()), people.product.pk
    delete(people)
    drain()
    store.insert("events", late, token=f"on its way {number}")
    again = Job.objects.get(name__endswith="erase_late", state=State.WAITING)
    assert again.due_at > clocks.now() + timedelta(minutes=5)
    erase_late(**again.arguments)
    assert left(ask, Product(pk=number)) == {}


def test_the_page_says_that_erasing_goes_on(shop, people, as_user) -> None:
    services.archive_product(access=people.access("ada"), typed=people.product.name)
    page = reverse("console:archived", args=[people.product.slug])
    answer = as_user(people.ada).post(page, {"delete": "1", "typed": people.product.name}, follow=True)
    assert "You get a notification when nothing of it is left." in answer.content.decode()
