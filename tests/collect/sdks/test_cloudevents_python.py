"""The SDK of the CloudEvents project for Python, and what its events become."""

import datetime as dt
import urllib.error
import urllib.request
from typing import Any

import pytest
from cloudevents.core.bindings.http import (
    HTTPMessage,
    to_binary_event,
    to_structured_event,
)
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from tests.collect.harness import KEY, Live
from tests.collect.sdks.outages import LOST, RESET, Outage
from tests.collect.sdks.values import EVERYTHING
from yunying.events.event import Link, LinkKind, Op, OpKind

PAST = dt.datetime(2020, 9, 13, 12, 26, 40, 123000, dt.UTC)
PAST_MS = 1_600_000_000_123


def event(name: str, data: Any, **more: Any) -> CloudEvent:
    given = {"id": "e-1", "source": "/shop", "type": name, "subject": "u-1", "specversion": "1.0", "time": PAST}
    return CloudEvent(attributes=given | {"datacontenttype": "application/json"} | more, data=data)


def post(server: Live, message: HTTPMessage) -> int:
    body = message.body if isinstance(message.body, bytes) else str(message.body).encode()
    headers = dict(message.headers) | {"Authorization": f"Bearer {KEY}"}
    request = urllib.request.Request(f"{server.base}/cloudevents", data=body, headers=headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


@pytest.mark.parametrize("to_http", [to_structured_event, to_binary_event])
def test_an_event_arrives_with_everything_in_it(server: Live, to_http: Any) -> None:
    assert post(server, to_http(event("com.example.下单", EVERYTHING, subject="用户 1", region="北京"))) == 200
    (kept,) = server.kept(1)
    assert (kept.name, kept.distinct_id, kept.ts_ms) == ("com.example.下单", "用户 1", PAST_MS)
    assert {key: kept.props[key] for key in EVERYTHING} == EVERYTHING
    assert (kept.props["ce_source"], kept.props["ce_region"], kept.address) == ("/shop", "北京", "")


def test_page_views_people_and_orders_arrive(server: Live) -> None:
    sent = [
        event("$pageview", {"$current_url": "https://a.example/x", "title": "页"}, id="1"),
        event("$identify", {"$anon_distinct_id": "anon-1", "$set": {"plan": "专业 🚀"}}, id="2"),
        event("$create_alias", {"alias": "u-old"}, id="3"),
        event("order", {"distinct_id": "u-2", "order_id": "o-1", "revenue": 16.5, "items": [{"sku": "tea-1"}]}, id="4"),
    ]
    for one in sent:
        assert post(server, to_structured_event(one)) == 200
    view, known, alias, order = server.kept(4)
    assert view.props["$current_url"] == "https://a.example/x"
    assert known.links == [Link(LinkKind.IDENTIFY, "anon-1", "u-1")]
    assert known.person_ops == [Op(OpKind.SET, "plan", "专业 🚀")]
    assert alias.links == [Link(LinkKind.ALIAS, "u-old", "u-1")]
    assert (order.distinct_id, order.props["items"]) == ("u-2", [{"sku": "tea-1"}])


def test_a_batch_of_fifty_arrives_complete(server: Live) -> None:
    items = [JSONFormat().write(event("step", {"n": n}, id=str(n))) for n in range(50)]
    body = b"[" + b",".join(item if isinstance(item, bytes) else item.encode() for item in items) + b"]"
    assert post(server, HTTPMessage({"content-type": "application/cloudevents-batch+json"}, body)) == 200
    assert sorted(kept.props["n"] for kept in server.kept(50)) == list(range(50))


@pytest.mark.parametrize("answer", [500, 429, 413, RESET, LOST])
def test_an_event_that_is_sent_again_is_one(server: Live, answer: int) -> None:
    Outage(server, answer)
    message = to_binary_event(event("order", {"n": 1}))
    assert post(server, message) != 200
    assert post(server, message) == 200
    assert post(server, to_structured_event(event("order", {"n": 1}))) == 200
    assert post(server, to_binary_event(event("order", {"n": 1}, source="/other"))) == 200
    assert len(server.kept(2)) == 2
    server.events(3)
    assert len(server.kept(2)) == 2


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"specversion": "2.0"}, "cloudevents.version"),
        ({"source": ""}, "cloudevents.attribute"),
        ({"subject": "null"}, "id.unusable"),
        ({"subject": None}, "id.missing"),
    ],
)
def test_what_is_no_event_is_told_and_kept_apart(server: Live, wrong: dict[str, Any], code: str) -> None:
    item = {"specversion": "1.0", "id": "1", "source": "/a", "type": "order", "subject": "u-1"} | wrong
    answer = server.send(f"/cloudevents?key={KEY}", item)
    assert (answer.status, answer.json()["refused"][0]["code"]) == (400, code)
    assert [row[1] for row in server.refused(1)] == [code]


def test_a_wrong_key_is_told(server: Live) -> None:
    assert server.send("/cloudevents?key=no", [{"specversion": "1.0"}]).status == 401
