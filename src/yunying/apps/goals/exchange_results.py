"""Key results of a sheet taken in."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from yunying.apps.goals.cells import day_cell, number_cell, yes_cell
from yunying.apps.goals.checks import UNSET, checked_period
from yunying.apps.goals.intake import Intake
from yunying.apps.goals.models import Goal, KeyResult
from yunying.apps.goals.services import add_key_result, update_key_result
from yunying.apps.goals.typed import typed_value
from yunying.apps.insights.selectors import Metric, Unit, metrics_of
from yunying.base.errors import InvalidInput, YunyingError, msg
from yunying.platform.products.access import ProductAccess

__all__ = ["Above", "Results"]

# Columns whose names are not those of the fields.
_COLUMNS = {"weight": "result_weight", "start": "result_start", "due": "result_due"}
_VALUES = ("baseline", "target", "low", "high")
# Errors of two values together; with one of them at fault already they say nothing.
_OF_TWO = ("key_result.no_change", "key_result.direction", "key_result.limits")
_STAND_INS = {"baseline": 0.0, "target": 1.0, "low": 0.0, "high": 1.0}


@dataclass(frozen=True, slots=True)
class Above:
    """The goal that key results go to. One that is `lost` is a stand-in for a goal that does not exist, a `timeless`
    one has a time that is wrong itself: nothing can be told of what should be theirs."""

    goal: Goal
    lost: bool
    timeless: bool


class Results:
    """Takes the key results of a file in, line by line."""

    def __init__(self, access: ProductAccess, intake: Intake) -> None:
        self._access = access
        self._intake = intake
        self._metrics = {metric.name: metric for metric in metrics_of(access)}
        self._seen: dict[int, int] = {}

    def take(self, above: Above, place: int) -> None:
        """Add or change the key result of a line, or tell what is wrong with it."""
        existing = self._existing(above, place)
        metric = self._metric(place, existing)
        values = self._values(place, metric)
        if above.timeless:
            self._check_period(place, values.pop("start", None), values.pop("due", None))
        metric = metric or next(iter(self._metrics.values()), None)
        if existing is not None:
            act = _("Key result changed") if self._change(place, existing, values) else ""
        else:
            act = _("New key result") if metric and self._add(place, above.goal, metric, values) else ""
        if act:
            self._intake.lines[place].acts.append(act)

    def _add(self, place: int, goal: Goal, metric: Metric, values: dict[str, Any]) -> Any:
        def act(now: dict[str, Any]) -> KeyResult:
            return add_key_result(access=self._access, goal=goal, metric_id=metric.pk, **now)

        follows = self._follows(place)
        return self._intake.attempt([place], values, act, columns=_COLUMNS, stand_ins=_STAND_INS, follows=follows)

    def _change(self, place: int, existing: KeyResult, values: dict[str, Any]) -> Any:
        def act(now: dict[str, Any]) -> KeyResult:
            return update_key_result(access=self._access, key_result=existing, version=existing.version, **now)

        changed = {name: value for name, value in values.items() if getattr(existing, name) != value}
        follows = self._follows(place)
        return changed and self._intake.attempt([place], changed, act, columns=_COLUMNS, stand_ins={}, follows=follows)

    def _follows(self, place: int) -> Callable[[YunyingError, str], bool]:
        def follows(error: YunyingError, column: str) -> bool:
            def wrong(*columns: str) -> bool:
                return self._intake.at_fault([place], *columns)

            if error.code in _OF_TWO and wrong("metric", *_VALUES):
                return True
            # An existing one that is not found has its values elsewhere.
            missing = not self._intake.rows[place].get(column) and wrong("key_result")
            return column in _VALUES and (missing or wrong("shape", "guardrail"))

        return follows

    def _check_period(self, place: int, start: Any, due: Any) -> None:
        if start and due:
            values: dict[str, Any] = {}
            self._intake.attempt(
                [place], values, lambda now: checked_period(start, due), columns=_COLUMNS, stand_ins={}
            )

    def _existing(self, above: Above, place: int) -> KeyResult | None:
        if above.lost:
            return None
        found = self._intake.read(place, "key_result", lambda text: self._of(above, place, text))
        return None if found is UNSET else found

    def _of(self, above: Above, place: int, number: str) -> KeyResult:
        rows = above.goal.key_results.select_related("goal__product", "metric")
        found = rows.filter(pk=int(number)).first() if number.isdecimal() and len(number) < 18 else None
        if found is None:
            text = msg("The goal has no key result %(number)s. Leave the cell empty to add one.")
            raise InvalidInput("goals.key_result", text, number=number[:40])
        if self._seen.setdefault(found.pk, place) != place:
            row = self._intake.lines[self._seen[found.pk]].number
            text = msg("This key result stands in row %(row)d already.")
            raise InvalidInput("goals.key_result", text, row=row)
        return found

    def _metric(self, place: int, existing: KeyResult | None) -> Metric | None:
        """The line's metric; None when it names none that there is, which is told."""
        name = self._intake.rows[place].get("metric", "")
        if existing is not None:
            if name and name != existing.metric.name:
                text = msg("Another metric is another key result. Leave “key_result” empty to add one.")
                self._intake.tell([place], "metric", InvalidInput("goals.metric", text))
            return existing.metric
        if name not in self._metrics:
            text = msg("There is no metric called “%(name)s”.") if name else msg("Name the metric that must move.")
            self._intake.tell([place], "metric", InvalidInput("goals.metric", text, name=name[:120]))
        return self._metrics.get(name)

    def _values(self, place: int, metric: Metric | None) -> dict[str, Any]:
        """The arguments of the services that the line's cells give."""

        def value(name: str) -> Callable[[str], float]:
            return lambda text: typed_value(text, metric.unit if metric else _guessed(text), name)

        readers: dict[str, tuple[str, Callable[[str], Any]]] = {
            "shape": ("shape", str),
            "guardrail": ("guardrail", yes_cell),
            **{name: (name, value(name)) for name in _VALUES},
            "weight": ("result_weight", number_cell),
            "start": ("result_start", day_cell),
            "due": ("result_due", day_cell),
        }
        row = self._intake.rows[place]
        found = {"name": row["name"]} if "name" in row else {}
        said = {name: self._intake.read(place, column, parse) for name, (column, parse) in readers.items()}
        return found | {name: value for name, value in said.items() if value is not UNSET}


def _guessed(text: str) -> str:
    """The unit that a value is typed in, of a metric that is not known."""
    return Unit.PERCENT if "%" in text or "％" in text else Unit.NUMBER
