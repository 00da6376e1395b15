"""@umami/node, and the script as it was seen to send, against a live collector."""

import json
from typing import Any

import pytest

from tests.collect.harness import KEY, SENDER, Live
from tests.collect.sdks.browser import Window
from tests.collect.sdks.node import run
from tests.collect.sdks.outages import RESET, Outage
from tests.collect.sdks.values import IN_SCRIPTS
from yunying.events import protocols
from yunying.events.event import Op, OpKind

SDK = """
const { Umami } = require("@umami/node");
const umami = new Umami({websiteId: SENDER, hostUrl: HOST});
"""
BROWSER = {"user_agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0.0.0 Safari/537.36"}


@pytest.mark.e2e
def test_an_event_arrives_with_everything_in_it(server: Live) -> None:
    told = run(
        server, SDK + 'tell(await (await umami.track("购买 🍵", given.data)).json());', data=IN_SCRIPTS | {"id": "A-1"}
    )
    (event,) = server.kept(1)
    assert (event.name, event.protocol) == ("购买 🍵", "umami")
    assert {key: event.props.get(key) for key in IN_SCRIPTS} == IN_SCRIPTS
    # The id of an order is not that of a person.
    assert event.props["id"] == "A-1"
    assert event.distinct_id.startswith("visitor-")
    assert (event.address, event.agent) == ("", "")
    assert (told[0]["visitId"], sorted(told[0])) == (event.session, ["cache", "sessionId", "visitId"])


@pytest.mark.e2e
def test_identify_says_who_somebody_is(server: Live) -> None:
    script = """
    await umami.identify({id: "u-1", plan: "专业 🚀"});
    await umami.track({name: "order", id: "u-1", url: "https://shop.example/thanks", data: {revenue: 25.5}});
    await umami.track({url: "/茶", hostname: "shop.example", ip: "198.51.100.4", userAgent: "Mozilla/5.0 (X11)",
      timestamp: 1600000000});
    """
    run(server, SDK + script)
    events = {event.name: event for event in server.kept(3)}
    assert events["$identify"].person_ops == [Op(OpKind.SET, "plan", "专业 🚀")]
    assert (events["$identify"].distinct_id, events["order"].distinct_id) == ("u-1", "u-1")
    assert events["order"].props["revenue"] == 25.5
    page = events["$pageview"]
    assert (page.ts_ms, page.address, page.agent) == (1_600_000_000_000, "198.51.100.4", "Mozilla/5.0 (X11)")
    assert page.props["$current_url"] == "https://shop.example/茶"


@pytest.mark.e2e
def test_fifty_equal_events_are_fifty(server: Live) -> None:
    run(server, SDK + 'for (let n = 0; n < 50; n++) await (await umami.track("step", {n: n % 5})).text();')
    assert sorted(event.props["n"] for event in server.kept(50)) == sorted(n % 5 for n in range(50))


@pytest.mark.e2e
@pytest.mark.parametrize("answer", [500, RESET])
def test_the_package_does_not_send_again(server: Live, answer: int) -> None:
    outage = Outage(server, answer)
    script = 'tell(await umami.track("step").then((answer) => answer.status, () => "failed"));'
    assert run(server, SDK + script) == [500 if answer == 500 else "failed"]
    assert outage.requests == 1
    assert server.sink.events() == []


@pytest.mark.e2e
def test_a_page_of_another_origin_may_send_back_what_it_was_given(window: Window) -> None:
    script = """
    window.send = async (payload, cache, type = "event") => {
      const headers = {"Content-Type": "application/json", ...(cache !== undefined && {"x-umami-cache": cache})};
      const page = {website: SENDER, url: location.href, title: document.title};
      const body = JSON.stringify({type, payload: {...page, ...payload}});
      const more = {keepalive: true, method: "POST", credentials: "omit"};
      return await (await fetch(HOST + "/api/send", {...more, body, headers})).json();
    };
    """
    window.open(script, query="?utm_source=weibo")
    first = window.run("return await send({})")
    second = window.run(f"return await send({{name: '下单'}}, {json.dumps(first['cache'])})")
    assert (second["visitId"], second["sessionId"]) == (first["visitId"], first["sessionId"])
    window.run("return await send({id: 'u-1', data: {plan: 'pro'}}, '', 'identify')")
    events = {event.name: event for event in window.site.collector.kept(3)}
    assert events["$pageview"].distinct_id == events["下单"].distinct_id
    assert events["$pageview"].session == events["下单"].session == first["visitId"]
    assert events["$pageview"].props["$current_url"].endswith("/?utm_source=weibo")
    assert events["$identify"].distinct_id == "u-1"


def send(server: Live, payload: dict[str, Any], kind: str = "event", **headers: str) -> Any:
    body = {"type": kind, "payload": {"website": SENDER} | payload}
    return server.send("/api/send", body, **({**BROWSER, **headers}))


