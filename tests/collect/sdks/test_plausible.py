"""The two trackers of Plausible in Chromium, with nothing but the host changed."""

import pytest
from playwright.sync_api import Route

from tests.collect.harness import SENDER, Live
from tests.collect.sdks.browser import Window
from tests.collect.sdks.outages import RESET, Outage
from tests.collect.sdks.packages import MODULES
from tests.collect.sdks.values import IN_SCRIPTS

pytestmark = pytest.mark.e2e

SDK = """
import { init, track } from "/sdk/@plausible-analytics/tracker/plausible.js";
window.track = track;
init({domain: SENDER, endpoint: HOST + "/api/event", autoCapturePageviews: false, outboundLinks: true});
"""
OLDER = """
import Plausible from "/sdk/plausible-tracker/build/module/index.js";
window.plausible = Plausible({domain: SENDER, apiHost: HOST});
window.ready = true;
"""


@pytest.fixture
def older(window: Window) -> Window:
    """A window with the older tracker; what it imports leaves the end of the file's name to a bundler."""
    folder = MODULES / "plausible-tracker/build/module/lib"

    def whole_name(route: Route) -> None:
        name = route.request.url.rpartition("/")[2]
        route.fulfill(body=(folder / f"{name}.js").read_text(), content_type="text/javascript")

    window.context.route("**/lib/*", whole_name)
    return window


def test_a_page_view_arrives_with_what_the_page_knows(window: Window) -> None:
    window.open(SDK, module=True, path="/茶", query="?utm_source=weibo&gclid=g1#top")
    window.run('await new Promise((callback) => track("pageview", {callback}))')
    (event,) = window.site.collector.kept(1)
    assert (event.name, event.protocol, event.library) == ("$pageview", "plausible", "plausible/36")
    assert event.distinct_id.startswith("visitor-")
    assert event.props["$current_url"].endswith("/%E8%8C%B6?utm_source=weibo&gclid=g1#top")
    assert event.props["domain"] == SENDER
    assert event.props["$host"] == window.site.url.removeprefix("https://")
    assert "Chrome/" in event.agent
    assert window.errors == []


def test_an_event_arrives_with_everything_in_it(window: Window) -> None:
    window.open(SDK, module=True)
    event = {"props": IN_SCRIPTS, "revenue": {"currency": "CNY", "amount": 25.5}, "interactive": False}
    window.page.evaluate("(e) => new Promise((callback) => track('购买 🍵', {...e, callback}))", event)
    (event,) = window.site.collector.kept(1)
    assert event.name == "购买 🍵"
    assert {key: event.props.get(key) for key in IN_SCRIPTS} == IN_SCRIPTS
    assert (event.props["revenue"], event.props["currency"], event.props["interactive"]) == (25.5, "CNY", False)


def test_fifty_events_and_equal_ones_are_all_there_and_of_one_visitor(window: Window) -> None:
    window.open(SDK, module=True)
    window.run(
        "const one = (n) => new Promise((callback) => track('step', {props: {n: n % 25}, callback}));"
        "await Promise.all(Array.from({length: 50}, (_, n) => one(n)))"
    )
    events = window.site.collector.kept(50)
    assert sorted(event.props["n"] for event in events) == sorted(n % 25 for n in range(50))
    assert len({event.distinct_id for event in events}) == 1


def test_how_long_somebody_stayed_and_where_they_went(window: Window) -> None:
    window.open(SDK, module=True, body='<a id="out" href="https://other.example/x" target="_blank">out</a>')
    window.run('await new Promise((callback) => track("pageview", {callback}))')
    window.run('document.getElementById("out").dispatchEvent(new MouseEvent("click", {bubbles: true}))')
    window.leave()
    events = {event.name: event for event in window.site.collector.kept(3)}
    assert events["Outbound Link: Click"].props["url"] == "https://other.example/x"
    assert events["$pageleave"].props["$scroll_depth"] == 100
    assert events["$pageleave"].props["$duration_ms"] >= 0


@pytest.mark.parametrize(("answer", "heard"), [(500, {"status": 500}), (200, {"status": 202})])
def test_the_page_hears_what_became_of_it_and_nothing_is_sent_again(window: Window, answer: int, heard: object) -> None:
    outage = Outage(window.site.collector, answer)
    window.open(SDK, module=True)
    assert window.run('return await new Promise((callback) => track("step", {callback}))') == heard
    assert outage.requests == 1


def test_after_a_cut_connection_only_the_browser_tries_again(window: Window) -> None:
    outage = Outage(window.site.collector, RESET)
    window.open(SDK, module=True)
    window.run('await new Promise((callback) => track("step", {callback}))')
    assert outage.requests <= 2
    assert len(window.site.collector.kept(outage.requests - 1)) == outage.requests - 1


def test_the_older_tracker_sends_its_properties_as_a_text(older: Window) -> None:
    older.open(OLDER, module=True, query="?utm_source=weibo")
    older.page.wait_for_function("window.ready")
    older.page.evaluate(
        "(props) => new Promise((callback) => plausible.trackEvent('购买 🍵', {props, callback}))", IN_SCRIPTS
    )
    older.run("await new Promise((callback) => plausible.trackPageview({}, {callback}))")
    events = {event.name: event for event in older.site.collector.kept(2)}
    assert {key: events["购买 🍵"].props.get(key) for key in IN_SCRIPTS} == IN_SCRIPTS
    page = events["$pageview"]
    assert page.props["$current_url"].endswith("/?utm_source=weibo")
    assert page.props["$viewport_width"] > 0
    assert page.distinct_id == events["购买 🍵"].distinct_id
    assert older.errors == []


def test_a_domain_nobody_has_claimed_hears_ok_and_waits_in_the_quarantine(server: Live) -> None:
    answer = server.send("/api/event", {"n": "pageview", "u": "https://a.example/", "d": "a.example"})
    assert (answer.status, answer.body) == (202, b"ok")
    ((_, code, _, protocol, data),) = server.refused(1)
    assert (code, protocol, data["alias"]) == ("alias.unknown", "plausible", "a.example")
    assert data["visitor"].startswith("visitor-")


def test_a_visitor_is_another_on_another_site_and_with_another_browser(server: Live) -> None:
    for agent in ("Mozilla/5.0 (X11)", "Mozilla/5.0 (Windows)"):
        for site in ("a.example", "b.example"):
            page = {"n": "pageview", "u": f"https://{site}/", "d": site}
            server.send("/plausible/tea/api/event", page, user_agent=agent)
    assert len({event.distinct_id for event in server.kept(4)}) == 4


@pytest.mark.parametrize("body", [b"{", b"[1]", {"n": 5, "d": SENDER}, {"n": "a", "p": "{", "d": SENDER}])
def test_rubbish_is_answered_and_kept(server: Live, body: object) -> None:
    assert server.send("/api/event", body).status in (202, 400)
