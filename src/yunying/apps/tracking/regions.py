"""The region files of this installation: where they lie, how they get there, and the region of an address.

There is room for three: ip2region for IPv4 and for IPv6, and one in MaxMind's format. Where both know an address,
ip2region decides for China and the other for the rest of the world.
"""

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self
from uuid import uuid4

from django.conf import settings

from yunying.base.errors import InvalidInput, LimitReached, msg
from yunying.events.regions import Address, FileFacts, Region, RegionFile, open_region_file

__all__ = ["LARGEST_BYTES", "RegionBook", "RegionSlot", "remove_region_file", "slots", "store_region_file"]

# The largest of the files there are, MaxMind's enterprise city, has some 400 MB.
LARGEST_BYTES = 512 << 20
_RESERVE_BYTES = 512 << 20
_CHINA = frozenset(("CN", "HK", "MO", "TW"))
_NAMES = ("ip2region-4.xdb", "ip2region-6.xdb", "maxmind.mmdb")


@dataclass(frozen=True, slots=True)
class RegionSlot:
    """A place for a file: its name, what lies there, and its size and age on disk; `facts` are None when empty."""

    name: str
    facts: FileFacts | None = None
    size_bytes: int = 0
    stored_at: datetime | None = None


class RegionBook:
    """The files of a folder, opened; another writer's changes are seen at the next `look`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: tuple[tuple[str, int, int], ...] = ()
        self._xdb: list[RegionFile] = []
        self._other: list[RegionFile] = []

    @classmethod
    def here(cls) -> Self:
        """The book of this installation."""
        book = cls(_folder())
        book.look()
        return book

    def look(self) -> bool:
        """Open what changed on disk; whether something did. A file that cannot be read is as if it were not there."""
        seen = tuple((path.name, (state := path.stat()).st_mtime_ns, state.st_size) for path in _files(self._folder))
        if seen == self._seen:
            return False
        self._seen, self._xdb, self._other = seen, [], []
        for name, _, _ in seen:
            try:
                (self._xdb if name.endswith(".xdb") else self._other).append(open_region_file(self._folder / name))
            except InvalidInput:
                continue
        return True

    def find(self, address: Address) -> Region | None:
        """The region of an address by all files there are."""
        chinese = _first(self._xdb, address)
        if chinese and chinese.country in _CHINA:
            return chinese
        return _first(self._other, address) or chinese


def slots() -> list[RegionSlot]:
    """What lies in each place."""
    found = {path.name: path for path in _files(_folder())}
    return [_slot(name, found.get(name)) for name in _NAMES]


def store_region_file(pieces: Iterable[bytes]) -> RegionSlot:
    """Take a file in, at the place its content says, instead of the one there; questions go on without a gap.

    Raises InvalidInput for what is no region file, LimitReached for what is too large or has no room.
    """
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f".{uuid4().hex}.part"
    try:
        _write(path, pieces)
        facts = open_region_file(path).facts
        name = f"ip2region-{facts.versions[0]}.xdb" if facts.kind == "ip2region" else "maxmind.mmdb"
        path.replace(folder / name)
    finally:
        path.unlink(missing_ok=True)
    return _slot(name, folder / name)


def remove_region_file(name: str) -> bool:
    """Take a file away; whether there was one."""
    if name not in _NAMES:
        return False
    path = _folder() / name
    known = path.exists()
    path.unlink(missing_ok=True)
    return known


def _write(path: Path, pieces: Iterable[bytes]) -> None:
    size = 0
    with path.open("xb") as file:
        for piece in pieces:
            size += len(piece)
            if size > LARGEST_BYTES:
                raise LimitReached(
                    "regions.too_large",
                    msg("The file is larger than %(limit)d MB."),
                    field="file",
                    limit=LARGEST_BYTES >> 20,
                )
            if shutil.disk_usage(path.parent).free < _RESERVE_BYTES:
                raise LimitReached(
                    "regions.disk_full", msg("The server has not enough room on its disk for this file."), field="file"
                )
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())


def _slot(name: str, path: Path | None) -> RegionSlot:
    if path is None:
        return RegionSlot(name)
    try:
        facts = open_region_file(path).facts
    except InvalidInput:
        return RegionSlot(name)
    state = path.stat()
    return RegionSlot(name, facts, state.st_size, datetime.fromtimestamp(state.st_mtime, UTC))


def _first(files: list[RegionFile], address: Address) -> Region | None:
    return next((found for file in files if (found := file.find(address))), None)


def _folder() -> Path:
    return Path(settings.MEDIA_ROOT) / "regions"


def _files(folder: Path) -> list[Path]:
    return [path for name in _NAMES if (path := folder / name).is_file()]
