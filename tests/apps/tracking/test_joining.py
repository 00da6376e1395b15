"""People merge and split persons by hand, and programs do not undo it."""

import json
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection

from tests.apps.tracking.conftest import MARCH_MS
from tests.apps.tracking.test_links import everybody, link, said_by_store
from yunying.apps.tracking.models import DistinctId, IdLink, IdSplit, Merge, Person
from yunying.base.actor import Actor, ActorKind
from yunying.base.errors import InvalidInput, NotAllowed
from yunying.events.event import LinkKind as K
from yunying.events.event import Op, OpKind
from yunying.platform.audit.models import Entry
from yunying.platform.products.access import RIGHTS, Permission, ProductAccess
from yunying.platform.products.models import Role
from yunying.store import EVENTS, OWNER, Sql

PAGE = "/p/tea/data/people"


@pytest.fixture(autouse=True)
def one_writer(ingest, monkeypatch) -> None:
    monkeypatch.setattr("yunying.apps.tracking.ingest._shared", ingest)


def access_of(product: Any, role: Role = Role.DEVELOPER) -> ProductAccess:
    return ProductAccess(product, Actor(ActorKind.USER, 1, "Lin"), RIGHTS[role])


def person(product: Any, name: str) -> Person:
    return Person.objects.get(number=DistinctId.objects.get(product=product, distinct_id=name).owner)


def groups(product: Any) -> list[str]:
    return sorted(everybody(product.pk)[0])


def set_(name: str, value: Any) -> list[Op]:
    return [Op(OpKind.SET, name, value)]


def merge(product: Any, one: str, other: str) -> int:
    from yunying.apps.tracking.services import merge_people

    return merge_people(access=access_of(product), person=person(product, one), other=person(product, other))


def split(product: Any, one: str, *ids: str) -> int:
    from yunying.apps.tracking.services import split_person

    return split_person(access=access_of(product), person=person(product, one), ids=ids)


def test_two_known_users_are_merged_by_hand_and_reports_see_it_at_once(write, event, product, store) -> None:
    write(link(event, K.IDENTIFY, "phone", "ann", person_ops=set_("city", "Linz")))
    write(event("bob", minute=1, person_ops=set_("plan", "pro"), links=[]))
    number = merge(product, "ann", "bob")
    persons, _ = everybody(product.pk)
    assert persons == {"ann,bob,phone": ([("city", "Linz"), ("plan", "pro")], MARCH_MS, True)}
    said_by_store(store, product.pk)
    asked = f"SELECT uniqExact({OWNER}) FROM {EVENTS} WHERE product = {{p:UInt32}}"
    assert store.query(Sql(asked, {"p": product.pk})).one() == (1,)
    assert Merge.objects.filter(by="Lin", kind="manual", outcome="done").count() == 1
    entry = Entry.objects.get(verb="person.merged")
    assert (entry.target_id, entry.product_id) == (str(number), product.pk)


def test_ids_that_leave_take_along_what_came_under_them(write, event, product, store) -> None:
    write(event("phone", person_ops=set_("city", "Linz")), event("tablet", minute=2))
    write(link(event, K.IDENTIFY, "phone", "ann", minute=3), link(event, K.IDENTIFY, "tablet", "ann", minute=3))
    write(event("ann", minute=4, person_ops=set_("plan", "pro")), event("phone", minute=5, person_ops=set_("os", "x")))
    number = split(product, "ann", "phone")
    persons, _ = everybody(product.pk)
    assert persons == {
        "ann,tablet": ([("plan", "pro")], MARCH_MS + 2 * 60_000, True),
        "phone": ([("city", "Linz"), ("os", "x")], MARCH_MS, False),
    }
    assert person(product, "phone").number == number
    said_by_store(store, product.pk)
    copies = store.query(
        Sql(
            "SELECT ids, props FROM people FINAL WHERE product = {p:UInt32} AND ids != '' ORDER BY ids",
            {"p": product.pk},
        )
    ).rows
    # PostgreSQL keeps the keys of an object in an order of its own.
    shown = [(ids, json.loads(props)) for ids, props in copies]
    assert shown == [("ann\ntablet", {"plan": "pro"}), ("phone", {"city": "Linz", "os": "x"})]


