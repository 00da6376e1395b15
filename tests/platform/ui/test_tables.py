import csv
import io
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.utils import timezone
from openpyxl import load_workbook

from yunying.base.errors import LimitReached
from yunying.base.money import Money
from yunying.platform.products.models import Product
from yunying.platform.ui import tables
from yunying.platform.ui.exports import safe_text
from yunying.platform.ui.page import render
from yunying.platform.ui.tables import Column, Empty, Filter, Table

ROWS: list[dict[str, Any]] = [
    {
        "name": "Spring sale",
        "channel": "mail",
        "people": 30,
        "cost": 12_345,
        "at": datetime(2026, 3, 5, 20, tzinfo=UTC),
    },
    {"name": "autumn sale", "channel": "web", "people": 7, "cost": None, "at": datetime(2026, 9, 1, tzinfo=UTC)},
    {"name": "=SUM(A1)", "channel": "web", "people": None, "cost": -50, "at": None},
    {"name": "Partner day", "channel": "mail", "people": 30, "cost": 0, "at": datetime(2026, 1, 1, tzinfo=UTC)},
]
COLUMNS = [
    Column("name", "Name", sort=True, search=True, fixed=True, link=lambda row: f"/c/{row['people']}"),
    Column("channel", "Channel", search=True),
    Column("people", "People", sort=True, kind="number"),
    Column("cost", "Cost", sort=True, kind="money", currency="CNY"),
    Column("at", "Start", sort=True, kind="when", hidden=True),
]


@pytest.fixture
def table(rf: RequestFactory) -> Callable[..., Table]:
    def make(query: str = "", rows: Any = ROWS, **options: Any) -> Table:
        request = rf.get(f"/list?{query}")
        request.session = SessionStore()
        options.setdefault("columns", COLUMNS)
        options.setdefault("filters", [Filter("channel", "Channel", [("mail", "Mail"), ("web", "Web")])])
        return Table(rows=rows, request=request, name="campaigns", **options)

    return make


def names(table: Table) -> list[str]:
    return [row["name"] for row in table.found]


def test_every_word_of_the_search_must_occur_in_some_column(table: Callable[..., Table]) -> None:
    assert names(table("q=SALE+web")) == ["autumn sale"]
    assert names(table("q=sale+nothing")) == []


def test_a_filter_narrows_and_an_unknown_choice_is_ignored(table: Callable[..., Table]) -> None:
    assert names(table("channel=web")) == ["autumn sale", "=SUM(A1)"]
    assert table("channel=radio").total == 4
    assert not table("channel=radio").narrowed


@pytest.mark.parametrize(
    ("sort", "order"), [("people", [7, 30, 30, None]), ("-people", [30, 30, 7, None])], ids=["up", "down"]
)
def test_rows_without_a_value_come_last_both_ways(
    table: Callable[..., Table], sort: str, order: list[int | None]
) -> None:
    assert [row["people"] for row in table(f"sort={sort}").found] == order


def test_an_unknown_column_is_not_sorted_by(table: Callable[..., Table]) -> None:
    assert table("sort=-password", sort="name").sort == "name"
    assert table("sort=channel", sort="name").sort == "name"


def test_text_sorts_without_regard_to_case(table: Callable[..., Table]) -> None:
    assert names(table("sort=name")) == ["=SUM(A1)", "autumn sale", "Partner day", "Spring sale"]


def test_headings_say_how_they_are_sorted_and_where_they_lead(table: Callable[..., Table]) -> None:
    heads = {head.column.name: head for head in table("sort=-people&q=a&page=2").heads}
    assert heads["people"].sorted == "descending"
    assert heads["people"].url == "?q=a&sort=people"
    assert heads["name"].sorted == "none"
    assert heads["cost"].url == "?q=a&sort=-cost"
    assert heads["channel"].url == ""


def test_pages_are_cut_and_a_page_beyond_the_end_is_the_last(table: Callable[..., Table]) -> None:
    rows = [{"name": f"n{i:03}", "people": i, "channel": "", "cost": 0} for i in range(60)]
    page = table("page=99", rows, page_size=25)
    assert (page.page, page.pages, page.first, page.last, len(page.body)) == (3, 3, 51, 60, 10)
    assert page.next_url == ""
    assert page.previous_url == "?page=2"
    assert table("size=50", rows).pages == 2
    assert table("size=7", rows).size == 25


def test_page_links_leave_gaps(table: Callable[..., Table]) -> None:
    rows = [{"name": str(i)} for i in range(25 * 20)]
    assert [number for number, _ in table("page=10", rows).page_links] == [1, 0, 9, 10, 11, 0, 20]


def test_hidden_columns_show_only_when_chosen_and_fixed_ones_always(table: Callable[..., Table]) -> None:
    plain = table()
    assert [column.name for column in plain.visible] == ["name", "channel", "people", "cost"]
    chosen = table()
    chosen.request.session["tables"] = {"campaigns": ["at"]}
    assert [column.name for column in chosen.visible] == ["name", "at"]


def test_chosen_columns_are_kept_with_the_session(browser: Client) -> None:
    answer = browser.post("/ui/columns/campaigns", {"col": ["name", "at"], "next": "/help/index"})
    assert answer["Location"] == "/help/index"
    assert browser.session["tables"] == {"campaigns": ["name", "at"]}
    browser.post("/ui/columns/campaigns", {"reset": "1"})
    assert browser.session["tables"] == {}


def test_the_column_form_does_not_lead_to_other_sites(browser: Client) -> None:
    assert browser.post("/ui/columns/x", {"next": "https://evil.example/"})["Location"] == "/"


def exported(table: Table) -> bytes:
    answer = table.export_response()
    assert answer is not None
    return b"".join(answer)  # type: ignore[arg-type]


