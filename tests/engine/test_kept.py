"""Kept states: when they are made, what they save, and what makes them anew."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from tests.removing import remove
from yunying.base.clock import FixedClock
from yunying.base.errors import LimitReached
from yunying.base.zones import Span
from yunying.engine import Context, Result, kept, parse, run
from yunying.engine.kept.days import rest, whole_days
from yunying.engine.kept.memory import known_of
from yunying.engine.trends import TrendsResult
from yunying.events.event import Event
from yunying.store import Sql, Store
from yunying.store.writer import event_table

UTC_ZONE, SHANGHAI = ZoneInfo("UTC"), ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
RANGE = {"last": 7, "unit": "day"}
PEOPLE = {
    "kind": "trends",
    "range": RANGE,
    "series": [{"event": "visit", "measure": "people"}, {"event": "visit"}, {"event": "order", "measure": "people"}],
}
RETENTION = {"kind": "retention", "range": RANGE, "period": "day", "start": {"event": "visit"}, "return": {}}
_products = count(880_001)


@pytest.fixture
def product(clock: FixedClock) -> int:
    """A product of its own; the program's clock stands at NOON."""
    return next(_products)


@pytest.fixture
def eager() -> Iterator[None]:
    """States are made at the second ask, however little is read."""
    with kept.using(kept.Policy(rows=1)):
        yield


def write(store: Store, product: int, *rows: tuple[str, datetime, int], uuid: str | None = None) -> None:
    """Events as (name, time, number)."""
    events = [
        Event(product, uuid or str(uuid4()), name, f"d{number}", millis(at), millis(at), {"plan": "pro"}, "", "")
        for name, at, number in rows
    ]
    numbers = [number for _, _, number in rows]
    store.insert("events", event_table(events, numbers, store.columns()), token=str(uuid4()))


