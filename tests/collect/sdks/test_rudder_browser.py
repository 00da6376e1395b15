"""@rudderstack/analytics-js in a real browser, the collector on another origin, with nothing but the hosts changed."""

import pytest

from tests.collect.sdks.browser import Window
from tests.collect.sdks.outages import LOST, RESET, Outage
from tests.collect.sdks.packages import version
from tests.collect.sdks.words import PAST, PAST_MS, VALUES, kept_of
from yunying.events.event import LinkKind, Op, OpKind

pytestmark = [pytest.mark.e2e, pytest.mark.long]

# The other build loads its plugins from the vendor.
SCRIPT = "@rudderstack/analytics-js/dist/npm/modern/bundled/umd/index.js"
START = """
const { RudderAnalytics } = window.rudderanalytics;
window.client = new RudderAnalytics();
client.load(KEY, HOST + PREFIX, { configUrl: HOST + PREFIX, ...OPTIONS });
window.ready = new Promise((done) => client.ready(done));
"""


def open_page(window: Window, options: str = "{}", query: str = "", prefix: str = "") -> None:
    window.open(f"const OPTIONS = {options}, PREFIX = '{prefix}';" + START, SCRIPT, query=query)


def say(window: Window, script: str, **given: object) -> None:
    window.page.evaluate(f"async (given) => {{ await window.ready; {script} }}", given)


@pytest.mark.parametrize(
    ("options", "prefix"),
    [("{}", ""), ("{ useBeacon: true }", ""), ("{}", "/rudder")],
    ids=["one by one", "beacon", "prefix"],
)
def test_what_the_app_said_arrives(window: Window, options: str, prefix: str) -> None:
    outside: list[str] = []
    window.page.on("request", lambda asked: outside.append(asked.url) if ".test:" not in asked.url else None)
    open_page(window, options, query="?utm_source=news", prefix=prefix)
    script = """
    client.page("docs", "Home");
    client.track("订单 🛒", given.values);
    client.track("past", {}, { originalTimestamp: given.past });
    client.identify("u-1", { plan: "pro", 城市: "北京" });
    client.track("later");
    client.alias("u-1", "anon-9");
    client.group("acme", { size: 12 });
    """
    say(window, script, values=VALUES, past=PAST)
    if "useBeacon" in options:
        window.page.wait_for_timeout(500)
        window.leave()  # the beacon is what this is about; requests of another kind would be broken off by it
    collector = window.site.collector
    events = collector.named(
        "$pageview", "订单 🛒", "past", "$identify", "later", "$create_alias", "$groupidentify", timeout_s=20
    )
    view, order, identify = events["$pageview"], events["订单 🛒"], events["$identify"]
    assert (view.protocol, view.props["name"], view.props["category"]) == ("rudder", "Home", "docs")
    assert view.props["$current_url"] == window.site.url + "/?utm_source=news"
    assert (view.props["$pathname"], view.props["utm_source"]) == ("/", "news")
    assert (view.address, view.agent.startswith("Mozilla/5.0")) == ("127.0.0.1", True)
    assert view.session
    # The SDK itself leaves out what is null.
    assert kept_of(order.props) == VALUES | {"nothing": "missing"}
    assert order.distinct_id == view.distinct_id == order.props["$anonymous_id"]
    assert order.library == f"RudderLabs JavaScript SDK/{version('@rudderstack/analytics-js')}"
    assert events["past"].ts_ms == PAST_MS
    assert identify.person_ops == [Op(OpKind.SET, "plan", "pro"), Op(OpKind.SET, "城市", "北京")]
    assert [(k.kind, k.source, k.target) for k in identify.links] == [(LinkKind.IDENTIFY, view.distinct_id, "u-1")]
    assert (events["later"].distinct_id, events["later"].person_ops) == ("u-1", [])
    assert [(k.source, k.target) for k in events["$create_alias"].links] == [("anon-9", "u-1")]
    group = events["$groupidentify"]
    assert (group.account, group.account_ops) == ("acme", [Op(OpKind.SET, "size", 12)])
    assert collector.sink.refused() == []
    assert (window.errors, outside) == ([], [])


def test_a_batch_of_fifty_arrives_complete(window: Window) -> None:
    open_page(window)
    say(window, "for (let n = 0; n < 50; n++) client.track('step', { n });")
    events = window.site.collector.kept(50, timeout_s=20)
    assert sorted(event.props["n"] for event in events) == list(range(50))


@pytest.mark.parametrize("answers", [(500, RESET, LOST), (429, 503)], ids=["broken", "busy"])
def test_there_is_one_copy_after_every_retry(window: Window, answers: tuple[int, ...]) -> None:
    outage = Outage(window.site.collector, *answers)
    open_page(window)
    say(window, "client.track('order', { n: 1 });")
    (event,) = window.site.collector.kept(1, timeout_s=30)
    window.page.wait_for_timeout(1500)
    assert event.props["n"] == 1
    assert {event.uuid for event in window.site.collector.sink.events()} == {event.uuid}
    assert outage.requests >= len(answers)


@pytest.mark.parametrize("status", [413, 401])
def test_what_cannot_be_taken_is_not_sent_again(window: Window, status: int) -> None:
    outage = Outage(window.site.collector, status)
    open_page(window)
    say(window, "client.track('order', { n: 1 });")
    window.page.wait_for_timeout(6000)
    assert outage.requests == 1
    assert window.site.collector.sink.events() == []
