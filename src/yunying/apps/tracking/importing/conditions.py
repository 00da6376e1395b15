"""Which rows an event of a mapping takes: its conditions, applied to whole columns."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from yunying.apps.tracking.importing.mapping import Condition

__all__ = ["passing"]


def passing(when: Sequence[Condition], columns: Mapping[str, Any], count: int) -> Any:
    """A mask of the rows that pass all conditions."""
    mask = np.ones(count, dtype=bool)
    for condition in when:
        mask &= _test(columns[condition.column], condition)
    return mask


_ORDER: dict[str, Callable[[Any, Any], Any]] = {
    "gt": pc.greater,
    "gte": pc.greater_equal,
    "lt": pc.less,
    "lte": pc.less_equal,
}


def _test(array: Any, condition: Condition) -> Any:
    """Null never passes a positive test and always passes a negative one, as in reports."""
    first = condition.operands[0]
    negative = condition.test in ("is_not", "not_starts_with")
    if condition.test == "empty":
        found = array.is_null() if first else array.is_valid()
    elif condition.test in ("is", "is_not"):
        found = pc.is_in(array, value_set=pc.cast(pa.array(condition.operands), array.type), skip_nulls=True)
    elif condition.test in ("starts_with", "not_starts_with"):
        found = pc.starts_with(pc.cast(array, pa.string()), pattern=str(first))
    else:
        found = _ORDER[condition.test](array, pa.scalar(first))
    passes = pc.fill_null(found, False).to_numpy(zero_copy_only=False)
    return ~passes if negative else passes
