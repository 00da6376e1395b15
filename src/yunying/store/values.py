"""The two forms in which a property value is read: as text and as a number.

Each form exists twice, here in Python (the writer, interpreters) and as a ClickHouse expression over the JSON
document (columns not promoted yet, properties of people). A property test holds the two together.

Text: strings as they are, numbers and booleans in their JSON spelling (the shortest one: `1.0` is `1`, `1e+22`
is `1e22`), null and absent the empty string, lists and objects JSON text without blanks.
Number: numbers, and text that is a decimal number; everything else, booleans and infinities included, is null.
"""

import math
import re
from typing import Any

__all__ = ["number_form", "number_sql", "spelling", "text_form", "text_sql"]

_NUMERIC = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")

# The engine's own way of escaping: short forms where JSON has them, else four upper-case digits.
_ESCAPES = {code: f"\\u{code:04X}" for code in range(0x20)} | {
    ord(char): escape
    for char, escape in zip('"\\\b\f\n\r\t', (r"\"", r"\\", r"\b", r"\f", r"\n", r"\r", r"\t"), strict=True)
}


def text_form(value: Any) -> str:
    """The text form of one JSON value."""
    if value is None:
        return ""
    return value if isinstance(value, str) else _json(value)


def number_form(value: Any) -> float | None:
    """The number form of one JSON value."""
    if isinstance(value, str):
        if not _NUMERIC.fullmatch(value):
            return None
    elif isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def text_sql(document: str, key: str) -> str:
    """The text form of property `key` (an expression, best a placeholder) of the JSON text in `document`."""
    return f"JSONExtract({document}, {key}, 'String')"


def number_sql(document: str, key: str) -> str:
    """The number form of property `key` of the JSON text in `document`: Nullable(Float64)."""
    text = text_sql(document, key)
    return f"if(isFinite(toFloat64OrNull({text})), toFloat64OrNull({text}), NULL)"


def _json(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return spelling(value)
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{_quoted(str(k))}:{_json(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_json, value)) + "]"
    return "null"


def _quoted(text: str) -> str:
    return f'"{text.translate(_ESCAPES)}"'


def spelling(number: float) -> str:
    """The shortest decimal text that reads back as `number`: digits up to 1e21, an exponent without plus beyond."""
    text = repr(number)
    if "e" not in text:
        return text.removesuffix(".0")
    mantissa, _, power = text.partition("e")
    sign, digits = ("-", mantissa[1:]) if mantissa.startswith("-") else ("", mantissa)
    whole, _, rest = digits.removesuffix(".0").partition(".")
    return sign + _placed(whole, rest, int(power))


def _placed(whole: str, rest: str, power: int) -> str:
    # repr() uses an exponent from 1e16 and below 1e-4, the engine from 1e21 and below 1e-6.
    if 0 <= power < 21:
        return whole + rest.ljust(power, "0")
    if -7 < power < 0:
        return "0." + "0" * (-power - 1) + whole + rest
    return f"{whole}.{rest}e{power}" if rest else f"{whole}e{power}"
