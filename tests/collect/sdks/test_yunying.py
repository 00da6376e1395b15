"""Our own script for pages, in Chromium: the snippet of the set-up page, a collector of another origin, over TLS."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.collect.harness import KEY, LOST, RESET
from tests.collect.sdks.browser import Site, Window, opened_window, site_on
from tests.collect.sdks.outages import Outage
from yunying.apps.tracking.live.snippets import way
from yunying.events.event import Event, LinkKind, Op, OpKind

pytestmark = pytest.mark.e2e

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
QUICK: dict[str, Any] = {"delay": 20, "vitals": False, "leave": False}


def snippet(site: Site) -> str:
    """What the set-up page says to paste."""
    (_, _, text), *_ = way("script").filled(site.host, KEY)
    return text


def write(site: Site, path: str = "/", *, body: str = "", then: str = "", head: str = "", **options: Any) -> str:
    """A page with the snippet, its options on the script's tag, and a script that runs before ours is loaded."""
    attributes = "".join(
        f" data-{name}={json.dumps(value if isinstance(value, str) else json.dumps(value))}"
        for name, value in (QUICK | options).items()
    )
    tag = snippet(site).replace(f'data-key="{KEY}"', f'data-key="{KEY}"{attributes}')
    site.pages[path] = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Tea 茶</title>{head}{tag}</head>'
        f"<body>{body}<script>{then}</script></body></html>"
    )
    return site.url + path


@pytest.fixture
def shop(chromium: Browser, tmp_path: Path) -> Iterator[Window]:
    """A window on a site, which must see no error in its console."""
    with site_on(tmp_path) as site, opened_window(chromium, site) as window:
        watch(window)
        yield window
        assert window.errors == []


def watch(window: Window) -> None:
    def on_console(message: Any) -> None:
        # What fails on the network, which tests do on purpose, is told by the browser itself.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            window.errors.append(message.text)

    window.page.on("console", on_console)


def visit(window: Window, path: str = "/", *, query: str = "", **options: Any) -> None:
    window.page.goto(write(window.site, path, **options) + query)
    loaded(window.page)


def loaded(page: Page) -> None:
    page.wait_for_function("window.yunying && yunying.version")


def named(window: Window, *names: str) -> list[Event]:
    """The events that arrived, once they are so many; they must have these names, in the order of their times."""
    found = window.site.collector.kept(len(names))
    found.sort(key=lambda event: event.ts_ms)
    assert sorted(event.name for event in found) == sorted(names)
    return found


def device(window: Window) -> dict[str, Any]:
    """What the script keeps in its cookie."""
    cookies = [one for one in window.context.cookies() if one["name"].startswith("yy_")]
    assert len(cookies) <= 1
    found: dict[str, Any] = window.run(f"return JSON.parse(decodeURIComponent({json.dumps(cookies[0]['value'])}))")
    return found


def stored(window: Window) -> list[str]:
    """Everything the page keeps on the device: cookies and local storage."""
    names = [one["name"] for one in window.context.cookies()]
    return names + list(window.run("return Object.keys(localStorage)"))


# ---- pages ------------------------------------------------------------------------------------------------------


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


# ---- calls ------------------------------------------------------------------------------------------------------

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


# ---- getting through --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("failure", [500, 429, 503, RESET, LOST], ids=str)
def test_after_a_failure_there_is_exactly_one_copy(shop: Window, failure: int) -> None:
    # A cut connection is tried again by the browser itself, once.
    outage = Outage(shop.site.collector, *[failure] * (2 if failure in (RESET, LOST) else 1))
    visit(shop, pageviews=False)
    shop.run("for (const n of [1, 2, 3]) yunying.track('order', {n})")
    events = shop.site.collector.kept(3)
    shop.page.wait_for_function("!Object.keys(localStorage).length")
    assert outage.requests >= 2
    assert sorted(event.props["n"] for event in events) == [1, 2, 3]
    assert {event.uuid for event in shop.site.collector.sink.events()} == {event.uuid for event in events}


def test_a_batch_that_is_too_large_is_halved(shop: Window) -> None:
    outage = Outage(shop.site.collector, 413, plain=True)
    visit(shop, pageviews=False)
    shop.run("for (let n = 0; n < 8; n++) yunying.track('order', {n})")
    assert sorted(event.props["n"] for event in shop.site.collector.kept(8)) == list(range(8))
    assert outage.requests == 3


