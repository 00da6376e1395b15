"""The SDK of Sensors Data for Python with nothing but the address changed."""

import datetime as dt
from typing import Any

import pytest
from sensorsanalytics import sdk
from sensorsanalytics.sdk import (
    AsyncBatchConsumer,
    BatchConsumer,
    DebugConsumer,
    DefaultConsumer,
    SensorsAnalytics,
    SensorsAnalyticsDebugException,
    SensorsAnalyticsIdentity,
    SensorsAnalyticsNetworkException,
)

from tests.collect.harness import KEY, SENDER, Live
from tests.collect.sdks.outages import LOST, RESET, Outage
from yunying.events.event import Link, LinkKind, Op, OpKind

PAST_MS = 1_600_000_000_123
# All that the SDK lets through: flat values, lists of texts, dates.
GIVEN: dict[str, Any] = {
    "text": "北京 🚀 𠮷 é",
    "empty": "",
    "whole": 9007199254740993,
    "fraction": -0.125,
    "yes": True,
    "nothing": None,
    "list": ["a", "二", "🍵"],
    "at": dt.datetime(2026, 1, 2, 3, 4, 5, 678000),
    "day": dt.date(2026, 1, 2),
    "city_城市": "x",
}


def address(server: Live) -> str:
    return f"{server.base}/sa?project={SENDER}"


def client(server: Live, consumer: type[Any] = DefaultConsumer, **more: Any) -> SensorsAnalytics:
    return SensorsAnalytics(consumer(address(server)), **more)


def test_an_event_arrives_with_everything_in_it(server: Live) -> None:
    given = {name: value for name, value in GIVEN.items() if name.isascii()}
    client(server).track("u-1", "OrderPaid", dict(given), is_login_id=True)
    (event,) = server.kept(1)
    assert (event.name, event.distinct_id, event.protocol) == ("OrderPaid", "u-1", "sensors")
    told = given | {"at": "2026-01-02 03:04:05.678", "day": "2026-01-02"}
    assert {name: event.props[name] for name in told} == told
    assert event.library == f"sensors-python/{sdk.SDK_VERSION}"
    assert (event.address, event.links) == ("", [])
    assert "$lib_detail" not in event.props
    assert __file__ not in str(event.props)


def test_a_past_time_stays_as_it_was(server: Live) -> None:
    client(server).track("u-1", "a", {"$time": PAST_MS})
    client(server, enable_time_free=True).track("u-1", "b", {"$time": PAST_MS})
    assert [(event.name, event.ts_ms, event.historical) for event in server.kept(2)] == [
        ("a", PAST_MS, False),
        ("b", PAST_MS, True),
    ]


def test_a_sign_up_and_a_bind_join_ids_and_an_unbind_is_noted(server: Live) -> None:
    sa = client(server)
    login, mail = (
        SensorsAnalyticsIdentity("$identity_login_id", "u-1"),
        SensorsAnalyticsIdentity("$identity_email", "e"),
    )
    sa.track_signup("u-1", "anon-1", {"how": "mail"})
    sa.bind(login, mail)
    sa.track_by_id("Look", {"n": 1}, mail)
    sa.unbind(mail)
    signed, bound, looked, unbound = server.kept(4)
    assert (signed.name, signed.links) == ("$identify", [Link(LinkKind.IDENTIFY, "anon-1", "u-1")])
    assert signed.props["how"] == "mail"
    assert (bound.distinct_id, bound.links) == ("u-1", [Link(LinkKind.ALIAS, "$identity_email+e", "u-1")])
    assert (looked.distinct_id, looked.links) == ("$identity_email+e", [])
    assert (unbound.name, unbound.links) == ("$UnbindID", [])


