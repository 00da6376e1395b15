"""What is collected, as owners set it on the page and programs through the API."""

from django.urls import reverse

from yunying.platform.audit.models import Entry
from yunying.platform.products.models import Product


def page(slug: str = "tea") -> str:
    return reverse("console:collection", args=[slug])


def test_an_owner_sets_addresses_domains_and_bots(people, browser) -> None:
    assert "Own domains" in browser.get(page()).content.decode()
    form = {
        "address_policy": "truncate",
        "own_domains": "https://www.Tea.example/start, help.tea.example\n\n",
        "leave_bots_out": "on",
    }
    assert browser.post(page(), form)["Location"] == page()
    product = Product.objects.get(slug="tea")
    assert (product.address_policy, product.own_domains, product.leave_bots_out) == (
        "truncate",
        ["tea.example", "help.tea.example"],
        True,
    )
    after = Entry.objects.get(verb="product.updated").after
    assert after["address_policy"] == "truncate" and after["leave_bots_out"] is True
    assert "help.tea.example" in browser.get(page()).content.decode()


def test_a_domain_that_is_none_is_said_at_its_field(people, browser) -> None:
    response = browser.post(page(), {"address_policy": "drop", "own_domains": "tea house!"})
    assert response.status_code == 422
    assert "“house!” is not a domain" in response.content.decode()
    assert Product.objects.get(slug="tea").own_domains == []


def test_nothing_of_addresses_is_stored_unless_somebody_says_so(people) -> None:
    product = Product.objects.get(slug="tea")
    assert (product.address_policy, product.own_domains, product.leave_bots_out) == ("drop", [], False)


def test_only_those_who_manage_the_product_see_it(as_user, people) -> None:
    bos = as_user(people.bo)
    assert bos.get(page()).status_code == 403
    assert bos.post(page(), {"address_policy": "full"}).status_code == 403
