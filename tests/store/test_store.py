"""Asking, writing, migrating and promoting, on the real embedded engine."""

import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime
from itertools import count
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

from yunying.base.errors import Bug, InvalidInput, LimitReached, Unavailable
from yunying.events.event import Event
from yunying.store import EVENTS, EVENTS_WITH_REPEATS, Kind, Sql, Store, open_store
from yunying.store.faults import translated
from yunying.store.writer import event_table

_products = count(700_000)
Put = Callable[..., None]


@pytest.fixture
def product() -> int:
    return next(_products)


@pytest.fixture
def put(store: Store, product: int) -> Put:
    def insert(*names: str, token: str = "", uuid: str = "", **props: Any) -> None:
        events = [
            Event(product, uuid or str(uuid4()), name, "ann", 1_772_712_000_123, 0, dict(props)) for name in names
        ]
        table = event_table(events, [7] * len(events), store.columns())
        store.insert("events", table, token=token or str(uuid4()))

    return insert


def ask(store: Store, text: str, **params: Any) -> list[tuple[Any, ...]]:
    return store.query(Sql(text, params)).rows


def test_an_event_comes_back_as_it_was_written(store: Store, put: Put, product: int) -> None:
    uuid = str(uuid4())
    put("下单", uuid=uuid, plan="pro", amount=1.5)
    rows = ask(
        store, "SELECT event, ts, person, toString(uuid), props FROM events WHERE product = {p:UInt32}", p=product
    )
    at = datetime(2026, 3, 5, 12, 0, 0, 123000, tzinfo=UTC)
    assert rows == [("下单", at, 7, uuid, '{"plan":"pro","amount":1.5}')]


def test_the_same_token_twice_adds_nothing(store: Store, put: Put, product: int) -> None:
    uuid = str(uuid4())
    put("visit", uuid=uuid, token=f"once-{uuid}")
    put("visit", uuid=uuid, token=f"once-{uuid}")
    count_all = "SELECT count() FROM events WHERE product = {p:UInt32}"
    assert ask(store, count_all, p=product) == [(1,)]


def test_a_batch_of_nine_years_is_accepted_and_its_token_counts_for_all_of_it(store: Store) -> None:
    months = [datetime(2015 + i // 12, 1 + i % 12, 2, tzinfo=UTC) for i in range(108)]
    events = [Event(1, str(uuid4()), "visit", "ann", int(at.timestamp() * 1000), 0, {}) for at in months]
    # A place of its own: every change of the events of all tests would have so many parts to look at.
    apart = open_store(f"{store._address.url}?database=months")
    try:
        apart.migrate()
        for _ in range(2):
            apart.insert("events", event_table(events, [7] * len(events), apart.columns()), token="long")
        sql = Sql("SELECT count(), uniqExact(toYYYYMM(ts)) FROM events")
        assert apart.query(sql).one() == (108, 108)
        apart.execute(Sql("DROP DATABASE months"))
    finally:
        apart.close()


def test_the_same_event_under_two_tokens_counts_once(store: Store, put: Put, product: int) -> None:
    uuid = str(uuid4())
    put("visit", uuid=uuid)
    put("visit", uuid=uuid)
    where = "WHERE product = {p:UInt32}"
    assert ask(store, f"SELECT count() FROM {EVENTS} {where}", p=product) == [(1,)]
    assert ask(store, f"SELECT uniqExact(person) FROM {EVENTS_WITH_REPEATS} {where}", p=product) == [(1,)]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("String", "it's a \\ {x:UInt8} ; DROP TABLE events --"),
        ("Array(String)", ["a'", "b\\", "", "中"]),
        ("Array(UInt32)", [1, 2, 4_000_000_000]),
        ("Nullable(Float64)", None),
        ("Float64", 0.1),
        ("Date", date(2026, 3, 29)),
        ("DateTime64(3, 'UTC')", datetime(2026, 3, 29, 1, 2, 3, 4000, tzinfo=UTC)),
        ("Bool", True),
    ],
)
def test_values_are_bound_and_come_back_unchanged(store: Store, kind: str, value: Any) -> None:
    assert ask(store, f"SELECT {{value:{kind}}}", value=value)[0][0] == value


