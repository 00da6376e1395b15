import json
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from tests.conftest import Cast
from yunying.apps.insights.cohorts.models import Cohort
from yunying.apps.insights.cohorts.services import create
from yunying.apps.tracking.selectors import numbers_of_ids
from yunying.platform.products.access import ProductAccess
from yunying.platform.products.models import Product

pytestmark = pytest.mark.usefixtures("clock")
LIST = "/p/tea/insights/cohorts/"
TWICE = {"op": "and", "items": [{"kind": "did", "event": "order", "times": {"op": "gte", "count": 2}}]}
HTMX = {"HX-Request": "true", "HX-Target": "report-result"}


@pytest.fixture
def twice(access: ProductAccess, shop: Product) -> Cohort:
    return create(access, name="Twice", definition=TWICE)


def number_of(product: Product, name: str) -> int:
    return numbers_of_ids(product.pk, [name])[name]


def test_an_empty_list_says_what_to_do(browser: Client, shop: Product) -> None:
    page = browser.get(LIST).content.decode()
    assert "No cohort yet" in page
    assert f"{LIST}new/" in page


def test_the_list_shows_size_change_and_use(browser: Client, twice: Cohort) -> None:
    page = browser.get(LIST).content.decode()
    assert "Twice" in page
    assert "Ada" in page
    found = browser.get(f"{LIST}?export=csv")
    assert b"Twice" in b"".join(found.streaming_content if found.streaming else [found.content])


def test_the_address_is_the_definition_and_counts_at_once(browser: Client, shop: Product) -> None:
    address = urlencode({"g0.c0.kind": "did", "g0.c0.event": "order", "g0.c0.times": "2", "g0.c0.window": "ever"})
    page = browser.get(f"{LIST}new/?{address}")
    assert page.context["preview"].size == 2
    part = browser.get(f"{LIST}new/?{address}", headers=HTMX)
    assert part.content.decode().lstrip().startswith('<div id="report-result"')
    assert "g0.c0.times=2" in urlsplit(part["HX-Push-Url"]).query


def test_a_definition_given_as_json_fills_the_form(browser: Client, shop: Product) -> None:
    page = browser.get(f"{LIST}new/?{urlencode({'definition': json.dumps(TWICE)})}")
    assert page.context["form"].groups[0].conditions[0].event == "order"
    assert page.context["preview"].size == 2


def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost(browser: Client, shop: Product) -> None:
    address = urlencode({"g0.c0.kind": "did", "g0.c0.event": "order", "g0.c0.count": "50", "g0.c0.unit": "year"})
    page = browser.get(f"{LIST}new/?{address}")
    assert page.status_code == 200
    assert page.context["preview"].field == "g0-c0-count"
    assert "ten years at most" in page.content.decode()
    assert page.context["form"].groups[0].conditions[0].event == "order"


@pytest.mark.parametrize("given", ["[1]", "{", '{"items": 7}', '{"items": [{"kind": "did", "within": "x"}]}', "null"])
def test_a_definition_that_is_none_is_a_sentence(browser: Client, shop: Product, given: str) -> None:
    page = browser.get(f"{LIST}new/?{urlencode({'definition': given})}")
    assert page.status_code in (200, 400)
    assert "incident" not in page.content.decode().lower()


def test_a_cohort_is_saved_and_a_taken_name_keeps_the_conditions(browser: Client, twice: Cohort) -> None:
    sent = {"name": "Twice", "definition": json.dumps(TWICE)}
    refused = browser.post(f"{LIST}new/", sent)
    assert refused.status_code == 422
    assert "already a cohort called" in refused.content.decode()
    assert refused.context["form"].groups[0].conditions[0].event == "order"
    saved = browser.post(f"{LIST}new/", sent | {"name": "Buyers"})
    assert saved.status_code == 302
    assert Cohort.objects.get(name="Buyers").size == 2


def test_the_cohorts_page_shows_size_definition_members_and_changes(browser: Client, twice: Cohort) -> None:
    page = browser.get(f"{LIST}{twice.pk}/").content.decode()
    assert "did “order” at least 2 times at any time" in page
    assert "lin" in page
    assert "mei" not in page
    assert "made it" in page
    searched = browser.get(f"{LIST}{twice.pk}/?q=ann").content.decode()
    assert "1–1 of 1" in searched


def test_why_somebody_is_in_or_out_is_explained(browser: Client, twice: Cohort, shop: Product) -> None:
    inside = browser.get(f"{LIST}{twice.pk}/person/{number_of(shop, 'lin')}/").content.decode()
    assert "lin is in “Twice”." in inside
    assert "Done 3 times." in inside
    answer = browser.get(f"{LIST}{twice.pk}/person/?id=mei", follow=True).content.decode()
    assert "mei is not in “Twice”." in answer
    assert "Done 1 time." in answer
    unknown = browser.get(f"{LIST}{twice.pk}/person/?id=nobody", follow=True).content.decode()
    assert "Nobody has the id “nobody”" in unknown


def test_a_persons_page_loads_their_cohorts(browser: Client, twice: Cohort, shop: Product) -> None:
    number = number_of(shop, "lin")
    page = browser.get(f"/p/tea/data/people/{number}/", follow=True).content.decode()
    assert f"{LIST}of/{number}/" in page
    part = browser.get(f"{LIST}of/{number}/", headers={"HX-Request": "true"}).content.decode()
    assert "Twice" in part
    assert "<html" not in part


def test_ids_are_pasted_or_uploaded(browser: Client, shop: Product) -> None:
    page = browser.post(f"{LIST}new-list/", {"name": "Pasted", "ids": "lin\n mei \nnobody\n"}, follow=True)
    assert "2 people from 3 ids are in the list. 1 id is not known and was left out." in page.content.decode()
    file = SimpleUploadedFile("ids.csv", b"\xef\xbb\xbfann,Ann\nbob,Bob\n")
    browser.post(f"{LIST}new-list/", {"name": "Uploaded", "file": file})
    assert Cohort.objects.get(name="Uploaded").size == 2
    nobody = browser.post(f"{LIST}new-list/", {"name": "None", "ids": "x\ny"})
    assert nobody.status_code == 422
    assert "Nobody in this product has any of these ids." in nobody.content.decode()
    binary = SimpleUploadedFile("ids.csv", b"\xff\xfe\x00\x01\x80\xff")
    refused = browser.post(f"{LIST}new-list/", {"name": "Binary", "file": binary})
    assert refused.status_code == 422


def test_a_cohort_is_deleted_from_its_page(browser: Client, twice: Cohort) -> None:
    browser.post(f"{LIST}{twice.pk}/delete/")
    assert not Cohort.objects.exists()


def test_who_may_not_see_people_sees_sizes_only(people: Cast, twice: Cohort, as_user: Any, shop: Product) -> None:
    chen = as_user(people.chen)
    page = chen.get(f"{LIST}{twice.pk}/").content.decode()
    assert "did “order”" in page
    assert "lin" not in page.split("<main", 1)[-1].replace("line", "").replace("link", "").replace("inline", "")
    assert chen.get(f"{LIST}{twice.pk}/person/{number_of(shop, 'lin')}/").status_code == 403
    assert chen.get(f"{LIST}new/").status_code == 403


def test_the_list_costs_the_same_however_long_it_is(
    browser: Client, access: ProductAccess, shop: Product, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for index in range(12):
        create(access, name=f"Cohort {index}", definition=TWICE)
    with django_assert_max_num_queries(22):
        browser.get(LIST)
