"""Goals as a sheet: what goes out comes in again, and a file with one fault changes nothing."""

import csv
import io
from datetime import date
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from openpyxl import Workbook, load_workbook

from tests.conftest import Cast
from yunying.apps.goals.exchange import import_rows
from yunying.apps.goals.models import Forecast, Goal, KeyResult
from yunying.apps.goals.services import add_key_result, close_goal, create_cycle, create_goal
from yunying.apps.goals.sheets import COLUMNS, rows_of_file, sheet_rows
from yunying.apps.insights.models import Metric
from yunying.base.errors import InvalidInput, NotAllowed
from yunying.platform.products.access import ProductAccess

pytestmark = pytest.mark.usefixtures("clock")
NEW = {"goal": "A", "title": "Sell more tea", "start": "2026-01-01", "due": "2026-03-31"}


def as_csv(rows: list[list[object]]) -> bytes:
    file = io.StringIO()
    csv.writer(file).writerows([list(COLUMNS), *rows])
    return file.getvalue().encode()


def tree(access: ProductAccess, orders: Metric) -> Goal:
    top = create_goal(
        access=access, title="=Grow", why="Two\nlines", start=date(2026, 1, 1), due=date(2026, 3, 31), rhythm="weekly"
    )
    below = create_goal(
        access=access, title="喝茶 🍵", parent_id=top.pk, weight=2.5, counts=False, start=date(2026, 1, 1),
        due=date(2026, 3, 31), team="Growth", level="team",
    )  # fmt: skip
    rate = Metric.objects.create(
        product=access.product, name="Rate", question=orders.question, unit="percent", window="week"
    )
    add_key_result(access=access, goal=top, metric_id=orders.pk, baseline=0, target=1234.5)
    add_key_result(access=access, goal=below, metric_id=rate.pk, shape="between", low=0.05, high=0.125, guardrail=True)
    return top


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_an_exported_sheet_comes_in_again_and_changes_nothing(
    browser: Client, access: ProductAccess, orders: Metric, kind: str
) -> None:
    tree(access, orders)
    file = browser.get(f"/p/tea/goals/exchange/export/?as={kind}")
    data = b"".join(file.streaming_content)
    found = import_rows(access, rows_of_file(f"goals.{kind}", data), apply=True)
    assert [line.problems for line in found.lines] == [[], []]
    assert found.changes == 0
    assert set(Goal.objects.values_list("version", flat=True)) == {1}


def test_values_of_an_exported_workbook_are_numbers_and_come_back_to_the_last_digit(
    browser: Client, access: ProductAccess, orders: Metric
) -> None:
    tree(access, orders)
    KeyResult.objects.filter(shape="between").update(low=0.12345678901234568, high=1 / 3)
    KeyResult.objects.filter(shape="move").update(baseline=-5, target=1234.5)
    data = browser.get("/p/tea/goals/exchange/export/?as=xlsx").getvalue()
    page = load_workbook(io.BytesIO(data)).active
    heads = {cell.value: cell.column for cell in page[1]}
    first = [page.cell(2, heads[name]) for name in ("goal", "due", "baseline", "target")]
    assert [cell.data_type for cell in first] == ["n", "d", "n", "n"]
    assert [cell.value for cell in first[2:]] == [-5, 1234.5]
    assert import_rows(access, rows_of_file("goals.xlsx", data), apply=True).changes == 0


def test_a_number_below_zero_is_no_formula_in_a_text_file(
    browser: Client, access: ProductAccess, orders: Metric
) -> None:
    tree(access, orders)
    KeyResult.objects.filter(shape="move").update(baseline=-5)
    assert ",-5," in browser.get("/p/tea/goals/exchange/export/?as=csv").getvalue().decode()


def test_lines_become_goals_that_serve_each_other_in_any_order(access: ProductAccess, orders: Metric) -> None:
    rows = [
        NEW | {"goal": "B", "serves": "A", "title": "Below", "metric": "Orders", "baseline": "0", "target": "1,000"},
        NEW | {"goal": "B", "metric": "Orders", "name": "Kept", "shape": "above", "low": "5", "guardrail": "是"},
        NEW | {"level": "company"},
    ]
    found = import_rows(access, rows, apply=True)
    assert found.applied
    below = Goal.objects.get(title="Below")
    assert below.parent == Goal.objects.get(title="Sell more tea")
    rows_made = list(below.key_results.values_list("shape", "target", "low", "guardrail"))
    assert rows_made == [("move", 1000, None, False), ("above", None, 5, True)]


