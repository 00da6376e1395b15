"""ga4mp, and requests as gtag.js makes them, against a live collector."""

import datetime as dt
import urllib.error
from typing import Any

import pytest
from ga4mp import FirebaseMP, GtagMP

from tests.collect.harness import KEY, SENDER, Live
from tests.collect.sdks.outages import RESET, Outage
from tests.collect.sdks.values import EVERYTHING
from yunying.events.event import Link, LinkKind, Op, OpKind


def pointed(client: Any, server: Live) -> Any:
    """The package has no option for the host; its addresses are two attributes."""
    client._base_domain = f"{server.base}/mp/collect"
    client._validation_domain = f"{server.base}/debug/mp/collect"
    return client


def client(server: Live, secret: str = "s") -> GtagMP:
    return pointed(GtagMP(api_secret=secret, measurement_id=SENDER, client_id="123.456"), server)


def test_an_event_arrives_with_everything_in_it(server: Live) -> None:
    client(server).send([{"name": "order", "params": dict(EVERYTHING)}])
    (event,) = server.kept(1)
    assert (event.name, event.distinct_id, event.protocol, event.library) == ("order", "123.456", "ga4", "ga4-mp")
    assert {key: event.props[key] for key in EVERYTHING} == EVERYTHING
    assert event.session == f"123.456.{event.props['session_id']}"
    assert (event.address, event.agent) == ("", "")


def test_an_order_and_a_page_view_arrive(server: Live) -> None:
    items = [{"item_id": "sku-1", "item_name": "乌龙 🍵", "price": 12.75, "quantity": 2}]
    params = {"transaction_id": "T-1", "currency": "CNY", "value": 25.5, "items": items}
    page = {"page_location": "https://shop.example/茶?utm_source=weibo", "page_title": "茶"}
    client(server).send([{"name": "purchase", "params": params}, {"name": "page_view", "params": page}])
    events = {event.name: event for event in server.kept(2)}
    assert {key: events["purchase"].props[key] for key in params} == params
    assert events["$pageview"].props["$pathname"] == "/茶"


def test_who_somebody_is_comes_with_the_events(server: Live) -> None:
    ga = client(server)
    ga.store.set_user_property("user_id", "u-1")
    ga.store.set_user_property("plan", "专业 🚀")
    ga.send([{"name": "login", "params": {}}])
    (event,) = server.kept(1)
    assert event.distinct_id == "u-1"
    assert event.links == [Link(LinkKind.IDENTIFY, "123.456", "u-1")]
    assert event.person_ops == [Op(OpKind.SET, "plan", "专业 🚀")]


def test_a_batch_of_fifty_arrives_complete(server: Live) -> None:
    outage = Outage(server)
    client(server).send([{"name": "step", "params": {"n": number}} for number in range(50)])
    assert sorted(event.props["n"] for event in server.kept(50)) == list(range(50))
    assert outage.requests == 2  # twenty-five each


def test_a_past_time_stays_and_the_same_sent_again_is_the_same(server: Live) -> None:
    at = dt.datetime(2020, 9, 13, 12, 26, 40)
    for _ in range(2):
        # Without these two the package adds the time since the last call.
        client(server).send([{"name": "order", "params": {"session_id": 1, "engagement_time_msec": 1}}], date=at)
    client(server).send([{"name": "later", "params": {}}])
    events = server.kept(2)
    assert sorted(event.name for event in events) == ["later", "order"]
    assert next(event.ts_ms for event in events if event.name == "order") == round(at.timestamp() * 1000)


def test_without_a_time_two_equal_events_are_two(server: Live) -> None:
    for _ in range(2):
        client(server).send([{"name": "click", "params": {"session_id": 1, "engagement_time_msec": 1}}])
    assert len(server.kept(2)) == 2


def test_a_postponed_event_arrives_with_its_time(server: Live) -> None:
    ga = client(server)
    ga.send([{"name": "order", "params": {}}], postpone=True)
    ga.postponed_send()
    assert [event.name for event in server.kept(1)] == ["order"]


