"""What agent, address and page add to events on their way, what the product's policy takes away, and sessions."""

from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import orjson
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as tries
from hypothesis import strategies as st

from tests.apps.tracking.conftest import MARCH_MS
from tests.region_files import write_mmdb, write_xdb
from yunying.apps.tracking.ingest import Ingest
from yunying.apps.tracking.models import Person
from yunying.apps.tracking.regions import RegionBook
from yunying.apps.tracking.write.addresses import refusal_without_addresses
from yunying.apps.tracking.write.enriching import Enricher
from yunying.base import clock
from yunying.base.errors import Unavailable
from yunying.collect.codec import event_from_text, event_to_text
from yunying.events.event import Event, Link, LinkKind, Op, OpKind, Refusal
from yunying.store import Store

if TYPE_CHECKING:
    from yunying.platform.products.models import Product

WECHAT = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 "
    "MicroMessenger/8.0.47(0x18002f2f) NetType/WIFI Language/zh_CN"
)
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
SHENZHEN = "1.0.9.77"


@pytest.fixture
def regions(tmp_path: Path) -> RegionBook:
    write_xdb(tmp_path / "ip2region-4.xdb", {("1.0.8.0", "1.0.15.255"): "中国|广东省|深圳市|电信|CN"})
    place = {"country": {"iso_code": "FR"}, "city": {"names": {"en": "Paris", "zh-CN": "巴黎"}}}
    zone = {"location": {"time_zone": "Europe/Paris"}}
    write_mmdb(tmp_path / "maxmind.mmdb", {"2.0.0.0/8": place | zone, "1.0.8.0/21": {"country": {"iso_code": "AU"}}})
    book = RegionBook(tmp_path)
    book.look()
    return book


@pytest.fixture
def enrich(db: None, store: Store, regions: RegionBook) -> Any:
    enricher = Enricher(store, regions, look_s=0)

    def run(*events: Event) -> Event:
        enricher.enrich(events)
        enricher.settle()
        return events[0]

    return run


def test_agent_address_and_page_become_properties(enrich, event) -> None:
    url = "https://shop.example/?utm_source=wechat&utm_medium=social"
    sent = enrich(event("ann", "$pageview", agent=WECHAT, address=SHENZHEN, **{"$current_url": url}))
    assert sent.props == {
        "$current_url": url,
        "$raw_user_agent": WECHAT,
        "$browser": "WeChat",
        "$browser_version": "8.0.47",
        "$os": "iOS",
        "$os_version": "16.6",
        "$device_type": "Mobile",
        "$device_manufacturer": "Apple",
        "$device_model": "iPhone",
        "$country": "CN",
        "$region": "广东省",
        "$city": "深圳市",
        "utm_source": "wechat",
        "utm_medium": "social",
        "$referring_domain": "$direct",
        "$channel": "Organic social",
    }


def test_what_the_sdk_sent_is_never_overwritten(enrich, event) -> None:
    mine = {"$browser": "Own", "$country": "DE", "$channel": "Mine", "$current_url": "https://a.example/", "$os": None}
    sent = enrich(event(agent=WECHAT, address=SHENZHEN, **mine))
    assert mine.items() <= sent.props.items()
    assert "$city" not in sent.props


def test_each_file_decides_where_it_knows_best(enrich, event) -> None:
    assert enrich(event(address=SHENZHEN)).props["$country"] == "CN"
    paris = {"$country": "FR", "$city": "Paris", "$city_zh": "巴黎", "$timezone": "Europe/Paris"}
    assert enrich(event(address="2.3.4.5")).props == paris
    assert enrich(event(address="10.0.0.8")).props == {}
    assert enrich(event(address="9.9.9.9")).props == {}


def test_a_new_file_counts_from_the_next_look_on(enrich, event, tmp_path) -> None:
    assert "$city" in enrich(event(address=SHENZHEN)).props
    write_xdb(tmp_path / "new", {("1.0.8.0", "1.0.15.255"): "中国|广东省|广州市|电信|CN"}).replace(
        tmp_path / "ip2region-4.xdb"
    )
    assert enrich(event(address=SHENZHEN)).props["$city"] == "广州市"


