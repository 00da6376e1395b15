"""Files that are not what they are taken for, told in words that say what to do."""

import codecs
import csv
import io
from pathlib import Path

from yunying.apps.tracking.importing.packing import MAX_LINE_BYTES, recoded, unpacked
from yunying.apps.tracking.importing.rules import FileMapping
from yunying.base.errors import InvalidInput, msg

__all__ = ["NOT_TEXT", "NO_ROWS", "require_closed_quotes", "require_text"]

NO_ROWS = msg("The file holds names of columns, but no rows below them.")
NOT_TEXT = msg("This is neither a table of text nor JSON lines, Parquet or an Excel workbook.")
# Python's reader of CSV would refuse what is allowed here.
csv.field_size_limit(MAX_LINE_BYTES)

_OTHERS = ((b"PK\x03\x04", "xlsx"), (b"PAR1", "parquet"))
_HEAD_BYTES = 4096


def require_text(path: Path, encoding: str) -> None:
    """Raises InvalidInput for a file that is to be read as text and whose first bytes are none."""
    with path.open("rb") as file:
        found = next((kind for magic, kind in _OTHERS if file.peek(8).startswith(magic)), "")
        head = b"" if found else unpacked(file).read(_HEAD_BYTES) or b""
    if found:
        raise InvalidInput(
            "import.other_format",
            msg("%(path)s is no text. Its content looks like %(found)s: say so with file.format in the mapping."),
            path=path.name,
            found=found,
        )
    if encoding.startswith("utf-8") and head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise InvalidInput(
            "import.not_this_encoding",
            msg("The file is not written in %(encoding)s: line %(line)d cannot be read. Choose another encoding."),
            field="file.encoding",
            encoding=encoding,
            line=1,
        )
    if not encoding.startswith(("utf-16", "utf-32")) and _is_binary(head, encoding):
        raise InvalidInput("import.not_text", NOT_TEXT)


def _is_binary(head: bytes, encoding: str) -> bool:
    """A NUL in text that is text otherwise is the fault of a row."""
    nuls = head.count(0)
    if 10 * nuls > len(head):
        return True
    try:
        codecs.getincrementaldecoder(encoding)().decode(head)
    except UnicodeDecodeError:
        return nuls > 0
    return False


def require_closed_quotes(path: Path, mapping: FileMapping) -> None:
    """Raises InvalidInput where the last field of a table goes on to the end of the file because its quote does.

    Costs one more pass over the file, in Python.
    """
    start, end = 1, 0
    with path.open("rb") as file:
        text = io.TextIOWrapper(recoded(unpacked(file), mapping.encoding), encoding="utf-8", newline="")
        reader = csv.reader(text, delimiter=mapping.separator)
        try:
            for _row in reader:
                start, end = end + 1, reader.line_num
        except csv.Error:
            start, end = end + 1, reader.line_num
    if end > start:
        raise InvalidInput(
            "import.open_quote",
            msg(
                "A quotation mark that is opened in line %(line)d is not closed, so everything up to line %(last)d"
                " is one field. Close it or take it out, then bring the file again."
            ),
            line=start,
            last=end,
        )
