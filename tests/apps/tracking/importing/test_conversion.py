"""From the bytes of a file to canonical events, without a store."""

import bz2
import gzip
import lzma
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from yunying.apps.tracking.importing.events import Converter, Result
from yunying.apps.tracking.importing.mapping import FileMapping, parse
from yunying.apps.tracking.importing.readers import chunks
from yunying.apps.tracking.importing.windows import Carry, windows
from yunying.base.errors import InvalidInput

INVOICES = """invoice,product,quantity,price,at,customer,country
1,mug,2,1.25,3/1/2011 9:00,17.0,France
1,cup,1,3.00,3/1/2011 9:00,17.0,France
2,mug,5,1.25,3/1/2011 9:01,,Germany
C3,mug,-2,1.25,3/2/2011 10:00,17.0,France
1,pot,1,9.99,3/1/2011 9:00,17.0,France
"""
MAPPING: dict[str, Any] = {
    "source": "shop",
    "group": ["invoice"],
    "columns": {"quantity": "integer", "price": "number", "customer": "integer"},
    "time": {"column": "at", "format": "%m/%d/%Y %H:%M", "zone": "Europe/London"},
    "distinct_id": {"template": "customer-{customer}", "otherwise": {"template": "visitor-{invoice}"}},
    "events": [
        {
            "name": "order",
            "per": "group",
            "id": ["invoice"],
            "when": [{"column": "invoice", "not_starts_with": "C"}],
            "properties": {
                "country": "country",
                "revenue": {"times": ["quantity", "price"], "of": "sum", "digits": 2},
                "lines": {"of": "count"},
                "products": {"column": "product", "of": "list"},
                "kinds": {"column": "product", "of": "distinct"},
                "dearest": {"column": "price", "of": "max"},
            },
            "person": {"set_once": ["country"]},
        },
        {
            "name": "item",
            "id": ["invoice", "#"],
            "when": [{"column": "quantity", "gt": 0}],
            "properties": ["product", "quantity"],
        },
        {
            "name": "cancel",
            "per": "group",
            "id": ["invoice"],
            "when": [{"column": "invoice", "starts_with": "C"}],
            "properties": {"revenue": {"times": ["quantity", "price"], "of": "sum", "absolute": True}},
        },
    ],
}


def converted(path: Path, mapping: FileMapping, zone: str = "UTC") -> Result:
    converter = Converter(7, mapping, "fingerprint", zone, 0)
    whole = Result([], [])
    for window in windows(chunks(path, mapping), mapping, None, 0):
        part = converter.convert(window.table, window.rows)
        whole.events += part.events
        whole.errors += part.errors
    return whole


def events_of(text: str, tmp_path: Path, raw: dict[str, Any] = MAPPING, name: str = "f.csv") -> Result:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return converted(path, parse(raw))


def test_lines_become_orders_items_and_cancellations(tmp_path: Path) -> None:
    result = events_of(INVOICES, tmp_path)
    assert result.errors == []
    orders = {event.props["revenue"]: event for event in result.events if event.name == "order"}
    assert set(orders) == {15.49, 6.25}
    first = orders[15.49]
    assert first.distinct_id == "customer-17"
    assert first.props == {
        "country": "France",
        "revenue": 15.49,
        "lines": 3,
        "products": ["mug", "cup", "pot"],
        "kinds": 3,
        "dearest": 9.99,
    }
    assert [(op.kind, op.key, op.value) for op in first.person_ops] == [("set_once", "country", "France")]
    assert orders[6.25].distinct_id == "visitor-2"
    assert [e.props["product"] for e in result.events if e.name == "item"] == ["mug", "cup", "mug", "pot"]
    assert [e.props["revenue"] for e in result.events if e.name == "cancel"] == [2.5]


def test_ids_depend_on_the_key_columns_and_not_on_the_place_in_the_file(tmp_path: Path) -> None:
    lines = INVOICES.splitlines(keepends=True)
    moved = lines[0] + lines[3] + lines[4] + lines[1] + lines[2] + lines[5]
    plain, other = events_of(INVOICES, tmp_path), events_of(moved, tmp_path)
    assert {e.uuid for e in plain.events} == {e.uuid for e in other.events}
    assert len({e.uuid for e in plain.events}) == len(plain.events)


