"""One pass over a batch of events: everything the relational side needs to know, added up beforehand."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from yunying.apps.tracking.models import PropertyOf, ValueType
from yunying.events.event import Event, Link, Op, OpKind
from yunying.events.nobody import is_nobody

__all__ = ["ADDITIVE", "Batch", "Deed", "Linked", "Sighting", "value_type"]

Key = tuple[int, str]  # product and distinct id (or account key)

# What builds on the value before, and so counts twice when it is carried out twice.
ADDITIVE = frozenset({OpKind.ADD, OpKind.APPEND, OpKind.PREPEND, OpKind.UNION, OpKind.UNION_FIRST, OpKind.REMOVE})

_SAMPLES = 5
_TIME = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?")


def value_type(value: Any) -> ValueType | None:
    """The type of one JSON value, None for null and empty text. Text that is an ISO 8601 date or time is a time."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return ValueType.BOOLEAN
    if isinstance(value, int | float):
        return ValueType.NUMBER
    if isinstance(value, str):
        return ValueType.TIME if _TIME.fullmatch(value) else ValueType.TEXT
    return ValueType.LIST if isinstance(value, list) else ValueType.OBJECT


@dataclass(slots=True)
class Sighting:
    """How often a name was seen in a batch, when, and of which types a sample of its values was."""

    volume: int = 0
    first_ms: int = 1 << 62
    last_ms: int = -(1 << 62)
    types: Counter[str] = field(default_factory=Counter)

    def add(self, volume: int, first_ms: int, last_ms: int) -> None:
        self.volume += volume
        self.first_ms = min(self.first_ms, first_ms)
        self.last_ms = max(self.last_ms, last_ms)

    def sample(self, value: Any) -> None:
        kind = value_type(value)
        if kind is not None:
            self.types[kind.value] += 1


class Deed(NamedTuple):
    """What one event does to the properties of a person (by distinct id) or an account."""

    key: Key
    ms: int
    uuid: str
    ops: list[Op]


class Linked(NamedTuple):
    """A link, when it was made and by which event, and what sent it."""

    product: int
    link: Link
    ms: int
    uuid: str
    protocol: str
    library: str


@dataclass(slots=True)
class _Shape:
    """Events of one name with the same properties."""

    count: int
    first_ms: int
    last_ms: int
    samples: list[dict[str, Any]]


@dataclass(slots=True)
class Batch:
    """`born` has every id of the batch with its earliest time, ids that occur only in links included."""

    events: Sequence[Event]
    born: dict[Key, int] = field(default_factory=dict)
    person_ops: list[Deed] = field(default_factory=list)
    account_ops: list[Deed] = field(default_factory=list)
    links: list[Linked] = field(default_factory=list)
    additive: list[Event] = field(default_factory=list)
    names: dict[Key, Sighting] = field(default_factory=dict)
    properties: dict[tuple[int, PropertyOf, str], Sighting] = field(default_factory=dict)
    pairs: dict[tuple[int, str, str], int] = field(default_factory=dict)

    @classmethod
    def of(cls, events: Sequence[Event]) -> "Batch":
        batch = cls(events)
        shapes: dict[tuple[int, str, tuple[str, ...]], _Shape] = {}
        born = batch.born
        for event in events:
            key, ms = (event.product, event.distinct_id), event.ts_ms
            known = born.get(key)
            if known is None or ms < known:
                born[key] = ms
            if event.person_ops or event.links or event.account_ops or event.account:
                batch._note(event)
            form = (event.product, event.name, tuple(event.props))
            shape = shapes.get(form)
            if shape is None:
                shapes[form] = _Shape(1, ms, ms, [event.props])
                continue
            shape.count += 1
            if ms < shape.first_ms:
                shape.first_ms = ms
            elif ms > shape.last_ms:
                shape.last_ms = ms
            if shape.count <= _SAMPLES:
                shape.samples.append(event.props)
        batch._add_shapes(shapes)
        return batch

    @property
    def products(self) -> set[int]:
        return {product for product, _ in self.born}

    def _note(self, event: Event) -> None:
        key = (event.product, event.distinct_id)
        if event.person_ops:
            self.person_ops.append(Deed(key, event.ts_ms, event.uuid, event.person_ops))
            self._see(event, PropertyOf.PERSON, event.person_ops)
        if event.account:
            account = (event.product, event.account)
            self.account_ops.append(Deed(account, event.ts_ms, event.uuid, event.account_ops))
            self._see(event, PropertyOf.ACCOUNT, event.account_ops)
        for link in event.links:
            self.links.append(Linked(event.product, link, event.ts_ms, event.uuid, event.protocol, event.library))
            for name in (link.source, link.target):
                if not is_nobody(name):
                    self.born[event.product, name] = min(event.ts_ms, self.born.get((event.product, name), event.ts_ms))
        if any(op.kind in ADDITIVE for op in (*event.person_ops, *event.account_ops)):
            self.additive.append(event)

    def _see(self, event: Event, of: PropertyOf, ops: Iterable[Op]) -> None:
        for op in ops:
            if op.kind is OpKind.CLEAR:
                continue
            sighting = self.properties.setdefault((event.product, of, op.key), Sighting())
            sighting.add(1, event.ts_ms, event.ts_ms)
            sighting.sample(op.value)

    def _add_shapes(self, shapes: dict[tuple[int, str, tuple[str, ...]], _Shape]) -> None:
        for (product, name, keys), shape in shapes.items():
            seen = (shape.count, shape.first_ms, shape.last_ms)
            self.names.setdefault((product, name), Sighting()).add(*seen)
            for key in keys:
                sighting = self.properties.setdefault((product, PropertyOf.EVENT, key), Sighting())
                sighting.add(*seen)
                for props in shape.samples:
                    sighting.sample(props[key])
                pair = (product, name, key)
                self.pairs[pair] = max(shape.last_ms, self.pairs.get(pair, shape.last_ms))
