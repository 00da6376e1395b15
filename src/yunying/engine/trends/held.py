"""Trends of kept days altogether: the numbers of a statement, from sets in memory."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator

from pyroaring import BitMap

from yunying.engine import kept
from yunying.engine.kept import Held
from yunying.engine.scan import millis
from yunying.engine.session import Session
from yunying.engine.trends.part import Part, Place
from yunying.engine.trends.spec import Display, Measure

__all__ = ["Number", "from_sets"]

# The index of the series, the period and its bucket (None: the whole range), and the number.
Number = tuple[int, int, int | None, int]


def from_sets(part: Part, session: Session) -> list[Number] | None:
    """The numbers of a part whose days are all kept; None where the store must be asked."""
    if part.kept is None:
        return None
    # For counts alone sets are not worth reading.
    sets = kept.held(session, part.kept, read=any(column.aggregate.reads for column in part.columns))
    if sets is None:
        return None
    numbers: list[Number] = []
    for index, state in zip(part.batch.series, part.kept.states, strict=True):
        days = [(millis(day.span.start), sets[state.key, day.name]) for day in part.kept.days]
        numbers += [(index, *place, number) for place, number in _of_series(part, index, days)]
    return numbers


def _of_series(part: Part, index: int, days: list[tuple[int, Held]]) -> Iterator[tuple[Place, int]]:
    if part.rolling:
        return _windows(part, days)
    cells = defaultdict(list)
    for start, day in days:
        cells[part.starts[part.edges[bisect_right(part.edges, start) - 1]]].append(day)
    if part.plan.spec.series[index].measure is Measure.COUNT:
        return _counts(part, {place: sum(day.events for day in found) for place, found in cells.items()})
    return _people(part, {place: BitMap.union(*(day.people for day in found)) for place, found in cells.items()})


def _counts(part: Part, cells: dict[Place, int]) -> Iterator[tuple[Place, int]]:
    """Those of each bucket and, unless buckets are added up later, of the whole range."""
    yield from cells.items()
    if not part.adds_up:
        for period in {period for period, _ in cells}:
            yield (period, None), sum(events for (of, _), events in cells.items() if of == period)


def _people(part: Part, cells: dict[Place, BitMap]) -> Iterator[tuple[Place, int]]:
    """Those of each bucket and of the whole range, or those so far."""
    so_far: dict[int, BitMap] = defaultdict(BitMap)
    running = part.plan.spec.display is Display.CUMULATIVE
    for (period, bucket), people in sorted(cells.items()):
        so_far[period] |= people
        yield (period, bucket), len(so_far[period] if running else people)
    if not running:
        for period, people in so_far.items():
            yield (period, None), len(people)


def _windows(part: Part, days: list[tuple[int, Held]]) -> Iterator[tuple[Place, int]]:
    for period, windows in part.windows.items():
        for place, window in enumerate(windows):
            start, end = millis(window.start), millis(window.end)
            inside = [day.people for at, day in days if start <= at < end]
            if inside:
                yield (period, place - 1 if place else None), len(BitMap.union(*inside))
