"""The file that lists the rows at fault."""

import csv
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from django.conf import settings

from yunying.apps.tracking.importing.events import RowError

__all__ = ["HEADS", "MAX_LISTED_BYTES", "ErrorLog", "listed"]

HEADS = ("row", "column", "value", "reason")
# Whoever has more faults than fit in here has one fault many times.
MAX_LISTED_BYTES = 100 << 20


class ErrorLog:
    """Appends to a file that has `size` valid bytes: what a try wrote behind them before it died is cut off."""

    def __init__(self, path: Path, size: int = 0) -> None:
        self._path = path
        self.size = size
        self.name = str(path) if size else ""

    @classmethod
    def of_run(cls, number: int, size: int) -> "ErrorLog":
        return cls(Path(settings.MEDIA_ROOT) / "imports" / f"import-{number}-errors.csv", size)

    @classmethod
    def of_check(cls, number: int) -> "ErrorLog":
        return cls(Path(settings.MEDIA_ROOT) / "imports" / f"check-{number}-errors.csv")

    def write(self, errors: Sequence[RowError]) -> None:
        """Add rows, until the file is as large as it may be."""
        if not errors or self.size >= MAX_LISTED_BYTES:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        if self._path.exists():
            os.truncate(self._path, self.size)
        with self._path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            if not self.size:
                writer.writerow(HEADS)
            writer.writerows((one.row, one.column, one.value, one.reason) for one in errors)
        self.size, self.name = self._path.stat().st_size, str(self._path)


def listed(name: str, limit: int | None = None) -> Iterator[tuple[int, str, str, str]]:
    """The rows of such a file, at most `limit`; none when there is no file."""
    path = Path(name)
    if not name or not path.exists():
        return
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.reader(file)
        next(reader, None)
        for count, row in enumerate(reader):
            if count == limit:
                return
            yield int(row[0]), row[1], row[2], row[3]
