"""@snowplow/browser-tracker in Chromium with nothing but the address changed."""

import json
from typing import Any

import pytest

from tests.collect.sdks.browser import Window
from tests.collect.sdks.outages import LOST, RESET, Outage
from tests.collect.sdks.values import IN_SCRIPTS
from yunying.events.event import Link, LinkKind

pytestmark = pytest.mark.e2e

SCRIPT = "@snowplow/browser-tracker/dist/index.umd.min.js"
SCHEMA = "iglu:example.tea/feature_used/jsonschema/1-0-0"


def start(window: Window, then: str = "", *, query: str = "", **options: Any) -> None:
    given = {"contexts": {"webPage": True, "session": True}} | options
    window.open(
        "window.snowplow = snowplowBrowserTracking;"
        f"snowplow.newTracker('sp', HOST, Object.assign({json.dumps(given)}, {{appId: SENDER}}));"
        f"window.own = (data) => snowplow.trackSelfDescribingEvent({{event: {{schema: '{SCHEMA}', data}}}});" + then,
        SCRIPT,
        query=query,
    )


@pytest.mark.parametrize(
    "options", [{}, {"eventMethod": "get"}, {"encodeBase64": False}, {"postPath": "/com.example/track"}]
)
def test_a_page_view_and_an_event_arrive_with_everything_in_them(window: Window, options: dict[str, Any]) -> None:
    start(window, "snowplow.trackPageView();", query="?utm_source=news", **options)
    window.run(f"own({json.dumps(IN_SCRIPTS)})")
    events = {event.name: event for event in window.site.collector.kept(2)}
    view, own = events["$pageview"], events["feature_used"]
    told = {key: value for key, value in IN_SCRIPTS.items() if value is not None}
    assert {key: own.props.get(key) for key in told} == told
    assert view.props["$current_url"] == f"{window.site.url}/?utm_source=news"
    assert view.props["title"] == "A page 页"
    assert view.props["$browser_language"] == "zh-CN"
    assert view.props["$page_view_id"] == own.props["$page_view_id"]
    assert view.distinct_id == own.distinct_id != ""
    assert view.session == own.session != ""
    assert view.library.startswith("snowplow-js-")
    assert (view.address, view.agent.startswith("Mozilla/5.0")) == ("127.0.0.1", True)
    assert window.errors == []


def test_a_known_user_is_joined_with_the_browser(window: Window) -> None:
    start(window, "snowplow.setUserId('u-1'); snowplow.trackPageView();")
    (event,) = window.site.collector.kept(1)
    browser = event.props["$anonymous_id"]
    assert (event.distinct_id, event.links) == ("u-1", [Link(LinkKind.IDENTIFY, browser, "u-1")])


def test_structured_events_and_pings_arrive(window: Window) -> None:
    start(
        window,
        "snowplow.enableActivityTracking({minimumVisitLength: 1, heartbeatDelay: 1});"
        "snowplow.trackPageView();"
        "snowplow.trackStructEvent({category: 'cart', action: 'add', label: '茶', property: 'pcs', value: 2.5});",
    )
    for step in range(6):
        window.page.mouse.move(10, 10 + step)
        window.page.wait_for_timeout(300)
    events = {event.name: event for event in window.site.collector.kept(3)}
    told = {"category": "cart", "action": "add", "label": "茶", "property": "pcs", "value": 2.5}
    assert {key: events["event"].props[key] for key in told} == told
    assert events["page_ping"].props["$page_view_id"] == events["$pageview"].props["$page_view_id"]


def test_who_asked_to_stay_unknown_does(window: Window) -> None:
    start(
        window,
        "snowplow.trackPageView(); own({});",
        anonymousTracking={"withServerAnonymisation": True},
        stateStorageStrategy="none",
    )
    view, own = window.site.collector.kept(2)
    assert view.address == own.address == ""
    assert view.distinct_id == own.distinct_id
    assert view.distinct_id == f"anonymous-{view.props['$page_view_id']}"


def test_fifty_arrive_complete(window: Window) -> None:
    start(window, bufferSize=50)
    window.run("for (let n = 0; n < 50; n++) own({n});")
    assert sorted(event.props["n"] for event in window.site.collector.kept(50)) == list(range(50))


@pytest.mark.parametrize("answers", [(500,), (429,), (503, RESET), (LOST,)])
def test_what_is_sent_again_is_one_event(window: Window, answers: tuple[int, ...]) -> None:
    collector = window.site.collector
    outage = Outage(collector, *answers)
    start(window)
    for number in range(1, 5):
        window.run(f"own({{n: {number}}})")
        window.page.wait_for_timeout(500)
    window.run("snowplow.flushBuffer()")
    assert sorted(event.props["n"] for event in collector.kept(4)) == [1, 2, 3, 4]
    assert outage.requests > len(answers)


def test_an_event_too_large_does_not_stop_those_behind_it(window: Window) -> None:
    start(window, encodeBase64=False, maxPostBytes=8 << 20)
    window.run("own({big: 'x'.repeat(2 << 20)}); own({n: 1});")
    collector = window.site.collector
    assert [event.props["n"] for event in collector.kept(1)] == [1]
    assert [row[1] for row in collector.refused(1)] == ["event.too_big"]


@pytest.mark.parametrize("method", ["post", "get", "beacon"])
def test_the_address_alone_may_say_whose_it_is(window: Window, method: str) -> None:
    window.open(
        "snowplowBrowserTracking.newTracker('sp', HOST + '/snowplow/' + KEY,"
        f" {{appId: 'strange', eventMethod: '{method}'}}); snowplowBrowserTracking.trackPageView();",
        SCRIPT,
    )
    assert [event.name for event in window.site.collector.kept(1)] == ["$pageview"]
