"""The form of a definition: groups of conditions, in the address and back from the engine's JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from yunying.apps.insights.kinds.form import rows, text, texts
from yunying.apps.insights.kinds.rows import VALUE_COUNT, EventRow, FilterRow, Unshowable, number

__all__ = ["CohortForm", "ConditionRow", "GroupRow"]

MOST_GROUPS, MOST_CONDITIONS = 10, 20
# What a row is in the form -> what it is for the engine, and whether it is turned round.
KINDS = {
    "did": ("did", False),
    "did_not": ("did", True),
    "first_time": ("first_time", False),
    "stopped": ("stopped", False),
    "regularly": ("regularly", False),
    "property": ("property", False),
    "in": ("cohort", False),
    "not_in": ("cohort", True),
}


@dataclass(frozen=True)
class ConditionRow(EventRow):
    """One condition. Which of its fields count depends on `kind`; the others wait for when one comes back to them."""

    kind: str = text("did", always=True)
    times_op: str = text("gte")
    times: str = text("1")
    window: str = text("last")
    count: str = text("30")
    unit: str = text("day")
    since: str = text()
    absent: str = text("7")
    absent_unit: str = text("day")
    at_least: str = text("3")
    periods: str = text("4")
    period: str = text("week")
    of: str = text("person")
    property: str = text()
    operator: str = text("exact")
    values: tuple[str, ...] = texts("value")
    cohort: str = text()

    def shape(self) -> str:
        """What is asked of the engine: did, first_time, stopped, regularly, property or cohort."""
        return KINDS.get(self.kind, ("did", False))[0]

    def does(self) -> bool:
        """Whether the condition is about events."""
        return self.shape() not in ("property", "cohort")

    def inputs(self) -> tuple[str, ...]:
        """The values as the form shows them."""
        return FilterRow(self.of, self.property, self.operator, self.values).inputs()

    def complete(self) -> bool:
        if self.shape() == "cohort":
            return self.cohort.isdecimal()
        if self.shape() == "property":
            count = VALUE_COUNT.get(self.operator)
            return bool(self.property) and len(self.values) >= (1 if count is None else count)
        return True

    def to_spec(self) -> dict[str, Any]:
        shape, turned = KINDS.get(self.kind, ("did", False))
        turn = {"not": True} if turned else {}
        if shape == "cohort":
            return {"kind": "cohort", "cohort": int(self.cohort)} | turn
        if shape == "property":
            asked = FilterRow(self.of, self.property, self.operator, self.values).to_spec()
            return {"kind": "property"} | asked
        return {"kind": shape} | super().to_spec() | turn | self._when(shape)

    def _when(self, shape: str) -> dict[str, Any]:
        if shape == "regularly":
            return {"at_least": number(self.at_least), "of": number(self.periods), "unit": self.period}
        within = {"within": found} if (found := self._window(shape)) else {}
        if shape == "stopped":
            return within | {"absent": {"last": number(self.absent), "unit": self.absent_unit}}
        if shape == "did":
            return within | {"times": {"op": self.times_op, "count": number(self.times)}}
        return within

    def _window(self, shape: str) -> dict[str, Any] | None:
        if self.window == "since" and self.since:
            return {"since": self.since}
        if self.window == "ever" and shape != "stopped":
            return None
        whole = {"whole": True} if self.window == "whole" else {}
        return {"last": number(self.count), "unit": self.unit} | whole

    @classmethod
    def of_spec(cls, item: Mapping[str, Any]) -> Self:
        """The row that asks this. Raises Unshowable for nested filters, KeyError for what is no condition."""
        kind = next(name for name, known in KINDS.items() if known == (item["kind"], bool(item.get("not"))))
        if kind in ("in", "not_in"):
            return cls(kind=kind, cohort=str(item["cohort"]))
        if kind == "property":
            values = tuple(str(value) for value in item.get("values") or [])
            return cls(kind=kind, of=item["of"], property=item["property"], operator=item["operator"], values=values)
        event = EventRow.of_spec(item)
        times, absent = item.get("times") or {}, item.get("absent") or {}
        return cls(
            event.event,
            event.match,
            event.filters,
            kind=kind,
            times_op=times.get("op") or "gte",
            times=str(times.get("count") or 1),
            absent=str(absent.get("last") or 7),
            absent_unit=absent.get("unit") or "day",
            at_least=str(item.get("at_least") or 3),
            periods=str(item.get("of") or 4),
            period=item.get("unit") or "week",
            **_window_of(item.get("within")),
        )


def _window_of(window: Mapping[str, Any] | None) -> dict[str, Any]:
    if window is None:
        return {"window": "ever"}
    if "since" in window:
        return {"window": "since", "since": str(window["since"])}
    return {
        "window": "whole" if window.get("whole") else "last",
        "count": str(window["last"]),
        "unit": str(window["unit"]),
    }


@dataclass(frozen=True)
class GroupRow:
    """Conditions of which all (`and`) or any (`or`) must hold; with `no`, everybody else."""

    match: str = text("and")
    no: str = text()
    conditions: tuple[ConditionRow, ...] = rows("c", ConditionRow, most=MOST_CONDITIONS, least=1)

    def complete(self) -> bool:
        return any(row.complete() for row in self.conditions)

    def to_spec(self) -> dict[str, Any]:
        turn = {"not": True} if self.no else {}
        return {"op": self.match} | turn | {"items": [row.to_spec() for row in self.conditions if row.complete()]}

    @classmethod
    def of_spec(cls, item: Mapping[str, Any]) -> Self:
        """Raises Unshowable for groups in the group."""
        items = item.get("items")
        if items is None:
            return cls(conditions=(ConditionRow.of_spec(item),))
        if any("items" in one for one in items):
            raise Unshowable
        found = tuple(ConditionRow.of_spec(one) for one in items)
        return cls(item.get("op") or "and", "1" if item.get("not") else "", found)


@dataclass(frozen=True)
class CohortForm:
    """`match` is how groups combine."""

    match: str = text("and")
    groups: tuple[GroupRow, ...] = rows("g", GroupRow, most=MOST_GROUPS, least=1)

    @property
    def begun(self) -> bool:
        """Whether anything is filled in: a new form asks for everybody who did anything, which nobody meant."""
        plain = CohortForm()
        return self != plain and any(group.complete() for group in self.groups)

    def to_spec(self) -> dict[str, Any]:
        """The engine's JSON; rows that are not filled in yet are left out."""
        groups = [group.to_spec() for group in self.groups if group.complete()]
        return groups[0] if len(groups) == 1 else {"op": self.match, "items": groups}

    @classmethod
    def of_spec(cls, spec: Mapping[str, Any]) -> Self:
        """The form of a definition. Raises Unshowable when groups are nested more deeply than the form shows."""
        items = spec.get("items")
        if items is None or not any("items" in item for item in items):
            return cls(groups=(GroupRow.of_spec(spec),))
        if spec.get("not"):
            raise Unshowable
        return cls(spec.get("op") or "and", tuple(GroupRow.of_spec(item) for item in items))
