"""Counting what somebody does, to stop them when it is too much."""

from django.core.cache import cache

from yunying.base import clock
from yunying.base.errors import LimitReached, msg

__all__ = ["count"]


def count(what: str, who: str, *, most: int, window_s: int) -> None:
    """Count one `what` by `who` in the running window. Raises LimitReached above `most`.

    Windows start at whole multiples of `window_s`; the count lives in the cache, so each process counts for itself
    unless a shared cache is configured.
    """
    at = int(clock.now().timestamp())
    key = f"limit:{what}:{who}:{at // window_s}"
    if cache.add(key, 1, window_s):
        return
    try:
        times = cache.incr(key)
    except ValueError:
        # The window ended between the two calls: the next request opens a new one.
        return
    if times > most:
        raise LimitReached(
            "rate.exceeded",
            msg("Too many requests. Try again in %(retry_after_s)d seconds."),
            retry_after_s=window_s - at % window_s,
        )
