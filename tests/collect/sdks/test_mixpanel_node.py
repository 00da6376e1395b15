"""mixpanel for Node.js with nothing but the host changed. It sends every event by GET and nothing twice."""

import pytest

from tests.collect.harness import Live
from tests.collect.sdks.node import run
from tests.collect.sdks.outages import RESET, Outage
from tests.collect.sdks.packages import version
from tests.collect.sdks.values import IN_SCRIPTS
from yunying.events.event import Link, LinkKind, Op, OpKind

pytestmark = pytest.mark.e2e

PAST_MS = 1_600_000_000_123
START = """
const { default: Mixpanel } = await import("mixpanel");
const make = (more) => Mixpanel.init(KEY, {host: HOST.split("://")[1], protocol: HOST.split(":")[0], ...more});
const mixpanel = make({});
const said = (error) => (error ? String(error.message || error) : "ok");
const done = (call) => new Promise((resolve) => call((error) => resolve(said(error))));
"""


def test_an_event_arrives_with_everything_in_it(server: Live) -> None:
    script = 'tell(await done((end) => mixpanel.track("下单 🚀", {distinct_id: "u-1", ...given.values}, end)));'
    assert run(server, START + script, values=IN_SCRIPTS) == ["ok"]
    (event,) = server.kept(1)
    assert (event.name, event.distinct_id) == ("下单 🚀", "u-1")
    assert {key: event.props[key] for key in IN_SCRIPTS} == IN_SCRIPTS
    assert (event.library, event.address) == (f"node/{version('mixpanel')}", "")
    assert abs(event.ts_ms - event.received_ms) < 1


def test_equal_events_are_several(server: Live) -> None:
    script = 'for (let n = 0; n < 3; n++) tell(await done((end) => mixpanel.track("tick", {distinct_id: "u-1"}, end)));'
    assert run(server, START + script) == ["ok"] * 3
    assert len(server.kept(3)) == 3


def test_past_times_and_imports(secure: Live) -> None:
    script = """
    const old = make({secret: "secret", logger: {...console, warn() {}}});
    const at = new Date(given.past);
    tell(await done((end) => old.track("past", {distinct_id: "u-1", time: at}, end)));
    tell(await done((end) => old.import("older", at, {distinct_id: "u-1"}, end)));
    const list = ["a", "b"].map((event) => ({event, properties: {distinct_id: "u-1", time: at}}));
    tell(await done((end) => old.import_batch(list, end)));
    """
    assert run(secure, START + script, past=PAST_MS) == ["ok"] * 3
    events = {event.name: event for event in secure.kept(4)}
    assert {event.ts_ms for event in events.values()} == {PAST_MS}
    assert [events[name].historical for name in ("past", "older", "a", "b")] == [False, True, True, True]


def test_profiles_groups_and_money(server: Live) -> None:
    script = """
    const { people, groups } = mixpanel;
    tell(await done((end) => people.set("u-1", {plan: "专业 🚀"}, end)));
    tell(await done((end) => people.set_once("u-1", "first", "web", end)));
    tell(await done((end) => people.increment("u-1", "orders", -2, end)));
    tell(await done((end) => people.append("u-1", "tags", "a", end)));
    tell(await done((end) => people.union("u-1", {tags: ["a", "b"]}, end)));
    tell(await done((end) => people.remove("u-1", {tags: "b"}, end)));
    tell(await done((end) => people.unset("u-1", "plan", end)));
    tell(await done((end) => people.delete_user("u-1", end)));
    tell(await done((end) => people.track_charge("u-1", 19.5, {sku: "茶"}, end)));
    tell(await done((end) => groups.set("company", "acme", {size: 12}, end)));
    tell(await done((end) => groups.delete_group("company", "acme", end)));
    """
    assert run(server, START + script) == ["ok"] * 11
    *people, charge, group, gone = server.kept(11)
    assert [op for event in people for op in event.person_ops] == [
        Op(OpKind.SET, "plan", "专业 🚀"),
        Op(OpKind.SET_ONCE, "first", "web"),
        Op(OpKind.ADD, "orders", -2),
        Op(OpKind.APPEND, "tags", "a"),
        Op(OpKind.UNION, "tags", ["a", "b"]),
        Op(OpKind.REMOVE, "tags", "b"),
        Op(OpKind.UNSET, "plan"),
        Op(OpKind.CLEAR, ""),
    ]
    assert (charge.name, charge.props["revenue"], charge.props["sku"]) == ("$charge", 19.5, "茶")
    assert (group.account, group.account_ops) == ("acme", [Op(OpKind.SET, "size", 12)])
    assert (gone.account, gone.account_ops) == ("acme", [Op(OpKind.CLEAR, "")])


def test_an_alias(server: Live) -> None:
    assert run(server, START + 'tell(await done((end) => mixpanel.alias("anon-1", "u-1", end)));') == ["ok"]
    assert [event.links for event in server.kept(1)] == [[Link(LinkKind.ALIAS, "u-1", "anon-1")]]


@pytest.mark.parametrize("verbose", [False, True])
def test_a_batch_arrives_whole(server: Live, verbose: bool) -> None:
    script = """
    const list = Array.from({length: 50}, (_, n) => ({event: "step", properties: {distinct_id: `u-${n % 7}`, n}}));
    tell(await done((end) => make({verbose: given.verbose}).track_batch(list, end)));
    """
    outage = Outage(server)
    assert run(server, START + script, verbose=verbose) == ["ok"]
    assert sorted(event.props["n"] for event in server.kept(50)) == list(range(50))
    assert outage.requests == 1


@pytest.mark.parametrize("answer", [500, 429, 413, 401, RESET])
def test_what_fails_is_told_and_not_sent_again(server: Live, answer: int) -> None:
    outage = Outage(server, answer)
    script = """
    tell(await done((end) => mixpanel.track("order", {distinct_id: "u-1"}, end)));
    tell(await done((end) => mixpanel.track("later", {distinct_id: "u-1"}, end)));
    """
    first, second = run(server, START + script)
    assert (first != "ok", second) == (True, "ok")
    assert [event.name for event in server.kept(1)] == ["later"]
    assert outage.requests == 2
