"""@rudderstack/rudder-sdk-node, with nothing but the host changed."""

import pytest

from tests.collect.harness import Live
from tests.collect.sdks.node import run
from tests.collect.sdks.outages import LOST, RESET, Outage
from tests.collect.sdks.words import PAST, PAST_MS, VALUES, kept_of
from yunying.events.event import LinkKind, Op, OpKind

pytestmark = pytest.mark.e2e

START = """
const Analytics = require("@rudderstack/rudder-sdk-node");
const errorHandler = (error) => tell(String(error));
const client = new Analytics(KEY, { dataPlaneUrl: HOST, errorHandler, ...given.options });
const flush = () => new Promise((done) => client.flush(() => done()));
"""


def test_what_the_app_said_arrives(server: Live) -> None:
    script = """
    client.page({ anonymousId: "anon-1", name: "Home", properties: { url: "https://a.example/购物" } });
    client.track({ userId: "u-1", event: "订单 🛒", properties: given.values, context: { groupId: "acme" } });
    client.track({ userId: "u-1", event: "past", timestamp: new Date(given.past) });
    client.track({ userId: "u-1", event: "original past", originalTimestamp: new Date(given.past) });
    client.identify({ userId: "u-1", anonymousId: "anon-1", traits: { plan: "pro", 城市: "北京" } });
    client.alias({ userId: "u-1", previousId: "anon-9" });
    client.group({ userId: "u-1", groupId: "acme", traits: { size: 12 } });
    client.screen({ userId: "u-1", name: "Start" });
    await flush();
    """
    assert run(server, START + script, options={}, values=VALUES, past=PAST) == []
    events = {event.name: event for event in server.kept(8)}
    view, order, identify = events["$pageview"], events["订单 🛒"], events["$identify"]
    assert (view.distinct_id, view.props["name"], view.props["$host"]) == ("anon-1", "Home", "a.example")
    assert kept_of(order.props) == VALUES
    assert (order.protocol, order.distinct_id, order.account) == ("rudder", "u-1", "acme")
    assert (order.address, order.agent) == ("", "")
    assert (events["past"].ts_ms, events["original past"].ts_ms) == (PAST_MS, PAST_MS)
    assert identify.person_ops == [Op(OpKind.SET, "plan", "pro"), Op(OpKind.SET, "城市", "北京")]
    assert [(k.kind, k.source, k.target) for k in identify.links] == [(LinkKind.IDENTIFY, "anon-1", "u-1")]
    assert [(k.source, k.target) for k in events["$create_alias"].links] == [("anon-9", "u-1")]
    assert events["$groupidentify"].account_ops == [Op(OpKind.SET, "size", 12)]
    assert events["$screen"].props["name"] == "Start"
    assert server.sink.refused() == []


@pytest.mark.parametrize("gzip", [True, False])
def test_a_batch_of_fifty_arrives_complete(server: Live, gzip: bool) -> None:
    script = """
    for (let n = 0; n < 50; n++) client.track({ userId: `u-${n % 7}`, event: "step", properties: { n } });
    await flush(); await flush(); await flush();
    """
    run(server, START + script, options={"gzip": gzip})
    assert sorted(event.props["n"] for event in server.kept(50)) == list(range(50))


@pytest.mark.parametrize("answers", [(500, RESET, LOST), (429, 503)], ids=["broken", "busy"])
def test_there_is_one_copy_after_every_retry(server: Live, answers: tuple[int, ...]) -> None:
    outage = Outage(server, *answers)
    script = """
    client.track({ userId: "u-1", event: "order" });
    client.track({ userId: "u-2", event: "order" });
    await flush(); await sleep(300);
    """
    run(server, START + script, options={"flushAt": 2})
    assert sorted(event.distinct_id for event in server.kept(2)) == ["u-1", "u-2"]
    assert outage.requests > len(answers)


@pytest.mark.parametrize("status", [413, 401])
def test_what_cannot_be_taken_is_not_sent_again(server: Live, status: int) -> None:
    outage = Outage(server, status)
    script = """
    client.track({ userId: "u-1", event: "order" });
    await flush().catch(() => {}); await sleep(1000);
    """
    run(server, START + script, options={})
    assert outage.requests == 1