def test_a_split_is_not_undone_by_what_programs_say_again(write, event, product) -> None:
    write(link(event, K.IDENTIFY, "phone", "ann"), link(event, K.ALIAS, "tablet", "ann", minute=1))
    split(product, "ann", "phone", "tablet")
    assert groups(product) == ["ann", "phone,tablet"]
    write(link(event, K.IDENTIFY, "phone", "ann", minute=9), link(event, K.IDENTIFY, "phone", "ann", minute=-9))
    write(link(event, K.MERGE, "tablet", "ann", minute=9), link(event, K.ALIAS, "ann", "phone", minute=9))
    assert groups(product) == ["ann", "phone,tablet"]
    assert Merge.objects.filter(outcome="barred").exists()
    write(link(event, K.IDENTIFY, "phone", "bob", minute=10))
    assert groups(product) == ["ann", "bob,phone,tablet"]


def test_a_merge_by_hand_takes_a_split_back(write, event, product) -> None:
    write(link(event, K.IDENTIFY, "phone", "ann"), link(event, K.IDENTIFY, "tablet", "ann"))
    before = everybody(product.pk)
    split(product, "ann", "phone")
    merge(product, "phone", "ann")
    assert everybody(product.pk) == before
    assert not IdSplit.objects.exists()
    write(link(event, K.IDENTIFY, "tv", "phone", minute=1))
    assert groups(product) == ["ann,phone,tablet,tv"]


def test_the_ids_a_merge_brought_are_ready_to_be_split_off_again(write, event, product) -> None:
    from yunying.apps.tracking.people.joining import ids_to_leave

    write(link(event, K.IDENTIFY, "phone", "ann"), link(event, K.IDENTIFY, "tablet", "bob"))
    before = everybody(product.pk)
    merge(product, "ann", "bob")
    done = Merge.objects.get(kind="manual")
    leaving = ids_to_leave(product.pk, person(product, "ann"), done.pk)
    assert leaving == ["bob", "tablet"]
    split(product, "ann", *leaving)
    assert everybody(product.pk) == before


def test_splits_of_splits(write, event, product, store) -> None:
    write(*(link(event, K.IDENTIFY, name, "ann") for name in ("a", "b", "c", "d")))
    split(product, "ann", "a", "b")
    split(product, "ann", "c")
    split(product, "a", "b")
    assert groups(product) == ["a", "ann,d", "b", "c"]
    merge(product, "ann", "b")
    assert groups(product) == ["a", "ann,b,d", "c"]
    said_by_store(store, product.pk)


def test_what_was_merged_before_links_were_kept_stays_and_can_be_split(write, event, product, store) -> None:
    write(event("phone", person_ops=set_("city", "Linz")), link(event, K.IDENTIFY, "phone", "ann", minute=1))
    whole = everybody(product.pk)[0]
    # As an earlier version left it.
    IdLink.objects.all().delete()
    DistinctId.objects.update(known_ms=None)
    Person.objects.filter(merged_into=None).update(own=None)
    Person.objects.exclude(merged_into=None).update(properties={}, marks={})
    migration = import_module("yunying.apps.tracking.migrations.0008_id_links")
    migration.keep_past(None, SimpleNamespace(connection=connection))
    write(link(event, K.ALIAS, "tablet", "ann", minute=2), link(event, K.IDENTIFY, "phone", "bob", minute=0))
    persons = everybody(product.pk)[0]
    assert sorted(persons) == ["ann,phone,tablet", "bob"]
    assert persons["ann,phone,tablet"][0] == whole["ann,phone"][0]
    split(product, "ann", "phone")
    assert everybody(product.pk)[0]["ann,tablet"][0] == [("city", "Linz")]
    said_by_store(store, product.pk)


@pytest.mark.parametrize(
    ("ids", "code"),
    [([], "people.ids"), (["eve"], "people.ids"), (["ann", "phone"], "people.all_ids")],
)
def test_what_cannot_be_split_is_said(write, event, product, ids: list[str], code: str) -> None:
    write(link(event, K.IDENTIFY, "phone", "ann"), event("eve"))
    with pytest.raises(InvalidInput) as raised:
        split(product, "ann", *ids)
    assert raised.value.code == code


