"""Charts as typed values. The server makes numbers and words, `charts.js` draws them with ECharts, and the same
values always stand in a table beneath, which is what is shown without JavaScript and read by screen readers.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.utils.html import json_script
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from yunying.base.money import minor_digits
from yunying.platform.ui import formats

__all__ = ["Annotation", "Chart", "ChartKind", "NumberCard", "Series", "Target", "Unit"]

Value = int | float | Decimal | None


class ChartKind(StrEnum):
    LINE = "line"
    AREA = "area"
    BAR = "bar"
    STACKED = "stacked"
    PIE = "pie"
    DONUT = "donut"


@dataclass(frozen=True, slots=True)
class Unit:
    """How values are written. `kind`: number, percent (fractions of one), money (minor units), duration (seconds)."""

    kind: str = "number"
    currency: str = ""
    digits: int | None = None

    def text(self, value: Value) -> str:
        if self.kind == "percent":
            return formats.percent(value, 1 if self.digits is None else self.digits)
        if self.kind == "money":
            return formats.money(value, self.currency, self.digits)
        if self.kind == "duration":
            return formats.duration(value)
        return formats.number(value, self.digits)


@dataclass(frozen=True, slots=True)
class Series:
    """One line, row of bars, or ring of slices: a value (or None for a gap) for each of the chart's labels.

    `compare_to` names the series of which this is an earlier period: drawn in its colour, lighter and dashed.
    `links`: for each point where to see who is behind it; opened as a page, or into the chart's `link_target` by htmx.
    `low` and `high` bound what the values may truly be: whiskers at bars, a band around lines. `texts` say more of each
    value than its number in the chart's unit. `pale` bars stand behind what matters, such as what was lost.
    """

    name: str
    values: Sequence[Value]
    compare_to: str = ""
    links: Sequence[str | None] = ()
    low: Sequence[Value] = ()
    high: Sequence[Value] = ()
    texts: Sequence[str] = ()
    pale: bool = False

    def link(self, index: int) -> str:
        return (self.links[index] or "") if index < len(self.links) else ""


@dataclass(frozen=True, slots=True)
class Target:
    """A horizontal line to be reached."""

    value: Value
    label: str


@dataclass(frozen=True, slots=True)
class Annotation:
    """A mark at one label, or from there up to the label `until`: something was done or happened then."""

    index: int
    label: str
    url: str = ""
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart with its table.

    `labels` are shown as they are, so dates come formatted. `partial_from`: index of the first label whose period is
    not over yet (dashed). `definition`: what the number means, in words. `name` is unique on the page.
    `height`: s, m or l. `link_target`: CSS selector into which htmx loads a point's link.
    """

    name: str
    title: str
    labels: Sequence[str]
    series: Sequence[Series]
    kind: ChartKind = ChartKind.LINE
    unit: Unit = field(default_factory=Unit)
    target: Target | None = None
    annotations: Sequence[Annotation] = ()
    partial_from: int | None = None
    definition: str = ""
    label_title: str = ""
    height: str = "m"
    link_target: str = ""

    def __post_init__(self) -> None:
        for one in self.series:
            if len(one.values) != len(self.labels):
                raise ValueError(f"series {one.name!r} has {len(one.values)} values for {len(self.labels)} labels")
            if any(len(extra) not in (0, len(self.labels)) for extra in (one.low, one.high, one.texts)):
                raise ValueError(f"series {one.name!r} has bounds or texts for other than {len(self.labels)} labels")

    @property
    def empty(self) -> bool:
        return not self.labels or all(value is None for one in self.series for value in one.values)

    @property
    def rows(self) -> list[tuple[str, bool, list[tuple[str, str]]]]:
        """The table: (label, whether its period is not over, (text, link) of each series)."""
        return [
            (label, self._partial(index), [(self._text(one, index), one.link(index)) for one in self.series])
            for index, label in enumerate(self.labels)
        ]

    @property
    def target_text(self) -> str:
        return "" if self.target is None else self.unit.text(self.target.value)

    @property
    def notes(self) -> list[tuple[Annotation, str]]:
        """The annotations with the label they stand at; one outside of the labels is left out."""
        known = [note for note in self.annotations if 0 <= note.index < len(self.labels)]
        return [(note, self._stretch(note.index, self._last(note))) for note in known]

    def notes_at(self, index: int) -> list[Annotation]:
        """The annotations that stand at a label or stretch over it."""
        return [note for note, _label in self.notes if note.index <= index <= self._last(note)]

    @property
    def table(self) -> list[tuple[str, bool, list[tuple[str, str]], list[Annotation]]]:
        """`rows`, each with its annotations."""
        return [(*row, self.notes_at(index)) for index, row in enumerate(self.rows)]

    def _last(self, note: Annotation) -> int:
        return note.index if note.until is None else min(max(note.until, note.index), len(self.labels) - 1)

    def _stretch(self, first: int, last: int) -> str:
        return str(self.labels[first]) if first == last else f"{self.labels[first]} – {self.labels[last]}"

    def _text(self, one: Series, index: int) -> str:
        return one.texts[index] if one.texts else self.unit.text(one.values[index])

    def _partial(self, index: int) -> bool:
        return self.partial_from is not None and index >= self.partial_from

    def to_json(self) -> dict[str, Any]:
        """What charts.js reads: numbers to draw, and the same as text in the reader's language to be shown."""
        return {
            "kind": self.kind.value,
            "title": self.title,
            "labels": [str(label) for label in self.labels],
            "series": [self._series(one) for one in self.series],
            "unit": {"kind": self.unit.kind, "currency": self.unit.currency, "scale": self._scale()},
            "target": None if self.target is None else self._target(self.target),
            "annotations": [
                {"index": a.index, "until": self._last(a), "label": a.label, "url": a.url} for a, _label in self.notes
            ],
            "partialFrom": self.partial_from,
            "linkTarget": self.link_target,
            "words": {"partial": _("not over yet"), "behind": _("Click to see who is behind it")},
        }

    def json_tag(self) -> SafeString:
        return json_script(self.to_json())

    def _series(self, one: Series) -> dict[str, Any]:
        return {
            "name": one.name,
            "values": [_plain(value) for value in one.values],
            "texts": [self._text(one, index) for index in range(len(one.values))],
            "compareTo": one.compare_to,
            "links": list(one.links),
            "low": [_plain(value) for value in one.low],
            "high": [_plain(value) for value in one.high],
            "pale": one.pale,
        }

    def _target(self, target: Target) -> dict[str, Any]:
        return {"value": _plain(target.value), "label": target.label, "text": self.unit.text(target.value)}

    def _scale(self) -> float:
        # Axes are labelled in major units; everything else is a text from the server.
        return 10.0 ** -minor_digits(self.unit.currency) if self.unit.kind == "money" else 1.0


