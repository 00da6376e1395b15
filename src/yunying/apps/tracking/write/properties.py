"""How the properties of a person or account change. The time of the event decides, not the order of arrival.

Every property has a mark `[kind, ms]`. A value that was *set* is replaced by one set later, a value set *once*
by one set once earlier or by any set value, and an *unset* holds against everything older. Merging two persons
replays the marks of one onto the other.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson

from yunying.events.event import Op, OpKind

__all__ = ["MAX_LIST", "MAX_PROPERTIES", "Properties"]

MAX_PROPERTIES = 1000
MAX_LIST = 1000

_SET, _ONCE, _GONE = "s", "o", "u"


@dataclass(slots=True)
class Properties:
    """`values` as questions see them, `marks` as above. `changed` tells whether there is something to save."""

    values: dict[str, Any] = field(default_factory=dict)
    marks: dict[str, list[Any]] = field(default_factory=dict)
    changed: bool = False

    def apply(self, ops: Iterable[Op], ms: int) -> None:
        """Apply the operations of one event that happened at `ms`."""
        for op in ops:
            if op.key not in self.marks and len(self.marks) >= MAX_PROPERTIES:
                continue
            match op.kind:
                case OpKind.SET:
                    self._set(op.key, op.value, ms)
                case OpKind.SET_ONCE:
                    self._set_once(op.key, op.value, ms)
                case OpKind.UNSET:
                    self._unset(op.key, ms)
                case OpKind.ADD:
                    self._add(op.key, op.value, ms)
                case OpKind.APPEND:
                    self._append(op.key, op.value, ms)

    def absorb(self, other: "Properties") -> None:
        """Take over what `other` knows, as if its operations had come to this one."""
        for key, (kind, ms) in other.marks.items():
            if kind == _GONE:
                self._unset(key, ms)
            elif kind == _ONCE:
                self._set_once(key, other.values.get(key), ms)
            elif self.marks.get(key) == [_SET, ms]:
                self._settle_tie(key, other.values.get(key), ms)
            else:
                self._set(key, other.values.get(key), ms)

    def _set(self, key: str, value: Any, ms: int) -> None:
        kind, since = self.marks.get(key, (_ONCE, 0))
        if kind == _ONCE or ms >= since:
            self._put(key, value, _SET, ms)

    def _set_once(self, key: str, value: Any, ms: int) -> None:
        mark = self.marks.get(key)
        if mark is None or (mark[0] == _ONCE and ms < mark[1]) or (mark[0] == _GONE and ms > mark[1]):
            self._put(key, value, _ONCE, ms)

    def _unset(self, key: str, ms: int) -> None:
        mark = self.marks.get(key)
        if mark is None or ms >= mark[1]:
            self.values.pop(key, None)
            self.marks[key] = [_GONE, ms]
            self.changed = True

    def _add(self, key: str, value: Any, ms: int) -> None:
        if not _is_number(value):
            return
        base = self.values.get(key)
        self._put(key, (base if _is_number(base) else 0) + value, _SET, self._latest(key, ms))

    def _append(self, key: str, value: Any, ms: int) -> None:
        base = self.values.get(key)
        items = base if isinstance(base, list) else [] if base is None else [base]
        more = value if isinstance(value, list) else [value]
        self._put(key, [*items, *more][-MAX_LIST:], _SET, self._latest(key, ms))

    def _latest(self, key: str, ms: int) -> int:
        return max(ms, self.marks.get(key, (_SET, ms))[1])

    def _settle_tie(self, key: str, value: Any, ms: int) -> None:
        # Two persons with the same property of the same moment: whichever is absorbed, the same value must win.
        if _sortable(value) > _sortable(self.values.get(key)):
            self._put(key, value, _SET, ms)

    def _put(self, key: str, value: Any, kind: str, ms: int) -> None:
        self.values[key] = value
        self.marks[key] = [kind, ms]
        self.changed = True


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _sortable(value: Any) -> bytes:
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        return str(value).encode()