def millis(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def week(store: Store, product: int, people: int = 10) -> None:
    """Everybody visits each day of the last week, today included, and half of them order."""
    rows = []
    for day in range(7):
        at = NOON - timedelta(days=day)
        rows += [("visit", at, n) for n in range(1, people + 1)] + [("order", at, n) for n in range(1, people + 1, 2)]
    write(store, product, *rows)


def ask(store: Store, product: int, question: dict[str, Any], zone: ZoneInfo = UTC_ZONE) -> Result:
    return run(parse(question), Context(store, product, zone, NOON))


def trends(result: Result) -> TrendsResult:
    assert isinstance(result, TrendsResult)
    return result


def plainly(store: Store, product: int, question: dict[str, Any]) -> Any:
    with kept.using(kept.Policy(asks=0)):
        return numbers(ask(store, product, question))


def numbers(result: Result) -> dict[str, Any]:
    return {name: value for name, value in result.to_json().items() if name != "provenance"}


def many(store: Store, product: int, events: int) -> None:
    """Visits and orders of a thousand people in the last seven days."""
    source = """
        INSERT INTO events (product, event, ts, person, uuid)
        SELECT
            {product:UInt32},
            if(number % 3, 'visit', 'order'),
            toDateTime64('2026-03-05 00:00:00', 3, 'UTC') + toIntervalSecond(number % 43200 - number % 7 * 86400),
            number % 1000,
            toUUID(toString(generateUUIDv4(number)))
        FROM numbers({events:UInt64})
    """
    store.execute(Sql(source, {"product": product, "events": events}))


def of(store: Store, table: str, product: int) -> int:
    where = "WHERE product = {product:UInt32}"
    return int(store.query(Sql(f"SELECT count() FROM {table} {where}", {"product": product})).one()[0])


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("question", [PEOPLE, RETENTION])
def test_a_question_asked_again_reads_states_and_the_events_of_today(
    store: Store, product: int, question: dict[str, Any]
) -> None:
    many(store, product, 200_000)
    first, second, third = (ask(store, product, question) for _ in range(3))
    assert first.provenance.kept_days == 0
    assert second.provenance.kept_days == third.provenance.kept_days == 6
    assert third.provenance.to_json()["kept_days"] == 6
    assert third.provenance.rows_read < first.provenance.rows_read / 3
    assert numbers(first) == numbers(second) == numbers(third)


@pytest.mark.usefixtures("eager")
def test_an_event_of_today_counts_at_once_and_is_not_noted(store: Store, product: int) -> None:
    week(store, product)
    for _ in range(3):
        ask(store, product, PEOPLE)
    before = of(store, "late_events", product)
    write(store, product, ("visit", NOON - timedelta(minutes=5), 77))
    found = ask(store, product, PEOPLE)
    assert found.provenance.kept_days == 6
    assert trends(found).rows_of("A")[0].points[-1] == 11
    assert of(store, "late_events", product) == before


def reads_notes(store: Store, product: int) -> bool:
    return any("late_events" in sql for sql in ask(store, product, PEOPLE).provenance.sql)


@pytest.mark.usefixtures("eager")
def test_the_notes_of_late_events_are_read_again_only_after_some_were_written(store: Store, product: int) -> None:
    week(store, product)
    for _ in range(2):
        ask(store, product, PEOPLE)
    assert not reads_notes(store, product)
    write(store, next(_products), ("visit", NOON - timedelta(days=3), 1))
    assert not reads_notes(store, product)
    write(store, product, ("visit", NOON - timedelta(days=3), 77))
    assert reads_notes(store, product)
    assert not reads_notes(store, product)
    store.void_kept(product)
    assert reads_notes(store, product)
    store.erase(product)
    week(store, product, people=3)
    assert numbers(ask(store, product, PEOPLE)) == plainly(store, product, PEOPLE)


@pytest.mark.usefixtures("eager")
def test_where_others_write_too_the_notes_are_read_for_every_question(
    store: Store, product: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    week(store, product)
    monkeypatch.setattr(Store, "late_version", lambda *_: None)
    for _ in range(2):
        ask(store, product, PEOPLE)
    assert all(reads_notes(store, product) for _ in range(2))


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("question", [PEOPLE, RETENTION])
def test_a_late_event_makes_its_day_anew_and_no_other(store: Store, product: int, question: dict[str, Any]) -> None:
    week(store, product)
    for _ in range(3):
        ask(store, product, question)
    write(store, product, ("visit", NOON - timedelta(days=3), 99))
    found = ask(store, product, question)
    assert found.provenance.kept_days == 6
    assert numbers(found) == plainly(store, product, question)
    made = [sql for sql in found.provenance.sql if sql.startswith("INSERT INTO kept_days")]
    assert made
    assert not [sql for sql in ask(store, product, question).provenance.sql if sql.startswith("INSERT")]


@pytest.mark.usefixtures("eager")
def test_a_copy_of_an_event_changes_nothing(store: Store, product: int) -> None:
    uuid, at = str(uuid4()), NOON - timedelta(days=2)
    write(store, product, ("visit", at, 1), uuid=uuid)
    for _ in range(3):
        ask(store, product, PEOPLE)
        write(store, product, ("visit", at, 1), uuid=uuid)
    assert trends(ask(store, product, PEOPLE)).rows_of("B")[0].total == 1


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("question", [PEOPLE, RETENTION])
def test_a_merge_counts_in_states_made_before_it(store: Store, product: int, question: dict[str, Any]) -> None:
    base = product * 20
    days = [NOON - timedelta(days=day) for day in range(3)]
    write(store, product, *(("visit", day, base + n) for day in days for n in (1, 2)))
    for _ in range(3):
        ask(store, product, question)
    pair = {"n": pa.array([base + 2], pa.uint32()), "p": pa.array([base + 1], pa.uint32())}
    store.insert("moved", pa.table(pair | {"version": pa.array([1], pa.uint64())}), token=str(uuid4()))
    store.reload_owners()
    found = ask(store, product, question)
    assert found.provenance.kept_days == 6
    assert numbers(found) == plainly(store, product, question)
    assert not [sql for sql in found.provenance.sql if sql.startswith("INSERT")]


@pytest.mark.usefixtures("eager")
def test_events_that_were_removed_do_not_live_on_in_states(store: Store, product: int) -> None:
    week(store, product)
    for _ in range(3):
        ask(store, product, PEOPLE)
    remove(store, "events", "product = {product:UInt32} AND person = 1", product=product)
    store.void_kept(product)
    assert trends(ask(store, product, PEOPLE)).rows_of("A")[0].total == 9


@pytest.mark.usefixtures("eager")
def test_a_product_that_is_erased_leaves_no_states(store: Store, product: int) -> None:
    week(store, product)
    for _ in range(3):
        ask(store, product, PEOPLE)
    assert of(store, "kept_days", product) and of(store, "kept_questions", product)
    store.erase(product)
    assert not any(of(store, table, product) for table in ("kept_days", "kept_questions", "late_events"))


@pytest.mark.usefixtures("eager")
def test_another_zone_has_states_of_its_own(store: Store, product: int) -> None:
    late = datetime(2026, 3, 2, 17, tzinfo=UTC)  # the next day in Shanghai
    write(store, product, ("visit", late, 1))
    for zone, place in ((UTC_ZONE, -4), (SHANGHAI, -3)):
        found = [ask(store, product, PEOPLE, zone) for _ in range(3)][-1]
        assert found.provenance.kept_days == 6
        assert trends(found).rows_of("A")[0].points[place] == 1


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize(
    "change",
    [
        {"filters": [{"of": "person", "property": "city", "operator": "is_set"}]},
        {"breakdown": [{"property": "plan"}]},
        {"interval": "hour"},
        {"series": [{"event": "visit", "measure": "sessions"}]},
        {"series": [{"event": "visit", "measure": "first_time"}]},
    ],
)
def test_what_changes_without_events_or_needs_more_than_sets_is_not_kept(
    store: Store, product: int, change: dict[str, Any]
) -> None:
    week(store, product)
    assert [ask(store, product, PEOPLE | change).provenance.kept_days for _ in range(3)] == [0, 0, 0]


def test_a_small_question_is_not_kept(store: Store, product: int) -> None:
    week(store, product)
    assert [ask(store, product, PEOPLE).provenance.kept_days for _ in range(4)] == [0, 0, 0, 0]
    assert not of(store, "kept_days", product)


@pytest.mark.usefixtures("eager")
def test_states_that_are_too_much_work_are_given_up_and_the_events_answer(
    store: Store, product: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    week(store, product)
    tried = []

    def too_long(sql: Sql) -> None:
        if sql.text.startswith("INSERT INTO kept_days"):
            tried.append(sql)
            raise LimitReached("query.too_long", "This question takes too long.")

    wanted = plainly(store, product, PEOPLE)
    with monkeypatch.context() as patched:
        patched.setattr(store, "execute", too_long)
        found = [ask(store, product, PEOPLE) for _ in range(5)]
    assert [numbers(one) for one in found] == [wanted] * 5
    assert [one.provenance.kept_days for one in found] == [0] * 5
    assert len(tried) <= 2  # at the second ask, for each of the two events


def test_no_more_questions_are_kept_than_are_allowed(store: Store, product: int) -> None:
    week(store, product)
    with kept.using(kept.Policy(rows=1, questions=1)):
        one = PEOPLE | {"series": [{"event": "visit"}]}
        assert [ask(store, product, one).provenance.kept_days for _ in range(2)] == [0, 6]
        assert [ask(store, product, RETENTION).provenance.kept_days for _ in range(3)] == [0, 0, 0]


@pytest.mark.usefixtures("eager")
def test_states_that_nobody_asks_for_are_forgotten(store: Store, product: int, clock: FixedClock) -> None:
    week(store, product)
    for _ in range(3):
        ask(store, product, PEOPLE)
    kept.forget_unused(store)
    assert of(store, "kept_days", product)
    clock.advance(timedelta(days=31))
    kept.forget_unused(store)
    assert not of(store, "kept_days", product)
    known_of(store, product).loaded_s = float("-inf")  # as after a while
    assert numbers(ask(store, product, PEOPLE)) == plainly(store, product, PEOPLE)


@pytest.mark.usefixtures("eager")
def test_the_same_question_of_another_product_has_other_states(store: Store, product: int) -> None:
    other = next(_products)
    week(store, product)
    week(store, other, people=3)
    for _ in range(3):
        found = [trends(ask(store, one, PEOPLE)).rows_of("A")[0].total for one in (product, other)]
        assert found == [10, 3]


def test_days_are_whole_over_and_undivided() -> None:
    paris = ZoneInfo("Europe/Paris")
    start, end = datetime(2024, 3, 29, 12, tzinfo=UTC), datetime(2024, 4, 4, tzinfo=UTC)
    cut = datetime(2024, 4, 1, 3, tzinfo=UTC)
    now = datetime(2024, 4, 2, 22, 30, tzinfo=UTC)  # half an hour after the 2nd ended in Paris
    days = whole_days([Span(start, end)], [cut], paris, now)
    assert [day.name.isoformat() for day in days] == ["2024-03-30", "2024-03-31"]
    assert days[1].span.end - days[1].span.start == timedelta(hours=23)
    left = rest([Span(start, end)], days)
    assert left == [Span(start, days[0].span.start), Span(days[1].span.end, end)]


def test_no_day_is_kept_whose_start_late_events_are_not_counted_by() -> None:
    span = Span(datetime(1975, 1, 1, tzinfo=UTC), datetime(1975, 1, 9, tzinfo=UTC))
    assert len(whole_days([span], [], UTC_ZONE, NOON)) == 8
    long_ago = Span(datetime(1900, 1, 1, tzinfo=UTC), datetime(1900, 1, 9, tzinfo=UTC))
    assert whole_days([long_ago], [], SHANGHAI, NOON) == []
