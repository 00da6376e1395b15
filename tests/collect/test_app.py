import gzip
import json
import logging
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.collect.harness import KEY, SENDER, Live, live
from yunying.collect.app import CollectorLimits
from yunying.collect.spool import SpoolLimits

AUTH = {"authorization": f"Bearer {KEY}"}


def event(number: int = 0, **more: Any) -> dict[str, Any]:
    return {"event": "order", "distinct_id": f"u-{number}", "properties": {"n": number}} | more


def test_own_events_arrive_in_every_form(server: Live) -> None:
    lines = b"\n".join(json.dumps(event(number)).encode() for number in (3, 4))
    answers = [
        server.send("/v1/events", event(0), **AUTH),
        server.send("/v1/events", [event(1), event(2)], **AUTH),
        server.send("/v1/events", lines, **AUTH, content_type="application/x-ndjson"),
        server.send("/v1/events", gzip.compress(json.dumps({"events": [event(5)], "key": KEY}).encode())),
        server.send(f"/v1/events?key={KEY}", event(6)),
    ]
    assert [answer.json() for answer in answers] == [{"accepted": n, "refused": []} for n in (1, 2, 2, 1, 1)]
    assert sorted(e.props["n"] for e in server.events(7)) == list(range(7))


def test_the_good_part_of_a_batch_is_taken_and_the_bad_part_quarantined(server: Live) -> None:
    answer = server.send("/v1/events", [event(0), {"event": "order"}, event(2, timestamp="soon")], **AUTH)
    assert answer.status == 200
    assert answer.json()["accepted"] == 1
    assert [(r["index"], r["code"]) for r in answer.json()["refused"]] == [(1, "id.missing"), (2, "time.unreadable")]
    refused = server.refused(2)
    assert {row[1] for row in refused} == {"id.missing", "time.unreadable"}
    assert json.loads(refused[0][2]) == {"event": "order"}
    assert server.counters.snapshot()["refused"] == {"id.missing": 1, "time.unreadable": 1}


def test_a_refusal_keeps_the_message_and_what_fills_it(server: Live) -> None:
    server.send("/v1/events", [event(1, colour="red")], authorization=f"Bearer {KEY}")
    ((_, code, _, _, data),) = server.refused(1)
    assert code == "event.unknown_field"
    assert data["message"] % data["values"] == "“colour” is not a field of an event; put it into properties."


def test_a_batch_of_only_bad_events_is_answered_400(server: Live) -> None:
    answer = server.send("/v1/events", [{"event": "x"}], **AUTH)
    assert (answer.status, answer.json()["accepted"]) == (400, 0)


def test_an_unreadable_body_is_quarantined_when_the_key_is_known(server: Live) -> None:
    answer = server.send("/v1/events", b"{broken", **AUTH)
    assert (answer.status, answer.json()["reason"]) == (400, "body.not_json")
    (row,) = server.refused(1)
    assert (row[1], row[2]) == ("body.not_json", "{broken")


@pytest.mark.parametrize(("headers", "code"), [({}, "key.missing"), ({"authorization": "Bearer no"}, "key.unknown")])
def test_without_a_valid_key_nothing_is_taken(server: Live, headers: dict[str, str], code: str) -> None:
    answer = server.send("/v1/events", event(), **headers)
    assert (answer.status, answer.json()["reason"]) == (401, code)
    assert server.counters.snapshot().get("spooled", 0) == 0


def test_a_new_key_works_at_once_and_a_revoked_one_soon_not(tmp_path: Path) -> None:
    with live(tmp_path) as server:
        assert server.send("/v1/events", event(), authorization="Bearer fresh").status == 401
        with closing(sqlite3.connect(tmp_path / "keys.sqlite3")) as db, db:
            db.execute("INSERT INTO products_writekey VALUES ('fresh', 2, NULL)")
        assert server.send("/v1/events", event(), authorization="Bearer fresh").status == 200


def test_every_answer_carries_cors_and_a_preflight_needs_no_key(server: Live) -> None:
    origin = {"origin": "https://shop.example"}
    preflight = server.send(
        "/v1/t", method="OPTIONS", **origin, access_control_request_headers="authorization,x-retry-count"
    )
    assert preflight.status == 204
    assert preflight.headers["access-control-allow-headers"] == "authorization,x-retry-count"
    assert preflight.headers["access-control-max-age"] == "86400"
    for answer in (
        preflight,
        server.send("/v1/events", b"{", **origin),
        server.send("/v1/events", event(), **AUTH, **origin),
    ):
        assert answer.headers["access-control-allow-origin"] == "https://shop.example"
        assert answer.headers["access-control-allow-credentials"] == "true"
        assert answer.headers["vary"] == "Origin"


