"""The trends form and the engine's question."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from yunying.apps.insights.kinds.form import rows, text
from yunying.apps.insights.kinds.rows import MAX_FILTERS, Asking, FilterRow, group, number, ungroup

__all__ = ["SeriesRow", "TrendsForm"]

MEASURES_WITH_PROPERTY = frozenset({"sum", "avg", "min", "max", "median", "percentile"})
_NAMED = ("event", "label", "measure", "property", "percentile", "window_days")


@dataclass(frozen=True)
class SeriesRow:
    event: str = text()
    label: str = text()
    measure: str = text("count", always=True)
    property: str = text()
    percentile: str = text("90")
    window_days: str = text("7")
    match: str = text("and")
    filters: tuple[FilterRow, ...] = rows("f", FilterRow, most=MAX_FILTERS)

    def wants_property(self) -> bool:
        return self.measure in MEASURES_WITH_PROPERTY

    def to_spec(self) -> dict[str, Any]:
        spec: dict[str, Any] = {"event": self.event or None, "measure": self.measure}
        if self.label:
            spec["label"] = self.label
        if self.wants_property():
            spec["property"] = self.property
        if self.measure == "percentile":
            spec["percentile"] = number(self.percentile)
        if self.measure == "rolling_people":
            spec["window_days"] = number(self.window_days)
        return spec | group("filters", self.match, self.filters)

    @classmethod
    def of_spec(cls, item: Mapping[str, Any]) -> "SeriesRow":
        empty = cls()
        match, filters = ungroup(item.get("filters"))
        plain = {name: str(item.get(name) or getattr(empty, name)) for name in _NAMED}
        return cls(match=match, filters=filters, **plain)


@dataclass(frozen=True)
class TrendsForm(Asking):
    series: tuple[SeriesRow, ...] = rows("s", SeriesRow, most=10, least=1)
    interval: str = text("day")
    formula: str = text()
    compare: str = text()
    display: str = text("series")
    smooth: str = text()
    chart: str = text("line")

    def to_spec(self) -> dict[str, Any]:
        spec: dict[str, Any] = {
            "kind": "trends",
            "interval": self.interval,
            "series": [row.to_spec() for row in self.series],
            "display": self.display,
        } | self.common_spec()
        if self.formula:
            spec["formula"] = self.formula
        if self.compare:
            spec["compare"] = {"to": self.compare}
        if self.smooth:
            spec["moving_average"] = number(self.smooth)
        return spec

    def missing(self) -> str:
        lacking = (i for i, row in enumerate(self.series) if row.wants_property() and not row.property)
        return next((f"s{index}.property" for index in lacking), "")

    @classmethod
    def of_spec(cls, spec: Mapping[str, Any]) -> Self:
        compare = spec.get("compare") or {}
        return cls(
            **cls.common_of(spec),
            series=tuple(SeriesRow.of_spec(item) for item in spec.get("series") or []) or (SeriesRow(),),
            interval=spec.get("interval") or "day",
            formula=spec.get("formula") or "",
            compare=compare.get("to") or "",
            display=spec.get("display") or "series",
            smooth=str(spec.get("moving_average") or ""),
        )
