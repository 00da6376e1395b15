"""A question to the event store, and its answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Rows", "Sql"]


@dataclass(frozen=True, slots=True)
class Sql:
    """A statement whose values stand apart: `{name:Type}` in `text` is bound to `params["name"]` by the server."""

    text: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rows:
    """`read_rows` is what the engine looked at, `elapsed_ms` wall time including the transfer."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    read_rows: int
    elapsed_ms: float

    def dicts(self) -> list[dict[str, Any]]:
        """The rows by column name."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]

    def one(self) -> tuple[Any, ...]:
        """The first row; an IndexError when there is none."""
        return self.rows[0]
