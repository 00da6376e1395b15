"""What apps hang into the frame around every page: entries of the command palette and the bell's number.

Apps register in their `AppConfig.ready`; this module knows none of them.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.http import HttpRequest

__all__ = ["Bell", "PaletteEntry", "PaletteProvider", "add_palette", "bell_for", "palette_for", "set_bell"]


@dataclass(frozen=True, slots=True)
class PaletteEntry:
    """One line of the palette. `group` is its heading (translated), `hint` a short grey remark."""

    label: str
    url: str
    group: str
    icon: str = "arrow-right"
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Bell:
    """How many notifications are unread, and where they are listed."""

    count: int
    url: str


PaletteProvider = Callable[[HttpRequest, str | None, str], Iterable[PaletteEntry]]

_providers: list[PaletteProvider] = []
_bell: list[Callable[[HttpRequest], Bell | None]] = []


def add_palette(provider: PaletteProvider) -> None:
    """Register `provider(request, product_slug, query)`; it gives only what the signed-in user may see."""
    if provider not in _providers:
        _providers.append(provider)


def set_bell(source: Callable[[HttpRequest], Bell | None]) -> None:
    """Register where the bell's number comes from; the last one wins."""
    _bell[:] = [source]


def bell_for(request: HttpRequest) -> Bell | None:
    return _bell[0](request) if _bell else None


def palette_for(request: HttpRequest, product: str | None, query: str, limit: int = 8) -> dict[str, list[PaletteEntry]]:
    """Entries by group, at most `limit` a group, in the order the providers were registered; an address only once."""
    groups: dict[str, list[PaletteEntry]] = {}
    seen: set[str] = set()
    for provider in _providers:
        for entry in provider(request, product, query):
            if entry.url not in seen and len(groups.get(entry.group, ())) < limit:
                seen.add(entry.url)
                groups.setdefault(entry.group, []).append(entry)
    return groups
