"""How the properties of a person or account change. The time of the event decides, not the order of arrival.

The value of a property is what its operations make of it in the order of their events. Of the past only that is kept
which can still matter: the last operation that does not ask what was there before (SET, UNSET, CLEAR), and the ones
after it. Whatever arrives is put into its place, so that any order of arrival and any repetition end in the same state.

Beside every property stands a mark:

    [kind, ms, tag]                    "s" set, "u" unset, "o" set once; the value stands among `values`
    ["l", ms, base, log, horizon]      more than that: base [kind, ms, tag, value?], log [[ms, tag, letter, value], …],
                                       horizon [ms, tag]

`ms` is since when the property has its value, `tag` tells events apart and orders those of one millisecond. Marks of
earlier versions have no tag. Under the empty name stands when all properties were cleared.

**The bound.** A log longer than MAX_LOG is shortened: its oldest operations become one value, up to the `horizon`.
What comes later but is older than the horizon is carried out on that value as if it had happened at the horizon.
Nothing tells a repeat of those any more; `AppliedEvent` does, for thirty days. And of the same value set once again and
again only the first and the last time are kept: where an UNSET of between them arrives after all of them, and a second
value was set once between them too, the value may be the wrong one of the two.
"""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from yunying.apps.tracking.write.folding import ABSENT, LETTERS, MAX_LIST, form, is_number, step
from yunying.events.event import Op, OpKind

__all__ = ["MAX_LIST", "MAX_LOG", "MAX_PROPERTIES", "Properties", "tag_of"]

MAX_PROPERTIES = 1000
MAX_LOG = 50

_CLEARED = ""
_EVER = (-1 << 53, "")
_WHOLE = {OpKind.SET: "s", OpKind.UNSET: "u"}

Place = tuple[int, str]  # when, and which event of that millisecond


def tag_of(uuid: str) -> str:
    """Eight letters for an event: even ids that differ in a few bits only give tags in no order."""
    return blake2b(uuid.encode(), digest_size=4).hexdigest()


@dataclass(slots=True)
class _Story:
    """What is kept of one property: everything after `since` is in `value` up to `horizon`, then in `log`."""

    kind: str = ""
    since: Place = _EVER
    value: Any = ABSENT
    horizon: Place = _EVER
    log: list[list[Any]] = field(default_factory=list)

    @classmethod
    def of(cls, mark: list[Any], value: Any) -> "_Story":
        kind, ms = mark[0], mark[1]
        if kind == "l":
            base, log, horizon = mark[2], mark[3], mark[4]
            held = base[3] if len(base) > 3 else ABSENT
            return cls(base[0], (base[1], base[2]), held, (horizon[0], horizon[1]), [list(entry) for entry in log])
        tag = mark[2] if len(mark) > 2 else ""
        if kind == "o":
            return cls(log=[[ms, tag, "o", value]])
        return cls(kind, (ms, tag), value if kind == "s" else ABSENT)

    def put(self, place: Place, letter: str, value: Any) -> bool:
        """Add an operation; whether that changed anything."""
        if place <= self.since:
            return False
        if letter in "su":
            return self._restart(place, letter, value)
        if place <= self.horizon:
            self.value = step(self.value, letter, value)
            return True
        at = bisect_left(self.log, place, key=_place)
        if at < len(self.log) and _place(self.log[at]) == place:
            return False
        self.log.insert(at, [*place, letter, value])
        self._shorten(at)
        return True

    def _restart(self, place: Place, kind: str, value: Any) -> bool:
        self.kind, self.since, self.value, self.horizon = kind, place, value if kind == "s" else ABSENT, _EVER
        self.log = [entry for entry in self.log if _place(entry) > place]
        return True

    def _shorten(self, at: int) -> None:
        # Of the same value set once over and over, the first and the last time tell all of them.
        log = self.log
        for i in range(max(at - 1, 1), min(at + 2, len(log) - 1)):
            if log[i][2] == "o" and _alike(log[i - 1], log[i]) and _alike(log[i], log[i + 1]):
                del log[i]
                break
        while len(log) > MAX_LOG:
            self._fold(log.pop(0))

    def _fold(self, entry: list[Any]) -> None:
        self.value, self.horizon = step(self.value, entry[2], entry[3]), max(self.horizon, _place(entry))

    def mix(self, other: "_Story") -> None:
        """Take over what another shortened log came to: numbers add up, lists follow one another."""
        first, second = (self.value, other.value) if self.horizon <= other.horizon else (other.value, self.value)
        if second is not ABSENT:
            self.value = step(first, "a" if is_number(second) else "+" if isinstance(second, list) else "o", second)
        self.horizon = max(self.horizon, other.horizon)
        while self.log and _place(self.log[0]) <= self.horizon:
            self._fold(self.log.pop(0))

    def outcome(self) -> tuple[Any, int]:
        """The value, and since when it is that."""
        value, ms = self.value, max(self.since[0], self.horizon[0])
        for entry in self.log:
            before, value = value, step(value, entry[2], entry[3])
            if value is not before and value != before:
                ms = entry[0]
        return value, ms

    def mark(self, ms: int) -> list[Any]:
        """How it is written down."""
        if not self.log and self.horizon == _EVER:
            return [self.kind, *self.since]
        if len(self.log) == 1 and self.log[0][2] == "o" and self.since == self.horizon:
            return ["o", *self.log[0][:2]]
        base = [self.kind, *self.since] if self.value is ABSENT else [self.kind, *self.since, self.value]
        return ["l", ms, base, self.log, list(self.horizon)]

    def without(self, place: Place) -> bool:
        """Forget what is older than `place`; whether something is left."""
        if place > self.since:
            self.kind, self.since = "", _EVER
            if place >= self.horizon:
                self.value, self.horizon = ABSENT, _EVER
        self.log = [entry for entry in self.log if _place(entry) > place]
        return bool(self.kind or self.log or self.horizon != _EVER)


