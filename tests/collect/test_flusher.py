import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.collect.harness import SqliteSink, away
from yunying.collect import codec, segments
from yunying.collect.counters import Counters
from yunying.collect.flusher import Flusher
from yunying.collect.spool import Spool, SpoolLimits
from yunying.events.event import Event, Link, LinkKind, Op, OpKind, Refusal


def event(number: int, **more: object) -> Event:
    fields = {"props": {"n": number, "大": [1, {"a": None}]}} | more
    return Event(1, f"00000000-0000-4000-8000-{number:012d}", "order", f"u-{number}", 5, 6, **fields)  # type: ignore[arg-type]


class Scene:
    """A spool with one sealed segment per `put`, and a flusher that is turned by hand."""

    def __init__(self, folder: Path, batch_events: int = 10) -> None:
        self.folder = folder
        self.spool = Spool(folder / "spool", SpoolLimits(segment_bytes=1))
        self.sink = SqliteSink(folder / "sink.sqlite3")
        self.counters = Counters()
        self.flusher = self.new_flusher(batch_events)

    def new_flusher(self, batch_events: int = 10) -> Flusher:
        return Flusher(self.spool, self.sink, self.counters, batch_events=batch_events, first_wait_s=0.0)

    def put(self, *records: codec.Record) -> None:
        asyncio.run(self.spool.append(codec.encode(records)))

    def numbers(self) -> list[int]:
        return sorted(event.props["n"] for event in self.sink.events())


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_an_event_comes_out_of_the_spool_as_it_went_in() -> None:
    full = event(
        1,
        session="s",
        account="acme",
        person_ops=[Op(OpKind.SET, "a", {"b": 1})],
        account_ops=[Op(OpKind.UNSET, "c")],
        links=[Link(LinkKind.MERGE, "x", "y")],
        protocol="segment",
        library="lib/1",
        historical=True,
    )
    refusal = Refusal(1, "id", 5, "own", "code", "reason", "body", {"a": 1})
    assert codec.decode(codec.encode([full, refusal])) == [full, refusal]
    assert codec.event_from_text(codec.event_to_text(full)) == full


def test_events_without_operations_may_say_so_with_an_empty_list() -> None:
    plain = event(1, props={"n": 1})
    row = codec.event_to_text(plain)
    assert codec.event_from_text(row.replace("null", "[]")) == codec.event_from_text(row) == plain


def test_a_segment_is_written_in_batches_and_then_removed(scene: Scene) -> None:
    scene.put(*(event(n) for n in range(25)))
    scene.flusher.flush()
    assert scene.sink.batches == [10, 10, 5]
    assert scene.numbers() == list(range(25))
    assert scene.spool.segments() == []
    assert scene.counters.snapshot()["inserted"] == 25


def test_a_crash_after_the_write_and_before_the_removal_duplicates_nothing(scene: Scene, tmp_path: Path) -> None:
    scene.put(*(event(n) for n in range(25)))
    (segment,) = scene.spool.segments()
    kept = segment.read_bytes()
    scene.flusher.flush()
    segment.write_bytes(kept)
    scene.new_flusher().flush()
    assert scene.numbers() == list(range(25))


def test_a_crash_between_two_batches_loses_and_duplicates_nothing(scene: Scene) -> None:
    scene.put(*(event(n) for n in range(25)))

    def power_cut(events: Sequence[Event]) -> None:
        if events[0].props["n"] == 10:
            raise KeyboardInterrupt

    scene.sink.fault = power_cut
    with pytest.raises(KeyboardInterrupt):
        scene.flusher.flush()
    scene.sink.fault = None
    scene.new_flusher().flush()
    assert scene.numbers() == list(range(25))


def test_nothing_is_lost_while_the_store_is_away(scene: Scene) -> None:
    scene.sink.fault = away
    for n in range(3):
        scene.put(event(n))
    for _ in range(20):
        assert scene.flusher.flush() == 0
    assert len(scene.spool.segments()) == 3
    assert scene.flusher.lag_s() >= 0
    scene.sink.fault = None
    scene.flusher.flush()
    assert scene.numbers() == [0, 1, 2]
    assert scene.sink.refused() == []


def poison(*bad: int):  # type: ignore[no-untyped-def]
    def fault(events: Sequence[Event]) -> None:
        if any(event.props["n"] in bad for event in events):
            raise ValueError("cannot be kept")

    return fault


