"""The trends builder: the state of its form, to and from the page's address and the engine's JSON.

The address is the whole state, so a page can be shared, bookmarked and gone back to. Parsing never
fails: what is not understood becomes the default, and the engine's `parse` says what cannot be asked.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol
from urllib.parse import urlencode

__all__ = [
    "MEASURES_WITH_PROPERTY",
    "VALUE_COUNT",
    "Breakdown",
    "Builder",
    "FilterRow",
    "SeriesRow",
    "edited",
    "from_query",
    "from_spec",
]

MEASURES_WITH_PROPERTY = frozenset({"sum", "avg", "min", "max", "median", "percentile"})
# How many values an operator takes; absent: any number of them.
VALUE_COUNT = {
    "is_set": 0,
    "is_not_set": 0,
    "gt": 1,
    "gte": 1,
    "lt": 1,
    "lte": 1,
    "date_after": 1,
    "date_before": 1,
    "between": 2,
}
MAX_SERIES, MAX_FILTERS, MAX_BREAKDOWNS = 10, 20, 3
DEFAULT_RANGE, DEFAULT_LIMIT = "last-30-day", 25


class Query(Protocol):
    """The part of Django's QueryDict that is needed here."""

    def __contains__(self, key: object, /) -> bool: ...
    def __getitem__(self, key: str, /) -> Any: ...
    def getlist(self, key: str, /) -> list[str]: ...


def _text(query: Query, key: str, default: str = "") -> str:
    return str(query[key]).strip() if key in query else default


@dataclass(frozen=True, slots=True)
class FilterRow:
    of: str = "event"
    property: str = ""
    operator: str = "exact"
    values: tuple[str, ...] = ()

    def arity(self) -> int | None:
        return VALUE_COUNT.get(self.operator)

    def inputs(self) -> tuple[str, ...]:
        """The values as the form shows them: with an empty field to add one where any number may stand."""
        count = self.arity()
        if count is None:
            return (*self.values, "")
        return (*self.values, *[""] * count)[:count]

    def complete(self) -> bool:
        count = self.arity()
        return bool(self.property) and len(self.values) >= (1 if count is None else count)

    def to_spec(self) -> dict[str, Any]:
        item: dict[str, Any] = {"of": self.of, "property": self.property, "operator": self.operator}
        if self.arity() != 0:
            item["values"] = list(self.values)
        return item


@dataclass(frozen=True, slots=True)
class SeriesRow:
    event: str = ""
    label: str = ""
    measure: str = "count"
    property: str = ""
    percentile: str = "90"
    window_days: str = "7"
    match: str = "and"
    filters: tuple[FilterRow, ...] = ()

    def wants_property(self) -> bool:
        return self.measure in MEASURES_WITH_PROPERTY

    def to_spec(self) -> dict[str, Any]:
        spec: dict[str, Any] = {"event": self.event or None, "measure": self.measure}
        if self.label:
            spec["label"] = self.label
        if self.wants_property():
            spec["property"] = self.property
        if self.measure == "percentile":
            spec["percentile"] = _number(self.percentile)
        if self.measure == "rolling_people":
            spec["window_days"] = _number(self.window_days)
        return spec | _group("filters", self.match, self.filters)


@dataclass(frozen=True, slots=True)
class Breakdown:
    of: str = "event"
    property: str = ""


