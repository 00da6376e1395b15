"""The tests' own tools: an SDK's way to the collector can fail in every way the tests want it to."""

import pytest

from tests.collect.harness import KEY, Live
from tests.collect.sdks.browser import Window
from tests.collect.sdks.node import run
from tests.collect.sdks.outages import LOST, RESET, Outage

pytestmark = pytest.mark.e2e

SEND = """
const item = JSON.stringify({event: "a", distinct_id: "u-1", uuid: crypto.randomUUID()});
const headers = {authorization: `Bearer ${KEY}`, "content-type": "application/json"};
const send = () => fetch(HOST + "/v1/events", {method: "POST", headers, body: item})
  .then((answer) => answer.status, () => "failed");
"""


def test_a_script_in_node_reaches_the_collector_over_tls(secure: Live) -> None:
    outage = Outage(secure, 503, RESET, LOST)
    told = run(secure, SEND + "for (let n = 0; n < 4; n++) tell(await send());")
    assert told == [503, "failed", "failed", 200]
    assert outage.requests == 4
    assert [event.name for event in secure.kept(1)] == ["a"]


def test_a_page_reaches_the_collector_of_another_origin(window: Window) -> None:
    window.open(SEND)
    collector = window.site.collector
    outage = Outage(collector, 503, 429, RESET)
    # A connection that is cut before an answer is tried again by the browser itself.
    assert [window.run("return await send()") for _ in range(3)] == [503, 429, 200]
    assert outage.requests == 4
    (event,) = collector.kept(1)
    assert (event.name, window.errors) == ("a", [])
    assert KEY in window.run("return KEY")
