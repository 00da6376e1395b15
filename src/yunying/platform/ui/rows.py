"""Narrowing and ordering the rows of a table, whether they are a queryset or a list."""

from collections.abc import Mapping
from typing import Any

from django.db.models import F, Q, QuerySet

from yunying.base.money import Money
from yunying.platform.ui.columns import Column, Filter, follow

__all__ = ["filtered", "in_order", "searched"]


def filtered(rows: Any, one: Filter, value: str) -> Any:
    """The rows that the filter lets through at this choice."""
    if callable(one.apply):
        return one.apply(rows, value)
    field = one.apply or one.name
    if isinstance(rows, QuerySet):
        return rows.filter(**{field.replace(".", "__"): value})
    return [row for row in rows if str(follow(row, field)) == value]


def searched(rows: Any, query: str, columns: list[Column]) -> Any:
    """Every word of the query must occur in some searched column."""
    for word in query.split()[:8]:
        if isinstance(rows, QuerySet):
            clause = Q()
            for column in columns:
                clause |= Q(**{f"{column.search_field}__icontains": word})
            rows = rows.filter(clause)
        else:
            needle = word.casefold()
            rows = [row for row in rows if any(needle in str(column.of(row)).casefold() for column in columns)]
    return rows


def in_order(rows: Any, sort: str, columns: Mapping[str, Column]) -> Any:
    """Absent values come last in both directions; equal ones keep a fixed order, so that pages never overlap."""
    column = columns.get(sort.removeprefix("-"))
    if column is None:
        return rows if not isinstance(rows, QuerySet) or rows.ordered else rows.order_by("pk")
    down = sort.startswith("-")
    if isinstance(rows, QuerySet):
        field = F(column.sort_field)
        return rows.order_by(field.desc(nulls_last=True) if down else field.asc(nulls_last=True), "pk")
    present = [row for row in rows if column.of(row) is not None]
    absent = [row for row in rows if column.of(row) is None]
    return sorted(present, key=lambda row: _key(column.of(row)), reverse=down) + absent


def _key(value: Any) -> Any:
    if isinstance(value, Money):
        return value.minor
    return value.casefold() if isinstance(value, str) else value
