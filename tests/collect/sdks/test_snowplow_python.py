"""snowplow-tracker for Python with nothing but the address changed."""

import logging
import time
from collections.abc import Callable
from typing import Any

import pytest
from snowplow_tracker.emitters import AsyncEmitter, Emitter
from snowplow_tracker.events.page_view import PageView
from snowplow_tracker.events.screen_view import ScreenView
from snowplow_tracker.events.self_describing import SelfDescribing
from snowplow_tracker.events.structured_event import StructuredEvent
from snowplow_tracker.self_describing_json import SelfDescribingJson
from snowplow_tracker.subject import Subject
from snowplow_tracker.tracker import Tracker

from tests.collect.harness import KEY, SENDER, Live
from tests.collect.sdks.outages import LOST, RESET, Outage
from tests.collect.sdks.values import EVERYTHING
from yunying.events.event import Link, LinkKind

SCHEMA = "iglu:example.tea/feature_used/jsonschema/1-0-0"
PAST_MS = 1_600_000_000_123


@pytest.fixture(autouse=True)
def _quiet() -> None:
    logging.getLogger("snowplow_tracker").setLevel(logging.CRITICAL)


def tracker(server: Live, subject: Subject | None = None, *, encode: bool = True, **more: Any) -> Tracker:
    emitter = Emitter(server.base, max_retry_delay_seconds=1, **more)
    return Tracker("sp", [emitter], subject or Subject().set_user_id("u-1"), SENDER, encode_base64=encode)


def own(data: Any) -> SelfDescribing:
    return SelfDescribing(SelfDescribingJson(SCHEMA, data))


@pytest.mark.parametrize("method", ["post", "get"])
@pytest.mark.parametrize("encode", [True, False])
def test_an_event_arrives_with_everything_in_it(server: Live, method: Any, encode: bool) -> None:
    client = tracker(server, encode=encode, method=method)
    client.track(own(EVERYTHING))
    client.flush()
    (event,) = server.kept(1)
    assert (event.name, event.distinct_id, event.protocol) == ("feature_used", "u-1", "snowplow")
    assert {key: event.props[key] for key in EVERYTHING} == EVERYTHING
    assert event.props["$schema"] == SCHEMA
    assert event.library.startswith("snowplow-py-")
    assert (event.address, event.links) == ("", [])


def test_a_page_view_carries_who_and_where(server: Live) -> None:
    subject = Subject().set_user_id("u-1").set_domain_user_id("d-1").set_ip_address("198.51.100.7")
    subject.set_useragent("Mozilla/5.0 x").set_screen_resolution(1440, 900).set_lang("zh-CN").set_timezone(
        "Asia/Shanghai"
    )
    subject.set_domain_session_id("s-1").set_domain_session_index(3)
    client = tracker(server, subject)
    entity = SelfDescribingJson("iglu:example.tea/shelf/jsonschema/1-0-0", {"架": "上 🍵"})
    client.track(PageView("https://a.example/x?utm_source=news", "页 🚀", "https://b.example/", context=[entity]))
    client.flush()
    (event,) = server.kept(1)
    assert (event.name, event.distinct_id, event.session) == ("$pageview", "u-1", "s-1")
    assert event.links == [Link(LinkKind.IDENTIFY, "d-1", "u-1")]
    assert (event.address, event.agent) == ("198.51.100.7", "Mozilla/5.0 x")
    told = {
        "$current_url": "https://a.example/x?utm_source=news",
        "$pathname": "/x",
        "title": "页 🚀",
        "$referrer": "https://b.example/",
        "$screen_width": 1440,
        "$browser_language": "zh-CN",
        "$timezone": "Asia/Shanghai",
        "$anonymous_id": "d-1",
        "$session_index": 3,
        "contexts": [{"schema": "iglu:example.tea/shelf/jsonschema/1-0-0", "data": {"架": "上 🍵"}}],
    }
    assert {key: event.props.get(key) for key in told} == told
    assert "198.51.100.7" not in str(event.props)