def test_without_key_columns_every_row_is_an_event_of_its_own(tmp_path: Path) -> None:
    raw = {"time": "at", "distinct_id": "who", "events": [{"name": "visit"}]}
    text = "at,who\n2011-01-01,a\n2011-01-01,a\n"
    ids = [e.uuid for e in events_of(text, tmp_path, raw).events]
    assert len(set(ids)) == 2
    assert ids == [e.uuid for e in events_of(text, tmp_path, raw).events]


def test_wall_clock_times_survive_both_clock_changes(tmp_path: Path) -> None:
    raw = {"time": {"column": "at", "zone": "Europe/Berlin"}, "distinct_id": "who", "events": [{"name": "visit"}]}
    # 02:30 does not exist on 27 March 2011 and occurs twice on 30 October 2011.
    text = "at,who\n2011-03-27 02:30:00,a\n2011-10-30 02:30:00,a\n2011-07-01 12:00:00,a\n"
    times = [datetime.fromtimestamp(e.ts_ms / 1000, UTC) for e in events_of(text, tmp_path, raw).events]
    assert times[0] == datetime(2011, 3, 27, 1, 0, tzinfo=UTC)
    assert times[1] == datetime(2011, 10, 30, 0, 30, tzinfo=UTC)
    assert times[2] == datetime(2011, 7, 1, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("form", "value"),
    [
        ("iso", "2011-07-01T10:00:00Z"),
        ("iso", "2011-07-01T12:00:00+02:00"),
        ("unix_s", "1309514400"),
        ("unix_ms", "1309514400000"),
    ],
)
def test_times_with_an_offset_mean_that_moment(form: str, value: str, tmp_path: Path) -> None:
    raw = {"time": {"column": "at", "format": form}, "distinct_id": "who", "events": [{"name": "visit"}]}
    (event,) = events_of(f"at,who\n{value},a\n", tmp_path, raw).events
    assert datetime.fromtimestamp(event.ts_ms / 1000, UTC) == datetime(2011, 7, 1, 10, 0, tzinfo=UTC)


def test_rows_at_fault_are_named_and_the_others_kept(tmp_path: Path) -> None:
    text = INVOICES.replace("2,mug,5,1.25", "2,mug,five,1.25").replace("3/2/2011 10:00", "yesterday")
    result = events_of(text, tmp_path)
    assert [(e.row, e.column, e.value) for e in result.errors] == [(3, "quantity", "five"), (4, "at", "yesterday")]
    assert {e.name for e in result.events} == {"order", "item"}


def test_a_missing_column_is_told_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no column “country”; it has: invoice"):
        events_of(INVOICES.replace(",country", ",land"), tmp_path)


