"""The amplitude-analytics package for Python with nothing but the address changed."""

import time
from collections.abc import Callable
from typing import Any

import amplitude
import pytest

from tests.collect.harness import KEY, Live
from tests.collect.sdks.outages import LOST, RESET, Outage
from tests.collect.sdks.values import EVERYTHING
from yunying.events.event import Link, LinkKind, Op, OpKind

PAST_MS = 1_600_000_000_123
# For a list or null in a list the SDK throws all properties of the event away, and null beside the others alone.
VALUES = {key: value for key, value in EVERYTHING.items() if value is not None} | {"list": [1, "二", True, {"a": 1}]}


class App:
    """An app with the SDK, which remembers what the SDK told it of its events."""

    def __init__(self, server: Live, path: str = "/2/httpapi", key: str = KEY, **more: Any) -> None:
        self.told: list[tuple[int, str]] = []
        self.sdk = amplitude.Amplitude(
            key,
            amplitude.Config(
                server_url=server.base + path,
                flush_interval_millis=50,
                callback=lambda _, code, message=None: self.told.append((code, str(message))),
                **more,
            ),
        )

    def track(self, name: str, user: str | None = "user-1", **more: Any) -> None:
        self.sdk.track(amplitude.BaseEvent(name, user_id=user, **more))

    def end(self, until: Callable[[], bool] | None = None) -> None:
        """Wait until what is to be true is, or for what was sent to be answered; then let the SDK go."""
        deadline = time.monotonic() + 10
        while not (until() if until else self.told) and time.monotonic() < deadline:
            time.sleep(0.02)
        self.sdk.shutdown()


def test_an_event_arrives_with_everything_in_it(server: Live) -> None:
    app, before = App(server), time.time()
    app.track(
        "下单 🚀",
        device_id="device-1",
        event_properties=VALUES,
        user_properties={"plan": "专业"},
        groups={"company": "acme"},
        session_id=1_700_000_000_000,
        app_version="1.2",
        country="China",
    )
    app.end()
    (event,) = server.kept(1)
    assert (event.name, event.distinct_id, event.account) == ("下单 🚀", "user-1", "acme")
    assert {key: event.props[key] for key in VALUES} == VALUES
    assert event.links == [Link(LinkKind.IDENTIFY, "device-1", "user-1")]
    assert event.person_ops == [Op(OpKind.SET, "plan", "专业")]
    assert (event.session, event.props["app_version"]) == ("1700000000000-device-1", "1.2")
    assert before - 1 <= event.ts_ms / 1000 <= time.time() + 1
    assert event.library.startswith("amplitude-python/")
    assert app.told == [(200, "Event sent successfully.")]


def test_a_past_time_stays_as_it_was(server: Live) -> None:
    app = App(server)
    app.track("older", time=PAST_MS)
    app.end()
    assert [event.ts_ms for event in server.kept(1)] == [PAST_MS]


def test_every_operation_on_a_user(server: Live) -> None:
    app = App(server)
    change = amplitude.Identify()
    change.set("plan", "专业 🚀").set_once("first", "web").add("orders", -2).append("a", "1").prepend("b", "1")
    change.pre_insert("c", "1").post_insert("d", "1").remove("e", "1").unset("f")
    app.sdk.identify(change, amplitude.EventOptions(user_id="user-1"))
    app.end()
    (event,) = server.kept(1)
    assert (event.name, event.distinct_id) == ("$set", "user-1")
    assert sorted((op.kind.value, op.key, op.value) for op in event.person_ops) == [
        ("add", "orders", -2),
        ("append", "a", "1"),
        ("prepend", "b", "1"),
        ("remove", "e", "1"),
        ("set", "plan", "专业 🚀"),
        ("set_once", "first", "web"),
        ("union", "d", "1"),
        ("union_first", "c", "1"),
        ("unset", "f", None),
    ]


def test_all_of_a_user_is_cleared(server: Live) -> None:
    app = App(server)
    app.sdk.identify(amplitude.Identify().clear_all(), amplitude.EventOptions(user_id="user-1"))
    app.end()
    assert [event.person_ops for event in server.kept(1)] == [[Op(OpKind.CLEAR, "")]]


