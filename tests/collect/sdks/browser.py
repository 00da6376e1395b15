"""SDKs for pages, run in Chromium on https://page.test against a collector on https://collect.test, another origin.

The fixture `window` is a fresh browser window with storage of its own. `window.open(script="posthog-js/dist/array.js",
snippet="posthog.init(KEY, {api_host: HOST})")` writes a page that loads a file out of node_modules (several: a list;
`module=True`: the snippet is a module and may `import x from "/sdk/…"`), runs the snippet and opens it; `HOST`, `KEY`
and `SENDER` are what they are in `node.py`. `window.run("return posthog.get_distinct_id()")` runs a function body,
`await` included, and gives what it returns; `window.leave()` goes away from the page as a visitor does, which makes
SDKs send what they hold; `window.site.collector.kept(n)` is what arrived, and `Outage(window.site.collector, 503, 429)`
of `outages.py` lets the first requests fail. `window.errors` are the script errors of the page. The window says that it
is an ordinary Chrome, because SDKs keep quiet before robots; `window.context` is Playwright's, for all else.
"""

import json
import mimetypes
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page

from tests.collect.harness import KEY, SENDER, Live, live
from tests.collect.sdks.packages import MODULES, need
from tests.collect.sdks.tls import Certificate, make_certificate
from yunying.front import Server, server_config

__all__ = ["Site", "Window", "opened_window", "site_on"]

_HUMAN = "Object.defineProperty(navigator, 'webdriver', {get: () => false});"


@dataclass
class Site:
    """A site of pages, which stand in `pages` by their path, and the collector that its SDKs are told to send to."""

    url: str
    host: str
    collector: Live
    pages: dict[str, str] = field(default_factory=dict)

    def write(
        self, snippet: str, script: str | Sequence[str] = (), *, path: str = "/", module: bool = False, body: str = ""
    ) -> str:
        """Put a page at `path` that loads `script` and runs `snippet`; returns its address."""
        files = [script] if isinstance(script, str) else script
        loads = "".join(f'<script src="/sdk/{file}"></script>' for file in files)
        given = f"const HOST = {json.dumps(self.host)}, KEY = {json.dumps(KEY)}, SENDER = {json.dumps(SENDER)};"
        kind = ' type="module"' if module else ""
        self.pages[path] = (
            '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A page 页</title>'
            f"<script>{given}</script>{loads}</head><body>{body}<script{kind}>{snippet}</script></body></html>"
        )
        return self.url + path

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        content, kind = self._file(scope["path"])
        status = 200 if content is not None else 404
        headers = [(b"content-type", kind.encode()), (b"content-length", str(len(content or b"")).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content or b""})

    def _file(self, path: str) -> tuple[bytes | None, str]:
        if path in self.pages:
            return self.pages[path].encode(), "text/html; charset=utf-8"
        file = (MODULES / path.removeprefix("/sdk/")).resolve()
        if not path.startswith("/sdk/") or not file.is_relative_to(MODULES.resolve()) or not file.is_file():
            return None, "text/plain"
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        return (
            file.read_bytes(),
            f"{'text/javascript' if file.suffix in ('.js', '.mjs', '.cjs') else kind}; charset=utf-8",
        )


@contextmanager
def site_on(folder: Path) -> Iterator[Site]:
    """Both servers with one certificate, for as long as the body runs."""
    need()
    certificate = make_certificate(folder)
    with live(folder, tls=certificate) as collector:
        site = Site("", collector.base, collector)
        with _serving(site, certificate) as port:
            site.url = f"https://page.test:{port}"
            site.host = f"https://collect.test:{collector.base.rpartition(':')[2]}"
            yield site


@contextmanager
def _serving(site: Site, certificate: Certificate) -> Iterator[int]:
    config = server_config(site, port=0, ssl_certfile=certificate.certificate, ssl_keyfile=certificate.key)
    server = Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        server.force_exit = True  # a browser keeps its connections open
        thread.join(10)


@dataclass
class Window:
    """A browser window on the site."""

    site: Site
    context: BrowserContext
    page: Page
    errors: list[str]

    def open(
        self,
        snippet: str = "",
        script: str | Sequence[str] = (),
        *,
        path: str = "/",
        query: str = "",
        module: bool = False,
        body: str = "",
    ) -> None:
        """Write a page as `Site.write` does, and open it (with `query` behind its address)."""
        address = self.site.write(snippet, script, path=path, module=module, body=body)
        self.page.goto(address + query)

    def run(self, body: str) -> Any:
        """What the JavaScript function with this body returns, once it is there."""
        return self.page.evaluate(f"async () => {{ {body} }}")

    def leave(self) -> None:
        """Go away, so that beacons are sent, and wait until they are. Requests that are under way are broken off."""
        self.page.goto("about:blank")
        self.page.wait_for_timeout(200)


@contextmanager
def opened_window(chromium: Browser, site: Site) -> Iterator[Window]:
    """A window with its own cookies and storage."""
    context = chromium.new_context(ignore_https_errors=True, locale="zh-CN")
    context.add_init_script(_HUMAN)
    context.set_default_timeout(15_000)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    try:
        yield Window(site, context, page, errors)
    finally:
        context.close()
