"""Copies of people in the event store carry what a search looks at."""

import pytest

from yunying.apps.tracking.copies import complete_copies
from yunying.apps.tracking.models import DistinctId, Merge
from yunying.events.event import Link, LinkKind
from yunying.store import Sql

COPY = "SELECT identified, ids FROM people FINAL WHERE product = {product:UInt32} AND person = {person:UInt32}"


@pytest.fixture
def copy(ask, product):
    def of(name: str) -> tuple[int, str]:
        owner = DistinctId.objects.get(product=product, distinct_id=name).owner
        return ask(COPY, person=owner)[0]

    return of


def test_a_new_person_is_copied_with_their_id(write, event, copy) -> None:
    write(event("ann"))
    assert copy("ann") == (0, "ann")


def test_a_merged_person_is_copied_with_all_ids_and_as_known(write, event, copy) -> None:
    write(event("anon", minute=-1))
    write(event("ann", links=[Link(LinkKind.IDENTIFY, "anon", "ann")]))
    assert copy("ann") == (1, "ann\nanon")


def test_people_copied_without_ids_are_copied_anew(write, event, copy, store, product) -> None:
    write(event("ann"), event("bob"))
    store.execute(
        Sql(
            "INSERT INTO people (product, person, born, props, version)"
            " SELECT product, person, born, props, version + 1 FROM people FINAL WHERE product = {product:UInt32}",
            {"product": product.pk},
        )
    )
    DistinctId.objects.filter(product=product).update(version=2)
    from yunying.apps.tracking.models import Person

    Person.objects.filter(product=product).update(version=2)
    assert copy("ann") == (0, "")
    assert complete_copies() >= 2
    assert (copy("ann"), copy("bob")) == ((0, "ann"), (0, "bob"))


def test_a_merge_notes_what_sent_it(write, event, product) -> None:
    link = [Link(LinkKind.IDENTIFY, "anon", "ann")]
    write(event("anon"), event("ann", links=link, protocol="posthog", library="posthog-js 1.2"))
    merge = Merge.objects.get(product=product)
    assert (merge.protocol, merge.library) == ("posthog", "posthog-js 1.2")
