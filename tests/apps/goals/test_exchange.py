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
from yunying.apps.goals.exchange import Imported, import_rows
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
    assert faults(found) == []
    assert found.changes == 0
    assert set(Goal.objects.values_list("version", flat=True)) == {1}


def test_values_of_an_exported_workbook_are_numbers_and_come_back_to_the_last_digit(
    browser: Client, access: ProductAccess, orders: Metric
) -> None:
    tree(access, orders)
    KeyResult.objects.filter(shape="between").update(low=0.12345678901234568, high=1 / 3)
    KeyResult.objects.filter(shape="move").update(baseline=-5, target=1234.5, value=2168582.7199999997)
    data = browser.get("/p/tea/goals/exchange/export/?as=xlsx").getvalue()
    page = load_workbook(io.BytesIO(data)).active
    heads = {cell.value: cell.column for cell in page[1]}
    first = [page.cell(2, heads[name]) for name in ("goal", "due", "baseline", "target", "value")]
    assert [cell.data_type for cell in first] == ["n", "d", "n", "n", "n"]
    assert [cell.value for cell in first[2:]] == [-5, 1234.5, 2168582.72]
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
        NEW
        | {
            "goal": "B",
            "title": "Below",
            "metric": "Orders",
            "name": "Kept",
            "shape": "above",
            "low": "5",
            "guardrail": "是",
        },
        NEW | {"level": "company"},
    ]
    found = import_rows(access, rows, apply=True)
    assert found.applied
    below = Goal.objects.get(title="Below")
    assert below.parent == Goal.objects.get(title="Sell more tea")
    rows_made = list(below.key_results.values_list("shape", "target", "low", "guardrail"))
    assert rows_made == [("move", 1000, None, False), ("above", None, 5, True)]


def faults(found: Imported) -> list[tuple[int, str, str]]:
    return [(line.number, fault.column, fault.text) for line in found.lines for fault in line.faults]


WEIGHT = "A weight is above 0. What shall not count is taken out instead of weighed with nothing."
EARLY = "It cannot be due before it starts."
NUMBER = "Enter a number, such as 1250 or 12.5."


def test_one_pass_tells_everything_that_is_wrong_by_row_and_column(access: ProductAccess, orders: Metric) -> None:
    bound = NEW | {"metric": "Orders", "baseline": "0", "target": "9"}
    rows = [
        NEW,
        NEW | {"goal": "B", "title": "", "weight": "0", "start": "2026-04-01", "level": "town", "counts": "perhaps"},
        bound | {"goal": "B", "title": "", "start": "", "target": "many", "result_weight": "0", "guardrail": "?"},
        {},
        NEW | {"goal": "C", "due": "31.03.2026", "start": "", "owner": "nobody@example.com", "cycle": "Q9"},
        bound
        | {
            "goal": "D",
            "metric": "No such",
            "low": "x",
            "result_weight": "-1",
            "result_start": "soon",
            "result_due": "10000/2/2",
        },
        bound | {"goal": "E", "baseline": "", "target": ""},
        bound | {"goal": "F", "serves": "B", "shape": "dance", "check_in": "hourly"},
        bound | {"goal": "G", "serves": "Z", "target": "0", "result_start": "2026-03-02", "result_due": "2026-03-01"},
        bound | {"goal": "H", "status": "done", "score": "2"},
        bound | {"goal": "77", "key_result": "5", "result_weight": "1001"},
    ]
    found = import_rows(access, rows, apply=True)
    assert not found.applied
    assert not Goal.objects.exists()
    assert faults(found) == [
        (3, "level", "A goal is one of the company, of a product or of a team."),
        (3, "title", "Say in a few words what it is."),
        (3, "due", EARLY),
        (3, "weight", WEIGHT),
        (3, "counts", "“perhaps” is neither yes nor no."),
        (4, "guardrail", "“?” is neither yes nor no."),
        (4, "target", NUMBER),
        (4, "result_weight", WEIGHT),
        (6, "start", "Write a day as 2026-03-31."),
        (6, "due", "“31.03.2026” is no day. Write it as 2026-03-31."),
        (6, "owner", "“nobody@example.com” is no member who sees this product."),
        (6, "cycle", "There is no cycle called “Q9”."),
        (7, "metric", "There is no metric called “No such”."),
        (7, "low", NUMBER),
        (7, "result_weight", WEIGHT),
        (7, "result_start", "“soon” is no day. Write it as 2026-03-31."),
        (7, "result_due", "Choose days from 1970 to 2199."),
        (8, "baseline", "Enter a number."),
        (8, "target", "Enter a number."),
        (9, "check_in", "Choose one of the offered rhythms."),
        (9, "shape", "Choose what the metric must do."),
        (10, "serves", "The goal “Z” that this one serves is not in the file."),
        (10, "target", "The target equals the baseline, so nothing would have to change. Choose another target."),
        (10, "result_due", EARLY),
        (11, "status", "Choose how the goal ended."),
        (11, "score", "A score is from 0 to 1."),
        (11, "outcome", "Say in a sentence what came of it, so that the next goal can learn."),
        (12, "goal", "There is no such goal."),
        (12, "result_weight", "A weight is at most 1000."),
    ]


