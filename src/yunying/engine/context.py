"""Everything a question needs besides itself: which product, whose clock, how much it may cost."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo

from yunying.store import Store

if TYPE_CHECKING:
    from yunying.engine.cohorts.definition import Cohort, Members

__all__ = ["ANYTHING", "NO_COHORTS", "Anything", "Catalogue", "Cohorts", "Context", "NoCohorts"]


class Catalogue(Protocol):
    """The names a product is known to send. Unknown names are warned about, never refused: data may be late."""

    def knows_event(self, name: str) -> bool:
        """Whether an event of this name was ever seen."""
        ...

    def knows_property(self, of: str, name: str) -> bool:
        """Whether `of` ("event", "person" or "account") was ever seen with this property."""
        ...


class Anything:
    """A catalogue that has seen everything: no warnings about names."""

    def knows_event(self, name: str) -> bool:
        return True

    def knows_property(self, of: str, name: str) -> bool:
        return True


ANYTHING = Anything()


class Cohorts(Protocol):
    """The cohorts of the product, by their number."""

    def definition(self, cohort: int) -> "Cohort | Members | None":
        """What the cohort is; None when there is none of this number."""
        ...

    def name(self, cohort: int) -> str:
        """What people call it; "" when there is none of this number."""
        ...


class NoCohorts:
    """A product without cohorts."""

    def definition(self, cohort: int) -> None:
        return None

    def name(self, cohort: int) -> str:
        return ""


NO_COHORTS = NoCohorts()


@dataclass(frozen=True, slots=True)
class Context:
    """`product` scopes every query; `now` is aware; queries keep `memory_mb` and `timeout_s` (None: the store's).

    `until` is the instant up to which cohorts look (None: now). Inside a report it is the end of its range.
    `without_bots` leaves events that carry `$bot` out of every report; cohorts still see them.
    """

    store: Store
    product: int
    zone: ZoneInfo
    now: datetime
    week_start: int = 1
    catalogue: Catalogue = ANYTHING
    memory_mb: int | None = None
    timeout_s: float | None = None
    cohorts: Cohorts = NO_COHORTS
    until: datetime | None = None
    without_bots: bool = False

    def __post_init__(self) -> None:
        if self.now.tzinfo is None:
            raise ValueError("the context needs an aware time")
        if self.week_start not in (1, 7):
            raise ValueError("a week starts on 1 (Monday) or 7 (Sunday)")
