"""Files that are not what they should be: each is taken as it is meant, or refused in words that say what to do."""

import io
import json
import random
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import Workbook

from tests.apps.tracking.importing.test_pages import address, form_of
from yunying.apps.tracking.importing.errorlog import listed
from yunying.apps.tracking.importing.mapping import parse
from yunying.apps.tracking.importing.models import ImportRun, ImportStatus
from yunying.apps.tracking.importing.runner import import_file
from yunying.apps.tracking.importing.tops import names_row
from yunying.apps.tracking.ingest import Ingest
from yunying.base.actor import SYSTEM
from yunying.base.errors import InvalidInput
from yunying.platform.jobs.testing import drain

if TYPE_CHECKING:
    from django.test import Client

    from yunying.platform.products.models import Product
    from yunying.store import Store

HEAD = "event,time,who,n,city\n"
ROWS = "".join(f"visit,2026-01-0{n} 08:00:00,u{n},{n},Linz\n" for n in range(1, 6))
MAPPING: dict[str, Any] = {
    "time": "time",
    "distinct_id": "who",
    "columns": {"n": "number"},
    "events": [{"name": {"column": "event"}, "properties": ["n", "city"]}],
}
NOISE = random.Random(6).randbytes(3000)


@pytest.fixture(autouse=True)
def files(tmp_path: Path, settings: Any) -> Path:
    settings.MEDIA_ROOT = tmp_path / "files"
    return tmp_path / "files"


@pytest.fixture
def upload(browser: "Client", product: "Product", store: "Store") -> Callable[..., str]:
    """Upload a file; gives what the page says against it, or nothing when it became a draft."""

    def send(name: str, content: bytes) -> str:
        answer = browser.post(address(product, "import_upload"), {"file": SimpleUploadedFile(name, content)})
        if answer.status_code == 302:
            return ""
        assert answer.status_code == 422
        told = re.search(r'(?s)<div class="alert alert-danger[^>]*>(.*?)</div>', answer.content.decode())
        assert told
        return " ".join(unescape(re.sub("<[^>]+>", " ", told[1])).split())

    return send


@pytest.fixture
def brought(upload: Any, browser: "Client", product: "Product") -> Callable[..., ImportRun]:
    """Upload a file and import it as the page guesses it."""

    def bring(name: str, content: bytes) -> ImportRun:
        assert upload(name, content) == ""
        run = ImportRun.objects.get()
        assert browser.get(address(product, "import", run.pk)).status_code == 200
        assert browser.post(address(product, "import_start", run.pk), form_of(run)).status_code == 302
        drain()
        run.refresh_from_db()
        return run

    return bring


@pytest.fixture
def command(tmp_path: Path, product: "Product", store: "Store") -> Callable[..., ImportRun]:
    """What `yunying import` does with a file."""

    def run(name: str, content: bytes, **file: Any) -> ImportRun:
        path = tmp_path / name
        path.write_bytes(content)
        mapping = parse(MAPPING | {"file": file})
        return import_file(actor=SYSTEM, product=product, path=path, mapping=mapping, sink=Ingest())

    return run


def book(fill: Callable[[Any], None]) -> bytes:
    made, kept = Workbook(), io.BytesIO()
    fill(made)
    made.save(kept)
    return kept.getvalue()


def rows_in(sheet: Any) -> None:
    for line in (HEAD + ROWS).splitlines():
        sheet.append(line.split(","))


@pytest.mark.parametrize(
    ("name", "content", "page", "shell"),
    [
        ("empty.csv", b"", "The file is empty.", "import.empty"),
        ("blank.csv", b"\n\n  \n", "The file is empty.", "import.empty"),
        ("header.csv", HEAD.encode(), "no rows below them", "import.no_rows_here"),
        ("photo.csv", b"\x89PNG\r\n\x1a\n\x00\x00" + NOISE, "neither a table of text", "import.not_text"),
        ("noise.csv", NOISE, "neither a table of text", "import.not_text"),
        ("book.csv", b"PK\x03\x04" + NOISE, "damaged or protected", "import.other_format"),
        ("utf16.csv", (HEAD + ROWS).encode("utf-16-le"), "neither a table of text", "import.not_text"),
        ("list.jsonl", b'[{"a": 1}]', "one JSON list", "import.no_rows"),
        ("empty.xlsx", book(lambda made: None), "The file is empty.", "import.empty"),
    ],
)
def test_what_is_no_table_is_refused_alike_on_the_page_and_in_the_shell(
    upload: Any, command: Any, files: Path, name: str, content: bytes, page: str, shell: str
) -> None:
    assert page in upload(name, content)
    assert not list((files / "imports" / "uploads").glob("*"))
    if shell == "import.no_rows":
        assert command(name, content).events == 0
        return
    with pytest.raises(InvalidInput) as refused:
        command(name, content)
    assert refused.value.code == shell


