"""Trends: how much of something happened, bucket by bucket."""

from yunying.engine.kinds import Kind, register
from yunying.engine.trends.answer import FORMULA, Bucket, Point, Row, TrendsResult, Value, parse_point
from yunying.engine.trends.run import people, run
from yunying.engine.trends.spec import MEASURES, Breakdown, Display, Measure, Series, Trends, parse

__all__ = [
    "FORMULA",
    "MEASURES",
    "Breakdown",
    "Bucket",
    "Display",
    "Measure",
    "Point",
    "Row",
    "Series",
    "Trends",
    "TrendsResult",
    "Value",
]

register(Kind("trends", Trends, parse, run, parse_point, people))
