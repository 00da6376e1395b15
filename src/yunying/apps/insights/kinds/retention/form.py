"""The retention form and the engine's question."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from yunying.apps.insights.kinds.form import inner, text
from yunying.apps.insights.kinds.rows import Asking, EventRow, number

__all__ = ["RetentionForm"]


@dataclass(frozen=True)
class RetentionForm(Asking):
    range: str = text("last-12-week")
    start: EventRow = field(default_factory=EventRow, metadata=inner("start", EventRow))
    back: EventRow = field(default_factory=EventRow, metadata=inner("return", EventRow))
    period: str = text("week")
    mode: str = text("recurring")
    clock: str = text("calendar")
    on_or_after: str = text()
    minimum: str = text("1")
    brackets: str = text()
    periods: str = text()
    measure: str = text(name="value.measure")
    property: str = text(name="value.property")
    display: str = text("table")
    chart: str = text("rate", name="show")

    def to_spec(self) -> dict[str, Any]:
        spec: dict[str, Any] = {
            "kind": "retention",
            "period": self.period,
            "start": self.start.to_spec(),
            "return": self.back.to_spec(),
            "mode": self.mode,
            "clock": self.clock,
            "minimum": number(self.minimum),
            "display": self.display,
        } | self.common_spec()
        if self.on_or_after:
            spec["on_or_after"] = True
        if brackets := [part for part in re.split(r"[\s,;，、]+", self.brackets) if part]:
            spec["brackets"] = [number(part) for part in brackets]
        elif self.periods:
            spec["periods"] = number(self.periods)
        if self.measure and self.property:
            spec["value"] = {"measure": self.measure, "property": self.property}
        return spec

    @classmethod
    def of_spec(cls, spec: Mapping[str, Any]) -> Self:
        value = spec.get("value") or {}
        return cls(
            **cls.common_of(spec),
            start=EventRow.of_spec(spec.get("start") or {}),
            back=EventRow.of_spec(spec.get("return") or {}),
            period=spec.get("period") or "week",
            mode=spec.get("mode") or "recurring",
            clock=spec.get("clock") or "calendar",
            on_or_after="1" if spec.get("on_or_after") else "",
            minimum=str(spec.get("minimum") or 1),
            brackets=", ".join(str(length) for length in spec.get("brackets") or []),
            periods=str(spec.get("periods") or ""),
            measure=(value.get("measure") or "sum") if value else "",
            property=value.get("property") or "",
            display=spec.get("display") or "table",
        )
