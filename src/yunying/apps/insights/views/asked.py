"""Which question an address asks: the builder's fields, a saved report, or a question as JSON."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest

from yunying.apps.insights.access import metric_for, report_for
from yunying.apps.insights.builder import Builder, edited, from_query, from_spec
from yunying.apps.insights.models import Metric, Report
from yunying.apps.insights.units import Measured
from yunying.apps.insights.words import RANGES
from yunying.base.errors import InvalidInput, NotFound, msg
from yunying.engine import parse
from yunying.platform.products.access import ProductAccess

__all__ = ["Asked", "asked_in", "spec_in"]

LONGEST_SPEC = 50_000


@dataclass(frozen=True, slots=True)
class Asked:
    """`builder` is what the form shows; with `as_json` the question has conditions that only JSON can show.

    `metric` is the one whose question this was when it was opened; it lends its unit as long as the same is measured.
    """

    spec: dict[str, Any]
    builder: Builder
    report: Report | None
    as_json: bool = False
    metric: Metric | None = None

    @property
    def query(self) -> str:
        """The address's query that asks the same again."""
        kept = [urlencode({name: one.pk}) for name, one in (("report", self.report), ("metric", self.metric)) if one]
        plain = urlencode({"spec": self.spec_json}) if self.as_json else self.builder.to_query()
        return "&".join(part for part in (*kept, plain) if part)

    @property
    def measured(self) -> Measured:
        """The metric's unit while series and formula are still the metric's, else plain numbers."""
        if self.metric is None or _measures(self.spec) != _measures({**self.spec, **_pinned(self.metric)}):
            return Measured()
        return Measured(self.metric.unit, self.metric.currency)

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
    metric = _metric_in(query.get("metric", ""), access)
    if "spec" in query:
        return replace(_of_spec(spec_in(query["spec"]), report), metric=metric)
    if report is not None and "s0.measure" not in query:
        return _of_spec(report.spec, report)
    builder = edited(from_query(query), query.get("do", ""))
    return Asked(builder.to_spec(), builder, report, metric=metric)


def _metric_in(text: str, access: ProductAccess) -> Metric | None:
    """The metric of this number; a question outlives the metric it was opened from."""
    try:
        return metric_for(access, int(text)) if text.isdecimal() else None
    except NotFound:
        return None


def _pinned(metric: Metric) -> dict[str, Any]:
    return {"series": metric.question.get("series"), "formula": metric.question.get("formula")}


def _measures(spec: Mapping[str, Any]) -> Any:
    """Series, whatever they are called, and formula as the engine reads them; None when it cannot."""
    read = _read({name: value for name, value in spec.items() if value is not None})
    if read is None:
        return None
    series = [{name: value for name, value in one.items() if name != "label"} for one in read.get("series", [])]
    return series, read.get("formula")


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