def test_csv_has_a_byte_order_mark_and_disarms_formulas(table: Callable[..., Table]) -> None:
    text = exported(table("export=csv&sort=name")).decode()
    assert text.startswith("\ufeff")
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert rows[0] == ["Name", "Channel", "People", "Cost"]
    assert rows[1] == ["'=SUM(A1)", "web", "", "-0.50"]
    assert len(rows) == 5


def test_xlsx_keeps_types_and_formulas_stay_text(table: Callable[..., Table]) -> None:
    sheet = load_workbook(io.BytesIO(exported(table("export=xlsx&sort=name&channel=web")))).active
    assert sheet is not None
    assert [cell.value for cell in sheet[1]] == ["Name", "Channel", "People", "Cost"]
    assert (sheet["A2"].value, sheet["A2"].data_type) == ("=SUM(A1)", "s")
    assert (sheet["C3"].value, sheet["D2"].value) == (7, -0.5)
    assert sheet.max_row == 3


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\tx", "\rx"])
def test_text_that_looks_like_a_formula_gets_an_apostrophe(text: str) -> None:
    assert safe_text(text) == f"'{text}"
    assert safe_text(f"a{text}") == f"a{text}"


def test_exported_times_are_in_the_current_zone(table: Callable[..., Table]) -> None:
    columns = [COLUMNS[0], Column("at", "Start", kind="when")]
    with timezone.override("Asia/Shanghai"):
        assert "2026-03-06 04:00:00" in exported(table("export=csv", columns=columns)).decode()


def test_a_file_that_would_be_too_long_says_so(table: Callable[..., Table], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "EXPORT_LIMIT", 3)
    with pytest.raises(LimitReached) as caught:
        table("export=csv").export_response()
    assert caught.value.code == "export.too_long"


def test_render_answers_an_export_with_the_file(table: Callable[..., Table]) -> None:
    one = table("export=csv")
    answer = render(one.request, "ui/help.html", {"table": one})
    assert answer["Content-Disposition"].startswith('attachment; filename="campaigns-')


def test_money_and_days_are_shown_in_words_of_the_reader(table: Callable[..., Table]) -> None:
    rows = [{"price": Money(100, "JPY"), "day": date(2026, 3, 5), "none": None}]
    columns = [Column("price", "Price", kind="money"), Column("day", "Day", kind="date"), Column("none", "None")]
    cells = [str(cell.html) for cell in table("", rows, columns=columns).body[0]]
    assert cells[0] == "¥100"
    assert "Mar 5, 2026" in cells[1]
    assert cells[2] == "–"


def draw(table: Table) -> str:
    return render_to_string("ui/_table.html", {"table": table, "request": table.request}, table.request)


def test_the_drawn_table_is_accessible_and_escapes(table: Callable[..., Table]) -> None:
    html = draw(table("sort=name", [{"name": "<b>", "channel": "", "people": 1, "cost": 0}]))
    assert 'scope="col"' in html
    assert 'scope="row"' in html
    assert 'aria-sort="ascending"' in html
    assert "&lt;b&gt;" in html
    assert "<b>" not in html


def test_an_empty_list_says_what_to_do_but_a_narrowed_one_offers_to_clear(table: Callable[..., Table]) -> None:
    empty = Empty("No campaigns yet", "Plan one.", "/new", "Plan a campaign")
    assert "Plan a campaign" in draw(table("", [], empty=empty))
    narrowed = draw(table("q=zzz", empty=empty))
    assert "Plan a campaign" not in narrowed
    assert "Clear search and filters" in narrowed


def test_two_tables_on_a_page_keep_their_parameters_apart(table: Callable[..., Table]) -> None:
    one = table("b-q=autumn&q=spring", prefix="b-")
    assert names(one) == ["autumn sale"]
    assert one.clear_url == "?q=spring"


def test_a_queryset_is_searched_sorted_and_paged_by_two_statements(
    product: Product, rf: RequestFactory, django_assert_num_queries: Any
) -> None:
    for index in range(30):
        Product.objects.create(
            organisation=product.organisation,
            slug=f"p-{index}",
            name=f"Shop {index:02}",
            about="x" if index % 2 else "",
        )
    request = rf.get("/list?q=shop&sort=-name")
    columns = [
        Column("name", "Name", sort=True, search=True),
        Column("where", "Organisation", value="organisation.name", search=True, sort="organisation__name"),
        Column("stage", "Stage", value="get_stage_display"),
    ]
    table = _queryset_table(request, columns)
    with django_assert_num_queries(2):
        assert table.total == 30
        assert str(table.body[0][0].html) == "Shop 29"
    assert str(table.body[0][1].html) == product.organisation.name
    assert str(table.body[0][2].html) == "Launched"


def _queryset_table(request: HttpRequest, columns: list[Column]) -> Table:
    return Table(rows=Product.objects.select_related("organisation"), request=request, columns=columns)


def test_a_column_of_sentences_keeps_its_room_and_one_of_numbers_needs_none(table: Callable[..., Table]) -> None:
    columns = [Column("name", "Name"), Column("channel", "Why", wide=True), Column("people", "People", kind="number")]
    row = table(columns=columns).body[0]
    assert [cell.classes for cell in row] == ["", "yy-wide", "yy-num"]


@pytest.mark.parametrize("stacked", [True, False])
def test_only_the_cells_of_a_stacked_table_carry_the_name_of_their_column(
    table: Callable[..., Table], stacked: bool
) -> None:
    shown = table(stacked=stacked)
    html = render_to_string("ui/_table.html", {"table": shown, "request": shown.request})
    assert ('data-yy-label="Channel"' in html) is stacked
    assert ("yy-stacked" in html) is stacked
