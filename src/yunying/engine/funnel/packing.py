"""Events as whole numbers: a person's events become one array of them that sorts in the order of the funnel.

From the highest bit down a number holds

    the time      milliseconds since the start of the range
    what it does  where no event can do two steps: the number of its step, or one more for an exclusion;
                  else the first step it can do (one more than there are if none), then one bit for each step, the
                  last one highest, then one for each exclusion
    its values    the place of each breakdown value among those that occur, 0 for "no value"

so events of equal time stand by the first step they can do, then by the last one, the last but one and so on. No
event is 0, which stands for "none".
"""

from dataclasses import dataclass

__all__ = ["VALUE_BITS", "Packing"]

VALUE_BITS = 16
_SAFE_BITS = 62


@dataclass(frozen=True, slots=True)
class Packing:
    """How numbers are packed: `steps` and `exclusions` are how many there are, `apart` that nothing does two steps."""

    span_ms: int
    steps: int
    exclusions: int
    apart: bool
    values: int

    @property
    def _order_bits(self) -> int:
        return (self.steps + 1).bit_length()

    @property
    def _does_at(self) -> int:
        return self.values * VALUE_BITS

    @property
    def _time_at(self) -> int:
        masks = 0 if self.apart else self.steps + self.exclusions
        return self._does_at + masks + self._order_bits

    @property
    def kind(self) -> str:
        """The type that is wide enough."""
        return "Int64" if self.span_ms.bit_length() + self._time_at <= _SAFE_BITS else "Int128"

    def pack(self, at: str, does: str, order: str, values: tuple[str, ...]) -> str:
        """The number of an event: `at` milliseconds; `does` its step, or its bits with `order` in front of them."""
        parts = [f"bitShiftLeft(to{self.kind}({at}), {self._time_at})"]
        if not self.apart:
            parts.append(self._part(order, self._does_at + self.steps + self.exclusions))
        parts.append(self._part(does, self._does_at))
        parts += [self._part(value, place * VALUE_BITS) for place, value in enumerate(values)]
        return " + ".join(parts)

    def _part(self, what: str, at: int) -> str:
        return f"bitShiftLeft(to{self.kind}({what}), {at})" if at else what

    def time(self, x: str) -> str:
        return f"bitShiftRight({x}, {self._time_at})"

    def most_between(self, took_ms: int, first: int, second: int) -> int | None:
        """How much more an event that does step `second` is than one that does `first`, at most `took_ms` before it.

        None where their numbers hold more than time and step, or are too large to be taken from each other.
        """
        if not self.apart or self.values or self.kind != "Int64":
            return None
        return (took_ms << self._time_at) + second - first

    def does(self, x: str, step: int) -> str:
        """Whether the event `x` does a step."""
        return self._bit(x, self.exclusions + step - 1) if not self.apart else self._equals(x, step)

    def excludes(self, x: str, exclusion: int) -> str:
        """Whether the event `x` is what an exclusion (counted from 0) forbids."""
        return self._bit(x, exclusion) if not self.apart else self._equals(x, self.steps + 1)

    def _equals(self, x: str, step: int) -> str:
        return self._field(x, self._does_at, self._order_bits, step)

    def _bit(self, x: str, bit: int) -> str:
        return self._field(x, self._does_at + bit, 1, 1)

    def _field(self, x: str, at: int, bits: int, value: int) -> str:
        if at + bits <= _SAFE_BITS:
            return f"bitAnd({x}, {((1 << bits) - 1) << at}) = {value << at}"
        return f"{self._low(x, at, bits)} = {value}"

    def code(self, x: str, value: int) -> str:
        """The place of a value (counted from 0) of the event `x`."""
        return f"toUInt32({self._low(x, value * VALUE_BITS, VALUE_BITS)})"

    @staticmethod
    def _low(x: str, at: int, bits: int) -> str:
        return f"bitAnd({f'bitShiftRight({x}, {at})' if at else x}, {(1 << bits) - 1})"