def test_a_refused_key_is_not_tried_again(shop: Window) -> None:
    outage = Outage(shop.site.collector, 401, 401)
    visit(shop, pageviews=False)
    shop.run("yunying.track('a'); await new Promise((done) => setTimeout(done, 2500))")
    assert (outage.requests, stored(shop)) == (1, ["yy_yk_test"])


def test_what_happens_offline_is_sent_later_even_by_another_page(shop: Window) -> None:
    visit(shop, pageviews=False)
    shop.context.set_offline(True)
    shop.run("yunying.track('one', {at: 1}); await new Promise((done) => setTimeout(done, 200))")
    assert len(json.loads(shop.run("return localStorage.yy_yk_test"))) == 1
    shop.context.set_offline(False)
    (one,) = named(shop, "one")
    shop.page.wait_for_function("!Object.keys(localStorage).length")
    outage = Outage(shop.site.collector, *[503] * 2)
    shop.run("yunying.track('two'); await new Promise((done) => setTimeout(done, 200)); yunying.track('three')")
    shop.leave()
    assert 1 <= outage.requests <= 2
    outage.requests = 2
    visit(shop, pageviews=False)
    named(shop, "one", "two", "three")
    assert len(shop.site.collector.sink.events()) == 3
    assert one.props["at"] == 1


def test_what_is_not_sent_yet_goes_by_beacon(shop: Window) -> None:
    visit(shop, pageviews=False, delay=60_000)
    shop.run("for (let n = 0; n < 20; n++) yunying.track('order', {n, text: '茶'.repeat(500)})")
    shop.leave()
    assert sorted(event.props["n"] for event in shop.site.collector.kept(20)) == list(range(20))


def test_what_no_beacon_takes_is_sent_by_the_next_page(shop: Window) -> None:
    shop.page.add_init_script(
        "const real = fetch; window.refused = 0;"
        "window.fetch = (...given) => real(...given).catch((e) => { window.refused++; throw e })"
    )
    visit(shop, pageviews=False, delay=60_000)
    shop.run("for (let n = 0; n < 40; n++) yunying.track('order', {n, text: '茶'.repeat(1500)})")
    shop.leave()
    assert 0 < len(shop.site.collector.kept(40, timeout_s=1)) < 40
    visit(shop, pageviews=False)
    assert sorted(event.props["n"] for event in shop.site.collector.kept(40)) == list(range(40))
    shop.page.wait_for_function("!Object.keys(localStorage).length")
    # Chromium counts an answer nobody reads as kept alive, and refuses the next request.
    assert shop.run("return window.refused") == 0


def test_a_burst_is_sent_in_batches(shop: Window) -> None:
    visit(shop, pageviews=False)
    shop.run("for (let n = 0; n < 400; n++) yunying.track('order', {n})")
    assert sorted(event.props["n"] for event in shop.site.collector.kept(400)) == list(range(400))


def test_a_clock_that_is_wrong_is_corrected(shop: Window) -> None:
    shop.page.add_init_script(
        "const real = Date.now; Date.now = () => real() - 7.2e6; Date = class extends Date {"
        "constructor(...a) { a.length ? super(...a) : super(Date.now()) } };"
    )
    visit(shop)
    (event,) = named(shop, "$pageview")
    assert abs(event.received_ms - event.ts_ms) < 10_000


# ---- consent ----------------------------------------------------------------------------------------------------


def test_before_consent_nothing_is_stored_and_visits_count_without_id(shop: Window) -> None:
    visit(shop, consent="pending", query="?gclid=g1&utm_source=a", then="yunying.identify('u-1', {plan: 'pro'})")
    (view,) = named(shop, "$pageview")
    assert view.distinct_id.startswith("visitor-")
    assert (view.session, view.props["utm_source"], "gclid" in view.props) == ("", "a", False)
    assert stored(shop) == []
    shop.run("yunying.consent('granted'); yunying.track('order')")
    events = {event.name: event for event in named(shop, "$pageview", "$identify", "order")}
    assert events["$identify"].person_ops == [Op(OpKind.SET, "plan", "pro")]
    assert events["order"].distinct_id == "u-1"
    assert events["order"].props["$consent"] == {"analytics": True, "marketing": True}
    visit(shop, "/next", consent="pending")
    assert shop.site.collector.kept(4)[-1].distinct_id == "u-1"


def test_before_consent_nothing_is_stored_in_an_outage_either(shop: Window) -> None:
    Outage(shop.site.collector, 503)
    visit(shop, consent="pending")
    shop.run("await new Promise((done) => setTimeout(done, 400))")
    assert stored(shop) == []
    named(shop, "$pageview")
    assert stored(shop) == []


