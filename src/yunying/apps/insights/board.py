"""Names of buckets and lines, for those who draw answers of their own."""

from yunying.apps.insights.kinds.board import bucket_label
from yunying.apps.insights.kinds.trends.board import line_name

__all__ = ["bucket_label", "line_name"]