def test_who_only_sees_people_changes_nobody(write, event, product) -> None:
    from yunying.apps.tracking.services import merge_people, split_person

    write(link(event, K.IDENTIFY, "phone", "ann"), event("bob"))
    support = access_of(product, Role.SUPPORT)
    with pytest.raises(NotAllowed):
        merge_people(access=support, person=person(product, "ann"), other=person(product, "bob"))
    with pytest.raises(NotAllowed):
        split_person(access=support, person=person(product, "ann"), ids=["phone"])
    assert Permission.MANAGE_DATA not in support.permissions


def test_only_a_merge_that_still_holds_can_be_undone(write, event, product, client, people) -> None:
    client.force_login(people.ada)
    write(link(event, K.IDENTIFY, "phone", "ann"), event("bob"))
    merge(product, "ann", "bob")
    done = Merge.objects.get(kind="manual")
    page = f"/p/{product.slug}/data/people/{{}}/"
    undo = f"?merge={done.pk}"
    assert undo in client.get(page.format(person(product, "ann").number)).content.decode()
    split(product, "ann", "bob")
    assert undo not in client.get(page.format(person(product, "ann").number)).content.decode()
    assert undo not in client.get(page.format(person(product, "bob").number)).content.decode()


def test_the_pages_lead_from_a_search_over_a_preview_to_one_person(write, event, product, client, people) -> None:
    client.force_login(people.ada)
    write(link(event, K.IDENTIFY, "phone", "ann", person_ops=set_("email", "ann@tea.example")), event("bob-17"))
    ann, bob = person(product, "ann").number, person(product, "bob-17").number
    base = f"/p/{product.slug}/data/people/{ann}"
    assert f"/data/people/{ann}/merge/" in client.get(f"{base}/").content.decode()
    page = client.get(f"{base}/merge/?q=bob").content.decode()
    assert f"?with={bob}" in page
    preview = client.get(f"{base}/merge/?with={bob}").content.decode()
    assert "bob-17" in preview
    assert "ann@tea.example" in preview
    assert client.post(f"{base}/merge/", {"with": str(bob)}).status_code == 302
    assert groups(product) == ["ann,bob-17,phone"]
    done = Merge.objects.get(kind="manual")
    page = client.get(f"{base}/split/?merge={done.pk}").content.decode()
    assert f'value="{bob}" checked' in page
    assert client.post(f"{base}/split/", {"pick": [str(bob)]}).status_code == 302
    assert groups(product) == ["ann,phone", "bob-17"]


@pytest.mark.parametrize("query", ["with=999999999", "with=x", "q=%00", "q=nobody-like-this", "with="])
def test_bad_addresses_of_a_merge_get_a_sentence(write, event, product, client, people, query: str) -> None:
    client.force_login(people.ada)
    write(event("ann"))
    number = person(product, "ann").number
    answer = client.get(f"/p/{product.slug}/data/people/{number}/merge/?{query}")
    assert answer.status_code in (200, 404)
    assert client.post(f"/p/{product.slug}/data/people/{number}/split/", {"pick": ["x", "1"]}).status_code == 422
    same = client.post(f"/p/{product.slug}/data/people/{number}/merge/", {"with": str(number)})
    assert same.status_code == 422


def test_the_api_merges_and_splits(write, event, product, client, people) -> None:
    client.force_login(people.ada)
    write(link(event, K.IDENTIFY, "phone", "ann"), event("bob"))
    base = f"/api/v1/products/{product.slug}/data/people/{person(product, 'ann').number}"

    def post(what: str, body: Any) -> Any:
        return client.post(f"{base}/{what}", json.dumps(body), content_type="application/json")

    merged = post("merge", {"other": person(product, "bob").number})
    assert sorted(merged.json()["distinct_ids"]) == ["ann", "bob", "phone"]
    left = post("split", {"distinct_ids": ["bob"]})
    assert left.json()["distinct_ids"] == ["bob"]
    assert post("split", {"distinct_ids": ["eve"]}).json()["code"] == "people.ids"