def test_a_refusal_stores_nothing_but_itself_and_sends_nothing(shop: Window) -> None:
    visit(shop)
    named(shop, "$pageview")
    shop.run("yunying.track('seen', {}); yunying.consent('denied'); yunying.track('a'); yunying.identify('u-1')")
    assert (device(shop), stored(shop)) == (
        {"c": {"analytics": False, "marketing": False}},
        ["yy_yk_test"],
    )
    visit(shop, "/next", consent="granted")
    shop.run("yunying.track('b'); await new Promise((done) => setTimeout(done, 300))")
    assert [event.name for event in shop.site.collector.kept(2, timeout_s=0.5)] == ["$pageview"]
    shop.run("yunying.consent('granted'); yunying.track('c')")
    _, again = named(shop, "$pageview", "c")
    assert not again.distinct_id.startswith("visitor-")


def test_consent_is_by_purpose(shop: Window) -> None:
    visit(shop, consent="pending", cookieless=False, query="?gclid=g1")
    shop.run(
        "yunying.track('early'); yunying.consent({analytics: true, marketing: false, ads: true}); yunying.track('late')"
    )
    events = named(shop, "$pageview", "early", "late")
    assert len({event.distinct_id for event in events}) == 1
    assert not any("gclid" in event.props for event in events)
    said = [event.props.get("$consent") for event in events if event.name == "late"]
    assert said == [{"analytics": True, "marketing": False, "ads": True}]


def test_pages_without_cookies_at_all_are_counted_where_a_site_says_so(shop: Window) -> None:
    visit(shop, consent="denied", cookieless="always")
    assert named(shop, "$pageview")[0].distinct_id.startswith("visitor-")
    assert stored(shop) == []


def test_a_browser_that_asks_not_to_be_followed_is_counted_without_cookies(shop: Window) -> None:
    shop.page.add_init_script("Object.defineProperty(navigator, 'globalPrivacyControl', {value: true})")
    visit(shop)
    assert named(shop, "$pageview")[0].distinct_id.startswith("visitor-")
    assert stored(shop) == []
    visit(shop, "/own-rule", signals=False)
    assert not shop.site.collector.kept(2)[1].distinct_id.startswith("visitor-")


# ---- what happens on a page -------------------------------------------------------------------------------------

FORM = """
<form id="sign-up" name="join" action="/join?secret=1" onsubmit="return false">
  <input name="email" value="li@tea.example"><textarea>private words</textarea>
  <button id="go">Send to li@tea.example, order 12345678</button></form>
<form data-yy-event="searched" data-yy-prop-place-of-search="top" onsubmit="return false">
  <button id="find">Find</button></form>
<button id="plain"><svg width="9" height="9"><rect width="9" height="9"/></svg> Buy 茶</button>
<button id="buy" data-yy-event="bought" data-yy-prop-plan="pro" data-yy-prop-unit-price="25">Buy it</button>
<div data-yy-ignore><button id="quiet">Quiet</button></div>
<div data-yy-mask><button id="masked">Li Hua</button></div>
<input type="submit" id="typed" value="my value">
<p id="text">No control</p>
"""


def test_clicks_and_forms_are_told_where_a_site_says_so_and_never_what_was_typed(shop: Window) -> None:
    visit(shop, body=FORM, pageviews=False, autocapture=True)
    for name in ("plain", "go", "buy", "find", "quiet", "masked", "typed", "text"):
        shop.page.locator(f"#{name}").click()
    kept = shop.site.collector.kept(8)
    clicks = {event.props["$element_id"]: event for event in kept if event.name == "$click"}
    assert set(clicks) == {"plain", "go", "find", "masked", "typed"}
    assert clicks["plain"].props["$element_text"] == "Buy 茶"
    assert clicks["go"].props["$element_text"] == "Send to * order *"
    assert not any("$element_text" in clicks[name].props for name in ("masked", "typed"))
    others = {event.name: event.props for event in kept if event.name != "$click"}
    assert set(others) == {"$submit", "bought", "searched"}
    assert (others["bought"]["plan"], others["bought"]["unit_price"]) == ("pro", "25")
    assert others["searched"]["place_of_search"] == "top"
    assert (others["$submit"]["$element_id"], others["$submit"]["$element_name"]) == ("sign-up", "join")
    assert others["$submit"]["$url"] == shop.site.url + "/join"
    told = "".join(str(event.props) for event in kept)
    assert not any(word in told for word in ("li@tea", "private words", "secret", "Li Hua", "my value", "12345678"))


