"""What is logged of a fault."""

import traceback

__all__ = ["place_of"]


def place_of(error: BaseException) -> str:
    """The kind of an error and the place of the fault. Not its message, which may quote what somebody sent."""
    return f"{type(error).__name__}\n{''.join(traceback.format_tb(error.__traceback__))}"
