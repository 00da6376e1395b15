"""The judge of retention: for every cohort and column it lists the people, one by one, from a plain list of events.

Clocks, filters and worlds are those of the judge of trends; nothing is shared with the engine.
"""

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

from tests.engine.interpreter import REST, Period, Thing, World, first_instant, matches, period_of
from yunying.store import number_form, text_form

LENGTHS = {
    "hour": timedelta(hours=1),
    "day": timedelta(hours=24),
    "week": timedelta(hours=7 * 24),
    "month": timedelta(hours=30 * 24),
}
Values = tuple[str, ...] | str


@dataclass
class Cell:
    """Who came back, and the numbers of the events they came back with."""

    people: set[int]
    amounts: list[float]
    partial: bool


@dataclass
class Cohort:
    people: set[int]
    partial: bool
    cells: list[Cell | None] = field(default_factory=list)


@dataclass
class Judge:
    """One question about one world; `periods` are the names of all periods that matter, the first are cohorts."""

    question: dict[str, Any]
    world: World
    zone: ZoneInfo
    week_start: int
    now: datetime

    def __post_init__(self) -> None:
        asked = self.question | {"interval": self.question["period"]}
        self.range: Period = period_of(asked, self.zone, self.week_start, self.now)
        self.size = len(self.range.starts())
        lengths = self.question.get("brackets")
        if lengths:
            self.columns = [(0, 0)]
            for length in lengths:
                self.columns.append((self.columns[-1][1] + 1, self.columns[-1][1] + length))
        else:
            last = self.question.get("periods") or max(self.size - 1, 1)
            self.columns = [(i, i) for i in range(last + 1)]
        self.last = self.columns[-1][1]
        self.length = LENGTHS[self.question["period"]]
        self.rolling = self.question.get("clock") == "rolling"
        far = self.range.end + (self.last + 3) * self.length * 31 / 30
        self.calendar = Period(self.range.start, far, self.zone, self.question["period"], self.week_start)
        self.periods = self.calendar.starts()

    # --- events ---------------------------------------------------------------------------------------------------

    def did(self, what: str, *, named_only: bool = False) -> list[Thing]:
        doing = self.question.get(what) or {}
        return [
            event
            for event in self.world.once()
            if doing.get("event") in (None, event.name) and (named_only or self.suits(what, event))
        ]

    def suits(self, what: str, event: Thing) -> bool:
        trees = (self.question.get("filters"), (self.question.get(what) or {}).get("filters"))
        return all(matches(tree, event, self.world, self.zone) for tree in trees)

    def starts(self) -> list[Thing]:
        """The events that put somebody into a cohort."""
        mode = self.question.get("mode", "recurring")
        if mode == "recurring":
            found = self.did("start")
        else:
            first: dict[int, Thing] = {}
            for event in sorted(self.did("start", named_only=mode == "first_ever"), key=lambda e: (e.at, e.uuid)):
                first.setdefault(self.world.who(event), event)
            found = [event for event in first.values() if self.suits("start", event)]
        return [event for event in found if self.range.holds(event)]

    def values(self, event: Thing) -> list[tuple[str, ...]]:
        """Everything the event counts under: somebody may be in several cohorts of people, or in none."""
        return list(product(*(self.values_by(by, event) for by in self.question.get("breakdown", []))))

    def values_by(self, by: dict[str, Any], event: Thing) -> list[str]:
        if by.get("of") == "cohort":
            return [self.world.cohort_names[c] for c in by["cohorts"] if self.world.belongs(c, self.world.who(event))]
        return [text_form(self.world.props(by.get("of", "event"), event).get(by["property"]))]

    def place(self, at: datetime) -> int:
        return int(self.periods.index(self.calendar.bucket(at, self.periods)))

    # --- time -----------------------------------------------------------------------------------------------------

    def begin(self, place: int) -> datetime:
        name = self.periods[place]
        if isinstance(name, datetime):
            return name
        return first_instant(datetime.combine(name, datetime.min.time()), self.zone)

    def begun(self, cohort: int, window: int) -> bool:
        if self.rolling:
            return max(self.begin(cohort), self.range.start) + window * self.length <= self.now
        return self.begin(cohort + window) <= self.now

    def over(self, cohort: int, window: int) -> bool:
        if self.rolling:
            end = min(self.begin(cohort + 1), self.range.end)
            return end + (window + 1) * self.length <= self.now
        return self.begin(cohort + window + 1) <= self.now

    # --- the answer -----------------------------------------------------------------------------------------------

    def rows(self) -> dict[Values, list[Cohort]]:
        """Cohorts of every row, in the order of the rows."""
        starts = self.starts()
        return {
            values: [self.cohort(i, [e for e in chosen if self.place(e.at) == i]) for i in range(self.size)]
            for values, chosen in self.groups(starts).items()
        }

    def groups(self, starts: list[Thing]) -> dict[Values, list[Thing]]:
        if not self.question.get("breakdown"):
            return {(): starts}
        pairs = [(values, event) for event in starts for values in self.values(event)]
        sizes = {
            values: len({(self.world.who(e), self.place(e.at)) for other, e in pairs if other == values})
            for values in {values for values, _ in pairs} | set(self.asked_for())
        }
        ranked = sorted((v for v in sizes if any(v)), key=lambda v: (-sizes[v], v))
        top = ranked[: self.question.get("breakdown_limit", 25)]
        none = tuple("" for _ in self.question["breakdown"])
        rows: dict[Values, list[Thing]] = {v: [e for other, e in pairs if other == v] for v in (*top, none)}
        rows[REST] = [e for values, e in pairs if values not in (*top, none)]
        return {values: events for values, events in rows.items() if events or values in self.asked_for()}

    def asked_for(self) -> list[tuple[str, ...]]:
        """Cohorts that were chosen one by one: they have rows even of nothing."""
        by = self.question["breakdown"]
        if len(by) == 1 and by[0].get("of") == "cohort":
            return [(self.world.cohort_names[cohort],) for cohort in by[0]["cohorts"]]
        return []

    def cohort(self, index: int, starts: list[Thing]) -> Cohort:
        first: dict[int, datetime] = {}
        for event in starts:
            who = self.world.who(event)
            first[who] = min(first.get(who, event.at), event.at)
        end = self.begin(index + 1)
        partial = self.begin(index) < self.range.start or end > min(self.range.end, self.now)
        visits = self.visits(index, first)
        cells = [self.cell(index, column, set(first), visits) for column in self.columns]
        return Cohort(set(first), partial, cells)

    def visits(self, cohort: int, first: dict[int, datetime]) -> dict[tuple[int, int], list[Thing]]:
        """The return events of each person in each window where they came back often enough."""
        found: dict[tuple[int, int], list[Thing]] = {}
        for event in self.did("return"):
            who = self.world.who(event)
            if who not in first or event.at <= first[who]:
                continue
            window = self.window(cohort, first[who], event.at)
            if window is not None and self.begun(cohort, window):
                found.setdefault((who, window), []).append(event)
        least = self.question.get("minimum", 1)
        return {key: events for key, events in found.items() if key[1] == 0 or len(events) >= least}

    def window(self, cohort: int, first: datetime, at: datetime) -> int | None:
        if self.rolling:
            window = 0
            while at >= first + (window + 1) * self.length:
                window += 1
            return window if window <= self.last else None
        if at >= self.begin(cohort + self.last + 1):
            return None
        return self.place(at) - cohort

    def cell(
        self, cohort: int, column: tuple[int, int], people: set[int], visits: dict[tuple[int, int], list[Thing]]
    ) -> Cell | None:
        first, last = column
        if not self.begun(cohort, first):
            return None
        partial = not self.over(cohort, last)
        if self.question.get("on_or_after"):
            last = self.last
        chosen = {key: events for key, events in visits.items() if first <= key[1] <= last}
        name = (self.question.get("value") or {}).get("property", "")
        numbers = [number_form(text_form(e.props.get(name))) for events in chosen.values() for e in events]
        came = people if first == 0 else {who for who, _ in chosen}
        return Cell(set(came), [n for n in numbers if n is not None], partial)

    def value(self, amounts: list[float]) -> float | None:
        wanted = self.question.get("value")
        if not wanted:
            return None
        if wanted["measure"] == "sum":
            return math.fsum(amounts)
        return math.fsum(amounts) / len(amounts) if amounts else None

    def complete(self, cohorts: list[Cohort], column: int) -> list[tuple[Cohort, Cell]]:
        pairs = [(cohort, cohort.cells[column]) for cohort in cohorts]
        return [(cohort, cell) for cohort, cell in pairs if cell is not None and not cell.partial]

    def mean(self, cohorts: list[Cohort], column: int) -> tuple[int, float | None, float | None]:
        """Size, rate and value of the mean row."""
        chosen = self.complete(cohorts, column)
        size = sum(len(cohort.people) for cohort, _ in chosen)
        rate = sum(len(cell.people) for _, cell in chosen) / size if size else None
        value = self.value([amount for _, cell in chosen for amount in cell.amounts])
        if (self.question.get("value") or {}).get("measure") == "sum":
            value = value / len(chosen) if chosen and value is not None else None
        return size, rate, value