@pytest.mark.parametrize(
    ("policy", "kept", "kept_v6"),
    [("drop", None, None), ("truncate", "1.0.9.0", "240e:3b7:1::"), ("full", SHENZHEN, "240e:3b7:1:2::9")],
)
def test_the_product_says_what_is_kept_of_addresses(enrich, event, product, policy, kept, kept_v6) -> None:
    product.address_policy = policy
    product.save()
    for address, left in ((SHENZHEN, kept), ("240e:3b7:1:2::9", kept_v6)):
        assert enrich(event(address=address)).props.get("$ip") == left
        said = enrich(event(person_ops=[Op(OpKind.SET, "ip", address)], **{"$ip": address, "ip": "not one"}))
        assert said.props.get("$ip") == left and said.props["ip"] == "not one"
        assert [op.value for op in said.person_ops] == ([left] if left else [])


def test_an_address_the_sdk_sent_as_a_property_gives_the_region_too(enrich, event) -> None:
    assert enrich(event(**{"$ip": SHENZHEN})).props["$city"] == "深圳市"
    assert "$city" not in enrich(event(**{"$ip": SHENZHEN, "$geoip_disable": True})).props


def test_bots_are_marked_and_kept(enrich, event) -> None:
    sent = enrich(event("crawler", agent=GOOGLEBOT))
    assert (sent.props["$bot"], sent.props["$bot_kind"], sent.props["$device_type"]) == (
        "Googlebot",
        "search_engine",
        "Bot",
    )
    assert enrich(event(**{"$webdriver": True})).props["$bot"] == "Automated browser"
    assert "$bot" not in enrich(event(**{"$webdriver": False})).props
    assert "$bot" not in enrich(event(agent="python-requests/2.31.0")).props


def test_the_first_visit_is_told_of_the_person_once(write, event, product, ingest) -> None:
    later = event("ann", "$pageview", minute=9, **{"$current_url": "https://a.example/?utm_source=baidu"})
    write(later)
    first = event("ann", "$pageview", minute=1, **{"$current_url": "https://a.example/?utm_source=weibo"})
    write(first, event("ann", "$pageview", minute=10, **{"$current_url": "https://a.example/"}))
    person = Person.objects.get(product=product)
    assert person.properties == {
        "$initial_utm_source": "weibo",
        "$initial_referring_domain": "$direct",
        "$initial_channel": "Organic social",
    }


def test_a_batch_that_failed_tells_the_first_visit_again(event, store, product) -> None:
    ingest = Ingest(store, reload_s=0)

    def visit() -> Event:
        return event("ann", "$pageview", uuid=UUID, **{"$current_url": "https://a.example/?utm_source=weibo"})

    with patch.object(Ingest, "_commit", side_effect=Unavailable("x", "away")), pytest.raises(Unavailable):
        ingest.write([visit()], token="one")
    ingest.write([visit()], token="one")
    assert Person.objects.get(product=product).properties["$initial_utm_source"] == "weibo"


UUID = "0198d9a0-0000-7000-8000-000000000001"


def test_imported_events_stay_as_they_are(enrich, event) -> None:
    assert enrich(event(agent=WECHAT, address=SHENZHEN, protocol="import")).props == {}


def test_own_domains_do_not_refer(enrich, event, product) -> None:
    page = {"$current_url": "https://shop.example/", "$referrer": "https://blog.example/x"}
    assert enrich(event(**page)).props["$channel"] == "Referral"
    product.own_domains = ["blog.example"]
    product.save()
    assert enrich(event(**page)).props["$channel"] == "Internal"


# --- sessions -------------------------------------------------------------------------------------------------------


def sessions(events: list[Event]) -> list[str]:
    return [one.session for one in sorted(events, key=lambda one: one.ts_ms)]


def test_a_pause_of_thirty_minutes_begins_a_new_session(enrich, event) -> None:
    visits = [event("ann", minute=minute, agent=WECHAT) for minute in (0, 29, 58, 88, 200)]
    enrich(*visits)
    names = sessions(visits)
    assert names[0] == names[1] == names[2]
    assert len({names[0], names[3], names[4]}) == 3


@pytest.mark.parametrize("seed", range(5))
def test_the_order_in_a_batch_does_not_matter(enrich, event, seed) -> None:
    minutes = [0, 10, 25, 60, 70, 200, 229]
    visits = [event("ann", minute=minute, agent=WECHAT) for minute in minutes]
    Random(seed).shuffle(visits)
    enrich(*visits)
    names = sessions(visits)
    assert [names.index(name) for name in names] == [0, 0, 0, 3, 3, 5, 5]


