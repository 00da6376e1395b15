"""Protocols without keys through the whole collector: whose an event is, and what must be answered as good."""

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.collect.harness import KEY, SENDER, Live, live
from yunying.collect.app import CollectorLimits

TP2 = "/com.snowplowanalytics.snowplow/tp2"


def payload(*items: dict[str, Any]) -> dict[str, Any]:
    return {"schema": "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4", "data": list(items)}


def view(number: int, **more: Any) -> dict[str, Any]:
    eid = f"a0000000-0000-4000-8000-{number:012d}"
    return {"e": "pv", "eid": eid, "uid": f"u-{number}", "aid": SENDER, "dtm": "1767225600000"} | more


def test_a_batch_of_several_senders_goes_to_the_product_of_each(server: Live) -> None:
    answer = server.send(TP2, payload(view(1), view(2, aid="strange"), view(3)))
    assert (answer.status, answer.body) == (200, b"ok")
    assert sorted(event.distinct_id for event in server.events(2)) == ["u-1", "u-3"]
    ((_, code, body, protocol, data),) = server.refused(1)
    assert (code, protocol, data["alias"], json.loads(body)["uid"]) == ("alias.unknown", "snowplow", "strange", "u-2")


def test_snowplow_hears_that_all_is_well_when_one_event_is_too_large(server: Live) -> None:
    answer = server.send(TP2, payload(view(1), view(2, page="x" * (1 << 20)), view(3)))
    assert (answer.status, answer.body) == (200, b"ok")
    assert len(server.events(2)) == 2
    ((_, code, body, _, data),) = server.refused(1)
    assert (code, data["cut"]) == ("event.too_big", True)
    assert "u-2" in body


@pytest.mark.parametrize("chunked", [False, True])
def test_snowplow_hears_that_all_is_well_when_a_body_is_too_large(tmp_path: Path, chunked: bool) -> None:
    with live(tmp_path, collector=CollectorLimits(body_bytes=200_000)) as server:
        body = json.dumps(payload(*(view(n, page="x" * 1000) for n in range(500)))).encode()
        assert post_whole(server, body, chunked=chunked) == 200
        ((_, code, kept, protocol, data),) = server.refused(1)
        assert (code, protocol, data["unread"]) == ("body.too_big", "snowplow", True)
        assert kept == body[: len(kept)].decode()
        assert server.sink.events() == []


def test_a_body_too_large_by_far_is_not_read(tmp_path: Path) -> None:
    with live(tmp_path, collector=CollectorLimits(body_bytes=1000)) as server:
        assert post_whole(server, b"", announced=5000) == 200


def test_a_body_of_an_unknown_sender_that_is_too_large_waits_for_its_owner(tmp_path: Path) -> None:
    with live(tmp_path, collector=CollectorLimits(body_bytes=1000)) as server:
        assert post_whole(server, json.dumps(payload(view(1, aid="strange", page="x" * 1000))).encode()) == 200
        ((_, code, _, _, data),) = server.refused(1)
        assert (code, data["alias"]) == ("body.too_big", "strange")


def post_whole(server: Live, body: bytes, *, chunked: bool = False, announced: int = 0) -> int:
    """Send everything before the answer is looked at, as the SDKs do; returns the status."""
    port = int(server.base.rpartition(":")[2])
    length = "transfer-encoding: chunked" if chunked else f"content-length: {announced or len(body)}"
    with socket.create_connection(("127.0.0.1", port), timeout=10) as sent:
        sent.sendall(f"POST {TP2} HTTP/1.1\r\nhost: a\r\n{length}\r\n\r\n".encode())
        sent.sendall(b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) if chunked else body)
        return int(sent.recv(100).split()[1])


def test_sensors_goes_by_its_project_or_by_a_token_that_is_a_write_key(server: Live) -> None:
    item = {"type": "track", "event": "a", "distinct_id": "u-1", "time": 1767225600000, "properties": {}}
    for number, (query, more) in enumerate(
        [(f"?project={SENDER}", {}), ("", {"project": SENDER}), (f"?token={KEY}", {}), ("", {"token": KEY})]
    ):
        answer = server.send(f"/sa{query}", item | more | {"distinct_id": f"u-{number}"})
        assert (answer.status, answer.body) == (200, b"")
    assert [event.distinct_id for event in server.events(4)] == ["u-0", "u-1", "u-2", "u-3"]
    server.send("/sa?token=product:tea", item)
    server.send("/sensors/tea/sa", item | {"distinct_id": "u-5"})
    assert server.events(5)[-1].distinct_id == "u-5"
    assert [(row[1], row[4]["alias"]) for row in server.refused(1)] == [("alias.unknown", "default")]


