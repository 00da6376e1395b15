"""Every component in a real browser: keyboard, themes, phone, without JavaScript, and axe's judgement."""

import html
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.browser import DESKTOP, PHONE

pytestmark = [pytest.mark.e2e, pytest.mark.urls("tests.platform.ui.urls"), pytest.mark.django_db(transaction=True)]

AXE = Path(__file__).resolve().parents[3] / "node_modules/axe-core/axe.min.js"
Open = Callable[..., Page]


@pytest.fixture
def opened(chromium: Browser, people: Any, as_user: Any, live_server: LiveServer) -> Iterator[Open]:
    """`opened(phone=True, dark=True, scripts=False)`: the page of all components in Ada's browser.

    A script error, or anything the content security policy had to drop, fails the test at the end.
    """
    session = as_user(people.ada).cookies["sessionid"].value
    wrong: list[str] = []
    contexts: list[BrowserContext] = []

    def open_page(phone: bool = False, dark: bool = False, scripts: bool = True) -> Page:
        context = chromium.new_context(
            viewport=PHONE if phone else DESKTOP,
            is_mobile=phone,
            color_scheme="dark" if dark else "light",
            java_script_enabled=scripts,
            locale="en-GB",
        )
        context.set_default_timeout(10_000)
        contexts.append(context)
        context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if "Content Security Policy" in said.text else None)
        page.goto(f"{live_server.url}/ui/")
        if scripts:
            page.wait_for_selector(".yy-drawn canvas")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_axe_finds_nothing_serious_and_nothing_hangs_over_the_edge(opened: Open, phone: bool, dark: bool) -> None:
    page = opened(phone=phone, dark=dark)
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']}).then(r => r.violations)")
    serious = [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")]
    assert serious == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_the_palette_works_by_keyboard_alone(opened: Open) -> None:
    page = opened()
    page.keyboard.press("Control+k")
    page.wait_for_selector("#yy-palette[open] [role=option][aria-selected=true]")
    page.keyboard.type("members")
    expect(page.locator("#yy-palette-list [role=option]")).to_have_count(1)
    page.keyboard.press("Enter")
    page.wait_for_url("**/settings/members/")


def test_escape_closes_the_palette(opened: Open) -> None:
    page = opened()
    page.click("[data-yy-palette]")
    page.keyboard.type("x")
    page.keyboard.press("Escape")
    expect(page.locator("#yy-palette")).not_to_be_visible()


def test_a_list_is_searched_while_one_types_and_keeps_the_focus(opened: Open) -> None:
    page = opened()
    page.click("#q-sample")
    page.keyboard.type("direct", delay=20)
    expect(page.locator("#table-sample .yy-pager")).to_contain_text("of 27")
    expect(page).to_have_url(re.compile("q=direct"))
    assert page.evaluate("document.activeElement.id") == "q-sample"


def test_a_list_works_without_javascript(opened: Open) -> None:
    page = opened(scripts=False)
    page.fill("#q-sample", "direct")
    page.keyboard.press("Enter")
    expect(page.locator("#table-sample .yy-pager")).to_contain_text("1–25 of 27")
    page.click("#table-sample thead a:has-text('Campaign')")
    expect(page.locator("#table-sample th[aria-sort=ascending]")).to_have_text("Campaign")
    page.click("#table-sample nav a:has-text('2')")
    expect(page.locator("#table-sample tbody tr")).to_have_count(2)


def test_without_javascript_charts_are_tables_and_the_phone_menu_opens(opened: Open) -> None:
    page = opened(phone=True, scripts=False)
    assert page.locator("#chart-orders table").is_visible()
    assert not page.locator("#menu").is_visible()
    page.click(".yy-menu-open")
    expect(page.locator("#menu a:has-text('Settings')")).to_be_visible()


def test_a_chart_shows_its_table_and_can_be_saved(opened: Open) -> None:
    page = opened()
    page.click("#chart-orders [data-yy-view]")
    assert page.locator("#chart-orders table").is_visible()
    page.click("#chart-orders [data-yy-view]")
    for kind, start in (("svg", b"<svg"), ("png", b"\x89PNG")):
        page.click("#chart-orders .yy-chart-tools summary")
        with page.expect_download() as saved:
            page.click(f"#chart-orders [data-yy-save={kind}]")
        assert saved.value.suggested_filename == f"Orders-per-day.{kind}"
        assert Path(saved.value.path()).read_bytes().startswith(start)
        if kind == "svg":
            told = re.sub(r"<[^>]+>", "", Path(saved.value.path()).read_text())
            assert "Spring campaign began" in told, "the picture tells its notes in words"


def test_a_saved_picture_has_the_whole_legend(opened: Open) -> None:
    page = opened(phone=True)
    for name in ("split", "many", "share"):
        chart = page.locator(f"#chart-{name}")
        chart.locator("canvas").wait_for()
        chart.locator(".yy-chart-tools summary").click()
        with page.expect_download() as saved:
            chart.locator("[data-yy-save=svg]").click()
        told = re.sub(r"<[^>]+>", " ", Path(saved.value.path()).read_text())
        names = json.loads(chart.locator("script[type='application/json']").text_content() or "")
        named = names["labels"] if name == "share" else [series["name"] for series in names["series"]]
        assert len(named) > 3 and all(one in html.unescape(told) for one in named)


def test_labels_under_lines_are_equally_far_apart(opened: Open) -> None:
    page = opened()
    page.locator("#chart-orders canvas").wait_for()
    step = page.evaluate(
        "() => echarts.getInstanceByDom(document.querySelector('#chart-orders [_echarts_instance_]')).getOption()"
        ".xAxis[0].axisLabel.interval"
    )
    assert isinstance(step, int) and 0 <= step < 10


def test_lines_use_the_width_of_a_phone_between_labels_at_both_ends(opened: Open) -> None:
    page = opened(phone=True)
    page.locator("#chart-orders canvas").wait_for()
    share, labels = page.evaluate(
        """() => {
            const chart = echarts.getInstanceByDom(document.querySelector('#chart-orders [_echarts_instance_]'));
            const last = chart.getOption().xAxis[0].data.length - 1;
            const label = chart.getOption().xAxis[0].axisLabel;
            const [from, to] = [0, last].map((index) => chart.convertToPixel({ xAxisIndex: 0 }, index));
            return [(to - from) / chart.getWidth(), [label.alignMinLabel, label.alignMaxLabel]];
        }"""
    )
    assert share > 0.8
    assert labels == ["left", "right"]


def test_slices_too_small_for_a_label_are_told_by_the_legend_alone(opened: Open) -> None:
    page = opened()
    page.locator("#chart-share canvas").wait_for()
    labels = page.evaluate(
        "() => echarts.getInstanceByDom(document.querySelector('#chart-share [_echarts_instance_]')).getOption()"
        ".series[0].data.map((one) => one.label.show && one.labelLine.show)"
    )
    assert labels == [True, True, True, True, False]


def test_few_names_under_bars_are_all_shown_and_many_are_not(opened: Open) -> None:
    page = opened()
    shown = {}
    for name in ("steps", "bars"):
        page.locator(f"#chart-{name} canvas").wait_for()
        shown[name] = page.evaluate(
            f"() => echarts.getInstanceByDom(document.querySelector('#chart-{name} [_echarts_instance_]')).getOption()"
            ".xAxis[0].axisLabel.interval"
        )
    assert shown == {"steps": 0, "bars": "auto"}


def test_a_value_between_gaps_is_drawn_as_a_point(opened: Open) -> None:
    page = opened()
    page.locator("#chart-gaps canvas").wait_for()
    sizes = page.evaluate(
        """() => {
            const chart = echarts.getInstanceByDom(document.querySelector('#chart-gaps [_echarts_instance_]'));
            const [line] = chart.getOption().series;
            return line.showSymbol && [0, 1, 2, 10, 50].map((index) => line.symbolSize(null, { dataIndex: index }));
        }"""
    )
    assert sizes == [0, 0, 0, 6, 6]


def test_what_opens_at_the_edge_of_a_phone_is_moved_inside(opened: Open) -> None:
    page = opened(phone=True)
    drop = page.locator("#chart-orders details.yy-drop").first
    drop.evaluate("(drop) => { drop.style.marginInlineStart = '60vw'; drop.open = true; }")
    page.wait_for_function("(drop) => drop.style.getPropertyValue('--yy-shift') !== ''", arg=drop.element_handle())
    box = drop.locator(".yy-drop-body").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= PHONE["width"]


def test_a_click_on_a_point_leads_to_who_is_behind_it(opened: Open) -> None:
    page = opened()
    canvas = page.locator("#chart-bars .yy-canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box
    canvas.click(position={"x": box["width"] * 0.57, "y": box["height"] * 0.7})
    expect(page).to_have_url(re.compile(r"/ui/\?week=6$"))


def test_an_error_appears_in_the_message_area_and_can_be_dismissed(opened: Open) -> None:
    page = opened()
    page.click("text=An error")
    page.wait_for_selector("#alerts [role=alert]")
    assert "Choose a later end." in page.locator("#alerts").inner_text()
    page.click("#alerts [data-yy-dismiss]")
    expect(page.locator("#alerts [role=alert]")).to_have_count(0)


def test_the_theme_switch_is_kept(opened: Open) -> None:
    page = opened()
    page.click("summary[aria-label=Theme]")
    page.click("button[value=dark]")
    page.wait_for_selector("html[data-bs-theme=dark]")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")


def test_the_menu_stays_narrow_once_narrowed(opened: Open) -> None:
    page = opened()
    page.click("[data-yy-collapse]")
    page.reload()
    expect(page.locator("body.yy-narrow")).to_have_count(1)
    expect(page.locator("[data-yy-collapse]")).to_have_attribute("aria-pressed", "true")


def test_notes_are_switched_off_by_the_reader_and_stay_off(opened: Open) -> None:
    page = opened()
    figure = page.locator("figure:has([data-yy-notes])").first
    switch = figure.get_by_role("button", name="Show notes")
    beneath = figure.locator("li.yy-note").first
    expect(switch).to_have_attribute("aria-pressed", "true")
    expect(beneath).to_be_visible()
    switch.click()
    expect(switch).to_have_attribute("aria-pressed", "false")
    expect(beneath).to_be_hidden()
    page.reload()
    page.wait_for_selector(".yy-drawn canvas")
    expect(switch).to_have_attribute("aria-pressed", "false")
    expect(beneath).to_be_hidden()
