"""Plan: from a question and its context to what is read, until when, and how events are packed into numbers."""

import math
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property

from yunying.base import zones
from yunying.base.errors import InvalidInput, msg
from yunying.base.zones import Span
from yunying.engine.context import Context
from yunying.engine.filters import conditions
from yunying.engine.funnel.spec import Display, Funnel, Order
from yunying.engine.ranges import resolve

__all__ = ["MAX_BUCKETS", "Plan", "make_plan"]

MAX_BUCKETS = 10_000
MAX_POINTS = 500_000
# Planning a statement takes about 0.4 ms for each, and no time limit of the store ends that.
MAX_PARTS = 5_000
_MILLI = timedelta(milliseconds=1)


@dataclass(frozen=True)
class Plan:
    """First steps are taken from `span`, later ones until `read.end`. `buckets` are those of over_time."""

    spec: Funnel
    context: Context
    span: Span
    read: Span
    buckets: tuple[Span, ...] = ()

    @property
    def window_ms(self) -> int:
        return self.spec.window.length // _MILLI

    @property
    def looks_ahead(self) -> bool:
        """Whether events after the range are read."""
        return self.read.end > self.span.end

    @cached_property
    def apart(self) -> bool:
        """Whether an event does one step at most, which the names of events tell.

        Without an order it counts for the first step it fits, whatever else it fits.
        """
        spec = self.spec
        if spec.order is Order.UNORDERED:
            return True
        if len(spec.exclusions) > (1 if spec.order is Order.ORDERED else 0):
            return False
        sets = [{event.event for event in step.events} for step in spec.steps]
        sets += [{out.event.event} for out in spec.exclusions]
        names = set().union(*sets)
        return None not in names and sum(map(len, sets)) == len(names)

    @property
    def plain(self) -> bool:
        """Whether the shortest form will do: ordered steps that no event can confuse, and no exclusions."""
        return self.spec.order is Order.ORDERED and not self.spec.exclusions and self.apart

    @property
    def charted(self) -> bool:
        """Whether one statement tells the points over time too: where any attempt that got far enough will do."""
        spec = self.spec
        ends = {spec.from_step, spec.to_step} <= set(spec.required)
        spoils = spec.exclusions and spec.order is not Order.UNORDERED
        return spec.display is Display.OVER_TIME and ends and not (spec.breakdown or spec.hold or spoils)

    @property
    def exact(self) -> bool:
        """Whether an event stored twice would change anything: done twice, or followed by itself."""
        return not self.apart or self.spec.order is Order.STRICT

    @property
    def open_since_ms(self) -> int | None:
        """Attempts from then on (milliseconds after the start) may still go on; None when there can be none."""
        if self.spec.within_range and self.context.now >= self.span.end:
            return None
        since = self.context.now - self.spec.window.length
        if since >= self.span.end:
            return None
        return max(0, math.ceil((since - self.span.start) / _MILLI))


def make_plan(spec: Funnel, context: Context) -> Plan:
    """Raises InvalidInput when the question asks for more than a chart can hold."""
    span = resolve(spec.range, context.zone, context.now, context.week_start)
    end = span.end if spec.within_range else span.end + spec.window.length
    plan = Plan(spec, context, span, Span(span.start, end))
    _check_parts(plan)
    return _with_buckets(plan) if spec.display is Display.OVER_TIME else plan


def _check_parts(plan: Plan) -> None:
    """Every level of the statement holds all tests of events; a step is one level in the plain form, else two."""
    spec = plan.spec
    events = [event for step in spec.steps for event in step.events] + [out.event for out in spec.exclusions]
    tests = len(events) + sum(
        1 for tree in (spec.filters, *(event.filters for event in events)) for _ in conditions(tree)
    )
    levels = len(spec.steps) * (1 if plan.plain else 2) + len(spec.exclusions)
    if tests * levels > MAX_PARTS:
        raise InvalidInput(
            "funnel.too_complex",
            msg("This funnel has too many parts. Use fewer steps, fewer events in a step or fewer conditions."),
            field="steps",
        )


def _with_buckets(plan: Plan) -> Plan:
    spec, context = plan.spec, plan.context
    days = (plan.span.end - plan.span.start) / timedelta(days=1)
    if days / spec.interval.nominal_days > MAX_BUCKETS:
        raise InvalidInput(
            "funnel.too_many_buckets",
            msg("The range has more than %(most)s buckets. Choose a longer interval or a shorter range."),
            field="interval",
            most=MAX_BUCKETS,
        )
    buckets = zones.buckets(plan.span, spec.interval, context.zone, context.week_start)
    points = len(buckets) * (spec.breakdown_limit + 2 if spec.breakdown else 1)
    if points > MAX_POINTS:
        raise InvalidInput(
            "funnel.too_many_points",
            msg("The answer could have %(points)s numbers. Choose a longer interval or a smaller breakdown limit."),
            field="interval",
            points=points,
        )
    return replace(plan, buckets=buckets)
