"""mixpanel-browser, of today and of 2022, on a page of another origin, with nothing but the host changed."""

import json
from typing import Any

import pytest

from tests.collect.sdks.browser import Window
from tests.collect.sdks.outages import LOST, RESET, Outage
from tests.collect.sdks.packages import version
from tests.collect.sdks.values import IN_SCRIPTS
from yunying.events.event import Event, Link, LinkKind, Op, OpKind

pytestmark = pytest.mark.e2e

TODAY, OLD = "mixpanel-browser", "mixpanel-browser-2.45"
BOTH = pytest.mark.parametrize("package", [TODAY, OLD])
PAST_S = 1_600_000_000
SLOW = """
const real = Date.now, now = () => real() - 3600_000;
globalThis.Date = class extends Date {
  constructor(...given) { given.length ? super(...given) : super(now()); }
  static now = now;
};
"""


def visit(window: Window, package: str = TODAY, **options: Any) -> None:
    config = {"batch_flush_interval_ms": 200} | options
    snippet = f"mixpanel.init(KEY, {{api_host: HOST, ...{json.dumps(config)}}})"
    window.open(snippet, f"{package}/dist/mixpanel.umd.js", query="?utm_source=news&utm_campaign=%E6%98%A5")
    assert window.errors == []


def named(window: Window, *names: str) -> list[Event]:
    """The events that arrived, which are these and no others, in this order."""
    window.page.wait_for_timeout(600)
    events = [event for event in window.site.collector.kept(len(names)) if event.name != "$set"]
    assert sorted(event.name for event in events) == sorted(names)
    return sorted(events, key=lambda event: names.index(event.name))


@pytest.mark.parametrize("form", ["base64", "json"])
def test_a_page_view_of_nobody_yet(window: Window, form: str) -> None:
    visit(window, track_pageview=True, api_payload_format=form)
    (view,) = named(window, "$pageview")
    device = window.run("return mixpanel.get_property('$device_id')")
    assert view.distinct_id == f"$device:{device}" == window.run("return mixpanel.get_distinct_id()")
    assert view.props["$current_url"].startswith(f"{window.site.url}/?utm_source=news")
    assert (view.props["$pathname"], view.props["$host"], view.props["title"]) == ("/", "page.test", "A page 页")
    assert (view.props["utm_source"], view.props["utm_campaign"]) == ("news", "春")
    assert (view.props["$browser"], view.props["$os"], view.links) == ("Chrome", "Linux", [])
    assert view.library == f"web/{version(TODAY)}"
    assert view.address == "127.0.0.1"
    assert "Chrome/" in view.agent
    assert abs(view.received_ms - view.ts_ms) < 10_000


@BOTH
@pytest.mark.parametrize("batched", [True, False])
def test_an_event_arrives_with_everything_in_it(window: Window, package: str, batched: bool) -> None:
    visit(window, package, batch_requests=batched)
    window.run(f"mixpanel.track('下单 🚀', {json.dumps(IN_SCRIPTS)})")
    (event,) = named(window, "下单 🚀")
    # The SDK of 2022 leaves out what is null.
    wanted = {key: value for key, value in IN_SCRIPTS.items() if key in event.props or value is not None}
    assert {key: event.props[key] for key in wanted} == wanted
    assert event.library == f"web/{version(package)}"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_every_way_to_send_is_taken(window: Window, method: str) -> None:
    visit(window, batch_requests=False, api_method=method, ip=False)
    window.run("mixpanel.track('plain 🚀'); mixpanel.track('beacon', {}, {transport: 'sendBeacon'})")
    plain, beacon = named(window, "plain 🚀", "beacon")
    assert (plain.address, beacon.address) == ("", "")
    assert "Chrome/" in plain.agent


@BOTH
def test_signing_in_joins_the_device_and_signing_out_parts_with_it(window: Window, package: str) -> None:
    visit(window, package)
    first = window.run("mixpanel.track('before'); return mixpanel.get_distinct_id()")
    window.run("mixpanel.identify('user-1'); mixpanel.track('after')")
    second = window.run("mixpanel.reset(); mixpanel.track('parted'); return mixpanel.get_distinct_id()")
    before, identified, after, parted = named(window, "before", "$identify", "after", "parted")
    assert (before.distinct_id, parted.distinct_id) == (first, second)
    assert first != second
    assert (identified.distinct_id, after.distinct_id) == ("user-1", "user-1")
    link = [Link(LinkKind.IDENTIFY, first, "user-1")]
    assert (before.links, identified.links, after.links, parted.links) == ([], link, link, [])


def test_an_alias(window: Window) -> None:
    visit(window)
    device = window.run("const device = mixpanel.get_distinct_id(); mixpanel.alias('user-1'); return device")
    alias = next(event for event in window.site.collector.kept(1) if event.name == "$create_alias")
    assert alias.links == [Link(LinkKind.ALIAS, "user-1", device)]


