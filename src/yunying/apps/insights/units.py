"""A metric's value in words, and back from what somebody types."""

import math
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from django.utils.translation import gettext as _

from yunying.apps.insights.models import Metric, Unit
from yunying.base.errors import InvalidInput, msg
from yunying.base.money import Money
from yunying.platform.ui import charts, formats

__all__ = ["Measured", "as_typed", "change", "chart_unit", "chart_value", "parse_value", "shown", "typed_suffix"]


def shown(value: float | None, unit: str, currency: str = "") -> str:
    """`value` in its unit, in the reader's language; a dash when there is none."""
    if value is None or not math.isfinite(value):
        return formats.DASH
    if unit == Unit.MONEY:
        return formats.money(Money.of(Decimal(str(value)), currency))
    if unit == Unit.PERCENT:
        return formats.percent(value)
    if unit == Unit.DURATION_S:
        return formats.duration(value)
    return formats.number(value)


def change(before: float | None, after: float | None) -> float | None:
    """(after - before) / |before|; None when either is absent or nothing was there before."""
    if before is None or after is None or before == 0:
        return None
    return (after - before) / abs(before)


def typed_suffix(metric: Metric) -> str:
    """What stands behind the field in which a value of this metric is typed."""
    if metric.unit == Unit.MONEY:
        return metric.currency
    if metric.unit == Unit.PERCENT:
        return "%"
    return _("seconds") if metric.unit == Unit.DURATION_S else ""


def as_typed(value: float | None, unit: str) -> str:
    """`value` as it is typed: percent as a number of hundredths, everything else as it is."""
    if value is None:
        return ""
    number = Decimal(str(value)) * (100 if unit == Unit.PERCENT else 1)
    return format(number.normalize(), "f")


def parse_value(text: str, unit: str, field: str) -> float:
    """The value somebody typed; `12.5` for a percent metric is 0.125. Raises InvalidInput naming `field`."""
    cleaned = text.strip().rstrip("%").replace(",", "").replace("\u00a0", "").replace(" ", "")
    try:
        number = Decimal(cleaned)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or abs(number) > Decimal("1e15"):
        raise InvalidInput("value.number", msg("Enter a number, such as 1250 or 12.5."), field=field)
    return float(number / 100 if unit == Unit.PERCENT else number)


def chart_unit(unit: str, currency: str = "") -> charts.Unit:
    """The unit in which a chart writes the values `chart_value` gives."""
    kinds = {Unit.MONEY: "money", Unit.PERCENT: "percent", Unit.DURATION_S: "duration"}
    return charts.Unit(kinds.get(Unit(unit), "number"), currency)


@dataclass(frozen=True, slots=True)
class Measured:
    """What the numbers of an answer are counted in; plain numbers unless a metric says otherwise."""

    unit: str = Unit.NUMBER.value
    currency: str = ""

    def text(self, value: float | None) -> str:
        return shown(value, self.unit, self.currency)

    def drawn(self, value: float | None) -> float | int | None:
        return chart_value(value, self.unit, self.currency)

    @property
    def of_chart(self) -> charts.Unit:
        return chart_unit(self.unit, self.currency)


def chart_value(value: float | None, unit: str, currency: str = "") -> float | int | None:
    """`value` as charts take it: money in minor units, everything else as it is."""
    if value is None or not math.isfinite(value):
        return None
    return Money.of(Decimal(str(value)), currency).minor if unit == Unit.MONEY else value
