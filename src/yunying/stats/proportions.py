"""Shares of a whole and how sure they are."""

from math import sqrt
from statistics import NormalDist

__all__ = ["Interval", "wilson"]

Interval = tuple[float, float]


def wilson(successes: int, trials: int, level: float = 0.95) -> Interval | None:
    """The Wilson score interval of `successes` out of `trials` (Wilson 1927; Newcombe 1998, method 3).

    None without trials. Raises ValueError when there are more successes than trials or fewer than none.
    """
    if not 0 <= successes <= trials:
        raise ValueError("successes lie between 0 and trials")
    if not trials:
        return None
    z = NormalDist().inv_cdf((1 + level) / 2)
    share, spread = successes / trials, z * z / trials
    middle = share + spread / 2
    half = z * sqrt(share * (1 - share) / trials + spread / (4 * trials))
    # Rounding must not leave an interval that misses 0 or 1 by a hair.
    low = 0.0 if successes == 0 else (middle - half) / (1 + spread)
    high = 1.0 if successes == trials else (middle + half) / (1 + spread)
    return low, high
