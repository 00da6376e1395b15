"""Questions as readers know them: with the display names of the catalogue in place of the names that are sent.

A question is only drawn from, never asked, under display names: two events may be called the same.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import get_language

from yunying.apps.tracking.selectors import Titles, titles
from yunying.platform.products.models import Product

__all__ = ["Titles", "named", "renamed", "titles_for"]


def titles_for(product: Product) -> Titles:
    """The display names of a product in the reader's language. One query: ask once a page."""
    return titles(product.pk, get_language() or "en")


def named(spec: Mapping[str, Any], known: Titles) -> dict[str, Any]:
    """The question of any kind with display names for events and properties; labels somebody gave stay."""
    return {key: _named(key, value, spec, known) for key, value in spec.items()}


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
