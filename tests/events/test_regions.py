"""Regions by files of ip2region and MaxMind, made here; and damaged files are refused or silent, never a crash."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.region_files import BUILT_S, write_mmdb, write_xdb
from yunying.base.errors import InvalidInput
from yunying.events.regions import Region, RegionFile, open_region_file, public_address

CITY = {
    "country": {"iso_code": "CN", "names": {"en": "China", "zh-CN": "中国"}},
    "subdivisions": [{"iso_code": "GD", "names": {"en": "Guangdong", "zh-CN": "广东"}}],
    "city": {"names": {"en": "Shenzhen", "zh-CN": "深圳市"}},
    "location": {"time_zone": "Asia/Shanghai"},
}


def find(file: RegionFile, text: str) -> Region | None:
    address = public_address(text)
    return file.find(address) if address else None


def test_an_xdb_file_of_version_4_names_region_and_city(tmp_path: Path) -> None:
    rows = {
        ("1.0.1.0", "1.0.3.255"): "中国|福建省|福州市|电信|CN",
        ("1.0.8.0", "1.0.15.255"): "中国|广东省|深圳市|电信|CN",
        ("8.8.8.0", "8.8.8.255"): "United States|California|0|Google|US",
        ("103.10.0.0", "103.10.0.255"): "中国|香港|0|0|CN",
    }
    file = open_region_file(write_xdb(tmp_path / "v4.xdb", rows))
    assert file.facts.kind == "ip2region" and file.facts.versions == (4,)
    assert file.facts.built_at == datetime.fromtimestamp(BUILT_S, UTC)
    assert find(file, "1.0.2.3") == Region("CN", "福建省", "福州市")
    assert find(file, "1.0.15.255") == Region("CN", "广东省", "深圳市")
    assert find(file, "8.8.8.8") == Region("US", "California", "")
    assert find(file, "103.10.0.9") == Region("HK", "香港", "")
    assert find(file, "1.0.4.1") is None
    assert find(file, "9.9.9.9") is None
    assert find(file, "2001:4860::1") is None


def test_older_xdb_texts_have_an_area_and_no_code(tmp_path: Path) -> None:
    rows = {
        ("1.0.1.0", "1.0.1.255"): "中国|0|福建省|福州市|电信",
        ("1.0.4.0", "1.0.4.255"): "澳大利亚|0|维多利亚|墨尔本|0",
    }
    file = open_region_file(write_xdb(tmp_path / "old.xdb", rows, structure=2))
    assert find(file, "1.0.1.9") == Region("CN", "福建省", "福州市")
    assert find(file, "1.0.4.9") == Region("AU", "维多利亚", "墨尔本")


def test_an_xdb_file_of_version_6_is_read_by_its_own_order_of_bytes(tmp_path: Path) -> None:
    rows = {("240e:3b7::", "240e:3b7:ffff:ffff:ffff:ffff:ffff:ffff"): "中国|广东省|深圳市|电信|CN"}
    file = open_region_file(write_xdb(tmp_path / "v6.xdb", rows))
    assert file.facts.versions == (6,)
    assert find(file, "240e:3b7:1234::1") == Region("CN", "广东省", "深圳市")
    assert find(file, "240e:3b8::1") is None
    assert find(file, "1.0.1.1") is None


def test_a_maxmind_file_gives_both_languages_and_the_timezone(tmp_path: Path) -> None:
    file = open_region_file(write_mmdb(tmp_path / "city.mmdb", {"1.0.8.0/21": CITY, "240e:3b7::/32": CITY}))
    assert file.facts.kind == "Test-City" and file.facts.versions == (4, 6)
    shenzhen = Region("CN", "Guangdong", "Shenzhen", "广东", "深圳市", "Asia/Shanghai")
    assert find(file, "1.0.9.1") == shenzhen
    assert find(file, "::ffff:1.0.9.1") == shenzhen
    assert find(file, "240e:3b7::5") == shenzhen
    assert find(file, "9.9.9.9") is None


@pytest.mark.parametrize(
    "text", ["10.0.0.1", "192.168.1.1", "127.0.0.1", "::1", "fe80::1", "100.64.0.1", "", "no", "1.2.3"]
)
def test_private_addresses_and_what_is_none_have_no_region(text: str) -> None:
    assert public_address(text) is None


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\0" * 600_000, b"x" * 600_000, b"\xab\xcd\xefMaxMind.com"])
def test_other_files_are_refused_with_a_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match=r"regions\.unreadable"):
        open_region_file(path)


@settings(max_examples=150, deadline=None)
@given(place=st.integers(0, 600_000), byte=st.integers(0, 255), kind=st.sampled_from(["xdb", "mmdb"]))
def test_a_damaged_file_is_refused_or_silent(
    tmp_path_factory: pytest.TempPathFactory, place: int, byte: int, kind: str
) -> None:
    path = tmp_path_factory.mktemp("damaged") / f"file.{kind}"
    if kind == "xdb":
        write_xdb(path, {("1.0.1.0", "1.0.3.255"): "中国|福建省|福州市|电信|CN"})
    else:
        write_mmdb(path, {"1.0.0.0/16": CITY})
    content = bytearray(path.read_bytes())
    for at in {place % len(content), len(content) - 1 - place % 400, place % 260}:
        content[at] = byte
    path.write_bytes(content)
    try:
        file = open_region_file(path)
    except InvalidInput:
        return
    find(file, "1.0.2.3")
    find(file, "240e::1")
