"""Routing, and what each protocol makes of the shapes that SDKs were seen to send."""

from typing import Any

import orjson
import pytest

from yunying.base.errors import NotAllowed, YunyingError
from yunying.events import protocols
from yunying.events.event import Event, LinkKind, Op, OpKind
from yunying.events.normalise import Arrival
from yunying.events.protocols.base import Outcome, Request, common_error

NOW = 1_767_225_600_000


def request(path: str, document: Any = None, method: str = "POST", **headers: str) -> Request:
    body = b"" if document is None else orjson.dumps(document)
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(method, path, {}, names, body, NOW, "http://host:1")


def take(path: str, document: Any, **headers: str) -> tuple[str, list[Event | None]]:
    asked = request(path, document, **headers)
    match = protocols.choose(protocols.candidates(path), asked)
    assert match and match.route.take
    asked.matched = match.values
    intake = match.route.take(asked)
    arrival = Arrival(1, NOW, intake.sent_ms, intake.historical, intake.library, intake.shared)
    return intake.key, [match.protocol.read(item, arrival) for item in intake.items]


def one(path: str, document: Any, **headers: str) -> Event:
    _, events = take(path, document, **headers)
    assert len(events) == 1 and events[0] is not None
    return events[0]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/v1/events", "own"),
        ("/e/", "posthog"),
        ("/i/v0/e/", "posthog"),
        ("/capture", "posthog"),
        ("/array/abc/config.js", "posthog"),
        ("/v1/import", "segment"),
        ("/v1/t", "segment"),
        ("/v1/pixel/track", "segment"),
        ("/v1/merge", "rudder"),
        ("/beacon/v1/batch", "rudder"),
        ("/sourceConfig/", "rudder"),
        ("/rudder/v1/batch", "rudder"),
        ("/v1/projects/abc/settings", "segment"),
        ("/segment/v1/batch", "segment"),
        ("/posthog/batch/", "posthog"),
    ],
)
def test_each_path_finds_its_protocol(path: str, name: str) -> None:
    assert {match.protocol.name for match in protocols.candidates(path)} == {name}


@pytest.mark.parametrize("path", ["/p/tea/today", "/api/v1/products", "/static/x.js", "/v1/nope", "/segment/e/"])
def test_other_paths_are_left_to_the_pages(path: str) -> None:
    assert not protocols.owns(path, "GET")


def test_the_root_is_a_page_but_for_events() -> None:
    assert not protocols.owns("/", "GET")
    assert protocols.owns("/", "POST")


def test_protocol_names_and_plain_paths_are_unique() -> None:
    names = [protocol.name for protocol in protocols.PROTOCOLS]
    assert len(names) == len(set(names))
    for protocol in protocols.PROTOCOLS:
        for route in protocol.routes:
            assert (route.take is None) != (route.answer is None), route.path
            assert (route.take is None) == (route.reply is None), route.path


# -- own ---------------------------------------------------------------------------------------------------------


def test_own_event_with_everything() -> None:
    event = one(
        "/v1/events",
        {
            "event": "order",
            "distinct_id": "u-1",
            "timestamp": "2025-06-01T00:00:00Z",
            "uuid": "A0000000-0000-4000-8000-000000000001",
            "properties": {"amount": 5},
            "session": "s-1",
            "account": "acme",
            "set": {"plan": "pro"},
            "unset": ["old"],
            "add": {"visits": 1},
            "account_set": {"size": 3},
            "anonymous_id": "anon-1",
        },
        authorization="Bearer k",
    )
    assert event.ts_ms == 1_748_736_000_000
    assert (event.uuid, event.session, event.account) == ("a0000000-0000-4000-8000-000000000001", "s-1", "acme")
    assert event.person_ops == [Op(OpKind.SET, "plan", "pro"), Op(OpKind.ADD, "visits", 1), Op(OpKind.UNSET, "old")]
    assert event.account_ops == [Op(OpKind.SET, "size", 3)]
    assert [(link.kind, link.source, link.target) for link in event.links] == [(LinkKind.IDENTIFY, "anon-1", "u-1")]


@pytest.mark.parametrize("shape", ["one", "list", "envelope"])
def test_own_shapes(shape: str) -> None:
    event = {"event": "a", "distinct_id": "u"}
    document: Any = {"one": event, "list": [event], "envelope": {"events": [event], "key": "k"}}[shape]
    assert one("/v1/events", document).name == "a"


def test_own_key_comes_from_header_or_body() -> None:
    event = {"event": "a", "distinct_id": "u"}
    assert take("/v1/events", event, authorization="Bearer k1")[0] == "k1"
    assert take("/v1/events", event, authorization="Basic azI6")[0] == "k2"
    assert take("/v1/events", event | {"key": "k3"})[0] == "k3"
    assert take("/v1/events", {"events": [event], "key": "k4"})[0] == "k4"


