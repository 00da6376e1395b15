"""Mixpanel and Amplitude where the contract of the wire does not reach: shared paths, refusals, replies to failures."""

import json
from typing import Any

import orjson
import pytest

from yunying.base.errors import InvalidInput, NotAllowed
from yunying.events import protocols
from yunying.events.event import Event, OpKind, Refusal
from yunying.events.normalise import Arrival
from yunying.events.protocols import Match, amplitude, mixpanel
from yunying.events.protocols.base import Outcome, Reply, Request

NOW = 1_767_225_600_000


def asked(path: str, document: Any, **query: str) -> Request:
    return Request("POST", path, query, {}, orjson.dumps(document), NOW, "https://host")


def chosen(request: Request) -> Match:
    match = protocols.choose(protocols.candidates(request.path), request)
    assert match
    return match


def read(protocol: Any, item: Any, **arrival: Any) -> Event:
    event: Event = protocol.PROTOCOL.read(item, Arrival(1, NOW, **arrival))
    return event


def answered(request: Request, refused: dict[int, str], accepted: int = 0) -> Reply:
    match = chosen(request)
    refusals = [
        (index, Refusal(1, str(index), NOW, match.protocol.name, "code", "The reason.", "", {"field": field}))
        for index, field in refused.items()
    ]
    event = Event(1, "u", "a", "d", NOW, NOW)
    assert match.route.reply
    return match.route.reply(request, Outcome([event] * accepted + [None] * len(refused), refusals))


@pytest.mark.parametrize(
    ("path", "document", "name"),
    [
        ("/batch", {"api_key": "k", "batch": [{"event": "a"}]}, "posthog"),
        ("/batch/", {"api_key": "k", "events": [{"event_type": "a"}]}, "amplitude"),
        ("/amplitude/batch", {"api_key": "k", "events": []}, "amplitude"),
        ("/amplitude/k/2/httpapi", {"events": []}, "amplitude"),
        ("/track", {"event": "a", "properties": {"token": "k", "distinct_id": "u", "mp_lib": "web"}}, "mixpanel"),
        ("/track/", [{"event": "a", "properties": {"token": "k", "distinct_id": "u"}}], "mixpanel"),
        ("/track/", {"event": "a", "properties": {"token": "k", "distinct_id": "u", "$lib": "web"}}, "posthog"),
        ("/track", {"api_key": "k", "event": "a", "distinct_id": "u", "properties": {}}, "posthog"),
        ("/engage", {"$token": "k", "$distinct_id": "u", "$set": {}}, "mixpanel"),
        ("/engage/", {"api_key": "k", "event": "$identify", "distinct_id": "u", "$set": {}}, "posthog"),
        ("/mixpanel/track", {"event": "a", "properties": {}}, "mixpanel"),
    ],
)
def test_who_sent_it_is_told_by_the_shape_where_paths_are_shared(path: str, document: Any, name: str) -> None:
    assert chosen(asked(path, document)).protocol.name == name


@pytest.mark.parametrize(("path", "product"), [("/", None), ("/amplitude", None), ("/amplitude/tea", "tea")])
def test_the_form_of_amplitude_js_8_comes_to_the_root_also_under_a_prefix(path: str, product: str | None) -> None:
    match = chosen(Request("POST", path, {}, {}, b"client=k&e=%5B%5D&v=2", NOW))
    assert (match.protocol.name, match.route.path, match.values.get("product")) == ("amplitude", "/", product)
    assert not protocols.candidates("/mixpanel")


def test_flags_are_answered_empty_to_either_maker() -> None:
    for path, key, empty in (("/flags", "flags", {}), ("/flags/definitions", "flags", [])):
        request = Request("GET", path, {"token": "k", "mp_lib": "python"}, {}, b"", NOW)
        match = chosen(request)
        assert match.protocol.name == "mixpanel"
        assert match.route.answer
        assert json.loads(match.route.answer(request).body)[key] == empty
    other = Request("GET", "/flags/definitions", {"token": "k"}, {"authorization": "Bearer phx"}, b"", NOW)
    assert chosen(other).protocol.name == "posthog"


