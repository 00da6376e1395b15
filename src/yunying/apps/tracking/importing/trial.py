"""Trying an import without writing: the first rows as events for the eye, and the whole file for the count."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from yunying.apps.tracking.importing.errorlog import ErrorLog
from yunying.apps.tracking.importing.events import Converter, RowError
from yunying.apps.tracking.importing.mapping import FileMapping
from yunying.apps.tracking.importing.readers import Chunk, chunks
from yunying.apps.tracking.importing.runner import Source, converted, converter_for
from yunying.apps.tracking.importing.tally import Pace, Tally
from yunying.apps.tracking.importing.windows import Window, ahead, windows
from yunying.base.errors import InvalidInput, msg
from yunying.events.event import Event
from yunying.platform.products.models import Product

__all__ = ["PREVIEW_ROWS", "Check", "PreviewRow", "check_file", "preview"]

PREVIEW_ROWS = 50


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """A row, the events it gives and what is wrong with it; `wrong` are the columns at fault."""

    number: int
    cells: dict[str, Any]
    events: list[Event]
    errors: list[RowError]

    @property
    def wrong(self) -> dict[str, str]:
        return {error.column: error.reason for error in self.errors}


@dataclass(slots=True)
class Check:
    """What a whole file would give."""

    rows: int = 0
    good_rows: int = 0
    errors: int = 0
    events: int = 0
    fraction: float = 0.0
    tally: Tally = field(default_factory=Tally)
    reasons: dict[str, int] = field(default_factory=dict)
    pace: dict[str, float | None] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {
            "rows": self.rows,
            "good_rows": self.good_rows,
            "errors": self.errors,
            "events": self.events,
            "fraction": self.fraction,
            "reasons": self.reasons,
            **self.tally.dump(),
            **self.pace,
        }


def preview(product: Product, path: Path, mapping: FileMapping, rows: int = PREVIEW_ROWS) -> list[PreviewRow]:
    """The first rows as the import would read them. Raises InvalidInput when file and mapping do not fit."""
    # Only rows without key columns take their identity from the file's content, and here nobody looks at identities.
    converter = converter_for(product, mapping, Source(path, "preview", (0, 0, 0)))
    found: list[PreviewRow] = []
    for chunk in chunks(path, mapping):
        window = Window(chunk.table, None, 0, None, chunk.unreadable, 0.0, chunk.dropped)
        unread = dict(chunk.unreadable)
        places = range(min(rows - len(found), chunk.table.num_rows))
        found += [_tried(converter, chunk, at, window.place(chunk.first_row + at), unread) for at in places]
        last = found[-1].number if found else 0
        found += [_unread(row, unread[row]) for row in chunk.dropped if row in unread and (row < last or not last)]
        if len(found) >= rows:
            break
    return sorted(found, key=lambda one: one.number)[:rows]


def _tried(converter: Converter, chunk: Chunk, place: int, number: int, unread: dict[int, str]) -> PreviewRow:
    table = chunk.table.slice(place, 1).combine_chunks()
    if not chunk.dropped and number in unread:
        return _unread(number, unread[number])
    result = converter.convert(table, np.array([number]))
    return PreviewRow(number, table.to_pylist()[0], result.events, result.errors)


def _unread(number: int, reason: str) -> PreviewRow:
    return PreviewRow(number, {}, [], [RowError(number, "", "", reason)])


def check_file(
    product: Product,
    source: Source,
    mapping: FileMapping,
    log: ErrorLog,
    tell: Callable[[Check], None] = lambda check: None,
) -> Check:
    """Read the whole file as the import would, write nothing but the list of faults. `tell` hears of each piece."""
    converter = converter_for(product, mapping, source)
    check = Check()
    pace = Pace(0, 0.0)
    parts = windows(chunks(source.path, mapping), mapping, None, 0)
    for window, result in ahead((window, converted(converter, window)) for window in parts):
        source.require_unchanged()
        bad = len({error.row for error in result.errors})
        lost = len(window.unreadable) if window.dropped else 0
        check.rows, check.fraction = window.rows_read + len(window.dropped), window.fraction
        check.good_rows += len(window.rows) + lost - bad
        check.errors += len(result.errors)
        check.events += len(result.events)
        check.tally.add(result.events)
        for error in result.errors:
            reason = f"{error.column}: {error.reason}" if error.column else error.reason
            if reason in check.reasons or len(check.reasons) < 20:
                check.reasons[reason] = check.reasons.get(reason, 0) + 1
        check.pace = pace.at(check.rows, check.fraction)
        log.write(result.errors)
        tell(check)
    if not check.rows and not check.errors:
        raise InvalidInput("import.no_rows", msg("The file %(path)s holds no rows."), path=source.path.name)
    check.fraction = 1.0
    return check