def test_text_in_utf_16_is_refused_by_the_shell_until_its_encoding_is_said(command: Any) -> None:
    lines = b'{"event": "visit", "time": "2026-01-01T08:00:00Z", "who": "a"}\n'.decode().encode("utf-16")
    for name, content in (("a.csv", (HEAD + ROWS).encode("utf-16")), ("a.jsonl", lines)):
        with pytest.raises(InvalidInput) as refused:
            command(name, content)
        assert (refused.value.code, refused.value.field) == ("import.not_this_encoding", "file.encoding")
        assert command(name, content, encoding="utf-16").events > 0


def test_an_excel_workbook_called_csv_is_named_to_the_shell(command: Any) -> None:
    content = book(lambda made: rows_in(made.active))
    with pytest.raises(InvalidInput, match="looks like xlsx"):
        command("orders.csv", content)
    assert command("orders.csv", content, format="xlsx").events == 5


def test_a_quotation_mark_that_is_never_closed_swallows_nothing(command: Any, brought: Any) -> None:
    content = (HEAD + ROWS + 'visit,2026-01-06 08:00:00,u6,6,"Linz\n' + ROWS * 20).encode()
    run = brought("open.csv", content)
    assert (run.status, run.events) == (ImportStatus.STOPPED, 0)
    assert (run.problem["code"], run.problem["data"]) == ("import.open_quote", {"line": 7, "last": 107})
    with pytest.raises(InvalidInput, match="opened in line 7 is not closed"):
        command("open.csv", content)


def test_an_odd_quotation_mark_inside_of_a_field_is_only_a_sign(command: Any) -> None:
    assert command("inch.csv", (HEAD + ROWS + 'visit,2026-01-06 08:00:00,u6,6,27" screen\n').encode()).events == 6


def test_a_large_file_with_an_open_quotation_mark_says_where(command: Any) -> None:
    line = "visit,2026-01-01 08:00:00,u1,1," + "x" * 100 + "\n"
    with pytest.raises(InvalidInput, match="opened in line 2 is not closed"):
        command("large.csv", (HEAD + line.replace(",x", ',"x') + line * 80_000).encode())


def test_quotes_separators_and_line_ends_inside_of_fields_stay(brought: Any, ask: Any) -> None:
    rows = "".join(f'visit;2026-01-0{day} 08:00:00;u{day};"{day},5";"one\nline ""two""; x"\n' for day in range(1, 6))
    run = brought("semicolons.csv", ("event;time;who;n;note\n" + rows).encode())
    assert (run.events, run.errors) == (5, 0)
    found = ask("SELECT DISTINCT JSONExtractString(props, 'note') FROM events WHERE product = {product:UInt32}")
    assert found == [('one\nline "two"; x',)]


def test_names_of_columns_over_two_lines_are_whole(command: Any) -> None:
    assert (
        command(
            "names.csv",
            ('event,time,who,n,"city"\n'.replace('"city"', 'city,"more\nwords"') + ROWS.replace("\n", ",x\n")).encode(),
        ).events
        == 5
    )


def test_lines_that_end_with_a_carriage_return_alone_are_lines(brought: Any, command: Any) -> None:
    content = (HEAD + ROWS).replace("\n", "\r").encode()
    assert brought("mac.csv", content).events == 5
    assert command("mac.csv", content).repeated == 5


def test_a_cell_of_two_hundred_thousand_characters_is_read(brought: Any) -> None:
    assert brought("long.csv", (HEAD + ROWS.replace("Linz", "L" * 200_000, 1)).encode()).events == 5


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "utf-8-sig"])
def test_chinese_text_in_its_encodings_is_told_by_itself(brought: Any, ask: Any, encoding: str) -> None:
    rows = "".join(f"下單,2026-01-0{day} 08:00:00,u{day},{day}.5,臺北\n" for day in range(1, 6))
    brought("中文.csv", ("事件,时间,用户编号,金额,城市\n" + rows).encode(encoding))
    found = ask("SELECT DISTINCT event, JSONExtractString(props, '城市') FROM events WHERE product = {product:UInt32}")
    assert found == [("下單", "臺北")]


