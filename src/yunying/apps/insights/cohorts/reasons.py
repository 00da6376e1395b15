"""Why a person is in a cohort or not, in words: every condition, what was asked and what was found."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from yunying.apps.insights.answers import context_for
from yunying.apps.insights.cohorts.models import Cohort
from yunying.apps.insights.cohorts.selectors import definition_of
from yunying.apps.insights.cohorts.words import Names, condition_words, group_words, names_for, quoted
from yunying.apps.insights.kinds.definitions import listed
from yunying.apps.tracking.selectors import PersonRow
from yunying.apps.tracking.selectors import people as people_rows
from yunying.base.errors import NotFound, msg
from yunying.engine import cohorts as engine
from yunying.platform.products.access import ProductAccess

__all__ = ["Reason", "Reasons", "reasons_of"]


@dataclass(frozen=True, slots=True)
class Reason:
    """One part: whether it holds, what it asks, what was found, and the events that counted."""

    holds: bool
    text: str
    found: str
    events: tuple[tuple[str, datetime], ...]
    items: tuple["Reason", ...]


@dataclass(frozen=True, slots=True)
class Reasons:
    member: bool
    exists: bool
    root: Reason


def reasons_of(access: ProductAccess, cohort: Cohort, number: int) -> tuple[PersonRow, Reasons]:
    """The person and the reasons. Raises NotFound when the product has no such person."""
    person = next(iter(people_rows(access.product.pk, [number])), None)
    if person is None:
        raise NotFound("person.absent", msg("There is no such person."))
    told = engine.explain(definition_of(cohort), number, context_for(access.product))
    return person, Reasons(told.member, told.exists, _reason(told.root, names_for(access)))


def _reason(told: engine.Explained, names: Names) -> Reason:
    part = told.part
    if isinstance(part, engine.Joined) and len(part.items) == 1 and not part.no:
        return _reason(told.items[0], names)
    if isinstance(part, engine.Members):
        text = _("stands in the fixed list")
    else:
        text = group_words(part) if isinstance(part, engine.Joined) else condition_words(part, names)
    events = tuple((names.titles.event(one.event), one.at) for one in told.occurrences)
    return Reason(told.holds, text, _found(told), events, tuple(_reason(item, names) for item in told.items))


def _found(told: engine.Explained) -> str:
    """What was found, as a sentence; "" where the parts say it."""
    match told.part:
        case engine.Property():
            values = listed(quoted(value) for value in told.values)
            return _("Found: %(values)s.") % {"values": values} if values else _("The property is not set.")
        case engine.Did():
            return _times(told.counted or 0)
        case engine.FirstTime():
            return "" if told.occurrences else _("Never done.")
        case engine.Stopped():
            data = {"before": _times(told.counted or 0), "lately": _times(told.lately or 0)}
            return _("In the longer time: %(before)s In the shorter time: %(lately)s") % data
        case engine.Regularly(periods=periods):
            return _("Done in %(found)s of %(of)s periods.") % {"found": told.counted or 0, "of": periods.count}
    return ""


def _times(count: int) -> str:
    return (
        ngettext("Done %(count)s time.", "Done %(count)s times.", count) % {"count": count}
        if count
        else _("Never done.")
    )
