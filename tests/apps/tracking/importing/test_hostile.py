"""Files as nobody should write them: every row is used or listed, and nothing falls over."""

import io
import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from openpyxl import Workbook

from yunying.apps.tracking.importing.errorlog import listed
from yunying.apps.tracking.importing.mapping import parse
from yunying.apps.tracking.importing.models import ImportRun, ImportStatus
from yunying.apps.tracking.importing.runner import import_file
from yunying.apps.tracking.importing.workbooks import Workbook as Book
from yunying.apps.tracking.ingest import Ingest
from yunying.base.actor import SYSTEM
from yunying.base.errors import InvalidInput, LimitReached

if TYPE_CHECKING:
    from yunying.platform.products.models import Product
    from yunying.store import Store

MAPPING: dict[str, Any] = {
    "time": {"column": "at"},
    "distinct_id": "who",
    "columns": {"n": "number"},
    "events": [{"name": {"column": "event"}, "properties": ["n", "text"]}],
}


@pytest.fixture
def bring(tmp_path: Path, product: "Product", settings: Any, store: "Store") -> Any:
    settings.MEDIA_ROOT = tmp_path / "files"

    def run(content: bytes | str, name: str = "file.csv", **changes: Any) -> ImportRun:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        mapping = parse(MAPPING | changes)
        return import_file(actor=SYSTEM, product=product, path=path, mapping=mapping, sink=Ingest())

    return run


HEAD = "event,at,who,n,text\n"


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        ("visit,0001-01-01 00:00:00,a,1,x", "at", "before 1970 or after 2299"),
        ("visit,9999-12-31 23:59:59,a,1,x", "at", "before 1970 or after 2299"),
        ("visit,1969-12-31T23:59:59Z,a,1,x", "at", "before 1970 or after 2299"),
        ("visit,2026-02-30 00:00:00,a,1,x", "at", "not a time of this format"),
        ("visit,,a,1,x", "at", "empty"),
        ("visit,2026-01-01 00:00:00,a,Infinity,x", "n", "not a number"),
        ("visit,2026-01-01 00:00:00,a,NaN,x", "n", "not a number"),
        ("visit,2026-01-01 00:00:00,a,1,x\x00y", "text", "contains a NUL character"),
        (",2026-01-01 00:00:00,a,1,x", "event", "no event name"),
        ("visit,2026-01-01 00:00:00,,1,x", "who", "no id of anybody"),
        ("visit,2026-01-01 00:00:00,undefined,1,x", "who", "no id of anybody"),
        (f"visit,2026-01-01 00:00:00,{'a' * 500},1,x", "who", "an id that is too long"),
        (f"{'v' * 300},2026-01-01 00:00:00,a,1,x", "event", "an event name that is too long"),
        ("visit,2026-01-01 00:00:00,a,1", "", "4 columns instead of 5"),
    ],
)
def test_a_row_at_fault_is_listed_with_its_place(bring: Any, row: str, column: str, reason: str) -> None:
    good = "visit,2026-01-01 00:00:00,a,1,x\n"
    run = bring(HEAD + good + row + "\n" + good + "visit,never,a,1,x\n")
    assert (run.status, run.events) == (ImportStatus.DONE, 2)
    faults = [(number, where, why) for number, where, _value, why in listed(run.errors_file)]
    assert sorted(faults) == [(2, column, reason), (4, "at", "not a time of this format")]


def test_a_life_of_two_hundred_years_is_written(bring: Any, product: "Product", ask: Any) -> None:
    rows = "".join(f"visit,{year}-{month:02d}-15 00:00:00,a,1,x\n" for year in range(1980, 2180) for month in (1, 7))
    run = bring(HEAD + rows)
    assert run.events == 400
    assert ask("SELECT count() FROM events FINAL WHERE product = {product:UInt32}") == [(400,)]


def test_an_uuid_that_is_none_is_a_fault_and_others_are_kept(bring: Any, ask: Any) -> None:
    given = "0190c1c6-7c5e-7d52-8c2e-0123456789ab"
    rows = f"visit,2026-01-01 00:00:00,a,1,{given.upper()}\nvisit,2026-01-01 00:00:00,a,1,A-17\n"
    run = bring(HEAD + rows, events=[{"name": "visit", "uuid": "text"}])
    assert [why for *_, why in listed(run.errors_file)] == ["not a UUID"]
    assert ask("SELECT toString(uuid) FROM events WHERE product = {product:UInt32}") == [(given,)]