@dataclass(frozen=True, slots=True)
class NumberCard:
    """One number with its change and a sparkline.

    `previous` is the value it is compared with, `previous_label` says which. `good`: up, down or empty when neither
    direction is good by itself. `trend` draws the small line, oldest first. `period` says what the number is about,
    `definition` what it means.
    """

    title: str
    value: Value
    unit: Unit = field(default_factory=Unit)
    previous: Value = None
    previous_label: str = ""
    good: str = "up"
    trend: Sequence[Value] = ()
    url: str = ""
    period: str = ""
    definition: str = ""
    name: str = ""

    @property
    def text(self) -> str:
        return self._text(self.value)

    @property
    def previous_text(self) -> str:
        return self._text(self.previous)

    def _text(self, value: Value) -> str:
        """Large sums without their cents: a card is for the size of a number."""
        unit = self.unit
        large = unit.kind == "money" and value is not None and abs(value) >= 10_000 * 10 ** minor_digits(unit.currency)
        return (replace(unit, digits=0) if large and unit.digits is None else unit).text(value)

    @property
    def change(self) -> float | None:
        """As a fraction of the previous value; None when there is none or it is zero."""
        if self.value is None or not self.previous:
            return None
        return float(self.value) / float(self.previous) - 1

    @property
    def change_text(self) -> str:
        return "" if self.change is None else formats.percent(abs(self.change))

    @property
    def direction(self) -> str:
        """up, down or flat."""
        change = self.change or 0.0
        return "flat" if abs(change) < 0.0005 else "up" if change > 0 else "down"

    @property
    def verdict(self) -> str:
        """good, bad or empty."""
        if self.direction == "flat" or not self.good:
            return ""
        return "good" if self.direction == self.good else "bad"

    @property
    def path(self) -> str:
        """The sparkline as SVG path data in a box of 120 by 32; gaps stay gaps."""
        numbers = [float(v) for v in self.trend if v is not None]
        if len(numbers) < 2:
            return ""
        low, high = min(numbers), max(numbers)
        step, span = 120 / (len(self.trend) - 1), (high - low) or 1.0
        parts, pen = [], "M"
        for index, value in enumerate(self.trend):
            if value is None:
                pen = "M"
                continue
            parts.append(f"{pen}{index * step:.1f} {30 - (float(value) - low) / span * 28:.1f}")
            pen = "L"
        return "".join(parts)


def _plain(value: Value) -> int | float | None:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return float(value) if isinstance(value, Decimal) else value
