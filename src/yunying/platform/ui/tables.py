"""Lists that search, filter, sort, choose columns, page and export, declared in one place.

`rows` is a queryset, a list or a `Source`. The state is in the address, so a list can be linked to and works without
JavaScript; htmx only exchanges the part that changed. Cost of a page: one count and one slice of the queryset.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, runtime_checkable

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from yunying.base.errors import LimitReached, msg
from yunying.platform.ui.columns import NUMERIC, Column, Filter, Kind, exported, shown
from yunying.platform.ui.exports import file_response
from yunying.platform.ui.rows import filtered, in_order, searched

__all__ = ["PAGE_SIZES", "Cell", "Column", "Empty", "Filter", "Kind", "Source", "Table"]

PAGE_SIZES = (25, 50, 100, 200)
EXPORT_LIMIT = 100_000


@runtime_checkable
class Source(Protocol):
    """Rows that lie elsewhere, too many to be listed: they search, filter, sort and page themselves."""

    def narrowed(self, query: str, filters: Mapping[str, str], sort: str) -> Sequence[Any]:
        """What the search box, the chosen filters and the sorted column leave; only slices of it are read."""
        ...


@dataclass(frozen=True, slots=True)
class Empty:
    """What the table says while there is nothing to list at all."""

    title: Any
    text: Any = ""
    action_url: str = ""
    action_label: Any = ""
    icon: str = "inbox"


@dataclass(frozen=True, slots=True)
class Cell:
    column: Column
    html: SafeString
    classes: str


@dataclass(frozen=True, slots=True)
class Head:
    """A column's heading: where it sorts to, and how it is sorted now (`aria-sort`)."""

    column: Column
    url: str
    sorted: str


