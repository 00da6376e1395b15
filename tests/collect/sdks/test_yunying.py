"""Our own script for pages, in Chromium: the snippet of the set-up page, a collector of another origin, over TLS."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.collect.harness import KEY
from tests.collect.sdks.browser import Window, site_on
from tests.collect.sdks.shop import UUID, device, loaded, named, visit, write
from yunying.events.event import LinkKind, Op, OpKind

pytestmark = pytest.mark.e2e

# ---- pages ---------------------------------------------------------------------------------------------------------


def test_a_page_view_says_where_and_how_and_nothing_personal(shop: Window) -> None:
    query = "?utm_source=wechat&utm_campaign=%E6%98%A5%E8%8C%B6&gclid=g1&email=li%40tea.example#token=1"
    visit(shop, "/茶/list", query=query)
    (event,) = named(shop, "$pageview")
    size = shop.page.viewport_size
    assert size
    assert event.props == event.props | {
        "$current_url": f"{shop.site.url}/%E8%8C%B6/list?utm_source=wechat&utm_campaign=%E6%98%A5%E8%8C%B6&gclid=g1",
        "$pathname": "/%E8%8C%B6/list",
        "$host": shop.site.url.removeprefix("https://"),
        "title": "Tea 茶",
        "utm_source": "wechat",
        "utm_campaign": "春茶",
        "gclid": "g1",
        "$viewport_width": size["width"],
        "$browser_language": "zh-CN",
        "$timezone": shop.run("return Intl.DateTimeFormat().resolvedOptions().timeZone"),
    }
    assert "li@tea" not in str(event) and "token" not in str(event)
    assert (event.protocol, event.library, event.historical) == ("own", "yunying.js/1.0.0", False)
    assert event.distinct_id == device(shop)["d"] and event.session == device(shop)["s"]
    assert "Chrome" in event.agent and event.address == "127.0.0.1"


def test_moving_inside_of_an_application_is_a_page_view_and_writing_filters_is_not(shop: Window) -> None:
    visit(shop, "/")
    shop.run("history.pushState({}, '', '/cart'); document.title = 'Cart 购物车'")
    shop.site.collector.kept(2)
    shop.run("history.replaceState({}, '', '/cart?sort=price'); history.pushState({}, '', '/cart?sort=price')")
    shop.run("history.pushState({}, '', '/cart?page=2')")
    shop.site.collector.kept(3)
    shop.run(
        "history.back(); await new Promise((done) => setTimeout(done, 200)); history.replaceState({}, '', '/paid')"
    )
    events = named(shop, *["$pageview"] * 5)
    assert [event.props["$pathname"] for event in events] == ["/", "/cart", "/cart", "/cart", "/paid"]
    assert events[1].props["title"] == "Cart 购物车"
    assert events[1].props["$referrer"] == shop.site.url + "/"


def test_addresses_behind_a_hash_are_pages_where_a_site_says_so(shop: Window) -> None:
    visit(shop, pageviews="hash", query="#/home?secret=1")
    shop.run("location.hash = '/cart'")
    first, second = named(shop, "$pageview", "$pageview")
    assert [one.props["$current_url"].partition("#")[2] for one in (first, second)] == ["/home", "/cart"]


def test_leaving_tells_how_far_and_how_long_by_beacon(shop: Window) -> None:
    visit(shop, body='<div style="height: 4000px"></div>', leave=True)
    shop.site.collector.kept(1)
    shop.run("scrollTo(0, 1640); await new Promise((done) => setTimeout(done, 300))")
    shop.leave()
    _, left = named(shop, "$pageview", "$pageleave")
    assert 50 <= left.props["$scroll_depth"] <= 70
    assert left.props["$duration_ms"] >= 300
    assert left.props["$pathname"] == "/"


def test_web_vitals_are_told_once_when_the_page_is_left(shop: Window) -> None:
    visit(
        shop,
        body="<h1>Tea</h1><button onclick='for (const s = Date.now(); Date.now() - s < 60;);'>Buy</button>",
        vitals=True,
    )
    shop.page.get_by_role("button").click()
    shop.run("await new Promise((done) => setTimeout(done, 300))")
    shop.leave()
    _, vitals = named(shop, "$pageview", "$web_vitals")
    values = {name: value for name, value in vitals.props.items() if name.startswith("$web_vitals_")}
    assert {"$web_vitals_LCP_value", "$web_vitals_FCP_value", "$web_vitals_TTFB_value"} <= set(values)
    assert values["$web_vitals_INP_value"] >= 56
    assert all(0 <= value < 60_000 for value in values.values())


# ---- calls ---------------------------------------------------------------------------------------------------------

CALLS = """
yunying.track("下单 🍵", {"城市": "北京", emoji: "👩‍👩‍👧 𠮷", n: 1.5, yes: true, none: null,
  deep: {list: [1, {a: "é"}]},
  big: 9007199254740993n, at: new Date(0), gone: undefined});