# -- Mixpanel ----------------------------------------------------------------------------------------------------------


def test_mixpanel_ids_of_events_are_those_its_vendor_compares() -> None:
    def uuid(**more: Any) -> str:
        props = {"distinct_id": "u", "time": 1_700_000_000, "$insert_id": "i-1"} | more
        return read(mixpanel, {"event": "a", "properties": props}).uuid

    assert uuid() == uuid(other=1)
    assert len({uuid(), uuid(distinct_id="v"), uuid(time=1_700_000_001), uuid(**{"$insert_id": "i-2"})}) == 4
    without = {"$insert_id": None}
    assert uuid(**without) != uuid(**without)


def test_mixpanel_profile_changes_sent_again_are_one_where_their_time_is_exact() -> None:
    def uuid(at: Any) -> str:
        return read(mixpanel, {"$token": "k", "$distinct_id": "u", "$add": {"n": 1}, "$time": at}).uuid

    assert uuid(1_700_000_000.123) == uuid(1_700_000_000.123)
    assert uuid(1_700_000_000_123) == uuid(1_700_000_000_123)
    assert uuid(1_700_000_000) != uuid(1_700_000_000)
    assert uuid(None) != uuid(None)


@pytest.mark.parametrize(
    ("item", "code"),
    [
        ({"event": "a", "properties": {"token": "k"}}, "id.missing"),
        ({"event": "a", "properties": {"token": "k", "distinct_id": "null"}}, "id.unusable"),
        ({"event": " ", "properties": {"distinct_id": "u"}}, "event.name_missing"),
        ({"event": "$merge", "properties": {"$distinct_ids": ["a", "b"]}}, "mixpanel.merge"),
        ({"event": "$merge", "properties": {"$distinct_ids": "a"}}, "id.missing"),
        ({"$token": "k", "$distinct_id": "u"}, "mixpanel.no_operation"),
        ({"$token": "k", "$distinct_id": "u", "$set": [1]}, "field.not_object"),
        ({"$group_key": "company", "$set": {}}, "id.missing"),
        ([], "field.not_object"),
    ],
)
def test_mixpanel_refuses_with_a_reason(item: Any, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read(mixpanel, item)
    assert refused.value.code == code


def test_mixpanel_address_is_that_of_the_event_or_of_the_browser() -> None:
    def address(shared: dict[str, Any], **props: Any) -> str:
        item = {"event": "a", "properties": {"distinct_id": "u"} | props}
        return read(mixpanel, item, address="203.0.113.7", shared=shared).address

    assert address({"ip": True}) == "203.0.113.7"
    assert address({}) == ""
    assert address({"ip": True}, ip="198.51.100.9") == "198.51.100.9"
    assert address({}, ip="nonsense") == ""


def test_mixpanel_import_with_strict_names_each_bad_record() -> None:
    records = [{"event": "a", "properties": {"$insert_id": "i-0"}}, {"event": "a", "properties": {"$insert_id": "i-1"}}]
    reply = answered(asked("/import", records, strict="1"), {1: "time"}, accepted=1)
    assert reply.status == 400
    body = json.loads(reply.body)
    assert (body["code"], body["num_records_imported"]) == (400, 1)
    assert body["failed_records"] == [{"index": 1, "insert_id": "i-1", "field": "time", "message": "The reason."}]
    reply = answered(asked("/import", records), {1: "time"}, accepted=1)
    assert (reply.status, json.loads(reply.body)["num_records_imported"]) == (200, 1)


def test_mixpanel_hears_the_reason_when_nothing_could_be_used() -> None:
    reply = answered(asked("/track", {"event": "a", "properties": {"token": "k"}}, verbose="1"), {0: "distinct_id"})
    assert (reply.status, json.loads(reply.body)["status"], json.loads(reply.body)["error"]) == (400, 0, "The reason.")


# -- Amplitude ---------------------------------------------------------------------------------------------------------


def test_amplitude_ids_of_events_hold_within_a_device() -> None:
    def uuid(**more: Any) -> str:
        return read(amplitude, {"event_type": "a", "device_id": "device-1", "insert_id": "i-1"} | more).uuid

    assert uuid() == uuid(event_properties={"a": 1})
    assert len({uuid(), uuid(device_id="device-2"), uuid(insert_id="i-2")}) == 3
    timed: dict[str, Any] = {"insert_id": None, "time": NOW}
    assert uuid(**timed) == uuid(**timed)
    assert uuid(insert_id=None) != uuid(insert_id=None)


def test_amplitude_corrects_the_clock_by_the_time_of_upload_but_not_by_a_moment() -> None:
    item = {"event_type": "a", "device_id": "device-1", "time": NOW - 3_601_000}
    assert read(amplitude, item, sent_ms=NOW - 3_600_000).ts_ms == NOW - 1_000
    assert read(amplitude, item, sent_ms=NOW - 5_000).ts_ms == NOW - 3_601_000


@pytest.mark.parametrize(
    ("item", "code"),
    [
        ({"event_type": "a"}, "id.missing"),
        ({"event_type": "a", "user_id": "null"}, "id.unusable"),
        ({"user_id": "user-1"}, "event.name_missing"),
        ({"event_type": "$groupidentify", "user_id": "user-1"}, "amplitude.group_missing"),
        ({"event_type": "$usermap", "user_id": "a", "unmap": True}, "amplitude.unmap"),
        ({"event_type": "$usermap", "user_id": "a"}, "id.missing"),
        ({"event_type": "a", "user_id": "user-1", "groups": ["acme"]}, "field.not_object"),
        ("a", "field.not_object"),
    ],
)
def test_amplitude_refuses_with_a_reason(item: Any, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read(amplitude, item)
    assert refused.value.code == code


def test_amplitude_sdks_are_told_which_events_to_drop() -> None:
    request = asked("/2/httpapi", {"api_key": "k", "events": [{}, {}]})
    reply = answered(request, {0: "user_id", 1: "event"})
    body = json.loads(reply.body)
    assert (reply.status, body["code"], body["missing_field"]) == (400, 400, "user_id")
    assert body["events_with_invalid_fields"] == {"user_id": [0], "event": [1]}
    assert answered(request, {1: "event"}, accepted=1).status == 200


def test_amplitude_js_8_is_never_refused_for_its_events() -> None:
    request = Request("POST", "/", {}, {}, b"client=k&e=%5B%7B%7D%5D&v=2", NOW)
    assert (answered(request, {0: "user_id"}).status, answered(request, {0: "user_id"}).body) == (200, b"success")


def test_amplitude_sdks_stop_on_every_error_that_will_not_mend_itself() -> None:
    bad_key = amplitude.PROTOCOL.error(NotAllowed("key.unknown", "The key is unknown."))
    assert json.loads(bad_key.body)["error"].startswith("Invalid API key:")
    damaged = amplitude.PROTOCOL.error(InvalidInput("body.not_json", "The body is not JSON."))
    assert json.loads(damaged.body)["missing_field"]


def test_amplitude_operations_on_lists_and_clearing() -> None:
    item = {"event_type": "$identify", "user_id": "user-1", "user_properties": {"a": 1, "$clearAll": "-"}}
    assert [op.kind for op in read(amplitude, item).person_ops] == [OpKind.CLEAR, OpKind.SET]


@pytest.mark.parametrize("price", [10**19, 1e300, "9.99", True, [1]])
def test_amplitude_revenue_is_worked_out_of_sensible_numbers_only(price: Any) -> None:
    item = {"event_type": "order", "user_id": "user-1", "price": price, "quantity": 10**19}
    props = read(amplitude, item).props
    assert "revenue" not in props
    assert props["price"] == price
