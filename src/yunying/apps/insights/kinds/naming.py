"""Questions as readers know them: with the display names of the catalogue in place of the names that are sent, and
the names of cohorts in place of their numbers.

A question is only drawn from, never asked, under display names: two events may be called the same.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language

from yunying.apps.insights.cohorts.known import KnownCohorts
from yunying.apps.tracking.selectors import Titles, titles
from yunying.platform.products.models import Product

__all__ = ["Titles", "named", "renamed", "titles_for"]


@dataclass(frozen=True)
class _ProductTitles(Titles):
    """The names in one product; those of its cohorts are read when a question names the first of them."""

    cohorts: KnownCohorts


def titles_for(product: Product) -> Titles:
    """The display names of a product in the reader's language. One query, one more for cohorts: ask once a page."""
    found = titles(product.pk, get_language() or "en")
    return _ProductTitles(found.events, found.properties, KnownCohorts(product.pk))


def named(spec: Mapping[str, Any], known: Titles) -> dict[str, Any]:
    """The question of any kind with display names for events, properties and cohorts; labels somebody gave stay."""
    said = {key: _named(key, value, spec, known) for key, value in spec.items()}
    return said | _cohorts(spec, known) if isinstance(known, _ProductTitles) else said


def _cohorts(part: Mapping[str, Any], known: _ProductTitles) -> dict[str, Any]:
    """What names cohorts in a condition or a breakdown, by their names; one that is gone keeps its number."""
    if part.get("operator") in ("in_cohort", "not_in_cohort"):
        return {"values": [_cohort(number, known) for number in part.get("values") or []]}
    asked = {key: part[key] for key in ("cohort", "cohorts") if key in part}
    return {
        key: [_cohort(one, known) for one in value] if isinstance(value, list | tuple) else _cohort(value, known)
        for key, value in asked.items()
        if not isinstance(value, Mapping)
    }


def _cohort(number: Any, known: _ProductTitles) -> Any:
    """An address gives its numbers as texts."""
    return (known.cohorts.name(int(number)) if str(number).isdecimal() else "") or number


def renamed(spec: Mapping[str, Any], known: Titles) -> tuple[tuple[str, str], ...]:
    """What the question's events and properties are called, and their names in code, where the two differ."""
    pairs = dict.fromkeys(_pairs(spec, known))
    return tuple((shown, name) for shown, name in pairs if shown != name)


def _named(key: str, value: Any, within: Mapping[str, Any], known: Titles) -> Any:
    if isinstance(value, Mapping):
        return named(value, known)
    if isinstance(value, list | tuple):
        return [named(one, known) if isinstance(one, Mapping) else one for one in value]
    return _shown(key, value, within, known) or value


def _shown(key: str, value: Any, within: Mapping[str, Any], known: Titles) -> str:
    """What an event or a property is called; empty for every other part of a question."""
    if not isinstance(value, str) or key not in ("event", "property"):
        return ""
    return known.event(value) if key == "event" else known.property(str(within.get("of") or "event"), value)


def _pairs(spec: Mapping[str, Any], known: Titles) -> Iterator[tuple[str, str]]:
    for key, value in spec.items():
        if shown := _shown(key, value, spec, known):
            yield shown, value
        for one in value if isinstance(value, list | tuple) else [value]:
            if isinstance(one, Mapping):
                yield from _pairs(one, known)
