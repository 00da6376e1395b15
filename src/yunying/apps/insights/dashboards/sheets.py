"""A dashboard as a workbook: one sheet for each tile that has numbers."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from django.utils.translation import gettext as _

from yunying.apps.insights.dashboards.faces import Face
from yunying.base.money import Money
from yunying.platform.ui.charts import Chart, NumberCard, Unit, Value
from yunying.platform.ui.workbooks import Leaf, Seconds, Share

__all__ = ["leaves"]

# What Excel refuses in the name of a sheet.
_REFUSED = re.compile(r"[\[\]:*?/\\\x00-\x1f]")


def leaves(faces: Iterable[Face]) -> Iterator[Leaf]:
    """A sheet for each: its title, what it is about, and all its numbers."""
    names: set[str] = set()
    for face in faces:
        if face.sheet is not None or face.chart is not None or face.card is not None:
            # Of a single number the period stands beside it.
            told = face.told if face.card is None or face.sheet is not None else face.apart
            above = [face.title, *(line for line in (told, face.narrowed) if line)]
            heads, rows = _table(face)
            yield Leaf(heads, rows, _name(face.title, names), above)


def _table(face: Face) -> tuple[list[str], list[list[Any]]]:
    if face.sheet is not None:
        return list(face.sheet.heads), [list(row) for row in face.sheet.rows]
    return _of_card(face.card, face.period) if face.card is not None else _of_chart(face.chart)


def _of_card(card: NumberCard, period: str) -> tuple[list[str], list[list[Any]]]:
    rows: list[list[Any]] = [[period, _typed(card.value, card.unit)]]
    if card.change is not None:
        rows.append([card.previous_label, Share(card.change)])
    return [_("Period"), card.title], rows


def _of_chart(chart: Chart | None) -> tuple[list[str], list[list[Any]]]:
    if chart is None:
        return [], []
    rows = [
        [str(label).replace("\n", " "), *(_typed(series.values[index], chart.unit) for series in chart.series)]
        for index, label in enumerate(chart.labels)
    ]
    return [chart.label_title, *(series.name for series in chart.series)], rows


def _typed(value: Value, unit: Unit) -> Any:
    """The value of a chart or card, in minor units where it is money, as a file holds it."""
    if value is None:
        return None
    if unit.kind == "money":
        return Money(round(value), unit.currency)
    return {"percent": Share, "duration": Seconds}.get(unit.kind, lambda plain: plain)(value)


def _name(title: str, taken: set[str]) -> str:
    """At most 31 characters, unlike all others of the book."""
    base = _REFUSED.sub(" ", title).strip(" '")[:31] or "1"
    name, number = base, 2
    while name.casefold() in taken:
        name, number = f"{base[:27]} {number}", number + 1
    taken.add(name.casefold())
    return name
