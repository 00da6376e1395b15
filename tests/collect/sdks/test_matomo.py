"""matomo-tracker in Node.js, and matomo.js as it was seen to send, against a live collector."""

import json
import time
from urllib.parse import urlencode

import pytest

from tests.collect.harness import KEY, SENDER, Live
from tests.collect.sdks.node import run
from tests.collect.sdks.outages import RESET, Outage
from yunying.events.event import Link, LinkKind

# The package leaves pictures unread, which would keep the script from ending (with Matomo, too).
SDK = """
require("node:diagnostics_channel").subscribe("http.client.response.finish", ({response}) => response.resume());
const MatomoTracker = require("matomo-tracker");
const matomo = new MatomoTracker(SENDER, HOST + "/matomo.php");
const failures = [];
matomo.on("error", (error) => failures.push(String(error)));
"""


@pytest.mark.e2e
def test_a_page_view_arrives_without_an_id(server: Live) -> None:
    run(server, SDK + 'matomo.track({url: "https://shop.example/茶?utm_source=weibo", action_name: "茶 🍵"});')
    (event,) = server.kept(1)
    assert (event.name, event.protocol, event.props["title"]) == ("$pageview", "matomo", "茶 🍵")
    assert (event.props["$current_url"], event.props["$pathname"]) == (
        "https://shop.example/茶?utm_source=weibo",
        "/茶",
    )
    assert event.distinct_id.startswith("visitor-")


@pytest.mark.e2e
def test_an_event_arrives_with_everything_in_it(server: Live) -> None:
    # Parameters of an address are texts; the names of Matomo's own custom dimensions are numbers.
    options = {
        "url": "https://shop.example/",
        "e_c": "视频",
        "e_a": "play 🚀",
        "e_n": "北京 𠮷 é",
        "e_v": -0.125,
        "uid": "u-1",
        "_id": "4f1a2b3c4d5e6f70",
        "dimension1": "true",
        "cvar": json.dumps({"1": ["城市", "上海"]}),
        "own": "kept as it is",
        "urlref": "https://search.example/",
        "res": "1920x1080",
        "lang": "zh-CN",
        "ua": "Mozilla/5.0 (X11; Linux x86_64)",
    }
    run(server, SDK + "matomo.track(given.options);", options=options)
    (event,) = server.kept(1)
    assert (event.name, event.distinct_id) == ("event", "u-1")
    assert event.links == [Link(LinkKind.IDENTIFY, "4f1a2b3c4d5e6f70", "u-1")]
    wanted = {"category": "视频", "action": "play 🚀", "name": "北京 𠮷 é", "value": -0.125, "dimension1": "true"}
    wanted |= {"城市": "上海", "own": "kept as it is", "$referrer": "https://search.example/", "$screen_width": 1920}
    assert {key: event.props[key] for key in wanted} == wanted
    assert event.agent == "Mozilla/5.0 (X11; Linux x86_64)"


@pytest.mark.e2e
def test_an_order_counts_once_however_often_it_is_sent(server: Live) -> None:
    script = """
    const order = {url: "https://shop.example/thanks", idgoal: 0, ec_id: "A-1", revenue: 25.5,
      ec_items: JSON.stringify([["sku-1", "乌龙", "tea", 12.75, 2]]), _id: "4f1a2b3c4d5e6f70"};
    matomo.track({...order});
    matomo.track({...order});
    matomo.track({...order, ec_id: "A-2"});
    """
    run(server, SDK + script)
    server.events(3)
    orders = {event.props["order_id"]: event for event in server.kept(2)}
    assert sorted(orders) == ["A-1", "A-2"]
    items = [{"sku": "sku-1", "name": "乌龙", "category": "tea", "price": 12.75, "quantity": 2}]
    assert (orders["A-1"].name, orders["A-1"].props["revenue"], orders["A-1"].props["items"]) == ("order", 25.5, items)


@pytest.mark.e2e
def test_a_list_of_fifty_arrives_complete_and_is_counted(server: Live) -> None:
    script = """
    const url = "https://shop.example/";
    const steps = Array.from({length: 50}, (_, n) => ({url, e_c: "step", e_a: "🍵", e_v: n}));
    await new Promise((done) => matomo.trackBulk(steps, (answer) => { tell(JSON.parse(answer)); done(); }));
    """
    outage = Outage(server)
    assert run(server, SDK + script) == [{"status": "success", "tracked": 50, "invalid": 0}]
    assert sorted(event.props["value"] for event in server.kept(50)) == list(range(50))
    assert outage.requests == 1


