"""A collector that only spools, and the process beside it that writes."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.collect.harness import FAST, SqliteSink, make_keys
from yunying.base.errors import Unavailable
from yunying.collect import codec
from yunying.collect.beside import OtherSpool, Sealing
from yunying.collect.counters import Counters
from yunying.collect.flusher import Flusher
from yunying.collect.running import Collecting
from yunying.collect.spool import Spool
from yunying.config import Config
from yunying.events.event import Event


def event(number: int) -> Event:
    return Event(1, f"00000000-0000-4000-8000-{number:012d}", "a", f"u-{number}", 1_780_000_000_000, 1_780_000_000_000)


def until(true: Callable[[], bool], timeout_s: float = 5) -> None:
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_what_one_spools_the_other_writes_once(tmp_path: Path) -> None:
    spool, sink = Spool(tmp_path / "spool", FAST), SqliteSink(tmp_path / "sink.sqlite3")
    sealing = Sealing(spool)
    flusher = Flusher(OtherSpool(tmp_path / "spool"), sink, Counters(), poll_s=0.02)
    sealing.start()
    flusher.start()
    for number in range(5):
        asyncio.run(spool.append(codec.encode([event(10 * number + part) for part in range(10)])))
    until(lambda: len(sink.events()) == 50)
    until(lambda: spool.bytes_held() == 0)
    sealing.stop()
    flusher.stop(5)
    spool.close()
    assert len({one.uuid for one in sink.events()}) == 50


def test_a_spool_that_nobody_empties_is_full_in_the_end_and_taken_again_when_it_is(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", replace(FAST, cap_bytes=3000))

    def fill() -> None:
        for number in range(100):
            asyncio.run(spool.append(codec.encode([event(number)])))

    with pytest.raises(Unavailable):
        fill()
    spool.seal_now()
    for path in OtherSpool(spool.folder).segments():
        OtherSpool(spool.folder).remove(path)
    spool.recount()
    asyncio.run(spool.append(codec.encode([event(1)])))
    spool.close()


def test_the_folder_need_not_exist_yet(tmp_path: Path) -> None:
    flusher = Flusher(OtherSpool(tmp_path / "nowhere"), SqliteSink(tmp_path / "sink.sqlite3"), Counters())
    assert flusher.flush() == 0


def test_one_process_writes_its_own_spool_and_those_beside(tmp_path: Path) -> None:
    other = Spool(tmp_path / "beside", FAST)
    asyncio.run(other.append(codec.encode([event(1)])))
    other.close()
    config = Config.from_env(
        {
            "YUNYING_DATA_DIR": str(tmp_path),
            "YUNYING_DATABASE_URL": make_keys(tmp_path / "keys.sqlite3"),
            "YUNYING_SECRET_KEY": "only-for-tests",
            "YUNYING_SPOOLS_BESIDE": str(tmp_path / "beside"),
        }
    )
    sink = SqliteSink(tmp_path / "sink.sqlite3")
    collecting = Collecting(config, sink)
    asyncio.run(collecting.spool.append(codec.encode([event(2)])))
    until(lambda: len(sink.events()) == 2)
    assert collecting.gauges()["behind"] == 0
    collecting.close()
    assert collecting.lag_s() == 0
