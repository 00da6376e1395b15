"""@snowplow/node-tracker with nothing but the address changed."""

from typing import Any

import pytest

from tests.collect.harness import Live
from tests.collect.sdks.node import run
from tests.collect.sdks.outages import LOST, RESET, Outage
from tests.collect.sdks.values import IN_SCRIPTS

pytestmark = pytest.mark.e2e

PAST_MS = 1_600_000_000_123
START = """
const sp = require("@snowplow/node-tracker");
const tracker = sp.newTracker(
  {namespace: "sp", appId: SENDER, encodeBase64: given.encode ?? true},
  {endpoint: HOST, eventMethod: given.method || "post", bufferSize: given.size || 1});
const own = (data, more) => tracker.track(sp.buildSelfDescribingEvent(
  {event: {schema: "iglu:example.tea/feature_used/jsonschema/1-0-0", data}}), ...(more || []));
"""


@pytest.mark.parametrize("given", [{}, {"encode": False}, {"method": "get"}, {"method": "get", "encode": False}])
def test_an_event_arrives_with_everything_in_it(server: Live, given: dict[str, Any]) -> None:
    run(
        server,
        START
        + """
tracker.setUserId("u-1");
const shelf = {schema: "iglu:example.tea/shelf/jsonschema/1-0-0", data: {"架": "上 🍵"}};
own(given.data, [[shelf], {type: "ttm", value: given.past}]);
await sleep(700);
""",
        data=IN_SCRIPTS,
        past=PAST_MS,
        **given,
    )
    (event,) = server.kept(1)
    assert (event.name, event.distinct_id, event.ts_ms) == ("feature_used", "u-1", PAST_MS)
    # The tracker itself leaves null out.
    told = {key: value for key, value in IN_SCRIPTS.items() if value is not None}
    assert {key: event.props.get(key) for key in told} == told
    assert event.props["contexts"] == [{"schema": "iglu:example.tea/shelf/jsonschema/1-0-0", "data": {"架": "上 🍵"}}]
    assert event.library.startswith("snowplow-node-")
    assert event.links == []


def test_page_views_structured_events_and_orders_arrive(server: Live) -> None:
    run(
        server,
        START
        + """
tracker.setUserId("u-1");
tracker.setDomainUserId("d-1");
tracker.setIpAddress("198.51.100.7");
tracker.setUseragent("Mozilla/5.0 x");
tracker.track(sp.buildPageView({pageUrl: "https://a.example/x", pageTitle: "页", referrer: "https://b.example/"}));
tracker.track(sp.buildStructEvent({category: "cart", action: "add", label: "茶", property: "pcs", value: 2.5}));
tracker.track(sp.buildEcommerceTransaction({orderId: "o-1", total: 16.5, currency: "CNY"}));
tracker.track(sp.buildEcommerceTransactionItem({orderId: "o-1", sku: "tea-1", price: 5.5, quantity: 3, name: "茶"}));
await sleep(700);
""",
    )
    events = {event.name: event for event in server.kept(4)}
    view = events["$pageview"]
    assert (view.distinct_id, view.address, view.agent) == ("u-1", "198.51.100.7", "Mozilla/5.0 x")
    assert (view.props["$current_url"], view.props["$anonymous_id"]) == ("https://a.example/x", "d-1")
    assert events["event"].props["value"] == 2.5
    assert (events["transaction"].props["order_id"], events["transaction"].props["revenue"]) == ("o-1", 16.5)
    assert events["transaction_item"].props["items"] == [{"sku": "tea-1", "name": "茶", "price": 5.5, "quantity": 3}]


def test_fifty_arrive_complete(server: Live) -> None:
    run(
        server,
        START
        + "tracker.setUserId('u-1'); for (let n = 0; n < 50; n++) own({n}); tracker.flush?.(); await sleep(1500);",
        size=10,
    )
    assert sorted(event.props["n"] for event in server.kept(50)) == list(range(50))


@pytest.mark.parametrize("answers", [(500,), (429,), (503, RESET), (LOST, 500)])
def test_what_is_sent_again_is_one_event(server: Live, answers: tuple[int, ...]) -> None:
    outage = Outage(server, *answers)
    again = "for (let n = 1; n < 5; n++) { own({n}); await sleep(700); }"
    run(server, START + "tracker.setUserId('u-1');" + again)
    assert sorted(event.props["n"] for event in server.kept(4)) == [1, 2, 3, 4]
    assert outage.requests > len(answers)


def test_an_event_too_large_does_not_stop_those_behind_it(server: Live) -> None:
    big = "own({big: 'x'.repeat(2 << 20)}); await sleep(1000); own({n: 1}); await sleep(700);"
    run(server, START + "tracker.setUserId('u-1');" + big, encode=False)
    assert [event.props["n"] for event in server.kept(1)] == [1]


@pytest.mark.parametrize("method", ["post", "get"])
def test_the_address_alone_may_say_whose_it_is(server: Live, method: str) -> None:
    start = START.replace("endpoint: HOST", "endpoint: `${HOST}/snowplow/${KEY}`").replace("SENDER", "'strange'")
    run(server, start + "own({n: 1}); await sleep(700);", method=method)
    assert [event.name for event in server.kept(1)] == ["feature_used"]
