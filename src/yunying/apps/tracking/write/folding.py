"""What operations on one property make of its value when they are carried out one after the other."""

from collections.abc import Sequence
from typing import Any

import orjson

from yunying.events.event import OpKind

__all__ = ["ABSENT", "LETTERS", "MAX_LIST", "form", "is_number", "step"]

MAX_LIST = 1000

ABSENT: Any = object()

# How an operation is written down beside its property.
LETTERS = {
    OpKind.SET_ONCE: "o",
    OpKind.ADD: "a",
    OpKind.APPEND: "+",
    OpKind.PREPEND: "<",
    OpKind.UNION: "n",
    OpKind.UNION_FIRST: "m",
    OpKind.REMOVE: "-",
}


def step(value: Any, letter: str, operand: Any) -> Any:
    """The value after one operation; ABSENT stands for no value. What makes no sense for the value changes nothing."""
    if letter == "o":
        return operand if value is ABSENT else value
    if letter == "a":
        return _added(value, operand)
    if letter == "-":
        gone = {form(item) for item in _items(operand)}
        return [item for item in value if form(item) not in gone] if isinstance(value, list) else value
    items, more = [] if value is ABSENT else _items(value), _items(operand)
    if letter in "nm":
        more = _new(more, items)
    if letter in "<m":
        return [*more, *items][:MAX_LIST]
    return [*items, *more][-MAX_LIST:]


def _added(value: Any, operand: Any) -> Any:
    if not is_number(operand):
        return value
    return (value if is_number(value) else 0) + operand


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _new(items: Sequence[Any], there: Sequence[Any]) -> list[Any]:
    seen = {form(item) for item in there}
    found = []
    for item in items:
        if (shape := form(item)) not in seen:
            seen.add(shape)
            found.append(item)
    return found


def is_number(value: Any) -> bool:
    """Whether it can be added up."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def form(value: Any) -> bytes:
    """Equal for equal JSON values: 1 and true are two, and names may stand in any order."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # whole numbers beyond 64 bits
        return str(value).encode()
