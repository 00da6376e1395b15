"""What becomes of persons when ids are grouped anew: who owns them, and whose properties they are.

A person has the properties of all ids together. Where whole persons become one, what they have is put together; where
ids leave, everybody's is put together anew of what came under their own ids.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from yunying.apps.tracking.models import DistinctId, Person
from yunying.apps.tracking.write.properties import Properties

__all__ = ["Regrouping"]


@dataclass(slots=True)
class _Group:
    """The ids of one person and the number that is theirs from now on; `parts` are their owners until now."""

    ids: list[DistinctId]
    owner: int
    parts: set[int]


@dataclass(slots=True)
class Regrouping:
    """`groups` are the ids of each person as they should be; those that are so already are left out.

    After `carry_out`: `moves` and `whole` say who owns what from now on, `changed` which rows are to be saved,
    `touched` which persons to be copied.
    """

    groups: list[list[DistinctId]]
    open_ended: bool = False
    moves: list[tuple[int, list[int]]] = field(default_factory=list)
    whole: list[tuple[int, int]] = field(default_factory=list)
    changed: set[int] = field(default_factory=set)
    touched: set[int] = field(default_factory=set)
    _new: list[_Group] = field(default_factory=list)
    _grown: bool = True

    def __post_init__(self) -> None:
        sizes: dict[int, int] = {}
        for group in self.groups:
            for row in group:
                sizes[row.owner] = sizes.get(row.owner, 0) + 1
        for group in self.groups:
            parts = {row.owner for row in group}
            if len(parts) == 1 and sizes[next(iter(parts))] == len(group):
                continue
            self._grown = self._grown and sum(sizes[part] for part in parts) == len(group)
            self._new.append(_Group(group, self._owner_of(group, parts), parts))
        self.groups = [group.ids for group in self._new]

    def _owner_of(self, group: Sequence[DistinctId], parts: set[int]) -> int:
        """A number that owns some of them already, so that few rows change; a known one rather than another."""
        known = {row.number for row in group if row.known}
        if self.open_ended:
            return min(parts, key=lambda number: (number not in known, number))
        numbers = {row.number for row in group}
        return min(parts & numbers or numbers, key=lambda number: (number not in known, number))

    @property
    def needed(self) -> set[int]:
        """The numbers of the persons to have at hand."""
        found = {part for group in self._new for part in group.parts}
        if not self._grown:
            found |= {row.number for group in self._new for row in group.ids}
        return found | {group.owner for group in self._new}

    def carry_out(self, persons: dict[int, Person]) -> None:
        """Change the rows of `persons`, which has all that is `needed`."""
        states = [self._state(group, persons) for group in self._new]
        owns = {group.owner: _own(persons[group.owner]) for group in self._new}
        for group in self._new:
            self._give_up(group, persons)
        for group, state in zip(self._new, states, strict=True):
            self._take_over(group, persons, state, owns[group.owner])

    def _state(self, group: _Group, persons: dict[int, Person]) -> Properties:
        if self._grown:
            owner = persons[group.owner]
            state = Properties(dict(owner.properties), dict(owner.marks))
            others = [Properties(persons[part].properties, persons[part].marks) for part in sorted(group.parts)]
            numbers = sorted(group.parts)
        else:
            state = _own(persons[group.owner])
            numbers = sorted(row.number for row in group.ids)
            others = [_own(persons[number]) for number in numbers]
        for number, other in zip(numbers, others, strict=True):
            if number != group.owner:
                state.absorb(other)
        return state

    def _give_up(self, group: _Group, persons: dict[int, Person]) -> None:
        """Who is no person any more keeps what came under the own id."""
        for number in group.parts if self._grown else {row.number for row in group.ids}:
            row = persons[number]
            own = _own(row)
            row.properties, row.marks, row.own = own.values, own.marks, None
            if number != group.owner:
                row.merged_into = group.owner
            self.changed.add(number)
        self.touched |= group.parts

    def _take_over(self, group: _Group, persons: dict[int, Person], state: Properties, own: Properties) -> None:
        row = persons[group.owner]
        row.properties, row.marks, row.merged_into = state.values, state.marks, None
        alone = len(group.ids) == 1 and not self.open_ended
        row.own = None if alone else {"properties": own.values, "marks": own.marks}
        births = [one.first_ms for one in group.ids]
        row.born_ms = min(births) if not self._grown else min([persons[p].born_ms for p in group.parts] + births)
        known = any(one.known for one in group.ids)
        row.identified = known or (self._grown and any(persons[part].identified for part in group.parts))
        self.touched.add(group.owner)
        self.changed.add(group.owner)
        self._move(group)

    def _move(self, group: _Group) -> None:
        if self._grown:
            self.whole += [(group.owner, part) for part in sorted(group.parts) if part != group.owner]
        else:
            self.moves.append((group.owner, [row.number for row in group.ids if row.owner != group.owner]))
        for row in group.ids:
            row.owner = group.owner


def _own(row: Person) -> Properties:
    """What came under the own id of a number."""
    if row.own is not None:
        return Properties(dict(row.own["properties"]), dict(row.own["marks"]))
    return Properties(dict(row.properties), dict(row.marks))
