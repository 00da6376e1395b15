"""One statement in the making: the plan, its values and how events are packed."""

from dataclasses import dataclass

from yunying.engine.breakdown import Breakdown
from yunying.engine.filters import Of
from yunying.engine.funnel.packing import Packing
from yunying.engine.funnel.plan import Plan
from yunying.engine.funnel.spec import To
from yunying.engine.scan import Binder, millis

__all__ = ["Part", "Value", "part_of"]

Value = tuple[str, Breakdown]


@dataclass(frozen=True, slots=True)
class Part:
    """What every function that writes a piece of the statement has to know.

    `values` are the breakdowns under the name of their column: v1, v2 ... `bucketed` asks for each person once in
    each bucket of their first steps.
    """

    plan: Plan
    binder: Binder
    packing: Packing
    bucketed: bool = False

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

    @property
    def of_person(self) -> tuple[Value, ...]:
        return tuple(value for value in self.values if value[1].of is Of.PERSON)

    @property
    def held(self) -> tuple[str, ...]:
        """The columns of what stays the same through all steps."""
        return tuple(f"h{place}" for place, _ in enumerate(self.plan.spec.hold, 1))

    @property
    def keys(self) -> list[str]:
        """What tells attempts apart: the person, what is held, the values with a funnel of their own."""
        return ["who", *self.held, *(name for name, _ in self.keyed)]

    @property
    def window(self) -> str:
        """How long an attempt may take, milliseconds. What misses a property to hold cannot go on at all."""
        bound = self.binder.bind("window", self.plan.window_ms, "Int64")
        missing = " OR ".join(f"{column} = ''" for column in self.held)
        return f"if({missing}, -1, {bound})" if missing else bound

    @property
    def open_since(self) -> str | None:
        since = self.plan.open_since_ms
        return None if since is None else self.binder.bind("open_since", since, "Int64")

    @property
    def times(self) -> list[str]:
        """The columns of the events that did the steps of the attempt that counts; 0 for none."""
        return [f"t{step}" for step in range(1, self.steps + 1)]

    def took(self, later: str, earlier: str) -> str:
        """Milliseconds between two events."""
        return f"{self.packing.time(later)} - {self.packing.time(earlier)}"


def _changing(values: tuple[Value, ...]) -> tuple[Value, ...]:
    return tuple(value for value in values if value[1].of in (Of.EVENT, Of.ACCOUNT))


def part_of(plan: Plan, binder: Binder, *, bucketed: bool = False) -> Part:
    """`plan` made ready for a statement whose values go into `binder`."""
    spec, read = plan.spec, plan.read
    packed = 0 if spec.attribution.to is To.ALL else sum(by.of in (Of.EVENT, Of.ACCOUNT) for by in spec.breakdown)
    span_ms = millis(read.end) - millis(read.start)
    packing = Packing(span_ms, len(spec.steps), len(spec.exclusions), plan.apart, packed)
    return Part(plan, binder, packing, bucketed)