def test_a_user_joins_a_group_which_changes(server: Live) -> None:
    app = App(server)
    app.sdk.set_group("company", "acme", amplitude.EventOptions(user_id="user-1"))
    change = amplitude.Identify()
    change.set("size", 12)
    app.sdk.group_identify("company", "acme", change, amplitude.EventOptions(user_id="user-1"))
    app.end(lambda: len(app.told) == 2)
    joined, changed = sorted(server.kept(2), key=lambda event: event.name, reverse=True)
    assert (joined.name, joined.account, joined.person_ops) == ("$set", "acme", [Op(OpKind.SET, "company", "acme")])
    assert (changed.name, changed.account) == ("$groupidentify", "acme")
    assert changed.account_ops == [Op(OpKind.SET, "size", 12)]


def test_revenue_is_price_times_quantity(server: Live) -> None:
    app = App(server)
    money = amplitude.Revenue(price=9.99, quantity=3, product_id="茶", revenue_type="sale", properties={"a": 1})
    app.sdk.revenue(money, amplitude.EventOptions(user_id="user-1"))
    app.end()
    (event,) = server.kept(1)
    assert event.name == "revenue_amount"
    wanted = {"revenue": 29.97, "price": 9.99, "quantity": 3, "product_id": "茶", "revenue_type": "sale", "a": 1}
    assert {key: event.props[key] for key in wanted} == wanted


@pytest.mark.parametrize("path", ["/2/httpapi", "/batch", "/amplitude/tea/2/httpapi"])
def test_a_batch_arrives_whole_in_one_request(server: Live, path: str) -> None:
    outage, app = Outage(server), App(server, path, flush_queue_size=50)
    app.sdk.configuration.flush_interval_millis = 5_000
    for number in range(50):
        app.track("step", event_properties={"n": number})
    app.sdk.flush()
    app.end(lambda: len(app.told) == 50)
    assert sorted(event.props["n"] for event in server.kept(50)) == list(range(50))
    assert outage.requests == 1
    assert {code for code, _ in app.told} == {200}


@pytest.mark.parametrize("answers", [(500,), (503, 429), (429,), (500, 500, 503)])
def test_after_an_outage_there_is_one_copy(server: Live, answers: tuple[int, ...]) -> None:
    outage, app = Outage(server, *answers), App(server)
    app.track("order")
    app.end()
    assert [event.name for event in server.kept(1)] == ["order"]
    assert (outage.requests, app.told[0][0]) == (len(answers) + 1, 200)


def test_what_is_too_large_comes_in_halves(server: Live) -> None:
    outage, app = Outage(server, 413), App(server, flush_queue_size=10)
    app.sdk.configuration.flush_interval_millis = 300
    for number in range(10):
        app.track("step", event_properties={"n": number})
    app.end(lambda: len(app.told) == 10)
    assert sorted(event.props["n"] for event in server.kept(10)) == list(range(10))
    assert outage.requests >= 3


@pytest.mark.parametrize("answer", [RESET, LOST])
def test_a_cut_connection_loses_what_the_sdk_does_not_send_again(server: Live, answer: int) -> None:
    outage, app = Outage(server, answer), App(server)
    app.track("order")
    app.end(lambda: outage.requests > 0)
    app = App(server)
    app.track("later")
    app.end()
    names = [event.name for event in server.kept(2 if answer == LOST else 1)]
    assert names == (["order", "later"] if answer == LOST else ["later"])


def test_a_wrong_key_stops_at_once(server: Live) -> None:
    outage, app = Outage(server), App(server, key="wrong")
    app.track("order")
    app.end(lambda: outage.requests > 0)
    time.sleep(0.3)
    assert outage.requests == 1


def test_events_that_cannot_be_used_are_told_to_the_app_once(server: Live) -> None:
    outage, app = Outage(server), App(server)
    app.track("order", user="undefined")
    app.end()
    time.sleep(0.3)
    assert (outage.requests, app.told[0][0]) == (1, 400)
    assert [code for _, code, *_ in server.refused(1)] == ["id.unusable"]