def test_json_cells_that_are_none_are_faults(bring: Any, ask: Any) -> None:
    lines = [
        {"event": "visit", "at": "2026-01-01T00:00:00Z", "who": "a", "more": {"page": "/", "deep": [1, 2]}},
        {"event": "visit", "at": "2026-01-01T00:00:00Z", "who": "a", "more": "{broken"},
    ]
    text = "\n".join(map(json.dumps, lines)) + '\n[1, 2]\n{"who": Infinity}\n'
    run = bring(text, "file.jsonl", events=[{"name": "visit", "spread": ["more"]}], columns={"more": "json"})
    assert [(row, why.split(":")[0]) for row, _c, _v, why in listed(run.errors_file)] == [
        (2, "not JSON"),
        (3, "no JSON object"),
        (4, "no JSON"),
    ]
    assert ask("SELECT props FROM events WHERE product = {product:UInt32}") == [('{"page":"/","deep":[1,2]}',)]


def test_text_in_another_encoding_is_named_with_its_line(bring: Any) -> None:
    with pytest.raises(InvalidInput) as refused:
        bring((HEAD + "visit,2026-01-01 00:00:00,a,1,北京\n").encode("gb18030"))
    assert (refused.value.code, refused.value.data["line"]) == ("import.not_this_encoding", 2)
    assert ImportRun.objects.get().status == ImportStatus.STOPPED


def test_a_line_without_end_is_refused_before_it_fills_the_memory(bring: Any) -> None:
    with pytest.raises(LimitReached) as refused:
        bring(HEAD + "visit,2026-01-01 00:00:00,a,1," + "x" * (10 << 20) + "\n")
    assert refused.value.code == "import.line_too_long"
    with pytest.raises(LimitReached):
        bring('{"event": "' + "x" * (10 << 20) + '"}\n', "file.jsonl")


def test_a_file_without_rows_is_no_import(bring: Any) -> None:
    for content in (HEAD, ""):
        with pytest.raises(InvalidInput):
            bring(content, f"file{len(content)}.csv")
    assert not ImportRun.objects.filter(status=ImportStatus.DONE).exists()


def test_a_wrong_ending_does_no_harm(bring: Any) -> None:
    import gzip

    content = gzip.compress((HEAD + "visit,2026-01-01 00:00:00,a,1,x\n").encode())
    assert bring(content, "file.csv").events == 1


def test_a_workbook_that_unfolds_without_measure_is_not_unfolded(tmp_path: Path) -> None:
    book = Workbook()
    book.active.append(["a"])
    plain = io.BytesIO()
    book.save(plain)
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bomb:
        for name in source.namelist():
            if name != "xl/worksheets/sheet1.xml":
                bomb.writestr(name, source.read(name))
        bomb.writestr("xl/worksheets/sheet1.xml", b"<row/>" + b" " * (80 << 20))
    with pytest.raises(LimitReached) as refused:
        Book(path)
    assert refused.value.code == "import.workbook_too_big"


def test_a_packed_file_that_is_no_workbook_says_so(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as packed:
        packed.writestr("orders.csv", HEAD)
    with pytest.raises(InvalidInput) as refused:
        Book(tmp_path / "a.xlsx")
    assert refused.value.code == "import.no_workbook"


@pytest.mark.parametrize(
    ("value", "expected"),
    [("46329.5", 1_793_707_200), ("25569", 0), ("1e300", None), ("-1", None)],
)
def test_days_as_excel_counts_them_are_wall_clock_times(bring: Any, ask: Any, value: str, expected: int | None) -> None:
    changes = {"time": {"column": "at", "format": "excel", "zone": "UTC"}}
    run = bring(HEAD + f"visit,{value},a,1,x\n", **changes)
    found = ask("SELECT toUnixTimestamp(ts) FROM events WHERE product = {product:UInt32}")
    assert found == ([] if expected is None else [(expected,)])
    assert run.errors == (expected is None)
