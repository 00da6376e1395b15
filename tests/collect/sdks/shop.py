"""A page with our own script, as the set-up page says to write it."""

import json
from typing import Any

from playwright.sync_api import Page

from tests.collect.harness import KEY
from tests.collect.sdks.browser import Site, Window
from yunying.apps.tracking.live.snippets import way
from yunying.events.event import Event

__all__ = ["UUID", "device", "loaded", "named", "snippet", "stored", "visit", "watch", "write"]

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
