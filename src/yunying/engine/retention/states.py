"""Retention from kept states: recurring cohorts by the calendar, without a breakdown or a value."""

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


def state_sets(part: Part, alike: bool) -> str:
    """bucket with started and returned, or with the people of both where they are alike, of the days that are kept."""
    assert part.kept is not None
    started, returned = part.kept.states
    bind, keys = part.binder.bind, [started.key, returned.key]
    days = bind("days", [day.name.isoformat() for day in part.kept.days], "Array(Date)")
    starts = bind("day_starts", [millis(day.span.start) for day in part.kept.days], "Array(Int64)")
    at = f"arrayElement({starts}, indexOf({days}, day))"
    read = columns([f"{at} AS at", f"roundDown(at, {part.edges()}) AS bucket", "question", "people"])
    rows = f"{read}\nFROM\n{nested(kept.read(part.binder, keys, part.kept.days))}"
    if alike:
        made = {"people": "groupBitmapMergeState(people)"}
    else:
        of_start = f"question = {bind('started', started.key, 'UInt64')}"
        of_start += f" AND at < {bind('range_end', millis(part.plan.span.end), 'Int64')}"
        of_return = f"question = {bind('returned', returned.key, 'UInt64')}"
        made = {
            "started": f"groupBitmapMergeStateIf(people, {of_start})",
            "returned": f"groupBitmapMergeStateIf(people, {of_return})",
        }
    merged = columns(["bucket", *(f"{how} AS raw_{name}" for name, how in made.items())])
    merged += f"\nFROM\n{nested(rows)}\nGROUP BY bucket"
    owned = [f"{kept.owners(f'raw_{name}')} AS {name}" for name in made]
    return f"{columns(['bucket', *owned])}\nFROM\n{nested(merged)}"
