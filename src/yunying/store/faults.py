"""From the engine's errors to ours. Decides on error codes, never on text, and never shows SQL to people."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from clickhouse_connect.driver.exceptions import ClickHouseError, Error, OperationalError

from yunying.base.errors import Bug, InvalidInput, LimitReached, Unavailable, YunyingError, msg

__all__ = ["away", "locked", "too_complex", "translated", "unplanned", "unusable"]

log = logging.getLogger("yunying.store")

# Numbers from ClickHouse's own ErrorCodes.cpp.
_TOO_LONG = {159, 160}  # TIMEOUT_EXCEEDED, TOO_SLOW
_TOO_BIG = {158, 173, 191, 241, 307, 396}  # rows, memory, set size, memory limit, bytes, rows or bytes
_TOO_COMPLEX = {167, 168, 306}  # too deep or too big a syntax tree, too deep recursion
_BAD_PATTERN = {427}  # CANNOT_COMPILE_REGEXP
_UNPLANNED = {44}  # ILLEGAL_COLUMN
_FULL = {75, 243}  # cannot write to a file, not enough space
_AWAY = {202, 209, 210, 242, 252, 319, 999}  # busy, socket, network, read only, too many parts, no quorum, Keeper


def locked() -> Unavailable:
    return Unavailable(
        "store.locked", msg("The event store is in use by another process. Stop it first, or use its address.")
    )


def unusable(error: Exception) -> Unavailable:
    # Its stack trace helps nobody.
    log.error("the event store cannot be opened: %s", str(error).split(", Stack trace")[0])
    return Unavailable(
        "store.unusable", msg("The folder of the event store cannot be used. The details are in the log.")
    )


def away() -> Unavailable:
    return Unavailable("store.away", msg("The event store does not answer. Try again in a moment."), retry_after_s=2)


def too_complex() -> LimitReached:
    return LimitReached(
        "query.too_complex", msg("This question has too many parts. Use fewer series, steps, conditions or breakdowns.")
    )


def full() -> Unavailable:
    # Not a fault of the events: the flusher must keep them and try again when there is space.
    return Unavailable(
        "store.full", msg("The disk of the event store is full. Free some space; nothing accepted is lost until then.")
    )


def unplanned(error: ClickHouseError) -> bool:
    """Whether the engine could not carry out a plan of its own making."""
    return isinstance(error, Error) and error.code in _UNPLANNED


@contextmanager
def translated() -> Iterator[None]:
    """Raise our errors for the engine's inside the block; the original is logged and chained."""
    try:
        yield
    except ClickHouseError as error:
        raise _ours(error) from error
    except OSError as error:
        log.warning("event store away: %s", error)
        raise away() from error


def _ours(error: ClickHouseError) -> YunyingError:
    code = error.code if isinstance(error, Error) else None
    if code in _TOO_LONG:
        return LimitReached(
            "query.too_long",
            msg("This question takes too long. Choose a shorter range, fewer breakdowns or simpler patterns."),
        )
    if code in _TOO_BIG:
        return LimitReached(
            "query.too_big", msg("This question needs too much memory. Choose a shorter range or fewer breakdowns.")
        )
    if code in _TOO_COMPLEX:
        return too_complex()
    if code in _BAD_PATTERN:
        return InvalidInput("query.pattern", msg("A pattern in this question is not a valid regular expression."))
    if code in _FULL:
        log.error("the event store cannot write: %s", error)
        return full()
    if code in _AWAY or (code is None and isinstance(error, OperationalError)):
        log.warning("event store away: %s", error)
        return away()
    log.error("event store refused a statement: %s", error)
    return Bug("store.failed", msg("The event store could not answer. The details are in the log."))
