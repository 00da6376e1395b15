"""posthog for Python over both of its wires, with nothing but the host changed. The zstd of the second is an extra."""

from datetime import datetime
from typing import Any

import pytest
from posthog import Posthog

from tests.collect.harness import KEY, Live
from tests.collect.sdks.outages import LOST, RESET, Outage
from tests.collect.sdks.words import PAST, PAST_MS, VALUES, kept_of
from yunying.events.event import Op, OpKind

WIRES = [
    pytest.param({}, id="v0"),
    pytest.param({"gzip": True}, id="v0 gzip"),
    pytest.param({"capture_mode": "v1"}, id="v1"),
    pytest.param({"capture_mode": "v1", "capture_compression": "gzip"}, id="v1 gzip"),
    pytest.param({"capture_mode": "v1", "capture_compression": "deflate"}, id="v1 deflate"),
]
TWO = [pytest.param({}, id="v0"), pytest.param({"capture_mode": "v1"}, id="v1")]


@pytest.mark.parametrize("wire", WIRES)
def test_what_the_app_said_arrives(server: Live, wire: dict[str, Any]) -> None:
    outage = Outage(server)
    client = Posthog(KEY, host=server.base, **wire)
    client.capture("订单 🛒", distinct_id="u-1", properties=VALUES, groups={"company": "acme"})
    client.capture("past", distinct_id="u-1", timestamp=datetime.fromisoformat(PAST))
    client.set(distinct_id="u-1", properties={"plan": "pro"})
    client.capture("stranger", properties={"$process_person_profile": False, "$set": {"no": 1}}, distinct_id="anon")
    client.capture("from afar", distinct_id="u-2", properties={"$ip": "198.51.100.9", "$session_id": "s-1"})
    client.shutdown()
    events = {event.name: event for event in server.kept(5)}
    order = events["订单 🛒"]
    assert kept_of(order.props) == VALUES
    assert (order.account, order.address, order.agent) == ("acme", "", "")
    assert order.library.startswith("posthog-python/7.")
    assert (order.props["$lib"], events["past"].ts_ms) == ("posthog-python", PAST_MS)
    assert Op(OpKind.SET, "plan", "pro") in events["$set"].person_ops
    assert events["stranger"].person_ops == []
    # Unless told otherwise this SDK asks that nobody be looked for by an address.
    assert (events["from afar"].address, events["from afar"].session) == ("", "s-1")
    assert "$ip" not in events["from afar"].props
    assert set(outage.paths) == {"/i/v1/analytics/events" if "capture_mode" in wire else "/batch/"}
    assert server.sink.refused() == []


def test_the_address_of_a_user_is_that_which_the_app_gives(server: Live) -> None:
    client = Posthog(KEY, host=server.base, disable_geoip=False)
    client.capture("a", distinct_id="u-2", properties={"$ip": "198.51.100.9", "$raw_user_agent": "Mozilla/5.0 Z"})
    client.shutdown()
    (event,) = server.kept(1)
    assert (event.address, event.agent) == ("198.51.100.9", "Mozilla/5.0 Z")


@pytest.mark.parametrize("wire", TWO)
@pytest.mark.parametrize("answers", [(500, LOST), (RESET, 429)], ids=["broken", "busy"])
def test_there_is_one_copy_after_every_retry(server: Live, wire: dict[str, Any], answers: tuple[int, ...]) -> None:
    outage = Outage(server, *answers)
    client = Posthog(KEY, host=server.base, **wire)
    client.capture("order", distinct_id="u-1")
    client.shutdown()
    (event,) = server.kept(1)
    assert {event.uuid for event in server.sink.events()} == {event.uuid}
    assert outage.requests >= len(answers)


@pytest.mark.parametrize("wire", TWO)
@pytest.mark.parametrize("status", [413, 401])
def test_what_cannot_be_taken_is_not_sent_again(server: Live, wire: dict[str, Any], status: int) -> None:
    outage = Outage(server, status)
    client = Posthog(KEY, host=server.base, on_error=lambda *_: None, **wire)
    client.capture("order", distinct_id="u-1")
    client.shutdown()
    assert outage.requests == 1


def test_one_bad_event_of_a_batch_is_not_sent_again(server: Live) -> None:
    outage = Outage(server)
    client = Posthog(KEY, host=server.base, capture_mode="v1", on_error=lambda *_: None)
    client.capture("x" * 300, distinct_id="u-1")
    client.capture("order", distinct_id="u-1")
    client.shutdown()
    assert [event.name for event in server.kept(1)] == ["order"]
    assert [code for _, code, *_ in server.refused(1)] == ["event.name_too_long"]
    assert outage.requests == 1
