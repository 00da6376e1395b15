"""Which question an address asks: the builder's fields, a saved report, or a question as JSON."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest

from yunying.apps.insights.access import report_for
from yunying.apps.insights.builder import Builder, edited, from_query, from_spec
from yunying.apps.insights.models import Report
from yunying.apps.insights.words import RANGES
from yunying.base.errors import InvalidInput, msg
from yunying.engine import parse
from yunying.platform.products.access import ProductAccess

__all__ = ["Asked", "asked_in", "spec_in"]

LONGEST_SPEC = 50_000


@dataclass(frozen=True, slots=True)
class Asked:
    """`builder` is what the form shows; with `as_json` the question has conditions that only JSON can show."""

    spec: dict[str, Any]
    builder: Builder
    report: Report | None
    as_json: bool = False

    @property
    def query(self) -> str:
        """The address's query that asks the same again."""
        kept = urlencode({"report": self.report.pk}) if self.report else ""
        plain = urlencode({"spec": self.spec_json}) if self.as_json else self.builder.to_query()
        return "&".join(part for part in (kept, plain) if part)

    @property
    def spec_json(self) -> str:
        return json.dumps(self.spec, ensure_ascii=False, separators=(",", ":"))

    @property
    def start_day(self) -> str:
        return self.builder.start[:10]

    @property
    def end_day(self) -> str:
        return self.builder.end[:10]

    @property
    def known_range(self) -> bool:
        """Whether the range is one of those the form offers."""
        return any(value == self.builder.range for value, _label in RANGES)

    @property
    def changed(self) -> bool:
        """Whether the question differs from the saved report's. Compared as the engine reads them."""
        return self.report is not None and _read(self.spec) != self.report.spec


def asked_in(request: HttpRequest, access: ProductAccess) -> Asked:
    """What the address asks. Raises NotFound for a report of another product, InvalidInput for unreadable JSON."""
    query = request.GET
    report = report_for(access, int(query["report"])) if query.get("report", "").isdecimal() else None
    if "spec" in query:
        return _of_spec(spec_in(query["spec"]), report)
    if report is not None and "s0.measure" not in query:
        return _of_spec(report.spec, report)
    builder = edited(from_query(query), query.get("do", ""))
    return Asked(builder.to_spec(), builder, report)


def spec_in(text: str) -> dict[str, Any]:
    """A question sent as JSON. Raises InvalidInput when it is not a JSON object."""
    try:
        spec = json.loads(text[:LONGEST_SPEC])
    except (ValueError, RecursionError):
        spec = None
    if not isinstance(spec, dict):
        raise InvalidInput("spec.json", msg("This is not a question as a JSON object."), field="spec")
    return spec


def _of_spec(spec: dict[str, Any], report: Report | None) -> Asked:
    try:
        builder = from_spec(spec)
    except (KeyError, TypeError, AttributeError, ValueError):
        builder = None
    if builder is None:
        return Asked(spec, Builder(), report, as_json=True)
    return Asked(builder.to_spec(), builder, report)


def _read(spec: dict[str, Any]) -> Any:
    try:
        return parse(spec).to_json()
    except InvalidInput:
        return None
