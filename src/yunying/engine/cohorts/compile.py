"""Compile: a cohort as one expression, the bitmap of the numbers of its members as of an instant.

Each condition is a set of its own, worked out once by a scalar subquery; and, or, not are the algebra of sets.
"Did not" is what is left of all people of the product born by then, so that those without any event belong to it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from yunying.base import zones
from yunying.base.errors import InvalidInput, msg
from yunying.engine.cohorts.definition import (
    Amount,
    Cohort,
    Did,
    FirstTime,
    InCohort,
    Joined,
    Leaf,
    Members,
    Property,
    Regularly,
    Stopped,
    Tree,
    Window,
    leaves,
    references,
)
from yunying.engine.context import Context
from yunying.engine.filters import Group, Of
from yunying.engine.ranges import Last, resolve, starts_at
from yunying.engine.scan import Binder, Reach, accounts, listed, millis, nested, people, scan
from yunying.engine.terms import property_test, terms
from yunying.store import OWNER

__all__ = ["MAX_DEPTH", "MAX_SETS", "AsOf", "Maker", "checked", "reach"]

MAX_DEPTH, MAX_SETS = 8, 200
_TICK = timedelta(milliseconds=1)
_COMPARE = {Amount.GTE: ">=", Amount.LTE: "<=", Amount.EQ: "="}
# In `people` the person is the row's own number, unless another number owns it today.
_OWN = f"{OWNER} = person"


def reach(window: Window | None, context: Context, until: datetime) -> Reach:
    """From when (None: the first event of all) to before when a window looks, as of `until`.

    The last seven days are the day of `until` and the six before, as in the range of a report.
    """
    if window is None:
        return None, until
    if not isinstance(window, Last):
        return min(starts_at(window.text, context.zone), until), until
    span = resolve(window, context.zone, until - _TICK, context.week_start)
    return span.start, max(span.start, min(span.end, until))


@dataclass(frozen=True, slots=True)
class _Set:
    """A bitmap, or with `rest` everybody who is not in it."""

    sql: str
    rest: bool = False

    def opposite(self) -> "_Set":
        return _Set(self.sql, not self.rest)


def _both(a: _Set, b: _Set) -> _Set:
    if a.rest and b.rest:
        return _Set(_call("bitmapOr", a.sql, b.sql), rest=True)
    if b.rest:
        return _Set(_call("bitmapAndnot", a.sql, b.sql))
    return _both(b, a) if a.rest else _Set(_call("bitmapAnd", a.sql, b.sql))


def _either(a: _Set, b: _Set) -> _Set:
    return _both(a.opposite(), b.opposite()).opposite()


def _call(function: str, *arguments: str) -> str:
    return f"{function}{nested(f',{chr(10)}'.join(arguments))}"


class AsOf:
    """The members of a product's cohorts as of one instant; see `scan.Bitmaps`."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def bitmap(self, binder: Binder, cohort: int) -> str:
        """The bitmap of a cohort, in parentheses: a scalar that a statement works out once however often it stands."""
        maker = Maker(binder, self._context)
        return nested(f"SELECT {maker.bitmap(maker.known(cohort, ()), (cohort,))}")

    def labels(self, cohorts: Sequence[int]) -> tuple[str, ...]:
        """The names of these cohorts; the number is added where there is no name or the name is not the only one."""
        names = [self._context.cohorts.name(cohort) for cohort in cohorts]
        return tuple(
            name if name and names.count(name) == 1 else f"{name} ({cohort})".strip()
            for name, cohort in zip(names, cohorts, strict=True)
        )


