"""Numbers, money and time in the reader's language and the product's zone.

The language is Django's active one and the zone its current one (`page.render` sets the product's), unless given.
Absent values are shown as a dash, so that nobody takes them for zero.
"""

import datetime as dt
import math
from decimal import Decimal
from functools import cache

from babel import Locale
from babel.dates import (
    format_date,
    format_datetime,
    format_skeleton,
    format_time,
    format_timedelta,
    get_timezone_gmt,
)
from babel.numbers import (
    format_compact_decimal,
    format_currency,
    format_decimal,
    format_percent,
    get_currency_name,
    get_currency_symbol,
)
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from yunying.base import clock
from yunying.base.money import Money, minor_digits

__all__ = [
    "DASH",
    "ago",
    "compact",
    "currency_name",
    "currency_symbol",
    "date",
    "datetime",
    "duration",
    "language_tag",
    "locale",
    "money",
    "number",
    "percent",
    "period",
    "time",
    "yes_no",
]

DASH = "–"
Number = int | float | Decimal
_LOCALES = {"zh-hans": "zh_Hans_CN", "zh-hant": "zh_Hant_TW", "en": "en"}
_SKELETONS = {"day": "MMMd", "week": "MMMd", "month": "yMMM", "quarter": "yQQQ", "year": "y"}
_TAGS = {"zh-hans": "zh-Hans", "zh-hant": "zh-Hant"}


def language_tag(language: str | None = None) -> str:
    """The BCP 47 tag for `lang` attributes: zh-Hans, zh-Hant, en."""
    code = (language or get_language() or "en").lower()
    return _TAGS.get(code, code)


def locale(language: str | None = None) -> Locale:
    """Babel's locale of the language; English for one we do not speak."""
    return _locale((language or get_language() or "en").lower())


@cache
def _locale(code: str) -> Locale:
    return Locale.parse(_LOCALES.get(code, "en"))


def number(value: Number | None, digits: int | None = None) -> str:
    """`1,234.5`. Without `digits` whole numbers have no decimals and others at most two."""
    if value is None or _absent(value):
        return DASH
    places = digits if digits is not None else 0 if value == int(value) else 2
    pattern = "#,##0." + ("0" if digits is not None else "#") * places if places else "#,##0"
    return format_decimal(value, format=pattern, locale=locale())


def compact(value: Number | None) -> str:
    """A number for narrow places: `12.3K`, `1.2万`."""
    if value is None or _absent(value):
        return DASH
    if -10_000 < value < 10_000:
        return number(value)
    return format_compact_decimal(value, locale=locale(), fraction_digits=1)


def percent(fraction: Number | None, digits: int = 1) -> str:
    """A fraction of one as percent: `0.123` → `12.3%`."""
    if fraction is None or _absent(fraction):
        return DASH
    return format_percent(fraction, format="#,##0" + ("." + "0" * digits if digits else "") + "%", locale=locale())


def money(value: Money | Number | None, currency: str = "", digits: int | None = None) -> str:
    """`Money`, or an amount in minor units with its currency: `money(12345, "CNY")` → `CN¥123.45` or `¥123.45`.

    Decimals are the currency's own unless `digits` says otherwise.
    """
    if isinstance(value, Money):
        return _currency(value.amount, value.currency, digits)
    if value is None or _absent(value):
        return DASH
    return _currency(Decimal(str(value)).scaleb(-minor_digits(currency)), currency, digits)


def _currency(amount: Decimal, currency: str, digits: int | None) -> str:
    if digits is None:
        return format_currency(amount, currency, locale=locale())
    rounded = amount.quantize(Decimal(1).scaleb(-digits))
    pattern = "¤#,##0" + ("." + "0" * digits if digits else "")
    return format_currency(rounded, currency, format=pattern, locale=locale(), currency_digits=False)


def currency_name(currency: str) -> str:
    """For lists to choose from: `CNY – Chinese Yuan`."""
    name = get_currency_name(currency, locale=locale())
    return currency if name == currency else f"{currency} – {name}"


def currency_symbol(currency: str) -> str:
    return get_currency_symbol(currency, locale=locale())