def test_without_being_asked_only_marked_elements_and_links_are_told(shop: Window) -> None:
    links = (
        '<a id="out" href="https://other.test/a?b=c#d">Out</a><a id="file" href="/Price%20list.PDF?t=1">PDF</a>'
        '<a id="named" href="/x" download>X</a><a id="mail" href="mailto:li@tea.example">Mail</a>'
        '<a id="home" href="/y">Home</a><a id="sub" href="https://help.page.test/">Help</a>'
    )
    visit(shop, body=FORM + links, pageviews=False)
    shop.run("document.addEventListener('click', (event) => event.preventDefault())")
    for name in ("plain", "buy", "out", "file", "named", "mail", "home", "sub"):
        shop.page.locator(f"#{name}").click()
    kept = shop.site.collector.kept(4)
    assert [event.name for event in sorted(kept, key=lambda one: one.ts_ms)] == [
        "bought",
        "$outbound",
        "$download",
        "$download",
    ]
    urls = {event.props.get("$url") for event in kept} - {None}
    assert urls == {"https://other.test/a", f"{shop.site.url}/Price%20list.PDF", f"{shop.site.url}/x"}
    assert {event.props.get("$extension") for event in kept} == {None, "pdf"}


def test_a_link_that_leads_away_is_told_although_the_page_is_gone(shop: Window) -> None:
    visit(shop, body='<a href="https://collect.test/">Away</a>', pageviews=False, delay=60_000)
    shop.run("document.querySelector('a').href = HREF".replace("HREF", json.dumps(shop.site.host + "/healthz")))
    shop.page.get_by_role("link").click()
    assert named(shop, "$outbound")[0].props["$url"] == shop.site.host + "/healthz"


def test_errors_are_told_masked_and_five_at_most(shop: Window) -> None:
    visit(shop, pageviews=False, errors=True)
    shop.run(
        "for (const letter of 'abcdefghi') setTimeout(() => {"
        "  throw new TypeError(`${letter} li@tea.example 13800138000`) });"
        "Promise.reject(new RangeError('never')); await new Promise((done) => setTimeout(done, 200))"
    )
    kept = shop.site.collector.kept(5)
    assert len(kept) == 5 and {event.name for event in kept} == {"$error"}
    assert "li@tea" not in str(kept) and "13800138000" not in str(kept)
    assert {event.props["$error_type"] for event in kept} <= {"TypeError", "RangeError"}
    shop.errors.clear()


def test_a_site_may_change_or_drop_any_event_before_it_is_sent(shop: Window) -> None:
    visit(shop)
    shop.site.pages["/own"] = (
        shop.site.pages["/"]
        .replace(f'data-key="{KEY}"', "")
        .replace(
            "</body>",
            "<script>yunying.init('" + KEY + "', {delay: 20, vitals: false, leave: false, before: (event) => {"
            "  if (event.event === 'quiet') return null; event.properties.$pathname = '/masked'; return event } });"
            "yunying.track('quiet'); yunying.track('loud')</script></body>",
        )
    )
    shop.page.goto(shop.site.url + "/own")
    events = named(shop, "$pageview", "$pageview", "loud")
    assert [event.props["$pathname"] for event in events] == ["/", "/masked", "/masked"]


def test_a_server_can_be_told_who_it_is(shop: Window) -> None:
    visit(shop)
    (view,) = named(shop, "$pageview")
    assert shop.run("return yunying.id()") == view.distinct_id
    assert shop.run("yunying.identify('u-1'); return yunying.id()") == "u-1"


def test_what_others_left_in_cookie_and_storage_does_no_harm(shop: Window) -> None:
    visit(shop, pageviews=False)
    for value in ("null", "5", "%22x%22", "%zz", "{"):
        shop.run(
            f"document.cookie = 'yy_yk_test={value};path=/;secure;domain=page.test'; localStorage.yy_yk_test = '5'"
        )
        shop.run("yunying.track('a'); yunying.flush()")
    assert all(re.fullmatch(UUID, event.distinct_id) for event in named(shop, *["a"] * 5))


def test_a_page_that_comes_back_from_the_back_button_is_viewed_again(shop: Window) -> None:
    visit(shop, leave=True)
    shop.site.collector.kept(1)
    shop.run("dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true}))")
    shop.run("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    named(shop, "$pageview", "$pageleave", "$pageview")


# ---- where it runs ----------------------------------------------------------------------------------------------


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
