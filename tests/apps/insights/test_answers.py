from datetime import timedelta

import pytest

from tests.apps.insights.shop import event
from tests.conftest import Cast
from yunying.apps.insights.answers import run_report
from yunying.apps.tracking.ingest import Ingest
from yunying.base.clock import FixedClock
from yunying.platform.products.access import ProductAccess
from yunying.platform.products.models import Product

LAST_WEEK = {
    "kind": "trends",
    "range": {"last": 7, "unit": "day"},
    "series": [{"event": "order", "measure": "count"}],
}

pytestmark = pytest.mark.usefixtures("clock")


def test_the_second_look_is_kept_and_says_so(access: ProductAccess, shop: Product) -> None:
    first, second = run_report(access, LAST_WEEK), run_report(access, LAST_WEEK)
    assert (first.cached, second.cached) == (False, True)
    assert first.result.provenance.computed_at == second.result.provenance.computed_at
    assert first.result.to_json() == second.result.to_json()


def test_who_asks_for_a_fresh_answer_gets_one(access: ProductAccess, shop: Product) -> None:
    assert run_report(access, LAST_WEEK).result.rows[0].total == 6
    Ingest().write([event(shop.pk, "new", "2026-03-05T09:00")], token=f"new-{shop.pk}")
    assert run_report(access, LAST_WEEK, fresh=True).result.rows[0].total == 7


def test_new_events_are_in_the_next_answer(access: ProductAccess, shop: Product) -> None:
    assert run_report(access, LAST_WEEK).result.rows[0].total == 6
    Ingest().write([event(shop.pk, "new", "2026-03-05T09:00")], token=f"new-{shop.pk}")
    assert run_report(access, LAST_WEEK).result.rows[0].total == 7


def test_a_relative_range_moves_with_the_day(access: ProductAccess, shop: Product, clock: FixedClock) -> None:
    run_report(access, LAST_WEEK)
    clock.advance(timedelta(days=1))
    assert run_report(access, LAST_WEEK).cached is False


def test_products_never_share_answers(access: ProductAccess, shop: Product, people: Cast) -> None:
    run_report(access, LAST_WEEK)
    other = people.access("dee")
    answer = run_report(other, LAST_WEEK)
    assert (answer.cached, answer.result.rows[0].total) == (False, 0)
