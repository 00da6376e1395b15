"""What a job that went wrong leaves behind: enough to find the fault, nothing about persons."""

import random
import traceback
from pathlib import Path
from typing import Any

from yunying.base.errors import InvalidInput, NotAllowed, NotFound, YunyingError

__all__ = ["backoff_s", "is_final", "record_of"]

_FIRST_WAIT_S = 15.0
_LONGEST_WAIT_S = 3600.0
_ROOT = Path(__file__).parents[2]


def record_of(error: BaseException) -> dict[str, Any]:
    """Type, code, untranslated message id and the places passed; never the text of a foreign exception.

    Such a text may quote the data at hand (a mail address in an SMTP answer, a row in a database error).
    """
    record: dict[str, Any] = {"type": type(error).__qualname__, "where": _places(error)}
    if isinstance(error, YunyingError):
        record |= {"code": error.code, "message": error.message}
    return record


def is_final(error: BaseException) -> bool:
    """True when another try cannot end differently."""
    return isinstance(error, InvalidInput | NotFound | NotAllowed)


def backoff_s(attempt: int, error: BaseException | None = None) -> float:
    """Seconds to wait after try `attempt` failed: 15, 45, 135 … up to an hour, ±20 % so that a crowd spreads.

    An error that says `retry_after_s` is believed when it asks for longer.
    """
    wait = min(_FIRST_WAIT_S * 3.0 ** (attempt - 1), _LONGEST_WAIT_S) * random.uniform(0.8, 1.2)
    asked = error.data.get("retry_after_s") if isinstance(error, YunyingError) else None
    return max(wait, float(asked or 0))


def _places(error: BaseException) -> list[str]:
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames][-12:]


def _short(filename: str) -> str:
    path = Path(filename)
    return str(path.relative_to(_ROOT)) if path.is_relative_to(_ROOT) else "/".join(path.parts[-2:])
