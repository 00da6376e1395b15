"""Which columns the events table has: the fixed ones and the properties promoted to columns of their own."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256

from yunying.store.values import number_sql, text_sql

__all__ = ["FIXED", "EventColumns", "Kind", "Promoted"]

FIXED = ("product", "event", "ts", "person", "uuid", "distinct_id", "account", "session", "props")

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")


class Kind(StrEnum):
    """In which form a promoted column holds its property."""

    TEXT = "text"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Promoted:
    """A property, by `name`, with a typed column. `column` is safe to stand in SQL as it is."""

    name: str
    kind: Kind
    column: str

    @classmethod
    def of(cls, name: str, kind: Kind) -> "Promoted":
        """The column a property gets: its own name where that is plain, else a digest of it."""
        plain = name if _PLAIN.fullmatch(name) else "h" + sha256(name.encode()).hexdigest()[:16]
        # An ending "__x" keeps digests and plain names apart.
        return cls(name, kind, f"p_{kind.value}_{plain}" + ("" if plain == name else "__x"))

    @property
    def type(self) -> str:
        return "LowCardinality(String)" if self.kind is Kind.TEXT else "Nullable(Float64)"

    @property
    def default(self) -> str:
        """The expression that gives the same value from the JSON text."""
        key = "'" + self.name.replace("\\", "\\\\").replace("'", "\\'") + "'"
        return text_sql("props", key) if self.kind is Kind.TEXT else number_sql("props", key)


@dataclass(frozen=True, slots=True)
class EventColumns:
    """What the compiler and the writer know about the events table."""

    promoted: tuple[Promoted, ...] = ()
    fixed: tuple[str, ...] = FIXED
    _by_property: dict[tuple[str, Kind], Promoted] = field(default_factory=dict, repr=False, compare=False, hash=False)

    @classmethod
    def of(cls, promoted: Iterable[Promoted]) -> "EventColumns":
        rows = tuple(sorted(promoted, key=lambda p: p.column))
        return cls(promoted=rows, _by_property={(p.name, p.kind): p for p in rows})

    def text(self, property_name: str, key: str) -> str:
        """Expression of the text form (String, never null): the promoted column, else read from the JSON text.

        `key` is the placeholder that binds the name, as in `{p1:String}`.
        """
        known = self._by_property.get((property_name, Kind.TEXT))
        return known.column if known else text_sql("props", key)

    def number(self, property_name: str, key: str) -> str:
        """Expression of the number form (Nullable(Float64)); see `text`."""
        known = self._by_property.get((property_name, Kind.NUMBER))
        return known.column if known else number_sql("props", key)

    def has(self, property_name: str, kind: Kind) -> bool:
        return (property_name, kind) in self._by_property
