"""The protocols of web analytics: what each reads, and what nobody can make it do."""

import base64
import json
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yunying.base.errors import YunyingError
from yunying.events import protocols
from yunying.events.event import Event
from yunying.events.normalise import Arrival
from yunying.events.protocols.base import Outcome, Request
from yunying.events.protocols.sites import as_number, lift_page, visitor_of
from yunying.events.text import dumps

NOW = 1_767_225_600_000
VISITOR = "visitor-" + "a" * 32


def arrival(**more: Any) -> Arrival:
    return Arrival(product=1, received_ms=NOW, visitor=lambda *said: VISITOR + "".join(said), **more)


def events(path: str, body: Any = None, query: dict[str, str] | None = None, **more: Any) -> list[Event]:
    raw = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
    request = Request(more.pop("method", "POST"), path, query or {}, more.pop("headers", {}), raw, NOW)
    match = protocols.choose(protocols.candidates(path), request)
    assert match and match.route.take and match.route.reply
    intake = match.route.take(request)
    came = arrival(shared=intake.shared, **more)
    found = [match.protocol.read(item, came) for item in intake.items]
    match.route.reply(request, Outcome(events=found))
    return [event for event in found if event]


# -- pages and visitors ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("https://a.example", {"$host": "a.example", "$pathname": "/"}),
        ("https://name:secret@a.example:8443/x?y=1", {"$host": "a.example:8443", "$pathname": "/x"}),
        ("/x?utm_source=a", {"$host": None, "$pathname": "/x"}),
        ("https://[broken/x", {"$host": None, "$pathname": None}),
        ("https://a.example/?" + "a=1&" * 300, {"$host": "a.example"}),
        ("android-app://com.example/", {"$host": "com.example"}),
    ],
)
def test_an_address_is_taken_apart(url: str, wanted: dict[str, Any]) -> None:
    props: dict[str, Any] = {}
    lift_page(props, url=url)
    assert props["$current_url"] == url
    assert {name: props.get(name) for name in wanted} == wanted


def test_what_the_sdk_said_itself_stays() -> None:
    props = {"title": "theirs", "$pathname": "theirs"}
    lift_page(props, url="https://a.example/x", title="ours", screen="big", language="")
    assert (props["title"], props["$pathname"]) == ("theirs", "theirs")
    assert not {"$screen_width", "$browser_language"} & props.keys()


@pytest.mark.parametrize(
    ("text", "number"),
    [("12", 12), ("-0.125", -0.125), (" 7 ", 7), ("1e3", 1000.0), ("1_000", "1_000"), ("nan", "nan"), ("", ""), (3, 3)],
)
def test_a_number_is_made_of_what_is_one(text: Any, number: Any) -> None:
    assert as_number(text) == number


def test_a_visitor_belongs_to_one_site_and_one_user_of_a_server() -> None:
    ids = {
        visitor_of(arrival(), "a.example"),
        visitor_of(arrival(), "b.example"),
        visitor_of(arrival(), "a.example", address="198.51.100.4"),
        visitor_of(arrival(), "a.example", agent="Mozilla/5.0"),
    }
    assert len(ids) == 4
    assert visitor_of(Arrival(1, NOW), "a.example") == ""


def test_a_refused_item_is_read_again_as_the_visitor_it_was() -> None:
    first = arrival()
    again = Arrival.from_data(1, NOW, orjson.loads(orjson.dumps(first.to_data())))
    assert visitor_of(again, "a.example") == visitor_of(first, "a.example")
    assert visitor_of(again, "a.example", agent="x") != visitor_of(again, "a.example")


