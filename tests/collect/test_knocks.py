"""Requests that came to nothing, as the set-up page hears of them."""

import pytest

from yunying.collect import knocks as module
from yunying.collect.knocks import PREFLIGHT, Knocks


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    at = [1_000.0]
    monkeypatch.setattr(module, "monotonic_s", lambda: at[0])
    return at


def told(knocks: Knocks) -> list[tuple[str, str, str]]:
    return [(one.protocol, one.code, one.site) for one in knocks.lately()]


def test_a_refused_request_is_told_with_the_site_it_came_from(now: list[float]) -> None:
    knocks = Knocks()
    knocks.failed("posthog", "key.unknown", "https://shop.example:8443")
    knocks.failed("own", "body.not_json", "")
    assert told(knocks) == [("posthog", "key.unknown", "shop.example"), ("own", "body.not_json", "")]
    now[0] += 601
    assert told(knocks) == []


def test_a_browser_that_asked_and_sent_nothing_is_told_after_a_while(now: list[float]) -> None:
    knocks = Knocks()
    knocks.asked("https://shop.example")
    assert told(knocks) == []
    now[0] += 6
    assert told(knocks) == [("", PREFLIGHT, "shop.example")]
    knocks.came("https://shop.example")
    assert told(knocks) == []


def test_what_is_no_address_is_nobodys(now: list[float]) -> None:
    knocks = Knocks()
    for origin in ("null", "http://[::1", "\x00", "x" * 5_000):
        knocks.failed("own", "key.missing", origin)
    assert {site for _, _, site in told(knocks)} == {""}


def test_only_so_many_are_kept(now: list[float]) -> None:
    knocks = Knocks()
    for number in range(3_000):
        knocks.failed("own", "key.unknown", f"https://{number}.example")
        knocks.asked(f"https://{number}.example")
    now[0] += 6
    assert len(told(knocks)) == 200 + 1_000
