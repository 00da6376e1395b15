"""@amplitude/analytics-browser on a page of another origin, with nothing but the address changed."""

import json
from typing import Any

import pytest

from tests.collect.sdks.browser import Window
from tests.collect.sdks.outages import LOST, RESET, Outage
from tests.collect.sdks.packages import version
from tests.collect.sdks.values import IN_SCRIPTS
from yunying.events.event import Event, Link, LinkKind, Op, OpKind

pytestmark = pytest.mark.e2e

PACKAGE = "@amplitude/analytics-browser"
SCRIPT = f"{PACKAGE}/lib/scripts/amplitude-min.umd.js"
PAST_MS = 1_600_000_000_123
# The three that would go to the vendor, and what it sends by itself.
QUIET = {"fetchRemoteConfig": False, "enableDiagnostics": False, "autocapture": False}


def visit(window: Window, path: str = "/2/httpapi", key: str = "KEY", **options: Any) -> None:
    config = json.dumps(QUIET | {"flushIntervalMillis": 100, "logLevel": 0} | options)
    snippet = f"window.ready = amplitude.init({key}, undefined, {{serverUrl: HOST + {path!r}, ...{config}}}).promise"
    window.open(snippet, SCRIPT, query="?utm_source=news&utm_campaign=%E6%98%A5")
    window.run("await window.ready; window.code = async (sent) => (await sent.promise).code")
    assert window.errors == []


def kept(window: Window, *names: str) -> list[Event]:
    """The events that arrived, which are these and no others, in this order."""
    window.page.wait_for_timeout(300)
    events = window.site.collector.kept(len(names))
    assert sorted(event.name for event in events) == sorted(names)
    return sorted(events, key=lambda event: names.index(event.name))


def test_a_page_view_of_nobody_yet(window: Window) -> None:
    visit(window, autocapture={"pageViews": True, "sessions": True, "attribution": True})
    device = window.run("return amplitude.getDeviceId()")
    view, _, campaign = kept(window, "$pageview", "session_start", "$set")
    assert (view.distinct_id, view.links) == (device, [])
    assert view.props["$current_url"].startswith(f"{window.site.url}/?utm_source=news")
    assert (view.props["$pathname"], view.props["$host"], view.props["title"]) == ("/", "page.test", "A page 页")
    assert (view.props["utm_source"], view.props["utm_campaign"]) == ("news", "春")
    assert view.library.endswith(f"/{version(PACKAGE)}")
    assert view.address == "127.0.0.1"
    assert "Chrome/" in view.agent
    assert view.session == f"{view.props['session_id']}-{device}"
    assert abs(view.received_ms - view.ts_ms) < 10_000
    assert Op(OpKind.SET_ONCE, "initial_utm_source", "news") in campaign.person_ops
    assert Op(OpKind.SET, "utm_campaign", "春") in campaign.person_ops


@pytest.mark.parametrize("transport", ["fetch", "xhr", "beacon"])
def test_an_event_arrives_with_everything_in_it(window: Window, transport: str) -> None:
    visit(window, transport=transport)
    assert window.run(f"return await code(amplitude.track('下单 🚀', {json.dumps(IN_SCRIPTS)}))") == 200
    (event,) = kept(window, "下单 🚀")
    assert {key: event.props[key] for key in IN_SCRIPTS} == IN_SCRIPTS


def test_a_body_in_gzip_is_taken(window: Window) -> None:
    visit(window, enableRequestBodyCompression=True)
    text = "长" * 5_000
    assert window.run(f"return await code(amplitude.track('long', {{text: {text!r}}}))") == 200
    assert [event.props["text"] for event in kept(window, "long")] == [text]


def test_signing_in_joins_the_device_and_signing_out_parts_with_it(window: Window) -> None:
    visit(window)
    first = window.run("amplitude.track('before'); return amplitude.getDeviceId()")
    window.run("amplitude.setUserId('user-1'); await code(amplitude.track('after'))")
    second = window.run("amplitude.reset(); await code(amplitude.track('parted')); return amplitude.getDeviceId()")
    before, after, parted = kept(window, "before", "after", "parted")
    assert (before.distinct_id, after.distinct_id, parted.distinct_id) == (first, "user-1", second)
    assert first != second
    assert [event.links for event in (before, after, parted)] == [[], [Link(LinkKind.IDENTIFY, first, "user-1")], []]


