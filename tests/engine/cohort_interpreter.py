"""The judge of cohorts: one person at a time, from the definition's JSON and a plain list of events."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.engine.interpreter import DAY, Thing, World, bucket_day, first_instant, holds, hour_starts, matches, shown

MILLI = timedelta(milliseconds=1)
NEGATED = {"is_not": "exact", "not_contains": "contains", "not_regex": "regex", "is_not_set": "is_set"}


@dataclass
class Judge:
    """Who belongs to which cohort as of `until`. `lists` are fixed lists: numbers as they were written down."""

    world: World
    zone: ZoneInfo
    week_start: int
    until: datetime
    definitions: dict[int, dict[str, Any]]
    lists: dict[int, list[int]]

    def attach(self) -> None:
        """Let the filters and breakdowns of other judges ask this one."""
        self.world.belongs = self.belongs
        self.world.cohort_names = {number: f"cohort {number}" for number in [*self.definitions, *self.lists]}

    def everybody(self) -> set[int]:
        born = self.world.born.items()
        return {n for n, at in born if at < self.until and self.world.owners.get(n, n) == n}

    def members(self, definition: dict[str, Any]) -> set[int]:
        return {who for who in self.everybody() if self.member(definition, who)}

    def belongs(self, cohort: int, who: int) -> bool:
        if who not in self.everybody():
            return False
        if cohort in self.lists:
            return who in {self.world.owners.get(n, n) for n in self.lists[cohort]}
        return self.member(self.definitions[cohort], who)

    def member(self, tree: dict[str, Any], who: int) -> bool:
        """Whether somebody who exists by then passes this part of a definition."""
        if "items" in tree:
            results = [self.member(item, who) for item in tree["items"]]
            found = all(results) if tree.get("op", "and") == "and" else any(results)
        else:
            found = getattr(self, f"_{tree['kind']}")(tree, who)
        return bool(found) != tree.get("not", False)

    # --- conditions -----------------------------------------------------------------------------------------------

    def _property(self, leaf: dict[str, Any], who: int) -> bool:
        operator, values = leaf["operator"], leaf.get("values", [])
        if leaf["of"] == "person":
            return holds(operator, self.world.people.get(who, {}).get(leaf["property"]), values, self.zone)
        accounts = {event.account for event in self._events(who) if event.account in self.world.accounts}
        met = (self.world.accounts[account].get(leaf["property"]) for account in accounts)
        positive = any(holds(NEGATED.get(operator, operator), value, values, self.zone) for value in met)
        return positive != (operator in NEGATED)

    def _did(self, leaf: dict[str, Any], who: int) -> bool:
        count = len(self._done(leaf, who, leaf.get("within")))
        times = leaf.get("times") or {"op": "gte", "count": 1}
        return {"gte": count >= times["count"], "lte": 1 <= count <= times["count"], "eq": count == times["count"]}[
            times.get("op", "gte")
        ]

    def _first_time(self, leaf: dict[str, Any], who: int) -> bool:
        every = sorted(event.at for event in self._done(leaf, who, None))
        start, end = self.window(leaf.get("within"))
        return bool(every) and (start is None or start <= every[0]) and every[0] < end

    def _stopped(self, leaf: dict[str, Any], who: int) -> bool:
        return bool(self._done(leaf, who, leaf["within"])) and not self._done(leaf, who, leaf["absent"])

    def _regularly(self, leaf: dict[str, Any], who: int) -> bool:
        periods = {"last": leaf["of"], "unit": leaf["unit"], "whole": leaf.get("whole", False)}
        done = self._done(leaf, who, periods)
        if leaf["unit"] == "hour":
            hours = hour_starts(self.until - timedelta(hours=leaf["of"] + 3), self.until, self.zone)
            names = {max(hour for hour in hours if hour <= event.at) for event in done}
        else:
            names = {bucket_day(shown(event.at, self.zone).date(), leaf["unit"], self.week_start) for event in done}
        return len(names) >= leaf["at_least"]

    def _cohort(self, leaf: dict[str, Any], who: int) -> bool:
        return self.belongs(leaf["cohort"], who)

    # --- events ---------------------------------------------------------------------------------------------------

    def _events(self, who: int) -> list[Thing]:
        return [event for event in self.world.once() if self.world.who(event) == who and event.at < self.until]

    def _done(self, leaf: dict[str, Any], who: int, within: dict[str, Any] | None) -> list[Thing]:
        start, end = self.window(within)
        return [
            event
            for event in self._events(who)
            if (start is None or start <= event.at)
            and event.at < end
            and leaf.get("event") in (None, event.name)
            and matches(leaf.get("filters"), event, self.world, self.zone)
        ]

    def window(self, within: dict[str, Any] | None) -> tuple[datetime | None, datetime]:
        """The last n units hold the one of the last moment before `until`."""
        if within is None:
            return None, self.until
        if "since" in within:
            return first_instant(datetime.fromisoformat(within["since"]), self.zone), self.until
        whole, back = within.get("whole", False), within["last"]
        if within["unit"] == "hour":
            present = max(
                h for h in hour_starts(self.until - timedelta(hours=3), self.until, self.zone) if h < self.until
            )
            first = present - timedelta(hours=back - (0 if whole else 1))
            return first, present if whole else self.until
        present_day = bucket_day(shown(self.until - MILLI, self.zone).date(), within["unit"], self.week_start)
        day = present_day
        for _ in range(back - (0 if whole else 1)):
            day = bucket_day(day - DAY, within["unit"], self.week_start)
        start, end = (first_instant(datetime.combine(d, datetime.min.time()), self.zone) for d in (day, present_day))
        return start, end if whole else self.until