@dataclass(frozen=True, slots=True)
class Builder:
    """What the form shows. `range` is `last-<n>-<unit>`, `last-<n>-<unit>-whole` or `custom` (`start` to `end`)."""

    series: tuple[SeriesRow, ...] = (SeriesRow(),)
    range: str = DEFAULT_RANGE
    start: str = ""
    end: str = ""
    interval: str = "day"
    match: str = "and"
    filters: tuple[FilterRow, ...] = ()
    breakdown: tuple[Breakdown, ...] = ()
    limit: str = str(DEFAULT_LIMIT)
    formula: str = ""
    compare: str = ""
    display: str = "series"
    smooth: str = ""
    chart: str = "line"

    def to_spec(self) -> dict[str, Any]:
        """The engine's JSON; rows that are not filled in yet are left out."""
        spec: dict[str, Any] = {
            "kind": "trends",
            "range": self._range(),
            "interval": self.interval,
            "series": [row.to_spec() for row in self.series],
            "display": self.display,
        }
        spec |= _group("filters", self.match, self.filters)
        named = [{"of": b.of, "property": b.property} for b in self.breakdown if b.property]
        if named:
            spec |= {"breakdown": named, "breakdown_limit": _number(self.limit)}
        if self.formula:
            spec["formula"] = self.formula
        if self.compare:
            spec["compare"] = {"to": self.compare}
        if self.smooth:
            spec["moving_average"] = _number(self.smooth)
        return spec

    def _range(self) -> dict[str, Any]:
        if self.range == "custom":
            return {"from": self.start} | ({"to": self.end} if self.end else {})
        _, count, unit, *whole = self.range.split("-")
        return {"last": int(count), "unit": unit} | ({"whole": True} if whole else {})

    def missing(self) -> str:
        """The letter of the first series that still lacks its property; empty when all have theirs."""
        lacking = (chr(ord("A") + i) for i, row in enumerate(self.series) if row.wants_property() and not row.property)
        return next(lacking, "")

    def to_query(self) -> str:
        """The state as a query string without what is the default anyway."""
        plain = {
            name: value
            for name, key in _PLAIN.items()
            if (value := getattr(self, key)) and value != getattr(_EMPTY, key)
        }
        pairs: list[tuple[str, str]] = list(plain.items())
        for index, row in enumerate(self.series):
            pairs += _series_pairs(f"s{index}.", row)
        pairs += _filter_pairs("", self.filters)
        for index, part in enumerate(self.breakdown):
            pairs += [(f"b{index}.of", part.of), (f"b{index}.property", part.property)]
        return urlencode(pairs)


_EMPTY = Builder()
# Names in the address -> fields of Builder.
_PLAIN = {
    "range": "range",
    "from": "start",
    "to": "end",
    "interval": "interval",
    "match": "match",
    "limit": "limit",
    "formula": "formula",
    "compare": "compare",
    "display": "display",
    "smooth": "smooth",
    "chart": "chart",
}
_SERIES = ("event", "label", "measure", "property", "percentile", "window_days", "match")


def from_query(query: Query) -> Builder:
    """The state an address describes."""
    plain = {key: _text(query, name) or getattr(_EMPTY, key) for name, key in _PLAIN.items()}
    if not _is_range(plain["range"]):
        plain["range"] = "custom" if plain["start"] else DEFAULT_RANGE
    series = [_series_of(query, f"s{i}.") for i in range(MAX_SERIES) if f"s{i}.measure" in query]
    return Builder(
        series=tuple(series) or _EMPTY.series,
        filters=_filters_of(query, ""),
        breakdown=tuple(
            Breakdown(_text(query, f"b{i}.of", "event"), _text(query, f"b{i}.property"))
            for i in range(MAX_BREAKDOWNS)
            if f"b{i}.property" in query
        ),
        **plain,
    )


def _series_of(query: Query, prefix: str) -> SeriesRow:
    empty = SeriesRow()
    plain = {name: _text(query, prefix + name) or getattr(empty, name) for name in _SERIES}
    return SeriesRow(filters=_filters_of(query, prefix), **plain)


def _filters_of(query: Query, prefix: str) -> tuple[FilterRow, ...]:
    heads = [f"{prefix}f{i}." for i in range(MAX_FILTERS) if f"{prefix}f{i}.property" in query]
    return tuple(
        FilterRow(
            _text(query, head + "of", "event"),
            _text(query, head + "property"),
            _text(query, head + "operator", "exact"),
            tuple(value for value in query.getlist(head + "value") if value),
        )
        for head in heads
    )


def _series_pairs(prefix: str, row: SeriesRow) -> list[tuple[str, str]]:
    empty = SeriesRow()
    pairs = [(prefix + "measure", row.measure)]
    for name in _SERIES:
        value = getattr(row, name)
        if name != "measure" and value and value != getattr(empty, name):
            pairs.append((prefix + name, value))
    return pairs + _filter_pairs(prefix, row.filters)


def _filter_pairs(prefix: str, rows: Iterable[FilterRow]) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for index, row in enumerate(rows):
        head = f"{prefix}f{index}."
        pairs += [(head + "of", row.of), (head + "property", row.property), (head + "operator", row.operator)]
        pairs += [(head + "value", value) for value in row.values]
    return pairs