def test_users_and_groups_change_and_money_is_counted(window: Window) -> None:
    visit(window, userId="user-1")
    window.run(
        "await code(amplitude.identify(new amplitude.Identify().set('plan', '专业 🚀').setOnce('first', 'web')"
        ".add('orders', -2).preInsert('c', '1').postInsert('d', '1').remove('e', '1').unset('f')));"
        "await code(amplitude.setGroup('company', 'acme'));"
        "await code(amplitude.groupIdentify('company', 'acme', new amplitude.Identify().set('size', 12)));"
        "const money = new amplitude.Revenue().setProductId('茶').setPrice(9.99).setQuantity(3);"
        "await code(amplitude.revenue(money))"
    )
    change, joined, group, money = kept(window, "$set", "$set", "$groupidentify", "revenue_amount")
    assert {(op.kind, op.key) for op in change.person_ops} == {
        (OpKind.SET, "plan"),
        (OpKind.SET_ONCE, "first"),
        (OpKind.ADD, "orders"),
        (OpKind.UNION_FIRST, "c"),
        (OpKind.UNION, "d"),
        (OpKind.REMOVE, "e"),
        (OpKind.UNSET, "f"),
    }
    assert (joined.account, joined.person_ops) == ("acme", [Op(OpKind.SET, "company", "acme")])
    assert (group.account, group.account_ops) == ("acme", [Op(OpKind.SET, "size", 12)])
    assert (money.props["revenue"], money.props["product_id"]) == (29.97, "茶")


def test_a_past_time_stays_as_it_was(window: Window) -> None:
    visit(window)
    window.run(f"await code(amplitude.track('older', {{}}, {{time: {PAST_MS}}}))")
    assert [event.ts_ms for event in kept(window, "older")] == [PAST_MS]


def test_an_address_that_is_not_to_be_told_is_not(window: Window) -> None:
    visit(window, trackingOptions={"ipAddress": False})
    window.run("await code(amplitude.track('a'))")
    assert [event.address for event in kept(window, "a")] == [""]


@pytest.mark.parametrize("path", ["/2/httpapi", "/batch", "/amplitude/tea/batch"])
def test_a_batch_arrives_whole(window: Window, path: str) -> None:
    outage = Outage(window.site.collector)
    visit(window, path, flushQueueSize=50, flushIntervalMillis=1_000)
    window.run("await Promise.all(Array.from({length: 50}, (_, n) => amplitude.track('step', {n}).promise));")
    events = window.site.collector.kept(50)
    assert sorted(event.props["n"] for event in events) == list(range(50))
    assert outage.requests == 1


@pytest.mark.parametrize("answers", [(500,), (429, 503), (RESET, RESET), (LOST,)])
def test_after_an_outage_there_is_one_copy(window: Window, answers: tuple[int, ...]) -> None:
    outage = Outage(window.site.collector, *answers)
    visit(window)
    assert window.run("return await code(amplitude.track('order'))") == 200
    kept(window, "order")
    assert outage.requests >= len(answers) + 1


def test_what_is_too_large_comes_in_halves(window: Window) -> None:
    Outage(window.site.collector, 413)
    visit(window, flushQueueSize=10, flushIntervalMillis=300)
    window.run("for (let n = 0; n < 10; n++) amplitude.track('step', {n})")
    assert sorted(event.props["n"] for event in window.site.collector.kept(10)) == list(range(10))


def test_a_wrong_key_and_unusable_events_stop_at_once(window: Window) -> None:
    outage = Outage(window.site.collector)
    visit(window, key="'wrong'")
    assert window.run("return await code(amplitude.track('order'))") == 401
    visit(window)
    assert window.run("return await code(amplitude.track('x'.repeat(300)))") == 400
    assert outage.requests == 2
    assert [code for _, code, *_ in window.site.collector.refused(1)] == ["event.name_too_long"]


def test_nothing_goes_to_the_maker(window: Window) -> None:
    asked: set[str] = set()
    window.page.on("request", lambda request: asked.add(request.url.split("?")[0]))
    visit(window, autocapture=True)
    window.run("await code(amplitude.track('a'))")
    assert {url for url in asked if "page.test" not in url} == {f"{window.site.host}/2/httpapi"}