def test_profiles_change(window: Window) -> None:
    visit(window)
    window.run(
        "mixpanel.identify('user-1');"
        "const {people} = mixpanel;"
        "people.set({plan: '专业 🚀'}); people.set_once('first', 'web'); people.increment('orders', -2);"
        "people.append('tags', 'a'); people.union('more', ['a', 'b']); people.remove('tags', 'b'); people.unset('old');"
    )
    window.page.wait_for_timeout(600)
    window.run("mixpanel.people.delete_user()")
    events = [event for event in window.site.collector.kept(10) if event.name == "$set"]
    assert {event.distinct_id for event in events} == {"user-1"}
    own = ("plan", "first", "orders", "tags", "more", "old", "")
    # The SDK queues them side by side, so in no order.
    assert {(op.kind, op.key, str(op.value)) for event in events for op in event.person_ops if op.key in own} == {
        (OpKind.SET, "plan", "专业 🚀"),
        (OpKind.SET_ONCE, "first", "web"),
        (OpKind.ADD, "orders", "-2"),
        (OpKind.APPEND, "tags", "a"),
        (OpKind.UNION, "more", "['a', 'b']"),
        (OpKind.REMOVE, "tags", "b"),
        (OpKind.UNSET, "old", "None"),
        (OpKind.CLEAR, "", "None"),
    }


@BOTH
def test_a_company_is_the_account(window: Window, package: str) -> None:
    visit(window, package)
    window.run(
        "mixpanel.set_group('company', 'acme'); mixpanel.get_group('company', 'acme').set({size: 12});"
        "mixpanel.track('order')"
    )
    events = {event.name: event for event in window.site.collector.kept(2)}
    assert (events["order"].account, events["$groupidentify"].account) == ("acme", "acme")
    assert events["$groupidentify"].account_ops == [Op(OpKind.SET, "size", 12)]


def test_a_past_time_stays_as_it_was(window: Window) -> None:
    visit(window)
    window.run(f"mixpanel.track('older', {{time: {PAST_S}}})")
    assert [event.ts_ms for event in named(window, "older")] == [PAST_S * 1000]


def test_a_clock_that_is_wrong_is_corrected(window: Window) -> None:
    window.context.add_init_script(SLOW)
    visit(window)
    window.run("mixpanel.track('order')")
    (event,) = named(window, "order")
    assert abs(event.received_ms - event.ts_ms) < 10_000


@BOTH
def test_a_batch_arrives_whole(window: Window, package: str) -> None:
    outage = Outage(window.site.collector)
    visit(window, package, batch_flush_interval_ms=1_000)
    window.run("for (let n = 0; n < 50; n++) mixpanel.track('step', {n})")
    events = window.site.collector.kept(50)
    assert sorted(event.props["n"] for event in events) == list(range(50))
    assert outage.requests < 25  # how many depends on how busy the browser is


def test_what_is_held_is_sent_when_the_page_is_left(window: Window) -> None:
    visit(window, batch_flush_interval_ms=60_000)
    window.run("mixpanel.track('last')")
    window.page.wait_for_timeout(300)
    window.leave()
    named(window, "last")


@pytest.mark.parametrize("answers", [(500,), (429, 503), (500, 500)])
def test_after_an_outage_there_is_one_copy(window: Window, answers: tuple[int, ...]) -> None:
    outage = Outage(window.site.collector, *answers)
    visit(window)
    window.run("mixpanel.track('order')")
    named(window, "order")
    window.page.wait_for_timeout(600)
    assert outage.requests == len(answers) + 1
    assert len(window.site.collector.kept(1)) == 1


@pytest.mark.parametrize("answer", [RESET, LOST])
def test_after_a_cut_connection_there_is_never_a_second_copy(window: Window, answer: int) -> None:
    # The SDK itself does not send again; the browser may, where a connection breaks that was in use before.
    Outage(window.site.collector, answer)
    visit(window)
    window.run("mixpanel.track('order')")
    window.page.wait_for_timeout(1_500)
    events = window.site.collector.kept(2, timeout_s=0)
    assert len(events) == 1 if answer == LOST else len(events) <= 1


def test_what_is_too_large_comes_in_halves(window: Window) -> None:
    Outage(window.site.collector, 413)
    visit(window, batch_flush_interval_ms=500)
    window.run("for (let n = 0; n < 10; n++) mixpanel.track('step', {n})")
    assert sorted(event.props["n"] for event in window.site.collector.kept(10)) == list(range(10))


def test_a_wrong_token_is_dropped_at_once(window: Window) -> None:
    outage = Outage(window.site.collector)
    window.open(
        "mixpanel.init('wrong', {api_host: HOST, batch_flush_interval_ms: 100}); mixpanel.track('a')",
        f"{TODAY}/dist/mixpanel.umd.js",
    )
    window.page.wait_for_timeout(1_000)
    assert outage.requests == 1


def test_nothing_goes_to_the_maker(window: Window) -> None:
    asked: set[str] = set()
    window.page.on("request", lambda request: asked.add(request.url.split("?")[0]))
    visit(window, track_pageview=True, flags=True, remote_settings_mode="fallback")
    named(window, "$pageview")
    assert {url for url in asked if "page.test" not in url} == {
        f"{window.site.host}/{path}" for path in ("track/", "flags/", "settings/")
    }
    assert window.run("return await mixpanel.flags.get_variant_value('x', 'off')") == "off"
