"""A real server, started by the program's own command, and a real browser."""

import csv
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from tests.browser import DESKTOP, PHONE
from tests.fresh import make_installation

HERE = Path(__file__).parent
CITIES = ("杭州", "London", "", "São Paulo", "臺北")


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


def new_context(
    browser: Browser,
    server: Server,
    language: str = "en",
    phone: bool = False,
    state: Path | None = None,
    *,
    dark: bool = False,
) -> BrowserContext:
    """A fresh browser window in one language, signed in when `state` holds a session."""
    context = browser.new_context(
        base_url=server.url,
        locale={"en": "en-GB", "zh-hans": "zh-CN", "zh-hant": "zh-TW"}[language],
        viewport=PHONE if phone else DESKTOP,
        has_touch=phone,
        color_scheme="dark" if dark else "light",
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


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the recipe `tea`: 400 orders of 60 customers, a report, a metric and a goal."""
    data = make_installation(tmp_path_factory.mktemp("pages"))
    files = data / "recipe-files" / "tea"
    files.mkdir(parents=True)
    _write_orders(files / "orders.csv")
    recipes = ["demo", "--recipes", str(HERE / "recipes"), "--data", str(files.parent)]
    running = start_server(data, 120, command=recipes)
    yield running
    assert stop_server(running) == 0, running.log()


def _write_orders(path: Path) -> None:
    start = datetime(2026, 1, 5, 9, 30)
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["at", "customer", "amount", "city"])
        for number in range(400):
            at = start + timedelta(hours=number * 5)
            rows.writerow([f"{at:%Y-%m-%d %H:%M:%S}", f"customer-{number % 60}", number % 90 + 0.5, CITIES[number % 5]])


@pytest.fixture(scope="session")
def session(chromium: Browser, shop: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the signed-in browser state of the demo account is kept."""
    context = new_context(chromium, shop)
    page = context.new_page()
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill("demo@yunying.example")
    page.get_by_label("Password").fill(json.loads((shop.data / "demo.json").read_text())["password"])
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/p/tea/**")
    path = tmp_path_factory.mktemp("session") / "state.json"
    context.storage_state(path=path)
    context.close()
    return path


@pytest.fixture
def page(chromium: Browser, server: Server) -> Iterator[Page]:
    """A page in English at desktop width, signed out; script errors fail the test."""
    context = new_context(chromium, server)
    one = context.new_page()
    errors = watch_errors(one)
    yield one
    context.close()
    assert errors == []
