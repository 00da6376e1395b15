"""Money: integer minor units and a currency (ISO 4217)."""

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

__all__ = ["Money", "minor_digits"]

_NO_MINOR = {"CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XAF", "XOF", "XPF"}
_THREE = {"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"}


def minor_digits(currency: str) -> int:
    """How many decimal places a currency's minor unit has."""
    return 0 if currency in _NO_MINOR else 3 if currency in _THREE else 2


@dataclass(frozen=True, slots=True)
class Money:
    minor: int
    currency: str

    @classmethod
    def of(cls, amount: Decimal | int | str, currency: str) -> "Money":
        """`amount` in major units; a half minor unit goes to the even neighbour."""
        scaled = Decimal(amount).scaleb(minor_digits(currency))
        return cls(int(scaled.quantize(Decimal(1), rounding=ROUND_HALF_EVEN)), currency)

    @property
    def amount(self) -> Decimal:
        """In major units."""
        return Decimal(self.minor).scaleb(-minor_digits(self.currency))