def test_own_refuses_a_field_it_does_not_know() -> None:
    with pytest.raises(YunyingError) as error:
        take("/v1/events", {"event": "a", "distinct_id": "u", "price": 5})
    assert (error.value.code, error.value.field) == ("event.unknown_field", "price")


# -- posthog -----------------------------------------------------------------------------------------------------


def test_posthog_js_event_of_each_generation() -> None:
    bare = {"event": "$pageview", "properties": {"token": "k", "distinct_id": "d"}, "offset": 1000}
    assert take("/e/", bare)[0] == "k"
    assert one("/e/", [bare]).ts_ms == NOW - 1000
    event = one("/i/v0/e/", bare | {"uuid": "a0000000-0000-4000-8000-000000000001", "$set": {"a": 1}})
    assert event.uuid == "a0000000-0000-4000-8000-000000000001"
    assert event.person_ops == [Op(OpKind.SET, "a", 1)]
    assert "token" not in event.props


def test_posthog_v1_answers_one_verdict_per_event() -> None:
    document = {"batch": [{"event": "a", "uuid": "u-1", "distinct_id": "d"}, {"event": "b", "uuid": "u-2"}]}
    asked = request("/i/v1/analytics/events", document, authorization="Bearer k", posthog_sdk_info="posthog-rs/1")
    match = protocols.choose(protocols.candidates(asked.path), asked)
    assert match and match.route.take and match.route.reply
    assert match.route.take(asked).key == "k"
    reply = match.route.reply(asked, Outcome(events=[None, None]))
    assert orjson.loads(reply.body)["results"] == {"u-1": {"result": "ok"}, "u-2": {"result": "ok"}}


def test_posthog_merges() -> None:
    kinds = {"$identify": "$anon_distinct_id", "$create_alias": "alias", "$merge_dangerously": "alias"}
    found = [
        one("/e/", {"event": name, "distinct_id": "u", "properties": {field: "anon"}}).links[0]
        for name, field in kinds.items()
    ]
    assert [link.kind for link in found] == [LinkKind.IDENTIFY, LinkKind.ALIAS, LinkKind.MERGE]
    assert {(link.source, link.target) for link in found} == {("anon", "u")}


def test_posthog_identify_with_itself_is_no_merge() -> None:
    assert one("/e/", {"event": "$identify", "distinct_id": "u", "properties": {"$anon_distinct_id": "u"}}).links == []


def test_posthog_without_person_profile_changes_no_person() -> None:
    props = {"$process_person_profile": False, "$set": {"plan": "pro"}}
    assert one("/e/", {"event": "a", "distinct_id": "u", "properties": props}).person_ops == []


def test_posthog_recording_is_dropped_even_among_events() -> None:
    assert take("/e/", {"event": "$snapshot", "distinct_id": "u", "properties": {}})[1] == [None]


def test_posthog_cookieless_gets_a_visitor_of_the_day() -> None:
    posthog = protocols.by_name("posthog")
    assert posthog
    event = posthog.read(
        {"event": "a", "distinct_id": "$posthog_cookieless"}, Arrival(1, NOW, visitor=lambda: "visitor-1")
    )
    assert event and event.distinct_id == "visitor-1"


def test_posthog_flag_answers_are_empty() -> None:
    for path, method in (("/flags/", "POST"), ("/decide/", "POST"), ("/flags/definitions", "GET")):
        asked = request(path, {"token": "k"}, method)
        match = protocols.choose(protocols.candidates(path), asked)
        assert match and match.route.answer
        body = orjson.loads(match.route.answer(asked).body)
        assert not body.get("flags") and not body.get("featureFlags")


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/api/surveys/", {"surveys": []}),
        ("/api/web_experiments/", {"experiments": []}),
        ("/api/early_access_features/", {"earlyAccessFeatures": []}),
    ],
)
def test_posthog_hears_that_there_is_nothing_else(path: str, answer: Any) -> None:
    match = protocols.candidates(path)[0]
    assert match.route.answer
    assert orjson.loads(match.route.answer(request(path, None, "GET")).body) == answer


@pytest.mark.parametrize("path", ["/static/array.js", "/array/k/array.js", "/analytics.js/v1/k/analytics.min.js"])
def test_a_snippet_that_looks_for_its_script_here_is_told_where_it_is(path: str) -> None:
    match = protocols.candidates(path)[0]
    assert match.route.answer
    reply = match.route.answer(request(path, None, "GET"))
    assert (reply.status, reply.content_type) == (200, "text/javascript; charset=utf-8")
    assert b"console.error" in reply.body and b"help page sdks/" in reply.body


