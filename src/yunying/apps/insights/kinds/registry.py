"""The kinds of reports as pages know them. A kind is one package here that calls `register` when it is imported."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise

from yunying.apps.insights.kinds.board import Board, Drawing, Sheet
from yunying.apps.insights.kinds.rows import Asking
from yunying.base.errors import InvalidInput, msg
from yunying.platform.products.models import Product

__all__ = ["PageKind", "page_kind", "page_kinds", "register"]


def _none(point: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return []


@dataclass(frozen=True, slots=True)
class PageKind:
    """How one kind of report looks on pages.

    `page` names its address; `form` is what its builder shows; `builder`, `controls` and `missing` are its templates.
    `draw` makes the board of an answer, `sheet` the file; `title` names a question that has no name yet;
    `definition` says in words what its numbers count; `point_words`
    says which people a point means, `siblings` names the points beside it (who came back, and who did not); `events`
    are those a question is about (None: any).
    """

    name: str
    label: Promise | str
    about: Promise | str
    icon: str
    page: str
    help_page: str
    form: type[Asking]
    builder: str
    controls: str
    missing: str
    draw: Callable[[Drawing], Board]
    sheet: Callable[[Mapping[str, Any], Any], Sheet]
    title: Callable[[Mapping[str, Any]], str]
    definition: Callable[[Mapping[str, Any]], str]
    point_words: Callable[[Mapping[str, Any], Mapping[str, Any], Product], str]
    events: Callable[[Mapping[str, Any]], list[str | None]]
    siblings: Callable[[Mapping[str, Any]], list[tuple[str, dict[str, Any]]]] = _none


_kinds: dict[str, PageKind] = {}


def register(kind: PageKind) -> None:
    """Make a kind known; once per name."""
    if kind.name in _kinds:
        raise ValueError(f"there are two kinds called {kind.name}")
    _kinds[kind.name] = kind


def page_kinds() -> tuple[PageKind, ...]:
    """All kinds in the order in which pages offer them."""
    return tuple(_kinds.values())


def page_kind(name: str) -> PageKind:
    """The kind called `name`. Raises InvalidInput when pages know none."""
    found = _kinds.get(name)
    if found is None:
        raise InvalidInput("report.kind", msg("There is no report of this kind."), field="kind")
    return found
