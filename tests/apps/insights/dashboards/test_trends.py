"""A trends answer as a ring or a number."""

from types import SimpleNamespace
from typing import Any

import pytest

from yunying.apps.insights.dashboards.trends import ring, trends_card
from yunying.apps.insights.units import Measured
from yunying.engine.result import Value

COUNT = {"series": [{"event": "order"}]}


def answer(*totals: float, remainder: float | None = None) -> Any:
    """Lines by country, the first ones c0, c1, …"""
    rows: list[Any] = [
        SimpleNamespace(series="A", label="", values=(Value(f"c{index}"),), remainder=False, total=total)
        for index, total in enumerate(totals)
    ]
    if remainder is not None:
        rows.append(SimpleNamespace(series="A", label="", values=(), remainder=True, total=remainder))
    return SimpleNamespace(rows=rows)


def slices(spec: dict[str, Any], result: Any) -> dict[str, Any]:
    chart = ring(spec, result, name="tile-1", title="By country")
    return dict(zip(chart.labels, chart.series[0].values, strict=True))


@pytest.mark.parametrize("measure", ["count", "sum"])
def test_a_ring_is_the_whole_when_its_lines_add_up(measure: str) -> None:
    shown = slices({"series": [{"event": "order", "measure": measure}]}, answer(*range(20, 10, -1), remainder=40))
    assert list(shown) == [*(f"c{index}" for index in range(8)), "Everything else"]
    assert shown["Everything else"] == 12 + 11 + 40


def test_a_ring_of_what_does_not_add_up_has_all_its_lines() -> None:
    people = {"series": [{"event": "order", "measure": "people"}]}
    shown = slices(people, answer(*range(20, 10, -1), remainder=40))
    assert len(shown) == 11 and shown["Everything else"] == 40


def test_a_ring_leaves_out_what_is_negative_and_needs_no_rest_for_nine() -> None:
    shown = slices(COUNT, answer(9, 8, 7, 6, 5, 4, 3, 2, 1, -5))
    assert list(shown) == [f"c{index}" for index in range(9)]


def test_the_small_line_of_a_number_leaves_out_what_has_only_begun() -> None:
    row = SimpleNamespace(points=(7, 9, 1), total=17, compare_total=20)
    buckets = [SimpleNamespace(partial=partial) for partial in (False, False, True)]
    card = trends_card(SimpleNamespace(rows=[row], buckets=buckets), Measured(), whole=True)
    assert (card.value, card.previous, card.trend) == (17, 20, [7, 9])