def test_structured_events_and_screens_arrive(server: Live) -> None:
    client = tracker(server)
    client.track(StructuredEvent("cart", "add", "茶", "pcs", 2.5))
    client.track(ScreenView("id-1", "Home"))
    client.flush()
    struct, screen = server.kept(2)
    assert struct.name == "event"
    assert {k: struct.props[k] for k in ("category", "action", "label", "property", "value")} == {
        "category": "cart",
        "action": "add",
        "label": "茶",
        "property": "pcs",
        "value": 2.5,
    }
    assert (screen.name, screen.props["$screen_name"]) == ("$screen", "Home")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_an_order_and_its_items_are_told_apart_and_joined_by_its_number(server: Live) -> None:
    client = tracker(server)
    items = [{"sku": f"tea-{n}", "price": 5.5, "quantity": n, "name": "茶", "category": "tea"} for n in (1, 2)]
    client.track_ecommerce_transaction("o-1", 16.5, tax_value=1, shipping=2, city="北京", currency="CNY", items=items)
    client.flush()
    order, *lines = sorted(server.kept(3), key=lambda event: event.name)
    assert (order.name, order.props["order_id"], order.props["revenue"], order.props["currency"]) == (
        "transaction",
        "o-1",
        16.5,
        "CNY",
    )
    assert sorted((line.props["order_id"], line.props["items"][0]["quantity"]) for line in lines) == [
        ("o-1", 1),
        ("o-1", 2),
    ]


def test_a_true_time_of_the_past_stays_as_it_was(server: Live) -> None:
    client = tracker(server)
    client.track(SelfDescribing(SelfDescribingJson(SCHEMA, {}), true_timestamp=PAST_MS))
    client.flush()
    (event,) = server.kept(1)
    assert event.ts_ms == PAST_MS


def test_fifty_at_once_arrive_complete(server: Live) -> None:
    emitter = AsyncEmitter(server.base, batch_size=50)
    client = Tracker("sp", [emitter], Subject().set_user_id("u-1"), SENDER)
    for number in range(50):
        client.track(own({"n": number}))
    client.flush()
    assert sorted(event.props["n"] for event in server.kept(50)) == list(range(50))


@pytest.mark.parametrize("answers", [(500,), (429,), (503, RESET), (LOST,), (LOST, 500, LOST)])
def test_what_is_sent_again_is_one_event(server: Live, answers: tuple[int, ...]) -> None:
    outage = Outage(server, *answers)
    client = tracker(server)
    client.track(own({"n": 1}))
    client.track(own({"n": 2}))
    client.flush()
    wait_for(lambda: outage.requests > len(answers))
    assert sorted(event.props["n"] for event in server.kept(2)) == [1, 2]


def test_an_event_too_large_does_not_stop_those_behind_it(server: Live) -> None:
    outage = Outage(server)
    client = tracker(server)
    client.track(own({"big": "x" * (2 << 20)}))
    client.track(own({"n": 1}))
    client.flush()
    client.track(own({"n": 2}))
    client.flush()
    assert sorted(event.props["n"] for event in server.kept(2)) == [1, 2]
    assert [row[1] for row in server.refused(1)] == ["event.too_big"]
    assert outage.requests == 2


def test_a_payload_larger_than_any_body_may_be_does_not_stop_those_behind_it(server: Live) -> None:
    client = tracker(server, encode=False)
    client.track(own({"big": "x" * (21 << 20)}))
    client.flush()
    client.track(own({"n": 1}))
    client.flush()
    assert [event.props["n"] for event in server.kept(1)] == [1]
    # The name of the app stands behind the large value, where the collector does not look.
    assert [(row[1], row[4]["alias"]) for row in server.refused(1)] == [("body.too_big", "default")]


def wait_for(true: Callable[[], bool], timeout_s: float = 15.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not true() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert true()


@pytest.mark.parametrize("method", ["post", "get"])
def test_the_address_alone_may_say_whose_it_is(server: Live, method: Any) -> None:
    client = Tracker("sp", [Emitter(f"{server.base}/snowplow/{KEY}", method=method)], app_id="strange")
    client.track(own({"n": 1}))
    client.flush()
    assert [event.name for event in server.kept(1)] == ["feature_used"]
