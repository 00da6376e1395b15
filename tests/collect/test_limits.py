"""Rate limits: who is told to wait, how, and what costs nothing."""

import json
import socket
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from tests.collect.harness import KEY, SENDER, Live, live
from yunying.base.errors import LimitReached
from yunying.collect import limits as module
from yunying.collect.limits import Buckets, Rate, RateLimits

AUTH = {"authorization": f"Bearer {KEY}"}


class Time:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    found = Time()
    monkeypatch.setattr(module, "monotonic_s", found)
    return found


def test_a_burst_passes_and_then_the_rate_holds(time: Time) -> None:
    buckets = Buckets(Rate(events_s=10, burst_s=2))
    for _ in range(20):
        assert buckets.wait_s("a") == 0
        buckets.take("a", 1, 100)
    buckets.take("a", 5, 100)
    assert buckets.wait_s("a") == 1
    time.now_s += 0.6
    assert buckets.wait_s("a") == 0


def test_over_time_nobody_gets_more_than_the_rate(time: Time) -> None:
    buckets, taken = Buckets(Rate(events_s=100, burst_s=1)), 0
    for _ in range(10_000):
        if buckets.wait_s("a") == 0:
            buckets.take("a", 7, 0)
            taken += 7
        time.now_s += 0.01
    assert 100 * 100 <= taken <= 100 * 100 + 100 + 7


def test_one_batch_larger_than_the_burst_is_taken_and_paid_for(time: Time) -> None:
    buckets = Buckets(Rate(events_s=10, burst_s=1))
    assert buckets.wait_s("a") == 0
    buckets.take("a", 110, 0)
    assert buckets.wait_s("a") == 10


def test_bytes_count_on_their_own(time: Time) -> None:
    buckets = Buckets(Rate(bytes_s=1000, burst_s=1))
    buckets.take("a", 1_000_000, 4000)
    assert buckets.wait_s("a") == 3
    assert buckets.wait_s("b") == 0


def test_a_clock_that_does_not_move_fills_no_bucket(time: Time) -> None:
    buckets = Buckets(Rate(events_s=1, burst_s=1))
    buckets.take("a", 2, 0)
    time.now_s -= 100
    assert buckets.wait_s("a") == 1


def test_made_up_senders_take_no_memory_for_ever(time: Time) -> None:
    buckets = Buckets(Rate(events_s=1), remembered=100)
    for number in range(1000):
        buckets.take(str(number), 1, 0)
    assert len(buckets._levels) == 100


def test_programs_of_this_machine_have_no_address(time: Time) -> None:
    rates = RateLimits(address=Rate(events_s=1, burst_s=1))
    for address in ("127.0.0.1", "::1", ""):
        rates.take("k", address, 1000, 0)
        rates.check_address(address)
    rates.take("k", "203.0.113.9", 1000, 0)
    with pytest.raises(LimitReached) as error:
        rates.check_address("203.0.113.9")
    assert error.value.data["retry_after_s"] == 999


@pytest.fixture
def strict(tmp_path: Path) -> Any:
    with live(tmp_path, rates=RateLimits(key=Rate(events_s=1, burst_s=1))) as server:
        yield server


def spent(server: Live, path: str, body: Any, **headers: str) -> Any:
    """The answer to the second request: the first one took fifty times what the key may send."""
    assert server.send("/v1/events", [{"event": "a", "distinct_id": "u"}] * 50, **AUTH).status == 200
    return server.send(path, body, **headers)


def test_who_comes_back_after_429_is_told_when(strict: Live) -> None:
    answer = spent(strict, "/v1/events", {"event": "a", "distinct_id": "u"}, **AUTH)
    assert (answer.status, answer.json()["reason"]) == (429, "limit.key")
    assert 40 <= int(answer.headers["retry-after"]) <= 50
    assert len(strict.events(50)) == 50
    counts = strict.counters.snapshot()
    assert (counts["limited"], counts["spooled"], counts["refused"]) == (1, 50, {"limit.key": 1})


def test_posthog_js_would_drop_on_429_and_hears_503(strict: Live) -> None:
    answer = spent(strict, "/e/", {"api_key": KEY, "event": "a", "distinct_id": "u"})
    assert answer.status == 503
    assert answer.headers["retry-after"].isdecimal()


def test_a_browser_may_read_when_to_come_back(strict: Live) -> None:
    answer = spent(strict, "/v1/events", {"event": "a", "distinct_id": "u"}, **AUTH, origin="https://shop.example")
    assert "Retry-After" in answer.headers["access-control-expose-headers"]


def test_what_is_never_sent_twice_is_taken_and_counted(strict: Live) -> None:
    strict.send("/v1/events", [{"event": "a", "distinct_id": "u"}] * 50, **AUTH)
    body = json.dumps({"event": "b", "distinct_id": "u", "properties": {"token": KEY}})
    answer = strict.send(f"/e/?data={quote(body)}", method="GET")
    assert answer.status == 200
    assert len(strict.events(51)) == 51
    assert strict.counters.snapshot()["over_limit"] == 1


def test_behind_a_trusted_proxy_the_address_is_that_of_the_sender(tmp_path: Path) -> None:
    rates = RateLimits(address=Rate(events_s=1, burst_s=1))
    with live(tmp_path, rates=rates, proxies=("127.0.0.1",)) as server:
        batch = [{"event": "a", "distinct_id": "u"}] * 50
        statuses = [
            server.send("/v1/events", batch, **AUTH, x_forwarded_for=address).status
            for address in ("203.0.113.9", "203.0.113.9", "203.0.113.10")
        ]
    assert statuses == [200, 429, 200]


def test_an_address_in_debt_is_told_before_its_body_is_read(tmp_path: Path) -> None:
    rates = RateLimits(address=Rate(events_s=1, burst_s=1))
    with live(tmp_path, rates=rates, proxies=("127.0.0.1",)) as server:
        batch = [{"event": "a", "distinct_id": "u"}] * 50
        assert server.send("/v1/events", batch, **AUTH, x_forwarded_for="203.0.113.9").status == 200
        parts = urlsplit(server.base)
        with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5) as sock:
            head = "POST /v1/events HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.9\r\nContent-Length: 9000\r\n\r\n"
            sock.sendall(head.encode())
            assert b" 429 " in sock.recv(1000)


def test_without_limits_nothing_is_remembered() -> None:
    rates = RateLimits()
    rates.take("k", "203.0.113.9", 10**9, 10**12)
    rates.check_key("k")
    rates.check_address("203.0.113.9")
    assert SENDER and not rates._keys._levels
