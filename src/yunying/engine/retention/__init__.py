"""Retention: who comes back, period by period."""

from yunying.engine.kinds import Kind, register
from yunying.engine.retention.answer import Cell, Cohort, Column, Mean, Point, RetentionResult, Row, parse_point
from yunying.engine.retention.run import people, run
from yunying.engine.retention.spec import Clock, Display, Doing, Mode, Retained, Retention, ValueMeasure, parse

__all__ = [
    "Cell",
    "Clock",
    "Cohort",
    "Column",
    "Display",
    "Doing",
    "Mean",
    "Mode",
    "Point",
    "Retained",
    "Retention",
    "RetentionResult",
    "Row",
    "ValueMeasure",
]

register(Kind("retention", Retention, parse, run, parse_point, people))
