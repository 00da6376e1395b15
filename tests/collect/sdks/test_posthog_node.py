"""posthog-node 3, 4 and 5, with nothing but the host changed."""

import pytest

from tests.collect.harness import Live
from tests.collect.sdks.node import run
from tests.collect.sdks.outages import LOST, RESET, Outage
from tests.collect.sdks.packages import version
from tests.collect.sdks.words import PAST, PAST_MS, VALUES, kept_of
from yunying.events.event import LinkKind, Op, OpKind

pytestmark = pytest.mark.e2e

GENERATIONS = ["posthog-node-3", "posthog-node-4", "posthog-node"]
START = """
const { PostHog } = require(given.package);
const client = new PostHog(KEY, { host: HOST, ...given.options });
"""


@pytest.mark.parametrize("package", GENERATIONS)
def test_what_the_app_said_arrives(server: Live, package: str) -> None:
    outage = Outage(server)
    script = """
    client.capture({ distinctId: "u-1", event: "订单 🛒", properties: given.values, groups: { company: "acme" } });
    client.capture({ distinctId: "u-1", event: "past", timestamp: new Date(given.past) });
    client.identify({ distinctId: "u-1", properties: { plan: "pro", $set_once: { first: "web" } } });
    client.alias({ distinctId: "u-1", alias: "anon-9" });
    client.groupIdentify({ groupType: "company", groupKey: "acme", properties: { size: 12 } });
    await client.shutdown();
    """
    run(server, START + script, package=package, options={}, values=VALUES, past=PAST)
    events = {event.name: event for event in server.kept(5)}
    order = events["订单 🛒"]
    assert kept_of(order.props) == VALUES
    assert (order.distinct_id, order.account, order.address, order.agent) == ("u-1", "acme", "", "")
    assert order.library == f"posthog-node/{version(package)}"
    assert events["past"].ts_ms == PAST_MS
    assert Op(OpKind.SET, "plan", "pro") in events["$identify"].person_ops
    (link,) = events["$create_alias"].links
    assert (link.kind, {link.source, link.target}) == (LinkKind.ALIAS, {"u-1", "anon-9"})
    group = events["$groupidentify"]
    assert (group.account, group.account_ops) == ("acme", [Op(OpKind.SET, "size", 12)])
    assert server.sink.refused() == []
    assert set(outage.paths) <= {"/batch/", "/i/v1/analytics/events"}


@pytest.mark.parametrize("package", GENERATIONS)
def test_a_batch_of_fifty_arrives_complete(server: Live, package: str) -> None:
    script = """
    for (let n = 0; n < 50; n++) client.capture({ distinctId: `u-${n % 7}`, event: "step", properties: { n } });
    await client.shutdown();
    """
    run(server, START + script, package=package, options={})
    assert sorted(event.props["n"] for event in server.kept(50)) == list(range(50))


@pytest.mark.parametrize("answers", [(500, RESET, LOST), (429, 503)], ids=["broken", "busy"])
@pytest.mark.parametrize("package", GENERATIONS)
def test_there_is_one_copy_after_every_retry(server: Live, package: str, answers: tuple[int, ...]) -> None:
    outage = Outage(server, *answers)
    script = """
    client.on("error", () => {});
    client.capture({ distinctId: "u-1", event: "order" });
    client.capture({ distinctId: "u-2", event: "order" });
    await client.shutdown();
    """
    run(server, START + script, package=package, options={"fetchRetryDelay": 50})
    events = server.kept(2)
    assert sorted(event.distinct_id for event in events) == ["u-1", "u-2"]
    assert outage.requests > len(answers)


def test_a_batch_that_is_too_large_comes_in_halves(server: Live) -> None:
    Outage(server, 413)
    script = """
    client.on("error", () => {});
    for (let n = 0; n < 8; n++) client.capture({ distinctId: "u-1", event: "step", properties: { n } });
    await client.shutdown();
    """
    run(server, START + script, package="posthog-node", options={})
    assert sorted(event.props["n"] for event in server.kept(8)) == list(range(8))


def test_a_wrong_key_is_said_once(server: Live) -> None:
    outage = Outage(server)
    script = """
    const { PostHog } = require("posthog-node");
    const client = new PostHog("yk_wrong", { host: HOST });
    client.on("error", (error) => tell(error.name));
    client.capture({ distinctId: "u-1", event: "order" });
    await client.shutdown().catch(() => {});
    """
    assert run(server, script)
    assert outage.requests == 1
    assert server.sink.events() == []


@pytest.mark.parametrize("package", GENERATIONS)
def test_flags_are_calmly_off(server: Live, package: str) -> None:
    script = """
    tell(await client.getAllFlags("u-1"));
    tell(await client.isFeatureEnabled("new-page", "u-1") ?? false);
    await client.shutdown();
    """
    assert run(server, START + script, package=package, options={}) == [{}, False]