def test_the_first_sheet_with_a_table_is_taken_and_the_others_can_be(brought: Any) -> None:
    def fill(made: Any) -> None:
        made.active.append(["How to read this"])
        rows_in(made.create_sheet("Orders"))

    run = brought("two sheets.xlsx", book(fill))
    assert (run.plan["layout"]["sheet"], run.plan["layout"]["sheets"]) == ("Orders", ["Sheet", "Orders"])
    assert run.events == 5


def test_a_title_in_merged_cells_is_passed_over_and_no_column_is_lost(brought: Any, ask: Any) -> None:
    def fill(made: Any) -> None:
        sheet = made.active
        sheet.append([])
        sheet.append(["Visits of January"])
        sheet.merge_cells("A2:E2")
        sheet.append(["event", "time", "who", None, None])
        sheet.merge_cells("C3:E3")
        for line in ROWS.splitlines():
            sheet.append(line.split(","))

    run = brought("title.xlsx", book(fill))
    assert (run.plan["layout"]["above"], run.events, run.errors) == (1, 5, 0)
    found = ask("SELECT DISTINCT JSONExtractString(props, 'column 5') FROM events WHERE product = {product:UInt32}")
    assert found == [("Linz",)]


def test_lines_above_the_names_of_a_table_of_text_are_passed_over(brought: Any, command: Any) -> None:
    content = ("Visits of January\n\nMade by,Ann\n" + HEAD + ROWS).encode()
    run = brought("title.csv", content)
    assert (run.plan["layout"]["above"], run.events, run.errors) == (2, 5, 0)
    assert command("title.csv", content, above=2).repeated == 5


def test_how_many_rows_stand_above_the_names_can_be_said(upload: Any, browser: "Client", product: "Product") -> None:
    upload("title.csv", ("Visits of January,,,,\n" + HEAD + ROWS).encode())
    run = ImportRun.objects.get()
    read = {"encoding": "utf-8", "separator": ",", "header": "on"}
    browser.post(address(product, "import_layout", run.pk), read | {"above": "0"})
    run.refresh_from_db()
    assert run.plan
    assert run.plan["columns"][0]["name"] == "Visits of January"
    browser.post(address(product, "import_layout", run.pk), read | {"above": "1"})
    run.refresh_from_db()
    assert [one["name"] for one in run.plan["columns"]] == ["event", "time", "who", "n", "city"]


def test_formulas_that_were_never_computed_are_not_read_as_empty(upload: Any, command: Any) -> None:
    def fill(made: Any) -> None:
        rows_in(made.active)
        made.active["D3"] = "=1+1"

    assert "Cell D3 of sheet “Sheet” holds a formula" in upload("formulas.xlsx", book(fill))
    with pytest.raises(InvalidInput) as refused:
        command("formulas.xlsx", book(fill))
    assert refused.value.code == "import.formula_without_result"


def test_a_broken_line_in_the_middle_costs_this_line(brought: Any) -> None:
    good = '{"event": "visit", "time": "2026-01-01T08:00:00Z", "who": "a", "n": %d}\n'
    run = brought("broken.jsonl", ("".join(good % n for n in range(5)) + '{"event": "vi\n' + good % 9).encode())
    assert (run.events, run.errors, next(iter(listed(run.errors_file)))[0]) == (6, 1, 6)


def test_nested_columns_of_parquet_are_properties(brought: Any, ask: Any) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {
        "event": ["visit"],
        "time": ["2026-01-01T08:00:00"],
        "who": ["a"],
        "items": [[1, 2]],
        "address": [{"city": "Linz", "zip": 1}],
        "deep": [[{"a": [1]}]],
    }
    kept = io.BytesIO()
    pq.write_table(pa.table(columns), kept)
    assert brought("nested.parquet", kept.getvalue()).events == 1
    [(props,)] = ask("SELECT props FROM events WHERE product = {product:UInt32}")
    assert json.loads(props) == {"items": [1, 2], "address": {"city": "Linz", "zip": 1}, "deep": [{"a": [1]}]}