# -- Matomo ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "ago_s", "trusted", "code"),
    [
        ({"cdt": str(NOW // 1000 - 86_000)}, 86_000, False, None),
        ({"cdt": "2025-12-31 23:00:00"}, 3_600, False, None),
        ({"cdo": "60"}, 60, False, None),
        ({"cdt": str(NOW // 1000 + 86_400)}, 0, False, None),
        ({"cdt": str(NOW // 1000 - 90_000)}, 0, False, "matomo.time_needs_key"),
        ({"cdo": "90000"}, 0, False, "matomo.time_needs_key"),
        ({"cdt": str(NOW // 1000 - 90_000)}, 90_000, True, None),
        ({"cdt": "soon"}, 0, False, "time.unreadable"),
    ],
)
def test_matomo_takes_a_time_of_a_day_and_older_ones_with_a_key(
    sent: dict[str, str], ago_s: int, trusted: bool, code: str | None
) -> None:
    try:
        (event,) = events("/matomo.php", query={"idsite": "1", "rec": "1", "uid": "u"} | sent, trusted=trusted)
    except YunyingError as error:
        assert error.code == code
    else:
        assert code is None
        assert (NOW - event.ts_ms) // 1000 == ago_s
        assert event.historical == (ago_s > 86_400)


def test_matomo_takes_who_was_forced_before_the_cookie_and_the_user_before_both() -> None:
    ids = {"uid": "u-1", "cid": "1" * 16, "_id": "2" * 16}
    for names, who in ((("uid", "cid", "_id"), "u-1"), (("cid", "_id"), "1" * 16), (("_id",), "2" * 16)):
        (event,) = events("/matomo.php", query={"idsite": "1"} | {name: ids[name] for name in names})
        assert event.distinct_id == who


def test_matomo_keeps_no_token_and_no_nul() -> None:
    (event,) = events(
        "/matomo.php", query={"idsite": "1", "token_auth": "t", "action_name": "a\x00b", "x\x00": "\ud800"}
    )
    assert event.props["title"] == "a\ufffdb"
    assert "t" not in event.props.values()
    dumps(event.props)


# -- Google Analytics --------------------------------------------------------------------------------------------------


def test_ga4_knows_an_event_again_by_its_time_and_its_place() -> None:
    body = {"client_id": "1.2", "timestamp_micros": 1, "events": [{"name": "a"}, {"name": "a"}]}
    first, again = events("/mp/collect", body), events("/mp/collect", body)
    assert [event.uuid for event in first] == [event.uuid for event in again]
    assert first[0].uuid != first[1].uuid
    assert events("/mp/collect", body | {"client_id": "1.3"})[0].uuid != first[0].uuid
    del body["timestamp_micros"]
    assert events("/mp/collect", body)[0].uuid != events("/mp/collect", body)[0].uuid


@pytest.mark.parametrize("micros", ["yesterday", -5, 1.5, {"a": 1}, True, "9" * 30])
def test_ga4_refuses_a_time_that_is_none(micros: Any) -> None:
    body = {"client_id": "1.2", "timestamp_micros": micros, "events": [{"name": "a"}]}
    try:
        (event,) = events("/mp/collect", body)
    except YunyingError as error:
        assert error.code in ("ga4.time_unreadable", "time.out_of_range")
    else:
        assert event.ts_ms == NOW


# -- Umami -------------------------------------------------------------------------------------------------------------


def token(**fields: Any) -> str:
    given = {"w": "s", "s": VISITOR, "v": "7d1f0f3c-0f5b-4b0e-9a0e-0d8a5d1c2b3a", "i": NOW // 1000} | fields
    return base64.urlsafe_b64encode(orjson.dumps(given)).decode().rstrip("=")


@pytest.mark.parametrize(
    ("cache", "kept"),
    [
        (token(), True),
        (orjson.dumps({"cache": token()}).decode(), True),
        (token(i=NOW // 1000 - 1_799), True),
        (token(i=NOW // 1000 - 1_801), False),
        (token(i=NOW // 1000 + 60), False),
        (token(w="another"), False),
        (token(s="ceo@example.com"), False),
        (token(s=None), False),
        (token(v="x"), False),
        (token(v=5), False),
        (token(i="x"), False),
        ("{", False),
        ('{"cache": [1]}', False),
        ("ü", False),
        ("W10", False),
        ("null", False),
    ],
)
def test_umami_believes_of_a_cache_only_what_it_could_have_given(cache: str, kept: bool) -> None:
    body = {"type": "event", "payload": {"website": "s", "url": "/"}}
    (event,) = events("/api/send", body, headers={"x-umami-cache": cache})
    assert (event.distinct_id == VISITOR) == kept
    assert (event.session == "7d1f0f3c-0f5b-4b0e-9a0e-0d8a5d1c2b3a") == kept


# -- whatever comes ----------------------------------------------------------------------------------------------------

_KNOWN = (
    "idsite url e_c e_a idgoal ec_id ec_items cvar _cvar uadata cdt cdo cip res search revenue uid _id cid requests"
    " tid en dl pr1 pr2 ep.a epn.b up.c upn.d gcs sid _et n u d p props $ i sd website name data id timestamp type"
    " payload client_id events params user_properties device user_location consent timestamp_micros title referrer"
    " hostname screen token_auth"
)
_NAMES = st.sampled_from(_KNOWN.split(" "))
_ODD = ["0", "1", "true", "{", "[]", "{}", "[[1]]", '{"1":["a","b"]}', "a~b~~c", "https://a/?x", "%", "\x00"]
_TEXTS = st.one_of(st.text(max_size=20), st.sampled_from(_ODD))
_HEADERS = st.one_of(st.text(st.characters(max_codepoint=255), max_size=20), st.sampled_from(_ODD))
_VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        _TEXTS,
        st.just("\ud800"),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.one_of(_NAMES, _TEXTS), inner, max_size=5)),
    max_leaves=12,
)
_PATHS = ("/matomo.php", "/g/collect", "/mp/collect", "/debug/mp/collect", "/api/event", "/api/send", "/api/batch")


@settings(max_examples=300, deadline=None)
@given(
    path=st.sampled_from(_PATHS),
    query=st.dictionaries(_NAMES, _TEXTS, max_size=8),
    body=st.one_of(
        st.just(b""),
        st.binary(max_size=40),
        st.dictionaries(_NAMES, _VALUES, max_size=6),
        st.lists(_VALUES, max_size=3),
    ),
    cache=_HEADERS,
    trusted=st.booleans(),
)
def test_no_request_crashes_a_protocol(path: str, query: dict[str, str], body: Any, cache: str, trusted: bool) -> None:
    raw = body if isinstance(body, bytes) else dump(body)
    request = Request("POST", path, query, {"x-umami-cache": cache, "user-agent": cache}, raw, NOW)
    match = protocols.choose(protocols.candidates(path), request)
    assert match
    try:
        if match.route.answer:
            match.route.answer(request)
            return
        assert match.route.take and match.route.reply
        intake = match.route.take(request)
    except YunyingError:
        return
    came, outcome = arrival(shared=intake.shared, trusted=trusted), Outcome()
    orjson.dumps(came.to_data())
    for item in intake.items:
        try:
            event = match.protocol.read(item, came)
        except YunyingError:
            event = None
        outcome.events.append(event)
        if event:
            dumps(event.props)
            assert "\x00" not in dumps(event.props)
    match.route.reply(request, outcome)


def dump(value: Any) -> bytes:
    return json.dumps(value).encode("utf-8", "surrogatepass")
