"""What may stand in a product's profile: the closed lists and their check, shared by forms, API and services."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from babel.core import get_global
from babel.numbers import get_territory_currencies
from django.utils.translation import gettext_lazy as _

from yunying.base import clock
from yunying.base.errors import InvalidInput, msg
from yunying.platform.products.models import AddressPolicy, Stage, WeekStart

__all__ = ["LANGUAGES", "PLATFORMS", "PROFILE_FIELDS", "checked", "currencies", "timezones", "zone_called"]

PLATFORMS = (
    ("web", _("Web")),
    ("h5", _("Mobile web (H5)")),
    ("ios", "iOS"),
    ("android", "Android"),
    ("harmony", "HarmonyOS"),
    ("wechat", _("WeChat mini program")),
    ("alipay", _("Alipay mini program")),
    ("douyin", _("Douyin mini program")),
    ("desktop", _("Desktop")),
    ("server", _("Server or API")),
    ("device", _("Device")),
    ("shop", _("Physical shop")),
)
LANGUAGES = (
    ("zh-hans", "简体中文"),
    ("zh-hant", "繁體中文"),
    ("en", "English"),
    ("ja", "日本語"),
    ("ko", "한국어"),
    ("de", "Deutsch"),
    ("fr", "Français"),
    ("es", "Español"),
    ("pt", "Português"),
    ("ru", "Русский"),
    ("ar", "العربية"),
    ("hi", "हिन्दी"),
    ("id", "Bahasa Indonesia"),
    ("th", "ไทย"),
    ("vi", "Tiếng Việt"),
)
PROFILE_FIELDS = (
    "name",
    "about",
    "core_functions",
    "platforms",
    "scope",
    "stage",
    "timezone",
    "week_start",
    "currency",
    "languages",
    "notice",
    "address_policy",
    "own_domains",
    "leave_bots_out",
)
_TEXT_LIMIT = 5000
_MOST_DOMAINS = 50
_DOMAIN = re.compile(r"(?:[\w-]{1,63}\.)*[\w-]{1,63}")


@cache
def timezones() -> tuple[str, ...]:
    """IANA zone names people choose from: places, and UTC first."""
    names = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "SystemV/")))
    return ("UTC", *names)


def zone_called(typed: str) -> str:
    """The zone people mean: `shanghai` will do for Asia/Shanghai, when only one is called so; else what was typed."""
    wanted = typed.strip().casefold().replace(" ", "_")
    alike = [zone for zone in timezones() if wanted in (zone.casefold(), zone.casefold().rsplit("/", 1)[-1])]
    return alike[0] if len(alike) == 1 else typed.strip()


@cache
def currencies() -> tuple[str, ...]:
    """ISO 4217 codes of the money somewhere in use today, the frequent ones first."""
    frequent = ("CNY", "USD", "EUR", "GBP", "HKD", "TWD", "JPY", "KRW", "SGD", "INR")
    today = clock.now().date()
    places = get_global("territory_currencies")
    used = {code for place in places for code in get_territory_currencies(place, start_date=today)}
    return (*frequent, *sorted(used - set(frequent)))


def checked(values: Mapping[str, Any]) -> dict[str, Any]:
    """`values` of PROFILE_FIELDS, tidied. Raises InvalidInput naming the first field that cannot be used."""
    return {name: _CHECKS[name](name, value) for name, value in values.items()}


def _invalid(name: str, message: str, **data: Any) -> InvalidInput:
    return InvalidInput(f"product.{name}", message, field=name, **data)


def _name(name: str, value: str) -> str:
    text = " ".join(value.split())
    if not 1 <= len(text) <= 100:
        raise _invalid(name, msg("Give a name of 1 to 100 characters."))
    return text


def _text(name: str, value: str) -> str:
    if len(value) > _TEXT_LIMIT:
        raise _invalid(name, msg("Shorten this to %(limit)d characters."), limit=_TEXT_LIMIT)
    return value.strip()


def _one(*choices: Any) -> Any:
    def check(name: str, value: Any) -> Any:
        if value not in choices:
            raise _invalid(name, msg("Choose one of the listed values; “%(value)s” is not among them."), value=value)
        return value

    return check


def _many(*choices: str) -> Any:
    one = _one(*choices)

    def check(name: str, value: list[str]) -> list[str]:
        return [one(name, item) for item in dict.fromkeys(value)]

    return check


def _timezone(name: str, value: str) -> str:
    if value != "UTC" and value not in available_timezones():
        raise _invalid(name, msg("“%(value)s” is not a timezone. Choose one such as Asia/Shanghai."), value=value)
    return value


def _currency(name: str, value: str) -> str:
    if value not in currencies():
        raise _invalid(name, msg("“%(value)s” is not a currency code. Use one such as CNY or EUR."), value=value)
    return value


def _domains(name: str, value: list[str]) -> list[str]:
    """Hosts in small letters, out of what people paste: `https://Shop.example/start` is shop.example."""
    found: dict[str, None] = {}
    for one in value:
        typed = one.strip().lower()
        host = re.sub(r"^[a-z]+://", "", typed).split("/")[0].split(":")[0].removeprefix("www.").strip(".")
        if not host:
            continue
        if not _DOMAIN.fullmatch(host):
            raise _invalid(name, msg("“%(value)s” is not a domain. Write one such as shop.example."), value=one)
        found[host] = None
    if len(found) > _MOST_DOMAINS:
        raise _invalid(name, msg("Give at most %(limit)d domains."), limit=_MOST_DOMAINS)
    return list(found)


def _yes_or_no(name: str, value: bool) -> bool:
    return bool(value)


_CHECKS: dict[str, Any] = {
    "name": _name,
    "about": _text,
    "core_functions": _text,
    "platforms": _many(*(code for code, _label in PLATFORMS)),
    "scope": _text,
    "stage": _one(*Stage.values),
    "timezone": _timezone,
    "week_start": _one(*WeekStart.values),
    "currency": _currency,
    "languages": _many(*(code for code, _label in LANGUAGES)),
    "notice": _text,
    "address_policy": _one(*AddressPolicy.values),
    "own_domains": _domains,
    "leave_bots_out": _yes_or_no,
}
