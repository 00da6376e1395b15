"""Whom people see: a name, else a mail address or phone, else the id of a sign-in, else the earliest id."""

import re
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.db import connection
from django.urls import reverse

from yunying.apps.tracking.models import DistinctId, Person
from yunying.apps.tracking.people.finding import FoundPeople, Wanted, called
from yunying.apps.tracking.people.rows import people, people_by_id, rows_of
from yunying.events.event import Link, LinkKind, Op, OpKind

DEVICE = "018f2c1e-7b3a-7c4d-9e2f-0123456789ab"


@pytest.fixture
def shown(product, browser):
    """What somebody is called wherever people are named, by one of their ids; all places must agree."""

    def ask(distinct_id: str) -> str:
        number = DistinctId.objects.get(product=product, distinct_id=distinct_id).owner
        listed = FoundPeople(product, Wanted(query=distinct_id))[0]
        by_number, by_id = people(product.pk, [number])[0], people_by_id(product.pk, [distinct_id])[distinct_id]
        told = browser.get(f"/api/v1/products/{product.slug}/data/people/{number}").json()
        found = {listed.name, by_number.name, by_id.name, told["name"]}
        assert len(found) == 1
        assert {listed.distinct_id, by_number.distinct_id} == {told["distinct_id"]}
        name: str = found.pop()
        page = browser.get(reverse("tracking:person", args=[product.slug, number])).content.decode()
        assert re.search(rf"<title>\s*{re.escape(name)}", page)
        return name

    return ask


def signed_in(event, anonymous: str, user: str, minute: int = 5, **more):
    return event(user, minute=minute, links=[Link(LinkKind.IDENTIFY, anonymous, user)], **more)


def test_who_signs_in_later_goes_by_the_id_of_the_sign_in(write, event, shown) -> None:
    write(event(DEVICE))
    assert shown(DEVICE) == DEVICE
    write(signed_in(event, DEVICE, "user-17"))
    assert (shown(DEVICE), shown("user-17")) == ("user-17", "user-17")


def test_a_second_device_and_an_older_one_do_not_change_that(write, event, shown) -> None:
    write(event("laptop"), signed_in(event, "laptop", "user-17"))
    write(event("phone", minute=-60), signed_in(event, "phone", "user-17", minute=9))
    for one in ("laptop", "phone", "user-17"):
        assert shown(one) == "user-17"


@pytest.mark.parametrize("links_first", [True, False])
def test_an_alias_before_the_sign_in_does_not_hide_its_id(write, event, shown, links_first: bool) -> None:
    alias = event("b", minute=1, links=[Link(LinkKind.MERGE, "a", "b")])
    sign_in = signed_in(event, "c", "b", minute=2)
    write(*((alias, sign_in) if links_first else (sign_in, alias)))
    assert shown("a") == "b"
    # Already one person, so that the link merges nothing; it says all the same which id is the known one.
    write(event("y", minute=1, links=[Link(LinkKind.MERGE, "x", "y")]))
    write(signed_in(event, "x", "y", minute=3))
    assert shown("x") == "y"


def test_an_id_that_looks_made_up_by_a_device_stands_behind_others(write, event, shown) -> None:
    write(event(DEVICE), event("reader 9", minute=4, links=[Link(LinkKind.ALIAS, DEVICE, "reader 9")]))
    assert shown(DEVICE) == "reader 9"


def test_a_name_comes_before_a_mail_address_and_that_before_an_id(write, event, shown) -> None:
    def knows(minute: int, **values: object):
        return event("u", minute=minute, person_ops=[Op(OpKind.SET, key, value) for key, value in values.items()])

    write(event("anon"), signed_in(event, "anon", "u"), knows(6, phone=13800138000))
    assert shown("anon") == "13800138000"
    write(knows(7, **{"$email": "ann@example.com"}))
    assert shown("anon") == "ann@example.com"
    write(knows(8, **{"$name": "Ann Lee"}))
    assert shown("anon") == "Ann Lee"


@pytest.mark.parametrize(
    ("properties", "name"),
    [
        ({"email": "a@b.c", "$name": "Ann"}, "Ann"),
        ({"手机号": "138", "姓名": "王芳"}, "王芳"),
        ({"mobile": 138}, "138"),
        ({"name": "", "email": True, "phone": 1.5}, ""),
        ({"name": ["x"], "nickname": "  "}, ""),
    ],
)
def test_what_properties_call_a_person(properties, name) -> None:
    assert called(properties) == name


def test_ids_of_sign_ins_before_they_were_noted_are_told_by_the_merges(write, event) -> None:
    write(event(DEVICE), event("other"), signed_in(event, DEVICE, "user-17"))
    DistinctId.objects.update(known=False)
    import_module("yunying.apps.tracking.migrations.0006_known_ids").note_past(
        None, SimpleNamespace(connection=connection)
    )
    assert list(DistinctId.objects.filter(known=True).values_list("distinct_id", flat=True)) == ["user-17"]


def test_every_id_still_finds_the_person(write, event, product) -> None:
    write(event(DEVICE), signed_in(event, DEVICE, "user-17"))
    for query in (DEVICE, DEVICE[:8], "user-1"):
        assert [row.name for row in FoundPeople(product, Wanted(query=query))] == ["user-17"]


def test_the_id_of_the_sign_in_is_copied_also_for_somebody_with_very_many_ids(write, event, ask, product) -> None:
    write(*(event(f"device-{number:03}", minute=number) for number in range(120)))
    write(*(signed_in(event, f"device-{number:03}", "user-17", minute=200 + number) for number in range(120)))
    copied = ask("SELECT ids FROM people FINAL WHERE product = {product:UInt32} AND identified = 1")[0][0]
    assert copied.split("\n")[0] == "user-17"


def test_one_page_of_people_asks_once_for_their_ids(write, event, product, django_assert_num_queries) -> None:
    write(*(event(f"p{number}", minute=number) for number in range(30)))
    with django_assert_num_queries(2):
        assert len(rows_of(list(Person.objects.filter(product=product)))) == 30
