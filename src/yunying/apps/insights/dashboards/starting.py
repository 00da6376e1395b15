"""From a template to a dashboard: what its tiles are bound to, and the reports it makes.

What plays a role is found as templates of metrics find it: chosen by hand, marked in the catalogue, or by its name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction

from yunying.apps.insights.dashboards.grid import COLUMNS
from yunying.apps.insights.dashboards.models import Dashboard, Kind
from yunying.apps.insights.dashboards.services import add_tile, create_dashboard
from yunying.apps.insights.dashboards.starters import ANY, Part, Starter
from yunying.apps.insights.freshness import last_event_day, today_of
from yunying.apps.insights.metric_templates.binding import Binding, Found
from yunying.apps.insights.services import create_report
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.models import Product

__all__ = ["Bound", "bound", "make", "spec_of"]

RECENT_DAYS, PAST_DAYS = 30, 90
ACCOUNT = "account"
"""The need of events that tell their account."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A tile and what each of its roles is bound to. `missing` are the roles that nothing plays."""

    part: Part
    roles: Mapping[str, Found]
    missing: tuple[str, ...]

    @property
    def events(self) -> tuple[str, ...]:
        """The events it asks for; none where it asks for every event."""
        return tuple(dict.fromkeys(found.need.event for found in self.roles.values()))


def bound(starter: Starter, binding: Binding) -> list[Bound]:
    """Each tile of a template with its events, and what is missing for it."""
    return [_bound(part, binding) for part in starter.parts]


def make(*, access: ProductAccess, starter: Starter, binding: Binding, name: str = "") -> Dashboard:
    """The dashboard of a template with a saved report for each tile whose events are there."""
    access.require(Permission.EDIT_REPORTS)
    title = name.strip() or str(starter.label)
    there = [one for one in bound(starter, binding) if not one.missing]
    with transaction.atomic():
        dashboard = create_dashboard(access=access, name=title, description=str(starter.about))
        for one, place in zip(there, _places([one.part for one in there]), strict=True):
            named = f"{title}: {one.part.title}"[:120]
            spec = spec_of(one, _span(access.product, one.events))
            report = create_report(access=access, name=named, spec=spec)
            add_tile(
                access=access,
                dashboard=dashboard,
                kind=Kind.REPORT,
                report=report,
                title=str(one.part.title),
                chart=one.part.look,
                place=place,
            )
    return dashboard


def spec_of(one: Bound, span: Mapping[str, Any]) -> dict[str, Any]:
    """The question of a tile with nothing missing, over `span`."""
    part, series = one.part, []
    for role, measure in part.series:
        need = one.roles[role].need if role != ANY else None
        line: dict[str, Any] = {"event": need.event if need else None, "measure": measure}
        if measure == "sum" and need:
            line["property"] = need.amount
        if len(part.series) == 1:
            line["label"] = str(part.title)
        series.append(line)
    spec: dict[str, Any] = {"kind": "trends", "range": dict(span), "interval": "day", "series": series}
    if part.formula:
        spec["formula"] = part.formula
    if part.compare:
        spec["compare"] = {"to": "previous"}
    return spec


def _bound(part: Part, binding: Binding) -> Bound:
    roles: dict[str, Found] = {}
    missing = [] if binding.events else [ANY]
    for needed in part.needs:
        found = next((binding.found[one] for one in needed.split("|") if one in binding.found), None)
        if found is not None:
            roles[needed] = found
        elif needed != ANY:
            missing.append(needed)
    if binding.events and not binding.has_accounts and any(measure == "accounts" for _role, measure in part.series):
        missing.append(ACCOUNT)
    return Bound(part, roles, tuple(missing))


def _span(product: Product, events: Sequence[str]) -> dict[str, Any]:
    """The last 30 days; where a tile's own events ended before, the 90 days up to their end, so that none is empty."""
    newest, today = last_event_day(product, events), today_of(product)
    if newest is None or (today - newest).days < RECENT_DAYS:
        return {"last": RECENT_DAYS, "unit": "day"}
    return {"from": (newest - timedelta(days=PAST_DAYS - 1)).isoformat(), "to": newest.isoformat()}


def _places(parts: Sequence[Part]) -> list[tuple[int, int, int, int]]:
    """From left to right, a new row where one is full."""
    found: list[tuple[int, int, int, int]] = []
    x = y = lowest = 0
    for part in parts:
        w, h = part.size
        if x + w > COLUMNS:
            x, y = 0, lowest
        found.append((x, y, w, h))
        x, lowest = x + w, max(lowest, y + h)
    return found
