"""Which region an address belongs to, by a file of ip2region (.xdb, structure 2 and 3) or MaxMind's format (.mmdb).

The xdb structure is that of the makers (https://github.com/lionsoul2014/ip2region): a header of 256 bytes, 256 × 256
pairs of pointers by the first two bytes of an address, then rows of first address, last address, length and place of a
text such as `中国|广东省|深圳市|电信|CN`. Files come from outside: every pointer is checked before it is followed.
"""

import mmap
import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import maxminddb
from babel import Locale

from yunying.base.errors import InvalidInput, msg

__all__ = ["Address", "FileFacts", "Region", "RegionFile", "open_region_file", "public_address"]

Address = IPv4Address | IPv6Address

_HEADER = 256
_VECTOR = 256 * 256 * 8
_SOUTH = {"香港": "HK", "澳门": "MO", "台湾": "TW", "hong kong": "HK", "macao": "MO", "macau": "MO", "taiwan": "TW"}


class Region(NamedTuple):
    """Where an address is: `country` is the ISO 3166 code, the rest names, in Chinese too where the file has both."""

    country: str = ""
    region: str = ""
    city: str = ""
    region_zh: str = ""
    city_zh: str = ""
    timezone: str = ""


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What a file says of itself: its kind, the versions of IP it knows, and when it was built."""

    kind: str
    versions: tuple[int, ...]
    built_at: datetime


class RegionFile(Protocol):
    """A file that is open for questions, from any thread."""

    facts: FileFacts

    def find(self, address: Address) -> Region | None:
        """The region of an address, None where the file has none. Never raises."""
        ...


def public_address(text: str) -> Address | None:
    """The address that `text` spells, if it is one of the open internet; private ones have no region."""
    try:
        found = ip_address(text.strip())
    except ValueError:
        return None
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    return found if found.is_global else None


def open_region_file(path: Path) -> RegionFile:
    """Open a file of either format. Raises InvalidInput `regions.unreadable` for everything else, and damaged files."""
    try:
        with path.open("rb") as file:
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        if data.rfind(b"\xab\xcd\xefMaxMind.com", max(0, len(data) - 131_072)) >= 0:
            return _MaxMind(path)
        return _Xdb(data)
    except Exception as error:  # what a damaged file makes of the reader of another project is not to be listed
        raise InvalidInput(
            "regions.unreadable",
            msg("This is neither a whole .xdb file of ip2region nor an .mmdb file in MaxMind's format."),
            field="file",
        ) from error


class _Xdb:
    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        structure, _, created = struct.unpack_from("<HHI", data, 0)
        version = struct.unpack_from("<H", data, 16)[0] if structure == 3 else 4
        if structure not in (2, 3) or version not in (4, 6) or len(data) <= _HEADER + _VECTOR:
            raise ValueError("not an xdb file")
        self._width = 4 if version == 4 else 16
        self._row = self._width * 2 + 6
        for first, last in struct.iter_unpack("<II", data[_HEADER : _HEADER + _VECTOR]):
            if first and not _HEADER + _VECTOR <= first <= last <= len(data):
                raise ValueError("a pointer leads out of the file")
        self.facts = FileFacts("ip2region", (version,), datetime.fromtimestamp(created, UTC))

    def find(self, address: Address) -> Region | None:
        packed = address.packed
        if len(packed) != self._width:
            return None
        try:
            return _of_text(self._text(packed))
        except (struct.error, UnicodeDecodeError):
            return None

    def _text(self, packed: bytes) -> str:
        first, last = struct.unpack_from("<II", self._data, _HEADER + (packed[0] * 256 + packed[1]) * 8)
        low, high = 0, (last - first) // self._row if first else -1
        while low <= high:
            middle = (low + high) // 2
            at = first + middle * self._row
            start, end, length, place = self._read(at)
            if packed < start:
                high = middle - 1
            elif packed > end:
                low = middle + 1
            else:
                return self._data[place : place + length].decode()
        return ""

    def _read(self, at: int) -> tuple[bytes, bytes, int, int]:
        start, end, length, place = struct.unpack_from(f"<{self._width}s{self._width}sHI", self._data, at)
        # Addresses of version 4 stand with their last byte first.
        return (start[::-1], end[::-1], length, place) if self._width == 4 else (start, end, length, place)


def _of_text(text: str) -> Region | None:
    """`国家|区域|省份|城市|ISP`, `国家|省份|城市|ISP`, and the latter with the code of the country behind."""
    fields = ["" if field.strip() in ("0", "") else field.strip() for field in text.split("|")]
    code = fields.pop() if len(fields) > 3 and len(fields[-1]) == 2 and fields[-1].isascii() else ""
    if len(fields) == 5:
        del fields[1]
    country, region, city = [*fields, "", "", ""][:3]
    code = _part(region) or _part(country) or code.upper() or _codes().get(country.lower(), "")
    if not code or "内网" in city or country == "Reserved":
        return None
    return Region(code, region, city)


def _part(name: str) -> str:
    """The codes of their own that ISO 3166 gives to Hong Kong, Macao and Taiwan, as MaxMind's files have them."""
    lowered = name.lower().removeprefix("中国").removesuffix("省").removesuffix("特别行政区")
    return _SOUTH.get(lowered, "")


@cache
def _codes() -> dict[str, str]:
    """ISO 3166 codes by the names of countries in Chinese and English."""
    return {
        name.lower(): code
        for language in ("en", "zh")
        for code, name in Locale(language).territories.items()
        if len(code) == 2
    }


class _MaxMind:
    def __init__(self, path: Path) -> None:
        # The reader in Python: a damaged file raises there, where the one in C could end the process.
        self._reader = maxminddb.open_database(path, maxminddb.MODE_MMAP)
        about = self._reader.metadata()
        versions = (4,) if about.ip_version == 4 else (4, 6)
        self.facts = FileFacts(about.database_type, versions, datetime.fromtimestamp(about.build_epoch, UTC))
        self._versions = versions

    def find(self, address: Address) -> Region | None:
        if address.version not in self._versions:
            return None
        try:
            row = self._reader.get(address)
        except Exception:  # as above
            return None
        return _of_row(row) if isinstance(row, dict) else None


def _of_row(row: dict[str, Any]) -> Region | None:
    country = _object(row.get("country")) or _object(row.get("registered_country"))
    parts = row.get("subdivisions")
    region = _object(parts[0]) if isinstance(parts, list) and parts else {}
    city, location = _object(row.get("city")), _object(row.get("location"))
    code = country.get("iso_code")
    if not isinstance(code, str):
        return None
    return Region(
        country=code,
        region=_name(region, "en") or _name(region, "zh-CN"),
        city=_name(city, "en") or _name(city, "zh-CN"),
        region_zh=_name(region, "zh-CN"),
        city_zh=_name(city, "zh-CN"),
        timezone=str(location.get("time_zone") or ""),
    )


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _name(place: dict[str, Any], language: str) -> str:
    return str(_object(place.get("names")).get(language) or "")
