"""A real server, started by the program's own command, and a real browser."""

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}


@dataclass
class Server:
    url: str
    port: int
    data: Path
    process: "subprocess.Popen[bytes]"

    def log(self) -> str:
        return (self.data / "server.log").read_text(errors="replace")


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def _answers(port: int) -> bool:
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except OSError:
        return False


def start_server(data: Path, timeout_s: float = 60, command: Sequence[str] = ("serve",), **settings: str) -> Server:
    """`yunying serve`, or another command that ends in serving; its output goes to server.log in `data`."""
    port = free_port()
    env = {name: value for name, value in os.environ.items() if not name.startswith(("YUNYING_", "DJANGO_"))}
    env |= {"YUNYING_DATA_DIR": str(data), "YUNYING_PORT": str(port), "YUNYING_SIGN_UP": "open"} | settings
    log = (data / "server.log").open("wb")
    program = [sys.executable, "-c", "import sys; from yunying.cli import main; sys.exit(main())"]
    process = subprocess.Popen([*program, *command], env=env, stdout=log, stderr=subprocess.STDOUT)
    server = Server(f"http://127.0.0.1:{port}", port, data, process)
    deadline = time.monotonic() + timeout_s
    while not _answers(port):
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            raise AssertionError(f"the server did not start:\n{server.log()}")
        time.sleep(0.1)
    return server


def stop_server(server: Server) -> int:
    server.process.send_signal(signal.SIGTERM)
    return server.process.wait(60)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of this run's own, empty at first."""
    running = start_server(tmp_path_factory.mktemp("e2e"))
    yield running
    code = stop_server(running)
    assert code == 0, f"the server ended with {code}:\n{running.log()}"


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip("No Chromium on this machine; on Debian and Ubuntu: apt install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(QUIET))
        yield browser
        browser.close()


def new_context(
    browser: Browser, server: Server, language: str = "en", phone: bool = False, state: Path | None = None
) -> BrowserContext:
    """A fresh browser window in one language, signed in when `state` holds a session."""
    context = browser.new_context(
        base_url=server.url,
        locale={"en": "en-GB", "zh-hans": "zh-CN", "zh-hant": "zh-TW"}[language],
        viewport=PHONE if phone else DESKTOP,
        has_touch=phone,
        storage_state=state,
    )
    context.set_default_timeout(15_000)
    return context


def watch_errors(page: Page) -> list[str]:
    """A list that grows with every script error, refused resource and failed request of the page."""
    errors: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        # A page that is left while a request is under way makes htmx report the aborted request.
        if message.type == "error" and not message.text.startswith("htmx:"):
            errors.append(message.text)

    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", on_console)
    return errors


@pytest.fixture
def page(chromium: Browser, server: Server) -> Iterator[Page]:
    """A page in English at desktop width, signed out; script errors fail the test."""
    context = new_context(chromium, server)
    one = context.new_page()
    errors = watch_errors(one)
    yield one
    context.close()
    assert errors == []
