"""Funnels: how many people get from step to step."""

from yunying.engine.funnel.answer import Bin, FunnelResult, Outcome, Point, Reached, Row, Share, Taken, parse_point
from yunying.engine.funnel.read import parse
from yunying.engine.funnel.run import people, run
from yunying.engine.funnel.spec import Attribution, Display, Funnel, Order, Step, StepEvent, To, Unit, Window
from yunying.engine.kinds import Kind, register

__all__ = [
    "Attribution",
    "Bin",
    "Display",
    "Funnel",
    "FunnelResult",
    "Order",
    "Outcome",
    "Point",
    "Reached",
    "Row",
    "Share",
    "Step",
    "StepEvent",
    "Taken",
    "To",
    "Unit",
    "Window",
]

register(Kind("funnel", Funnel, parse, run, parse_point, people))
