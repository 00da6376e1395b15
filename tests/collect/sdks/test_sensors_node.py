"""sa-sdk-node with nothing but the address changed."""

import pytest

from tests.collect.harness import Live
from tests.collect.sdks.node import run
from tests.collect.sdks.outages import RESET, Outage
from yunying.events.event import Link, LinkKind, Op, OpKind

pytestmark = pytest.mark.e2e

PAST_MS = 1_600_000_000_123
START = """
const SensorsAnalytics = require("sa-sdk-node").default ?? require("sa-sdk-node");
const sa = new SensorsAnalytics();
sa.disableReNameOption();
const sent = sa.submitTo({url: `${HOST}/sa?project=${SENDER}`, mode: given.mode || "track"}, given.batch || {});
sent.catch((error) => tell(String(error)));
"""


def test_events_sign_ups_profiles_and_things_arrive(server: Live) -> None:
    run(
        server,
        START
        + """
sa.track("u-1", "OrderPaid", {
  text: "北京 🚀 𠮷", whole: 9007199254740991, fraction: -0.125, yes: true, list: ["a", "二"],
  at: new Date(2026, 0, 2, 3, 4, 5, 678), $time: new Date(given.past)});
sa.trackSignup("u-1", "anon-1", {how: "mail"});
sa.profileSet("u-1", {plan: "专业 🚀"});
sa.profileSetOnce("u-1", {first: "web"});
sa.profileIncrement("u-1", {orders: 2});
sa.profileAppend("u-1", {films: ["a"]});
sa.profileUnset("u-1", ["plan"]);
sa.itemSet("book", "7", {price: 5});
await sleep(1000);
""",
        past=PAST_MS,
    )
    events = server.kept(8)
    order, signed, *changes, thing = events
    assert (order.name, order.distinct_id, order.ts_ms) == ("OrderPaid", "u-1", PAST_MS)
    told = {"text": "北京 🚀 𠮷", "whole": 9007199254740991, "fraction": -0.125, "yes": True, "list": ["a", "二"]}
    assert {key: order.props[key] for key in told} == told
    assert order.props["at"] == "2026-01-02 03:04:05.678"
    assert order.library.startswith("sensors-Node/")
    assert (order.address, order.agent) == ("", "")
    assert signed.links == [Link(LinkKind.IDENTIFY, "anon-1", "u-1")]
    assert [op for event in changes for op in event.person_ops] == [
        Op(OpKind.SET, "plan", "专业 🚀"),
        Op(OpKind.SET_ONCE, "first", "web"),
        Op(OpKind.ADD, "orders", 2),
        Op(OpKind.APPEND, "films", ["a"]),
        Op(OpKind.UNSET, "plan"),
    ]
    assert (thing.name, thing.props["item_id"]) == ("$item_set", "7")
    assert len({event.uuid for event in events}) == 8


def test_fifty_arrive_in_one_request(server: Live) -> None:
    outage = Outage(server)
    send = "for (let n = 0; n < 50; n++) sa.track(`u-${n % 7}`, 'Step', {n}); await sleep(1000);"
    run(server, START + send, batch={"count": 50})
    assert sorted(event.props["n"] for event in server.kept(50)) == list(range(50))
    assert outage.requests == 1


@pytest.mark.parametrize("answer", [500, 429, RESET])
def test_what_fails_is_said_and_what_comes_after_it_arrives_once(server: Live, answer: int) -> None:
    """This SDK sends nothing twice; it must not be told of a failure without need."""
    Outage(server, answer)
    told = run(
        server, START + "sa.track('u-1', 'A', {}); await sleep(500); sa.track('u-1', 'B', {}); await sleep(500);"
    )
    assert len(told) == 1
    assert [event.name for event in server.kept(1)] == ["B"]


def test_debug_mode_reaches_its_own_address(server: Live) -> None:
    outage = Outage(server)
    run(server, START + "sa.track('u-1', 'A', {}); await sleep(500);", mode="debug")
    run(server, START + "sa.track('u-1', 'B', {}); await sleep(500);", mode="dryRun")
    assert outage.paths == ["/debug", "/debug"]
    assert [event.name for event in server.kept(1)] == ["A"]


def test_the_address_alone_may_say_whose_it_is(server: Live) -> None:
    start = START.replace("/sa?project=${SENDER}", "/sensors/${KEY}/sa")
    run(server, start + "sa.track('u-1', 'A', {}); await sleep(500);")
    assert [event.name for event in server.kept(1)] == ["A"]