@dataclass(frozen=True)
class Maker:
    """Writes cohorts as SQL for one statement. With `only` the world has no other person than this one."""

    binder: Binder
    context: Context
    only: int | None = None

    @cached_property
    def until(self) -> datetime:
        """Before when everything must have happened that counts."""
        return self.context.until or self.context.now

    def bitmap(self, cohort: Cohort | Members, path: tuple[int, ...] = ()) -> str:
        """An expression for the bitmap of the members. Raises InvalidInput for a circle, or what is absent.

        `path` are the cohorts that led here, its own number last.
        """
        checked(cohort, self.context, path)
        return self._whole(self._members(cohort, path))

    def bitmap_of(self, tree: Tree) -> str:
        """The same of one part of a definition that was checked before."""
        return self._whole(self._set(tree, ()))

    def known(self, cohort: int, path: tuple[int, ...]) -> Cohort | Members:
        """The definition of a cohort. Raises InvalidInput when there is none, or `path` leads back to it."""
        return _known(cohort, self.context, path)

    def _whole(self, found: _Set) -> str:
        return _call("bitmapAndnot", self.everybody, found.sql) if found.rest else found.sql

    @cached_property
    def everybody(self) -> str:
        """All people of the product born by then."""
        return self._people([])

    def _members(self, cohort: Cohort | Members, path: tuple[int, ...]) -> _Set:
        if isinstance(cohort, Members):
            return _Set(_call("bitmapAnd", self._list(cohort.cohort), self.everybody))
        return self._set(cohort.root, path)

    def _set(self, tree: Tree, path: tuple[int, ...]) -> _Set:
        if isinstance(tree, Joined):
            found, *others = (self._set(item, path) for item in tree.items)
            join = _both if tree.op == "and" else _either
            for other in others:
                found = join(found, other)
            return found.opposite() if tree.no else found
        if isinstance(tree, InCohort):
            members = self._members(self.known(tree.cohort, path), (*path, tree.cohort))
            return members.opposite() if tree.no else members
        return self._leaf(tree)

    def _leaf(self, leaf: Leaf) -> _Set:
        make: dict[type, Callable[..., _Set]] = {
            Property: self._property,
            Did: self._did,
            FirstTime: self._first_time,
            Stopped: self._stopped,
            Regularly: self._regularly,
        }
        return make[type(leaf)](leaf)

    # --- conditions ---------------------------------------------------------------------------------------------

    def _property(self, leaf: Property) -> _Set:
        test = property_test(self.binder, leaf.condition, self.context.zone)
        if leaf.condition.of is Of.PERSON:
            found = self._people([test])
        else:
            belongs = "account IN\n" + nested("SELECT account\n" + accounts(self.binder, test))
            found = self._events(None, Group(), (None, self.until), [belongs])
        # A negative operator is the plain opposite of its positive one; so it matches what is not set.
        return _Set(found, rest=leaf.condition.operator.negative)

    def _did(self, leaf: Did) -> _Set:
        span = self.reach(leaf.within)
        if leaf.times.op is Amount.GTE and leaf.times.count == 1:
            return _Set(self._events(leaf.event, leaf.filters, span), rest=leaf.no)
        count = self.binder.bind("times", leaf.times.count, "UInt64")
        having = f"count() {_COMPARE[leaf.times.op]} {count}"
        return _Set(self._grouped(leaf.event, leaf.filters, span, having, exact=True), rest=leaf.no)

    def _first_time(self, leaf: FirstTime) -> _Set:
        start, end = self.reach(leaf.within)
        if start is None:
            return _Set(self._events(leaf.event, leaf.filters, (None, end)))
        having = f"min(ts) >= {self.binder.moment('start', start)}"
        return _Set(self._grouped(leaf.event, leaf.filters, (None, end), having))

    def _stopped(self, leaf: Stopped) -> _Set:
        did = self._events(leaf.event, leaf.filters, self.reach(leaf.within))
        lately = self._events(leaf.event, leaf.filters, self.reach(leaf.absent))
        return _Set(_call("bitmapAndnot", did, lately))

    def _regularly(self, leaf: Regularly) -> _Set:
        start, end = self.reach(leaf.periods)
        having = f"uniqExact({self.period(leaf)}) >= {self.binder.bind('periods', leaf.at_least, 'UInt64')}"
        return _Set(self._grouped(leaf.event, leaf.filters, (start, end), having))

    def period(self, leaf: Regularly) -> str:
        """The start, in milliseconds, of the period an event falls in."""
        start, end = self.reach(leaf.periods)
        assert start is not None
        spans = zones.buckets(zones.Span(start, end), leaf.periods.unit, self.context.zone, self.context.week_start)
        edges = self.binder.bind("edges", [millis(span.start) for span in spans], "Array(Int64)")
        return f"roundDown(toUnixTimestamp64Milli(ts), {edges})"

    def reach(self, window: Window | None) -> Reach:
        return reach(window, self.context, self.until)

    # --- sources ------------------------------------------------------------------------------------------------

    def source(self, event: str | None, filters: Group, span: Reach, more: Sequence[str] = (), *, exact: bool) -> str:
        """FROM and WHERE over the matching events of those who may be members."""
        where = [*terms(self.binder, (filters,), self.context.zone), *more]
        if self.only is not None:
            where.append(f"{OWNER} = {self.binder.bind('only', self.only, 'UInt32')}")
        return scan(self.binder, events=[event] if event else [], spans=[span], where=where, exact=exact)

    def _events(self, event: str | None, filters: Group, span: Reach, more: Sequence[str] = ()) -> str:
        source = self.source(event, filters, span, more, exact=False)
        return nested(f"SELECT groupBitmapState({OWNER})\n{source}")

    def _grouped(self, event: str | None, filters: Group, span: Reach, having: str, *, exact: bool = False) -> str:
        source = self.source(event, filters, span, exact=exact)
        each = f"SELECT {OWNER} AS who\n{source}\nGROUP BY who\nHAVING {having}"
        return nested(f"SELECT groupBitmapState(who)\nFROM\n{nested(each)}")

    def _people(self, where: Sequence[str]) -> str:
        tests = [f"born < {self.binder.moment('end', self.until)}", _OWN, *where]
        if self.only is not None:
            tests.append(f"person = {self.binder.bind('only', self.only, 'UInt32')}")
        return nested(f"SELECT groupBitmapState(person)\n{people(self.binder, *tests)}")

    def _list(self, cohort: int) -> str:
        return nested(f"SELECT groupBitmapState({OWNER})\n{listed(self.binder, cohort)}")


