"""Retention of kept days altogether: what a statement would find, from sets in memory."""

from bisect import bisect_right
from collections import defaultdict

from pyroaring import BitMap

from yunying.engine import kept
from yunying.engine.retention.matched import Part
from yunying.engine.retention.plan import Plan
from yunying.engine.retention.shape import Found
from yunying.engine.scan import millis
from yunying.engine.session import Session

__all__ = ["from_sets"]

# A cell costs its time here on one core; of more of them the engine makes shorter work.
_MOST_CELLS = 2_000

Numbered = dict[int, BitMap]


def from_sets(part: Part, session: Session) -> Found | None:
    """The answer to a part whose days are all kept; None where the store must be asked."""
    plan = part.plan
    if part.kept is None or plan.size * plan.last_window > _MOST_CELLS:
        return None
    sets = kept.held(session, part.kept)
    if sets is None:
        return None
    starts, returns = part.kept.states
    starters: Numbered = defaultdict(BitMap)
    returners: Numbered = defaultdict(BitMap)
    edges = [millis(bucket.start) for bucket in plan.buckets]
    for day in part.kept.days:
        number = bisect_right(edges, millis(day.span.start)) - 1
        if day.span.start < plan.span.end:
            starters[number] |= sets[starts.key, day.name].people
        returners[number] |= sets[returns.key, day.name].people
    found = Found()
    for cohort, people in starters.items():
        if people:
            _add(plan, cohort, people, returners, found)
    return found


def _add(plan: Plan, cohort: int, people: BitMap, returners: Numbered, found: Found) -> None:
    """A cohort and its columns that have begun, the last one first."""
    found.sizes[1, cohort] = len(people)
    later = BitMap()
    for column, (first, last) in reversed(list(enumerate(plan.columns[1:], 1))):
        windows = range(first, min(last, plan.begun[cohort]) + 1)
        if not windows:
            continue
        back = BitMap.union(*(returners.get(cohort + window, _NOBODY) for window in windows))
        later = later | back if plan.spec.on_or_after else back
        found.cells[1, cohort, column] = (people.intersection_cardinality(later), 0.0, 0)


_NOBODY = BitMap()