def test_rows_of_another_width_are_listed_not_guessed(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_text("at,who\n2011-01-01,a\n2011-01-02,b,c\n2011-01-03,d\n")
    mapping = parse({"time": "at", "distinct_id": "who", "events": [{"name": "visit"}]})
    (chunk,) = chunks(path, mapping)
    assert chunk.table.num_rows == 2
    assert [why for _row, why in chunk.unreadable] == ["3 columns instead of 2"]


@pytest.mark.parametrize(("suffix", "pack"), [(".gz", gzip.compress), (".xz", lzma.compress), (".bz2", bz2.compress)])
def test_packed_files_give_the_same_events(suffix: str, pack: Any, tmp_path: Path) -> None:
    path = tmp_path / f"f.csv{suffix}"
    path.write_bytes(pack(INVOICES.encode()))
    assert converted(path, parse(MAPPING)).events == events_of(INVOICES, tmp_path).events


def test_zstandard_files_give_the_same_events(tmp_path: Path) -> None:
    path = tmp_path / "f.csv.zst"
    with pa.CompressedOutputStream(str(path), "zstd") as stream:
        stream.write(INVOICES.encode())
    assert converted(path, parse(MAPPING)).events == events_of(INVOICES, tmp_path).events


def test_parquet_keeps_its_own_types(tmp_path: Path) -> None:
    path = tmp_path / "f.parquet"
    moment = pa.array([datetime(2017, 6, 1, 12, 0)], pa.timestamp("us"))
    pq.write_table(pa.table({"at": moment, "who": [12], "amount": [2.5], "n": [3]}), path)
    raw = {
        "time": {"column": "at", "zone": "America/New_York"},
        "distinct_id": {"template": "household-{who}"},
        "events": [{"name": "order", "properties": ["amount", "n"]}],
    }
    (event,) = converted(path, parse(raw)).events
    assert (event.distinct_id, event.props) == ("household-12", {"amount": 2.5, "n": 3})
    assert datetime.fromtimestamp(event.ts_ms / 1000, UTC) == datetime(2017, 6, 1, 16, 0, tzinfo=UTC)


def test_json_lines_may_be_nested_and_spread_their_properties(tmp_path: Path) -> None:
    raw = {
        "columns": {"properties": "json"},
        "time": "timestamp",
        "distinct_id": "user.id",
        "events": [{"name": {"column": "event"}, "spread": ["properties"]}],
    }
    text = (
        '{"event": "order", "timestamp": "2011-07-01T10:00:00Z", "user": {"id": "u1"}, '
        '"properties": {"a": 1, "b": "x"}}\n'
        "no json\n"
        '{"event": "visit", "timestamp": "2011-07-01T10:00:01Z", "user": {"id": "u2"}}\n'
    )
    result = events_of(text, tmp_path, raw, "f.jsonl")
    assert [(e.name, e.distinct_id, e.props) for e in result.events] == [
        ("order", "u1", {"a": 1, "b": "x"}),
        ("visit", "u2", {}),
    ]


def test_columns_padded_with_spaces_are_read(tmp_path: Path) -> None:
    raw = {
        "file": {"format": "csv", "separator": "spaces", "header": ["who", "day", "amount"]},
        "columns": {"amount": "number"},
        "time": {"column": "day", "format": "%Y%m%d"},
        "distinct_id": "who",
        "events": [{"name": "order", "properties": ["amount"]}],
    }
    result = events_of(" 0001  19970101    29.33\n 0002 19970102 3\n", tmp_path, raw, "f.txt")
    assert [(e.distinct_id, e.props["amount"]) for e in result.events] == [("0001", 29.33), ("0002", 3.0)]


def test_groups_are_not_torn_at_the_border_of_chunks(tmp_path: Path) -> None:
    mapping = parse(MAPPING | {"group_within": 2})
    path = tmp_path / "f.csv"
    path.write_text(INVOICES)
    (whole,) = chunks(path, mapping)
    halves = [
        type(whole)(whole.table.slice(0, 2), 1),
        type(whole)(whole.table.slice(2), 3),
    ]
    parts = list(windows(halves, mapping, None, 0))
    assert sum(len(window.rows) for window in parts) == 5
    carry = parts[0].carry
    assert carry is not None
    assert all(row in (1, 2) for row in carry.rows)
    assert Carry.load(carry.dump()).table.equals(carry.table)


def test_a_group_that_comes_again_far_below_is_the_same_event_again(tmp_path: Path) -> None:
    lines = INVOICES.splitlines(keepends=True)
    filler = "".join(f"9{i},mug,1,1.00,3/3/2011 9:00,{i}.0,France\n" for i in range(20))
    raw = MAPPING | {"group_within": 5}
    result = events_of("".join(lines[:3]) + filler + "".join(lines[1:3]), tmp_path, raw)
    twice = [e for e in result.events if e.name == "order" and e.distinct_id == "customer-17" and e.props["lines"] == 2]
    assert len(twice) == 2
    assert twice[0].uuid == twice[1].uuid
    assert twice[0].props == twice[1].props


def test_how_far_a_table_is_read_grows_with_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_text("at,who\n" + "2026-01-01 00:00:00,somebody\n" * 1_000_000)
    mapping = parse({"time": "at", "distinct_id": "who", "events": [{"name": "visit"}]})
    told = [(chunk.fraction, chunk.first_row + chunk.table.num_rows - 1) for chunk in chunks(path, mapping)]
    assert len(told) > 5
    # The reader is a block or two of a seventh ahead of the rows, as its threads have time.
    assert all(-0.01 < fraction - rows / 1_000_000 < 0.35 for fraction, rows in told), told
    assert told[-1] == (1.0, 1_000_000)


def test_the_sum_of_texts_is_refused_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "texts.csv"
    path.write_text("at,who,word\n2026-01-01,a,tea\n")
    event = {"name": "visit", "per": "group", "properties": {"all": {"column": "word", "of": "sum"}}}
    mapping = parse({"time": "at", "distinct_id": "who", "group": ["who"], "events": [event]})
    with pytest.raises(InvalidInput) as refused:
        converted(path, mapping)
    assert refused.value.code == "import.unfit"
