"""How much of a metric's change its drivers explain: pure arithmetic on plain values.

A sum is taken apart exactly: each addend brings its own change. A product is taken apart by the logarithmic mean
(LMDI-I; B. W. Ang, “The LMDI approach to decomposition analysis”, Energy Policy 33 (2005)): with the logarithmic mean
L(a, b) = (a - b) / ln(a / b), a factor that went from x to y brings L(after, before) * ln(y / x). What the factors
bring adds up to the whole change, in whatever order they are named. All values must be above zero for that.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from yunying.base.errors import msg

__all__ = ["TOLERANCE", "Explained", "Move", "explain_product", "explain_sum"]

# Two numbers that differ by less than this share of the larger one are the same but for rounding.
TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Move:
    """A value in the period before and in the last one; None is "no data"."""

    before: float | None
    after: float | None

    @property
    def known(self) -> bool:
        return self.before is not None and self.after is not None


@dataclass(frozen=True, slots=True)
class Explained:
    """What each driver brings to the change of the metric above, in its unit; `rest` is what none explains.

    `problem` is a message id when the change cannot be taken apart; then nothing is brought.
    """

    brings: tuple[float | None, ...]
    change: float | None
    rest: float | None
    problem: str = ""

    @property
    def exact(self) -> bool:
        """Whether the drivers explain the whole change, but for rounding."""
        if self.problem or self.rest is None or self.change is None:
            return False
        size = max([abs(self.change), *(abs(one) for one in self.brings if one is not None)], default=0.0)
        return abs(self.rest) <= TOLERANCE * max(size, 1e-12)

    def share(self, place: int) -> float | None:
        """What the driver at `place` brings as a share of the whole change; None when nothing changed."""
        one = self.brings[place]
        return None if one is None or not self.change else one / self.change


def explain_sum(whole: Move, parts: Sequence[Move]) -> Explained:
    """Each addend brings its own change; the rest is what the metric above changed besides."""
    if not _complete(whole, parts):
        return _unknown(parts)
    change = _change(whole)
    brings = [_change(part) for part in parts]
    return Explained(tuple(brings), change, change - math.fsum(brings))


def explain_product(whole: Move, parts: Sequence[Move]) -> Explained:
    """Each factor brings the logarithmic mean of the whole times the logarithm of its own ratio."""
    if not _complete(whole, parts):
        return _unknown(parts)
    change = _change(whole)
    if any((value or 0) <= 0 for move in (whole, *parts) for value in (move.before, move.after)):
        text = msg("A factor is zero or negative, so the change cannot be divided among the factors.")
        return Explained((None,) * len(parts), change, None, text)
    mean = _logarithmic_mean(whole.after or 0, whole.before or 0)
    brings = [mean * math.log((part.after or 1) / (part.before or 1)) for part in parts]
    return Explained(tuple(brings), change, change - math.fsum(brings))


def _logarithmic_mean(after: float, before: float) -> float:
    ratio = after / before
    # Near one the quotient loses its digits; the mean of equal numbers is the number.
    return after if abs(ratio - 1) < 1e-12 else (after - before) / math.log(ratio)


def _complete(whole: Move, parts: Sequence[Move]) -> bool:
    return whole.known and bool(parts) and all(part.known for part in parts)


def _change(move: Move) -> float:
    return (move.after or 0.0) - (move.before or 0.0)


def _unknown(parts: Sequence[Move]) -> Explained:
    text = msg("A value of this or the last period is missing, so the change cannot be divided.")
    return Explained((None,) * len(parts), None, None, text)