def test_a_query_tells_what_it_read(store: Store, put: Put, product: int) -> None:
    put("visit", "visit", "order")
    rows = store.query(Sql("SELECT uniqExact(event) AS n FROM events WHERE product = {p:UInt32}", {"p": product}))
    assert rows.columns == ("n",)
    assert rows.read_rows >= 3
    assert rows.elapsed_ms > 0


@pytest.mark.parametrize(
    ("text", "error", "code"),
    [
        ("SELECT sleep(3) FROM numbers(10) SETTINGS max_block_size = 1", LimitReached, "query.too_long"),
        ("SELECT length(groupArray(number)) FROM numbers(100000000)", LimitReached, "query.too_big"),
        ("SELECT match('a', concat('(', toString(number))) FROM numbers(1)", InvalidInput, "query.pattern"),
        ("SELECT secret_column FROM events", Bug, "store.failed"),
    ],
)
def test_engine_errors_become_ours_and_show_no_sql(store: Store, text: str, error: type, code: str) -> None:
    with pytest.raises(error) as caught:
        store.query(Sql(text), timeout_s=1, memory_mb=16)
    assert caught.value.code == code
    assert "secret_column" not in caught.value.text


def test_a_large_grouping_spills_to_disk_instead_of_failing(store: Store) -> None:
    text = "SELECT count() FROM (SELECT number, count() FROM numbers(1500000) GROUP BY number)"
    assert store.query(Sql(text), memory_mb=64, timeout_s=60).one() == (1_500_000,)


def test_threads_ask_at_the_same_time(store: Store, put: Put, product: int) -> None:
    put(*["visit"] * 50)
    wrong: list[Any] = []

    def work() -> None:
        for _ in range(10):
            rows = ask(store, "SELECT count() FROM events WHERE product = {p:UInt32}", p=product)
            if rows != [(50,)]:
                wrong.append(rows)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_promoted_property_answers_for_old_and_new_events(store: Store, put: Put, product: int) -> None:
    name = f"weight of '{product}' \\ 中 {{a:String}}"
    put("old", **{name: "12.50"})
    promoted = store.promote(name, Kind.NUMBER)
    text = store.promote(name, "text")
    assert store.columns().has(name, Kind.NUMBER)
    put("new", **{name: 13})
    put("none")
    rows = ask(
        store,
        f"SELECT event, {promoted.column}, {text.column} FROM events WHERE product = {{p:UInt32}} ORDER BY event",
        p=product,
    )
    assert rows == [("new", 13.0, "13"), ("none", None, ""), ("old", 12.5, "12.50")]


def test_promoting_twice_is_one_column(store: Store, product: int) -> None:
    before = len(store.columns().promoted)
    assert store.promote(f"twice{product}", "text") == store.promote(f"twice{product}", "text")
    assert len(store.columns().promoted) == before + 1


def test_the_background_fill_writes_the_column_of_old_events(store: Store, product: int) -> None:
    # The fill goes from month to month: the first one does not wait for what other tests left in later ones.
    event = Event(product, str(uuid4()), "old", "ann", 32_000_000_000, 0, {"size": "L"})
    store.insert("events", event_table([event], [7], store.columns()), token=str(uuid4()))
    column = store.promote("size", "text").column
    month = "active AND table = 'events' AND partition = '197101' AND rows > 0 AND database = currentDatabase()"
    held = f"SELECT count() FROM system.parts_columns WHERE {month} AND column = {{c:String}}"
    parts = f"SELECT count() FROM system.parts WHERE {month}"
    for _ in range(200):
        if ask(store, held, c=column) == ask(store, parts):
            break
        threading.Event().wait(0.05)
    assert ask(store, held, c=column)[0][0] == ask(store, parts)[0][0] > 0


