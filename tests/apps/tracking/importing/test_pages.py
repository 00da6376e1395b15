"""The import pages: from an upload to events, and back."""

import csv
import datetime as dt
import gzip
import hashlib
import io
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from openpyxl import Workbook, load_workbook

from tests.conftest import Cast
from yunying.apps.tracking.importing.models import ImportMapping, ImportRun, ImportStatus
from yunying.apps.tracking.models import Account, EventDefinition, PropertyDefinition
from yunying.platform.audit.models import Entry
from yunying.platform.jobs.testing import drain

if TYPE_CHECKING:
    from django.test import Client

    from yunying.platform.products.models import Product
    from yunying.store import Store

ORDERS = "\ufeff时间,用户编号,金额,订单编号,城市\n" + "".join(
    f"2026年11月{day}日 09:05,u{day % 3},{day}.5,A{day},北京\n" for day in range(1, 11)
)
Ask = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture(autouse=True)
def files(tmp_path: Path, settings: Any) -> Path:
    settings.MEDIA_ROOT = tmp_path / "files"
    return tmp_path / "files"


@pytest.fixture
def bring(browser: "Client", product: "Product") -> Callable[..., ImportRun]:
    """Upload a file; gives the draft."""

    def upload(name: str, content: bytes) -> ImportRun:
        before = set(ImportRun.objects.values_list("pk", flat=True))
        answer = browser.post(address(product, "import_upload"), {"file": SimpleUploadedFile(name, content)})
        assert answer.status_code == 302, answer.content.decode()
        return ImportRun.objects.exclude(pk__in=before).get()

    return upload


def address(product: "Product", name: str, *args: Any) -> str:
    return reverse(f"tracking:{name}", args=[product.slug, *args])


def form_of(run: ImportRun, **changes: str) -> dict[str, str]:
    """What the page of a draft sends when nothing but `changes` is touched; roles by name of the column."""
    assert run.plan
    data = {name: run.plan[name] for name in ("event", "time_format", "zone", "source")} | {"max_errors": "10000"}
    for place, column in enumerate(run.plan["columns"]):
        data |= {
            f"role-{place}": changes.pop(column["name"], column["role"]),
            f"kind-{place}": column["kind"],
            f"title-{place}": column["title"],
        }
    return data | changes


def stored(ask: Ask) -> list[tuple[Any, ...]]:
    return ask(
        "SELECT toString(event), toUnixTimestamp(ts), distinct_id, props FROM events FINAL"
        " WHERE product = {product:UInt32} ORDER BY ts, uuid"
    )


def test_an_uploaded_file_becomes_events(
    bring: Any, browser: "Client", product: "Product", ask: Ask, files: Path, store: "Store"
) -> None:
    run = bring("订单.csv", ORDERS.encode())
    page = browser.get(address(product, "import", run.pk)).content.decode()
    assert "北京" in page

    answer = browser.post(address(product, "import_choose", run.pk), form_of(run, event="order"), follow=True)
    assert "The first 10 rows can be imported." in answer.content.decode()
    browser.post(address(product, "import_start", run.pk), form_of(run, event="order"))
    drain()
    run.refresh_from_db()
    assert (run.status, run.events, run.repeated, run.errors) == (ImportStatus.DONE, 10, 0, 0)
    found = stored(ask)
    assert len(found) == 10
    # Nine o'clock in Shanghai, the product's zone.
    assert found[0][:3] == ("order", 1793495100, "u1")
    assert json.loads(found[0][3]) == {"金额": 1.5, "城市": "北京"}
    assert not list((files / "imports" / "uploads").iterdir())
    assert Entry.objects.filter(verb="import.finished", product_id=product.pk).exists()
    assert "order" in browser.get(address(product, "import", run.pk)).content.decode()


def test_the_same_file_twice_adds_nothing_and_says_so(
    bring: Any, browser: "Client", product: "Product", ask: Ask, store: "Store"
) -> None:
    first = bring("orders.csv", ORDERS.encode())
    browser.post(address(product, "import_start", first.pk), form_of(first, event="order"))
    drain()
    again = bring("renamed.csv", ORDERS.encode())
    answer = browser.post(address(product, "import_start", again.pk), form_of(again, event="order"), follow=True)
    assert answer.redirect_chain[-1][0] == address(product, "import", first.pk)
    assert "there is nothing to add" in answer.content.decode()
    # A longer file with the same orders is another file, whose old orders are known by their unique id.
    longer = bring("longer.csv", (ORDERS + "2026年11月30日 10:00,u9,3,A99,上海\n").encode())
    browser.post(address(product, "import_start", longer.pk), form_of(longer, event="order"))
    drain()
    longer.refresh_from_db()
    assert (longer.events, longer.repeated) == (1, 10)
    assert len(stored(ask)) == 11