def date(value: dt.date | dt.datetime | None, style: str = "medium", zone: dt.tzinfo | None = None) -> str:
    """The day; a moment is first taken to the zone. `style`: short, medium, long, full."""
    if value is None:
        return DASH
    day = _local(value, zone).date() if isinstance(value, dt.datetime) else value
    return format_date(day, format=style, locale=locale())


def time(value: dt.datetime | None, style: str = "short", zone: dt.tzinfo | None = None) -> str:
    if value is None:
        return DASH
    return format_time(_local(value, zone), format=style, locale=locale())


def datetime(value: dt.datetime | None, style: str = "medium", zone: dt.tzinfo | None = None) -> str:
    """Day and minute in the zone; with `style="second"` also the second, with "long" second and zone."""
    if value is None:
        return DASH
    local = _local(value, zone)
    if style in ("medium", "second"):
        clock = "%H:%M" if style == "medium" else "%H:%M:%S"
        return f"{format_date(local, format='medium', locale=locale())} {local:{clock}}"
    if style == "long":
        # Not Babel's own: in Chinese it puts the offset between the day and the hour.
        offset = get_timezone_gmt(local, "long", locale=locale())
        return f"{format_date(local, format='long', locale=locale())} {local:%H:%M:%S} {offset}"
    return format_datetime(local, format=style, tzinfo=local.tzinfo, locale=locale())


def period(start: dt.date | dt.datetime, interval: str, zone: dt.tzinfo | None = None) -> str:
    """A bucket by its start, short enough for an axis: `14:00`, `Mar 5`, `Mar 2026`, `Q1 2026`, `2026`.

    `interval`: minute, hour, day, week, month, quarter, year. A week is shown by its first day.
    """
    local = _local(start, zone) if isinstance(start, dt.datetime) else start
    if interval in ("minute", "hour"):
        return f"{format_skeleton('MMMd', local, locale=locale())} {local:%H:%M}"
    return format_skeleton(_SKELETONS[interval], local, locale=locale())


def ago(value: dt.datetime | None, now: dt.datetime | None = None) -> str:
    """How long before or after now: `3 hours ago`, `in 2 days`."""
    if value is None:
        return DASH
    return format_timedelta(value - (now or clock.now()), add_direction=True, locale=locale())


def duration(seconds: Number | None) -> str:
    """The two largest units: `1 h 5 min`, `3 d 4 h`, `12.5 s`, `340 ms`."""
    if seconds is None or _absent(seconds):
        return DASH
    amount = float(seconds)
    if amount < 0:
        return "-" + duration(-amount)
    if 0 < amount < 1:
        return _("%(n)s ms") % {"n": number(round(amount * 1000))}
    if round(amount, 1) < 60:
        return _("%(n)s s") % {"n": number(round(amount, 1))}
    return _two_units(amount)


def _two_units(seconds: float) -> str:
    """Rounded to the smaller of the two units first, so that 3,599.7 s is an hour and not 59 min 60 s."""
    if round(seconds) < 3600:
        minutes, rest = divmod(round(seconds), 60)
        return _joined(_("%(n)s min") % {"n": minutes}, _("%(n)s s") % {"n": rest} if rest else "")
    if round(seconds / 60) < 24 * 60:
        hours, rest = divmod(round(seconds / 60), 60)
        return _joined(_("%(n)s h") % {"n": hours}, _("%(n)s min") % {"n": rest} if rest else "")
    days, hours = divmod(round(seconds / 3600), 24)
    head = ngettext("%(n)s day", "%(n)s days", days) % {"n": number(days)}
    return _joined(head, _("%(n)s h") % {"n": hours} if hours else "")


def _joined(first: str, second: str) -> str:
    return f"{first} {second}" if second else first


def yes_no(value: object) -> str:
    return DASH if value is None else _("Yes") if value else _("No")


def _local(value: dt.datetime, zone: dt.tzinfo | None) -> dt.datetime:
    return value.astimezone(zone or timezone.get_current_timezone())


def _absent(value: Number) -> bool:
    return isinstance(value, float) and not math.isfinite(value)
