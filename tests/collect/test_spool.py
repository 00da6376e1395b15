import asyncio
import os
from pathlib import Path
from unittest.mock import patch

import pytest

from yunying.base.errors import Unavailable
from yunying.collect import segments
from yunying.collect.spool import Spool, SpoolLimits

SLOW = SpoolLimits(segment_age_s=3600)


def frames(spool: Spool) -> list[bytes]:
    return [payload for path in spool.segments() for payload in segments.read_frames(path)]


def put(spool: Spool, *payloads: bytes) -> None:
    async def all_at_once() -> None:
        await asyncio.gather(*(spool.append(payload) for payload in payloads))

    asyncio.run(all_at_once())


def test_what_was_appended_is_read_back_in_order(tmp_path: Path) -> None:
    spool = Spool(tmp_path, SLOW)
    put(spool, b"a", b"b" * 100_000)
    put(spool, b"c")
    spool.close()
    assert frames(spool) == [b"a", b"b" * 100_000, b"c"]


def test_requests_of_the_same_moment_share_one_sync(tmp_path: Path) -> None:
    spool = Spool(tmp_path, SLOW)
    with patch("yunying.collect.spool.os.fdatasync", wraps=os.fdatasync) as sync:
        put(spool, *[b"x"] * 200)
    spool.close()
    assert sync.call_count == 1
    assert len(frames(spool)) == 200


def test_an_answer_waits_for_the_sync(tmp_path: Path) -> None:
    spool, order = Spool(tmp_path, SLOW), []
    with patch("yunying.collect.spool.os.fdatasync", side_effect=lambda handle: order.append("sync")):

        async def one() -> None:
            await spool.append(b"x")
            order.append("answer")

        asyncio.run(one())
    spool.close()
    assert order == ["sync", "answer"]


@pytest.mark.parametrize("cut", [1, 5, 8, 9, 20])
def test_a_torn_tail_is_left_out(tmp_path: Path, cut: int) -> None:
    path = tmp_path / f"{segments.new_name()}.open"
    whole = segments.MAGIC + segments.frame(b"first") + segments.frame(b"second")
    path.write_bytes(whole + segments.frame(b"x" * 40)[:cut])
    (sealed,) = segments.recover(tmp_path)
    assert list(segments.read_frames(sealed)) == [b"first", b"second"]


def test_a_damaged_frame_ends_the_segment(tmp_path: Path) -> None:
    path = tmp_path / "1-a.seg"
    second = bytearray(segments.frame(b"second"))
    second[-1] ^= 1
    path.write_bytes(segments.MAGIC + segments.frame(b"first") + second)
    assert list(segments.read_frames(path)) == [b"first"]


@pytest.mark.parametrize(
    "content", [b"", b"yunying", segments.MAGIC, segments.MAGIC + b"\0" * 99, segments.MAGIC + b"\xff\xff\xff\xff1234"]
)
def test_a_segment_with_nothing_in_it_disappears(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "1-a.open").write_bytes(content)
    Spool(tmp_path, SLOW).close()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["lock"]


def test_a_failed_write_is_answered_and_leaves_no_trace(tmp_path: Path) -> None:
    spool = Spool(tmp_path, SLOW)
    put(spool, b"good")
    with (
        patch("yunying.collect.spool.os.fdatasync", side_effect=OSError(28, "full")),
        pytest.raises(Unavailable) as error,
    ):
        put(spool, b"never acknowledged")
    assert error.value.code == "spool.write"
    put(spool, b"after")
    spool.close()
    assert frames(spool) == [b"good", b"after"]


def test_a_segment_is_sealed_by_size_and_by_age(tmp_path: Path) -> None:
    spool = Spool(tmp_path, SpoolLimits(segment_bytes=1000, segment_age_s=0.05))
    put(spool, b"x" * 2000)
    assert len(spool.segments()) == 1
    put(spool, b"y")
    import time

    time.sleep(0.06)
    spool.seal_if_old()
    assert len(spool.segments()) == 2
    spool.close()


def test_the_count_of_held_bytes_survives_a_restart_and_falls_to_nothing(tmp_path: Path) -> None:
    spool = Spool(tmp_path, SpoolLimits(segment_bytes=1))
    put(spool, b"x" * 500)
    held = spool.bytes_held()
    spool.close()
    again = Spool(tmp_path, SLOW)
    assert again.bytes_held() == held > 500
    for path in again.segments():
        again.remove(path)
    assert again.bytes_held() == 0
    again.close()


def test_two_processes_cannot_write_one_spool(tmp_path: Path) -> None:
    first = Spool(tmp_path, SLOW)
    with pytest.raises(Unavailable) as error:
        Spool(tmp_path, SLOW)
    assert error.value.code == "spool.locked"
    first.close()
    Spool(tmp_path, SLOW).close()


def test_a_client_that_hangs_up_does_not_harm_its_group(tmp_path: Path) -> None:
    spool = Spool(tmp_path, SLOW)

    async def scene() -> None:
        leaving = asyncio.create_task(spool.append(b"leaving"))
        staying = asyncio.create_task(spool.append(b"staying"))
        await asyncio.sleep(0)
        leaving.cancel()
        await staying

    asyncio.run(scene())
    spool.close()
    assert b"staying" in frames(spool)


def test_a_closing_spool_takes_nothing_more(tmp_path: Path) -> None:
    spool = Spool(tmp_path, SLOW)
    asyncio.run(spool.drain())
    with pytest.raises(Unavailable):
        put(spool, b"late")
    spool.close()