def test_what_is_wrong_with_the_heading_is_told_with_the_rest(access: ProductAccess) -> None:
    rows = rows_of_file("a.csv", b"goal,colour,due,due,why\nA,red,2026-01-01,x,tea, with milk\n")
    found = import_rows(access, rows, apply=False)
    assert faults(found) == [
        (1, "colour", "This column is not known. Begin with an exported file."),
        (1, "due", "This column stands there twice."),
        (1, "title", "This column is missing. Begin with an exported file."),
        (2, "", "This line has more cells than the heading. Put a cell with commas into quotation marks."),
        (2, "title", "Say in a few words what it is."),
        (2, "start", "Write a day as 2026-03-31."),
    ]


def test_rows_are_counted_as_spreadsheets_do(access: ProductAccess) -> None:
    data = b'title,why,start,due\nTea,"two\nlines",2026/1/1,2026/3/31\n,,,\n,,2026-01-01,2026-03-31\n,,,\n'
    found = import_rows(access, rows_of_file("a.csv", data), apply=False)
    assert [line.number for line in found.lines] == [2, 4]
    assert faults(found) == [(4, "title", "Say in a few words what it is.")]


def test_one_of_a_goals_lines_may_change_it_but_two_must_agree(access: ProductAccess, orders: Metric) -> None:
    goal = tree(access, orders)
    add_key_result(access=access, goal=goal, metric_id=orders.pk, baseline=0, target=5)
    lines = [dict(zip(COLUMNS, map(str, line), strict=True)) for line in sheet_rows(access)]
    assert [line["goal"] for line in lines[:2]] == [str(goal.pk)] * 2
    lines[1]["title"] = "Grow faster"
    assert import_rows(access, lines, apply=True).applied
    goal.refresh_from_db()
    assert goal.title == "Grow faster"
    lines[0]["title"] = "Grow slower"
    told = "Another line of this goal says something else here. Write the same in all of them."
    lines[0]["due"], lines[1]["due"] = "2026-04-30", "2026-05-31"
    goal_title = import_rows(access, lines, apply=True)
    assert faults(goal_title) == [(3, "due", told)]


def test_a_goal_and_its_key_results_are_made_shorter_together(access: ProductAccess, orders: Metric) -> None:
    tree(access, orders)
    lines = [dict(zip(COLUMNS, map(str, line), strict=True)) for line in sheet_rows(access)]
    for line in lines:
        line["due"] = line["result_due"] = "2026-02-28"
    assert faults(import_rows(access, lines, apply=True)) == []
    assert set(Goal.objects.values_list("due", flat=True)) == {date(2026, 2, 28)}
    lines[0]["due"] = "2026-02-15"
    told = "The key result “Orders” runs from 2026-01-01 to 2026-02-28. Change it first."
    assert faults(import_rows(access, lines, apply=True)) == [(2, "due", told)]


def test_a_key_result_keeps_its_metric_and_stands_in_one_row(
    access: ProductAccess, goal: Goal, key_result: KeyResult, orders: Metric
) -> None:
    row = {"goal": str(goal.pk), "title": goal.title, "key_result": str(key_result.pk), "metric": "Rate"}
    found = import_rows(access, [row, row | {"metric": "Orders"}], apply=True)
    assert faults(found) == [
        (2, "metric", "Another metric is another key result. Leave “key_result” empty to add one."),
        (3, "key_result", "This key result stands in row 2 already."),
    ]


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
    assert [(number, column) for number, column, _text in faults(found)] == [(2, "serves"), (3, "serves")]


def test_another_products_goal_cannot_be_named(people: Cast, goal: Goal) -> None:
    found = import_rows(people.access("dee"), [{"goal": str(goal.pk), "title": "Mine"}], apply=True)
    assert faults(found)[0] == (2, "goal", "There is no such goal.")


def test_a_viewer_takes_nothing_in(people: Cast) -> None:
    with pytest.raises(NotAllowed):
        import_rows(people.access("chen"), [NEW], apply=True)


@pytest.mark.parametrize(
    ("name", "data", "text"),
    [
        ("a.csv", b"", "empty"),
        ("a.csv", b"goal,title\n", "no lines below"),
        ("a.csv", b"goal,title\n,\n ,\n", "no lines below"),
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
    wrong = SimpleUploadedFile("goals.csv", b"title,due\n,soon\n")
    told = browser.post(f"{here}preview/", {"file": wrong}).content.decode()
    assert "3 things are wrong." in told
    assert "“soon” is no day." in told
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
    assert (faults(found), found.changes) == ([], 0)
    goal.refresh_from_db()
    assert (goal.status, goal.score, goal.version) == ("partly", 0.5, 2)


@pytest.mark.parametrize(
    "change", [{"status": "missed"}, {"outcome": "All done"}, {"score": "0.7"}, {"title": "New"}, {"status": "open"}]
)
def test_a_closed_goal_is_not_changed_by_a_sheet(access: ProductAccess, orders: Metric, change: dict[str, str]) -> None:
    goal = closed(access, orders)
    row = dict(zip(COLUMNS, map(str, sheet_rows(access, "closed")[0]), strict=True)) | change
    found = import_rows(access, [row], apply=True)
    column = "" if "title" in change else next(iter(change))
    assert faults(found) == [(2, column, "This goal is closed. Reopen it to change it.")]
    goal.refresh_from_db()
    assert (goal.status, goal.title) == ("partly", "Over")


def test_a_sheet_closes_goals_with_their_outcome(access: ProductAccess, orders: Metric) -> None:
    row = NEW | {"metric": "Orders", "baseline": "0", "target": "9", "status": "achieved", "score": "1"}
    refused = import_rows(access, [row], apply=True)
    told = "Say in a sentence what came of it, so that the next goal can learn."
    assert faults(refused) == [(2, "outcome", told)]
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
