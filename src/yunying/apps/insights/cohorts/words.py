"""A definition in plain words, for those who read it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from yunying.apps.insights.cohorts.selectors import names_of
from yunying.apps.insights.kinds.naming import Titles, titles_for
from yunying.apps.insights.words import COHORT_OPERATORS, OPERATORS, SIDES, length_of
from yunying.apps.tracking.selectors import Wanted
from yunying.engine import cohorts as engine
from yunying.engine.filters import Condition, Filter, Group, Operator
from yunying.engine.ranges import Last
from yunying.platform.products.access import ProductAccess
from yunying.platform.ui import formats

__all__ = ["Names", "Told", "asked_words", "condition_words", "names_for", "quoted", "told"]

_OPERATORS = dict((*OPERATORS, *COHORT_OPERATORS))
_SIDES = dict(SIDES)


@dataclass(frozen=True, slots=True)
class Names:
    """What a definition's words call cohorts, by number, and events and properties."""

    cohorts: Mapping[int, str]
    titles: Titles


def names_for(access: ProductAccess) -> Names:
    """The names in a product, in the reader's language. Two queries."""
    return Names(names_of(access), titles_for(access.product))


@dataclass(frozen=True, slots=True)
class Told:
    """One line of a definition: `text`, and what stands in it where it is a group."""

    text: str
    items: tuple["Told", ...] = ()


def asked_words(access: ProductAccess, wanted: Wanted) -> list[str]:
    """What the list of people was narrowed by, a line for each: all of them hold."""
    days = (
        (wanted.first_from, _("First seen from %(day)s")),
        (wanted.first_to, _("First seen until %(day)s")),
        (wanted.seen_from, _("Last seen on or after %(day)s")),
        (wanted.unseen_since, _("Not seen since %(day)s")),
    )
    found = [_("Found by the search “%(text)s”") % {"text": wanted.query}] if wanted.query else []
    if wanted.identified is not None:
        found.append(_("Known users") if wanted.identified else _("Not known"))
    found += [text % {"day": formats.date(day)} for day, text in days if day]
    return found + ([_filter(wanted.filters, names_for(access))] if wanted.filters.items else [])


def told(tree: engine.Tree, names: Names) -> Told:
    """The definition as lines."""
    if not isinstance(tree, engine.Joined):
        return Told(condition_words(tree, names))
    if len(tree.items) == 1 and not tree.no:
        return told(tree.items[0], names)
    return Told(group_words(tree), tuple(told(item, names) for item in tree.items))


def group_words(tree: engine.Joined) -> str:
    """What a group asks of the conditions in it."""
    if tree.no and len(tree.items) == 1:
        return _("Not this")
    if tree.no:
        return _("Not all of these") if tree.op == "and" else _("None of these")
    return _("All of these") if tree.op == "and" else _("At least one of these")


def condition_words(leaf: engine.Tree, names: Names) -> str:
    """One condition as a sentence without its full stop."""
    match leaf:
        case engine.Property():
            return _filter(leaf.condition, names)
        case engine.InCohort():
            name = names.cohorts.get(leaf.cohort) or str(leaf.cohort)
            return (
                _("is not in the cohort “%(name)s”") % {"name": name}
                if leaf.no
                else _("is in the cohort “%(name)s”") % {"name": name}
            )
        case engine.Did():
            return _did(leaf, names)
        case engine.FirstTime():
            data = {"event": _event(leaf, names), "when": _when(leaf.within)}
            return _("did %(event)s for the first time %(when)s") % data
        case engine.Stopped():
            data = {"event": _event(leaf, names), "when": _when(leaf.within), "lately": _when(leaf.absent)}
            return _("did %(event)s %(when)s, but not %(lately)s") % data
        case engine.Regularly():
            data = {
                "event": _event(leaf, names),
                "least": str(leaf.at_least),
                "periods": length_of(leaf.periods.count, leaf.periods.unit.value),
            }
            return _("did %(event)s in at least %(least)s of the last %(periods)s") % data
    return ""


def _did(leaf: engine.Did, names: Names) -> str:
    data = {"event": _event(leaf, names), "when": _when(leaf.within), "times": _times(leaf.times)}
    once = leaf.times == engine.Times()
    if leaf.no:
        if once:
            return _("did not do %(event)s %(when)s") % data
        return _("did not do %(event)s %(times)s %(when)s") % data
    return _("did %(event)s %(when)s") % data if once else _("did %(event)s %(times)s %(when)s") % data


def _times(times: engine.Times) -> str:
    data = {"count": times.count}
    if times.op == engine.Amount.GTE:
        return ngettext("at least %(count)s time", "at least %(count)s times", times.count) % data
    if times.op == engine.Amount.LTE:
        return ngettext("at most %(count)s time", "at most %(count)s times", times.count) % data
    return ngettext("exactly %(count)s time", "exactly %(count)s times", times.count) % data


def _when(window: engine.Window | None) -> str:
    if window is None:
        return _("at any time")
    if not isinstance(window, Last):
        return _("since %(day)s") % {"day": window.text}
    data = {"length": length_of(window.count, window.unit.value)}
    return _("in the last whole %(length)s") % data if window.whole else _("in the last %(length)s") % data


def _event(leaf: Any, names: Names) -> str:
    event = quoted(names.titles.event(leaf.event)) if leaf.event else _("any event")
    if not leaf.filters.items:
        return str(event)
    return _("%(event)s (%(filters)s)") % {"event": event, "filters": _filter(leaf.filters, names)}


def _filter(tree: Filter, names: Names) -> str:
    if isinstance(tree, Group):
        parts = [_filter(item, names) for item in tree.items]
        return (_(" and ") if tree.op == "and" else _(" or ")).join(parts)
    operator = str(_OPERATORS[tree.operator.value])
    if tree.operator.positive is Operator.IN_COHORT:
        found = [names.cohorts.get(int(value)) or str(value) for value in tree.values]
        return f"{operator} {_(' or ').join(map(quoted, found))}"
    side = "" if tree.of.value == "event" else f"{_SIDES[tree.of.value]}: "
    values = _values(tree)
    name = names.titles.property(tree.of.value, tree.property)
    return f"{side}{name} {operator}{' ' if values else ''}{values}"


def _values(condition: Condition) -> str:
    joiner = _(" and ") if condition.operator is Operator.BETWEEN else _(" or ")
    return joiner.join(quoted(value) for value in condition.to_json()["values"])


def quoted(text: object) -> str:
    """A name or a value as somebody wrote it."""
    return _("“%(text)s”") % {"text": text}
