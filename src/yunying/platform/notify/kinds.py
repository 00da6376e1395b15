"""Kinds of notifications: what they are called in the preferences and whether they are mailed unless told otherwise."""

from dataclasses import dataclass

from django.utils.functional import Promise

__all__ = ["Kind", "kind_named", "kinds", "register"]


@dataclass(frozen=True, slots=True)
class Kind:
    """`label` is a lazy translation: a sentence that completes "Tell me when …" as a statement of its own."""

    name: str
    label: "Promise | str"
    mail: bool


_kinds: dict[str, Kind] = {}


def register(name: str, label: "Promise | str", *, mail: bool = True) -> str:
    """Declare a kind at import time (in an app's `tasks.py` or `facts.py`); returns its name."""
    _kinds[name] = Kind(name, label, mail)
    return name


def kind_named(name: str) -> Kind | None:
    """The kind called `name`; None if nothing declared it."""
    return _kinds.get(name)


def kinds() -> list[Kind]:
    """All kinds, by name."""
    return sorted(_kinds.values(), key=lambda kind: kind.name)