yunying.identify("用户-1", {plan: "专业版"});
yunying.set({city: "上海"});
yunying.set_once({first: "🍵"});
yunying.account("acme 公司", {size: 12});
yunying.revenue("25.5", "CNY", {order: "A-1"});
yunying.revenue("a lot", "CNY");
"""


def test_every_call_arrives_with_its_words_also_before_the_script_is_there(shop: Window) -> None:
    visit(shop, pageviews=False, then=CALLS)
    events = {event.name: event for event in shop.site.collector.kept(6)}
    assert events["下单 🍵"].props == events["下单 🍵"].props | {
        "城市": "北京",
        "emoji": "👩‍👩‍👧 𠮷",
        "n": 1.5,
        "yes": True,
        "none": None,
        "deep": {"list": [1, {"a": "é"}]},
        "big": "9007199254740993",
        "at": "1970-01-01T00:00:00.000Z",
    }
    assert "gone" not in events["下单 🍵"].props
    identify, money = events["$identify"], events["$revenue"]
    assert identify.person_ops == [Op(OpKind.SET, "plan", "专业版")]
    sets = [event for event in shop.site.collector.sink.events() if event.name == "$set"]
    ops = [op for event in sets for op in event.person_ops]
    assert ops == [Op(OpKind.SET, "city", "上海"), Op(OpKind.SET_ONCE, "first", "🍵")]
    assert events["$groupidentify"].account == "acme 公司"
    assert events["$groupidentify"].account_ops == [Op(OpKind.SET, "size", 12)]
    assert (money.props["amount"], money.props["currency"], money.props["order"]) == (25.5, "CNY", "A-1")
    assert (money.distinct_id, money.account) == ("用户-1", "acme 公司")


def test_signing_in_joins_the_device_and_signing_out_parts_with_it(shop: Window) -> None:
    visit(shop)
    shop.run(
        "yunying.identify('u-1'); yunying.identify('u-1'); yunying.track('a'); yunying.reset(); yunying.track('b')"
    )
    events = {event.name: event for event in named(shop, "$pageview", "$identify", "a", "b")}
    (link,) = events["$identify"].links
    before = events["$pageview"].distinct_id
    assert (link.kind, link.source, link.target) == (LinkKind.IDENTIFY, before, "u-1")
    assert (events["a"].distinct_id, events["a"].session) == ("u-1", events["$pageview"].session)
    assert events["b"].distinct_id not in ("u-1", before)
    assert events["b"].session != events["a"].session


def test_two_people_at_one_device_stay_two_and_nobody_is_nobody(shop: Window) -> None:
    visit(shop, pageviews=False)
    shop.run("yunying.identify('u-1'); yunying.identify('undefined'); yunying.identify(null); yunying.identify('u-2')")
    first, second = named(shop, "$identify", "$identify")
    assert len(first.links) == 1
    assert (second.distinct_id, second.links) == ("u-2", [])
    assert first.session != second.session


def test_what_cannot_be_sent_does_not_break_the_page(shop: Window) -> None:
    visit(shop, pageviews=False)
    shop.run("const round = {}; round.round = round; yunying.track('bad', round); yunying.track('good')")
    named(shop, "good")


def test_a_session_ends_after_half_an_hour(shop: Window) -> None:
    shop.page.clock.install()
    visit(shop, pageviews=False)
    for minutes in (0, 29, 31):
        shop.page.clock.fast_forward(minutes * 60_000)
        shop.run(f"yunying.track('after {minutes}')")
        shop.page.clock.run_for(100)
    events = {event.name: event.session for event in shop.site.collector.kept(3)}
    assert events["after 0"] == events["after 29"] != events["after 31"]


def test_closing_a_page_after_hours_is_not_a_visit_of_its_own(shop: Window) -> None:
    shop.page.clock.install()
    visit(shop, leave=True)
    shop.page.clock.run_for(100)
    shop.site.collector.kept(1)
    shop.page.clock.fast_forward(5 * 3_600_000)
    shop.leave()
    view, left = named(shop, "$pageview", "$pageleave")
    assert view.session == left.session != ""


# ---- where it runs -------------------------------------------------------------------------------------------------


def test_a_strict_policy_needs_only_the_two_addresses(shop: Window) -> None:
    policy = f"default-src 'none'; script-src {shop.site.host}; connect-src {shop.site.host}"
    shop.site.pages["/strict"] = (
        f'<!doctype html><meta http-equiv="Content-Security-Policy" content="{policy}"><title>Strict</title>'
        f'<script async src="{shop.site.host}/yunying.js" data-key="{KEY}" data-delay="20" data-autocapture '
        f'data-errors="true"></script><button>Buy</button>'
    )
    shop.page.goto(shop.site.url + "/strict")
    shop.site.collector.kept(1)
    shop.page.get_by_role("button").click()
    shop.leave()
    assert {event.name for event in shop.site.collector.kept(4)} >= {"$pageview", "$click", "$pageleave"}


def test_the_script_of_a_version_verifies_with_integrity(shop: Window) -> None:
    address = f"{shop.site.host}/static/yunying/1.0.0/yunying.js"
    digest = (
        "const bytes = await (await fetch(URL)).arrayBuffer();"
        "const sum = await crypto.subtle.digest('SHA-384', bytes);"
        "return 'sha384-' + btoa(String.fromCharCode(...new Uint8Array(sum)))"
    )
    shop.page.goto(write(shop.site))
    loaded(shop.page)
    sum384 = shop.run(digest.replace("URL", json.dumps(address)))
    shop.site.pages["/sealed"] = (
        f'<!doctype html><title>Sealed</title><script src="{address}" integrity="{sum384}" crossorigin="anonymous">'
        f"</script><script>yunying.init({json.dumps(KEY)}, {{delay: 20, leave: false, vitals: false}})</script>"
    )
    shop.page.goto(shop.site.url + "/sealed")
    assert [event.props["$pathname"] for event in named(shop, "$pageview", "$pageview")] == ["/", "/sealed"]


def test_one_person_on_all_subdomains(shop: Window) -> None:
    visit(shop)
    (first,) = named(shop, "$pageview")
    assert {one["domain"] for one in shop.context.cookies()} == {".page.test"}
    shop.page.goto(shop.site.url.replace("page.test", "help.page.test"))
    second = named(shop, "$pageview", "$pageview")[1]
    assert (second.distinct_id, second.session) == (first.distinct_id, first.session)
    assert second.props["$host"].startswith("help.page.test")


def test_two_tabs_are_one_visit_and_signing_in_counts_for_both(shop: Window) -> None:
    visit(shop)
    other = shop.context.new_page()
    other.goto(shop.site.url + "/")
    loaded(other)
    first, second = named(shop, "$pageview", "$pageview")
    assert (first.distinct_id, first.session) == (second.distinct_id, second.session)
    other.evaluate("yunying.identify('u-1')")
    shop.run("yunying.track('order')")
    events = {event.name: event for event in named(shop, "$pageview", "$pageview", "$identify", "order")}
    assert events["order"].distinct_id == "u-1"


def test_what_is_answered_in_one_tab_holds_in_the_other(shop: Window) -> None:
    visit(shop, pageviews=False)
    other = shop.context.new_page()
    other.goto(shop.site.url + "/")
    loaded(other)
    shop.run("yunying.track('before')")
    named(shop, "before")
    other.evaluate("yunying.consent('denied')")
    shop.run(
        "yunying.track('refused'); yunying.reset(); yunying.identify('u-1'); yunying.track('refused'); yunying.flush()"
    )
    assert device(shop) == {"c": {"analytics": False, "marketing": False}}
    other.evaluate("yunying.consent('granted')")
    shop.run("yunying.track('after')")
    named(shop, "before", "after")


def test_a_driven_browser_says_so(chromium: Browser, tmp_path: Path) -> None:
    with site_on(tmp_path) as site:
        context = chromium.new_context(ignore_https_errors=True)
        page = context.new_page()
        page.goto(write(site))
        assert site.collector.kept(1)[0].props["$webdriver"] is True
        context.close()


def test_without_randomuuid_ids_are_still_random(shop: Window) -> None:
    shop.page.add_init_script("Object.defineProperty(crypto, 'randomUUID', {value: undefined})")
    visit(shop)
    (event,) = named(shop, "$pageview")
    assert re.fullmatch(UUID, event.uuid) and re.fullmatch(UUID, event.distinct_id)


def test_a_frame_that_may_store_nothing_is_counted_all_the_same(shop: Window) -> None:
    write(shop.site, "/inner")
    shop.site.pages["/"] = '<!doctype html><title>Outer</title><iframe sandbox="allow-scripts" src="/inner"></iframe>'
    shop.page.goto(shop.site.url + "/")
    (event,) = named(shop, "$pageview")
    assert (event.props["$pathname"], event.props["$referrer"]) == ("/inner", shop.site.url + "/")
    assert re.fullmatch(UUID, event.distinct_id)


def test_the_script_twice_counts_once(shop: Window) -> None:
    tag = f'<script src="{shop.site.host}/yunying.js" data-key="{KEY}"></script>'
    visit(shop, head=tag)
    shop.run("await new Promise((done) => setTimeout(done, 300))")
    named(shop, "$pageview")
