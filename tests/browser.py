"""The real browser of the tests."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

__all__ = ["DESKTOP", "PHONE", "NoBrowser", "running_browser"]

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Pages and collectors of the tests have names of their own, on this machine, and certificates made for the test.
    "--host-resolver-rules=MAP *.test 127.0.0.1",
    "--ignore-certificate-errors",
)
# What Chrome says when a person uses it: SDKs send nothing for what calls itself headless. Not set by the window, since
# that would be over before a page says its last word.
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Safari/537.36"
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}


class NoBrowser(RuntimeError):
    """No Chromium on this machine."""


@contextmanager
def running_browser() -> "Iterator[Browser]":
    """Chromium, for as long as the body runs. There can be one in a process."""
    from playwright.sync_api import sync_playwright

    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if path is None:
        raise NoBrowser("No Chromium on this machine; on Debian and Ubuntu: apt install chromium")
    # Playwright keeps an event loop in this thread; Django would refuse the database beside it.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    try:
        with sync_playwright() as playwright:
            agent = AGENT.format(_version(path))
            browser = playwright.chromium.launch(executable_path=path, args=[*QUIET, f"--user-agent={agent}"])
            yield browser
            browser.close()
    finally:
        os.environ.pop("DJANGO_ALLOW_ASYNC_UNSAFE")


def _version(path: str) -> str:
    told = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"\d+", told)
    return found[0] if found else "140"