def from_spec(spec: Mapping[str, Any]) -> Builder | None:
    """The state that asks this question; None when the form cannot show it (nested conditions)."""
    groups = [spec.get("filters"), *(s.get("filters") for s in spec.get("series", []))]
    if any(not _is_flat(group) for group in groups):
        return None
    span, compare = spec.get("range") or {}, spec.get("compare") or {}
    match, filters = _ungroup(spec.get("filters"))
    return Builder(
        series=tuple(_series_row(item) for item in spec.get("series", [])) or _EMPTY.series,
        range=_range_of(span),
        start=str(span.get("from") or ""),
        end=str(span.get("to") or ""),
        interval=spec.get("interval") or "day",
        match=match,
        filters=filters,
        breakdown=tuple(Breakdown(b["of"], b["property"]) for b in spec.get("breakdown") or []),
        limit=str(spec.get("breakdown_limit") or DEFAULT_LIMIT),
        formula=spec.get("formula") or "",
        compare=compare.get("to") or "",
        display=spec.get("display") or "series",
        smooth=str(spec.get("moving_average") or ""),
    )


def _series_row(item: Mapping[str, Any]) -> SeriesRow:
    empty = SeriesRow()
    match, filters = _ungroup(item.get("filters"))
    plain = {name: str(item.get(name) or getattr(empty, name)) for name in _SERIES if name != "match"}
    return SeriesRow(match=match, filters=filters, **plain)


def _group(key: str, match: str, rows: Iterable[FilterRow]) -> dict[str, Any]:
    items = [row.to_spec() for row in rows if row.complete()]
    return {key: {"op": match, "items": items}} if items else {}


def _is_flat(group: Any) -> bool:
    return not group or all("op" not in item for item in group.get("items", []))


def _ungroup(group: Any) -> tuple[str, tuple[FilterRow, ...]]:
    if not group:
        return "and", ()
    rows = tuple(
        FilterRow(
            item.get("of", "event"), item["property"], item["operator"], tuple(str(v) for v in item.get("values") or [])
        )
        for item in group.get("items", [])
    )
    return group.get("op", "and"), rows


def edited(builder: Builder, action: str) -> Builder:
    """The state after a button: `add-series`, `drop-s1`, `add-f`, `drop-f0`, `add-s0.f`, `drop-s0.f1`, `add-b`, …

    An action that names nothing that exists changes nothing.
    """
    verb, _, target = action.partition("-")
    if action == "add-series":
        return replace(builder, series=(*builder.series, SeriesRow())[:MAX_SERIES])
    if target.startswith("s"):
        return _edit_series(builder, verb, target[1:])
    if target.startswith("f"):
        return replace(builder, filters=_edit(builder.filters, FilterRow(), verb, target[1:], MAX_FILTERS))
    if target.startswith("b"):
        return replace(builder, breakdown=_edit(builder.breakdown, Breakdown(), verb, target[1:], MAX_BREAKDOWNS))
    return builder


def _edit_series(builder: Builder, verb: str, target: str) -> Builder:
    number, dot, part = target.partition(".f")
    if not number.isdecimal() or int(number) >= len(builder.series):
        return builder
    index, rows = int(number), list(builder.series)
    if dot:
        filters = _edit(rows[index].filters, FilterRow(), verb, part, MAX_FILTERS)
        rows[index] = replace(rows[index], filters=filters)
    elif verb == "drop" and len(rows) > 1:
        del rows[index]
    return replace(builder, series=tuple(rows))


def _edit(rows: tuple[Any, ...], empty: Any, verb: str, index: str, most: int) -> tuple[Any, ...]:
    if verb == "add":
        return (*rows, empty)[:most]
    if verb == "drop" and index.isdecimal():
        return tuple(row for i, row in enumerate(rows) if i != int(index))
    return rows


def _range_of(span: Mapping[str, Any]) -> str:
    if "last" in span:
        return f"last-{span['last']}-{span['unit']}" + ("-whole" if span.get("whole") else "")
    return "custom" if span else DEFAULT_RANGE


def _is_range(text: str) -> bool:
    return text == "custom" or re.fullmatch(r"last-[0-9]{1,5}-[a-z]+(-whole)?", text) is not None


def _number(text: str) -> Any:
    """`text` as a number where it is one; otherwise as it is, for `parse` to refuse with its field."""
    try:
        number = float(text)
    except ValueError:
        return text
    return int(number) if number.is_integer() else number