def test_posthog_takes_only_its_own_on_the_paths_of_mixpanel() -> None:
    mixpanel = {"event": "a", "properties": {"token": "k", "distinct_id": "d", "mp_lib": "web", "$lib_version": "2"}}
    for document, name in (
        ({"event": "a", "api_key": "k", "distinct_id": "d"}, "posthog"),
        ([{"event": "a", "properties": {"token": "k", "distinct_id": "d", "$lib": "web"}}], "posthog"),
        (mixpanel, "mixpanel"),
        ([{"event": "a", "properties": {"token": "k", "distinct_id": "d"}}], "mixpanel"),
    ):
        match = protocols.choose(protocols.candidates("/track/"), request("/track/", document))
        assert match and match.protocol.name == name, document


def test_posthog_config_script_cannot_be_broken_out_of() -> None:
    asked = request("/array/x/config.js", None, "GET")
    match = protocols.candidates("/array/x/config.js")[0]
    assert match.route.answer
    asked.matched = {"token": "</script><script>alert(1)"}
    assert b"</script>" not in match.route.answer(asked).body


# -- segment -----------------------------------------------------------------------------------------------------


def test_segment_short_names_say_the_type() -> None:
    message = {"writeKey": "k", "anonymousId": "anon", "messageId": "m-1", "event": "a", "properties": {}}
    assert take("/v1/t", message)[0] == "k"
    assert one("/v1/t", message).name == "a"
    assert one("/v1/p", message).name == "$pageview"
    assert one("/v1/identify", message | {"userId": "u", "traits": {"a": 1}}).person_ops == [Op(OpKind.SET, "a", 1)]


def test_segment_empty_user_id_is_anonymous() -> None:
    event = one("/v1/track", {"userId": "", "anonymousId": "anon", "event": "a"})
    assert event.distinct_id == "anon"


def test_segment_event_with_both_ids_does_not_merge() -> None:
    event = one("/v1/track", {"userId": "u", "anonymousId": "anon", "event": "a"})
    assert (event.distinct_id, event.links, event.props["$anonymous_id"]) == ("u", [], "anon")


def test_segment_context_of_the_batch_holds_for_its_messages() -> None:
    document = {
        "context": {"library": {"name": "x", "version": "2"}, "ip": "203.0.113.5"},
        "batch": [{"type": "track", "userId": "u", "event": "a", "context": {"locale": "zh-CN"}}],
    }
    event = one("/v1/batch", document)
    assert event.library == "x/2"
    assert event.props["$browser_language"] == "zh-CN"
    assert "203.0.113.5" not in orjson.dumps(event.props).decode()


def test_segment_group_of_another_type_is_no_account() -> None:
    message = {"type": "group", "userId": "u", "groupId": "5", "context": {"groupType": "project"}, "traits": {"a": 1}}
    event = one("/v1/batch", {"batch": [message]})
    assert (event.account, event.account_ops, event.props["groupId"]) == ("", [], "5")


def test_segment_unknown_type_is_refused() -> None:
    with pytest.raises(YunyingError) as error:
        take("/v1/batch", {"batch": [{"type": "dance", "userId": "u"}]})
    assert error.value.code == "segment.type"


def test_segment_settings_point_back_to_the_host() -> None:
    asked = request("/v1/projects/k/settings", None, "GET")
    match = protocols.candidates(asked.path)[0]
    asked.matched = match.values
    assert match.route.answer
    settings = orjson.loads(match.route.answer(asked).body)["integrations"]["Segment.io"]
    assert (settings["apiKey"], settings["apiHost"], settings["protocol"]) == ("k", "host:1/v1", "http")


def test_segment_settings_keep_a_prefix_and_the_tls_of_the_page() -> None:
    asked = request("/segment/yk_tea/v1/projects/k/settings", None, "GET", origin="https://shop.example")
    match = protocols.candidates(asked.path)[0]
    asked.matched = match.values
    assert match.route.answer
    settings = orjson.loads(match.route.answer(asked).body)["integrations"]["Segment.io"]
    assert (settings["apiHost"], settings["protocol"]) == ("host:1/segment/yk_tea/v1", "https")


# -- all ---------------------------------------------------------------------------------------------------------


def test_the_error_body_stops_every_known_sdk() -> None:
    reply = common_error(NotAllowed("key.unknown", "The write key is unknown."))
    body = orjson.loads(reply.body)
    assert reply.status == 401
    assert body["code"] == 401 and body["message"] and body["status"] == 0
    assert body["error"].startswith("Invalid API key: ")


@pytest.mark.parametrize("protocol", protocols.PROTOCOLS, ids=lambda p: p.name)
@pytest.mark.parametrize(
    "item", [None, 5, "x", [], {}, {"event": {}}, {"properties": 5}, {"batch": 3}, {"type": "track", "context": []}]
)
def test_no_item_crashes_a_protocol(protocol: Any, item: Any) -> None:
    with pytest.raises(YunyingError):
        protocol.read(item, Arrival(1, NOW))