def test_the_visit_goes_on_where_the_address_or_browser_changes(server: Live) -> None:
    cache = send(server, {"url": "/a"}).json()["cache"]
    send(server, {"url": "/b"}, x_umami_cache=cache, user_agent="Mozilla/5.0 (X11) another")
    # Scripts before 2.13 send the whole answer back.
    send(server, {"url": "/c"}, x_umami_cache=json.dumps({"cache": cache}), user_agent="Mozilla/5.0 (X11) a third")
    send(server, {"url": "/d"}, x_umami_cache="bm90IG91cnM", user_agent="Mozilla/5.0 (X11) a fourth")
    events = {event.props["$current_url"]: event for event in server.kept(4)}
    assert events["/a"].distinct_id == events["/b"].distinct_id == events["/c"].distinct_id
    assert events["/a"].session == events["/b"].session == events["/c"].session
    assert events["/d"].distinct_id != events["/a"].distinct_id


def test_a_bot_hears_boop_and_is_kept(server: Live) -> None:
    answer = send(server, {"url": "/a"}, user_agent="Mozilla/5.0 (compatible; Googlebot/2.1)")
    assert (answer.status, answer.json()) == (200, {"beep": "boop"})
    assert [event.agent for event in server.kept(1)] == ["Mozilla/5.0 (compatible; Googlebot/2.1)"]


def test_a_list_is_counted(server: Live) -> None:
    good = [{"type": "event", "payload": {"website": SENDER, "name": "step", "data": {"n": n}}} for n in range(50)]
    answer = server.send("/api/batch", [*good, {"type": "party", "payload": {"website": SENDER}}], **BROWSER).json()
    assert (answer["size"], answer["processed"], answer["errors"]) == (51, 50, 1)
    assert answer["details"][0]["index"] == 50
    assert answer["cache"]
    assert len(server.kept(50)) == 50


def test_a_site_nobody_has_claimed_waits_in_the_quarantine(server: Live) -> None:
    answer = server.send("/api/send", {"type": "event", "payload": {"website": "else", "url": "/"}}, **BROWSER)
    assert (answer.status, answer.json()) == (200, {"cache": "", "sessionId": "", "visitId": ""})
    ((_, code, _, protocol, data),) = server.refused(1)
    assert (code, protocol, data["alias"]) == ("alias.unknown", "umami", "else")


@pytest.mark.parametrize("path", ["/api/v1/products", "/api/v1/event", "/api/events", "/api/sends"])
def test_the_paths_of_the_pages_stay_theirs(path: str) -> None:
    assert not protocols.owns(path)


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b"[[]]", {"type": "event"}, {"type": "event", "payload": []}, {"payload": {"website": 7}}]
)
def test_rubbish_is_answered(server: Live, body: Any) -> None:
    assert server.send("/api/send", body, **BROWSER).status in (200, 400, 401)
    assert server.send("/api/batch", body, **BROWSER).status in (200, 400, 401)


@pytest.mark.parametrize(
    ("path", "body", "protocol"),
    [
        ("/api/send", {"type": "event", "payload": {"website": SENDER, "url": "/"}}, "umami"),
        ("/api/event", {"d": SENDER, "n": "pageview", "u": "/"}, "plausible"),
        ("/matomo.php", {"requests": [f"?idsite={SENDER}&rec=1"]}, "matomo"),
        (f"/mp/collect?measurement_id={SENDER}", {"client_id": "1.2", "events": [{"name": "a"}]}, "ga4"),
    ],
)
def test_a_damaged_body_waits_where_its_site_belongs(server: Live, path: str, body: Any, protocol: str) -> None:
    server.send(path, json.dumps(body).encode()[:-1], **BROWSER)
    ((_, code, kept, found, data),) = server.refused(1)
    assert (code, found, data.get("alias")) == ("body.not_json", protocol, None)
    assert kept == json.dumps(body)[:-1]


@pytest.mark.parametrize("product", [KEY, "tea"])
def test_a_damaged_body_waits_where_its_address_says(server: Live, product: str) -> None:
    server.send(f"/umami/{product}/api/send", b'{"type": "event", "payload": {"website": "else"', **BROWSER)
    ((_, code, _, _, data),) = server.refused(1)
    assert (code, data.get("alias")) == ("body.not_json", None)


@pytest.mark.parametrize("product", [KEY, "tea"])
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/umami/{}/api/send", {"type": "event", "payload": {"website": "else", "url": "/"}}),
        ("/plausible/{}/api/event", {"d": "else", "n": "pageview", "u": "/"}),
        ("/matomo/{}/matomo.php?idsite=else&rec=1", b""),
        ("/ga4/{}/g/collect?tid=G-ELSE&cid=1.2&en=page_view", b""),
        ("/ga4/{}/mp/collect?measurement_id=G-ELSE", {"client_id": "1.2", "events": [{"name": "page_view"}]}),
    ],
)
def test_the_address_may_name_the_product(server: Live, path: str, body: Any, product: str) -> None:
    assert server.send(path.format(product), body, **BROWSER).status in (200, 202, 204)
    (event,) = server.kept(1)
    assert (event.name, event.product) == ("$pageview", 1)