def test_an_import_that_is_taken_back_leaves_what_was_there_before(
    bring: Any, browser: "Client", product: "Product", ask: Ask, store: "Store"
) -> None:
    first = bring("orders.csv", ORDERS.encode())
    browser.post(address(product, "import_start", first.pk), form_of(first, event="order"))
    drain()
    longer = bring("longer.csv", (ORDERS + "2026年11月30日 10:00,u9,3,A99,上海\n" * 2).encode())
    browser.post(address(product, "import_start", longer.pk), form_of(longer, event="order", 订单编号="unique_id"))
    drain()
    before = stored(ask)
    assert len(before) == 11

    browser.post(address(product, "import_take_back", longer.pk))
    drain()
    longer.refresh_from_db()
    assert longer.status == ImportStatus.TAKEN_BACK
    assert stored(ask) == before[:10]
    assert EventDefinition.objects.get(product=product, name="order").volume == 10
    assert set(PropertyDefinition.objects.filter(product=product, of="event").values_list("volume", flat=True)) == {10}
    # It may be imported again then.
    anew = bring("longer.csv", (ORDERS + "2026年11月30日 10:00,u9,3,A99,上海\n" * 2).encode())
    browser.post(address(product, "import_start", anew.pk), form_of(anew, event="order", 订单编号="unique_id"))
    drain()
    assert stored(ask) == before


def test_an_import_without_a_record_of_its_events_is_not_taken_back(
    browser: "Client", product: "Product", store: "Store"
) -> None:
    run = ImportRun.objects.create(product=product, file_name="old.csv", status=ImportStatus.DONE, events=3)
    assert browser.post(address(product, "import_take_back", run.pk)).status_code == 409
    run.refresh_from_db()
    assert run.status == ImportStatus.DONE


def test_the_same_file_with_other_choices_has_to_be_asked_for(
    bring: Any, browser: "Client", product: "Product", ask: Ask, store: "Store"
) -> None:
    first = bring("orders.csv", ORDERS.encode())
    browser.post(address(product, "import_start", first.pk), form_of(first, event="order"))
    drain()
    again = bring("orders.csv", ORDERS.encode())
    answer = browser.post(address(product, "import_start", again.pk), form_of(again, event="purchase"))
    assert answer.status_code == 422
    assert "imported before with other choices" in answer.content.decode()
    browser.post(address(product, "import_start", again.pk), form_of(again, event="purchase", again="on"))
    drain()
    assert len(stored(ask)) == 20


def test_a_dry_run_lists_what_is_wrong_and_writes_nothing(
    bring: Any, browser: "Client", product: "Product", ask: Ask, store: "Store"
) -> None:
    wrong = (
        ORDERS + "gestern,u1,2,A20,上海\n2026年11月20日 09:05,,2,A21,上海\nx\n2026年11月21日 09:05,u1,viel,A22,=1+1\n"
    )
    run = bring("orders.csv", wrong.encode())
    browser.post(address(product, "import_check", run.pk), form_of(run, event="order", 金额="property"))
    drain()
    run.refresh_from_db()
    report = run.check_report
    assert (report["rows"], report["good_rows"], report["errors"], report["events"]) == (14, 10, 4, 10)
    assert stored(ask) == []
    assert "Good rows" in browser.get(address(product, "import", run.pk)).content.decode()
    answer = browser.get(address(product, "import_errors", run.pk, "csv"))
    rows = list(csv.reader(io.StringIO(b"".join(answer).decode("utf-8-sig"))))
    assert ["11", "时间", "gestern", "not a time of this format"] in rows
    assert ["12", "用户编号", "", "no id of anybody"] in rows
    assert ["13", "", "", "1 columns instead of 5"] in rows
    assert ["14", "金额", "viel", "not a number"] in rows
    book = load_workbook(io.BytesIO(b"".join(browser.get(address(product, "import_errors", run.pk, "xlsx")))))
    assert [cell.value for cell in book.active[1]] == ["Row", "Column", "Value", "Reason"]


