import io
import struct
from dataclasses import replace
from datetime import datetime
from itertools import pairwise

import pytest
from django.test import Client
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from openpyxl import load_workbook

from yunying.apps.insights.dashboards.drawing import draw_face, draw_page
from yunying.apps.insights.dashboards.drawing.charts import INK, PALE, draw_chart
from yunying.apps.insights.dashboards.drawing.fonts import families, readable, shortened
from yunying.apps.insights.dashboards.drawing.page import Sheet, _breaks
from yunying.apps.insights.dashboards.faces import Face
from yunying.apps.insights.dashboards.grid import Place
from yunying.apps.insights.dashboards.models import Dashboard
from yunying.apps.insights.dashboards.sheets import leaves
from yunying.apps.insights.kinds import Fact
from yunying.platform.ui.charts import Annotation, Chart, ChartKind, NumberCard, Series, Unit
from yunying.platform.ui.workbooks import workbook

LABELS = [f"2026-03-{day:02d}" for day in range(1, 32)]
CHART = Chart(
    "a", "Orders", LABELS, [Series("Orders", list(range(31))), Series("Earlier", [None] * 31, compare_to="Orders")]
)


def export(browser: Client, dashboard: Dashboard, kind: str) -> bytes:
    answer = browser.get(f"/p/tea/insights/dashboards/{dashboard.pk}/export/?bar=1&export={kind}")
    assert answer.status_code == 200
    assert f'filename="Monday-meeting-20260305.{kind}"' in answer["Content-Disposition"]
    return answer.getvalue()


def test_the_picture_is_a_png_as_wide_as_the_page(browser: Client, dashboard: Dashboard) -> None:
    png = export(browser, dashboard, "png")
    assert png.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", png[16:24])
    assert width == 2480 and height > 1000


def test_the_document_has_text_that_can_be_searched(browser: Client, dashboard: Dashboard) -> None:
    pdf = export(browser, dashboard, "pdf")
    assert pdf.startswith(b"%PDF")
    assert b"/FontFile2" in pdf or b"/CIDFontType2" in pdf


def test_the_workbook_has_a_sheet_for_each_tile_with_numbers(browser: Client, dashboard: Dashboard) -> None:
    book = load_workbook(io.BytesIO(export(browser, dashboard, "xlsx")))
    assert book.sheetnames == ["Daily orders", "Orders a day"]
    rows = list(book["Orders a day"].iter_rows(values_only=True))
    assert [row[0] for row in rows[:3]] == ["Orders a day", "Mar 1, 2026 – Mar 5, 2026", "Period"]
    assert [row[1] for row in rows[3:]] == [0, 3, 1, 2, 0, 6]
    assert rows[3][0] == datetime(2026, 3, 1)


def test_a_number_tells_its_period_and_its_change_as_percent() -> None:
    card = NumberCard("Paying", 0.25, Unit("percent"), previous=0.2, previous_label="against the week before")
    face = Face("Paying", card=card, period="Latest whole week", apart="Not followed here: range")
    page = load_workbook(workbook(leaves([face]))).worksheets[0]
    rows = list(page.iter_rows(values_only=True))
    assert rows[:3] == [("Paying", None), ("Not followed here: range", None), ("Period", "Paying")]
    assert rows[3:] == [("Latest whole week", 0.25), ("against the week before", pytest.approx(0.25))]
    assert {page["B4"].number_format, page["B5"].number_format} == {"0.0%"}


def test_another_kind_of_file_is_refused(browser: Client, dashboard: Dashboard) -> None:
    assert browser.get(f"/p/tea/insights/dashboards/{dashboard.pk}/export/?export=exe").status_code == 400


def test_sheets_have_names_that_excel_takes_and_no_formulas() -> None:
    chart = replace(CHART, labels=["=1+1"], series=[Series("=cmd()", [2])])
    faces = [Face("a/b:c*d?" * 9, chart=chart), Face("a/b:c*d?" * 9, chart=chart), Face("'=x'", chart=chart)]
    book = load_workbook(workbook(leaves(faces)))
    assert all(len(name) <= 31 for name in book.sheetnames) and len(set(book.sheetnames)) == 3
    assert {cell.data_type for row in book.worksheets[0].iter_rows() for cell in row} <= {"s", "inlineStr", "n"}


def test_money_stands_in_major_units() -> None:
    chart = replace(CHART, labels=["a"], series=[Series("Revenue", [12345])], unit=Unit("money", "CNY"))
    book = load_workbook(workbook(leaves([Face("Revenue", chart=chart)])))
    cell = book.worksheets[0]["B3"]
    assert (cell.value, cell.number_format) == (123.45, '#,##0.00" CNY"')


def test_chinese_is_written_by_a_font_that_has_it() -> None:
    assert families()[0] == "WenQuanYi Micro Hei"
    assert readable("运营 數據 ¥ ▲ – “”") == "运营 數據 ¥ ▲ – “”"


def test_what_no_font_can_draw_is_left_out_rather_than_a_box() -> None:
    assert readable("🎉 Tea") == " Tea"


def test_long_words_are_cut_with_an_ellipsis() -> None:
    assert shortened("运营数据统计图表分析报告", 10, 60) == "运营数据统…"
    assert shortened("short", 10, 600) == "short"


