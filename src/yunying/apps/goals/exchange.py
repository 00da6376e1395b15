"""Sheets of goals taken in: what a file would do, line by line, and doing it.

Anything else than a number in `goal` is a name by which other lines of the same file speak of a goal that is to be
made. What comes in goes through the same services as the pages, all in one transaction: either every line is taken
or none.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from yunying.apps.goals.access import goal_for
from yunying.apps.goals.models import Cycle, Goal, KeyResult, Status
from yunying.apps.goals.services import add_key_result, close_goal, create_goal, update_goal, update_key_result
from yunying.apps.goals.sheets import COLUMNS
from yunying.apps.goals.typed import typed_value
from yunying.apps.insights.selectors import Metric, metrics_of
from yunying.base.errors import Conflict, InvalidInput, YunyingError, msg
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.selectors import product_members
from yunying.platform.ui.errors import problem_of

__all__ = ["Imported", "Line", "import_rows"]

_YES, _NO = {"yes", "true", "1", "是", "y"}, {"no", "false", "0", "否", "n"}
# How a goal ended: these cells close a goal, and cannot change one that is closed.
_END = ("status", "score", "outcome", "learnt")
# Columns whose names are not those of the fields.
_OF_GOALS = {"parent": "serves", "rhythm": "check_in"}
_OF_RESULTS = {"weight": "result_weight", "start": "result_start", "due": "result_due"}


@dataclass(slots=True)
class Line:
    """What becomes of one line of the file; `number` counts as spreadsheets do, the heading is 1."""

    number: int
    goal: str
    result: str
    problems: list[str] = field(default_factory=list)
    acts: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Imported:
    """What an import does, or did when `applied`."""

    lines: list[Line]
    applied: bool = False

    @property
    def errors(self) -> int:
        return sum(1 for line in self.lines if line.problems)

    @property
    def changes(self) -> int:
        return sum(1 for line in self.lines if line.acts)


def import_rows(access: ProductAccess, rows: Sequence[Mapping[str, str]], *, apply: bool) -> Imported:
    """Take the lines in, or with `apply=False` only say what would happen. With one line at fault nothing is kept."""
    access.require(Permission.EDIT_GOALS)
    run = _Run(access, rows)
    with transaction.atomic():
        run.go()
        done = Imported(run.lines, applied=apply and not any(line.problems for line in run.lines))
        if not done.applied:
            transaction.set_rollback(True)
    return done


class _Run:
    """One pass over the lines; the caller's transaction decides whether it stays."""

    def __init__(self, access: ProductAccess, rows: Sequence[Mapping[str, str]]) -> None:
        self._access = access
        self._rows = [{name: (value or "").strip() for name, value in row.items()} for row in rows]
        self.lines = [
            Line(number, row.get("title", ""), row.get("name", "") or row.get("metric", ""))
            for number, row in enumerate(self._rows, start=2)
        ]
        self._metrics = {metric.name: metric for metric in metrics_of(access)}
        people = product_members(access)
        self._people = {one.user.email.lower(): one.user.pk for one in people}
        self._cycles = dict(Cycle.objects.filter(product=access.product).values_list("name", "pk"))
        self._made: dict[str, Goal] = {}

    def go(self) -> None:
        groups = self._groups()
        waiting = list(groups)
        while waiting:
            ready = [key for key in waiting if self._parent_key(groups[key]) not in waiting]
            if not ready:
                for key in waiting:
                    self._fail(groups[key], _("This goal serves one that serves it: a circle."))
                return
            for key in ready:
                self._goal(key, groups[key])
            waiting = [key for key in waiting if key not in ready]

    def _groups(self) -> dict[str, list[int]]:
        """The lines of each goal, in the order of the file. A line that names no goal is one of its own."""
        found: dict[str, list[int]] = {}
        for place, row in enumerate(self._rows):
            found.setdefault(row.get("goal") or f"\x00{place}", []).append(place)
        return found

    def _parent_key(self, places: list[int]) -> str:
        return self._cell(places, "serves")

    def _cell(self, places: list[int], name: str) -> str:
        """A goal's cell: that of its first line that has one."""
        return next((value for place in places if (value := self._rows[place].get(name, ""))), "")

    def _fail(self, places: list[int], problem: str) -> None:
        for place in places:
            self.lines[place].problems.append(problem)

    def _goal(self, key: str, places: list[int]) -> None:
        try:
            with transaction.atomic():
                goal, act = self._take_goal(key, places)
        except YunyingError as error:
            self._fail(places[:1], _told(error, _OF_GOALS))
            self._fail(places[1:], _("Its goal has an error."))
            return
        self._made[key] = goal
        if act:
            self.lines[places[0]].acts.append(act)
        for place in places:
            if any(self._rows[place].get(name) for name in ("key_result", "metric")):
                self._result(goal, place)
        self._end(goal, places)

    def _end(self, goal: Goal, places: list[int]) -> None:
        """Close the goal when the line says how it ended: after its key results, which a closed one does not take."""
        status = self._cell(places, "status")
        try:
            if not goal.is_open:
                _check_kept(goal, {name: self._cell(places, name) for name in _END})
            elif status not in ("", Status.OPEN):
                with transaction.atomic():
                    end = {name: self._cell(places, name) for name in ("outcome", "learnt")}
                    score = self._cell(places, "score")
                    close_goal(
                        access=self._access,
                        goal=goal,
                        status=status,
                        score=_number(score, "score") if score else None,
                        **end,
                    )
                self.lines[places[0]].acts.append(_("Goal closed"))
        except YunyingError as error:
            self.lines[places[0]].problems.append(_told(error, _OF_GOALS))

    def _take_goal(self, key: str, places: list[int]) -> tuple[Goal, str]:
        goal = goal_for(self._access, int(key)) if key.isdecimal() and len(key) < 18 else None
        values = self._goal_values(places, goal)
        if goal is None:
            for name in ("start", "due"):
                if name not in values:
                    raise InvalidInput("goals.day", msg("Write a day as 2026-03-31."), field=name)
            return create_goal(access=self._access, **({"title": ""} | values)), _("New goal")
        changed = {name: value for name, value in values.items() if getattr(goal, name) != value}
        if not changed:
            return goal, ""
        return update_goal(access=self._access, goal=goal, version=goal.version, **changed), _("Goal changed")

    def _goal_values(self, places: list[int], goal: Goal | None) -> dict[str, Any]:
        def cell(name: str) -> str:
            return self._cell(places, name)

        heads = set().union(*(self._rows[place].keys() for place in places))
        found: dict[str, Any] = {name: cell(name) for name in ("title", "why", "team") if name in heads}
        found |= {name: _day(cell(name), name) for name in ("start", "due") if cell(name)}
        found |= {name: cell(column) for name, column in (("level", "level"), ("rhythm", "check_in")) if cell(column)}
        if cell("weight"):
            found["weight"] = _number(cell("weight"), "weight")
        if cell("counts"):
            found["counts"] = _yes(cell("counts"), "counts")
        if cell("owner"):
            found["owner_id"] = self._person(cell("owner"), goal)
        if "cycle" in heads:
            found["cycle_id"] = self._cycle(cell("cycle"))
        if "serves" in heads:
            found["parent_id"] = self._parent(cell("serves"))
        return found

    def _parent(self, key: str) -> int | None:
        if not key:
            return None
        if key in self._made:
            return self._made[key].pk
        if not key.isdecimal() or len(key) > 18:
            text = msg("The goal “%(goal)s” that this one serves is not in the file, or has an error.")
            raise InvalidInput("goals.serves", text, goal=key)
        return int(key)

    def _person(self, email: str, goal: Goal | None) -> int:
        if goal is not None and goal.owner is not None and goal.owner.email.lower() == email.lower():
            # Who left the organisation still owns what they owned.
            return goal.owner.pk
        if email.lower() not in self._people:
            text = msg("“%(email)s” is no member who sees this product.")
            raise InvalidInput("goals.owner", text, email=email)
        return self._people[email.lower()]

    def _cycle(self, name: str) -> int | None:
        if name and name not in self._cycles:
            raise InvalidInput("goals.cycle", msg("There is no cycle called “%(name)s”."), name=name)
        return self._cycles.get(name)

    def _result(self, goal: Goal, place: int) -> None:
        line = self.lines[place]
        try:
            with transaction.atomic():
                act = self._take_result(goal, self._rows[place])
        except YunyingError as error:
            line.problems.append(_told(error, _OF_RESULTS))
            return
        if act:
            line.acts.append(act)

    def _take_result(self, goal: Goal, row: Mapping[str, str]) -> str:
        number = row.get("key_result", "")
        existing = self._existing(goal, number) if number else None
        metric = existing.metric if existing else self._metric(row.get("metric", ""))
        values = _result_values(row, metric)
        if existing is None:
            add_key_result(access=self._access, goal=goal, metric_id=metric.pk, **values)
            return _("New key result")
        changed = {name: value for name, value in values.items() if getattr(existing, name) != value}
        if not changed:
            return ""
        update_key_result(access=self._access, key_result=existing, version=existing.version, **changed)
        return _("Key result changed")

    def _existing(self, goal: Goal, number: str) -> KeyResult:
        known = number.isdecimal() and len(number) < 18
        rows = goal.key_results.select_related("goal__product", "metric")
        found = rows.filter(pk=int(number)).first() if known else None
        if found is None:
            text = msg("The goal has no key result %(number)s. Leave the cell empty to add one.")
            raise InvalidInput("goals.key_result", text, number=number[:40])
        return found

    def _metric(self, name: str) -> Metric:
        if name not in self._metrics:
            raise InvalidInput("goals.metric", msg("There is no metric called “%(name)s”."), name=name[:120])
        return self._metrics[name]


