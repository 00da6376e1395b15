"""Rows of forms, for those who build forms of their own."""

from yunying.apps.insights.kinds.form import Query
from yunying.apps.insights.kinds.rows import FilterRow

__all__ = ["FilterRow", "Query"]