@pytest.mark.parametrize("kind", list(ChartKind))
def test_every_kind_of_chart_is_drawn(kind: ChartKind) -> None:
    note = Annotation(2, "Release", until=5)
    face = Face("Orders", chart=replace(CHART, kind=kind, annotations=[note], partial_from=30))
    assert draw_face(face).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "face",
    [
        Face("Nothing", chart=Chart("a", "b", [], [])),
        Face("Zero", chart=Chart("a", "b", ["x"], [Series("s", [0])], ChartKind.DONUT)),
        Face("Gap", chart=Chart("a", "b", ["x"], [Series("s", [None])])),
        Face("Table", chart=CHART, as_table=True),
        Face("Wrong", problem="This cannot be answered, because … " * 9),
        Face("Number", card=NumberCard("n", 5, previous=4, trend=[1, None, 3])),
        Face("Nothing yet", card=NumberCard("n", None)),
        Face("Text", source="# 标题\n\n- one\n- two\n\n" + "运营" * 400),
        Face("$x^2$ _a_", chart=CHART),
    ],
    ids=lambda face: face.title,
)
def test_whatever_a_tile_shows_can_be_drawn(face: Face) -> None:
    assert draw_face(face, width=300, height=180).startswith(b"\x89PNG")
    assert draw_page("周会", "产品", [(Place(1, 0, 0, 6, 4), face)], "pdf").startswith(b"%PDF")


def test_pages_end_between_tiles() -> None:
    places = [Place(n, 0, n * 5, 12, 5) for n in range(9)]
    pages = _breaks(places)
    assert pages[0][0] == 0 and pages[-1][1] == 45
    assert all(last == first for (_a, last), (first, _b) in pairwise(pages))
    assert all(not (place.y < last < place.bottom) for _first, last in pages for place in places)
    assert len(pages) == 3


def test_what_was_lost_is_pale_and_steps_keep_both_lines_of_their_names() -> None:
    bars = [Series("Reached", [1.0, 0.4], low=[1.0, 0.3], high=[1.0, 0.5]), Series("Lost", [0.0, 0.6], pale=True)]
    chart = Chart("funnel", "Funnel", ["1. First\n100%", "2. Second\n40%"], bars, ChartKind.STACKED)
    axes = Figure(figsize=(4, 3)).add_axes((0, 0, 1, 1))
    draw_chart(axes, chart, 400)
    lost = axes.patches[-1]
    assert (lost.get_hatch(), to_hex(lost.get_facecolor())) == ("////", PALE)
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1. First\n100%", "2. Second\n40%"]


def noted(*notes: Annotation) -> Chart:
    return replace(CHART, annotations=notes)


def words_on(face: Face, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """All that is written on the picture of a tile."""
    written: list[str] = []
    real = Sheet.text

    def text(
        sheet: Sheet, x: float, y: float, words: str, size: float, colour: str = "", *, bold: bool = False
    ) -> None:
        written.append(words)
        real(sheet, x, y, words, size, colour or INK, bold=bold)

    monkeypatch.setattr(Sheet, "text", text)
    draw_face(face)
    return written


def test_a_picture_tells_its_notes_in_words_under_the_numbers_of_their_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    chart = noted(Annotation(2, "发布新版"), Annotation(20, "Outage", until=22))
    axes = Figure(figsize=(4, 3)).add_axes((0, 0, 1, 1))
    draw_chart(axes, chart, 400)
    assert [(text.get_position()[0], text.get_text()) for text in axes.texts] == [(2, "1"), (20, "2")]
    assert words_on(Face("Orders", chart=chart), monkeypatch)[-2:] == [
        "1  2026-03-03: 发布新版",
        "2  2026-03-21 – 2026-03-23: Outage",
    ]


def test_numbers_of_notes_that_are_near_each_other_are_joined() -> None:
    axes = Figure(figsize=(4, 3)).add_axes((0, 0, 1, 1))
    draw_chart(axes, noted(Annotation(3, "b"), Annotation(2, "a"), Annotation(3, "c"), Annotation(30, "d")), 310)
    assert [(text.get_position()[0], text.get_text()) for text in axes.texts] == [(2, "2,1,3"), (30, "4")]


def test_a_picture_says_how_many_notes_it_has_no_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    chart = noted(*(Annotation(day, f"Note {day}") for day in range(31)))
    *told, rest = words_on(Face("Orders", chart=chart), monkeypatch)[-6:]
    assert told[-1] == "5  2026-03-05: Note 4" and rest == "… +26"


def test_a_period_that_is_not_over_is_pale_in_pictures() -> None:
    axes = Figure(figsize=(4, 3)).add_axes((0, 0, 1, 1))
    draw_chart(axes, replace(CHART, kind=ChartKind.BAR, series=CHART.series[:1], partial_from=30), 400)
    assert [round(bar.get_facecolor()[3], 2) for bar in axes.patches[-2:]] == [1.0, 0.3]


def test_a_picture_tells_the_numbers_that_sum_up_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    facts = (Fact("Conversion", "28.2%", "27.1–29.4%"), Fact("Entered", "5,633"))
    written = words_on(Face("Orders", chart=CHART, apart="Not followed here: range", facts=facts), monkeypatch)
    assert written[-2:] == ["Not followed here: range", "Conversion 28.2% 27.1–29.4% · Entered 5,633"]


def test_a_last_label_that_would_be_cut_off_is_left_out() -> None:
    for count, last in ((26, False), (4, True)):
        labels = [f"2026年11月{day + 1}日" for day in range(count)]
        axes = Figure(figsize=(6, 3)).add_axes((0, 0, 1, 1))
        draw_chart(axes, Chart("a", "b", labels, [Series("s", list(range(count)))]), 560)
        assert (labels[-1] in [label.get_text() for label in axes.get_xticklabels()]) is last