class Table:
    """A list in one state, read from the request's query.

    `name` is unique on the page and remembers the chosen columns; `prefix` keeps the query parameters of a second
    table on one page apart. `sort` is the default order (`-name` for descending). A `stacked` table, for few rows of
    much text, shows each row as a card on a phone, its cells beneath each other.
    """

    def __init__(
        self,
        *,
        columns: Sequence[Column],
        rows: QuerySet[Any] | Source | Iterable[Any],
        request: HttpRequest,
        name: str = "list",
        filters: Sequence[Filter] = (),
        sort: str = "",
        empty: Empty | None = None,
        caption: Any = "",
        page_size: int = PAGE_SIZES[0],
        prefix: str = "",
        exportable: bool = True,
        stacked: bool = False,
    ) -> None:
        self.columns = tuple(columns)
        self.request = request
        self.name = name
        self.filters = tuple(filters)
        self.empty = empty
        self.caption = caption
        self.exportable = exportable
        self.stacked = stacked
        self._rows = rows if isinstance(rows, QuerySet | Source) else list(rows)
        self._default_sort = sort
        self._default_size = page_size
        self._prefix = prefix

    # State, from the address

    def _get(self, name: str) -> str:
        return self.request.GET.get(self._prefix + name, "").strip()

    @property
    def params(self) -> dict[str, str]:
        """The names of this table's query parameters."""
        return {name: self._prefix + name for name in ("q", "sort", "page", "size", "export")}

    @cached_property
    def query(self) -> str:
        return self._get("q")[:200]

    @property
    def searchable(self) -> bool:
        return any(column.search for column in self.columns)

    @cached_property
    def size(self) -> int:
        asked = self._get("size")
        return int(asked) if asked.isdecimal() and int(asked) in PAGE_SIZES else self._default_size

    @cached_property
    def sort(self) -> str:
        """The column sorted by, with `-` in front when descending; an unknown one falls back to the default."""
        asked = self._get("sort")
        known = {column.name for column in self.columns if column.sort}
        return asked if asked.removeprefix("-") in known else self._default_sort

    @cached_property
    def chosen(self) -> dict[str, str]:
        """The filters in force; values that are no choice are ignored."""
        found = {one.name: self._get(one.name) for one in self.filters}
        return {
            one.name: found[one.name] for one in self.filters if found[one.name] in {str(v) for v, _ in one.choices}
        }

    @property
    def narrowed(self) -> bool:
        return bool(self.query or self.chosen)

    @cached_property
    def visible(self) -> tuple[Column, ...]:
        kept = self.request.session.get("tables", {}).get(self.name) if hasattr(self.request, "session") else None
        if kept is None:
            return tuple(column for column in self.columns if not column.hidden)
        return tuple(column for column in self.columns if column.fixed or column.name in kept) or self.columns[:1]

    # Rows

    @cached_property
    def found(self) -> QuerySet[Any] | Sequence[Any]:
        """All rows that pass the filters and the search, in order."""
        if isinstance(self._rows, Source):
            return self._rows.narrowed(self.query, self.chosen, self.sort)
        rows: Any = self._rows
        for one in self.filters:
            if one.name in self.chosen:
                rows = filtered(rows, one, self.chosen[one.name])
        rows = searched(rows, self.query, [column for column in self.columns if column.search])
        by_name = {column.name: column for column in self.columns}
        ordered: QuerySet[Any] | Sequence[Any] = in_order(rows, self.sort, by_name)
        return ordered

    @cached_property
    def total(self) -> int:
        return self.found.count() if isinstance(self.found, QuerySet) else len(self.found)

    @cached_property
    def pages(self) -> int:
        return max(1, -(-self.total // self.size))

    @cached_property
    def page(self) -> int:
        asked = self._get("page")
        return min(max(1, int(asked)), self.pages) if asked.isdecimal() and len(asked) < 10 else 1

    @property
    def first(self) -> int:
        return (self.page - 1) * self.size + 1 if self.total else 0

    @property
    def last(self) -> int:
        return min(self.page * self.size, self.total)

    @cached_property
    def body(self) -> list[list[Cell]]:
        """The cells of the page shown."""
        start = (self.page - 1) * self.size
        return [[self._cell(column, row) for column in self.visible] for row in self.found[start : start + self.size]]

    def _cell(self, column: Column, row: Any) -> Cell:
        value = column.of(row)
        html = shown(column, value)
        if column.template:
            html = mark_safe(render_to_string(column.template, {"row": row, "value": value}, self.request))
        elif column.link and (url := column.link(row)):
            html = format_html('<a href="{}">{}</a>', url, html)
        return Cell(column, html, column.classes)

    # Addresses

    def _url(self, **changes: str) -> str:
        params: QueryDict = self.request.GET.copy()
        for name, value in {"page": "", "export": "", **changes}.items():
            params.pop(self._prefix + name, None)
            if value:
                params[self._prefix + name] = value
        return f"?{params.urlencode()}"

    @property
    def heads(self) -> list[Head]:
        current = self.sort.removeprefix("-")
        down = self.sort.startswith("-")
        heads = []
        for column in self.visible:
            here = column.name == current
            # The first click on numbers and times shows the largest and latest first, which is what one looks for.
            first = "-" if column.kind in NUMERIC | {"when", "ago", "date"} else ""
            target = (column.name if down else f"-{column.name}") if here else f"{first}{column.name}"
            state = ("descending" if down else "ascending") if here else "none"
            heads.append(Head(column, self._url(sort=target) if column.sort else "", state))
        return heads

    @property
    def page_links(self) -> list[tuple[int, str]]:
        """Pages to offer: first, last and those around the present one; (0, "") is a gap."""
        near = {1, self.pages, *range(self.page - 1, self.page + 2)}
        links: list[tuple[int, str]] = []
        for number in sorted(n for n in near if 1 <= n <= self.pages):
            if links and number - links[-1][0] > 1:
                links.append((0, ""))
            links.append((number, self._url(page=str(number))))
        return links

    @property
    def previous_url(self) -> str:
        return self._url(page=str(self.page - 1)) if self.page > 1 else ""

    @property
    def next_url(self) -> str:
        return self._url(page=str(self.page + 1)) if self.page < self.pages else ""

    @property
    def sizes(self) -> Sequence[int]:
        return sorted({*PAGE_SIZES, self._default_size})

    @property
    def xlsx_url(self) -> str:
        return self._url(export="xlsx")

    @property
    def csv_url(self) -> str:
        return self._url(export="csv")

    @property
    def clear_url(self) -> str:
        return self._url(q="", **{one.name: "" for one in self.filters})

    @property
    def kept_params(self) -> list[tuple[str, str]]:
        """Parameters of the address that are not this filter bar's own, to be sent along as hidden fields."""
        own = {self._prefix + name for name in ("q", "page", "size", "export", *(one.name for one in self.filters))}
        return [(name, value) for name, values in self.request.GET.lists() if name not in own for value in values]

    @property
    def filter_fields(self) -> list[tuple[str, Filter, str]]:
        return [(self._prefix + one.name, one, self.chosen.get(one.name, "")) for one in self.filters]

    # Files

    def export_response(self) -> HttpResponse | None:
        """The file asked for by `?export=xlsx` or `csv`: all rows found, the visible columns. `render` calls this."""
        kind = self._get("export")
        if not self.exportable or kind not in ("xlsx", "csv"):
            return None
        if self.total > EXPORT_LIMIT:
            text = msg("This list has %(rows)d rows, a file may have %(limit)d. Filter it first, or use the API.")
            raise LimitReached("export.too_long", text, rows=self.total, limit=EXPORT_LIMIT)
        columns = [column for column in self.visible if column.export]
        rows = self.found.iterator(2000) if isinstance(self.found, QuerySet) else iter(self.found)
        cells = ([exported(column, column.of(row)) for column in columns] for row in rows)
        return file_response(kind, self.name, [str(column.label) for column in columns], cells)