def test_one_fault_keeps_everything_out_and_every_line_says_its_own(access: ProductAccess, orders: Metric) -> None:
    rows = [
        NEW,
        NEW | {"goal": "B", "title": ""},
        NEW | {"goal": "C", "due": "31.03.2026"},
        NEW | {"goal": "D", "metric": "No such"},
        NEW | {"goal": "E", "metric": "Orders", "baseline": "0", "target": "many"},
        NEW | {"goal": "F", "serves": "B"},
        NEW | {"goal": "G", "owner": "nobody@example.com"},
        NEW | {"goal": "H", "weight": "-1"},
        NEW | {"goal": "I", "metric": "Orders", "baseline": "0", "target": "9", "result_weight": "0"},
    ]
    found = import_rows(access, rows, apply=True)
    assert (found.applied, found.errors) == (False, 8)
    said = {line.number: line.problems[0] for line in found.lines if line.problems}
    assert said[3] == "title: Say in a few words what it is."
    assert said[4] == "“31.03.2026” in the column “due” is no day. Write it as 2026-03-31."
    assert said[5] == "There is no metric called “No such”."
    assert said[6] == "target: Enter a number, such as 1250 or 12.5."
    assert said[7] == "The goal “B” that this one serves is not in the file, or has an error."
    assert said[8] == "“nobody@example.com” is no member who sees this product."
    assert said[9].startswith("weight: A weight is above 0.")
    assert said[10].startswith("result_weight: A weight is above 0.")
    assert not Goal.objects.exists()


def test_a_dry_run_says_what_would_happen_and_keeps_nothing(access: ProductAccess, orders: Metric) -> None:
    found = import_rows(access, [NEW | {"metric": "Orders", "baseline": "0", "target": "9"}], apply=False)
    assert (found.applied, found.lines[0].acts) == (False, ["New goal", "New key result"])
    assert not Goal.objects.exists()


def test_a_sheet_changes_only_what_it_names(access: ProductAccess, goal: Goal, key_result: KeyResult) -> None:
    row = {"goal": str(goal.pk), "title": "Sell green tea", "key_result": str(key_result.pk), "target": "250"}
    found = import_rows(access, [row], apply=True)
    assert found.lines[0].acts == ["Goal changed", "Key result changed"]
    goal.refresh_from_db()
    key_result.refresh_from_db()
    assert (goal.title, goal.due, goal.owner_id) == ("Sell green tea", date(2026, 3, 31), access.actor.id)
    assert (key_result.target, key_result.baseline) == (250, 0)


def test_circles_in_a_file_are_told(access: ProductAccess) -> None:
    rows = [NEW | {"goal": "A", "serves": "B"}, NEW | {"goal": "B", "serves": "A"}]
    found = import_rows(access, rows, apply=True)
    assert all("circle" in line.problems[0] for line in found.lines)


def test_another_products_goal_cannot_be_named(people: Cast, goal: Goal) -> None:
    found = import_rows(people.access("dee"), [{"goal": str(goal.pk), "title": "Mine"}], apply=True)
    assert found.lines[0].problems == ["There is no such goal."]


def test_a_viewer_takes_nothing_in(people: Cast) -> None:
    with pytest.raises(NotAllowed):
        import_rows(people.access("chen"), [NEW], apply=True)


