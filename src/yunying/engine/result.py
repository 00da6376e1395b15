"""What every answer has besides its numbers: warnings and where the numbers come from."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

__all__ = ["Bucket", "People", "Provenance", "Result", "Value", "Warning"]


@dataclass(frozen=True, slots=True)
class Warning:
    """Something a reader of the numbers should know: a stable `code`, a message id and the data it names."""

    code: str
    message: str
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The English message with its placeholders filled."""
        return self.message % self.data if self.data else self.message

    def to_json(self) -> dict[str, Any]:
        return {"code": self.code, "message": self.text, "data": self.data}


@dataclass(frozen=True, slots=True)
class Provenance:
    """`rows_read` is what the store looked at for all `queries` together, `elapsed_ms` the time in the engine.

    `kept_days` were answered from states that had been worked out before, without a look at their events.
    """

    spec_hash: str
    computed_at: datetime
    zone: str
    start: datetime
    end: datetime
    rows_read: int
    elapsed_ms: float
    sql: tuple[str, ...]
    kept_days: int = 0

    def to_json(self) -> dict[str, Any]:
        return {
            "spec_hash": self.spec_hash,
            "computed_at": self.computed_at.isoformat(),
            "zone": self.zone,
            "from": self.start.isoformat(),
            "to": self.end.isoformat(),
            "rows_read": self.rows_read,
            "elapsed_ms": round(self.elapsed_ms, 1),
            "queries": len(self.sql),
            "kept_days": self.kept_days,
        }


@dataclass(frozen=True, slots=True)
class Bucket:
    """Times carry the product's zone. `partial`: the range, or what has happened yet, does not fill the bucket."""

    start: datetime
    end: datetime
    partial: bool

    def to_json(self) -> dict[str, Any]:
        return {"start": self.start.isoformat(), "end": self.end.isoformat(), "partial": self.partial}


@dataclass(frozen=True, slots=True)
class Value:
    """One breakdown value. `missing` marks "no value"; its text is then ''."""

    text: str

    @property
    def missing(self) -> bool:
        return not self.text

    def to_json(self) -> dict[str, Any]:
        return {"text": self.text, "missing": self.missing}


class Result(Protocol):
    """The part of an answer that is the same for every kind of report."""

    @property
    def warnings(self) -> tuple[Warning, ...]: ...

    @property
    def provenance(self) -> Provenance: ...

    def to_json(self) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class People:
    """A page of the people behind a number: the numbers of their owners, ascending, and how many there are in all."""

    numbers: tuple[int, ...]
    total: int
