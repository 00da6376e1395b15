"""What a file and its columns are taken for."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from yunying.apps.tracking.importing.guessing import TIME_FORMATS, guess_plan, guesses
from yunying.apps.tracking.importing.mapping import parse
from yunying.apps.tracking.importing.plans import Plan, Role, mapping_of, plan_from
from yunying.apps.tracking.importing.sniffing import Sample, sample, sniff
from yunying.base.errors import InvalidInput


def looked_at(path: Path) -> tuple[Sample, Plan]:
    found = sample(path, sniff(path))
    return found, guess_plan(found, guesses(found))


def roles(plan: Plan) -> dict[str, str]:
    return {column.name: column.role.value for column in plan.columns}


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def put(text: str | bytes, name: str = "file.csv", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return path

    return put


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_chinese_table_is_understood_in_every_usual_encoding(write: Any, encoding: str) -> None:
    path = write("时间;用户编号;城市\n2026年11月3日;u1;北京\n2026年11月4日;u2;上海\n", encoding=encoding)
    found, plan = looked_at(path)
    assert found.layout.separator == ";"
    assert found.rows[1] == ["2026年11月4日", "u2", "上海"]
    assert roles(plan) == {"时间": "time", "用户编号": "distinct_id", "城市": "property"}
    assert plan.time_format == "%Y年%m月%d日"


def test_the_export_of_this_program_is_understood_whole(write: Any) -> None:
    row = {
        "uuid": "6f1e9c0e-0000-4000-8000-000000000001",
        "event": "visit",
        "timestamp": "2026-01-01T00:00:00.000Z",
        "distinct_id": "u1",
        "account": "a1",
        "session": "s1",
        "properties": {"page": "/"},
    }
    _, plan = looked_at(write(json.dumps(row) + "\n", "export.jsonl"))
    assert list(roles(plan).values()) == ["unique_id", "event", "time", "distinct_id", "account", "session", "spread"]
    (event,) = mapping_of(plan)["events"]
    assert event["uuid"] == "uuid"
    assert parse(mapping_of(plan)).rules[0].spread == ("properties",)


def test_numbers_that_are_none_stay_text(write: Any) -> None:
    rows = "".join(f"2026-01-0{n} 10:00,u{n},0{n}234,6228480402564890{n},{n}.5,{n}\n" for n in range(1, 9))
    _, plan = looked_at(write("time,user,postcode,card,price,count\n" + rows))
    kinds = {column.name: column.kind for column in plan.columns}
    assert (kinds["postcode"], kinds["card"], kinds["price"], kinds["count"]) == ("text", "text", "number", "integer")


@pytest.mark.parametrize(
    ("values", "form"),
    [
        (["2026-11-03T10:00:00Z"], "iso"),
        (["11/25/2026 9:05"], "%m/%d/%Y %H:%M"),
        (["25/11/2026 9:05"], "%d/%m/%Y %H:%M"),
        (["2026年11月3日 14时05分"], "%Y年%m月%d日 %H时%M分"),
        (["1793714700"], "unix_s"),
        (["1793714700000"], "unix_ms"),
        (["46329.59", "46330"], "excel"),
        (["20261103"], "%Y%m%d"),
    ],
)
def test_times_are_known_by_their_looks(write: Any, values: list[str], form: str) -> None:
    found, plan = looked_at(write("time,user\n" + "".join(f"{value},u{n}\n" for n, value in enumerate(values))))
    assert plan.time_format == form
    assert form in TIME_FORMATS
    assert not guesses(found)[0].doubtful


def test_day_and_month_that_may_be_swapped_are_doubted(write: Any) -> None:
    found, _ = looked_at(write("time,user\n03/04/2026,u1\n"))
    assert guesses(found)[0].doubtful


def test_a_table_without_names_gets_some(write: Any) -> None:
    found, _ = looked_at(write("1,2026-01-01,u1\n2,2026-01-02,u2\n"))
    assert found.columns == ["column 1", "column 2", "column 3"]
    assert len(found.rows) == 2


def test_columns_of_the_same_name_are_told_apart(write: Any) -> None:
    found, _ = looked_at(write("time,name,name,\n2026-01-01,a,b,c\n"))
    assert found.columns == ["time", "name", "name (2)", "column 4"]


def test_parquet_keeps_its_own_types(tmp_path: Path) -> None:
    times = pa.array([1_767_225_600_000], pa.timestamp("ms", "UTC"))
    pq.write_table(pa.table({"event": ["a"], "ts": times, "user_id": ["u"], "n": [1]}), tmp_path / "a.bin")
    found, plan = looked_at(tmp_path / "a.bin")
    assert found.layout.format == "parquet"
    assert {column.kind for column in plan.columns} == {""}
    assert mapping_of(plan)["columns"] == {}


def test_a_plan_survives_being_kept(write: Any) -> None:
    _, plan = looked_at(write("event,time,user\nvisit,2026-01-01,u1\n"))
    assert plan_from(json.loads(json.dumps(plan.to_json()))) == plan


def test_a_plan_without_anybody_is_refused_at_its_field(write: Any) -> None:
    _, plan = looked_at(write("event,time,page\nvisit,2026-01-01,/\n"))
    assert not plan.of(Role.DISTINCT_ID)
    with pytest.raises(InvalidInput) as refused:
        mapping_of(plan)
    assert refused.value.field == "distinct_id"
