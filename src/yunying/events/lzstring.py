"""LZ-string in its base64 form, which posthog-js sent until 2021 (`compression=lz64`).

The format is LZ78 over UTF-16 units with codes that grow by one bit whenever the dictionary doubles; it is described by
its reference implementation, github.com/pieroxy/lz-string (WTFPL, MIT since 1.5), from which nothing is taken here.
"""

from collections.abc import Iterator

from yunying.base.errors import InvalidInput, LimitReached, msg

__all__ = ["unpack_lz64"]

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_VALUES = {letter: value for value, letter in enumerate(_LETTERS)}
_UNIT, _WIDE_UNIT, _END = 0, 1, 2


def unpack_lz64(text: str, limit_chars: int = 1 << 20) -> str:
    """The text that was packed. Raises InvalidInput `body.compression` or LimitReached `body.too_big`."""
    try:
        packed = _units(_bits(text), limit_chars)
    except (KeyError, IndexError, StopIteration) as error:
        raise InvalidInput("body.compression", msg("The compressed body is damaged.")) from error
    # Two units of one character may have been packed apart.
    return packed.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _bits(text: str) -> Iterator[int]:
    for letter in text.rstrip("="):
        value = _VALUES[letter]
        for shift in (5, 4, 3, 2, 1, 0):
            yield value >> shift & 1


def _number(bits: Iterator[int], width: int) -> int:
    found = 0
    for place in range(width):
        bit = next(bits, None)
        if bit is None:
            raise IndexError("the text ends within a code")
        found |= bit << place
    return found


def _units(bits: Iterator[int], limit: int) -> str:
    entries: list[str] = ["", "", ""]  # the three lowest codes are orders, not entries
    out: list[str] = []
    size, last = 0, ""
    while True:
        code = _number(bits, len(entries).bit_length())
        if code == _END:
            return "".join(out)
        if code in (_UNIT, _WIDE_UNIT):
            piece = chr(_number(bits, 16 if code else 8))
            entries.append(piece)
        else:
            # The one code that is not yet known stands for what came last and its own first unit.
            piece = entries[code] if code < len(entries) else _next_entry(code, len(entries), last)
        if last:
            entries.append(last + piece[0])
        size += len(piece)
        if size > limit:
            raise LimitReached("body.too_big", msg("The body is larger than %(limit)d bytes."), limit=limit)
        out.append(piece)
        last = piece


def _next_entry(code: int, known: int, last: str) -> str:
    if code != known or not last:
        raise IndexError("a code that cannot be known yet")
    return last + last[0]
