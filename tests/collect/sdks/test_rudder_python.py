"""rudder-sdk-python, with nothing but the host changed."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from rudderstack.analytics.client import Client

from tests.collect.harness import KEY, Live
from tests.collect.sdks.outages import LOST, RESET, Outage
from tests.collect.sdks.words import PAST, PAST_MS, VALUES, kept_of
from yunying.events.event import LinkKind, Op, OpKind


@pytest.fixture
def made() -> Iterator[list[Client]]:
    clients: list[Client] = []
    yield clients
    for client in clients:
        client.join()


def client(server: Live, made: list[Client], **more: Any) -> Client:
    made.append(Client(KEY, host=server.base, **more))
    return made[0]


def test_what_the_app_said_arrives(server: Live, made: list[Client]) -> None:
    rudder = client(server, made)
    rudder.page(anonymous_id="anon-1", name="Home", properties={"url": "https://a.example/购物"})
    rudder.track("u-1", "订单 🛒", VALUES | {"huge": 9007199254740993}, {"groupId": "acme"})
    rudder.track("u-1", "past", timestamp=datetime.fromisoformat(PAST))
    rudder.identify("u-1", {"plan": "pro", "城市": "北京"}, anonymous_id="anon-1")
    rudder.alias("anon-9", "u-1")
    rudder.group("u-1", "acme", {"size": 12})
    rudder.screen("u-1", name="Start")
    rudder.flush()
    events = {event.name: event for event in server.kept(7)}
    view, order, identify = events["$pageview"], events["订单 🛒"], events["$identify"]
    assert (view.protocol, view.distinct_id, view.props["name"]) == ("rudder", "anon-1", "Home")
    assert kept_of(order.props) == VALUES
    assert order.props["huge"] == 9007199254740993
    assert (order.account, order.address, order.agent) == ("acme", "", "")
    assert events["past"].ts_ms == PAST_MS
    assert identify.person_ops == [Op(OpKind.SET, "plan", "pro"), Op(OpKind.SET, "城市", "北京")]
    assert [(k.kind, k.source, k.target) for k in identify.links] == [(LinkKind.IDENTIFY, "anon-1", "u-1")]
    assert [(k.source, k.target) for k in events["$create_alias"].links] == [("anon-9", "u-1")]
    assert events["$groupidentify"].account_ops == [Op(OpKind.SET, "size", 12)]
    assert events["$screen"].props["name"] == "Start"
    assert server.sink.refused() == []


@pytest.mark.parametrize("gzip", [True, False])
def test_a_batch_of_fifty_arrives_complete_in_one_request(server: Live, made: list[Client], gzip: bool) -> None:
    outage = Outage(server)
    rudder = client(server, made, gzip=gzip, upload_size=50, upload_interval=1)
    for n in range(50):
        rudder.track(f"u-{n % 7}", "step", {"n": n})
    rudder.flush()
    assert sorted(event.props["n"] for event in server.kept(50)) == list(range(50))
    # "OK" with exactly 200, or it would send everything again.
    assert outage.requests == 1


@pytest.mark.parametrize("answers", [(500, RESET, LOST), (429, 503)], ids=["broken", "busy"])
def test_there_is_one_copy_after_every_retry(server: Live, made: list[Client], answers: tuple[int, ...]) -> None:
    outage = Outage(server, *answers)
    rudder = client(server, made)
    rudder.track("u-1", "order")
    rudder.flush()
    (event,) = server.kept(1)
    assert {event.uuid for event in server.sink.events()} == {event.uuid}
    assert outage.requests == len(answers) + 1


@pytest.mark.parametrize("status", [413, 401])
def test_what_cannot_be_taken_is_not_sent_again(server: Live, made: list[Client], status: int) -> None:
    outage = Outage(server, status)
    rudder = client(server, made)
    rudder.track("u-1", "order")
    rudder.flush()
    assert outage.requests == 1
