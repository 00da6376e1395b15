"""The analytics engine: questions in, numbers with their provenance out.

spec = parse({"kind": "trends", ...})      what is asked; raises InvalidInput with field paths
result = run(spec, Context(...))           spec -> resolve -> plan -> compile -> run -> shape
people = people_behind(spec, point, context)
"""

from yunying.engine import filters, trends
from yunying.engine.context import ANYTHING, Anything, Catalogue, Context
from yunying.engine.kinds import Kind, Spec, kinds, parse, people_behind, register, run
from yunying.engine.result import People, Provenance, Result, Warning

__all__ = [
    "ANYTHING",
    "Anything",
    "Catalogue",
    "Context",
    "Kind",
    "People",
    "Provenance",
    "Result",
    "Spec",
    "Warning",
    "filters",
    "kinds",
    "parse",
    "people_behind",
    "register",
    "run",
    "trends",
]
