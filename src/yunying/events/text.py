"""From bytes to JSON values that every store takes: no NaN, no lone surrogate, no NUL, no integer beyond 64 bits.

Almost every body passes the fast parser unchanged. Whatever it refuses goes through the slow one, which
forgives what real SDKs send: `NaN`, CESU-8 (mixpanel-browser), lone surrogates, control characters.
"""

import codecs
import json
import math
from typing import Any

import orjson

from yunying.base.errors import InvalidInput, msg

__all__ = ["clean_text", "dumps", "loads"]

_INT_LOW, _INT_HIGH = -(1 << 63), (1 << 64) - 1


def loads(raw: bytes) -> Any:
    """The JSON value in `raw`. Raises InvalidInput `body.not_json` or `body.too_deep`."""
    # PostgreSQL text holds no NUL, so a body with one takes the slow way, where it becomes U+FFFD.
    if b"\\u0000" not in raw:
        try:
            return orjson.loads(raw)
        except orjson.JSONDecodeError:
            pass
    return _forgiving(raw)


def dumps(value: Any) -> str:
    """`value` as JSON text, for people to read and for the quarantine."""
    return orjson.dumps(value).decode()


def clean_text(text: str) -> str:
    """`text` with surrogate pairs joined and lone surrogates and NUL replaced by U+FFFD."""
    if not text.isascii():
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text.replace("\x00", "\ufffd")


def _forgiving(raw: bytes) -> Any:
    text = raw.decode("utf-8-sig", _SURROGATES)
    try:
        return _clean(json.loads(text, parse_constant=lambda _: None, strict=False))
    except RecursionError as error:
        raise InvalidInput("body.too_deep", msg("The JSON is nested too deeply.")) from error
    except ValueError as error:
        where = error.pos if isinstance(error, json.JSONDecodeError) else 0
        raise InvalidInput(
            "body.not_json",
            msg("The body is not JSON: the error is near character %(position)d."),
            position=where,
        ) from error


def _surrogate_or_mark(error: UnicodeError) -> tuple[str, int]:
    """Three bytes of CESU-8 are the surrogate they stand for, any other fault is U+FFFD."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    try:
        return error.object[error.start : error.start + 3].decode("utf-8", "surrogatepass"), error.start + 3
    except UnicodeDecodeError:
        return "\ufffd", error.end


_SURROGATES = "yunying.surrogates"
codecs.register_error(_SURROGATES, _surrogate_or_mark)


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict):
        return {clean_text(key): _clean(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, int) and not _INT_LOW <= value <= _INT_HIGH:
        return str(value)
    return value
