"""The real SDKs from PyPI against a live collector, with nothing but the host changed."""

from collections import Counter
from typing import Any

import segment.analytics as segment_sdk
from posthog import Posthog

from tests.collect.harness import KEY, Live
from yunying.events.event import LinkKind, Op, OpKind


def posthog(server: Live, **more: Any) -> Posthog:
    return Posthog(KEY, host=server.base, **more)


def segment(server: Live, **more: Any) -> segment_sdk.Client:
    return segment_sdk.Client(write_key=KEY, host=server.base, **more)


def fail_first(server: Live, times: int, status: int) -> Counter[str]:
    """The first `times` requests that carry events get `status`; returns a count of requests by outcome."""
    seen: Counter[str] = Counter()

    def hook(scope: dict[str, Any]) -> int | None:
        seen["requests"] += 1
        return status if seen["requests"] <= times else None

    server.hooks.append(hook)
    return seen


def test_posthog_capture_arrives_with_properties_and_account(server: Live) -> None:
    client = posthog(server)
    sent = client.capture(
        "order", distinct_id="u-1", properties={"amount": 9007199254740993, "城市": "北京"}, groups={"company": "acme"}
    )
    client.shutdown()
    (event,) = server.events(1)
    assert (event.name, event.distinct_id, event.account, event.uuid) == ("order", "u-1", "acme", str(sent))
    assert event.props["amount"] == 9007199254740993
    assert event.props["城市"] == "北京"
    assert event.library.startswith("posthog-python/")
    assert event.protocol == "posthog"


def test_posthog_set_and_alias_and_group_identify(server: Live) -> None:
    client = posthog(server)
    client.set(distinct_id="u-1", properties={"plan": "pro"})
    client.set_once(distinct_id="u-1", properties={"first": "web"})
    client.alias(previous_id="anon-9", distinct_id="u-1")
    client.group_identify("company", "acme", {"size": 12})
    client.shutdown()
    events = {event.name: event for event in server.events(4)}
    ops = [op for event in server.sink.events() for op in event.person_ops]
    assert Op(OpKind.SET, "plan", "pro") in ops
    assert Op(OpKind.SET_ONCE, "first", "web") in ops
    (link,) = events["$create_alias"].links
    assert link.kind is LinkKind.ALIAS
    assert {link.source, link.target} == {"anon-9", "u-1"}
    assert events["$groupidentify"].account == "acme"
    assert events["$groupidentify"].account_ops == [Op(OpKind.SET, "size", 12)]


def test_posthog_batch_with_gzip_arrives_complete(server: Live) -> None:
    client = posthog(server, gzip=True)
    for number in range(250):
        client.capture("step", distinct_id=f"u-{number % 7}", properties={"n": number})
    client.shutdown()
    events = server.events(250)
    assert sorted(event.props["n"] for event in events) == list(range(250))


def test_posthog_retry_after_an_outage_makes_no_duplicate(server: Live) -> None:
    seen = fail_first(server, 1, 503)
    client = posthog(server)
    client.capture("order", distinct_id="u-1")
    client.capture("order", distinct_id="u-2")
    client.shutdown()
    events = server.events(2, timeout_s=10)
    assert seen["requests"] >= 2
    assert sorted(event.distinct_id for event in events) == ["u-1", "u-2"]


def test_posthog_does_not_send_again_what_was_accepted(server: Live) -> None:
    seen = fail_first(server, 0, 200)
    client = posthog(server)
    client.capture("order", distinct_id="u-1")
    client.shutdown()
    server.events(1)
    assert seen["requests"] == 1


def test_posthog_flag_request_gets_an_empty_answer(server: Live) -> None:
    client = posthog(server)
    assert client.get_all_flags("u-1") == {}
    client.shutdown()


def test_posthog_with_a_wrong_key_stops_at_once(server: Live) -> None:
    seen = fail_first(server, 0, 200)
    client = Posthog("yk_wrong", host=server.base, on_error=lambda *_: None)
    client.capture("order", distinct_id="u-1")
    client.shutdown()
    assert seen["requests"] == 1
    assert server.counters.snapshot()["refused"] == {"key.unknown": 1}


def test_segment_track_and_page_and_screen_arrive(server: Live) -> None:
    client = segment(server)
    client.track("u-1", "Order Completed", {"revenue": 12.5}, context={"page": {"url": "https://a.example/x"}})
    client.page("u-1", "docs", "Home", {"path": "/"})
    client.screen("u-1", "app", "Start")
    client.shutdown()
    events = {event.name: event for event in server.events(3)}
    order = events["Order Completed"]
    assert (order.distinct_id, order.props["revenue"], order.props["$current_url"]) == (
        "u-1",
        12.5,
        "https://a.example/x",
    )
    assert (events["$pageview"].props["category"], events["$pageview"].props["name"]) == ("docs", "Home")
    assert order.library.startswith("analytics-python/")
    assert "$screen" in events


def test_segment_identify_alias_and_group_arrive(server: Live) -> None:
    client = segment(server)
    client.identify("u-1", {"plan": "pro"}, anonymous_id="anon-1")
    client.alias("anon-2", "u-1")
    client.group("u-1", "acme", {"size": 12})
    client.shutdown()
    events = {event.name: event for event in server.events(3)}
    assert events["$identify"].person_ops == [Op(OpKind.SET, "plan", "pro")]
    assert [(k.kind, k.source, k.target) for k in events["$identify"].links] == [(LinkKind.IDENTIFY, "anon-1", "u-1")]
    assert [(k.kind, k.source, k.target) for k in events["$create_alias"].links] == [(LinkKind.ALIAS, "anon-2", "u-1")]
    assert events["$groupidentify"].account == "acme"
    assert events["$groupidentify"].account_ops == [Op(OpKind.SET, "size", 12)]


def test_segment_batch_with_gzip_arrives_complete(server: Live) -> None:
    client = segment(server, gzip=True)
    for number in range(250):
        client.track(f"u-{number % 7}", "step", {"n": number})
    client.shutdown()
    events = server.events(250)
    assert sorted(event.props["n"] for event in events) == list(range(250))


def test_segment_retry_after_outages_makes_no_duplicate(server: Live) -> None:
    seen = fail_first(server, 2, 500)
    client = segment(server)
    client.track("u-1", "order")
    client.track("u-2", "order")
    client.shutdown()
    events = server.events(2, timeout_s=10)
    assert seen["requests"] >= 3
    assert sorted(event.distinct_id for event in events) == ["u-1", "u-2"]