def _place(entry: list[Any]) -> Place:
    return entry[0], entry[1]


@dataclass(slots=True)
class Properties:
    """`values` as questions see them, `marks` as above.

    `changed` tells whether there is something to save, `shown` whether a value is another than before.
    """

    values: dict[str, Any] = field(default_factory=dict)
    marks: dict[str, list[Any]] = field(default_factory=dict)
    changed: bool = False
    shown: bool = False

    def apply(self, ops: Iterable[Op], ms: int, uuid: str = "") -> None:
        """Apply the operations of one event that happened at `ms` and goes by `uuid`."""
        tag, seen, rank = tag_of(uuid), set[str](), 0
        for op in ops:
            # Operations of one event on the same name keep their order; the tag of the first is the plain one.
            if op.key in seen or _CLEARED in seen or (seen and op.kind is OpKind.CLEAR):
                rank += 1
            seen.add(op.key)
            place = (ms, f"{tag}{rank:04x}" if rank else tag)
            if op.kind is OpKind.CLEAR:
                self._clear(place)
            elif op.key and (op.key in self.marks or len(self.marks) < MAX_PROPERTIES):
                self._apply(op, place)

    def absorb(self, other: "Properties") -> None:
        """Take over what `other` knows, as if its operations had come to this one."""
        if cleared := other.marks.get(_CLEARED):
            self._clear((cleared[1], cleared[2]))
        for key, mark in other.marks.items():
            if key != _CLEARED:
                found, mine = _Story.of(mark, other.values.get(key)), self._story(key)
                if found.without(self._cleared()):
                    self._keep(key, _joined(mine, found) if mine else found)

    def _apply(self, op: Op, place: Place) -> None:
        if op.kind is OpKind.ADD and not is_number(op.value):
            return
        mark, letter = self.marks.get(op.key), _WHOLE.get(op.kind)
        if letter and place > self._cleared() and (mark is None or (mark[0] in "su" and place > _since(mark))):
            # By far the most frequent: nothing but the last value was known, and this one is newer.
            self.marks[op.key], self.changed = [letter, *place], True
            self._show(op.key, op.value if letter == "s" else ABSENT)
            return
        if place <= self._cleared():
            return
        story = self._story(op.key) or _Story()
        if story.put(place, letter or LETTERS[op.kind], op.value):
            self._keep(op.key, story)

    def _cleared(self) -> Place:
        mark = self.marks.get(_CLEARED)
        return (mark[1], mark[2]) if mark else _EVER

    def _clear(self, place: Place) -> None:
        if place <= self._cleared():
            return
        self.marks[_CLEARED], self.changed = ["c", *place], True
        for key in [key for key in self.marks if key != _CLEARED]:
            story = self._story(key) or _Story()
            if story.without(place):
                self._keep(key, story)
            else:
                del self.marks[key]
                self._show(key, ABSENT)

    def _story(self, key: str) -> _Story | None:
        mark = self.marks.get(key)
        return _Story.of(mark, self.values.get(key)) if mark else None

    def _keep(self, key: str, story: _Story) -> None:
        value, ms = story.outcome()
        mark = story.mark(ms)
        if self.marks.get(key) != mark:
            self.marks[key], self.changed = mark, True
        self._show(key, value)

    def _show(self, key: str, value: Any) -> None:
        if value is ABSENT:
            if key in self.values:
                del self.values[key]
                self.shown = self.changed = True
        elif key not in self.values or not _same(self.values[key], value):
            self.values[key] = value
            self.shown = self.changed = True


def _since(mark: list[Any]) -> Place:
    return mark[1], mark[2] if len(mark) > 2 else ""


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, list | dict):
        return form(one) == form(other)
    return type(one) is type(other) and bool(one == other)


def _alike(one: list[Any], other: list[Any]) -> bool:
    return bool(one[2] == other[2]) and _same(one[3], other[3])


def _joined(one: _Story, other: _Story) -> _Story:
    """One story of two that have no event in common."""
    low, high = sorted((one, other), key=lambda story: (story.since, form(_plain(story.value))))
    if low.horizon > high.since:
        high.mix(low)
    for ms, tag, letter, value in low.log:
        high.put((ms, tag), letter, value)
    return high


def _plain(value: Any) -> Any:
    return None if value is ABSENT else value
