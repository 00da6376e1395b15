"""Rows that belong together: the lines of an invoice, the items of a basket.

Rows with the same key belong to one group as long as no more than `within` rows lie between two of them. The limit
keeps memory flat, and a file that repeats itself further down gives the same group again instead of a doubled one.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from yunying.apps.tracking.importing.mapping import Aggregate, FileMapping

__all__ = ["Groups", "grouping", "groups"]


@dataclass
class Groups:
    """`order` sorts rows by group and then by row, `starts` are the groups' first places in that order."""

    order: Any
    starts: Any
    labels: Any

    @cached_property
    def position(self) -> Any:
        """Place of each row inside its group, from 0, by row."""
        places = np.empty(len(self.order), dtype=np.int64)
        places[self.order] = np.arange(len(self.order)) - np.repeat(self.starts, self.sizes())
        return places

    def sizes(self) -> Any:
        return np.diff(np.append(self.starts, len(self.order)))

    def of(self, chosen: Any) -> "Groups":
        """The same groups with only the rows `chosen` (ascending positions), numbered anew by place in `chosen`."""
        labels = self.labels[chosen]
        order = np.argsort(labels, kind="stable")
        return Groups(order, _starts(labels[order]), labels)

    def aggregate(self, array: Any, how: Aggregate) -> Any:
        """One value per group of `array`, which is already in `order`. Nulls count for nothing."""
        if how is Aggregate.COUNT:
            return pa.array(
                np.add.reduceat(array.is_valid().to_numpy(zero_copy_only=False).astype(np.int64), self.starts)
            )
        if how is Aggregate.FIRST:
            return pc.take(array, pa.array(self.starts))
        if how is Aggregate.LAST:
            return pc.take(array, pa.array(self.starts + self.sizes() - 1))
        if how in (Aggregate.DISTINCT, Aggregate.LIST):
            return self._sets(array, how)
        return self._reduced(array, how)

    def _reduced(self, array: Any, how: Aggregate) -> Any:
        function, neutral = {
            Aggregate.SUM: (np.add, 0.0),
            Aggregate.MIN: (np.minimum, np.inf),
            Aggregate.MAX: (np.maximum, -np.inf),
        }[how]
        whole = pa.types.is_integer(array.type)
        numbers = pc.fill_null(pc.cast(array, pa.float64()), neutral).to_numpy(zero_copy_only=False)
        totals = pa.array(function.reduceat(numbers, self.starts))
        return pc.cast(totals, pa.int64()) if whole and how is Aggregate.SUM else totals

    def _sets(self, array: Any, how: Aggregate) -> Any:
        codes = array.dictionary_encode()
        values = codes.dictionary.to_pylist()
        numbers = pc.fill_null(codes.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
        group = np.repeat(np.arange(len(self.starts)), self.sizes())
        pairs = np.unique(np.stack([group, numbers], axis=1)[numbers >= 0], axis=0)
        if how is Aggregate.DISTINCT:
            return pa.array(np.bincount(pairs[:, 0], minlength=len(self.starts)))
        lists: list[list[Any]] = [[] for _ in self.starts]
        for place, code in pairs.tolist():
            lists[place].append(values[code])
        return lists


def grouping(table: Any, rows: Any, mapping: FileMapping) -> Groups:
    """The groups of a table of raw columns."""
    return groups([table.column(name).combine_chunks() for name in mapping.group], rows, mapping.group_within)


def groups(keys: list[Any], rows: Any, within: int) -> Groups:
    """Groups by the key columns; without any, every row is one of its own. `rows` are the rows' numbers."""
    if not keys:
        every = np.arange(len(rows))
        return Groups(every, every, every)
    codes = np.zeros(len(rows), dtype=np.int64)
    for key in keys:
        one = key.dictionary_encode()
        numbers = pc.fill_null(one.indices, len(one.dictionary)).to_numpy(zero_copy_only=False).astype(np.int64)
        # Renumbering keeps the combined code below rows², whatever the number of key columns.
        codes = np.unique(codes * (len(one.dictionary) + 1) + numbers, return_inverse=True)[1]
    order = np.argsort(codes, kind="stable")
    new = np.ones(len(order), dtype=bool)
    if len(order):
        apart = np.diff(rows[order]) > within
        new[1:] = (np.diff(codes[order]) != 0) | apart
    labels = np.empty(len(order), dtype=np.int64)
    labels[order] = np.cumsum(new) - 1
    return Groups(order, np.flatnonzero(new), labels)


def _starts(sorted_labels: Any) -> Any:
    new = np.ones(len(sorted_labels), dtype=bool)
    new[1:] = np.diff(sorted_labels) != 0
    return np.flatnonzero(new)
