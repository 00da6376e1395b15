"""Reading a funnel question sent as JSON, and what makes no sense in one."""

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from typing import TypeVar

from yunying.base.errors import msg
from yunying.base.zones import Interval
from yunying.engine.breakdown import parse_breakdown, parse_limit
from yunying.engine.filters import Of, parse_filter
from yunying.engine.funnel.spec import (
    MAX_BINS,
    MAX_EVENTS,
    MAX_EXCLUSIONS,
    MAX_HELD,
    MAX_OPTIONAL,
    MAX_STEPS,
    Attribution,
    Display,
    Exclusion,
    Funnel,
    Order,
    Step,
    StepEvent,
    To,
    Unit,
    Window,
)
from yunying.engine.ranges import parse_range
from yunying.engine.reading import Node

__all__ = ["parse"]

_LONGEST = timedelta(days=720)
Choice = TypeVar("Choice", bound=StrEnum)


def parse(node: Node) -> Funnel:
    """Read a funnel question. Raises InvalidInput with the path of the field at fault."""
    node.known(
        "kind", "range", "order", "window", "steps", "exclusions", "hold", "filters", "breakdown", "breakdown_limit",
        "attribution", "within_range", "display", "interval", "from_step", "to_step", "bins",
    )  # fmt: skip
    steps = tuple(_step(item) for item in node.need("steps").items(MAX_STEPS))
    if len(steps) < 2:
        node.need("steps").fail("funnel.too_few_steps", msg("A funnel has at least two steps. Add one."))
    order = _choice(node.get("order"), Order.ORDERED)
    _check_steps(steps, order)
    breakdown = parse_breakdown(node.get("breakdown"))
    first, last = _stretch(node, "from_step", "to_step", len(steps))
    within, bins = node.get("within_range"), node.get("bins")
    return Funnel(
        range=parse_range(node.need("range")),
        steps=steps,
        order=order,
        window=_window(node.get("window")),
        exclusions=_exclusions(node.get("exclusions"), steps, order),
        hold=_hold(node.get("hold")),
        filters=parse_filter(node.get("filters")),
        breakdown=breakdown,
        breakdown_limit=parse_limit(node.get("breakdown_limit") if breakdown else None, breakdown),
        attribution=_attribution(node.get("attribution") if breakdown else None, len(steps)),
        within_range=within.flag() if within else False,
        display=_choice(node.get("display"), Display.STEPS),
        interval=_choice(node.get("interval"), Interval.DAY),
        from_step=first,
        to_step=last,
        bins=bins.whole(1, MAX_BINS) if bins else None,
    )


def _choice(node: Node | None, default: Choice) -> Choice:
    kind = type(default)
    return node.choice(kind, [each.value for each in kind]) if node else default


def _step(node: Node) -> Step:
    node.known("events", "label", "optional")
    events = tuple(_event(item.known("event", "filters")) for item in node.need("events").items(MAX_EVENTS))
    if not events:
        node.need("events").fail("funnel.no_event", msg("Choose at least one event for this step."))
    label, optional = node.get("label"), node.get("optional")
    return Step(events, label.text(most=200) if label else "", optional.flag() if optional else False)


def _event(node: Node) -> StepEvent:
    event = node.get("event")
    return StepEvent(event.name() if event else None, parse_filter(node.get("filters")))


def _check_steps(steps: Sequence[Step], order: Order) -> None:
    for index, step in enumerate(steps):
        if not step.optional:
            continue
        field = Node(None, f"steps.{index}.optional")
        if order is Order.UNORDERED:
            field.fail("funnel.optional_unordered", msg("Steps without an order cannot be optional. Choose an order."))
        if index in (0, len(steps) - 1):
            field.fail("funnel.optional_end", msg("The first and the last step cannot be optional."))
    if order is Order.UNORDERED:
        _check_different(steps)
    if sum(step.optional for step in steps) > MAX_OPTIONAL:
        Node(None, "steps").fail(
            "funnel.too_many_optional",
            msg("A funnel can have at most %(most)s optional steps. Make fewer of them optional."),
            most=MAX_OPTIONAL,
        )


def _check_different(steps: Sequence[Step]) -> None:
    """In an unordered funnel an event counts for the first step it fits, so a second equal step is never done."""
    seen: dict[tuple[StepEvent, ...], int] = {}
    for number, step in enumerate(steps, 1):
        earlier = seen.setdefault(step.events, number)
        if earlier != number:
            Node(None, f"steps.{number - 1}").fail(
                "funnel.same_step",
                msg("Steps %(first)s and %(second)s are the same. Without an order each step must be another."),
                first=earlier,
                second=number,
            )


def _window(node: Node | None) -> Window:
    if node is None:
        return Window()
    node.known("count", "unit")
    window = Window(node.need("count").whole(1, 100_000_000), _choice(node.need("unit"), Unit.DAY))
    if window.length > _LONGEST:
        node.need("count").fail(
            "funnel.window_too_long", msg("A window lasts at most %(most)s days."), most=_LONGEST.days
        )
    return window


def _exclusions(node: Node | None, steps: Sequence[Step], order: Order) -> tuple[Exclusion, ...]:
    return tuple(_exclusion(item, steps, order) for item in node.items(MAX_EXCLUSIONS)) if node else ()


def _exclusion(node: Node, steps: Sequence[Step], order: Order) -> Exclusion:
    node.known("event", "filters", "from", "to")
    first, last = _stretch(node, "from", "to", len(steps))
    if order is Order.UNORDERED and (first, last) != (1, len(steps)):
        node.fail(
            "funnel.exclusion_unordered",
            msg("Without an order an exclusion holds for all steps, from 1 to %(last)s."),
            last=len(steps),
        )
    for name, number in (("from", first), ("to", last)):
        if steps[number - 1].optional:
            (node.get(name) or node).fail(
                "funnel.exclusion_optional",
                msg("Step %(number)s is optional. An exclusion lies between two steps that are not."),
                number=number,
            )
    return Exclusion(_event(node), first, last)


def _stretch(node: Node, first: str, last: str, count: int) -> tuple[int, int]:
    """Two steps, one before the other; the first and the last when they are not given."""
    start, end = node.get(first), node.get(last)
    found = (start.whole(1, count) if start else 1, end.whole(1, count) if end else count)
    if found[0] >= found[1]:
        (end or start or node).fail("funnel.steps_reversed", msg("Choose a later step to go to."))
    return found


def _hold(node: Node | None) -> tuple[str, ...]:
    found = tuple(_held(item) for item in node.items(MAX_HELD)) if node else ()
    if node and len(set(found)) < len(found):
        node.fail("spec.breakdown_twice", msg("The same property is used twice. Remove one of them."))
    return found


def _held(node: Node) -> str:
    of = node.known("of", "property").get("of")
    if of:
        of.choice(str, [Of.EVENT.value])
    return node.need("property").name()


def _attribution(node: Node | None, count: int) -> Attribution:
    if node is None:
        return Attribution()
    node.known("to", "step")
    to, step = _choice(node.need("to"), To.FIRST), node.get("step")
    return Attribution(to, step.whole(1, count) if step and to is To.STEP else 1)
