"""Trends: how much of something happened, bucket by bucket."""

from yunying.engine.kinds import Kind, register
from yunying.engine.trends.answer import FORMULA, Point, Row, TrendsResult, parse_point
from yunying.engine.trends.run import people, run
from yunying.engine.trends.spec import MEASURES, Display, Measure, Series, Trends, parse

__all__ = [
    "FORMULA",
    "MEASURES",
    "Display",
    "Measure",
    "Point",
    "Row",
    "Series",
    "Trends",
    "TrendsResult",
]

register(Kind("trends", Trends, parse, run, parse_point, people))
