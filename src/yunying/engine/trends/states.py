"""Trends from kept states: which parts of a question have them, and their cells."""

from bisect import bisect_right
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from yunying.base.zones import Interval
from yunying.engine import kept
from yunying.engine.filters import Group
from yunying.engine.kept import State
from yunying.engine.scan import columns, millis, nested
from yunying.engine.session import Session
from yunying.engine.trends.part import Part
from yunying.engine.trends.spec import Measure

__all__ = ["state_cells", "states_of", "with_kept"]

_KEPT = {Measure.COUNT, Measure.PEOPLE, Measure.ROLLING_PEOPLE}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def states_of(part: Part) -> list[State | None]:
    """The state of each series of the part, in order; None where it cannot be kept."""
    spec, zone = part.plan.spec, part.plan.context.zone
    if spec.breakdown or spec.interval is Interval.HOUR:
        return [None]
    chosen = [spec.series[index] for index in part.batch.series]
    if any(series.measure not in _KEPT for series in chosen):
        return [None]
    common: tuple[Group, ...] = (spec.filters,)
    return [kept.state_of(series.event, (*common, series.filters), zone) for series in chosen]


def with_kept(part: Part, session: Session) -> Part:
    """The part with what is kept of it, if anything is."""
    cuts = [_EPOCH + timedelta(milliseconds=edge) for edge in part.edges]
    return replace(part, kept=kept.find(session, states_of(part), part.spans, cuts))


def state_cells(part: Part) -> str:
    """The same columns as the cells made of events, for the days that are kept."""
    assert part.kept is not None
    now = [f"bucket >= {part.since()} AS now"] if part.compared else []
    if not part.many:  # a bucket of one state is one row already
        [column] = part.columns
        cell = f"{'owned' if column.aggregate.reads else 'events'} AS {column.cell}"
        return f"SELECT {', '.join(['bucket', *now, cell])}\nFROM\n{nested(_rows(part))}"
    made = []
    for column in part.columns:
        test = f"series IN ({', '.join(map(str, column.series))})" if len(part.columns) > 1 else ""
        function, reads = ("groupBitmapMergeState", "owned") if column.aggregate.reads else ("sum", "events")
        made.append(f"{function}{f'If({reads}, {test})' if test else f'({reads})'} AS {column.cell}")
    shown = ", ".join(["bucket", "series", *now, *made])
    return f"SELECT {shown}\nFROM\n{nested(_rows(part))}\nGROUP BY bucket, series"


def _rows(part: Part) -> str:
    """bucket, events and people of each state, and the series it belongs to: one row for each."""
    assert part.kept is not None
    days, keys = part.kept.days, [state.key for state in part.kept.states]
    buckets = [part.edges[bisect_right(part.edges, millis(day.span.start)) - 1] for day in days]
    people = any(column.aggregate.reads for column in part.columns)
    found = kept.cells_sql(part.binder, keys, days, buckets, people=people, name="bucket")
    if not part.many:
        return found
    indices = ", ".join(map(str, part.batch.series))
    questions = part.binder.bind("keys", keys, "Array(UInt64)")
    series = f"arrayJoin(arrayFilter((i, k) -> k = question, [{indices}], {questions})) AS series"
    return f"{columns(['bucket', 'events', *(['owned'] if people else []), series])}\nFROM\n{nested(found)}"
