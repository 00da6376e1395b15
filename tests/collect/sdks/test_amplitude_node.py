"""@amplitude/analytics-node with nothing but the address changed."""

import pytest

from tests.collect.harness import Live
from tests.collect.sdks.node import run
from tests.collect.sdks.outages import LOST, RESET, Outage
from tests.collect.sdks.packages import version
from tests.collect.sdks.values import IN_SCRIPTS
from yunying.events.event import Link, LinkKind, Op, OpKind

pytestmark = pytest.mark.e2e

PAST_MS = 1_600_000_000_123
START = """
const amplitude = require("@amplitude/analytics-node");
const quiet = {enable() {}, disable() {}, log() {}, warn() {}, error() {}, debug() {}};
const options = {serverUrl: HOST + "/2/httpapi", flushIntervalMillis: 50, loggerProvider: quiet};
await amplitude.init(given.key ?? KEY, {...options, ...given.more}).promise;
const who = {user_id: "user-1", device_id: "device-1"};
const code = async (sent) => tell((await sent.promise).code);
"""


def test_an_event_arrives_with_everything_in_it(server: Live) -> None:
    script = """
    const more = {groups: {company: "acme"}, session_id: 1700000000000};
    await code(amplitude.track("下单 🚀", given.values, {...who, ...more}));
    """
    assert run(server, START + script, values=IN_SCRIPTS) == [200]
    (event,) = server.kept(1)
    assert (event.name, event.distinct_id, event.account) == ("下单 🚀", "user-1", "acme")
    assert {key: event.props[key] for key in IN_SCRIPTS} == IN_SCRIPTS
    assert event.links == [Link(LinkKind.IDENTIFY, "device-1", "user-1")]
    assert event.session == "1700000000000-device-1"
    assert event.library.endswith(f"/{version('@amplitude/analytics-node')}")
    assert abs(event.received_ms - event.ts_ms) < 5_000


def test_a_past_time_stays_as_it_was(server: Live) -> None:
    assert run(server, START + 'await code(amplitude.track("a", {}, {...who, time: given.past}));', past=PAST_MS) == [
        200
    ]
    assert [event.ts_ms for event in server.kept(1)] == [PAST_MS]


def test_users_and_groups_change_and_money_is_counted(server: Live) -> None:
    script = """
    const change = new amplitude.Identify().set("plan", "专业 🚀").setOnce("first", "web").add("orders", -2)
      .append("a", "1").prepend("b", "1").preInsert("c", "1").postInsert("d", "1").remove("e", "1").unset("f");
    await code(amplitude.identify(change, who));
    await code(amplitude.identify(new amplitude.Identify().clearAll(), who));
    await code(amplitude.setGroup("company", "acme", who));
    await code(amplitude.groupIdentify("company", "acme", new amplitude.Identify().set("size", 12), who));
    const money = new amplitude.Revenue().setProductId("茶").setPrice(9.99).setQuantity(3).setRevenueType("sale");
    await code(amplitude.revenue(money, who));
    """
    assert run(server, START + script) == [200] * 5
    change, cleared, joined, group, money = server.kept(5)
    assert (change.name, change.distinct_id) == ("$set", "user-1")
    assert [(op.kind, op.key) for op in change.person_ops] == [
        (OpKind.SET, "plan"),
        (OpKind.SET_ONCE, "first"),
        (OpKind.ADD, "orders"),
        (OpKind.APPEND, "a"),
        (OpKind.PREPEND, "b"),
        (OpKind.UNION_FIRST, "c"),
        (OpKind.UNION, "d"),
        (OpKind.REMOVE, "e"),
        (OpKind.UNSET, "f"),
    ]
    assert cleared.person_ops == [Op(OpKind.CLEAR, "")]
    assert (joined.account, joined.person_ops) == ("acme", [Op(OpKind.SET, "company", "acme")])
    assert (group.name, group.account, group.account_ops) == ("$groupidentify", "acme", [Op(OpKind.SET, "size", 12)])
    wanted = {"revenue": 29.97, "price": 9.99, "quantity": 3, "product_id": "茶", "revenue_type": "sale"}
    assert {key: money.props[key] for key in wanted} == wanted


def test_a_batch_arrives_whole_in_one_request(server: Live) -> None:
    script = """
    const sent = Array.from({length: 50}, (_, n) => amplitude.track("step", {n}, who).promise);
    tell([...new Set((await Promise.all(sent)).map((one) => one.code))]);
    """
    outage = Outage(server)
    assert run(server, START + script, more={"flushQueueSize": 50, "flushIntervalMillis": 5000}) == [[200]]
    assert sorted(event.props["n"] for event in server.kept(50)) == list(range(50))
    assert outage.requests == 1


@pytest.mark.parametrize("answers", [(500,), (503, 429), (429, 500)])
def test_after_an_outage_there_is_one_copy(server: Live, answers: tuple[int, ...]) -> None:
    outage = Outage(server, *answers)
    assert run(server, START + 'await code(amplitude.track("order", {}, who));') == [200]
    assert [event.name for event in server.kept(1)] == ["order"]
    assert outage.requests == len(answers) + 1


def test_what_is_too_large_comes_in_halves(server: Live) -> None:
    script = """
    const sent = Array.from({length: 10}, (_, n) => amplitude.track("step", {n}, who).promise);
    tell([...new Set((await Promise.all(sent)).map((one) => one.code))]);
    """
    outage = Outage(server, 413)
    assert run(server, START + script, more={"flushQueueSize": 10, "flushIntervalMillis": 200}) == [[200]]
    assert sorted(event.props["n"] for event in server.kept(10)) == list(range(10))
    assert outage.requests >= 3


@pytest.mark.parametrize("answer", [RESET, LOST])
def test_after_a_cut_connection_there_is_never_a_second_copy(server: Live, answer: int) -> None:
    Outage(server, answer)
    script = (
        'tell((await Promise.race([amplitude.track("order", {}, who).promise, sleep(3000)]))?.code ?? "no answer");'
    )
    (told,) = run(server, START + script + "process.exit(0);")
    kept = server.kept(2, timeout_s=1)
    assert len(kept) == (1 if answer == LOST or told == 200 else 0)


def test_a_wrong_key_and_unusable_events_stop_at_once(server: Live) -> None:
    outage = Outage(server)
    assert run(server, START + 'await code(amplitude.track("order", {}, who));', key="wrong") == [401]
    assert run(server, START + 'await code(amplitude.track("order", {}, {user_id: "undefined"}));') == [400]
    assert outage.requests == 2
