"""Where numbers come from, as pages say it."""

import pytest
from django.test import Client

from tests.apps.insights.shop import event
from yunying.apps.tracking.ingest import Ingest
from yunying.engine import kept
from yunying.platform.products.models import Product

pytestmark = pytest.mark.usefixtures("clock")
ASKED = "/p/tea/insights/trends/?range=custom&from=2026-03-01&to=2026-03-05&s0.event=order&s0.measure=people&fresh=1"
SAID = "from what was counted before"


def test_a_page_says_how_many_days_were_counted_before(browser: Client, shop: Product) -> None:
    with kept.using(kept.Policy(rows=1)):
        first = browser.get(ASKED)
        assert SAID not in first.content.decode()
        again = browser.get(ASKED)
    assert again.context["board"].origin.kept_days == 4  # the fifth is not over
    page = again.content.decode()
    assert "Of the days asked for, 4 days are from what was counted before" in page
    assert "the numbers are the same as if everything had been read" in page
    assert [row.cells[0].text for row in again.context["board"].grids[0].rows] == [
        row.cells[0].text for row in first.context["board"].grids[0].rows
    ]


def test_a_late_event_is_in_the_number_of_a_day_that_was_counted_before(browser: Client, shop: Product) -> None:
    with kept.using(kept.Policy(rows=1)):
        browser.get(ASKED)
        browser.get(ASKED)
        Ingest().write([event(shop.pk, "zoe", "2026-03-02T08:00")], token=f"late-{shop.pk}")
        board = browser.get(ASKED).context["board"]
    assert board.grids[0].rows[0].cells[0].text == "4"
    assert board.origin.kept_days
