"""Breakdowns: one number for each value of a property, the largest by name and the rest together."""

from dataclasses import dataclass
from typing import Any

from yunying.base.errors import msg
from yunying.engine.filters import Of
from yunying.engine.reading import Node

__all__ = ["DEFAULT_LIMIT", "MAX_LIMIT", "Breakdown", "parse_breakdown", "parse_limit"]

DEFAULT_LIMIT, MAX_LIMIT = 25, 500
_MOST = 3


@dataclass(frozen=True, slots=True)
class Breakdown:
    of: Of
    property: str

    def to_json(self) -> dict[str, Any]:
        return {"of": self.of.value, "property": self.property}


def parse_breakdown(node: Node | None) -> tuple[Breakdown, ...]:
    """Read up to three properties. Raises InvalidInput with the path of the field at fault."""
    if node is None:
        return ()
    found = tuple(_one(item) for item in node.items(_MOST))
    if len(set(found)) < len(found):
        node.fail("spec.breakdown_twice", msg("The same property is used twice. Remove one of them."))
    return found


def _one(node: Node) -> Breakdown:
    if "cohort" in node.mapping():
        node.fail("filter.no_cohorts", msg("There are no cohorts yet. Filter by a property instead."))
    of = node.known("of", "property").get("of")
    return Breakdown(of.choice(Of, [o.value for o in Of]) if of else Of.EVENT, node.need("property").name())


def parse_limit(node: Node | None) -> int:
    """How many values are shown by name."""
    return node.whole(1, MAX_LIMIT) if node else DEFAULT_LIMIT
