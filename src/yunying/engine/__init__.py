"""The analytics engine: questions in, numbers with their provenance out.

spec = parse({"kind": "trends", ...})      what is asked; raises InvalidInput with field paths
result = run(spec, Context(...))           spec -> resolve -> plan -> compile -> run -> shape
people = people_behind(spec, point, context)
"""

from yunying.engine import cohorts, filters, funnel, retention, trends
from yunying.engine.breakdown import Breakdown
from yunying.engine.context import ANYTHING, Anything, Catalogue, Cohorts, Context
from yunying.engine.kinds import Kind, Spec, everybody_behind, kinds, parse, people_behind, register, run
from yunying.engine.result import Bucket, People, Provenance, Result, Value, Warning

__all__ = [
    "ANYTHING",
    "Anything",
    "Breakdown",
    "Bucket",
    "Catalogue",
    "Cohorts",
    "Context",
    "Kind",
    "People",
    "Provenance",
    "Result",
    "Spec",
    "Value",
    "Warning",
    "cohorts",
    "everybody_behind",
    "filters",
    "funnel",
    "kinds",
    "parse",
    "people_behind",
    "register",
    "retention",
    "run",
    "trends",
]
