"""The innermost part of every funnel statement: each person's matching events as one sorted array of numbers."""

from collections.abc import Sequence

from yunying.engine.filters import Of
from yunying.engine.funnel.packing import VALUE_BITS
from yunying.engine.funnel.part import Part, Value
from yunying.engine.funnel.spec import Order, StepEvent
from yunying.engine.scan import accounts, columns, millis, nested, scan
from yunying.engine.terms import property_text, terms
from yunying.store import OWNER, Sql

__all__ = ["MOST_VALUES", "occurring_sql", "walks"]

# As many as an event has room for.
MOST_VALUES = (1 << VALUE_BITS) - 1


def walks(part: Part) -> str:
    """keys and `walk` for each person with matching events: the events packed and in order, and a 0.

    The 0 stands in front in the plain form, else at the end.
    """
    packing = part.packing
    places = tuple(_place(part, name) for name, _ in part.packed)
    if packing.apart:
        does, order = "does", ""
    else:
        bits = [f"out_{i}" for i in range(packing.exclusions)] + [f"does_{step}" for step in range(1, part.steps + 1)]
        does = " + ".join(bits[:1] + [f"{1 << i} * {bit}" for i, bit in enumerate(bits) if i])
        firsts = ", ".join(f"does_{step}, {step}" for step in range(1, part.steps + 1))
        order = f"multiIf({firsts}, {part.steps + 1})"
    packed = packing.pack("at", f"({does})" if " " in does else does, order, places)
    push = "arrayPushFront" if part.plain else "arrayPushBack"
    walk = f"{push}(arraySort(groupArray({packed})), 0) AS walk"
    return (
        f"{columns([*part.keys, *_window(part), walk])}\nFROM\n{nested(_events(part))}\nGROUP BY {', '.join(part.keys)}"
    )


def _window(part: Part) -> list[str]:
    """What misses a property to hold equals nothing, so it cannot go on at all."""
    missing = " OR ".join(f"{column} = ''" for column in part.held)
    return [f"if({missing}, -1, {part.whole_window}) AS window"] if missing else []


def occurring_sql(part: Part) -> Sql:
    """One row: the values that occur of each packed property; one more than there may be where there are too many."""
    every = [f"groupUniqArray({MOST_VALUES + 1})(toString({name})) AS {name}" for name, _ in part.packed]
    body = f"{columns(every)}\nFROM\n{nested(_events(part))}"
    return Sql(f"-- Which values occur?\n{body}", part.binder.params)


def _place(part: Part, name: str) -> str:
    """Where the value stands among all that occur; 0 is no value."""
    texts = part.occurring.get(name, [""])
    every = part.binder.bind(f"{name}_all", list(texts), "Array(String)")
    return f"transform({name}, {every}, range({len(texts)}), 0)"


def _events(part: Part) -> str:
    """who, at, what it does and the values of each event, those of accounts joined."""
    pairs = [*part.packed, *part.keyed]
    joined = [pair for pair in pairs if pair[1].of is Of.ACCOUNT]
    sql = _matching(part, ["account"] if joined else [])
    for name, by in joined:
        text = property_text(part.binder, Of.ACCOUNT, by.property)
        now = f"SELECT account AS id_now, {text} AS {name}\n{accounts(part.binder)}"
        sql = (
            f"SELECT found.*, now.{name} AS {name}\nFROM\n{nested(sql)} AS found\n"
            f"LEFT ANY JOIN\n{nested(now)} AS now\nON found.account = now.id_now"
        )
    return sql


def _matching(part: Part, more: Sequence[str]) -> str:
    plan, binder = part.plan, part.binder
    spec = plan.spec
    does, asked = _does(part)
    held = [f"{property_text(binder, Of.EVENT, name)} AS {h}" for h, name in zip(part.held, spec.hold, strict=True)]
    names = {event.event for step in spec.steps for event in step.events} | {out.event.event for out in spec.exclusions}
    everything = None in names or spec.order is Order.STRICT
    source = scan(
        binder,
        events=[] if everything else sorted(name for name in names if name is not None),
        spans=[(plan.read.start, plan.read.end)],
        where=[*terms(binder, (spec.filters,), plan.context.zone), *asked],
        exact=plan.exact,
    )
    at = f"toUnixTimestamp64Milli(ts) - {binder.bind('first', millis(plan.read.start), 'Int64')} AS at"
    texts = [_text(part, value) for value in (*part.packed, *part.keyed) if value[1].of is Of.EVENT]
    return f"{columns([f'{OWNER} AS who', at, *does, *held, *texts, *more])}\n{source}"


def _text(part: Part, value: Value) -> str:
    return f"{property_text(part.binder, Of.EVENT, value[1].property)} AS {value[0]}"


def _does(part: Part) -> tuple[list[str], list[str]]:
    """The columns that tell what an event does, and the condition that leaves only those that do something."""
    spec, packing = part.plan.spec, part.packing
    tests = [_any(part, step.events) for step in spec.steps]
    outs = [_any(part, (out.event,)) for out in spec.exclusions]
    if part.plan.looks_ahead and spec.order is not Order.UNORDERED:
        tests[0] = f"({tests[0]} AND ts < {part.binder.moment('range_end', part.plan.span.end)})"
    if packing.apart:
        return _one_step(part, tests, outs)
    names = [*(f"does_{step}" for step in range(1, part.steps + 1)), *(f"out_{i}" for i in range(len(outs)))]
    found = [f"{test} AS {name}" for test, name in zip([*tests, *outs], names, strict=True)]
    return found, [] if spec.order is Order.STRICT else [f"({' OR '.join(names)})"]


def _one_step(part: Part, tests: Sequence[str], outs: Sequence[str]) -> tuple[list[str], list[str]]:
    """The one step an event does, one more for an exclusion. To strict funnels events that do nothing matter too."""
    spec = part.plan.spec
    chosen = [f"{' OR '.join(outs)}, {part.steps + 1}"] if outs else []
    chosen += [f"{test}, {step}" for step, test in enumerate(tests, 1)]
    strict = spec.order is Order.STRICT
    does = f"multiIf({', '.join(chosen)}, {part.steps + 1 if strict else 0}) AS does"
    return [does], ["does != 0"] if _needs_tests(part) and not strict else []


def _needs_tests(part: Part) -> bool:
    """Whether the names of events alone do not tell those that do something."""
    spec = part.plan.spec
    every = [event for step in spec.steps for event in step.events] + [out.event for out in spec.exclusions]
    return part.plan.looks_ahead or any(event.filters.items for event in every)


def _any(part: Part, events: Sequence[StepEvent]) -> str:
    """The test for any of `events`."""
    found = [_one(part, event) for event in events]
    return found[0] if len(found) == 1 else "(" + " OR ".join(found) + ")"


def _one(part: Part, event: StepEvent) -> str:
    name = [f"event = {part.binder.bind('event', event.event, 'String')}"] if event.event is not None else []
    found = [*name, *terms(part.binder, (event.filters,), part.plan.context.zone)]
    return found[0] if len(found) == 1 else "(" + (" AND ".join(found) or "true") + ")"
