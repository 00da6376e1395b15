"""Our own script for pages gets everything through, once, whatever the network and the server do."""

import json

import pytest

from tests.collect.harness import LOST, RESET
from tests.collect.sdks.browser import Window
from tests.collect.sdks.outages import Outage
from tests.collect.sdks.shop import named, stored, visit

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("failure", [500, 429, 503, RESET, LOST], ids=str)
def test_after_a_failure_there_is_exactly_one_copy(shop: Window, failure: int) -> None:
    # A cut connection is tried again by the browser itself, once.
    outage = Outage(shop.site.collector, *[failure] * (2 if failure in (RESET, LOST) else 1))
    visit(shop, pageviews=False)
    shop.run("for (const n of [1, 2, 3]) yunying.track('order', {n})")
    events = shop.site.collector.kept(3)
    shop.page.wait_for_function("!Object.keys(localStorage).length")
    assert outage.requests >= 2
    assert sorted(event.props["n"] for event in events) == [1, 2, 3]
    assert {event.uuid for event in shop.site.collector.sink.events()} == {event.uuid for event in events}


def test_a_batch_that_is_too_large_is_halved(shop: Window) -> None:
    outage = Outage(shop.site.collector, 413, plain=True)
    visit(shop, pageviews=False)
    shop.run("for (let n = 0; n < 8; n++) yunying.track('order', {n})")
    assert sorted(event.props["n"] for event in shop.site.collector.kept(8)) == list(range(8))
    assert outage.requests == 3


def test_a_refused_key_is_not_tried_again(shop: Window) -> None:
    outage = Outage(shop.site.collector, 401, 401)
    visit(shop, pageviews=False)
    shop.run("yunying.track('a'); await new Promise((done) => setTimeout(done, 2500))")
    assert (outage.requests, stored(shop)) == (1, ["yy_yk_test"])


def test_what_happens_offline_is_sent_later_even_by_another_page(shop: Window) -> None:
    visit(shop, pageviews=False)
    shop.context.set_offline(True)
    shop.run("yunying.track('one', {at: 1}); await new Promise((done) => setTimeout(done, 200))")
    assert len(json.loads(shop.run("return localStorage.yy_yk_test"))) == 1
    shop.context.set_offline(False)
    (one,) = named(shop, "one")
    shop.page.wait_for_function("!Object.keys(localStorage).length")
    outage = Outage(shop.site.collector, *[503] * 2)
    shop.run("yunying.track('two'); await new Promise((done) => setTimeout(done, 200)); yunying.track('three')")
    shop.leave()
    assert 1 <= outage.requests <= 2
    outage.requests = 2
    visit(shop, pageviews=False)
    named(shop, "one", "two", "three")
    assert len(shop.site.collector.sink.events()) == 3
    assert one.props["at"] == 1


def test_what_is_not_sent_yet_goes_by_beacon(shop: Window) -> None:
    visit(shop, pageviews=False, delay=60_000)
    shop.run("for (let n = 0; n < 20; n++) yunying.track('order', {n, text: '茶'.repeat(500)})")
    shop.leave()
    assert sorted(event.props["n"] for event in shop.site.collector.kept(20)) == list(range(20))


def test_what_no_beacon_takes_is_sent_by_the_next_page(shop: Window) -> None:
    shop.page.add_init_script(
        "const real = fetch; window.refused = 0;"
        "window.fetch = (...given) => real(...given).catch((e) => { window.refused++; throw e })"
    )
    visit(shop, pageviews=False, delay=60_000)
    shop.run("for (let n = 0; n < 40; n++) yunying.track('order', {n, text: '茶'.repeat(1500)})")
    shop.leave()
    assert 0 < len(shop.site.collector.kept(40, timeout_s=1)) < 40
    visit(shop, pageviews=False)
    assert sorted(event.props["n"] for event in shop.site.collector.kept(40)) == list(range(40))
    shop.page.wait_for_function("!Object.keys(localStorage).length")
    # Chromium counts an answer nobody reads as kept alive, and refuses the next request.
    assert shop.run("return window.refused") == 0


def test_a_burst_is_sent_in_batches(shop: Window) -> None:
    visit(shop, pageviews=False)
    shop.run("for (let n = 0; n < 400; n++) yunying.track('order', {n})")
    assert sorted(event.props["n"] for event in shop.site.collector.kept(400)) == list(range(400))


def test_a_clock_that_is_wrong_is_corrected(shop: Window) -> None:
    shop.page.add_init_script(
        "const real = Date.now; Date.now = () => real() - 7.2e6; Date = class extends Date {"
        "constructor(...a) { a.length ? super(...a) : super(Date.now()) } };"
    )
    visit(shop)
    (event,) = named(shop, "$pageview")
    assert abs(event.received_ms - event.ts_ms) < 10_000
