"""The bytes of a foreign file: unpacked, turned into UTF-8, and in lines that are not endless.

What a file is, its first bytes tell; its name may say anything.
"""

import bz2
import codecs
import gzip
import io
import lzma
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

import pyarrow as pa

from yunying.base.errors import InvalidInput, LimitReached, msg

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["MAX_LINE_BYTES", "Recoded", "checked_encoding", "lines", "packing_of", "recoded", "unpacked"]

MAX_LINE_BYTES = 4 << 20
_PIECE = 1 << 20
_MAGIC = ((b"\x1f\x8b", "gz"), (b"\xfd7zXZ\x00", "xz"), (b"\x28\xb5\x2f\xfd", "zst"), (b"BZh", "bz2"))


def packing_of(head: bytes) -> str:
    """How a file that begins with `head` is packed: gz, xz, zst, bz2, or nothing."""
    return next((name for magic, name in _MAGIC if head.startswith(magic)), "")


def unpacked(packed: "io.BufferedReader") -> BinaryIO:
    """The content of a file that may be packed, as a stream; nothing of it piles up in memory."""
    packing = packing_of(packed.peek(8)[:8])
    if packing == "gz":
        return io.BufferedReader(gzip.open(packed), _PIECE)
    if packing == "xz":
        return io.BufferedReader(lzma.open(packed), _PIECE)
    if packing == "bz2":
        return io.BufferedReader(bz2.open(packed), _PIECE)
    if packing == "zst":
        return io.BufferedReader(pa.CompressedInputStream(pa.PythonFile(packed), "zstd"), _PIECE)
    return packed


def checked_encoding(name: str) -> str:
    """The canonical name of an encoding of text. Raises InvalidInput for one that there is not."""
    try:
        found = codecs.lookup(name)
        # Some codecs are no encodings of text: "hex", "zip". They would fail in the middle of a file.
        "".encode(name)
    except (LookupError, UnicodeError) as error:
        raise InvalidInput(
            "import.encoding", msg("There is no encoding called “%(name)s”."), field="file.encoding", name=name
        ) from error
    return "utf-8" if found.name == "utf-8-sig" else found.name


class Recoded(io.BufferedReader):
    """A stream of UTF-8 made from another encoding."""

    def __init__(self, source: "_Recoding") -> None:
        super().__init__(source, _PIECE)
        self._source = source

    @property
    def produced(self) -> int:
        """How many bytes have been taken out, counting what was read ahead."""
        return self._source.produced

    @property
    def quotes(self) -> int:
        """How many double quotes stand in what has been taken out."""
        return self._source.quotes


def recoded(stream: BinaryIO, encoding: str) -> Recoded:
    """The text of `stream` as UTF-8 without a byte-order mark; reading it raises InvalidInput where it is no such text.

    It also refuses a line that never ends, before anybody keeps it in memory.
    """
    return Recoded(_Recoding(stream, checked_encoding(encoding)))


def lines(stream: BinaryIO) -> Iterator[bytes]:
    """The lines of a stream. Raises LimitReached at one that is longer than MAX_LINE_BYTES."""
    number = 0
    while line := stream.readline(MAX_LINE_BYTES + 1):
        number += 1
        if len(line) > MAX_LINE_BYTES:
            raise _too_long(number)
        yield line


class _Recoding(io.RawIOBase):
    """`produced` is how many bytes of UTF-8 were handed out so far, `quotes` how many double quotes are in them."""

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        self._stream = stream
        self._encoding = encoding
        self._decoder = codecs.getincrementaldecoder(encoding)("strict")
        self._ready = b""
        self._since_newline = 0
        self._lines = 1
        self._begun = False
        self._only_returns = False
        self.produced = 0
        self.quotes = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        while not self._ready:
            piece = self._stream.read(_PIECE)
            self._ready = self._text_of(piece)
            if not piece:
                break
        view = memoryview(buffer)
        size = min(len(view), len(self._ready))
        view[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size

    def _text_of(self, piece: bytes) -> bytes:
        try:
            text = self._decoder.decode(piece, final=not piece)
        except UnicodeDecodeError as error:
            raise InvalidInput(
                "import.not_this_encoding",
                msg("The file is not written in %(encoding)s: line %(line)d cannot be read. Choose another encoding."),
                field="file.encoding",
                encoding=self._encoding,
                line=self._lines + error.object[: error.start].count(b"\n"),
            ) from error
        self._lines += text.count("\n")
        if not self._begun and text:
            self._begun, text = True, text.removeprefix("\ufeff")
            # As old Macs, and Excel to this day when it saves "for Macintosh", end lines.
            self._only_returns = "\r" in text and "\n" not in text
        text = text.replace("\r", "\n") if self._only_returns else text
        self.quotes += text.count('"')
        self._bound(text)
        found = text.encode("utf-8", "replace")
        self.produced += len(found)
        return found

    def _bound(self, text: str) -> None:
        last = max(text.rfind("\n"), text.rfind("\r"))
        self._since_newline = len(text) - last - 1 if last >= 0 else self._since_newline + len(text)
        if self._since_newline > MAX_LINE_BYTES:
            raise _too_long(self._lines)


def _too_long(line: int) -> LimitReached:
    return LimitReached(
        "import.line_too_long",
        msg("Line %(line)d of the file is longer than %(limit)d MB. Is it really a table with one row per line?"),
        line=line,
        limit=MAX_LINE_BYTES >> 20,
    )