def _result_values(row: Mapping[str, str], metric: Metric) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "name" in row:
        found["name"] = row["name"]
    if row.get("shape"):
        found["shape"] = row["shape"]
    if row.get("guardrail"):
        found["guardrail"] = _yes(row["guardrail"], "guardrail")
    for name in ("baseline", "target", "low", "high"):
        if row.get(name):
            found[name] = typed_value(row[name], metric.unit, name)
    if row.get("result_weight"):
        found["weight"] = _number(row["result_weight"], "result_weight")
    found |= {
        name: _day(row[column], column)
        for name, column in (("start", "result_start"), ("due", "result_due"))
        if row.get(column)
    }
    return found


def _told(error: YunyingError, columns: Mapping[str, str]) -> str:
    """What is wrong, after the name of the column that is at fault, where one is."""
    detail = problem_of(error).detail
    column = columns.get(error.field or "", error.field)
    return f"{column}: {detail}" if column in COLUMNS and f"“{column}”" not in detail else detail


def _day(text: str, name: str) -> date:
    try:
        return date.fromisoformat(text.replace("/", "-"))
    except ValueError:
        shown = msg("“%(text)s” in the column “%(column)s” is no day. Write it as 2026-03-31.")
        raise InvalidInput("goals.day", shown, text=text[:40], column=name) from None


def _number(text: str, name: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        shown = msg("“%(text)s” in the column “%(column)s” is no number.")
        raise InvalidInput("goals.number", shown, text=text[:40], column=name)
    return number


def _check_kept(goal: Goal, cells: Mapping[str, str]) -> None:
    """Raises Conflict when a line wants the end of a closed goal to be another one."""
    score = cells["score"] and _number(cells["score"], "score")
    texts = {name: getattr(goal, name) for name in ("status", "outcome", "learnt")}
    same = all(cells[name] in ("", text.strip()) for name, text in texts.items())
    if not same or (score != "" and score != goal.score):
        raise Conflict("goal.closed", msg("This goal is closed. Reopen it to change it."))


def _yes(text: str, name: str) -> bool:
    word = text.lower()
    if word not in _YES | _NO:
        shown = msg("“%(text)s” in the column “%(column)s” is neither yes nor no.")
        raise InvalidInput("goals.flag", shown, text=text[:40], column=name)
    return word in _YES
