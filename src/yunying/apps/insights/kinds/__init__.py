"""Kinds of reports as pages know them: their forms, boards and words.

board = board_of(access, spec, answer)     what any page draws with `insights/_board.html`
page_kind(name)                            label, icon, address, form and more of a kind
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.urls import reverse

from yunying.apps.insights.answers import Answer
from yunying.apps.insights.kinds import funnel as _funnel  # noqa: F401 - registers itself
from yunying.apps.insights.kinds import retention as _retention  # noqa: F401 - registers itself
from yunying.apps.insights.kinds import trends as _trends  # noqa: F401 - registers itself
from yunying.apps.insights.kinds.board import Board, Cell, Drawing, Fact, Grid, GridRow, Origin, Sheet
from yunying.apps.insights.kinds.naming import Titles, named, renamed, titles_for
from yunying.apps.insights.kinds.registry import PageKind, page_kind, page_kinds
from yunying.apps.insights.units import Measured
from yunying.platform.products.access import Permission, ProductAccess

__all__ = [
    "Board",
    "Cell",
    "Fact",
    "Grid",
    "GridRow",
    "Origin",
    "PageKind",
    "Sheet",
    "Titles",
    "board_of",
    "named",
    "page_kind",
    "page_kinds",
    "page_url",
    "sheet_of",
    "titles_for",
]


def board_of(
    access: ProductAccess,
    spec: Mapping[str, Any],
    answer: Answer,
    *,
    name: str = "report",
    look: str = "",
    measured: Measured | None = None,
    titles: Titles | None = None,
) -> Board:
    """An answer of any kind as pages draw it.

    `name` is unique on the page (`tile-12`), `look` the chart wanted (`line`, `bar`, …; the kind's own without it),
    `measured` the unit of the numbers where a metric lends one. Numbers lead to the people behind them for those who
    may see people. Events and properties are called by `titles`, which a page that draws several boards looks up once.
    """
    titles = titles_for(access.product) if titles is None else titles
    people = reverse("insights:people", kwargs={"product": access.product.slug})
    url = people if access.may(Permission.SEE_PEOPLE) else ""
    drawing = Drawing(spec, named(spec, titles), answer, url, name, look, measured or Measured())
    return replace(page_kind(str(spec.get("kind"))).draw(drawing), names=renamed(spec, titles))


def sheet_of(spec: Mapping[str, Any], answer: Answer, titles: Titles | None = None) -> Sheet:
    """All numbers of an answer of any kind, for a file; without `titles` under the names that are sent."""
    return page_kind(str(spec.get("kind"))).sheet(named(spec, titles) if titles else spec, answer.result)


def page_url(access: ProductAccess, kind: str) -> str:
    """Where questions of this kind are asked."""
    return reverse(page_kind(kind).page, kwargs={"product": access.product.slug})
