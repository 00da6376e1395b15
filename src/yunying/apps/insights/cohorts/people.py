"""The members of a cohort as a list: counted, searched, paged and exported without all of them in memory."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from yunying.apps.tracking.selectors import FoundPeople, PersonRow, Wanted
from yunying.apps.tracking.selectors import people as people_rows
from yunying.engine import Context
from yunying.engine import cohorts as engine
from yunying.platform.products.models import Product

__all__ = ["MOST_FOUND", "Members"]

# How many people a search looks at for members among them.
MOST_FOUND, _STEP = 5_000, 1_000


class Members(Sequence[PersonRow]):
    """The members, in the order of their numbers. Raises what the engine raises."""

    def __init__(self, product: Product, cohort: engine.Cohort | engine.Members, context: Context, query: str = ""):
        self._product, self._cohort, self._context, self._query = product, cohort, context, query

    def narrowed(self, query: str, filters: Mapping[str, str], sort: str) -> "Members":
        """Those whose ids or properties have `query` in them."""
        return Members(self._product, self._cohort, self._context, query)

    @cached_property
    def _found(self) -> list[int]:
        """The numbers of the members that the search finds."""
        near = [row.number for row in FoundPeople(self._product, Wanted(query=self._query))[:MOST_FOUND]]
        return sorted(engine.members_among(self._cohort, near, self._context))

    @cached_property
    def _count(self) -> int:
        return len(self._found) if self._query else engine.people_in(self._cohort, self._context, 0).total

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, part: Any) -> Any:
        if not isinstance(part, slice):
            return self[part : part + 1][0]
        first, last, _step = part.indices(len(self))
        if self._query:
            return people_rows(self._product.pk, self._found[first:last])
        return people_rows(self._product.pk, self._numbers(first, last - first))

    def __iter__(self) -> Iterator[PersonRow]:
        for first in range(0, len(self), _STEP):
            yield from self[first : first + _STEP]

    def _numbers(self, first: int, count: int) -> list[int]:
        return list(engine.people_in(self._cohort, self._context, count, first).numbers)
