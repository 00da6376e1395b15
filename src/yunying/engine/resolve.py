"""Resolve: the names in a question against the catalogue of the product.

A name that was never seen is a warning, not an error, because data may be late. Where the catalogue can list
what it knows, the warning says which known name comes nearest.
"""

from collections.abc import Iterable, Set
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Protocol, runtime_checkable

from yunying.base.errors import msg
from yunying.engine.context import Catalogue
from yunying.engine.filters import Of
from yunying.engine.result import Warning

__all__ = ["Listing", "Names", "resolve"]

# Closer than this two names are taken for the same with a slip; and more names than this are not searched.
_ALIKE, _MOST_SEARCHED = 0.6, 5000


@dataclass(frozen=True, slots=True)
class Names:
    """What a question names, in its order: events, and properties with the kind of thing they belong to."""

    events: tuple[str, ...] = ()
    properties: tuple[tuple[Of, str], ...] = ()


@runtime_checkable
class Listing(Protocol):
    """What a catalogue has besides, when it can list its names; properties come as (of, name)."""

    @property
    def events(self) -> Set[str]: ...

    @property
    def properties(self) -> Set[tuple[str, str]]: ...


def resolve(names: Names, catalogue: Catalogue, kind: str) -> tuple[Warning, ...]:
    """One warning for each name the product has never sent, with the nearest name where there is one.

    The codes are `<kind>.unknown_event` and `<kind>.unknown_property`.
    """
    listed = catalogue if isinstance(catalogue, Listing) else None
    found = []
    for name in dict.fromkeys(names.events):
        if not catalogue.knows_event(name):
            near = _nearest(name, listed.events) if listed else ""
            found.append(_unknown_event(kind, name, near))
    for of, name in dict.fromkeys(names.properties):
        # Conditions on cohorts, and breakdowns by them, have no property.
        if name and not catalogue.knows_property(of.value, name):
            near = _nearest(name, (other for owner, other in listed.properties if owner == of.value)) if listed else ""
            found.append(_unknown_property(kind, of, name, near))
    return tuple(found)


def _unknown_event(kind: str, name: str, near: str) -> Warning:
    code = f"{kind}.unknown_event"
    if not near:
        return Warning(code, msg("No event called %(name)s has been seen yet."), {"name": name})
    message = msg("No event called %(name)s has been seen yet. Did you mean %(suggestion)s?")
    return Warning(code, message, {"name": name, "suggestion": near})


def _unknown_property(kind: str, of: Of, name: str, near: str) -> Warning:
    code = f"{kind}.unknown_property"
    if not near:
        return Warning(code, msg("No property called %(name)s has been seen yet."), {"of": of.value, "name": name})
    message = msg("No property called %(name)s has been seen yet. Did you mean %(suggestion)s?")
    return Warning(code, message, {"of": of.value, "name": name, "suggestion": near})


def _nearest(name: str, known: Iterable[str]) -> str:
    """The known name most like `name`, upper and lower case and blanks aside; "" when none is."""
    by_form: dict[str, str] = {}
    for other in sorted(known)[:_MOST_SEARCHED]:
        by_form.setdefault(_form(other), other)
    close = get_close_matches(_form(name), by_form, n=1, cutoff=_ALIKE)
    return by_form[close[0]] if close else ""


_BLANKS = str.maketrans("-. ", "___")


def _form(name: str) -> str:
    return name.strip().casefold().translate(_BLANKS)
