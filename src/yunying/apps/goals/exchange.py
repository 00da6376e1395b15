"""Sheets of goals taken in: what a file would do, line by line, and doing it.

Anything else than a number in `goal` is a name by which other lines of the same file speak of a goal that is to be
made. What comes in goes through the same services as the pages, all in one transaction: either every line is taken
or none.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from yunying.apps.goals.access import goal_for
from yunying.apps.goals.cells import Fault, Line, day_cell, number_cell, yes_cell
from yunying.apps.goals.checks import UNSET
from yunying.apps.goals.exchange_results import Above, Results
from yunying.apps.goals.intake import Intake
from yunying.apps.goals.models import Cycle, Goal, Status
from yunying.apps.goals.services import close_goal, create_goal, update_goal
from yunying.base.errors import Conflict, InvalidInput, YunyingError, msg
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.selectors import product_members

__all__ = ["Imported", "import_rows"]

# How a goal ended: these cells close a goal, and cannot change one that is closed.
_END = ("status", "score", "outcome", "learnt")
# Columns whose names are not those of the fields.
_COLUMNS = {"parent": "serves", "rhythm": "check_in"}
# What a line at fault goes on with where something must be; nothing of it is kept.
_ANY_DAY = date(2000, 1, 1)
_STAND_INS = {"title": "–", "start": _ANY_DAY, "due": _ANY_DAY}
_STAND_INS_OF_END = {"status": Status.MISSED.value, "outcome": "–", "score": None}
# Cells that may be emptied: what no line says any more is taken away.
_EMPTY = {"title": "", "why": "", "team": "", "cycle_id": None, "parent_id": None}


@dataclass(slots=True)
class Imported:
    """What an import does, or did when `applied`."""

    lines: list[Line]
    applied: bool = False

    @property
    def errors(self) -> int:
        """How many things are wrong."""
        return sum(len(line.faults) for line in self.lines)

    @property
    def at_fault(self) -> list[Line]:
        return [line for line in self.lines if line.faults]

    @property
    def changes(self) -> int:
        return sum(1 for line in self.lines if line.acts)


def import_rows(access: ProductAccess, rows: Sequence[Mapping[str, str]], *, apply: bool) -> Imported:
    """Take the lines in, or with `apply=False` only say what would happen. With one cell at fault nothing is kept."""
    access.require(Permission.EDIT_GOALS)
    intake = Intake(rows)
    with transaction.atomic():
        _Run(access, intake).go()
        done = Imported(intake.told())
        done.applied = apply and not done.errors
        if not done.applied:
            transaction.set_rollback(True)
    return done


class _Run:
    """One pass over the lines; the caller's transaction decides whether it stays."""

    def __init__(self, access: ProductAccess, intake: Intake) -> None:
        self._access = access
        self._intake = intake
        self._results = Results(access, intake)
        people = product_members(access)
        self._people = {one.user.email.lower(): one.user.pk for one in people}
        self._cycles = dict(Cycle.objects.filter(product=access.product).values_list("name", "pk"))
        self._made: dict[str, Goal] = {}

    def go(self) -> None:
        groups = self._groups()
        waiting = list(groups)
        while waiting:
            ready = [key for key in waiting if self._intake.first(groups[key], "serves") not in waiting]
            if not ready:
                ready = waiting
                self._break_circle([place for key in waiting for place in groups[key]])
            for key in ready:
                self._goal(key, groups[key])
            waiting = [key for key in waiting if key not in ready]

    def _groups(self) -> dict[str, list[int]]:
        """The lines of each goal, in the order of the file. A line that names no goal is one of its own."""
        found: dict[str, list[int]] = {}
        for place, row in enumerate(self._intake.rows):
            if any(row.values()):
                found.setdefault(row.get("goal") or f"\x00{place}", []).append(place)
        return found

    def _break_circle(self, places: list[int]) -> None:
        for place in places:
            if self._intake.rows[place].pop("serves", ""):
                told = Fault("serves", _("This goal serves one that serves it: a circle."))
                self._intake.lines[place].faults.append(told)

    def _goal(self, key: str, places: list[int]) -> None:
        goal, lost = self._known(key, places)
        values = self._values(places, goal)
        if goal is None:
            goal, act = self._create(places, values), _("New goal")
            later: dict[str, Any] = {}
        else:
            values = {name: value for name, value in values.items() if getattr(goal, name) != value}
            later = _narrower(goal, values)
            act = _("Goal changed") if values or later else ""
            self._change(goal, places, values)
        if goal is None:
            return
        self._made[key] = goal
        if act:
            self._intake.lines[places[0]].acts.append(act)
        above = Above(goal, lost, timeless=self._intake.at_fault(places, "start", "due"))
        for place in places:
            if any(self._intake.rows[place].get(name) for name in ("key_result", "metric")):
                self._results.take(above, place)
        self._change(goal, places, later)
        self._end(goal, places)

    def _known(self, key: str, places: list[int]) -> tuple[Goal | None, bool]:
        """The goal that a number names; None for a new one, and for a number that names none, which is told."""
        if not key.isdecimal() or len(key) > 17:
            return None, False
        try:
            return goal_for(self._access, int(key)), False
        except YunyingError as error:
            self._intake.tell(places, "goal", error)
            return None, True

    def _create(self, places: list[int], values: dict[str, Any]) -> Goal | None:
        missing = [name for name in ("start", "due") if name not in values]
        for name in missing:
            self._intake.tell(places, name, InvalidInput("goals.day", msg("Write a day as 2026-03-31.")))
        values = {"title": ""} | values | ({"start": _ANY_DAY, "due": _ANY_DAY} if missing else {})

        def act(now: dict[str, Any]) -> Goal:
            return create_goal(access=self._access, **now)

        made: Goal | None = self._intake.attempt(places, values, act, columns=_COLUMNS, stand_ins=_STAND_INS)
        return made

    def _change(self, goal: Goal, places: list[int], values: dict[str, Any]) -> None:
        def act(now: dict[str, Any]) -> Goal:
            return update_goal(access=self._access, goal=goal, version=goal.version, **now) if now else goal

        self._intake.attempt(places, values, act, columns=_COLUMNS, stand_ins={})

    def _values(self, places: list[int], goal: Goal | None) -> dict[str, Any]:
        """The arguments of the services that the goal's cells give."""
        readers: dict[str, tuple[str, Callable[[str], Any]]] = {
            **{name: (name, str) for name in ("title", "why", "team", "level")},
            "rhythm": ("check_in", str),
            "start": ("start", day_cell),
            "due": ("due", day_cell),
            "weight": ("weight", number_cell),
            "counts": ("counts", yes_cell),
            "owner_id": ("owner", lambda email: self._person(email, goal)),
            "cycle_id": ("cycle", self._cycle),
            "parent_id": ("serves", self._parent),
        }
        heads = set().union(*(self._intake.rows[place].keys() for place in places))
        found: dict[str, Any] = {}
        for name, (column, parse) in readers.items():
            value = self._intake.agreed(places, column, parse, getattr(goal, name) if goal else UNSET)
            if value is not UNSET:
                found[name] = value
            elif name in _EMPTY and column in heads and not self._intake.first(places, column):
                found[name] = _EMPTY[name]
        return found

    def _parent(self, key: str) -> int:
        if key in self._made:
            return self._made[key].pk
        if not key.isdecimal() or len(key) > 17:
            text = msg("The goal “%(goal)s” that this one serves is not in the file.")
            raise InvalidInput("goals.serves", text, goal=key[:40])
        return int(key)

    def _person(self, email: str, goal: Goal | None) -> int:
        if goal is not None and goal.owner is not None and goal.owner.email.lower() == email.lower():
            # Who left the organisation still owns what they owned.
            return goal.owner.pk
        if email.lower() not in self._people:
            text = msg("“%(email)s” is no member who sees this product.")
            raise InvalidInput("goals.owner", text, email=email[:120])
        return self._people[email.lower()]

    def _cycle(self, name: str) -> int:
        if name not in self._cycles:
            raise InvalidInput("goals.cycle", msg("There is no cycle called “%(name)s”."), name=name[:120])
        return self._cycles[name]

    def _end(self, goal: Goal, places: list[int]) -> None:
        """Close the goal when the line says how it ended: after its key results, which a closed one does not take."""
        readers: dict[str, Callable[[str], Any]] = {name: number_cell if name == "score" else str for name in _END}
        read = {name: self._intake.agreed(places, name, parse, getattr(goal, name)) for name, parse in readers.items()}
        said = {name: value for name, value in read.items() if value is not UNSET}
        if not goal.is_open:
            self._check_kept(goal, places, said)
        elif said.get("status", Status.OPEN) != Status.OPEN:
            end = {"outcome": ""} | said

            def act(now: dict[str, Any]) -> Goal:
                return close_goal(access=self._access, goal=goal, **now)

            if self._intake.attempt(places, end, act, columns=_COLUMNS, stand_ins=_STAND_INS_OF_END):
                self._intake.lines[places[0]].acts.append(_("Goal closed"))

    def _check_kept(self, goal: Goal, places: list[int], said: dict[str, Any]) -> None:
        """Tell when a line wants the end of a closed goal to be another one."""
        for name, value in said.items():
            if value != (getattr(goal, name).strip() if name != "score" else goal.score):
                error = Conflict("goal.closed", msg("This goal is closed. Reopen it to change it."))
                self._intake.tell(places, name, error)


def _narrower(goal: Goal, values: dict[str, Any]) -> dict[str, Any]:
    """What of a new, narrower time must wait until the key results within it are changed too; taken out of `values`."""
    start, due = values.get("start", goal.start), values.get("due", goal.due)
    if due < start or not goal.key_results.exclude(start__gte=start, due__lte=due).exists():
        return {}
    names = [name for name in ("start", "due") if name in values]
    late = [name for name in names if (values[name] > goal.start if name == "start" else values[name] < goal.due)]
    return {name: values.pop(name) for name in late}
