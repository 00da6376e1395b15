"""LZ-string as the library of the old browser SDK makes it."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yunying.base.errors import InvalidInput, LimitReached, YunyingError
from yunying.events.decode import decode
from yunying.events.lzstring import unpack_lz64

# Made by lz-string 1.5.0, compressToBase64.
PACKED = {
    "a": "IZA=",
    "aaaaaaaaaa": "IY1o",
    "abcabcabcabcabcabc": "IYIwxqHpPkA=",
    '{"event":"$pageview","properties":{"token":"k","distinct_id":"d","城市":"北京🚀"}}': (
        "N4IgpgbmB2AuIC4QBIAOBDA5pAlmA7iADQioBOA9qmGbHgM6KiwUDWMiIrxI"
        "AJjvTrQAxrAD6OXpyklAc+qAgPU6B0ZUA1coF4NwAF7IAL7agA=="
    ),
}


@pytest.mark.parametrize("text", PACKED)
def test_what_the_library_packed_is_read(text: str) -> None:
    assert unpack_lz64(PACKED[text]) == text


def test_a_form_says_that_its_data_is_packed_so_in_the_body_or_the_address() -> None:
    packed = list(PACKED.values())[-1]
    body = b"data=" + packed.replace("+", "%2B").encode()
    for document in (decode(body, "", {"compression": "lz64"}), decode(body + b"&compression=lz64")):
        assert document["event"] == "$pageview"
        assert document["properties"]["城市"] == "北京🚀"


@given(st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/= 汉", max_size=200))
def test_other_text_is_refused_and_nothing_else(text: str) -> None:
    with suppress(YunyingError):
        unpack_lz64(text)


def test_a_text_that_ends_too_early_is_damaged() -> None:
    with pytest.raises(InvalidInput, match="damaged"):
        unpack_lz64(PACKED["aaaaaaaaaa"][:3])


def test_what_unfolds_to_too_much_is_refused() -> None:
    with pytest.raises(LimitReached):
        unpack_lz64(PACKED["aaaaaaaaaa"], limit_chars=9)