def test_columns_of_other_properties_are_read_from_the_text(store: Store, put: Put, product: int) -> None:
    put("visit", deep={"b": [1, 2.0]}, n="7")
    columns = store.columns()
    text, number = columns.text("deep", "{a:String}"), columns.number("n", "{b:String}")
    rows = ask(store, f"SELECT {text}, {number} FROM events WHERE product = {{p:UInt32}}", p=product, a="deep", b="n")
    assert rows == [('{"b":[1,2]}', 7.0)]


def test_migrating_again_changes_nothing(store: Store) -> None:
    assert store.migrate() == []


def test_a_wrong_table_name_never_reaches_the_engine(store: Store) -> None:
    with pytest.raises(ValueError, match="not a table"):
        store.insert("events; DROP TABLE events", pa.table({"a": [1]}), token="x")


@pytest.mark.parametrize("url", ["postgres://x/y", "chdb:///x?cluster=a'b", "clickhouse://h/a-b"])
def test_an_address_that_cannot_be_used_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput):
        open_store(url)


def test_a_server_that_does_not_answer_is_unavailable() -> None:
    with pytest.raises(Unavailable) as caught:
        open_store("clickhouse://127.0.0.1:9/default")
    assert caught.value.code == "store.away"


def test_a_folder_in_use_by_another_process_is_locked(store: Store, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = store._address.url
    code = (
        "import sys\nfrom yunying.store import open_store\nfrom yunying.base.errors import Unavailable\n"
        "try:\n    open_store(sys.argv[1])\nexcept Unavailable as error:\n    print(error.code)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, folder], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.strip() == "store.locked"


def test_a_closed_store_says_so(store: Store) -> None:
    other = open_store(store._address.url)
    other.close()
    with pytest.raises(Unavailable):
        other.query(Sql("SELECT 1"))


def test_each_database_has_a_schema_of_its_own(store: Store) -> None:
    apart = open_store(f"{store._address.url}?database=apart")
    try:
        assert len(apart.migrate()) >= 3
        assert apart.query(Sql("SELECT count() FROM events")).one() == (0,)
        apart.execute(Sql("INSERT INTO moved VALUES (5, 4, 1)"))
        apart.reload_owners()
        owner = "SELECT dictGetOrDefault('owner', 'p', toUInt64(5), toUInt32(5))"
        assert apart.query(Sql(owner)).one() == (4,)
        assert ask(store, owner) == [(5,)]
    finally:
        apart.close()


def test_an_erased_product_is_gone_from_disk_too(store: Store) -> None:
    sql = """
        INSERT INTO events (product, event, ts, person, uuid, distinct_id, account, session, props)
        SELECT
            {product:UInt32}, 'visit', toDateTime64('2141-01-01', 3), number, generateUUIDv4(), '', '', '', '{}'
        FROM numbers(1000)
    """
    for product in (4_000_000_001, 4_000_000_002):
        store.execute(Sql(sql, {"product": product}))
    store.erase(4_000_000_001)
    store.erase(4_000_000_001)
    # Rows that were only hidden would be told by the first.
    for hidden in ("0", "1"):
        rows = (
            "SELECT product, count() FROM events WHERE product >= 4000000001 AND product <= 4000000002 GROUP BY product"
        )
        assert ask(store, f"{rows} SETTINGS apply_deleted_mask = {hidden}") == [(4_000_000_002, 1000)]


@pytest.mark.parametrize("code", [75, 243])
def test_a_full_disk_is_away_and_no_fault_of_the_statement(code: int) -> None:
    with pytest.raises(Unavailable) as error, translated():
        raise DatabaseError("Cannot reserve 1.00 MiB, not enough space", code=code)
    assert error.value.code == "store.full"