@pytest.mark.e2e
def test_a_key_lets_a_server_speak_of_the_past_and_of_others(server: Live) -> None:
    script = """
    const url = "https://shop.example/";
    const old = {url, uid: "u-1", cdt: "2020-09-13 12:26:40", cip: "198.51.100.4", country: "de"};
    matomo.track({...old, token_auth: KEY});
    matomo.track({...old, action_name: "refused", token_auth: "of the old host"});
    """
    run(server, SDK + script)
    (event,) = server.kept(1)
    assert (event.ts_ms, event.historical, event.address) == (1_600_000_000_000, True, "198.51.100.4")
    assert event.props["$country"] == "DE"
    ((_, code, body, _, data),) = server.refused(1)
    assert code == "matomo.time_needs_key"
    assert "of the old host" not in body + json.dumps(data)


@pytest.mark.e2e
@pytest.mark.parametrize("answer", [500, RESET])
def test_the_package_reports_a_failure_and_does_not_send_again(server: Live, answer: int) -> None:
    outage = Outage(server, answer)
    script = 'matomo.track({url: "https://shop.example/"}); while (!failures.length) await sleep(20); tell(failures);'
    ((failure,),) = run(server, SDK + script)
    assert ("500" in failure) == (answer == 500)
    assert outage.requests == 1
    assert server.sink.events() == []


def sent_by_the_script(server: Live, **fields: str) -> int:
    """As matomo.js does it: POST, nothing in the body, labelled as a form."""
    common = {"idsite": SENDER, "rec": "1", "r": "1", "_id": "4f1a2b3c4d5e6f70", "_idn": "0", "send_image": "0"}
    label = "application/x-www-form-urlencoded; charset=UTF-8"
    return server.send(f"/matomo.php?{urlencode(common | fields)}", b"", content_type=label).status


def test_the_script_hears_204_and_two_equal_events_are_two(server: Live) -> None:
    assert [sent_by_the_script(server, e_c="a", e_a="b") for _ in range(2)] == [204, 204]
    assert len(server.kept(2)) == 2


def test_the_scripts_list_is_json_labelled_as_a_form(server: Live) -> None:
    pages = [f"?{urlencode({'idsite': SENDER, 'rec': 1, 'action_name': f'茶 {number}'})}" for number in range(3)]
    body = json.dumps({"requests": pages, "send_image": 0}).encode()
    answer = server.send("/matomo.php", body, content_type="application/x-www-form-urlencoded; charset=UTF-8")
    assert (answer.status, answer.json()) == (200, {"status": "success", "tracked": 3, "invalid": 0})
    assert sorted(event.props["title"] for event in server.kept(3)) == ["茶 0", "茶 1", "茶 2"]


def test_one_list_may_speak_of_several_sites(server: Live) -> None:
    rows = [{"idsite": site, "rec": 1, "uid": "u-1", "action_name": site} for site in (SENDER, "99")]
    answer = server.send("/matomo.php", {"requests": rows})
    assert answer.json() == {"status": "success", "tracked": 1, "invalid": 1}
    assert [event.props["title"] for event in server.kept(1)] == [SENDER]
    ((_, code, _, _, data),) = server.refused(1)
    assert (code, data["alias"]) == ("alias.unknown", "99")


def test_a_picture_is_a_picture(server: Live) -> None:
    answer = server.send(f"/piwik.php?idsite={SENDER}&rec=1&action_name=x", method="GET")
    assert (answer.status, answer.headers["content-type"], answer.body[:6]) == (200, "image/gif", b"GIF89a")


def test_an_hour_ago_needs_no_key(server: Live) -> None:
    then = int(time.time()) - 3600
    assert sent_by_the_script(server, cdt=str(then)) == 204
    (event,) = server.kept(1)
    assert (event.ts_ms, event.historical) == (then * 1000, False)


def test_a_key_in_the_path_of_a_product_names_it(server: Live) -> None:
    assert server.send(f"/matomo/{KEY}/matomo.php?idsite=1&rec=1&uid=u-1", b"").status == 200
    assert server.send("/matomo/tea/matomo.php?idsite=1&rec=1&uid=u-2", b"").status == 200
    assert sorted(event.distinct_id for event in server.kept(2)) == ["u-1", "u-2"]
