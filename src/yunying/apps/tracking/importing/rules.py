"""What a mapping says, read and checked: rules that make events of the rows of a file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from yunying.apps.tracking.importing.spans import WHOLE, Span

__all__ = [
    "ROW_IN_GROUP",
    "TESTS",
    "Aggregate",
    "ColumnType",
    "Condition",
    "FileMapping",
    "Lookup",
    "Rule",
    "TimeSpec",
    "Value",
    "template_columns",
]

ROW_IN_GROUP = "#"


class ColumnType(StrEnum):
    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    JSON = "json"


class Aggregate(StrEnum):
    """How the rows of a group become one value."""

    FIRST = "first"
    LAST = "last"
    SUM = "sum"
    MIN = "min"
    MAX = "max"
    COUNT = "count"
    DISTINCT = "distinct"
    LIST = "list"


TESTS = ("is", "is_not", "starts_with", "not_starts_with", "gt", "gte", "lt", "lte", "empty")


@dataclass(frozen=True, slots=True)
class Condition:
    """One test of one column; `operands` are always a tuple."""

    column: str
    test: str
    operands: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Value:
    """Where a value comes from: a constant, a column, a product of columns, or a template with {column} in it.

    `otherwise` is taken when the column (or a column of the template) is empty; `words` translates single values.
    """

    constant: Any = None
    column: str | None = None
    times: tuple[str, ...] = ()
    template: str | None = None
    otherwise: "Value | None" = None
    aggregate: Aggregate = Aggregate.FIRST
    digits: int | None = None
    absolute: bool = False
    words: Mapping[str, Any] = field(default_factory=dict)

    def columns(self) -> set[str]:
        """The columns it reads."""
        own = {self.column} if self.column else set(self.times) | set(template_columns(self.template))
        return {name for name in own if name} | (self.otherwise.columns() if self.otherwise else set())


@dataclass(frozen=True, slots=True)
class TimeSpec:
    """`format`: iso, unix_s, unix_ms, excel (days since 1899-12-30), or strptime's signs.

    Times without an offset are wall-clock times of `zone`.
    """

    column: str
    format: str = "iso"
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class Lookup:
    """A second table whose columns are added to each row: `on` is the column here, `key` the column there."""

    file: str
    on: str
    key: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """Makes one event of each row that passes `when`, or of each group of such rows (`per` = "group")."""

    name: Value
    distinct_id: Value
    time: TimeSpec | None
    per_group: bool = False
    when: tuple[Condition, ...] = ()
    id: tuple[str, ...] = ()
    uuid: str | None = None
    account: Value | None = None
    session: Value | None = None
    properties: Mapping[str, Value] = field(default_factory=dict)
    spread: tuple[str, ...] = ()
    person_set: Mapping[str, Value] = field(default_factory=dict)
    person_set_once: Mapping[str, Value] = field(default_factory=dict)
    account_set: Mapping[str, Value] = field(default_factory=dict)
    account_set_once: Mapping[str, Value] = field(default_factory=dict)

    def columns(self) -> set[str]:
        """The columns it reads."""
        values: list[Value | None] = [self.name, self.distinct_id, self.account, self.session]
        tables = (self.properties, self.person_set, self.person_set_once, self.account_set, self.account_set_once)
        values += [value for table in tables for value in table.values()]
        read = set().union(*(value.columns() for value in values if value))
        read |= {condition.column for condition in self.when} | set(self.spread)
        read |= {name for name in self.id if name != ROW_IN_GROUP}
        read |= {self.uuid} if self.uuid else set()
        return read | ({self.time.column} if self.time else set())


@dataclass(frozen=True, slots=True)
class FileMapping:
    """`digest` names this very mapping, so that a half-done import is only continued with the same one."""

    source: str
    rules: tuple[Rule, ...]
    types: Mapping[str, ColumnType]
    format: str | None = None
    separator: str = ","
    encoding: str = "utf-8"
    sheet: str = ""
    header: tuple[str, ...] = ()
    above: int = 0
    group: tuple[str, ...] = ()
    group_within: int = 5000
    lookups: tuple[Lookup, ...] = ()
    span: Span = WHOLE
    digest: str = ""

    def columns(self) -> set[str]:
        """The columns to read from the file itself; what lookups add is not among them."""
        read = set(self.group).union(*(rule.columns() for rule in self.rules))
        added = {name for lookup in self.lookups for name in lookup.columns}
        return (read - added) | {lookup.on for lookup in self.lookups}


def template_columns(template: str | None) -> list[str]:
    """Names between braces, in order."""
    return [part.split("}")[0] for part in (template or "").split("{")[1:]]
