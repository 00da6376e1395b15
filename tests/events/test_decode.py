import base64
import gzip
import json
import zlib
from random import randbytes
from urllib.parse import quote

import brotli
import pytest
from backports import zstd

from yunying.base.errors import InvalidInput, LimitReached
from yunying.events.decode import decode, unpack
from yunying.events.text import loads

PACK = {"br": brotli.compress, "gzip": gzip.compress, "zstd": zstd.compress}
EVENT = {"event": "加购 🛒", "n": 9007199254740993}
TEXT = json.dumps(EVENT, ensure_ascii=False).encode()
# Without the time of day, which would give two processes different tests.
ZIPPED = gzip.compress(TEXT, mtime=0)


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (TEXT, ""),
        (ZIPPED, "gzip"),
        (ZIPPED, ""),
        (zlib.compress(TEXT), "deflate"),
        (TEXT, "gzip"),
        (b"\xef\xbb\xbf" + TEXT, ""),
        (json.dumps(EVENT, indent=2).encode(), ""),
        (b"data=" + quote(TEXT).encode(), ""),
        (b"data=" + quote(base64.b64encode(TEXT)).encode(), ""),
        (b"data=" + base64.urlsafe_b64encode(TEXT).rstrip(b"="), ""),
        (b"data=" + base64.b64encode(TEXT), ""),
        (b"gzip=1&data_list=" + quote(base64.b64encode(ZIPPED)).encode(), ""),
    ],
)
def test_the_same_event_is_found_in_every_packing(body: bytes, encoding: str) -> None:
    assert decode(body, encoding) == EVENT


def test_lines_of_json_become_a_list() -> None:
    assert decode(b'{"a": 1}\n\n{"a": 2}\r\n{"a": 3}') == [{"a": 1}, {"a": 2}, {"a": 3}]


def test_an_empty_body_is_looked_for_in_the_query() -> None:
    assert decode(b"", query={"data": base64.b64encode(TEXT).decode()}) == EVENT


def test_the_key_beside_the_data_field_is_kept() -> None:
    assert decode(b"data=%7B%22event%22%3A%22a%22%7D&api_key=yk_1")["api_key"] == "yk_1"


@pytest.mark.parametrize(
    ("body", "encoding", "code"),
    [
        (b"", "", "body.empty"),
        (b"hello", "", "body.empty"),
        (b"{'a': 1}", "", "body.not_json"),
        (b"data=%%%", "", "body.not_json"),
        (b"\x1f\x8bnot gzip at all", "", "body.compression"),
        (ZIPPED[:-9], "", "body.compression"),
        (b"\x28\xb5\x2f\xfd", "zstd", "body.compression"),
        (b"[" * 100_000, "", "body.too_deep"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_reason(body: bytes, encoding: str, code: str) -> None:
    with pytest.raises(InvalidInput) as error:
        decode(body, encoding)
    assert error.value.code == code


@pytest.mark.parametrize("label", ["br", "gzip", "zstd"])
def test_a_zip_bomb_is_stopped(label: str) -> None:
    with pytest.raises(LimitReached) as error:
        unpack(PACK[label](b" " * (30 << 20)), label)
    assert error.value.code == "body.too_big"


@pytest.mark.parametrize("size", [2, 70_000, 3_000_000])
@pytest.mark.parametrize("label", ["br", "gzip", "zstd"])
def test_compressed_bodies_come_out_as_they_were(label: str, size: int) -> None:
    body = randbytes(size // 2) + b"a" * (size // 2)
    packed = PACK[label](body)
    assert unpack(packed, label) == body
    if label != "br":  # which has no magic bytes
        assert unpack(packed, "") == body


@pytest.mark.parametrize("label", ["br", "gzip", "zstd"])
def test_a_body_that_breaks_off_is_refused(label: str) -> None:
    with pytest.raises(InvalidInput) as error:
        unpack(PACK[label](randbytes(10_000))[:-100], label)
    assert error.value.code == "body.compression"


@pytest.mark.parametrize("label", ["br", "gzip", "zstd", "identity", "x-unheard-of"])
def test_a_label_that_is_not_true_of_plain_json_is_forgiven(label: str) -> None:
    assert decode(TEXT, label) == EVENT


def test_several_gzip_members_share_one_cap() -> None:
    with pytest.raises(LimitReached):
        unpack(gzip.compress(b" " * (900 << 10)) * 40)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b'{"a": NaN, "b": -Infinity, "c": 1e400}', {"a": None, "b": None, "c": None}),
        (rb'"\ud83d"', "\ufffd"),
        (rb'"\ud83d\ude80"', "🚀"),
        (b'"\xed\xa0\xbd\xed\xba\x80"', "🚀"),
        (b'"\xed\xa0\xbd\xed\xba\x80 \xff \xed\xa0\xbd"', "🚀 \ufffd \ufffd"),
        (b'"\xff\xfe"', "\ufffd\ufffd"),
        (rb'"a\u0000b"', "a\ufffdb"),
        (rb'{"k\u0000": 1}', {"k\ufffd": 1}),
        (b'"tab\there"', "tab\there"),
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (b"[9223372036854775808, NaN]", [9223372036854775808, None]),
        (b"[123456789012345678901234567890, NaN]", ["123456789012345678901234567890", None]),
    ],
)
def test_odd_json_of_real_sdks_is_mended(raw: bytes, value: object) -> None:
    assert loads(raw) == value
