"""One row for each person: the events that did the steps of the attempt that counts, and the breakdown values."""

from yunying.engine.funnel.part import Part
from yunying.engine.funnel.plain import plain_rows

__all__ = ["rows"]


def rows(part: Part) -> str:
    """who, t1 ..., `last` where windows may be open, and the values."""
    return plain_rows(part)
