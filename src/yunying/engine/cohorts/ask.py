"""Asking for members: how many, who, and which of some."""

from collections.abc import Iterable, Mapping

from yunying.base.errors import LimitReached, msg
from yunying.engine.cohorts.compile import Maker, checked
from yunying.engine.cohorts.definition import Cohort, Members, named_events, named_properties
from yunying.engine.context import Context
from yunying.engine.resolve import Names, resolve
from yunying.engine.result import People, Warning
from yunying.engine.scan import columns
from yunying.engine.session import Session
from yunying.store import Sql

__all__ = ["belongs_to", "check", "everybody_in", "members_among", "people_in", "size"]

MAX_EVERYBODY = 1_000_000
# Each cohort of a statement costs what it takes to plan it, so many are asked in parts.
_AT_ONCE = 20


def size(cohort: Cohort | Members, context: Context) -> int:
    """How many people belong to it. Raises InvalidInput (a circle, an absent cohort) and LimitReached."""
    session, maker = _begin(context)
    text = f"-- How many people are in this cohort?\nSELECT bitmapCardinality({maker.bitmap(cohort)})"
    return int(session.ask(Sql(text, maker.binder.params)).one()[0])


def people_in(cohort: Cohort | Members, context: Context, limit: int = 100, offset: int = 0) -> People:
    """A page of the members, ascending by number, and how many there are. Raises as `size` does."""
    session, maker = _begin(context)
    bind = maker.binder.bind
    page = f"subBitmap(members, {bind('skip', offset, 'UInt64')}, {bind('size', limit, 'UInt64')})"
    made = columns([f"bitmapToArray({page}) AS page", "bitmapCardinality(members) AS total"])
    text = f"-- Who is in this cohort?\nWITH {maker.bitmap(cohort)} AS members\n{made}"
    [(numbers, total)] = session.ask(Sql(text, maker.binder.params)).rows
    return People(tuple(int(number) for number in numbers), int(total))


def everybody_in(cohort: Cohort | Members, context: Context) -> tuple[int, ...]:
    """All members, ascending. Raises LimitReached above MAX_EVERYBODY."""
    found = people_in(cohort, context, MAX_EVERYBODY)
    if found.total > len(found.numbers):
        raise LimitReached(
            "people.too_many", msg("There are more than %(most)s people. Narrow it down."), most=MAX_EVERYBODY
        )
    return found.numbers


def members_among(cohort: Cohort | Members, people: Iterable[int], context: Context) -> frozenset[int]:
    """Which of these people belong to it."""
    asked = sorted(set(people))
    if not asked:
        return frozenset()
    session, maker = _begin(context)
    these = f"bitmapBuild({maker.binder.bind('people', asked, 'Array(UInt32)')})"
    found = f"SELECT bitmapToArray(bitmapAnd({maker.bitmap(cohort)}, {these}))"
    text = f"-- Which of these people are in this cohort?\n{found}"
    [(numbers,)] = session.ask(Sql(text, maker.binder.params)).rows
    return frozenset(int(number) for number in numbers)


def belongs_to(person: int, cohorts: Mapping[int, Cohort | Members], context: Context) -> frozenset[int]:
    """Which of these cohorts, by their number, a person belongs to."""
    numbers = list(cohorts)
    found: set[int] = set()
    for start in range(0, len(numbers), _AT_ONCE):
        found |= _belongs(person, {number: cohorts[number] for number in numbers[start : start + _AT_ONCE]}, context)
    return frozenset(found)


def _belongs(person: int, cohorts: Mapping[int, Cohort | Members], context: Context) -> set[int]:
    session, maker = _begin(context, only=person)
    held = [f"bitmapCardinality({maker.bitmap(cohort)}) > 0 AS c{number}" for number, cohort in cohorts.items()]
    text = f"-- Which cohorts is this person in?\n{columns(held)}"
    [row] = session.ask(Sql(text, maker.binder.params)).rows
    return {number for number, holds in zip(cohorts, row, strict=True) if holds}


def check(cohort: Cohort | Members, context: Context) -> tuple[Warning, ...]:
    """What the definition names that was never seen. Raises InvalidInput for a circle, or an absent cohort."""
    checked(cohort, context)
    if isinstance(cohort, Members):
        return ()
    properties = tuple((leaf.of, leaf.property) for leaf in named_properties(cohort))
    return resolve(Names(named_events(cohort), properties), context.catalogue, "cohort")


def _begin(context: Context, only: int | None = None) -> tuple[Session, Maker]:
    session = Session(context)
    return session, Maker(session.binder(), context, only)
