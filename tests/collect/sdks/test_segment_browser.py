"""@segment/analytics-next in a real browser, the collector on another origin, with nothing but the hosts changed."""

import pytest

from tests.collect.sdks.browser import Window
from tests.collect.sdks.outages import LOST, RESET, Outage
from tests.collect.sdks.packages import version
from tests.collect.sdks.words import PAST, PAST_MS, VALUES, kept_of
from yunying.events.event import LinkKind, Op, OpKind

pytestmark = [pytest.mark.e2e, pytest.mark.long]

SCRIPT = "@segment/analytics-next/dist/umd/index.js"
# The host of the events comes with the settings, which are asked for at `cdnURL`.
START = "window.analytics = AnalyticsNext.AnalyticsBrowser.load({ writeKey: KEY, cdnURL: HOST });"
PREFIX = START.replace("HOST", "HOST + '/segment'")
ONE_BY_ONE = START.replace(
    " });", " }, { integrations: { 'Segment.io': { deliveryStrategy: { strategy: 'standard' }}}});"
)


def say(window: Window, script: str, **given: object) -> None:
    window.page.evaluate(f"async (given) => {{ {script} }}", given)


@pytest.mark.parametrize("start", [START, ONE_BY_ONE, PREFIX], ids=["batched", "one by one", "prefix"])
def test_what_the_app_said_arrives(window: Window, start: str) -> None:
    window.open(start, SCRIPT, query="?utm_source=news")
    script = """
    await analytics.page("docs", "Home");
    await analytics.track("订单 🛒", given.values);
    await analytics.track("past", {}, { timestamp: given.past });
    await analytics.identify("u-1", { plan: "pro", 城市: "北京" });
    await analytics.alias("u-1", "anon-9");
    await analytics.group("acme", { size: 12 });
    """
    say(window, script, values=VALUES, past=PAST)
    collector = window.site.collector
    events = collector.named(
        "$pageview", "订单 🛒", "past", "$identify", "$create_alias", "$groupidentify", timeout_s=20
    )
    view, order, identify = events["$pageview"], events["订单 🛒"], events["$identify"]
    assert (view.props["name"], view.props["category"]) == ("Home", "docs")
    assert view.props["$current_url"] == window.site.url + "/?utm_source=news"
    assert (view.props["$pathname"], view.props["utm_source"], view.props["$timezone"]) == ("/", "news", "UTC")
    assert (view.address, view.agent.startswith("Mozilla/5.0")) == ("127.0.0.1", True)
    assert kept_of(order.props) == VALUES
    assert order.distinct_id == view.distinct_id == order.props["$anonymous_id"]
    assert order.library == f"analytics.js/next-{version('@segment/analytics-next')}"
    assert events["past"].ts_ms == PAST_MS
    assert identify.person_ops == [Op(OpKind.SET, "plan", "pro"), Op(OpKind.SET, "城市", "北京")]
    assert [(k.kind, k.source, k.target) for k in identify.links] == [(LinkKind.IDENTIFY, view.distinct_id, "u-1")]
    assert [(k.source, k.target) for k in events["$create_alias"].links] == [("anon-9", "u-1")]
    group = events["$groupidentify"]
    assert (group.account, group.account_ops) == ("acme", [Op(OpKind.SET, "size", 12)])
    assert collector.sink.refused() == []
    assert window.errors == []


def test_a_batch_of_fifty_arrives_complete_in_few_requests(window: Window) -> None:
    outage = Outage(window.site.collector)
    window.open(START, SCRIPT)
    say(window, "for (let n = 0; n < 50; n++) analytics.track('step', { n });")
    events = window.site.collector.kept(50, timeout_s=15)
    assert sorted(event.props["n"] for event in events) == list(range(50))
    assert outage.requests <= 5


@pytest.mark.parametrize("answers", [(500, RESET, LOST), (429, 503)], ids=["broken", "busy"])
def test_there_is_one_copy_after_every_retry(window: Window, answers: tuple[int, ...]) -> None:
    outage = Outage(window.site.collector, *answers)
    window.open(START, SCRIPT)
    say(window, "analytics.track('order', { n: 1 });")
    (event,) = window.site.collector.kept(1, timeout_s=20)
    window.page.wait_for_timeout(1500)
    assert event.props["n"] == 1
    assert {event.uuid for event in window.site.collector.sink.events()} == {event.uuid}
    assert outage.requests >= len(answers)


@pytest.mark.parametrize("status", [413, 401])
def test_what_cannot_be_taken_is_not_sent_again(window: Window, status: int) -> None:
    outage = Outage(window.site.collector, status)
    window.open(START, SCRIPT)
    say(window, "analytics.track('order', { n: 1 });")
    window.page.wait_for_timeout(6000)
    assert outage.requests == 1
    assert window.site.collector.sink.events() == []
