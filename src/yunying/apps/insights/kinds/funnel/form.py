"""The funnel form and the engine's question."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from yunying.apps.insights.kinds.form import rows, text
from yunying.apps.insights.kinds.rows import Asking, EventRow, number

__all__ = ["MAX_STEPS", "ExclusionRow", "FunnelForm", "HeldRow", "StepRow"]

MAX_STEPS, MAX_EVENTS, MAX_EXCLUSIONS, MAX_HELD = 20, 20, 10, 3


@dataclass(frozen=True)
class StepRow:
    """One step, done by any of its events."""

    label: str = text()
    optional: str = text()
    events: tuple[EventRow, ...] = rows("e", EventRow, most=MAX_EVENTS, least=1)

    @property
    def name(self) -> str:
        """What the step is called where it has no name yet: its events."""
        return self.label or ", ".join(one.event for one in self.events if one.event)

    def to_spec(self) -> dict[str, Any]:
        spec: dict[str, Any] = {"events": [one.to_spec() for one in self.events]}
        return spec | ({"label": self.label} if self.label else {}) | ({"optional": True} if self.optional else {})

    @classmethod
    def of_spec(cls, item: Mapping[str, Any]) -> Self:
        events = tuple(EventRow.of_spec(one) for one in item["events"])
        return cls(str(item.get("label") or ""), "1" if item.get("optional") else "", events)


@dataclass(frozen=True)
class ExclusionRow(EventRow):
    """What must not happen between two steps, counted from 1."""

    first: str = text("1", name="from")
    last: str = text("2", name="to")

    def complete(self) -> bool:
        return bool(self.event or any(row.complete() for row in self.filters))

    def to_spec(self) -> dict[str, Any]:
        return super().to_spec() | {"from": number(self.first), "to": number(self.last)}

    @classmethod
    def of_spec(cls, item: Mapping[str, Any]) -> Self:
        one = EventRow.of_spec(item)
        return cls(one.event, one.match, one.filters, str(item["from"]), str(item["to"]))


@dataclass(frozen=True)
class HeldRow:
    """A property of the events that is the same through all steps."""

    property: str = text(always=True)

    def complete(self) -> bool:
        return bool(self.property)


@dataclass(frozen=True)
class FunnelForm(Asking):
    steps: tuple[StepRow, ...] = rows("t", StepRow, most=MAX_STEPS, least=2)
    exclusions: tuple[ExclusionRow, ...] = rows("x", ExclusionRow, most=MAX_EXCLUSIONS)
    hold: tuple[HeldRow, ...] = rows("h", HeldRow, most=MAX_HELD)
    order: str = text("ordered")
    window_count: str = text("14", name="window.count")
    window_unit: str = text("day", name="window.unit")
    attribution: str = text("first", name="attribution.to")
    attribution_step: str = text("1", name="attribution.step")
    within_range: str = text()
    display: str = text("steps")
    interval: str = text("day")
    from_step: str = text()
    to_step: str = text()
    bins: str = text()

    def to_spec(self) -> dict[str, Any]:
        spec: dict[str, Any] = {
            "kind": "funnel",
            "order": self.order,
            "window": {"count": number(self.window_count), "unit": self.window_unit},
            "steps": [step.to_spec() for step in self.steps],
            "display": self.display,
        } | self.common_spec()
        if exclusions := [row.to_spec() for row in self.exclusions if row.complete()]:
            spec["exclusions"] = exclusions
        if held := [row for row in self.hold if row.complete()]:
            spec["hold"] = [{"of": "event", "property": row.property} for row in held]
        if "breakdown" in spec:
            spec["attribution"] = self._attribution()
        if self.within_range:
            spec["within_range"] = True
        return spec | self._shown()

    def _attribution(self) -> dict[str, Any]:
        step = {"step": number(self.attribution_step)} if self.attribution == "step" else {}
        return {"to": self.attribution} | step

    def _shown(self) -> dict[str, Any]:
        """What only some displays ask for; choices of others stay in the form for when one comes back to them."""
        found: dict[str, Any] = {}
        if self.display in ("times", "over_time"):
            steps = {"from_step": self.from_step, "to_step": self.to_step}
            found |= {name: number(step) for name, step in steps.items() if step}
        if self.display == "over_time":
            found["interval"] = self.interval
        if self.display == "times" and self.bins:
            found["bins"] = number(self.bins)
        return found

    def missing(self) -> str:
        """A funnel of nothing but any events says nothing: the first step to be filled in."""
        asked = [event.event or event.filters for step in self.steps for event in step.events]
        return "" if any(asked) else "t0.e0.event"

    @classmethod
    def of_spec(cls, spec: Mapping[str, Any]) -> Self:
        window, attribution = spec.get("window") or {}, spec.get("attribution") or {}
        first, last = spec.get("from_step") or 1, spec.get("to_step") or len(spec["steps"])
        return cls(
            **cls.common_of(spec),
            steps=tuple(StepRow.of_spec(item) for item in spec["steps"]),
            exclusions=tuple(ExclusionRow.of_spec(item) for item in spec.get("exclusions") or []),
            hold=tuple(HeldRow(item["property"]) for item in spec.get("hold") or []),
            order=spec.get("order") or "ordered",
            window_count=str(window.get("count") or 14),
            window_unit=window.get("unit") or "day",
            attribution=attribution.get("to") or "first",
            attribution_step=str(attribution.get("step") or 1),
            within_range="1" if spec.get("within_range") else "",
            display=spec.get("display") or "steps",
            interval=spec.get("interval") or "day",
            from_step="" if first == 1 else str(first),
            to_step="" if last == len(spec["steps"]) else str(last),
            bins=str(spec.get("bins") or ""),
        )