def test_the_preview_marks_the_cell_at_fault(bring: Any, browser: "Client", product: "Product") -> None:
    run = bring("orders.csv", (ORDERS + "2026年11月21日 09:05,u1,viel,A22,上海\n").encode())
    answer = browser.post(address(product, "import_choose", run.pk), form_of(run, event="order"), follow=True)
    text = answer.content.decode()
    assert "1 of the first 11 rows is at fault." in text
    assert "not a number" in text


def test_bad_rows_do_not_stop_an_import_unless_asked(
    bring: Any, browser: "Client", product: "Product", ask: Ask, store: "Store"
) -> None:
    wrong = ORDERS + "gestern,u1,2,A20,上海\n"
    run = bring("orders.csv", wrong.encode())
    browser.post(address(product, "import_start", run.pk), form_of(run, event="order", max_errors="0"))
    drain()
    run.refresh_from_db()
    assert run.status == ImportStatus.STOPPED
    page = browser.get(address(product, "import", run.pk)).content.decode()
    assert "More than 0 rows are at fault." in page
    assert str(Path(run.errors_file).parent) not in page


def test_wide_rows_give_one_event_per_filled_time(
    bring: Any, browser: "Client", product: "Product", ask: Ask, store: "Store"
) -> None:
    rows = ("user,signed_up,first_order,plan", "u1,2026-01-01 10:00:00,2026-01-05 10:00:00,pro")
    text = "\n".join((*rows, "u2,2026-01-02 10:00:00,,free\n"))
    run = bring("people.csv", text.encode())
    data = form_of(run, user="distinct_id", signed_up="moment", first_order="moment", plan="person")
    browser.post(address(product, "import_start", run.pk), data)
    drain()
    assert [row[0] for row in stored(ask)] == ["signed_up", "signed_up", "first_order"]


def test_a_workbook_is_read_by_its_sheet(
    bring: Any, browser: "Client", product: "Product", ask: Ask, store: "Store"
) -> None:
    book = Workbook()
    book.active.title = "Notes"
    book.active.append(["nothing here"])
    book.active.append(["really"])
    sheet = book.create_sheet("Orders")
    sheet.append(["event", "time", "user_id", "amount"])
    sheet.append(["order", dt.datetime(2026, 1, 1, 8, 0), "u1", 12.5])
    sheet.append(["order", dt.datetime(2026, 1, 2, 8, 0), "u2", 3.5])
    file = io.BytesIO()
    book.save(file)
    run = bring("book.xlsx", file.getvalue())
    browser.post(address(product, "import_layout", run.pk), {"sheet": "Orders", "header": "on"})
    run.refresh_from_db()
    browser.post(address(product, "import_start", run.pk), form_of(run))
    drain()
    assert [(row[0], row[3]) for row in stored(ask)] == [("order", '{"amount":12.5}'), ("order", '{"amount":3.5}')]


def test_choices_that_were_kept_are_there_for_the_next_file(
    bring: Any, browser: "Client", product: "Product", store: "Store"
) -> None:
    first = bring("january.csv", ORDERS.encode())
    data = form_of(first, event="order", 城市="ignore", keep_as="Orders")
    browser.post(address(product, "import_keep", first.pk), data)
    kept = ImportMapping.objects.get(product=product)
    second = bring("february.csv", ORDERS.replace("11月", "12月").encode())
    assert {c["name"]: c["role"] for c in second.plan["columns"]}["城市"] == "ignore"
    assert second.plan["event"] == "order"
    browser.post(address(product, "import_drop_kept", kept.pk))
    assert not ImportMapping.objects.exists()


def test_what_was_chosen_is_not_lost_by_a_mistake(bring: Any, browser: "Client", product: "Product") -> None:
    run = bring("orders.csv", ORDERS.encode())
    data = form_of(run, event="order", zone=" new york ", 城市="person")
    browser.post(address(product, "import_choose", run.pk), data)
    run.refresh_from_db()
    assert run.plan["zone"] == "America/New_York"  # a city will do, as the page says
    data = form_of(run, event="order", zone="Middle-earth", 城市="person")
    answer = browser.post(address(product, "import_choose", run.pk), data)
    assert answer.status_code == 422
    assert "There is no such timezone." in answer.content.decode()
    nobody = form_of(run, event="order", 用户编号="ignore")
    answer = browser.post(address(product, "import_choose", run.pk), nobody)
    assert answer.status_code == 422
    assert "id of who did it" in answer.content.decode()


