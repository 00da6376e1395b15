"""The cohorts of a product as the engine asks for them."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from yunying.apps.insights.cohorts.models import Cohort
from yunying.engine import cohorts as engine
from yunying.engine.reading import hash_of

__all__ = ["KnownCohorts", "definition_of", "named_in", "stamp_of"]


def definition_of(cohort: Cohort) -> engine.Cohort | engine.Members:
    """What the engine needs to know of a kept cohort."""
    return engine.Members(cohort.pk) if cohort.is_list else engine.parse(cohort.definition)


class KnownCohorts:
    """All cohorts of a product, read by one query when the first of them is asked for.

    `instead` stands for a definition that is being edited and not kept yet.
    """

    def __init__(self, product_id: int, instead: dict[int, engine.Cohort] | None = None) -> None:
        self._product_id = product_id
        self._instead = instead or {}

    @cached_property
    def _rows(self) -> dict[int, Cohort]:
        return {row.pk: row for row in Cohort.objects.filter(product_id=self._product_id)}

    def definition(self, cohort: int) -> engine.Cohort | engine.Members | None:
        if cohort in self._instead:
            return self._instead[cohort]
        row = self._rows.get(cohort)
        return definition_of(row) if row else None

    def name(self, cohort: int) -> str:
        row = self._rows.get(cohort)
        return row.name if row else ""


def named_in(value: Any) -> frozenset[int]:
    """The numbers of the cohorts that a question, a filter or a definition names, as JSON."""
    return frozenset(_named(value))


def _named(value: Any) -> Iterator[int]:
    if isinstance(value, list):
        for item in value:
            yield from _named(item)
    elif isinstance(value, dict):
        if value.get("operator") in ("in_cohort", "not_in_cohort"):
            yield from (int(number) for number in value.get("values") or [] if str(number).isdecimal())
        elif "cohort" in (value.get("of"), value.get("kind")):
            numbers = [value.get("cohort"), *(value.get("cohorts") or [])]
            yield from (number for number in numbers if isinstance(number, int))
        for item in value.values():
            yield from _named(item)


def stamp_of(product_id: int, question: Any) -> str:
    """What changes with the cohorts a question rests on; "" when it names none. At most one query.

    A cohort may rest on others, so all of the product's count.
    """
    if not named_in(question):
        return ""
    rows = Cohort.objects.filter(product_id=product_id).order_by("pk").values_list("pk", "version", "name")
    return hash_of({"cohorts": [list(row) for row in rows]})[:12]
