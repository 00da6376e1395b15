"""Reading a definition sent as JSON: every error names the condition at fault and says what to change."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from yunying.base.errors import InvalidInput, msg
from yunying.base.zones import Interval
from yunying.engine.cohorts.definition import (
    Amount,
    Cohort,
    Did,
    FirstTime,
    InCohort,
    Joined,
    Property,
    Regularly,
    Since,
    Stopped,
    Times,
    Tree,
    Window,
    leaves,
)
from yunying.engine.filters import Group, Of, Operator, parse_condition, parse_filter
from yunying.engine.ranges import Last
from yunying.engine.reading import Node

__all__ = ["MAX_CONDITIONS", "MAX_TIMES", "MOST", "parse"]

MAX_CONDITIONS, MAX_DEPTH, MAX_TIMES, MAX_PERIODS = 50, 6, 1_000_000, 400
# Ten years of each unit: what lies farther back is all of time, which needs no window.
MOST = {
    Interval.HOUR: 87_660,
    Interval.DAY: 3_660,
    Interval.WEEK: 530,
    Interval.MONTH: 120,
    Interval.QUARTER: 40,
    Interval.YEAR: 10,
}
_DAYS = {Interval.HOUR: 1 / 24, Interval.DAY: 1, Interval.WEEK: 7, Interval.MONTH: 30.4, Interval.QUARTER: 91.3}
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def parse(value: Mapping[str, Any], path: str = "") -> Cohort:
    """Read a definition. Raises InvalidInput whose `field` is the path of what is wrong (`items.0.event`)."""
    node = Node(value, path)
    try:
        root = _tree(node, 1)
    except RecursionError:
        raise InvalidInput("cohort.too_deep", msg("The definition is nested too deeply. Simplify it.")) from None
    if not isinstance(root, Joined):
        root = Joined("and", (root,))
    count = sum(1 for _ in leaves(root))
    if not count:
        node.fail("cohort.empty", msg("Add at least one condition."))
    if count > MAX_CONDITIONS:
        node.fail("cohort.too_many", msg("Use at most %(most)s conditions in one cohort."), most=MAX_CONDITIONS)
    return Cohort(root)


def _tree(node: Node, depth: int) -> Tree:
    if "items" not in node.mapping():
        kind = node.need("kind").choice(str, sorted(_LEAVES))
        return _LEAVES[kind](node)
    if depth > MAX_DEPTH:
        node.fail("filter.too_deep", msg("Groups are nested too deeply; use at most %(most)s levels."), most=MAX_DEPTH)
    node.known("kind", "op", "not", "items")
    op, items = node.get("op"), node.need("items").items(MAX_CONDITIONS)
    found = tuple(_tree(item, depth + 1) for item in items)
    if not found:
        node.fail("cohort.empty_group", msg("This group has no conditions. Add one or remove the group."))
    return Joined(op.choice(str, ["and", "or"]) if op else "and", found, _flag(node, "not"))


def _flag(node: Node, name: str) -> bool:
    given = node.get(name)
    return given.flag() if given else False


def _property(node: Node) -> Property:
    node.known("kind", "of", "property", "operator", "values")
    inner = {key: value for key, value in node.mapping().items() if key != "kind"}
    of = node.get("of")
    if of is None or of.value not in (Of.PERSON, Of.ACCOUNT):
        (of or node).fail("cohort.of", msg("Choose whose property is meant: the person's or the account's."))
    if node.need("operator").value in (Operator.IN_COHORT, Operator.NOT_IN_COHORT):
        node.need("operator").fail("cohort.operator", msg("A property is compared with values, not with a cohort."))
    return Property(parse_condition(Node(inner, node.path)))


def _event(node: Node) -> str | None:
    event = node.get("event")
    return event.name() if event else None


def _filters(node: Node) -> Group:
    return parse_filter(node.get("filters"))


def _did(node: Node) -> Did:
    node.known("kind", "event", "filters", "not", "times", "within")
    return Did(_event(node), _filters(node), _times(node.get("times")), _window(node.get("within")), _flag(node, "not"))


def _first_time(node: Node) -> FirstTime:
    node.known("kind", "event", "filters", "within")
    return FirstTime(_event(node), _filters(node), _window(node.get("within")))


def _stopped(node: Node) -> Stopped:
    node.known("kind", "event", "filters", "within", "absent")
    within, absent = _window(node.need("within")), _last(node.need("absent"))
    assert within is not None
    if isinstance(within, Last) and _length_days(within) <= _length_days(absent):
        node.need("absent").fail(
            "cohort.absence", msg("The time without the event must be shorter than the time with it.")
        )
    return Stopped(_event(node), _filters(node), within, absent)


def _regularly(node: Node) -> Regularly:
    node.known("kind", "event", "filters", "at_least", "of", "unit", "whole")
    unit = node.need("unit").choice(Interval, [i.value for i in Interval])
    count = node.need("of").whole(1, min(MAX_PERIODS, MOST[unit]))
    periods = Last(count, unit, _flag(node, "whole"))
    return Regularly(_event(node), _filters(node), node.need("at_least").whole(1, count), periods)


def _cohort(node: Node) -> InCohort:
    node.known("kind", "cohort", "not")
    return InCohort(node.need("cohort").whole(1, 2**53), _flag(node, "not"))


_LEAVES: dict[str, Callable[[Node], Tree]] = {
    "property": _property,
    "did": _did,
    "first_time": _first_time,
    "stopped": _stopped,
    "regularly": _regularly,
    "cohort": _cohort,
}


def _times(node: Node | None) -> Times:
    if node is None:
        return Times()
    node.known("op", "count")
    op = node.get("op")
    count = node.need("count").whole(1, MAX_TIMES)
    return Times(op.choice(Amount, [a.value for a in Amount]) if op else Amount.GTE, count)


def _window(node: Node | None) -> Window | None:
    if node is None:
        return None
    return _since(node) if "since" in node.mapping() else _last(node)


def _since(node: Node) -> Since:
    given = node.known("since").need("since")
    text = given.text()
    try:
        year = datetime.fromisoformat(text).year
    except ValueError:
        year = 0
    if not 1900 < year < 2200 or not _DATE.match(text):
        given.fail(
            "range.not_a_date", msg("%(text)s is not a date. Write 2024-01-31 or 2024-01-31T18:30."), text=text[:80]
        )
    return Since(text)


def _last(node: Node) -> Last:
    node.known("last", "unit", "whole")
    unit = node.need("unit").choice(Interval, [i.value for i in Interval])
    count = node.need("last")
    if isinstance(count.value, int) and count.value > MOST[unit]:
        count.fail(
            "cohort.window",
            msg("A window reaches back ten years at most. Leave it out to look at all of time, or choose a date."),
        )
    return Last(count.whole(1, MOST[unit]), unit, _flag(node, "whole"))


def _length_days(window: Last) -> float:
    return window.count * _DAYS.get(window.unit, 365)
