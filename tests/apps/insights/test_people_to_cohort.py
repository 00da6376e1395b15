"""From the list of people to a cohort of them."""

import html
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.http import urlencode

from tests.apps.insights.shop import event
from tests.conftest import Cast
from yunying.apps.insights.models import Cohort
from yunying.apps.tracking.ingest import Ingest
from yunying.apps.tracking.models import DistinctId
from yunying.apps.tracking.selectors import FoundPeople, Wanted
from yunying.base.errors import LimitReached
from yunying.events.event import Op, OpKind
from yunying.platform.products.models import Product


def test_people_narrowed_by_conditions_go_into_the_cohort_builder(
    shop: Product, browser: Client, product: Product
) -> None:
    """The list of people only knows the builder's address; this holds the two together."""
    people = reverse("tracking:people", args=[product.slug])
    page = browser.get(f"{people}?f0.property=plan&f0.operator=exact&f0.value=pro").content.decode()
    link = re.search(r'href="([^"]*cohorts/new/\?definition=[^"]+)"', page)
    assert link
    builder = browser.get(html.unescape(link[1])).content.decode()
    assert 'value="plan"' in builder
    assert 'value="pro"' in builder


@pytest.fixture
def tea_drinkers(shop: Product) -> Product:
    """Three of the shop with a plan and a city each, seen anew on 4 March."""
    sent = [event(shop.pk, who, "2026-03-04T15:00", name="login") for who in ("lin", "mei", "ann")]
    for one, plan in zip(sent, ("pro", "pro", "free"), strict=True):
        one.person_ops = [Op(OpKind.SET, "plan", plan), Op(OpKind.SET, "city", f"town of {one.distinct_id}")]
    Ingest().write(sent, token=f"plans-{shop.pk}")
    return shop


def keep_button(browser: Client, product: Product, query: str) -> str:
    page = browser.get(f"{reverse('tracking:people', args=[product.slug])}?{query}").content.decode()
    link = re.search(r'<span id="people-keep" hx-swap-oob="true">\s*(?:<a [^>]*href="([^"]+)")?', page)
    assert link
    return html.unescape(link[1] or "")


@pytest.mark.parametrize(
    ("query", "found", "told"),
    [
        ("q=town+of", {"lin", "mei", "ann"}, "Found by the search “town of”"),
        ("q=lin&f0.property=plan&f0.operator=exact&f0.value=pro", {"lin"}, "Person: plan is “pro”"),
        ("known=no&f0.property=plan&f0.operator=exact&f0.value=free", {"ann"}, "Not known"),
        ("first_from=2026-03-03&first_to=2026-03-03", {"ann"}, "First seen until"),
        ("seen_from=2026-03-04&q=b", {"bob"}, "Last seen on or after"),
        ("unseen_since=2026-03-04", set(), "Not seen since"),
    ],
)
def test_what_cannot_be_a_condition_makes_a_fixed_list_of_everybody_found(
    browser: Client, tea_drinkers: Product, query: str, found: set[str], told: str
) -> None:
    address = keep_button(browser, tea_drinkers, query)
    assert address.startswith("/p/tea/insights/cohorts/new-of-found/")
    page = browser.get(address)
    listed = browser.get(f"{reverse('tracking:people', args=[tea_drinkers.slug])}?{query}").context["table"].found
    assert {row.distinct_id for row in listed} == found
    assert page.context["count"] == len(found)
    assert told in page.content.decode()
    answer = browser.post(address, {"name": "Found"})
    if not found:
        assert answer.status_code == 422
        assert "there is nobody to keep" in answer.content.decode()
        return
    cohort = Cohort.objects.get(name="Found")
    assert (cohort.kind, cohort.size) == ("list", len(found))
    members = browser.get(f"/p/tea/insights/cohorts/{cohort.pk}/").context["table"].found
    assert {row.distinct_id for row in members} == found


def test_everybody_has_no_button_and_conditions_alone_go_to_the_builder(browser: Client, tea_drinkers: Product) -> None:
    assert keep_button(browser, tea_drinkers, "") == ""
    assert keep_button(browser, tea_drinkers, "match=or") == ""
    narrowed = urlencode({"f0.property": "plan", "f0.operator": "exact", "f0.value": "pro"})
    assert keep_button(browser, tea_drinkers, narrowed).startswith("/p/tea/insights/cohorts/new/?definition=")


def test_a_list_keeps_what_it_was_found_by(browser: Client, tea_drinkers: Product) -> None:
    browser.post("/p/tea/insights/cohorts/new-of-found/?q=lin&known=no", {"name": "Lin"})
    assert Cohort.objects.get().source == {
        "from": "people",
        "asked": {"query": "lin", "identified": "False"},
        "filters": {"op": "and", "items": []},
    }


def test_who_may_not_see_people_keeps_none(tea_drinkers: Product, people: Cast, as_user: Any) -> None:
    address = "/p/tea/insights/cohorts/new-of-found/?q=lin"
    assert as_user(people.chen).post(address, {"name": "Mine"}).status_code == 403
    assert as_user(people.dee).get(address).status_code == 404
    assert not Cohort.objects.exists()


def test_a_name_that_is_taken_is_said_and_what_was_found_is_kept(browser: Client, tea_drinkers: Product) -> None:
    address = "/p/tea/insights/cohorts/new-of-found/?q=lin"
    browser.post(address, {"name": "Lin"})
    answer = browser.post(address, {"name": "Lin"})
    assert answer.status_code == 422
    assert "There is already a cohort called “Lin”." in answer.content.decode()
    assert answer.context["count"] == 1


def test_all_numbers_are_those_of_the_list(tea_drinkers: Product) -> None:
    found = FoundPeople(tea_drinkers, Wanted(query="town of"))
    assert sorted(found.numbers(10)) == sorted(row.number for row in found)
    owners = DistinctId.objects.filter(distinct_id__in=("lin", "mei", "ann")).values_list("owner", flat=True)
    assert set(found.numbers(3)) == set(owners)
    with pytest.raises(LimitReached):
        found.numbers(2)
