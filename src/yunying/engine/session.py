"""The statements of one question: asked under its limits, counted for its provenance."""

from dataclasses import dataclass, field
from datetime import datetime

from yunying.base import clock
from yunying.engine.cohorts.compile import AsOf
from yunying.engine.context import Context
from yunying.engine.result import Provenance
from yunying.engine.scan import Binder
from yunying.store import EventColumns, Rows, Sql

__all__ = ["Session"]


@dataclass(slots=True)
class Session:
    """The queries of one question and what they cost; the clock runs from when it is made."""

    context: Context
    columns: EventColumns = field(init=False)
    rows_read: int = 0
    kept_days: int = 0
    asked: list[str] = field(default_factory=list)
    started_s: float = field(default_factory=clock.monotonic_s)

    def __post_init__(self) -> None:
        self.columns = self.context.store.columns()

    def binder(self) -> Binder:
        """For the values of a new statement."""
        return Binder(self.context.product, self.columns, cohorts=AsOf(self.context))

    def ask(self, sql: Sql) -> Rows:
        """Raises LimitReached where the statement takes longer or more memory than the context allows."""
        context = self.context
        # Events are read by name and time; the only projection is for the time line of one person.
        rows = context.store.query(sql, timeout_s=context.timeout_s, memory_mb=context.memory_mb, projections=False)
        self.rows_read += rows.read_rows
        self.asked.append(sql.text)
        return rows

    def provenance(self, spec_hash: str, start: datetime, end: datetime) -> Provenance:
        """Where the numbers from `start` to `end` come from, as far as has been asked."""
        return Provenance(
            spec_hash=spec_hash,
            computed_at=self.context.now,
            zone=str(self.context.zone),
            start=start,
            end=end,
            rows_read=self.rows_read,
            elapsed_ms=(clock.monotonic_s() - self.started_s) * 1000,
            sql=tuple(self.asked),
            kept_days=self.kept_days,
        )