# --- what rests on what ---------------------------------------------------------------------------------------------


def checked(cohort: Cohort | Members, context: Context, path: tuple[int, ...] = ()) -> int:
    """How many sets the definition needs, those of the cohorts it rests on included.

    Raises InvalidInput for a circle, for a cohort that is absent, and for what is too deep or too large.
    """
    if isinstance(cohort, Members):
        return 1
    sets = sum(1 for _ in leaves(cohort.root))
    for number in references(cohort):
        sets += checked(_known(number, context, path), context, (*path, number))
        if sets > MAX_SETS:
            raise InvalidInput(
                "cohort.too_large",
                msg("The cohorts this one rests on have more than %(most)s conditions together. Simplify them."),
                most=MAX_SETS,
            )
    return sets


def _known(number: int, context: Context, path: tuple[int, ...]) -> Cohort | Members:
    if number in path:
        _refuse_circle((*path[path.index(number) :], number), context)
    if len(path) >= MAX_DEPTH:
        raise InvalidInput(
            "cohort.too_deep_chain",
            msg("Cohorts rest on cohorts over more than %(most)s levels. Simplify them."),
            most=MAX_DEPTH,
        )
    found = context.cohorts.definition(number)
    if found is None:
        raise InvalidInput(
            "cohort.absent", msg("There is no cohort %(number)s any more. Choose another."), number=number
        )
    return found


def _refuse_circle(path: Sequence[int], context: Context) -> None:
    labels = AsOf(context).labels(tuple(dict.fromkeys(path)))
    names = dict(zip(dict.fromkeys(path), labels, strict=True))
    raise InvalidInput(
        "cohort.circle",
        msg("These cohorts rest on each other in a circle: %(circle)s. Take one of them out."),
        circle=" → ".join(names[number] for number in path),
    )