def test_columns_with_equal_names_keep_their_values(brought: Any, ask: Any) -> None:
    rows = "".join(f"visit,2026-01-0{day} 08:00:00,u{day},1,2\n" for day in range(1, 4))
    brought("equal.csv", ("event,time,who,n,n\n" + rows).encode())
    assert ask("SELECT DISTINCT props FROM events WHERE product = {product:UInt32}") == [('{"n":1,"n (2)":2}',)]


def test_times_of_several_forms_are_asked_for_and_those_that_do_not_fit_are_listed(
    upload: Any, browser: "Client", product: "Product"
) -> None:
    times = ("2026-01-01 08:00:00", "01/31/2026", "2026年1月3日", "2099-12-31 23:59:59", "1970-01-02 00:00:00")
    upload("mixed.csv", (HEAD + "".join(f"visit,{time},u,1,x\n" for time in times)).encode())
    run = ImportRun.objects.get()
    form = form_of(run, time="time", time_format="iso")
    assert browser.post(address(product, "import_start", run.pk), form).status_code == 302
    drain()
    run.refresh_from_db()
    assert (run.events, [row for row, *_more in listed(run.errors_file)]) == (3, [2, 3])


@pytest.mark.parametrize("zone", ["Mars/Phobos", "America", "../etc/passwd", 7, "", "a" * 300])
def test_a_zone_that_does_not_exist_is_named(zone: Any) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse(MAPPING | {"time": {"column": "time", "zone": zone}})
    assert str(refused.value.field).endswith("time.zone")


def test_a_zone_that_does_not_exist_is_told_at_its_field(upload: Any, browser: "Client", product: "Product") -> None:
    upload("visits.csv", (HEAD + ROWS).encode())
    run = ImportRun.objects.get()
    for zone in ("Mars/Phobos", "America"):
        page = browser.post(address(product, "import_check", run.pk), form_of(run, zone=zone))
        assert page.status_code == 422
        assert "There is no such timezone. Choose one from the list." in page.content.decode()


def test_a_file_over_the_limit_is_refused_before_it_is_kept(upload: Any, files: Path, settings: Any) -> None:
    from dataclasses import replace

    settings.CONFIG = replace(settings.CONFIG, import_cap_mb=1)
    assert "larger than 1 MB" in upload("large.csv", (HEAD + ROWS * 6000).encode())
    assert not list(files.rglob("*.csv"))


@pytest.mark.parametrize(
    "path", ["../other/a.csv", "/etc/passwd", "a/../../b.csv", "", ".", "missing.csv", "a\x00.csv"]
)
def test_a_path_outside_of_the_folder_is_a_file_that_is_not_there(
    browser: "Client", product: "Product", settings: Any, tmp_path: Path, path: str
) -> None:
    from dataclasses import replace

    (tmp_path / "in" / product.slug).mkdir(parents=True)
    (tmp_path / "in" / "other").mkdir()
    (tmp_path / "in" / "other" / "a.csv").write_text(HEAD + ROWS)
    settings.CONFIG = replace(settings.CONFIG, import_folder=tmp_path / "in")
    page = browser.post(address(product, "import_folder"), {"path": path})
    assert page.status_code in (404, 422)
    assert "There is no file" in unescape(page.content.decode())
    assert not ImportRun.objects.exists()


@pytest.mark.parametrize(
    ("rows", "place"),
    [
        ([["a", "b", "c"], ["1", "2", "3"]], 0),
        ([["Title"], ["a", "b", "c"], ["1", "2", "3"]], 1),
        ([["Title", "", ""], ["by", "Ann", ""], ["a", "b", "c", "d"], ["1", "2", "3", "4"], ["1", "2", "3", ""]], 2),
        ([["Title"], ["a", "b", "c", "", ""], ["1", "2", "3", "4", "x"], ["1", "2", "3", "4", "x"]], 1),
        ([["1", "2"], ["1", "2"]], 0),
        ([["a", "b", "c", ""], ["1", "2", "3", "4"], ["1", "2", "3", "4"]], 0),
        ([["words"], ["more words"]], 0),
        ([], 0),
    ],
)
def test_where_the_names_of_columns_stand(rows: list[list[str]], place: int) -> None:
    assert names_row(rows) == place