@pytest.mark.parametrize(
    ("path", "body", "answer"),
    [
        ("/batch/", {"api_key": KEY, "batch": [{"event": "a", "distinct_id": "u"}]}, {"status": "Ok"}),
        ("/i/v0/e/", {"api_key": KEY, "event": "a", "distinct_id": "u"}, {"status": "Ok"}),
        ("/e/", {"api_key": KEY, "event": "a", "distinct_id": "u"}, {"status": 1}),
        ("/capture/", {"api_key": KEY, "event": "a", "distinct_id": "u"}, {"status": 1}),
        ("/s/", {"anything": 1}, {"status": 1}),
        ("/v1/batch", {"writeKey": KEY, "batch": [{"type": "track", "event": "a", "userId": "u"}]}, {"success": True}),
        ("/v1/m", {"series": []}, {"success": True}),
    ],
)
def test_each_protocol_hears_its_own_good_answer(server: Live, path: str, body: Any, answer: Any) -> None:
    got = server.send(path, body)
    assert (got.status, got.json()) == (200, answer)


def test_too_large_a_body_is_refused(tmp_path: Path) -> None:
    with live(tmp_path, collector=CollectorLimits(body_bytes=1000)) as server:
        answer = server.send("/v1/events", event(properties={"x": "y" * 2000}), **AUTH)
        assert (answer.status, answer.json()["reason"]) == (413, "body.too_big")


def test_one_huge_event_is_refused_and_its_neighbour_taken(server: Live) -> None:
    answer = server.send("/v1/events", [event(0, properties={"x": "y" * (1 << 20)}), event(1)], **AUTH)
    assert answer.json()["accepted"] == 1
    assert answer.json()["refused"][0]["code"] == "event.too_big"


def test_a_full_spool_answers_503_and_says_when_to_come_back(tmp_path: Path) -> None:
    with live(tmp_path, limits=SpoolLimits(cap_bytes=1000, segment_age_s=60)) as server:
        answers = [server.send("/v1/events", event(n), **AUTH) for n in range(12)]
        assert answers[0].status == 200
        last = answers[-1]
        assert (last.status, last.json()["reason"]) == (503, "spool.full")
        assert int(last.headers["retry-after"]) > 0
        accepted = sum(a.status == 200 for a in answers)
    assert len(server.sink.events()) == accepted


def test_a_wrong_method_is_not_found(server: Live) -> None:
    assert server.send("/v1/events", method="PUT").status == 404


def test_the_log_holds_no_query_no_key_and_no_body(server: Live, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        server.send("/v1/events?key=very-secret-key&mail=ada%40example.com", b'{"name": "ada@example.com"')
        server.send(f"/v1/events?key={KEY}", b'{"name": "ada@example.com"')
    assert "ada" not in caplog.text
    assert "very-secret-key" not in caplog.text
    assert KEY not in caplog.text


def test_pages_that_hang_take_nothing_from_the_collector(tmp_path: Path) -> None:
    import threading

    release = threading.Event()

    def stuck(environ: Any, start_response: Any) -> list[bytes]:
        release.wait(10)
        start_response("200 OK", [("content-length", "2")])
        return [b"ok"]

    with live(tmp_path, wsgi=stuck) as server:
        pages = [threading.Thread(target=server.send, args=("/page",), kwargs={"method": "GET"}) for _ in range(4)]
        for page in pages:
            page.start()
        assert server.send("/v1/events", event(), **AUTH).status == 200
        release.set()
        for page in pages:
            page.join(10)


@pytest.mark.parametrize("name", ["product:tea", f"matomo:{SENDER}"])
def test_the_name_of_a_product_or_sender_is_no_write_key(server: Live, name: str) -> None:
    body = {"api_key": name, "event": "order", "distinct_id": "u-1"}
    assert server.send("/e/", json.dumps(body).encode()).status == 401
    assert server.send(f"/v1/events?key={name}", b'{"distinct_id": "u-1"}').status == 401
    assert server.send(f"/v1/events?key={name}", b"{not json").status == 400
    assert server.events(0) == [] and server.refused(0) == []