HOSTILE = {
    "empty.csv": (b"", "The file is empty."),
    "only-a-header.csv": (b"time,user\n", "no rows below them"),
    "a-list.json": (b'[{"a": 1}]', "one JSON list"),
    "no-table.csv": (b"\x00\x01\x02" * 200, "neither a table of text"),
    "broken.parquet": (b"PAR1" + b"x" * 50 + b"PAR1", "damaged"),
    "broken.xlsx": (b"PK\x03\x04" + b"x" * 500, "The workbook broken.xlsx is damaged or protected"),
    "old.xls": (b"\xd0\xcf\x11\xe0" + b"x" * 500, "old Excel"),
    "cut-off.csv.gz": (gzip.compress(random.Random(1).randbytes(5000))[:3000], "ends too early"),
    "wide.csv": ((",".join(f"c{i}" for i in range(5000)) + "\n" + "1," * 4999 + "1\n").encode(), "5000 columns"),
    "one-line.csv": (b"time,user\n" + b"x" * (10 << 20), "longer than 4 MB"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_that_cannot_be_imported_is_refused_in_a_sentence(
    name: str, browser: "Client", product: "Product", files: Path
) -> None:
    content, sentence = HOSTILE[name]
    answer = browser.post(address(product, "import_upload"), {"file": SimpleUploadedFile(name, content)})
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not ImportRun.objects.exists()
    assert not [path for path in files.rglob("*") if path.is_file()]


def test_an_upload_has_a_largest_size(browser: "Client", product: "Product", files: Path, settings: Any) -> None:
    from dataclasses import replace

    settings.CONFIG = replace(settings.CONFIG, import_cap_mb=1)
    content = b"time,user\n" + b"2026-01-01,u\n" * 100_000
    answer = browser.post(address(product, "import_upload"), {"file": SimpleUploadedFile("big.csv", content)})
    assert answer.status_code == 422
    assert "larger than 1 MB" in answer.content.decode()
    assert not [path for path in files.rglob("*") if path.is_file()]


def test_a_form_of_another_site_uploads_nothing(people: Cast, files: Path) -> None:
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    strict.force_login(people.ada, backend="django.contrib.auth.backends.ModelBackend")
    answer = strict.post(
        address(people.product, "import_upload"), {"file": SimpleUploadedFile("orders.csv", ORDERS.encode())}
    )
    assert answer.status_code == 403
    assert not [path for path in files.rglob("*") if path.is_file()]


def test_who_may_only_look_imports_nothing(people: Cast, as_user: Any, files: Path) -> None:
    chen = as_user(people.chen)
    assert chen.get(address(people.product, "imports")).status_code == 403
    answer = chen.post(address(people.product, "import_upload"), {"file": SimpleUploadedFile("o.csv", ORDERS.encode())})
    assert answer.status_code == 403
    assert not [path for path in files.rglob("*") if path.is_file()]


class TestTheServersFolder:
    @pytest.fixture
    def folder(self, tmp_path: Path, settings: Any, product: "Product") -> Path:
        from dataclasses import replace

        settings.CONFIG = replace(settings.CONFIG, import_folder=tmp_path / "in")
        folder = tmp_path / "in" / product.slug
        folder.mkdir(parents=True)
        (folder / "orders.csv").write_text(ORDERS, encoding="utf-8")
        return folder

    def test_its_files_are_offered_and_stay(
        self, folder: Path, browser: "Client", product: "Product", ask: Ask, store: "Store"
    ) -> None:
        assert "orders.csv" in browser.get(address(product, "import_new")).content.decode()
        browser.post(address(product, "import_folder"), {"path": "orders.csv"})
        run = ImportRun.objects.get()
        browser.post(address(product, "import_start", run.pk), form_of(run, event="order"))
        drain()
        assert len(stored(ask)) == 10
        assert (folder / "orders.csv").exists()

    def test_no_path_leads_out_of_it(self, folder: Path, browser: "Client", product: "Product", tmp_path: Path) -> None:
        (tmp_path / "secret.csv").write_text(ORDERS, encoding="utf-8")
        (folder / "link.csv").symlink_to(tmp_path / "secret.csv")
        (folder / "elsewhere").symlink_to(tmp_path)
        page = browser.get(address(product, "import_new")).content.decode()
        assert "link.csv" not in page
        for path in ("../../secret.csv", str(tmp_path / "secret.csv"), "link.csv", "elsewhere/secret.csv", "", "."):
            answer = browser.post(address(product, "import_folder"), {"path": path})
            assert answer.status_code == 422, path
        assert not ImportRun.objects.exists()

    def test_to_start_one_reads_nothing_of_it(
        self, folder: Path, browser: "Client", product: "Product", monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def never(*_given: Any) -> Any:
            raise AssertionError("the whole file was read while somebody waited")

        browser.post(address(product, "import_folder"), {"path": "orders.csv"})
        run = ImportRun.objects.get()
        monkeypatch.setattr(hashlib, "file_digest", never)
        browser.post(address(product, "import_start", run.pk), form_of(run, event="order"))
        run.refresh_from_db()
        assert (run.status, run.fingerprint, run.mapping) == (ImportStatus.RUNNING, "", "")

    def bring_again(self, browser: "Client", product: "Product", **chosen: str) -> ImportRun:
        """Start the folder's file once more and let the background read it."""
        browser.post(address(product, "import_folder"), {"path": "orders.csv"})
        run = ImportRun.objects.latest("pk")
        browser.post(address(product, "import_start", run.pk), form_of(run, **chosen))
        drain()
        run.refresh_from_db()
        return run

    def test_the_same_one_twice_is_found_when_it_is_read(
        self, folder: Path, browser: "Client", product: "Product", ask: Ask, store: "Store"
    ) -> None:
        first = self.bring_again(browser, product, event="order")
        assert (first.status, first.events) == (ImportStatus.DONE, 10)
        again = self.bring_again(browser, product, event="order")
        assert again.status == ImportStatus.DRAFT
        page = browser.get(address(product, "import", again.pk)).content.decode()
        assert "imported with these choices before, so there is nothing to add" in page
        assert address(product, "import", first.pk) in page
        # Now it is known: pressed again, it leads to the earlier import at once.
        answer = browser.post(address(product, "import_start", again.pk), form_of(again, event="order"), follow=True)
        assert answer.redirect_chain[-1][0] == address(product, "import", first.pk)
        assert len(stored(ask)) == 10

    def test_other_choices_are_asked_for_when_it_was_read(
        self, folder: Path, browser: "Client", product: "Product", ask: Ask, store: "Store"
    ) -> None:
        self.bring_again(browser, product, event="order")
        again = self.bring_again(browser, product, event="purchase")
        page = browser.get(address(product, "import", again.pk)).content.decode()
        assert again.status == ImportStatus.DRAFT and "imported before with other choices" in page
        assert 'name="again"' in page
        browser.post(address(product, "import_start", again.pk), form_of(again, event="purchase", again="on"))
        drain()
        assert len(stored(ask)) == 20

    def test_an_import_that_was_stopped_goes_on_with_the_file_brought_anew(
        self, folder: Path, browser: "Client", product: "Product", ask: Ask, store: "Store"
    ) -> None:
        stopped = self.bring_again(browser, product, event="order")
        ImportRun.objects.update(status=ImportStatus.STOPPED)
        again = self.bring_again(browser, product, event="order")
        assert again.problem["code"] == "import.was_stopped"
        browser.post(address(product, "import_start", again.pk), form_of(again, event="order"))
        drain()
        assert ImportRun.objects.get().pk == stopped.pk
        assert ImportRun.objects.get().status == ImportStatus.DONE

    def test_what_is_known_of_one_does_not_outlive_a_change(
        self, folder: Path, browser: "Client", product: "Product", ask: Ask, store: "Store"
    ) -> None:
        self.bring_again(browser, product, event="order")
        again = self.bring_again(browser, product, event="order")
        (folder / "orders.csv").write_text(ORDERS + "2026年11月30日 10:00,u9,3,A99,上海\n", encoding="utf-8")
        browser.post(address(product, "import_start", again.pk), form_of(again, event="order"))
        drain()
        again.refresh_from_db()
        assert (again.status, again.events, again.repeated) == (ImportStatus.DONE, 1, 10)

    def test_a_dry_run_reads_it_once_for_the_start_as_well(
        self, folder: Path, browser: "Client", product: "Product", store: "Store"
    ) -> None:
        first = self.bring_again(browser, product, event="order")
        browser.post(address(product, "import_folder"), {"path": "orders.csv"})
        draft = ImportRun.objects.latest("pk")
        browser.post(address(product, "import_check", draft.pk), form_of(draft, event="order"))
        drain()
        answer = browser.post(address(product, "import_start", draft.pk), form_of(draft, event="order"), follow=True)
        assert answer.redirect_chain[-1][0] == address(product, "import", first.pk)

    def test_the_page_that_watches_is_loaded_anew_when_it_is_a_draft_again(
        self, folder: Path, browser: "Client", product: "Product", store: "Store"
    ) -> None:
        self.bring_again(browser, product, event="order")
        again = self.bring_again(browser, product, event="order")
        answer = browser.get(address(product, "import_progress", again.pk), headers={"HX-Target": "run"})
        assert answer.headers["HX-Refresh"] == "true"

    def test_a_file_that_changes_stops_the_import_and_says_so(
        self, folder: Path, browser: "Client", product: "Product", store: "Store", monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from yunying.apps.tracking.importing.readers import chunks

        browser.post(address(product, "import_folder"), {"path": "orders.csv"})
        run = ImportRun.objects.get()
        browser.post(address(product, "import_start", run.pk), form_of(run, event="order"))

        def grows(path: Path, *args: Any) -> Any:
            with path.open("a", encoding="utf-8") as file:
                file.write("2026年11月30日 10:00,u9,3,A99,上海\n")
            yield from chunks(path, *args)

        monkeypatch.setattr("yunying.apps.tracking.importing.runner.chunks", grows)
        drain()
        run.refresh_from_db()
        assert run.status == ImportStatus.STOPPED
        assert "was changed while it was read" in browser.get(address(product, "import", run.pk)).content.decode()


FIRMS = "at,user,company,plan,founded,seats\n" + "".join(
    f"2026-11-0{day} 09:00,u{day},{firm},{plan},{founded},{day}\n"
    for day, firm, plan, founded in ((1, "acme", "free", 1999), (2, "acme", "pro", 2001), (3, "", "gold", 2020))
)
OF_ACCOUNTS = {"plan": "account_property", "founded": "account_once"}


def test_columns_become_properties_of_accounts_and_stay_when_the_import_is_taken_back(
    bring: Any, browser: "Client", product: "Product", ask: Ask, store: "Store"
) -> None:
    run = bring("firms.csv", FIRMS.encode())
    chosen = form_of(run, event="login", company="account", **OF_ACCOUNTS)
    browser.post(address(product, "import_check", run.pk), chosen)
    drain()
    run.refresh_from_db()
    assert run.check_report["good_rows"] == 3 and not Account.objects.exists()
    browser.post(address(product, "import_start", run.pk), chosen)
    drain()
    # What came last holds, what came first stays, and a row without an account sets nothing.
    assert Account.objects.get(product=product).properties == {"plan": "pro", "founded": 1999}
    assert ask("SELECT props FROM accounts FINAL WHERE product = {product:UInt32}")[0][0].count("pro") == 1
    known = PropertyDefinition.objects.filter(product=product, of="account").values_list("name", flat=True)
    assert set(known) == {"plan", "founded"}
    assert [json.loads(row[3]) for row in stored(ask)] == [{"seats": 1}, {"seats": 2}, {"seats": 3}]

    browser.post(address(product, "import_take_back", run.pk))
    drain()
    assert stored(ask) == []
    assert Account.objects.get(product=product).properties == {"plan": "pro", "founded": 1999}


def test_properties_of_accounts_need_a_column_with_the_account(
    bring: Any, browser: "Client", product: "Product"
) -> None:
    run = bring("firms.csv", FIRMS.encode())
    chosen = form_of(run, event="login", company="ignore", **OF_ACCOUNTS)
    page = browser.post(address(product, "import_start", run.pk), chosen, follow=True).content.decode()
    assert "Say which column holds the account these properties are of." in page
    run.refresh_from_db()
    assert run.status == ImportStatus.DRAFT


def test_the_last_property_of_an_account_wins_across_files(
    bring: Any, browser: "Client", product: "Product", store: "Store"
) -> None:
    for day, plan in ((8, "pro"), (2, "free")):
        run = bring(f"{plan}.csv", f"at,user,company,plan\n2026-11-0{day} 09:00,u{day},acme,{plan}\n".encode())
        chosen = form_of(run, event="login", company="account", plan="account_property")
        browser.post(address(product, "import_start", run.pk), chosen)
        drain()
    assert Account.objects.get(product=product).properties == {"plan": "pro"}