def test_an_app_is_known_by_its_write_key(server: Live) -> None:
    made = FirebaseMP(api_secret=KEY, firebase_app_id="1:1:android:a", app_instance_id="0123456789abcdef" * 2)
    pointed(made, server).send([{"name": "screen_view", "params": {}}])
    (event,) = server.kept(1)
    assert (event.name, event.distinct_id) == ("$screen", "0123456789abcdef" * 2)


def test_a_stream_nobody_has_claimed_waits_in_the_quarantine(server: Live) -> None:
    made = pointed(GtagMP(api_secret="s", measurement_id="G-ELSE", client_id="1.2"), server)
    made.send([{"name": "order", "params": {}}])
    ((_, code, _, protocol, data),) = server.refused(1)
    assert (code, protocol, data["alias"]) == ("alias.unknown", "ga4", "G-ELSE")


@pytest.mark.parametrize("answer", [500, RESET])
def test_the_package_does_not_send_again(server: Live, answer: int) -> None:
    outage = Outage(server, answer)
    with pytest.raises((urllib.error.URLError, ConnectionError)):
        client(server).send([{"name": "order", "params": {}}])
    assert outage.requests == 1
    assert server.sink.events() == []


@pytest.mark.parametrize(
    ("body", "path", "code"),
    [
        ({"client_id": "1.2", "events": [{"name": "order", "params": {"value": 1, "currency": "EUR"}}]}, None, None),
        ({"events": [{"name": "order"}]}, "client_id", "VALUE_REQUIRED"),
        ({"client_id": "1.2", "events": [{"name": "ga_order"}]}, "events[0].name", "NAME_RESERVED"),
        ({"client_id": "1.2", "events": [{"name": "下单"}]}, "events[0].name", None),
        ({"client_id": "1.2", "events": [{"name": "a b"}]}, "events[0].name", "NAME_INVALID"),
        ({"client_id": "1.2", "events": []}, "events", "VALUE_REQUIRED"),
        ({"client_id": "1.2", "events": [{"name": "a"}] * 26}, "events", "EXCEEDED_MAX_ENTITIES"),
        ({"client_id": "1.2", "timestamp_micros": "x", "events": [{"name": "a"}]}, "timestamp_micros", "VALUE_INVALID"),
        (b"{", "", "VALUE_INVALID"),
    ],
)
def test_the_debug_path_says_what_is_wrong_and_keeps_nothing(
    server: Live, body: Any, path: str | None, code: str | None
) -> None:
    answer = server.send(f"/debug/mp/collect?measurement_id={SENDER}&api_secret=s", body)
    messages = answer.json()["validationMessages"]
    assert answer.status == 200
    assert [(one["fieldPath"], one["validationCode"]) for one in messages] == ([(path, code)] if code else [])
    assert server.sink.events() == []


@pytest.mark.parametrize("body", [b"{", b"", b"[1]", {"events": [{"name": "a"}]}, {"client_id": "1.2", "events": [3]}])
def test_whatever_comes_the_answer_is_204(server: Live, body: Any) -> None:
    answer = server.send(f"/mp/collect?measurement_id={SENDER}", body)
    assert (answer.status, answer.body) == (204, b"")


def test_a_body_nobody_can_read_waits_in_the_quarantine(server: Live) -> None:
    server.send(f"/mp/collect?measurement_id={SENDER}", b"{broken")
    ((_, code, body, _, _),) = server.refused(1)
    assert (code, body) == ("body.not_json", "{broken")


def test_gtag_sends_lines_that_share_an_address(server: Live) -> None:
    common = f"v=2&tid={SENDER}&cid=123.456&sid=1767225000&dl=https%3A%2F%2Fshop.example%2F%3Fgclid%3Dg1&ul=zh-cn"
    lines = "\r\n".join(f"en=step&epn.n={number}&ep.note=%F0%9F%8D%B5" for number in range(50))
    answer = server.send(f"/g/collect?{common}", lines.encode(), content_type="text/plain;charset=UTF-8")
    assert (answer.status, answer.body) == (204, b"")
    events = server.kept(50)
    assert sorted(event.props["n"] for event in events) == list(range(50))
    assert {(event.props["$current_url"], event.distinct_id, event.props["note"]) for event in events} == {
        ("https://shop.example/?gclid=g1", "123.456", "🍵")
    }