def test_the_same_batch_again_has_the_same_sessions(store, event, regions, db) -> None:
    visits = [event("ann", minute=minute, agent=WECHAT) for minute in (0, 10, 100)]
    copies = [event_from_text(event_to_text(one)) for one in visits]
    Enricher(store, regions).enrich(visits)
    Enricher(store, regions).enrich(copies)
    assert sessions(visits) == sessions(copies)


def test_sessions_of_an_sdk_stay_and_take_in_what_its_server_sends(enrich, event) -> None:
    seen = event("ann", minute=0, session="s1", agent=WECHAT)
    paid = event("ann", "paid", minute=5)
    nightly = event("ann", "invoiced", minute=300)
    enrich(seen, paid, nightly)
    assert (seen.session, paid.session, nightly.session) == ("s1", "s1", "")


def test_signing_in_goes_on_with_the_session(enrich, event) -> None:
    before = event("anon", minute=0, agent=WECHAT)
    signed_in = event("ann", "$identify", minute=1, agent=WECHAT, links=[Link(LinkKind.IDENTIFY, "anon", "ann")])
    after = event("ann", minute=2, agent=WECHAT)
    enrich(before, signed_in, after)
    assert before.session == signed_in.session == after.session


def test_running_sessions_go_on_after_a_restart(store, product, event, ask, regions) -> None:
    now_ms = int(clock.now().timestamp() * 1000)
    Ingest(store, reload_s=0).write([event("ann", ts_ms=now_ms - 600_000, agent=WECHAT)], token="a")
    Ingest(store, reload_s=0).write([event("ann", ts_ms=now_ms, agent=WECHAT)], token="b")
    [(count, names)] = ask("SELECT count(), uniqExact(session) FROM events WHERE product = {product:UInt32}")
    assert (count, names) == (2, 1)


def test_who_did_not_agree_is_in_no_session_and_has_no_first_visit(enrich, event) -> None:
    props = {"$consent": {"analytics": False}, "$current_url": "https://a.example/?utm_source=weibo"}
    sent = enrich(event("somebody", **props))
    assert (sent.session, sent.person_ops, sent.props["$channel"]) == ("", [], "Organic social")


# --- refused bodies -------------------------------------------------------------------------------------------------


def refusal(product: "Product", body: str, **data: Any) -> Refusal:
    now_ms = int(clock.now().timestamp() * 1000)
    return Refusal(product.pk, "r1", now_ms, "own", "x", "y", body, data)


def test_refused_bodies_keep_no_address_either(ingest, product, ask, event) -> None:
    body = orjson.dumps({"event": "a", "context": {"ip": SHENZHEN, "page": 1}, "batch": [{"$ip": "::1"}]}).decode()
    canonical = event_to_text(event("ann", address=SHENZHEN, **{"$ip": SHENZHEN}))
    ingest.refuse([refusal(product, body, shared={"context": {"ip": SHENZHEN}})], token="a")
    ingest.refuse([refusal(product, canonical, canonical=True)], token="b")
    ingest.refuse([refusal(product, "no json " + "x", canonical=False)], token="c")
    rows = ask("SELECT body, data FROM refused WHERE product = {product:UInt32}")
    assert len(rows) == 3
    assert not [row for row in rows if SHENZHEN in "".join(row) or "::1" in "".join(row)]


# --- nothing makes it fall ------------------------------------------------------------------------------------------

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.text(max_size=60),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
READ = [
    *("$raw_user_agent", "$current_url", "$referrer", "$ip", "ip", "$browser", "$country", "utm_source", "gclid"),
    *("$webdriver", "$browser_type", "$geoip_disable", "$channel", "$bot", "$process_person_profile"),
]


@tries(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    props=st.dictionaries(st.sampled_from(READ) | st.text(max_size=12), values, max_size=8),
    address=st.text(max_size=45) | st.ip_addresses().map(str),
    agent=st.text(max_size=80),
)
def test_no_event_makes_it_fall(enrich, event, props, address, agent) -> None:
    made = event("ann", address=address, agent=agent)
    made.props = dict(props)
    sent = enrich(made)
    assert {name for name in props if name not in ("$ip", "ip")} <= set(sent.props)
    assert all(sent.props[name] is value for name, value in props.items() if name in sent.props)


@tries(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.text(max_size=80) | values.map(lambda value: orjson.dumps(value, default=str).decode()), data=values)
def test_no_refused_body_makes_it_fall(body, data) -> None:
    item = Refusal(1, "r1", MARCH_MS, "own", "x", "y", body, {"shared": data})
    for policy in ("drop", "truncate", "full"):
        assert refusal_without_addresses(item, policy).id == "r1"