def test_profiles_change(server: Live) -> None:
    sa = client(server)
    sa.profile_set("u-1", {"plan": "专业 🚀", "since": dt.datetime(2026, 1, 2)}, is_login_id=True)
    sa.profile_set_once("u-1", {"first": "web"})
    sa.profile_increment("u-1", {"orders": -2})
    sa.profile_append("u-1", {"films": ["a", "b"]})
    sa.profile_unset("u-1", ["plan"])
    sa.profile_delete("u-1")
    events = server.kept(6)
    assert {event.name for event in events} == {"$set"}
    assert [op for event in events for op in event.person_ops] == [
        Op(OpKind.SET, "plan", "专业 🚀"),
        Op(OpKind.SET, "since", "2026-01-02 00:00:00.0"),
        Op(OpKind.SET_ONCE, "first", "web"),
        Op(OpKind.ADD, "orders", -2),
        Op(OpKind.APPEND, "films", ["a", "b"]),
        Op(OpKind.UNSET, "plan"),
        Op(OpKind.CLEAR, ""),
    ]


def test_things_are_kept_as_events(server: Live) -> None:
    sa = client(server)
    sa.item_set("book", "7", {"price": 5})
    sa.item_delete("book", "7")
    put, gone = server.kept(2)
    assert (put.name, put.props["item_type"], put.props["item_id"], put.props["price"]) == ("$item_set", "book", "7", 5)
    assert gone.name == "$item_delete"


def test_a_project_and_a_token_of_the_event_decide(server: Live) -> None:
    sa = SensorsAnalytics(DefaultConsumer(f"{server.base}/sa"), project_name="p7")
    sa.track("u-1", "a", {"$token": "yk_test"})
    sa.track("u-1", "b")
    (event,) = server.kept(1)
    assert event.name == "a"
    assert not {"$token", "$project"} & event.props.keys()
    assert server.refused(1)[0][4]["alias"] == "p7"


@pytest.mark.parametrize("consumer", [BatchConsumer, AsyncBatchConsumer])
def test_fifty_at_once_arrive_complete(server: Live, consumer: type[Any]) -> None:
    outage = Outage(server)
    sa = client(server, consumer)
    for number in range(50):
        sa.track(f"u-{number % 7}", "Step", {"n": number})
    sa.close()
    assert sorted(event.props["n"] for event in server.kept(50)) == list(range(50))
    assert outage.requests <= 3


@pytest.mark.parametrize("answer", [500, 429, 413, RESET, LOST])
def test_a_batch_that_is_sent_again_is_one(server: Live, answer: int) -> None:
    Outage(server, answer)
    sa = client(server, BatchConsumer)
    sa.track("u-1", "Step", {"$time": PAST_MS, "n": 1})
    sa.track("u-1", "Step", {"$time": PAST_MS, "n": 1})
    if answer == 413:
        # What the collector itself says of a batch it will never take: the SDK would hold it back for ever.
        sa.flush()
        assert server.sink.events() == []
        return
    with pytest.raises((SensorsAnalyticsNetworkException, OSError)):
        sa.flush()
    sa.track("u-2", "Step", {"n": 2})
    sa.close()
    assert sorted(event.distinct_id for event in server.kept(3)) == ["u-1", "u-1", "u-2"]


def test_debug_mode_says_what_is_wrong_and_a_dry_run_keeps_nothing(
    server: Live, capsys: pytest.CaptureFixture[str]
) -> None:
    dry = SensorsAnalytics(DebugConsumer(address(server), write_data=False))
    dry.track("u-1", "Dry")
    SensorsAnalytics(DebugConsumer(address(server))).track("u-1", "Wet")
    with pytest.raises(SensorsAnalyticsDebugException):
        dry.track("undefined", "Dry")
    assert "cannot be used as an id" in capsys.readouterr().out
    assert [event.name for event in server.kept(1)] == ["Wet"]


@pytest.mark.parametrize("path", [f"/sensors/{KEY}/sa", "/sensors/tea/sa", f"/sa?token={KEY}"])
def test_the_address_alone_may_say_whose_it_is(server: Live, path: str) -> None:
    SensorsAnalytics(DefaultConsumer(server.base + path)).track("u-1", "A")
    assert [event.name for event in server.kept(1)] == ["A"]
