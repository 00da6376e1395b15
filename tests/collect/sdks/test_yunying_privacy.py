"""Our own script for pages stores and tells what was agreed to, and never what was typed."""

import json
import re

import pytest

from tests.collect.harness import KEY
from tests.collect.sdks.browser import Window
from tests.collect.sdks.outages import Outage
from tests.collect.sdks.shop import UUID, device, named, stored, visit
from yunying.events.event import Op, OpKind

pytestmark = pytest.mark.e2e

# ---- consent -------------------------------------------------------------------------------------------------------


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


# ---- what happens on a page ----------------------------------------------------------------------------------------

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
