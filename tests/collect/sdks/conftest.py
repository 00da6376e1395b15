from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.collect.harness import Live, live
from tests.collect.sdks.browser import Site, Window, opened_window, site_on
from tests.collect.sdks.shop import watch
from tests.collect.sdks.tls import make_certificate


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[Live]:
    """A collector that speaks TLS, for SDKs that speak nothing else."""
    with live(tmp_path, tls=make_certificate(tmp_path)) as running:
        yield running


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with site_on(tmp_path) as running:
        yield running


@pytest.fixture
def window(chromium: Browser, site: Site) -> Iterator[Window]:
    with opened_window(chromium, site) as one:
        yield one


@pytest.fixture
def shop(chromium: Browser, tmp_path: Path) -> Iterator[Window]:
    """A window on a site, which must see no error in its console."""
    with site_on(tmp_path) as site, opened_window(chromium, site) as window:
        watch(window)
        yield window
        assert window.errors == []
