"""From the list of people to a cohort of them."""

import html
import re

from django.urls import reverse


def test_people_narrowed_by_conditions_go_into_the_cohort_builder(shop, browser, product) -> None:
    """The list of people only knows the builder's address; this holds the two together."""
    people = reverse("tracking:people", args=[product.slug])
    page = browser.get(f"{people}?f0.property=plan&f0.operator=exact&f0.value=pro").content.decode()
    link = re.search(r'href="([^"]*cohorts/new/\?definition=[^"]+)"', page)
    assert link
    builder = browser.get(html.unescape(link[1])).content.decode()
    assert 'value="plan"' in builder
    assert 'value="pro"' in builder
