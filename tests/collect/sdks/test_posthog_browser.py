"""posthog-js of four generations in a real browser, the collector on another origin, nothing but the host changed."""

import pytest

from tests.collect.harness import KEY
from tests.collect.sdks.browser import Window
from tests.collect.sdks.outages import LOST, RESET, Outage
from tests.collect.sdks.packages import version
from tests.collect.sdks.words import PAST, PAST_MS, VALUES, kept_of
from yunying.events.event import LinkKind, Op, OpKind

pytestmark = [pytest.mark.e2e, pytest.mark.long]

GENERATIONS = ["posthog-js-1.57", "posthog-js-1.110", "posthog-js-1.218", "posthog-js"]
START = "posthog.init(KEY, { api_host: HOST });"


def open_page(window: Window, package: str, snippet: str = START, query: str = "") -> None:
    window.open(snippet, f"{package}/dist/array.full.js", query=query)


def say(window: Window, script: str, **given: object) -> None:
    window.page.evaluate(f"async (given) => {{ {script} }}", given)


@pytest.mark.parametrize("package", GENERATIONS)
def test_a_stranger_views_a_page(window: Window, package: str) -> None:
    open_page(window, package, query="?utm_source=news&gclid=g-1")
    stranger = window.run("return posthog.get_distinct_id()")
    window.site.collector.named("$pageview")
    window.leave()
    events = window.site.collector.named("$pageview", "$pageleave")
    view = events["$pageview"]
    assert view.distinct_id == events["$pageleave"].distinct_id == stranger
    assert view.props["$current_url"] == window.site.url + "/?utm_source=news&gclid=g-1"
    assert (view.props["$host"], view.props["$pathname"]) == (window.site.url.removeprefix("https://"), "/")
    assert view.library == f"web/{version(package)}"
    assert view.session
    assert view.address == "127.0.0.1"
    assert view.agent.startswith("Mozilla/5.0") and "Headless" not in view.agent
    assert "token" not in view.props and KEY not in str(view.props)
    assert window.errors == []
    assert window.site.collector.sink.refused() == []


@pytest.mark.parametrize("package", GENERATIONS)
def test_what_the_app_said_arrives(window: Window, package: str) -> None:
    open_page(window, package)
    stranger = window.run("return posthog.get_distinct_id()")
    script = """
    posthog.capture("订单 🛒", given.values);
    posthog.capture("past", {}, { timestamp: new Date(given.past) });
    posthog.identify("u-1", { plan: "pro", 城市: "北京" }, { first: "web" });
    posthog.alias("mail-1");
    posthog.group("company", "acme", { size: 12 });
    posthog.capture("after");
    """
    # Not by leaving: that breaks off requests that are under way, whatever the SDK.
    say(window, script, values=VALUES, past=PAST)
    events = window.site.collector.named(
        "订单 🛒", "past", "$identify", "$create_alias", "$groupidentify", "after", timeout_s=20
    )
    assert kept_of(events["订单 🛒"].props) == VALUES
    assert events["past"].ts_ms == PAST_MS
    identify = events["$identify"]
    assert [(link.kind, link.source, link.target) for link in identify.links] == [(LinkKind.IDENTIFY, stranger, "u-1")]
    assert {Op(OpKind.SET, "plan", "pro"), Op(OpKind.SET, "城市", "北京")} <= set(identify.person_ops)
    assert Op(OpKind.SET_ONCE, "first", "web") in identify.person_ops
    (link,) = events["$create_alias"].links
    assert {link.source, link.target} == {"u-1", "mail-1"}
    assert events["$groupidentify"].account_ops == [Op(OpKind.SET, "size", 12)]
    assert (events["after"].distinct_id, events["after"].account) == ("u-1", "acme")
    assert window.errors == []


@pytest.mark.parametrize("package", GENERATIONS)
def test_a_batch_of_fifty_arrives_complete(window: Window, package: str) -> None:
    open_page(window, package, "posthog.init(KEY, { api_host: HOST, capture_pageview: false });")
    window.run("for (let n = 0; n < 50; n++) posthog.capture('step', { n })")
    events = [event for event in window.site.collector.kept(50, timeout_s=15) if event.name == "step"]
    assert sorted(event.props["n"] for event in events) == list(range(50))


@pytest.mark.parametrize("package", GENERATIONS)
def test_there_is_one_copy_after_every_retry(window: Window, package: str) -> None:
    outage = Outage(window.site.collector, 503, RESET, LOST)
    open_page(window, package, "posthog.init(KEY, { api_host: HOST, capture_pageview: false });")
    window.run("posthog.capture('order', { n: 1 })")
    (event,) = window.site.collector.kept(1, timeout_s=30)
    window.page.wait_for_timeout(500)
    assert event.props["n"] == 1
    assert {event.uuid for event in window.site.collector.sink.events()} == {event.uuid}
    assert outage.requests >= 3


@pytest.mark.parametrize("package", GENERATIONS)
def test_nobody_is_asked_for_more_than_there_is(window: Window, package: str) -> None:
    """Flags, surveys, recordings: the answers keep the SDK from loading files that are not here."""
    failed: list[str] = []
    window.page.on("response", lambda answer: failed.append(answer.url) if answer.status >= 400 else None)
    open_page(window, package)
    window.page.wait_for_timeout(1500)
    assert [url for url in failed if not url.endswith("/favicon.ico")] == []
    assert window.run("return posthog.isFeatureEnabled('x') ?? false") is False
    assert window.errors == []


def test_a_visitor_without_cookies_has_an_id_of_the_day(window: Window) -> None:
    open_page(window, "posthog-js", "posthog.init(KEY, { api_host: HOST, cookieless_mode: 'always' });")
    window.run("posthog.capture('order')")
    window.site.collector.named("$pageview", "order")
    window.leave()
    events = window.site.collector.named("$pageview", "order", "$pageleave").values()
    (who,) = {event.distinct_id for event in events}
    assert who.startswith("visitor-")
    assert all(op.kind is not OpKind.SET for event in events for op in event.person_ops)


@pytest.mark.parametrize("package", GENERATIONS)
def test_the_protocol_may_stand_in_the_host(window: Window, package: str) -> None:
    open_page(window, package, "posthog.init(KEY, { api_host: HOST + '/posthog', capture_pageleave: false });")
    (view,) = window.site.collector.kept(1)
    assert (view.protocol, view.name) == ("posthog", "$pageview")
    assert window.errors == []


@pytest.mark.parametrize("package", ["posthog-js-1.57", "posthog-js"])
@pytest.mark.parametrize("status", [413, 401])
def test_what_cannot_be_taken_is_not_sent_again(window: Window, package: str, status: int) -> None:
    outage = Outage(window.site.collector, status)
    open_page(window, package, "posthog.init(KEY, { api_host: HOST, capture_pageview: false });")
    window.run("posthog.capture('order', { n: 1 })")
    window.page.wait_for_timeout(8000)
    assert outage.requests == 1
    assert window.site.collector.sink.events() == []
