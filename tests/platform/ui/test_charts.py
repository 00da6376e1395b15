import json
import re

import pytest
from django.template import Context, Template

from yunying.platform.ui.charts import Annotation, Chart, ChartKind, NumberCard, Series, Target, Unit

LABELS = ["Mon", "Tue", "Wed"]


def chart(**changes: object) -> Chart:
    given: dict[str, object] = {
        "name": "orders",
        "title": "Orders",
        "labels": LABELS,
        "series": [Series("Orders", [1200, None, 7], links=["/p/1", None, "/p/3"])],
        "target": Target(1000, "Target"),
        "annotations": [Annotation(1, "Sale <began>", "/a/1"), Annotation(9, "elsewhere")],
        "partial_from": 2,
        "definition": "Events “order”.",
    }
    return Chart(**{**given, **changes})  # type: ignore[arg-type]


def draw(one: Chart) -> str:
    html = Template("{% load ui %}{% chart chart %}").render(Context({"chart": one}))
    # Where the template breaks its lines is nothing a reader sees.
    return re.sub(r" ?(</?(?:th|td|tr)\b[^>]*>) ?", r"\1", re.sub(r"\s+", " ", html))


def spec(html: str) -> dict[str, object]:
    found = re.search(r'<script type="application/json">(.*?)</script>', html, re.S)
    assert found
    data: dict[str, object] = json.loads(found[1])
    return data


def test_the_table_beneath_holds_every_number_of_the_chart() -> None:
    html = draw(chart())
    assert re.search(r'<th scope="row">Mon</th><td class="yy-num"><a href="/p/1">1,200</a></td>', html)
    assert re.search(r'<th scope="row">Tue</th><td class="yy-num">–</td>', html)
    assert 'Wed <small class="text-secondary">(not over yet)</small>' in html


def test_gaps_stay_gaps_and_are_not_zero() -> None:
    series = spec(draw(chart()))["series"]
    assert isinstance(series, list)
    assert series[0]["values"] == [1200, None, 7]
    assert series[0]["texts"] == ["1,200", "–", "7"]


def test_the_table_has_a_column_for_notes_only_where_there_are_some() -> None:
    html = draw(chart(annotations=[Annotation(0, "Sale <began>", until=1), Annotation(1, "Outage")]))
    assert '<th scope="col" class="yy-note">Notes</th>' in html
    cells = re.findall(r'<td class="yy-note">(.*?)</td>', html)
    assert cells == ["Sale &lt;began&gt;", "Sale &lt;began&gt;; Outage", ""]
    assert "data-yy-notes" in html
    assert "yy-note" not in draw(chart(annotations=[Annotation(9, "elsewhere")])).replace("yy-notes", "")


def test_data_cannot_break_out_of_the_page() -> None:
    html = draw(chart(title="</script><b>"))
    assert "</script><b>" not in html
    assert spec(html)["title"] == "</script><b>"


def test_target_and_marks_are_written_out_beside_the_chart() -> None:
    html = draw(chart())
    assert "Target: 1,000" in html
    assert 'Tue: <a href="/a/1">Sale &lt;began&gt;</a>' in html
    assert "elsewhere" not in html


def test_points_may_load_into_a_part_of_the_page() -> None:
    assert 'hx-get="/p/1" hx-target="#people"' in draw(chart(link_target="#people"))


def test_a_chart_without_numbers_says_so() -> None:
    html = draw(chart(series=[Series("Orders", [None, None, None])]))
    assert "No data for this choice" in html
    assert "application/json" not in html


def test_series_must_fit_the_labels() -> None:
    with pytest.raises(ValueError, match="2 values for 3 labels"):
        chart(series=[Series("Orders", [1, 2])])


def test_money_axes_are_in_major_units() -> None:
    data = spec(draw(chart(unit=Unit("money", "CNY"), kind=ChartKind.BAR, target=None)))
    assert data["unit"] == {"kind": "money", "currency": "CNY", "scale": 0.01}


@pytest.mark.parametrize(
    ("value", "previous", "good", "direction", "verdict", "text"),
    [
        (120, 100, "up", "up", "good", "20.0%"),
        (80, 100, "up", "down", "bad", "20.0%"),
        (80, 100, "down", "down", "good", "20.0%"),
        (80, 100, "", "down", "", "20.0%"),
        (100, 100, "up", "flat", "", "0.0%"),
        (100, 0, "up", "flat", "", ""),
        (100, None, "up", "flat", "", ""),
    ],
)
def test_a_change_has_a_direction_and_a_verdict(
    value: int, previous: int | None, good: str, direction: str, verdict: str, text: str
) -> None:
    card = NumberCard("Orders", value, previous=previous, good=good)
    assert (card.direction, card.verdict, card.change_text) == (direction, verdict, text)


def test_a_sparkline_breaks_at_gaps() -> None:
    assert NumberCard("x", 1, trend=[0, 1, None, 1]).path == "M0.0 30.0L40.0 2.0M120.0 2.0"
    assert NumberCard("x", 1, trend=[1]).path == ""


def test_a_card_shows_large_sums_without_cents() -> None:
    money = Unit("money", "USD")
    assert NumberCard("x", 123_456_789, money).text == "$1,234,568"
    assert NumberCard("x", 123_456, money).text == "$1,234.56"
    assert NumberCard("x", 123_456_789, Unit("money", "USD", digits=2)).text == "$1,234,567.89"
