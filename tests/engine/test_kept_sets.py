"""Sets of kept days in memory: what they save, and when the store is asked all the same."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pytest

from tests.engine.test_kept import NOON, ask, many, numbers, plainly, week, write
from yunying.base.clock import FixedClock
from yunying.engine import kept
from yunying.engine.kept.sets import _memory_of
from yunying.store import Store

_products = count(890_001)
OVER = {"from": "2026-02-27", "to": "2026-03-04"}
PEOPLE: dict[str, Any] = {
    "kind": "trends",
    "range": OVER,
    "series": [{"event": "visit", "measure": "people"}, {"event": "visit"}, {"event": "order", "measure": "people"}],
}
SLIDING = PEOPLE | {"series": [{"event": "visit", "measure": "rolling_people", "window_days": 2}]}
RETENTION: dict[str, Any] = {
    "kind": "retention",
    "range": {"from": "2026-02-27", "to": "2026-03-02"},
    "period": "day",
    "start": {"event": "visit"},
    "return": {"event": "order"},
    "periods": 2,
}
QUESTIONS = [
    PEOPLE,
    PEOPLE | {"display": "cumulative"},
    PEOPLE | {"range": {"from": "2026-03-03", "to": "2026-03-04"}, "compare": {"to": "previous"}},
    PEOPLE | {"interval": "week"},
    SLIDING,
    RETENTION,
    RETENTION | {"on_or_after": True},
    RETENTION | {"range": {"from": "2026-02-27", "to": "2026-02-28"}, "periods": None, "brackets": [1, 2]},
]
EAGER = kept.Policy(rows=0, asks=1)


@pytest.fixture
def product(clock: FixedClock) -> int:
    return next(_products)


@pytest.fixture(autouse=True)
def eager() -> Iterator[None]:
    with kept.using(EAGER):
        yield


def statements(store: Store, product: int, question: dict[str, Any]) -> list[str]:
    """What had to be asked about the numbers."""
    return [sql.splitlines()[0] for sql in ask(store, product, question).provenance.sql]


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_about_days_that_are_over_is_asked_once(
    store: Store, product: int, question: dict[str, Any]
) -> None:
    many(store, product, 3_000)
    first, again = ask(store, product, question), ask(store, product, question)
    assert first.provenance.sql and not again.provenance.sql
    assert again.provenance.kept_days == first.provenance.kept_days > 0
    assert numbers(first) == numbers(again) == plainly(store, product, question)


def test_days_are_read_once_for_all_questions_they_lie_in(store: Store, product: int) -> None:
    many(store, product, 3_000)
    ask(store, product, PEOPLE)
    part = PEOPLE | {"range": {"from": "2026-03-01", "to": "2026-03-02"}}
    assert statements(store, product, part) == []
    assert statements(store, product, part | {"interval": "month"}) == []


def test_counts_alone_have_the_store_asked_unless_the_sets_are_at_hand(store: Store, product: int) -> None:
    many(store, product, 3_000)
    counts = PEOPLE | {"series": [{"event": "visit"}]}
    ask(store, product, counts)
    assert statements(store, product, counts) != []
    ask(store, product, PEOPLE)
    assert statements(store, product, counts) == []
    assert numbers(ask(store, product, counts)) == plainly(store, product, counts)


def test_today_is_asked_of_the_store(store: Store, product: int) -> None:
    week(store, product)
    today = PEOPLE | {"range": {"last": 7, "unit": "day"}}
    for _ in range(2):
        assert ask(store, product, today).provenance.kept_days == 6
    assert statements(store, product, today) != []


def split(store: Store, number: int) -> None:
    """A number that was somebody else's is its own again."""
    pair = {"n": pa.array([number], pa.uint32()), "p": pa.array([number], pa.uint32())}
    store.insert("moved", pa.table(pair | {"version": pa.array([2], pa.uint64())}), token=str(uuid4()))
    store.reload_owners()


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_merge_and_a_split_count_in_sets_read_before_them(
    store: Store, product: int, question: dict[str, Any]
) -> None:
    base = product * 20
    days = [NOON - timedelta(days=day) for day in range(1, 7)]
    write(store, product, *((name, day, base + n) for day in days for n in (1, 2, 3) for name in ("visit", "order")))
    before = numbers(ask(store, product, question))
    pair = {"n": pa.array([base + 2], pa.uint32()), "p": pa.array([base + 1], pa.uint32())}
    store.insert("moved", pa.table(pair | {"version": pa.array([1], pa.uint64())}), token=str(uuid4()))
    store.reload_owners()
    after = numbers(ask(store, product, question))
    assert after == plainly(store, product, question) != before
    assert statements(store, product, question) == []
    split(store, base + 2)
    assert numbers(ask(store, product, question)) == plainly(store, product, question) == before


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_late_event_counts_in_sets_read_before_it(store: Store, product: int, question: dict[str, Any]) -> None:
    week(store, product)
    ask(store, product, question)
    for at in (datetime(2026, 2, 27, 9, tzinfo=UTC), datetime(2026, 2, 28, 9, tzinfo=UTC), NOON - timedelta(days=1)):
        write(store, product, ("visit", at, 99), ("order", at, 99))
        assert numbers(ask(store, product, question)) == plainly(store, product, question)


def test_sets_that_are_too_large_are_left_in_the_store(store: Store, product: int) -> None:
    many(store, product, 3_000)
    with kept.using(replace(EAGER, sets_bytes=1_000)):
        found = [ask(store, product, PEOPLE) for _ in range(3)]
        assert len(found[1].provenance.sql) == 1  # the sets are not asked for in vain each time
    assert [numbers(one) for one in found] == [plainly(store, product, PEOPLE)] * 3


def test_the_sets_that_were_not_asked_for_lately_make_room(store: Store, product: int) -> None:
    many(store, product, 3_000)
    most = 6_000
    with kept.using(replace(EAGER, sets_bytes=most)):
        for day in ("2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02", "2026-03-03", "2026-03-04"):
            for event in ("visit", "order", None):
                one = {"range": {"from": day, "to": day}, "series": [{"event": event, "measure": "people"}]}
                ask(store, product, PEOPLE | one)
                memory = _memory_of(store)
                assert sum(entry.size for entry in memory.entries.values()) == memory.size <= most
        latest = PEOPLE | {"range": {"from": "2026-03-04", "to": "2026-03-04"}}
        assert statements(store, product, latest) == []
        assert statements(store, product, PEOPLE) != []


def test_where_others_write_too_the_store_is_asked(store: Store, product: int, monkeypatch: pytest.MonkeyPatch) -> None:
    week(store, product)
    monkeypatch.setattr(Store, "owners_version", lambda *_: None)
    for _ in range(3):
        assert statements(store, product, PEOPLE) != []
    assert numbers(ask(store, product, PEOPLE)) == plainly(store, product, PEOPLE)


def test_products_have_sets_of_their_own(store: Store, product: int) -> None:
    other = next(_products)
    week(store, product)
    week(store, other, people=3)
    for _ in range(2):
        for one in (product, other):
            assert numbers(ask(store, one, PEOPLE)) == plainly(store, one, PEOPLE)