def turn(scene: Scene, times: int = 6) -> None:
    for _ in range(times):
        scene.flusher.flush()


def test_a_poisoned_event_is_found_and_quarantined(scene: Scene) -> None:
    scene.sink.fault = poison(3, 17)
    scene.put(*(event(n) for n in range(25)))
    turn(scene)
    assert scene.numbers() == [n for n in range(25) if n not in (3, 17)]
    refused = scene.sink.refused()
    assert [row[1] for row in refused] == ["store.refused"] * 2
    assert sorted(codec.event_from_text(row[2]).props["n"] for row in refused) == [3, 17]
    assert scene.spool.segments() == []


def test_a_poisoned_segment_does_not_block_the_next(scene: Scene) -> None:
    scene.sink.fault = poison(0)
    scene.put(event(0))
    scene.put(event(1))
    scene.flusher.flush()
    assert scene.numbers() == [1]
    turn(scene)
    assert [row[0] for row in scene.sink.refused()] == [event(0).uuid]


def test_an_unreadable_segment_stays_and_does_not_block_the_next(scene: Scene) -> None:
    asyncio.run(scene.spool.append(b"not a list of events"))
    scene.put(event(1))
    turn(scene)
    assert scene.numbers() == [1]
    assert len(scene.spool.segments()) == 1


def test_a_store_that_takes_nothing_at_all_does_not_fill_the_quarantine(scene: Scene) -> None:
    def broken(_: Sequence[Event]) -> None:
        raise RuntimeError("disk full")

    scene.sink.fault = broken
    scene.put(*(event(n) for n in range(10)))
    turn(scene, 8)
    assert scene.sink.refused() == []
    scene.sink.fault = None
    turn(scene, 1)
    assert scene.numbers() == list(range(10))


def test_a_lone_poisoned_event_is_given_up_in_the_end(scene: Scene) -> None:
    scene.sink.fault = poison(0)
    scene.put(event(0))
    turn(scene, 15)
    assert [row[0] for row in scene.sink.refused()] == [event(0).uuid]
    assert scene.spool.segments() == []


def test_a_long_outage_is_no_evidence_against_events(scene: Scene) -> None:
    scene.sink.fault = away
    scene.put(event(0))
    turn(scene, 15)
    scene.sink.fault = poison(0)
    turn(scene, 5)
    assert scene.sink.refused() == []


def test_refusals_travel_with_the_events(scene: Scene) -> None:
    scene.put(event(0), Refusal(1, "r-1", 5, "own", "id.missing", "why", "{}"), event(1))
    scene.flusher.flush()
    assert scene.numbers() == [0, 1]
    assert [row[0] for row in scene.sink.refused()] == ["r-1"]


def test_batches_of_a_torn_segment_are_cut_the_same_way_twice(tmp_path: Path) -> None:
    path = tmp_path / "1-a.seg"
    whole = segments.MAGIC + b"".join(segments.frame(codec.encode([event(n) for n in range(7)])) for _ in range(3))
    path.write_bytes(whole[:-4])
    scene = Scene(tmp_path / "x")
    first = [len(batch) for batch in scene.flusher._batches(path)]
    assert first == [len(batch) for batch in scene.flusher._batches(path)] == [10, 4]


def test_a_store_that_is_down_for_minutes_is_asked_seldom_and_then_given_everything(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = 0.0
    monkeypatch.setattr("yunying.collect.flusher.monotonic_s", lambda: now_s)
    flusher = Flusher(scene.spool, scene.sink, scene.counters, batch_events=10, first_wait_s=0.5)
    asked: list[float] = []

    def down(events: Sequence[Event]) -> None:
        asked.append(now_s)
        away(events)

    scene.sink.fault = down
    for number in range(20):
        scene.put(event(number))
    while now_s < 600:
        now_s += 0.25
        flusher.flush()
    # 0.5, 1, 2, 4, 8, 16 and then every thirty seconds, with a fifth of chance.
    assert 18 <= len(asked) <= 35
    assert asked[-1] - asked[-2] > 20
    scene.sink.fault = None
    while scene.spool.segments():
        now_s += 0.25
        assert now_s < 640
        flusher.flush()
    assert scene.numbers() == list(range(20))
