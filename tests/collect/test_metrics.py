"""The metrics page: what it says and to whom."""

import asyncio
import logging
import re
from typing import Any

import pytest

from tests.collect.harness import KEY, Live
from yunying.collect.counters import BOUNDS_S, Counters
from yunying.collect.metrics import MetricsPage, exposition
from yunying.collect.watch import Watch

AUTH = {"authorization": f"Bearer {KEY}"}
SAMPLE = re.compile(r'[a-z_]+(\{[a-z_]+="[^"\n]*"(,[a-z_]+="[^"\n]*")*\})? -?[0-9.e+]+')


def values(text: str) -> dict[str, float]:
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert all(SAMPLE.fullmatch(line) for line in lines), lines
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}


def test_events_are_counted_by_protocol_and_reason(server: Live) -> None:
    server.send("/v1/events", [{"event": "a", "distinct_id": "u"}, {"event": "b"}], **AUTH)
    server.send("/v1/batch", {"writeKey": KEY, "batch": [{"type": "track", "event": "a", "userId": "u"}]})
    server.events(2)
    server.refused(1)
    found = values(server.send("/metrics", method="GET").body.decode())
    assert found['yunying_collector_spooled_total{protocol="own"}'] == 1
    assert found['yunying_collector_spooled_total{protocol="segment"}'] == 1
    assert found['yunying_collector_refused_total{protocol="own",reason="id.missing"}'] == 1
    assert found["yunying_collector_request_seconds_count"] == 2
    assert found['yunying_collector_request_seconds_bucket{le="+Inf"}'] == 2
    assert found["yunying_collector_flush_seconds_count"] >= 1
    assert found["yunying_collector_lag_seconds_sum"] < 5


def test_every_name_has_its_kind_and_is_said_once() -> None:
    counters = Counters()
    counters.add("requests", 2, "own")
    counters.observe("flush", 0.3)
    counters.observe("flush", 1000)
    text = exposition(counters, {"spool_bytes": 5, "behind": False})
    kinds = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")]
    assert len(kinds) == len(set(kinds))
    names = {line.partition("{")[0].partition(" ")[0] for line in text.splitlines() if not line.startswith("#")}
    assert {re.sub("_(bucket|sum|count)$", "", name) for name in names} <= set(kinds)
    assert text.endswith("\n")
    buckets = [line for line in text.splitlines() if "flush_seconds_bucket" in line]
    assert len(buckets) == len(BOUNDS_S) + 1
    assert [int(line.rpartition(" ")[2]) for line in buckets] == [0] * 5 + [0] + [1] * (len(BOUNDS_S) - 6) + [2]


def asked(page: MetricsPage, client: str, *headers: tuple[bytes, bytes]) -> int:
    statuses: list[int] = []

    async def send(message: Any) -> None:
        statuses.append(message.get("status", 0))

    asyncio.run(page({"headers": list(headers), "client": (client, 1)}, send))
    return statuses[0]


def test_only_programs_of_this_machine_see_it_without_a_token() -> None:
    page = MetricsPage(Counters(), dict)
    assert asked(page, "127.0.0.1") == 200
    assert asked(page, "203.0.113.9") == 404
    # A proxy on this machine that nobody named as trusted passes on strangers.
    assert asked(page, "127.0.0.1", (b"x-forwarded-for", b"203.0.113.9")) == 404


def test_with_a_token_only_who_has_it_sees_it() -> None:
    page = MetricsPage(Counters(), dict, token="t0ken")
    assert asked(page, "203.0.113.9", (b"authorization", b"Bearer t0ken")) == 200
    assert asked(page, "127.0.0.1", (b"authorization", b"Bearer other")) == 404
    assert asked(page, "127.0.0.1") == 404


def test_a_rate_is_that_of_the_last_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter(range(0, 1000, 5))
    monkeypatch.setattr("yunying.collect.counters.monotonic_s", lambda: float(next(times)))
    counters = Counters()
    assert counters.rate("spooled") == 0
    for number in range(30):
        counters.add("spooled", 50 if number > 12 else 5)
        counters.mark()
    assert counters.rate("spooled") == 10
    assert counters.rate("inserted") == 0


def test_falling_behind_is_told_once_and_catching_up_too(caplog: pytest.LogCaptureFixture) -> None:
    lags = iter([1.0, 61.0, 70.0, 40.0, 61.0, 20.0, 61.0])
    told: list[float] = []
    watch = Watch(lambda: next(lags), 60, told.append)
    with caplog.at_level(logging.WARNING):
        states = []
        for _ in range(7):
            watch.look()
            states.append(watch.behind)
    assert states == [False, True, True, True, True, False, True]
    assert told == [61.0, 61.0]
    assert caplog.text.count("safe in the spool") == 2
