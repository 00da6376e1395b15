"""Which parts of a question can be kept: the events of one name that match filters on the events themselves."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from yunying.engine.filters import Filter, Group, Of, Operator, conditions
from yunying.engine.reading import hash_of

__all__ = ["State", "state_of"]


@dataclass(frozen=True, slots=True)
class State:
    """The events of one name (None: of any) that match `filters`, day by day; `key` is its number in the store."""

    event: str | None
    filters: tuple[Group, ...]
    key: int


def state_of(event: str | None, filters: tuple[Group, ...], zone: ZoneInfo) -> State | None:
    """None where the filters look at people or accounts, who change while a day that is over does not."""
    leaves = [leaf for tree in filters for leaf in conditions(tree)]
    if any(leaf.of is not Of.EVENT or leaf.operator.positive is Operator.IN_COHORT for leaf in leaves):
        return None
    asked = {"event": event, "filters": _normal(filters), "zone": str(zone)}
    return State(event, filters, int(hash_of(asked)[:16], 16))


def _normal(trees: Iterable[Filter]) -> list[Any]:
    """The trees as JSON in one order, without groups that ask for nothing or only hold what all must match."""
    found: list[Any] = []
    for tree in trees:
        if isinstance(tree, Group) and (tree.op == "and" or len(tree.items) < 2):
            found += _normal(tree.items)
        elif isinstance(tree, Group):
            found.append({"any": sorted((_normal([item]) for item in tree.items), key=orjson.dumps)})
        else:
            found.append(tree.to_json())
    return sorted(found, key=orjson.dumps)
