"""Breakdowns: one number for each value of a property, the largest by name and the rest together.

A breakdown by cohorts has a value for each of them, counted independently of the others: somebody in two of them
counts in both, and somebody in none of them does not appear. It has no remainder.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from yunying.base.errors import msg
from yunying.engine.filters import MAX_COHORT, Of
from yunying.engine.reading import Node

__all__ = ["DEFAULT_LIMIT", "MAX_COHORTS", "MAX_LIMIT", "Breakdown", "chosen", "crossed", "parse_breakdown"]
__all__ += ["parse_limit"]

DEFAULT_LIMIT, MAX_LIMIT = 25, 500
MAX_COHORTS = 20
_MOST = 3
_OWNERS = [Of.EVENT.value, Of.PERSON.value, Of.ACCOUNT.value]


@dataclass(frozen=True, slots=True)
class Breakdown:
    """A property of the event, its person or its account; or, with `of` COHORT, the numbers of `cohorts`."""

    of: Of
    property: str
    cohorts: tuple[int, ...] = ()

    def to_json(self) -> dict[str, Any]:
        if self.of is not Of.COHORT:
            return {"of": self.of.value, "property": self.property}
        one = len(self.cohorts) == 1
        return {"of": "cohort"} | ({"cohort": self.cohorts[0]} if one else {"cohorts": list(self.cohorts)})


def parse_breakdown(node: Node | None) -> tuple[Breakdown, ...]:
    """Read up to three properties; all cohorts together count as one. Raises InvalidInput with the field's path."""
    if node is None:
        return ()
    found: list[Breakdown] = []
    for item in node.items(_MOST + MAX_COHORTS):
        _add(found, _one(item))
    if len(set(found)) < len(found) or any(len(set(by.cohorts)) < len(by.cohorts) for by in found):
        node.fail("spec.breakdown_twice", msg("The same property is used twice. Remove one of them."))
    if len(found) > _MOST:
        node.fail(
            "spec.too_many",
            msg("There are %(count)s entries here; use at most %(most)s."),
            count=len(found),
            most=_MOST,
        )
    _check_cohorts(node, found)
    return tuple(found)


def _add(found: list[Breakdown], by: Breakdown) -> None:
    """Cohorts that are listed one by one are values of one breakdown."""
    for place, other in enumerate(found):
        if by.of is Of.COHORT and other.of is Of.COHORT:
            found[place] = replace(other, cohorts=other.cohorts + by.cohorts)
            return
    found.append(by)


def _check_cohorts(node: Node, found: Iterable[Breakdown]) -> None:
    if sum(len(by.cohorts) for by in found) > MAX_COHORTS:
        node.fail("spec.too_many_cohorts", msg("Break down by at most %(most)s cohorts."), most=MAX_COHORTS)


def _one(node: Node) -> Breakdown:
    of = node.get("of")
    if "cohort" in node.mapping() or "cohorts" in node.mapping() or (of and of.value == Of.COHORT):
        return _cohorts(node)
    node.known("of", "property")
    return Breakdown(of.choice(Of, _OWNERS) if of else Of.EVENT, node.need("property").name())


def _cohorts(node: Node) -> Breakdown:
    node.known("of", "cohort", "cohorts")
    of, many = node.get("of"), node.get("cohorts")
    if of:
        of.choice(Of, [Of.COHORT.value])
    numbers = many.items(MAX_COHORTS) if many else iter([node.need("cohort")])
    cohorts = tuple(number.whole(1, MAX_COHORT) for number in numbers)
    if not cohorts:
        node.fail("spec.missing", msg("Fill in %(name)s."), name="cohorts")
    return Breakdown(Of.COHORT, "", cohorts)


def chosen(breakdown: Sequence[Breakdown]) -> bool:
    """Whether the values are cohorts chosen one by one: each has a line, and there is no remainder."""
    return len(breakdown) == 1 and breakdown[0].of is Of.COHORT


def crossed(breakdown: Sequence[Breakdown]) -> bool:
    """Whether cohorts meet other values: somebody then stands in the remainder with some cohorts, not with others."""
    return len(breakdown) > 1 and any(by.of is Of.COHORT for by in breakdown)


def parse_limit(node: Node | None, breakdown: Sequence[Breakdown] = ()) -> int:
    """How many values are shown by name; cohorts that were chosen one by one are all shown."""
    limit = node.whole(1, MAX_LIMIT) if node else DEFAULT_LIMIT
    if chosen(breakdown):
        return max(limit, len(breakdown[0].cohorts))
    return limit
