"""Filters as SQL: one boolean expression over a row of events."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from yunying.base import zones
from yunying.engine.breakdown import Breakdown
from yunying.engine.filters import Condition, Filter, Group, Of, Operator
from yunying.engine.scan import Binder, accounts, millis, nested, people
from yunying.store import OWNER, number_sql, text_sql

__all__ = ["cohort_names", "property_number", "property_test", "property_text", "terms"]

# What counts as a date in a property: ISO 8601, with or without a time and an offset.
_CLOCK = r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,9})?)?"
_OFFSET = r"(Z|[+-]([01]\d|2[0-3]):?[0-5]\d)"
_DATE = rf"^\d{{4}}-(0[1-9]|1[0-2])-[0-3]\d([T ]{_CLOCK}{_OFFSET}?)?$"
_WITH_OFFSET = rf"[T ]{_CLOCK}{_OFFSET}$"
# As many texts as the engine looks for at once.
_NEEDLES = 255
_COMPARE = {Operator.GT: ">", Operator.GTE: ">=", Operator.LT: "<", Operator.LTE: "<="}


def property_text(binder: Binder, of: Of, name: str) -> str:
    """The text form of a property, seen from a row of events (EVENT) or of the people or accounts themselves."""
    key = binder.bind("name", name, "String")
    return binder.columns.text(name, key) if of is Of.EVENT else text_sql("props", key)


def property_number(binder: Binder, of: Of, name: str) -> str:
    key = binder.bind("name", name, "String")
    return binder.columns.number(name, key) if of is Of.EVENT else number_sql("props", key)


def _term(binder: Binder, tree: Filter, zone: ZoneInfo) -> str | None:
    """`tree` as an expression that is never null; None when it asks for nothing."""
    if isinstance(tree, Condition):
        return _condition(binder, tree, zone)
    parts = [part for item in tree.items if (part := _term(binder, item, zone))]
    if len(parts) < 2:
        return parts[0] if parts else None
    return "(" + f" {tree.op.upper()} ".join(parts) + ")"


def _condition(binder: Binder, condition: Condition, zone: ZoneInfo) -> str:
    if condition.operator.positive is Operator.IN_COHORT:
        return _in_cohort(binder, condition)
    positive = _positive(binder, condition, zone)
    if condition.of is Of.PERSON:
        positive = f"{OWNER} IN\n" + nested("SELECT person\n" + people(binder, positive))
    elif condition.of is Of.ACCOUNT:
        positive = "account IN\n" + nested("SELECT account\n" + accounts(binder, positive))
    # A negative operator is the plain opposite of its positive one; so it matches what is not set.
    return f"NOT ({positive})" if condition.operator.negative else positive


def _in_cohort(binder: Binder, condition: Condition) -> str:
    """Whether the person of the event is a member of any of the cohorts; or of none of them."""
    tests = [f"bitmapContains({_members(binder, int(cohort))}, {OWNER})" for cohort in condition.values]
    found = tests[0] if len(tests) == 1 else "(" + " OR ".join(tests) + ")"
    return f"NOT ({found})" if condition.operator.negative else found


def _members(binder: Binder, cohort: int) -> str:
    assert binder.cohorts is not None, "a session makes binders that know cohorts"
    return binder.cohorts.bitmap(binder, cohort)


def cohort_names(binder: Binder, by: Breakdown, who: str) -> str:
    """An array of the names of the cohorts of a breakdown that the person in the expression `who` belongs to.

    A row for each of them is what `arrayJoin` makes of it; somebody in none of them has no row then.
    """
    assert binder.cohorts is not None, "a session makes binders that know cohorts"
    names = binder.bind("cohorts", list(binder.cohorts.labels(by.cohorts)), "Array(String)")
    tests = ", ".join(f"bitmapContains({_members(binder, cohort)}, {who})" for cohort in by.cohorts)
    return f"arrayFilter((cohort_name, belongs) -> belongs, {names}, [{tests}])"


def _positive(binder: Binder, condition: Condition, zone: ZoneInfo) -> str:
    """The test of the operator, or of the one it negates. Never true for what is not set."""
    operator = condition.operator.positive
    if operator in _COMPARE or operator is Operator.BETWEEN:
        return _ordering(binder, condition)
    text = property_text(binder, condition.of, condition.property)
    values = [str(value) for value in condition.values]
    match operator:
        case Operator.EXACT:
            return _exact(binder, text, [value for value in values if value])
        case Operator.CONTAINS:
            return _contains(binder, text, values)
        case Operator.REGEX:
            tests = [f"match({text}, {binder.bind('pattern', value, 'String')})" for value in values]
            return f"({text} != '' AND ({' OR '.join(tests)}))"
        case Operator.IS_SET:
            return f"{text} != ''"
        case _:
            return _dated(binder, condition, text, zone)


def _exact(binder: Binder, text: str, values: list[str]) -> str:
    if not values:
        return "false"
    if len(values) == 1:
        return f"{text} = {binder.bind('value', values[0], 'String')}"
    return f"{text} IN {binder.bind('values', values, 'Array(String)')}"


def _contains(binder: Binder, text: str, values: list[str]) -> str:
    """Part of a text, or an element of a list; upper and lower case alike."""
    parts = [value.lower() for value in values]
    bound = [binder.bind("parts", parts[at : at + _NEEDLES], "Array(String)") for at in range(0, len(parts), _NEEDLES)]
    whole = f"toString({text})"
    elements = f"arrayMap(e -> lowerUTF8(e), JSONExtract({whole}, 'Array(String)'))"
    inside = " OR ".join(f"multiSearchAnyCaseInsensitiveUTF8({whole}, {some})" for some in bound)
    among = " OR ".join(f"hasAny({elements}, {some})" for some in bound)
    return f"({text} != '' AND if(startsWith({whole}, '[') AND isValidJSON({whole}), {among}, {inside}))"


def _ordering(binder: Binder, condition: Condition) -> str:
    number = property_number(binder, condition.of, condition.property)
    bound = [binder.bind("number", value, "Float64") for value in condition.values]
    if condition.operator is Operator.BETWEEN:
        return f"ifNull({number} BETWEEN {bound[0]} AND {bound[1]}, false)"
    return f"ifNull({number} {_COMPARE[condition.operator]} {bound[0]}, false)"


def _dated(binder: Binder, condition: Condition, text: str, zone: ZoneInfo) -> str:
    """A date without an offset is compared as wall time of the product, one with an offset as an instant."""
    edge, compare = _edge(str(condition.values[0]), condition.operator)
    shown = zones.wall(edge, zone) if edge.tzinfo else edge
    instant = binder.bind("instant", millis(edge if edge.tzinfo else zones.moment(shown, zone)), "Int64")
    clock = binder.bind("clock", millis(shown.replace(tzinfo=UTC)), "Int64")
    at = f"toUnixTimestamp64Milli(parseDateTime64BestEffortOrNull(toString({text}), 3, 'UTC'))"
    is_date = f"match({text}, {binder.bind('date', _DATE, 'String')})"
    # The parser makes the 1st of March of the 30th of February; the first ten characters tell.
    exists = f"toString(toDate32OrNull(left({text}, 10))) = left({text}, 10)"
    has_offset = f"match({text}, {binder.bind('offset', _WITH_OFFSET, 'String')})"
    return f"({is_date} AND ifNull({exists} AND {at} {compare} if({has_offset}, {instant}, {clock}), false))"


def _edge(text: str, operator: Operator) -> tuple[datetime, str]:
    """The time to compare with. After a bare date means after its whole day."""
    edge = datetime.fromisoformat(text)
    if operator is Operator.DATE_BEFORE:
        return edge, "<"
    return (edge + timedelta(days=1), ">=") if len(text) == 10 else (edge, ">")


def property_test(binder: Binder, condition: Condition, zone: ZoneInfo) -> str:
    """Whether a row of people or accounts passes the operator, or the one it negates."""
    return _positive(binder, condition, zone)


def terms(binder: Binder, trees: tuple[Group, ...], zone: ZoneInfo) -> list[str]:
    """What must hold together, one expression for each condition or alternative."""
    found: list[str] = []
    for tree in trees:
        items = tree.items if tree.op == "and" else (tree,)
        found += [part for item in items if (part := _term(binder, item, zone))]
    return found
