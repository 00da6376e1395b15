"""Values as people type them, on forms and in sheets: 1250, 1,250, １２．５％."""

import re
import unicodedata
from decimal import Decimal, InvalidOperation

from yunying.apps.goals.checks import LARGEST
from yunying.apps.insights.selectors import Unit, parse_value
from yunying.base.errors import InvalidInput, msg

__all__ = ["typed_value"]

_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")


def typed_value(text: str, unit: str, field: str) -> float:
    """The value somebody typed, also in full-width signs; `12.5` or `12.5%` of a percentage is 0.125.

    Raises InvalidInput naming `field`: what is no number, a percentage where none is meant, and a comma that does
    not part thousands, for `12,5` is 12.5 to some readers and 125 to a program that drops it.
    """
    plain = unicodedata.normalize("NFKC", text).replace("−", "-").replace(" ", "")
    if "%" in plain and unit != Unit.PERCENT:
        wrong = msg("This metric is not in percent. Enter a plain number, such as 1250 or 12.5.")
        raise InvalidInput("value.percent", wrong, field=field)
    number = plain.rstrip("%")
    if "," in number and not _GROUPED.fullmatch(number):
        wrong = msg("Write decimals with a point, such as 12.5, and thousands as 1,250 or 1250.")
        raise InvalidInput("value.comma", wrong, field=field)
    if _too_large(number):
        wrong = msg("This number is too large to be meant. Use another unit.")
        raise InvalidInput("value.large", wrong, field=field)
    return parse_value(plain, unit, field)


def _too_large(number: str) -> bool:
    try:
        value = Decimal(number.replace(",", ""))
    except InvalidOperation:
        return False
    return value.is_finite() and abs(value) > Decimal(LARGEST)
