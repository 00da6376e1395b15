"""One statement in the making: the plan, its values and how events are packed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, prod

from yunying.engine.breakdown import Breakdown
from yunying.engine.filters import Of
from yunying.engine.funnel.packing import Packing
from yunying.engine.funnel.plan import Plan
from yunying.engine.funnel.spec import Order, To
from yunying.engine.scan import Binder, millis

__all__ = ["Occurring", "Part", "Value", "part_of"]

Value = tuple[str, Breakdown]
Occurring = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Part:
    """What every function that writes a piece of the statement has to know.

    `values` are the breakdowns under the name of their column: v1, v2 ... `occurring` are the texts of each packed
    one, '' in front and then in order; an event has the place of its own. `bucketed` asks for each person once in each
    bucket of their first steps; `charted` for the buckets in which each person entered, converted, may still.
    """

    plan: Plan
    binder: Binder
    packing: Packing
    occurring: Occurring
    bucketed: bool = False
    charted: bool = False

    @property
    def steps(self) -> int:
        return len(self.plan.spec.steps)

    @property
    def values(self) -> tuple[Value, ...]:
        return tuple((f"v{place}", by) for place, by in enumerate(self.plan.spec.breakdown, 1))

    @property
    def packed(self) -> tuple[Value, ...]:
        """The values that differ from event to event, of which an attempt has to choose one."""
        return () if self.plan.spec.attribution.to is To.ALL else _changing(self.values)

    @property
    def keyed(self) -> tuple[Value, ...]:
        """The values each of which has a funnel of its own."""
        return _changing(self.values) if self.plan.spec.attribution.to is To.ALL else ()

    def is_packed(self, name: str) -> bool:
        """Whether the column holds places instead of texts."""
        return any(name == packed for packed, _ in self.packed)

    @property
    def few(self) -> bool:
        """Whether there cannot be more values than are shown by name."""
        most = prod(len(self.occurring[name]) if self.is_packed(name) else inf for name, _ in self.values)
        return most - 1 <= self.plan.spec.breakdown_limit

    def raw(self, texts: Sequence[str]) -> tuple[int | str, ...] | None:
        """Values as the columns hold them; None when one of them does not occur."""
        found: list[int | str] = []
        for (name, _), text in zip(self.values, texts, strict=True):
            if not self.is_packed(name):
                found.append(text)
            elif text in self.occurring[name]:
                found.append(self.occurring[name].index(text))
            else:
                return None
        return tuple(found)

    def text(self, place: int, raw: int | str) -> str:
        """The text of a value (counted from 0) as its column holds it."""
        name, _ = self.values[place]
        return self.occurring[name][int(raw)] if self.is_packed(name) else str(raw)

    def missing(self, names: Sequence[str]) -> str:
        """The test for "no value" in all of the columns, given in the order of the values."""
        tests = [
            f"{name} = {0 if self.is_packed(v) else chr(39) * 2}"
            for name, (v, _) in zip(names, self.values, strict=True)
        ]
        return " AND ".join(tests)

    @property
    def held(self) -> tuple[str, ...]:
        """The columns of what stays the same through all steps."""
        return tuple(f"h{place}" for place, _ in enumerate(self.plan.spec.hold, 1))

    @property
    def path(self) -> tuple[int, ...]:
        """The steps an attempt is made of. Only strict ones have to go through optional steps or past them."""
        spec = self.plan.spec
        return spec.required if spec.order is Order.ORDERED else tuple(range(1, self.steps + 1))

    @property
    def beside(self) -> tuple[int, ...]:
        """The optional steps that are looked for when the attempt that counts is known."""
        return tuple(step for step in range(1, self.steps + 1) if step not in self.path)

    def after(self, step: int) -> int:
        """The step of the path that comes after one."""
        return min(each for each in self.path if each > step)

    @property
    def plain(self) -> bool:
        """Whether the shortest form will do."""
        return self.plan.plain and not (self.bucketed or self.charted)

    @property
    def keys(self) -> list[str]:
        """What tells attempts apart: the person, what is held, the values with a funnel of their own."""
        return ["who", *self.held, *(name for name, _ in self.keyed)]

    @property
    def kept(self) -> list[str]:
        """What every level of a statement hands on: the keys, and the window where it is not the same for all."""
        return [*self.keys, *(["window"] if self.held else [])]

    @property
    def window(self) -> str:
        """How long an attempt may take, milliseconds; a column where properties are held."""
        return "window" if self.held else self.whole_window

    @property
    def whole_window(self) -> str:
        return self.binder.bind("window", self.plan.window_ms, "Int64")

    @property
    def open_since(self) -> str | None:
        since = self.plan.open_since_ms
        return None if since is None else self.binder.bind("open_since", since, "Int64")

    @property
    def spoils(self) -> bool:
        """Whether attempts may be spoiled; without an order an exclusion only ends them."""
        return bool(self.plan.spec.exclusions) and self.plan.spec.order is not Order.UNORDERED

    @property
    def shared(self) -> bool:
        """Whether a person may stand under several values, so that numbers of values do not add up."""
        return bool(self.keyed) or any(by.of is Of.COHORT for by in self.plan.spec.breakdown)

    @property
    def charts(self) -> list[str]:
        """The columns with the buckets of a person."""
        return ["entered", "converted", *(["going"] if self.open_since else [])] if self.charted else []

    @property
    def edges(self) -> str:
        return self.binder.bind("edges", self.edges_ms, "Array(Int64)")

    @property
    def places(self) -> list[str]:
        """Columns that tell the rows of one person apart: the bucket and the values with a funnel of their own."""
        return [*(["bucket"] if self.bucketed else []), *(name for name, _ in self.keyed)]

    def latest(self, start: str) -> str:
        """When the latest attempt started (milliseconds), by its first event; -1 where it cannot go on."""
        time = self.packing.time(start)
        return f"if(window < 0, -1, {time})" if self.held else time

    @property
    def range_ms(self) -> str:
        """How long the range is, milliseconds: first steps lie before."""
        span = self.plan.span
        return self.binder.bind("range", millis(span.end) - millis(span.start), "Int64")

    @property
    def edges_ms(self) -> list[int]:
        """Where buckets start, milliseconds after the range starts. The first may start before it."""
        start = millis(self.plan.span.start)
        return [max(0, millis(bucket.start) - start) for bucket in self.plan.buckets]

    @property
    def times(self) -> list[str]:
        """The columns of the events that did the steps of the attempt that counts; 0 for none."""
        return [f"t{step}" for step in range(1, self.steps + 1)]

    def in_time(self, later: str, start: str, step: int) -> str:
        """Whether the event `later`, which does `step`, lies in the window of the first step `start`."""
        most = self.packing.most_between(self.plan.window_ms, 1, step)
        if self.held or most is None:
            return f"{self.took(later, start)} <= {self.window}"
        return f"{later} - {start} <= {self.binder.bind('most', most, 'Int64')}"

    def took(self, later: str, earlier: str) -> str:
        """Milliseconds between two events."""
        took = f"{self.packing.time(later)} - {self.packing.time(earlier)}"
        return took if self.packing.kind == "Int64" else f"toInt64({took})"


def _changing(values: tuple[Value, ...]) -> tuple[Value, ...]:
    return tuple(value for value in values if value[1].of in (Of.EVENT, Of.ACCOUNT))


def part_of(plan: Plan, binder: Binder, occurring: Occurring, *, bucketed: bool = False, charted: bool = False) -> Part:
    """`plan` made ready for a statement whose values go into `binder`."""
    spec, read = plan.spec, plan.read
    packed = 0 if spec.attribution.to is To.ALL else sum(by.of in (Of.EVENT, Of.ACCOUNT) for by in spec.breakdown)
    span_ms = millis(read.end) - millis(read.start)
    packing = Packing(span_ms, len(spec.steps), len(spec.exclusions), plan.apart, packed)
    return Part(plan, binder, packing, occurring, bucketed, charted)
