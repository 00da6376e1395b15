"""What happened to a goal: changes, definitions, turns; check-ins stand on the page by themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from yunying.apps.goals.models import Definition, Goal, KeyResult
from yunying.platform.audit.selectors import Scope, entries
from yunying.platform.products.access import ProductAccess
from yunying.platform.ui import formats

__all__ = ["Happened", "history_of"]

MOST = 40
_ACTS = {
    "goal.created": "flag",
    "goal.changed": "pencil",
    "goal.closed": "flag-check",
    "goal.reopened": "repeat",
    "key_result.created": "circle-plus",
    "key_result.changed": "pencil",
    "key_result.removed": "trash",
}


@dataclass(frozen=True, slots=True)
class Happened:
    """One line of a goal's history."""

    at: datetime
    text: str
    icon: str
    who: str = ""


def history_of(access: ProductAccess, goal: Goal, key_results: Sequence[KeyResult]) -> list[Happened]:
    """The newest first, at most 40. Two queries."""
    found = [*_changes(access, goal, key_results), *_definitions(key_results)]
    return sorted(found, key=lambda one: one.at, reverse=True)[:MOST]


def _changes(access: ProductAccess, goal: Goal, key_results: Sequence[KeyResult]) -> list[Happened]:
    numbers = {str(key_result.pk) for key_result in key_results}
    rows = entries(Scope(products=frozenset({access.product.pk}))).filter(verb__in=list(_ACTS))
    rows = rows.filter(target_id__in=[str(goal.pk), *numbers])[: MOST * 4]
    mine = (row for row in rows if row.target_id in ({str(goal.pk)} if row.target_kind == "goal" else numbers))
    return [Happened(row.at, _said(row), _ACTS[row.verb], row.actor_name) for row in mine]


def _said(row: object) -> str:
    verb, name, after = getattr(row, "verb", ""), getattr(row, "target_name", ""), getattr(row, "after", {})
    texts = {
        "goal.created": _("The goal was set."),
        "goal.changed": _("The goal was changed."),
        "goal.closed": _("The goal was closed."),
        "goal.reopened": _("The goal was opened again: %(reason)s") % {"reason": after.get("reason", "–")},
        "key_result.created": _("Key result “%(name)s” was added.") % {"name": name},
        "key_result.changed": _("Key result “%(name)s” was changed.") % {"name": name},
        "key_result.removed": _("Key result “%(name)s” was removed.") % {"name": name},
    }
    return texts[verb]


def _definitions(key_results: Sequence[KeyResult]) -> list[Happened]:
    names = {key_result.pk: key_result.shown_name for key_result in key_results}
    # The first definition is where the readings begin; only later ones are news.
    rows = Definition.objects.filter(key_result__in=names, number__gt=1)
    text = _("“%(name)s” is read by definition %(number)d from now on, back to %(start)s. Older readings are kept.")
    return [
        Happened(
            row.made_at,
            text % {"name": names[row.key_result_id], "number": row.number, "start": formats.date(row.start)},
            "versions",
        )
        for row in rows
    ]