@pytest.mark.parametrize(
    ("name", "data", "text"),
    [
        ("a.csv", b"", "empty"),
        ("a.csv", b"goal,colour\n1,red\n", "colour"),
        ("a.csv", b"goal,start\n1,2026-01-01\n", "title"),
        ("a.csv", b"\xff\xfe\x00\x81\x00", "neither"),
        ("a.xlsx", b"PK nonsense", "no xlsx file"),
        ("a.csv", b"title\n" + b"x\n" * 2_001, "2000"),
        ("a.csv", b"title\n" + b"x" * 2_000_001, "2 MB"),
    ],
)
def test_files_that_cannot_be_read_say_why(name: str, data: bytes, text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        rows_of_file(name, data)
    assert text in caught.value.text


def test_files_of_chinese_spreadsheets_are_read() -> None:
    rows = rows_of_file("a.csv", "title;why\n多卖茶;增长\n".encode("gb18030"))
    assert rows == [{"title": "多卖茶", "why": "增长"}]


def test_days_and_numbers_of_xlsx_cells_are_read() -> None:
    book = Workbook()
    book.active.append(["goal", "title", "start", "weight"])
    book.active.append([7, "Tea", date(2026, 1, 1), 2.0])
    file = io.BytesIO()
    book.save(file)
    rows = rows_of_file("a.xlsx", file.getvalue())
    assert rows == [{"goal": "7", "title": "Tea", "start": "2026-01-01", "weight": "2"}]


def test_the_page_shows_what_would_happen_and_then_takes_it(browser: Client, access: ProductAccess) -> None:
    here = "/p/tea/goals/exchange/"
    assert "Export" in browser.get(here).content.decode()
    rows = as_csv([["A", "", "", "", "Sell more tea", "", "2026-01-01", "2026-03-31", *[""] * (len(COLUMNS) - 8)]])
    page = browser.post(f"{here}preview/", {"file": SimpleUploadedFile("goals.csv", rows)})
    assert "New goal" in page.content.decode()
    assert not Goal.objects.exists()
    answer = browser.post(f"{here}import/", {"rows": page.context["rows"]})
    assert answer["Location"] == "/p/tea/goals/"
    assert Goal.objects.get().title == "Sell more tea"
    assert browser.post(f"{here}import/", {"rows": "nonsense"}).status_code == 422
    assert browser.post(f"{here}preview/").status_code == 422


def test_the_sheet_has_a_line_for_each_key_result(access: ProductAccess, orders: Metric) -> None:
    tree(access, orders)
    rows = sheet_rows(access)
    assert len(rows) == 2
    line = dict(zip(COLUMNS, rows[1], strict=True))
    assert (line["title"], line["low"], line["high"], line["guardrail"]) == ("喝茶 🍵", 5, 12.5, "yes")


def closed(access: ProductAccess, orders: Metric) -> Goal:
    goal = create_goal(access=access, title="Over", start=date(2026, 1, 1), due=date(2026, 1, 31))
    add_key_result(access=access, goal=goal, metric_id=orders.pk, baseline=0, target=9)
    return close_goal(
        access=access, goal=goal, status="partly", outcome="=Half of it\nwas done", learnt="Begin early", score=0.5
    )


@pytest.mark.parametrize(
    ("asked", "titles"),
    [
        ("", {"=Grow", "喝茶 🍵"}),
        ("which=closed", {"Over"}),
        ("which=all", {"=Grow", "喝茶 🍵", "Over"}),
        ("which=nonsense", {"=Grow", "喝茶 🍵"}),
    ],
)
def test_open_closed_or_all_goals_go_out(
    browser: Client, access: ProductAccess, orders: Metric, asked: str, titles: set[str]
) -> None:
    tree(access, orders)
    closed(access, orders)
    data = browser.get(f"/p/tea/goals/exchange/export/?as=csv&{asked}").getvalue()
    assert {row["title"] for row in rows_of_file("goals.csv", data)} == titles


def test_the_goals_of_one_cycle_go_out(browser: Client, access: ProductAccess, orders: Metric) -> None:
    cycle = create_cycle(access=access, name="Q1", start=date(2026, 1, 1), due=date(2026, 3, 31))
    goal = tree(access, orders)
    Goal.objects.filter(pk=goal.pk).update(cycle=cycle)
    data = browser.get(f"/p/tea/goals/exchange/export/?as=csv&which=all&cycle={cycle.pk}").getvalue()
    assert {row["title"] for row in rows_of_file("goals.csv", data)} == {"=Grow"}
    assert browser.get("/p/tea/goals/exchange/export/?cycle=9999").status_code == 404


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_closed_goals_come_in_again_and_change_nothing(
    browser: Client, people: Cast, access: ProductAccess, orders: Metric, kind: str
) -> None:
    goal = closed(access, orders)
    Goal.objects.filter(pk=goal.pk).update(owner=people.dee)
    data = browser.get(f"/p/tea/goals/exchange/export/?as={kind}&which=all").getvalue()
    found = import_rows(access, rows_of_file(f"goals.{kind}", data), apply=True)
    assert ([line.problems for line in found.lines], found.changes) == ([[]], 0)
    goal.refresh_from_db()
    assert (goal.status, goal.score, goal.version) == ("partly", 0.5, 2)


@pytest.mark.parametrize(
    "change", [{"status": "missed"}, {"outcome": "All done"}, {"score": "0.7"}, {"title": "New"}, {"status": "open"}]
)
def test_a_closed_goal_is_not_changed_by_a_sheet(access: ProductAccess, orders: Metric, change: dict[str, str]) -> None:
    goal = closed(access, orders)
    row = dict(zip(COLUMNS, map(str, sheet_rows(access, "closed")[0]), strict=True)) | change
    found = import_rows(access, [row], apply=True)
    assert found.lines[0].problems == ["This goal is closed. Reopen it to change it."]
    goal.refresh_from_db()
    assert (goal.status, goal.title) == ("partly", "Over")


def test_a_sheet_closes_goals_with_their_outcome(access: ProductAccess, orders: Metric) -> None:
    row = NEW | {"metric": "Orders", "baseline": "0", "target": "9", "status": "achieved", "score": "1"}
    refused = import_rows(access, [row], apply=True)
    assert refused.lines[0].problems == ["outcome: Say in a sentence what came of it, so that the next goal can learn."]
    assert import_rows(access, [row | {"outcome": "Sold out"}], apply=True).applied
    made = Goal.objects.get()
    assert (made.status, made.outcome, made.score, made.key_results.count()) == ("achieved", "Sold out", 1, 1)


def test_the_sheet_tells_how_it_stands_and_the_forecast(access: ProductAccess, orders: Metric) -> None:
    tree(access, orders)
    row = KeyResult.objects.get(shape="move")
    Forecast.objects.create(
        key_result=row, on=date(2026, 3, 5), value=1234.5678, low=1000, high=1500, level=0.9, probability=0.54321
    )
    KeyResult.objects.filter(pk=row.pk).update(value=617.25, read_on=date(2026, 3, 4))
    line = dict(zip(COLUMNS, sheet_rows(access)[0], strict=True))
    names = ("value", "progress", "standing", "value_at_due", "forecast_low", "probability")
    assert [line[name] for name in names] == [617.25, 0.5, "at_risk", Decimal("1234.57"), 1000, 0.5432]
    assert import_rows(access, [{name: str(value) for name, value in line.items()}], apply=True).changes == 0
