"""sa-sdk-javascript in Chromium with nothing but the address changed."""

import json
from typing import Any

import pytest

from tests.collect.sdks.browser import Window
from tests.collect.sdks.outages import RESET, Outage
from yunying.events.event import Event, Link, LinkKind, Op, OpKind

pytestmark = pytest.mark.e2e

SCRIPT = "sa-sdk-javascript/sensorsdata.min.js"
GIVEN: dict[str, Any] = {
    "text": "北京 🚀 𠮷 é",
    "whole": 9007199254740991,
    "fraction": -0.125,
    "yes": True,
    "list": ["a", "二", "🍵"],
}


def start(window: Window, then: str = "", *, query: str = "", **options: Any) -> None:
    given = {"is_track_single_page": False, "show_log": False, "heatmap": None} | options
    window.open(
        "window.sensors = window.sensorsDataAnalytic201505;"
        f"sensors.init(Object.assign({json.dumps(given)}, {{server_url: HOST + '/sa?project=' + SENDER}}));" + then,
        SCRIPT,
        query=query,
    )


def named(events: list[Event], name: str) -> Event:
    return next(event for event in events if event.name == name)


@pytest.mark.parametrize("send_type", ["image", "ajax", "beacon"])
def test_a_page_view_and_an_event_arrive_with_everything_in_them(window: Window, send_type: str) -> None:
    start(window, "sensors.quick('autoTrack');", query="?utm_source=news", send_type=send_type)
    window.run(f"sensors.track('OrderPaid', {json.dumps(GIVEN)})")
    collector = window.site.collector
    events = collector.kept(3)
    view, order = named(events, "$pageview"), named(events, "OrderPaid")
    assert {key: order.props[key] for key in GIVEN} == GIVEN
    assert view.props["$current_url"] == f"{window.site.url}/?utm_source=news"
    host = window.site.url.removeprefix("https://")
    assert (view.props["title"], view.props["$pathname"], view.props["$host"]) == ("A page 页", "/", host)
    assert view.distinct_id == order.distinct_id == window.run("return sensors.store.getDistinctId()")
    assert view.library.startswith("sensors-js/")
    assert (view.address, view.agent.startswith("Mozilla/5.0")) == ("127.0.0.1", True)
    assert window.errors == []


def test_a_login_joins_the_visitor_and_profiles_change(window: Window) -> None:
    start(window, send_type="ajax")
    visitor = window.run("return sensors.store.getDistinctId()")
    window.run("""
      sensors.login("u-1");
      sensors.setProfile({plan: "专业 🚀"});
      sensors.setOnceProfile({first: "web"});
      sensors.incrementProfile({orders: 2});
      sensors.appendProfile({films: ["a"]});
      sensors.unsetProfile(["plan"]);
      sensors.track("After", {});
      sensors.deleteProfile();
    """)
    events = window.site.collector.kept(8)
    signed = named(events, "$identify")
    assert (signed.distinct_id, signed.links) == ("u-1", [Link(LinkKind.IDENTIFY, visitor, "u-1")])
    after = named(events, "After")
    assert (after.distinct_id, after.links) == ("u-1", [])
    own = [op for event in events for op in event.person_ops if not op.key.startswith("$")]
    assert sorted(own, key=lambda op: op.kind) == sorted(
        [
            Op(OpKind.SET, "plan", "专业 🚀"),
            Op(OpKind.SET_ONCE, "first", "web"),
            Op(OpKind.ADD, "orders", 2),
            Op(OpKind.APPEND, "films", ["a"]),
            Op(OpKind.UNSET, "plan"),
            Op(OpKind.CLEAR, ""),
        ],
        key=lambda op: op.kind,
    )


def test_a_bind_joins_and_an_unbind_is_noted(window: Window) -> None:
    start(window, send_type="ajax")
    visitor = window.run("return sensors.store.getDistinctId()")
    window.run("sensors.bind('$identity_mobile', '138'); sensors.unbind('$identity_mobile', '138');")
    bound, unbound = sorted(window.site.collector.kept(2), key=lambda event: event.name != "$identify")
    assert bound.distinct_id == visitor
    assert Link(LinkKind.ALIAS, "$identity_mobile+138", visitor) in bound.links
    assert (unbound.name, unbound.links) == ("$UnbindID", [])


def test_fifty_arrive_complete_and_as_they_were(window: Window) -> None:
    start(window, send_type="ajax")
    window.run("for (let n = 0; n < 50; n++) sensors.track('Step', {n});")
    events = window.site.collector.kept(50)
    assert sorted(event.props["n"] for event in events) == list(range(50))


@pytest.mark.parametrize("answer", [500, 429, 413, RESET])
def test_a_batch_that_fails_is_sent_again_and_is_one(window: Window, answer: int) -> None:
    outage = Outage(window.site.collector, answer, plain=True)
    start(window, send_type="ajax", batch_send={"datasend_timeout": 300, "send_interval": 300, "storage_length": 200})
    window.run("for (let n = 0; n < 5; n++) sensors.track('Step', {n});")
    events = [event for event in window.site.collector.kept(5, timeout_s=15) if event.name == "Step"]
    assert sorted(event.props["n"] for event in events) == [0, 1, 2, 3, 4]
    assert outage.requests >= 2


def test_a_past_time_stays_as_it_was(window: Window) -> None:
    start(window, send_type="ajax")
    window.run("sensors.track('Past', {$time: new Date(1600000000123)})")
    (past,) = [event for event in window.site.collector.kept(2, timeout_s=3) if event.name == "Past"]
    assert past.ts_ms == 1_600_000_000_123


def test_leaving_the_page_tells_how_long_it_was(window: Window) -> None:
    start(window, "sensors.quick('autoTrack');", send_type="beacon")
    window.site.collector.kept(1)
    window.leave()
    assert window.errors == []


@pytest.mark.parametrize("send_type", ["image", "ajax", "beacon"])
def test_the_address_alone_may_say_whose_it_is(window: Window, send_type: str) -> None:
    window.open(
        "window.sensors = window.sensorsDataAnalytic201505;"
        f"sensors.init({{server_url: HOST + '/sensors/' + KEY + '/sa', send_type: '{send_type}', heatmap: null}});"
        "sensors.track('A', {});",
        SCRIPT,
    )
    assert "A" in {event.name for event in window.site.collector.kept(2, timeout_s=3)}
