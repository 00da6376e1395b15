"""amplitude-js 8, which posts a form to the root of its host, on a page of another origin."""

import json
from typing import Any

import pytest

from tests.collect.sdks.browser import Window
from tests.collect.sdks.outages import LOST, RESET, Outage
from tests.collect.sdks.packages import version
from tests.collect.sdks.values import IN_SCRIPTS
from yunying.events.event import Event, Link, LinkKind, Op, OpKind

pytestmark = pytest.mark.e2e

PAST_MS = 1_600_000_000_123


def visit(window: Window, key: str = "KEY", user: str | None = None, **options: Any) -> None:
    snippet = (
        f"amplitude.getInstance().init({key}, {json.dumps(user)},"
        f" {{apiEndpoint: HOST.split('://')[1], ...{json.dumps(options)}}});"
        "window.app = amplitude.getInstance()"
    )
    window.open(snippet, "amplitude-js/amplitude.umd.min.js", query="?utm_source=news")
    assert window.errors == []


def kept(window: Window, *names: str) -> list[Event]:
    """The events that arrived, which are these and no others, in this order."""
    window.page.wait_for_timeout(300)
    events = window.site.collector.kept(len(names))
    assert sorted(event.name for event in events) == sorted(names)
    return sorted(events, key=lambda event: names.index(event.name))


def test_an_event_of_nobody_yet_arrives_with_everything_in_it(window: Window) -> None:
    visit(window)
    window.run(f"app.logEvent('下单 🚀', {json.dumps(IN_SCRIPTS)})")
    (event,) = kept(window, "下单 🚀")
    # The SDK leaves out null, also in lists, and lists in lists.
    wanted = {key: value for key, value in IN_SCRIPTS.items() if value is not None and key != "list"}
    assert {key: event.props[key] for key in wanted} == wanted
    assert (event.distinct_id, event.links) == (window.run("return app.options.deviceId"), [])
    assert event.library == f"amplitude-js/{version('amplitude-js')}"
    assert event.address == "127.0.0.1"
    assert "Chrome/" in event.agent
    assert event.props["$browser"] == "Chrome"
    assert abs(event.received_ms - event.ts_ms) < 10_000


def test_signing_in_joins_the_device_and_signing_out_parts_with_it(window: Window) -> None:
    visit(window)
    first = window.run("app.logEvent('before'); return app.options.deviceId")
    window.run("app.setUserId('user-1'); app.logEvent('after')")
    second = window.run(
        "app.setUserId(null); app.regenerateDeviceId(); app.logEvent('parted'); return app.options.deviceId"
    )
    before, after, parted = kept(window, "before", "after", "parted")
    assert (before.distinct_id, after.distinct_id, parted.distinct_id) == (first, "user-1", second)
    assert first != second
    assert [event.links for event in (before, after, parted)] == [[], [Link(LinkKind.IDENTIFY, first, "user-1")], []]


def test_users_and_groups_change_and_money_is_counted(window: Window) -> None:
    visit(window, user="user-1")
    window.run(
        "app.identify(new amplitude.Identify().set('plan', '专业 🚀').setOnce('first', 'web').add('orders', -2)"
        ".append('a', '1').prepend('b', '1').preInsert('c', '1').postInsert('d', '1').remove('e', '1').unset('f'));"
        "app.groupIdentify('company', 'acme', new amplitude.Identify().set('size', 12));"
        "app.logRevenueV2(new amplitude.Revenue().setProductId('茶').setPrice(9.99).setQuantity(3));"
        "app.logRevenue(1.5, 2, 'cup')"
    )
    change, group, money, older = kept(window, "$set", "$groupidentify", "revenue_amount", "revenue_amount")
    assert {op.kind for op in change.person_ops} == set(OpKind) - {OpKind.CLEAR}
    assert (group.account, group.account_ops) == ("acme", [Op(OpKind.SET, "size", 12)])
    assert (money.props["revenue"], money.props["product_id"]) == (29.97, "茶")
    assert (older.props["revenue"], older.props["product_id"]) == (3, "cup")


def test_a_past_time_stays_as_it_was(window: Window) -> None:
    visit(window)
    window.run(f"app.logEventWithTimestamp('older', {{}}, {PAST_MS})")
    assert [event.ts_ms for event in kept(window, "older")] == [PAST_MS]


def test_a_batch_arrives_whole(window: Window) -> None:
    outage = Outage(window.site.collector)
    visit(window, batchEvents=True, eventUploadThreshold=50)
    window.run("for (let n = 0; n < 50; n++) app.logEvent('step', {n})")
    events = window.site.collector.kept(50)
    assert sorted(event.props["n"] for event in events) == list(range(50))
    assert outage.requests == 1


@pytest.mark.parametrize("answers", [(500,), (429,), (401,), (RESET,), (LOST,)])
def test_what_failed_comes_with_the_next_event_and_once(window: Window, answers: tuple[int, ...]) -> None:
    Outage(window.site.collector, *answers)
    visit(window)
    window.run("app.logEvent('order')")
    window.page.wait_for_timeout(300)
    window.run("app.logEvent('later')")
    kept(window, "order", "later")


def test_what_is_too_large_comes_in_halves(window: Window) -> None:
    outage = Outage(window.site.collector, 413)
    visit(window, batchEvents=True, eventUploadThreshold=10, eventUploadPeriodMillis=500)
    window.run("for (let n = 0; n < 10; n++) app.logEvent('step', {n})")
    assert sorted(event.props["n"] for event in window.site.collector.kept(10)) == list(range(10))
    assert outage.requests == 3


def test_one_event_that_cannot_be_used_does_not_stop_the_others(window: Window) -> None:
    visit(window)
    window.run("app.logEvent('x'.repeat(300))")
    window.page.wait_for_timeout(300)
    window.run("app.logEvent('order')")
    kept(window, "order")
    assert [code for _, code, *_ in window.site.collector.refused(1)] == ["event.name_too_long"]


def test_a_beacon_is_taken(window: Window) -> None:
    visit(window, transport="beacon")
    window.run("app.logEvent('last')")
    kept(window, "last")
