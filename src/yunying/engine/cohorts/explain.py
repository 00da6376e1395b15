"""Why a person is in a cohort, or why not: every condition with what was found for this person.

Whether a condition holds is asked by the same statement that finds members, in a world of this one person. So the
explanation and the membership cannot differ.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from yunying.engine.cohorts.compile import Maker, checked
from yunying.engine.cohorts.definition import (
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
)
from yunying.engine.context import Context
from yunying.engine.filters import Group, Of
from yunying.engine.scan import Reach, accounts, columns, nested, people
from yunying.engine.session import Session
from yunying.engine.terms import property_text
from yunying.store import OWNER, Sql

__all__ = ["Explained", "Explanation", "Occurrence", "explain"]

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Occurrence:
    """An event that counted."""

    event: str
    at: datetime
    uuid: str

    def to_json(self) -> dict[str, Any]:
        return {"event": self.event, "at": self.at.isoformat(), "uuid": self.uuid}


@dataclass(frozen=True, slots=True)
class Explained:
    """One part of the definition and what was found.

    `counted` is how many times the event was done in the window (for a regular event: in how many periods), and
    `lately` how many times in the shorter window of one who stopped. `values` are those of a property: of the person,
    or of each account. `occurrences` are the latest events that counted, or the first one where that is what matters.
    `items` are the parts of a group, or the definition of the cohort that is named.
    """

    part: Tree | Members
    holds: bool
    counted: int | None = None
    lately: int | None = None
    values: tuple[str, ...] = ()
    occurrences: tuple[Occurrence, ...] = ()
    items: tuple["Explained", ...] = ()

    def to_json(self) -> dict[str, Any]:
        found: dict[str, Any] = {"holds": self.holds}
        if isinstance(self.part, Joined):
            found |= {"op": self.part.op, "not": self.part.no}
        else:
            found["condition"] = None if isinstance(self.part, Members) else self.part.to_json()
            found |= {"counted": self.counted, "lately": self.lately, "values": list(self.values)}
            found["occurrences"] = [occurrence.to_json() for occurrence in self.occurrences]
        return found | {"items": [item.to_json() for item in self.items]}


@dataclass(frozen=True, slots=True)
class Explanation:
    """`exists`: the person had been seen by then. Nobody else belongs to any cohort, whatever its conditions."""

    member: bool
    exists: bool
    root: Explained

    def to_json(self) -> dict[str, Any]:
        return {"member": self.member, "exists": self.exists, "root": self.root.to_json()}


def explain(cohort: Cohort | Members, person: int, context: Context) -> Explanation:
    """Every condition of the cohort with what it found for the person. Raises InvalidInput as `size` does."""
    checked(cohort, context)
    told = _Teller(Session(context), context, person)
    root = told.members(cohort, ())
    return Explanation(told.exists and root.holds, told.exists, root)


class _Teller:
    def __init__(self, session: Session, context: Context, person: int) -> None:
        self._session, self._context, self._person = session, context, person
        exists, *_ = self._held(_everybody)
        self.exists = bool(exists)

    def members(self, cohort: Cohort | Members, path: tuple[int, ...]) -> Explained:
        if isinstance(cohort, Members):
            [holds] = self._held(lambda maker: [maker.bitmap(cohort)])
            return Explained(cohort, holds)
        leaves = dict.fromkeys(leaf for leaf in _own_leaves(cohort.root))
        held = self._held(lambda maker: [maker.bitmap_of(leaf) for leaf in leaves]) if leaves else []
        return self._told(cohort.root, dict(zip(leaves, held, strict=True)), path)

    def _held(self, bitmaps: Any) -> list[bool]:
        """Whether the person is in each of the bitmaps that the function writes."""
        maker = self._maker()
        tests = [f"bitmapCardinality({bitmap}) > 0 AS c{i}" for i, bitmap in enumerate(bitmaps(maker))]
        text = f"-- Which conditions hold for this person?\n{columns(tests)}"
        [row] = self._session.ask(Sql(text, maker.binder.params)).rows
        return [bool(value) for value in row]

    def _maker(self) -> Maker:
        return Maker(self._session.binder(), self._context, self._person)

    def _told(self, tree: Tree, held: dict[Leaf, bool], path: tuple[int, ...]) -> Explained:
        if isinstance(tree, Joined):
            items = tuple(self._told(item, held, path) for item in tree.items)
            holds = all(i.holds for i in items) if tree.op == "and" else any(i.holds for i in items)
            return Explained(tree, holds != tree.no, items=items)
        if isinstance(tree, InCohort):
            known = self._maker().known(tree.cohort, path)
            inner = self.members(known, (*path, tree.cohort))
            return Explained(tree, inner.holds != tree.no, items=(inner,))
        return self._leaf(tree, held[tree])

    def _leaf(self, leaf: Leaf, holds: bool) -> Explained:
        make = partial(Explained, leaf, holds)
        match leaf:
            case Property():
                return make(values=self._values(leaf))
            case Did():
                counted, _, seen = self._seen(leaf.event, leaf.filters, leaf.within)
                return make(counted, occurrences=seen)
            case FirstTime():
                _, _, seen = self._seen(leaf.event, leaf.filters, None, first=True)
                return make(occurrences=seen)
            case Stopped():
                counted, _, seen = self._seen(leaf.event, leaf.filters, leaf.within)
                lately, _, _ = self._seen(leaf.event, leaf.filters, leaf.absent)
                return make(counted, lately, occurrences=seen)
            case Regularly():
                _, periods, seen = self._seen(leaf.event, leaf.filters, leaf.periods, regularly=leaf)
                return make(periods, occurrences=seen)
            case InCohort():  # pragma: no cover - told with its definition above
                return make()

    def _seen(
        self,
        event: str | None,
        filters: Group,
        window: Window | None,
        *,
        first: bool = False,
        regularly: Regularly | None = None,
    ) -> tuple[int, int, tuple[Occurrence, ...]]:
        """How often, in how many periods, and the latest events (or the first one)."""
        maker = self._maker()
        span: Reach = maker.reach(window)
        source = maker.source(event, filters, span, exact=True)
        order = "x -> (x.1, x.3)" if first else "x -> (-x.1, x.3)"
        listed = f"arraySort({order}, groupArray((toUnixTimestamp64Milli(ts), toString(event), toString(uuid))))"
        periods = f"uniqExact({maker.period(regularly)})" if regularly else "0"
        made = columns(["count() AS n", f"{periods} AS periods", f"arraySlice({listed}, 1, {_SHOWN}) AS seen"])
        text = f"-- What did this person do?\n{made}\n{source}"
        [(count, different, seen)] = self._session.ask(Sql(text, maker.binder.params)).rows
        found = [Occurrence(name, datetime.fromtimestamp(ms / 1000, UTC), uuid) for ms, name, uuid in seen]
        return int(count), int(different), tuple(found[:1] if first else found)

    def _values(self, leaf: Property) -> tuple[str, ...]:
        maker = self._maker()
        binder, condition = maker.binder, leaf.condition
        only = binder.bind("only", self._person, "UInt32")
        text = property_text(binder, condition.of, condition.property)
        if condition.of is Of.PERSON:
            asked = f"SELECT {text} AS value\n{people(binder, f'person = {only}')}"
        else:
            theirs = maker.source(None, Group(), (None, maker.until), [f"{OWNER} = {only}"], exact=False)
            belongs = "account IN\n" + nested(f"SELECT account\n{theirs}")
            asked = f"SELECT concat(account, ': ', {text}) AS value\n{accounts(binder, belongs)}\nORDER BY account"
        rows = self._session.ask(Sql(f"-- What does the property say?\n{asked}", binder.params)).rows
        return tuple(str(row[0]) for row in rows if row[0])


def _everybody(maker: Maker) -> list[str]:
    return [maker.everybody]


def _own_leaves(tree: Tree) -> Iterator[Leaf]:
    """The conditions of a definition that are no cohorts themselves."""
    if isinstance(tree, Joined):
        for item in tree.items:
            yield from _own_leaves(item)
    elif not isinstance(tree, InCohort):
        yield tree
