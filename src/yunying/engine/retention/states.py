"""Retention from kept states: recurring cohorts by the calendar, without a breakdown or a value."""

from bisect import bisect_right
from dataclasses import replace

from yunying.base.zones import Interval, Span
from yunying.engine import kept
from yunying.engine.kept import State
from yunying.engine.retention.matched import Part
from yunying.engine.retention.plan import Plan
from yunying.engine.retention.spec import Mode
from yunying.engine.scan import columns, millis, nested
from yunying.engine.session import Session

__all__ = ["state_sets", "states_of", "with_kept"]


def states_of(plan: Plan) -> list[State | None]:
    """The states of start and return; None where one cannot be kept."""
    spec, zone = plan.spec, plan.context.zone
    plain = spec.mode is Mode.RECURRING and not (plan.rolling or spec.breakdown or spec.value or spec.minimum > 1)
    if not plain or spec.period is Interval.HOUR:
        return [None]
    return [kept.state_of(doing.event, (spec.filters, doing.filters), zone) for doing in (spec.start, spec.back)]


def with_kept(part: Part, session: Session) -> Part:
    """The part with what is kept of it, if anything is."""
    plan = part.plan
    reach = Span(plan.span.start, max(plan.span.end, plan.reach))
    cuts = [*(bucket.start for bucket in plan.buckets), plan.span.end]
    return replace(part, kept=kept.find(session, states_of(plan), [reach], cuts))


def state_sets(part: Part) -> str:
    """number, role (1 started, 2 returned, 3 both, 0 neither) and people of the days that are kept."""
    assert part.kept is not None
    plan, days, (started, returned) = part.plan, part.kept.days, part.kept.states
    starts = [millis(bucket.start) for bucket in plan.buckets]
    # Days after the range hold returns only: they have odd cells.
    cells = [bisect_right(starts, millis(day.span.start)) * 2 + (day.span.start >= plan.span.end) for day in days]
    found = kept.cells_sql(part.binder, [started.key, returned.key], days, cells, people=True)
    of_start = f"question = {part.binder.bind('started', started.key, 'UInt64')} AND cell % 2 = 0"
    of_return = f"question = {part.binder.bind('returned', returned.key, 'UInt64')}"
    role = f"if({of_start}, 1, 0) + if({of_return}, 2, 0) AS role"
    return f"{columns(['toUInt64(intDiv(cell, 2)) AS number', role, 'owned AS people'])}\nFROM\n{nested(found)}"
