"""Epoch milliseconds, as the write side keeps them, and moments."""

from datetime import UTC, datetime, timedelta

__all__ = ["moment"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(ms: int) -> datetime:
    """The aware UTC moment of epoch milliseconds, exact also before 1970."""
    return _EPOCH + timedelta(milliseconds=ms)