def test_sensors_hears_that_all_is_well_about_what_nobody_can_read(server: Live) -> None:
    assert server.send(f"/sa?project={SENDER}", b"data=%21%21").status == 200
    assert server.send(f"/sa?project={SENDER}", {"type": "track", "event": "a"}).status == 200
    assert sorted(row[1] for row in server.refused(2)) == ["body.not_json", "id.missing"]


def test_sensors_debug_tells_what_is_wrong_and_a_dry_run_keeps_nothing(server: Live) -> None:
    good = {"type": "track", "event": "a", "distinct_id": "u-1", "time": 1767225600000, "properties": {}}
    path = f"/debug?project={SENDER}"
    assert server.send(path, good, dry_run="true").status == 200
    wrong = server.send(path, good | {"type": "no"}, dry_run="true")
    assert (wrong.status, b"not a type" in wrong.body) == (400, True)
    assert server.send(path, good | {"event": "b"}).status == 200
    assert server.send(path, good | {"type": "no"}).status == 400
    assert [event.name for event in server.events(1)] == ["b"]
    assert [row[1] for row in server.refused(1)] == ["sensors.type"]


def test_equal_events_of_one_batch_are_two_and_a_batch_sent_again_is_the_same(server: Live) -> None:
    item = {"type": "track", "event": "a", "distinct_id": "u-1", "time": 1767225600000, "properties": {}}
    for batch in ([item, item], [item, item, item | {"event": "b"}]):
        server.send(f"/sa?project={SENDER}", batch)
    assert len(server.events(5)) == 5
    assert [event.name for event in server.kept(3)] == ["a", "a", "b"]


def test_well_known_addresses_are_no_vendor_of_snowplow(server: Live) -> None:
    assert server.send("/.well-known/change-password", method="GET").status == 404


def test_who_must_stay_unknown_leaves_no_address_and_no_daily_id(server: Live) -> None:
    server.send(TP2, payload({"e": "pv", "aid": SENDER, "eid": "e-1"}), sp_anonymous="*")
    server.send(TP2, payload({"e": "no", "aid": SENDER}), sp_anonymous="*")
    (event,) = server.events(1)
    assert (event.distinct_id, event.address) == ("anonymous-e-1", "")
    assert server.refused(1)[0][4]["visitor"] == ""


def test_nothing_that_no_store_takes_comes_in_by_addresses_and_headers(server: Live) -> None:
    answer = server.send(f"/i?e=pv&aid={SENDER}&uid=u-1&page=a%00b%ff", method="GET")
    assert (answer.status, answer.body[:6]) == (200, b"GIF89a")
    head = {"ce_specversion": "1.0", "ce_id": "1", "ce_source": "/a", "ce_type": "n", "ce_subject": "u%00%ff"}
    server.send(f"/cloudevents?key={KEY}", b"x\x00", content_type="text/plain", **head)
    view, note = server.events(2)
    assert view.props["title"] == "a\ufffdb\ufffd"
    assert (note.distinct_id, note.props["data"]) == ("u\ufffd\ufffd", "x\ufffd")


def test_an_id_that_grows_too_long_here_is_refused(server: Live) -> None:
    mail = {"type": "track", "event": "a", "identities": {"$identity_email": "x" * 395}}
    server.send(f"/sa?project={SENDER}", mail)
    server.send(TP2, payload({"e": "pv", "aid": SENDER, "sid": "s" * 395}), sp_anonymous="*")
    assert [row[1] for row in server.refused(1)] == ["id.too_long"]
    assert server.events(1)[0].distinct_id == "anonymous-" + "s" * 200


def test_a_sender_of_cloudevents_that_asks_first_may_send(server: Live) -> None:
    answer = server.send("/cloudevents", method="OPTIONS", webhook_request_origin="bus.example")
    assert (answer.status, answer.headers["webhook-allowed-origin"]) == (204, "bus.example")
    assert "webhook-allowed-origin" not in server.send("/cloudevents", method="OPTIONS").headers
