"""Which question an address asks: the form's fields, a saved report, or a question as JSON."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest

from yunying.apps.insights.access import metric_for, report_for
from yunying.apps.insights.kinds import PageKind, page_kind
from yunying.apps.insights.kinds.form import Placed, address_of, edited
from yunying.apps.insights.kinds.rows import Asking, Unshowable, form_in
from yunying.apps.insights.models import Metric, Report
from yunying.apps.insights.units import Measured
from yunying.apps.insights.words import RANGES, chosen_look
from yunying.base.errors import InvalidInput, NotFound, msg
from yunying.engine import parse
from yunying.platform.products.access import ProductAccess

__all__ = ["Asked", "asked_in", "asked_of", "spec_in"]

LONGEST_SPEC = 50_000
# Parts of an address that are not the question itself.
_ASIDE = frozenset({"report", "metric", "kind", "fresh", "export", "do"})


@dataclass(frozen=True, slots=True)
class Asked:
    """`form` is what the builder shows; with `as_json` the question has parts that only JSON can show.

    `metric` is the one whose question this was when it was opened; it lends its unit as long as the same is measured.
    """

    kind: PageKind
    spec: dict[str, Any]
    form: Asking
    report: Report | None
    as_json: bool = False
    metric: Metric | None = None

    @property
    def placed(self) -> Placed:
        """The form for its templates."""
        return Placed(self.form)

    @property
    def query(self) -> str:
        """The address's query that asks the same again."""
        kept = [urlencode({name: one.pk}) for name, one in (("report", self.report), ("metric", self.metric)) if one]
        plain = urlencode({"spec": self.spec_json}) if self.as_json else address_of(self.form)
        return "&".join(part for part in (*kept, plain) if part)

    @property
    def look(self) -> str:
        """The chart that is wanted, for kinds that offer several."""
        return str(getattr(self.form, "chart", ""))

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
    def pretty_spec(self) -> str:
        return json.dumps(self.spec, ensure_ascii=False, indent=2)

    @property
    def start_day(self) -> str:
        return self.form.since[:10]

    @property
    def end_day(self) -> str:
        return self.form.until[:10]

    @property
    def known_range(self) -> bool:
        """Whether the range is one of those the form offers."""
        return any(value == self.form.range for value, _label in RANGES)

    @property
    def changed(self) -> bool:
        """Whether the question, compared as the engine reads it, or its look differs from the saved report's."""
        if self.report is None:
            return False
        return _read(self.spec) != self.report.spec or chosen_look(self.kind.name, self.look) != self.report.look


def asked_in(request: HttpRequest, access: ProductAccess, kind: PageKind | None = None) -> Asked:
    """What the address asks on the page of `kind`, or of the kind it names itself.

    Raises NotFound for a report of another product, InvalidInput for unreadable JSON and kinds that are not known.
    """
    query = request.GET
    report = report_for(access, int(query["report"])) if query.get("report", "").isdecimal() else None
    metric = _metric_in(query.get("metric", ""), access)
    if "spec" in query:
        return replace(asked_of(spec_in(query["spec"]), report), metric=metric)
    if report is not None and not any(key not in _ASIDE for key in query):
        return _after(asked_of(report.spec, report), query.get("do", ""))
    kind = kind or page_kind(query.get("kind") or (report.kind if report else "trends"))
    form = edited(form_in(query, kind.form), query.get("do", ""))
    return Asked(kind, form.to_spec(), form, report, metric=metric)


def _after(asked: Asked, action: str) -> Asked:
    if not action or asked.as_json:
        return asked
    form = edited(asked.form, action)
    return replace(asked, form=form, spec=form.to_spec())


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


def asked_of(spec: dict[str, Any], report: Report | None = None) -> Asked:
    """A question as the form of its kind shows it. Raises InvalidInput for a kind that is not known."""
    kind = page_kind(str(spec.get("kind")))
    try:
        form = kind.form.of_spec(spec)
    except (Unshowable, KeyError, TypeError, AttributeError, ValueError):
        return Asked(kind, spec, _looking(kind.form(), report), report, as_json=True)
    return Asked(kind, form.to_spec(), _looking(form, report), report)


def _looking(form: Asking, report: Report | None) -> Asking:
    """The form with the way of drawing a report was saved with."""
    more: dict[str, Any] = {"chart": report.look} if report and report.look and hasattr(form, "chart") else {}
    return replace(form, **more)


def _read(spec: dict[str, Any]) -> Any:
    try:
        return parse(spec).to_json()
    except InvalidInput:
        return None
